package counter

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
)

// Step is the counter's whole behaviour: what the screen shows after event, and what has to be done for it. It is pure.
func Step(s State, now time.Time, event Event) (State, []Command) {
	s.Now = now
	if byPerson(event) {
		s.Touched = now
	}
	if _, back := event.(Retracted); !s.Shutting.IsZero() && (back || byPerson(event)) {
		return s.shutting(event)
	}
	switch e := event.(type) {
	case Scanned:
		return s.scanned(e.Scan)
	case Confirmed:
		return s.confirmed(e.Fresh)
	case Dismissed:
		return s.dismissed()
	case Answered:
		return s.answered(e)
	case Committed:
		return s.committed(e)
	case Ticked:
		return s.ticked()
	case PlaceLoaded:
		return s.placed(e)
	case StatusChanged:
		s.Status = e.Status
	case Told:
		return s.notice(e.Saying.Key, e.Saying.Args), nil
	case ForegroundChanged:
		s.Behind = !e.Foreground
	case PastLoaded:
		s.Past, s.Unread = e.Past, e.Unread
	case Preferred:
		s.Preferences = e.Preferences
	case Guard:
		s.Guarded = e.Guarded
	case Reprinted:
		return s.reprinted(e)
	case Touched:
		if s.Opened == e.UID {
			e.UID = terminal.UID{}
		}
		s.Opened = e.UID
	case Typing, Retracted, Erased, Filled:
		return s.typing(event)
	case OrderAsked, BillAsked, AmendAsked, RowTouched, Kept, Removed:
		return s.onList(event)
	default:
		return s.onSheet(event)
	}
	return s, nil
}

// enter begins a phase.
func (s State) enter(phase Phase) State {
	s.Phase, s.Since = phase, s.Now
	return s
}

// seen is how long the present panel has been shown.
func (s State) seen() time.Duration { return s.Now.Sub(s.Since) }

// scanned takes a code: at once where the panel is free, else it waits its turn.
func (s State) scanned(scan terminal.Scan) (State, []Command) {
	if s.wasTyped(scan) {
		for _, r := range scan.Code {
			s, _ = s.typing(Typing{r})
		}
		if len(scan.Code) >= s.Entry().shortest() {
			return s, nil // it is not known that Enter ended it
		}
		return s.confirmed(terminal.UID{})
	}
	if s.awaitsPIN(scan) {
		if s.Checking {
			return s, nil // the PIN is on its way already
		}
		return s.notice(noticeWhosePIN, nil), nil
	}
	if nonsense(scan) && (s.busy() || len(s.Waiting) > 0 || s.afterNonsense()) {
		return s.notice("ui.notice.nonsense", nil), nil // the first is shown; more of it would stand before the next customer's code
	}
	if s.Sheet.gives() {
		s = s.left()
	}
	same := func(other terminal.Scan) bool { return other.Code == scan.Code }
	if (s.busy() && slices.ContainsFunc(s.Request.Scans, same)) || (s.Aside != nil && slices.ContainsFunc(s.Aside.Request.Scans, same)) {
		return s.notice("ui.notice.already_here", nil), nil
	}
	if slices.ContainsFunc(s.Waiting, same) {
		return s.notice(noticeWaiting, lastSymbols(scan.Code)), nil
	}
	if len(s.Waiting) >= mostWaiting {
		return s.notice("ui.notice.too_many", nil), nil
	}
	s.Waiting = append(slices.Clone(s.Waiting), scan)
	free := s.Phase == Ready || (!s.busy() && s.seen() >= millis(freshMillis))
	switch {
	case s.joins():
		return s.join()
	case len(s.Waiting) == 1 && free:
		return s.next()
	}
	return s, nil
}

// nonsense reports what a scanner on a line of another speed sends: no voucher's code is made of such signs.
func nonsense(scan terminal.Scan) bool {
	odd := 0
	for _, r := range scan.Code {
		if r > unicode.MaxASCII && !unicode.Is(unicode.Han, r) {
			odd++
		}
	}
	return scan.Source == terminal.SourceScanner && odd > 0 && odd*4 >= utf8.RuneCountInString(scan.Code)
}

// afterNonsense reports that what is shown was nonsense already.
func (s State) afterNonsense() bool {
	return s.Phase == Declined && len(s.Request.Scans) == 1 && nonsense(s.Request.Scans[0])
}

// busy reports that the panel waits for a person or for the terminal. A bill that is not possible can still be put right.
func (s State) busy() bool { return s.Phase.open() || (s.Billing && s.Phase == Declined) }

// next takes the first waiting scan in hand, or goes back to Ready. What a reversal came before goes first.
func (s State) next() (State, []Command) {
	if s.Sheet == SignInSheet || s.Sheet == UndoSheet {
		return s, nil
	}
	s.Outcome, s.Input, s.Asks, s.Fault, s.Again = terminal.Outcome{}, "", "", "", nil
	s.Known, s.Parts, s.Row, s.Lapsed = nil, nil, 0, false
	if s.Aside != nil {
		return s.resumed()
	}
	// A bill that was begun before its first voucher goes on with it.
	s.Billing = s.Billing && s.Phase == Ready && len(s.Waiting) > 0
	if len(s.Waiting) == 0 {
		s.Request = terminal.Request{}
		return s.enter(Ready), nil
	}
	scan := s.Waiting[0]
	s.Waiting = slices.Clone(s.Waiting[1:])
	s.Request = terminal.Request{Scans: []terminal.Scan{scan}, Operator: s.Operator}
	return s.ask()
}

// asides puts what is in hand aside for a reversal: the customer who waits for it has done nothing.
func (s State) asides() State {
	if !s.busy() || len(s.Request.Scans) == 0 {
		return s
	}
	s.Aside = &Aside{s.Request, s.Billing, s.Known, s.Row}
	return s
}

// resumed takes in hand again what was put aside. It is asked about anew, and an approval was given for what was shown then.
func (s State) resumed() (State, []Command) {
	s.Request, s.Billing, s.Known, s.Row, s.Aside = s.Aside.Request, s.Aside.Billing, s.Aside.Known, s.Aside.Row, nil
	s.Request.UID, s.Request.Alone, s.Request.Lines, s.Request.Operator = terminal.UID{}, false, nil, s.Operator
	return s.changed()
}

// ask asks the terminal about the request in hand.
func (s State) ask() (State, []Command) {
	s.Turn++
	return s.enter(Deciding), []Command{Ask{s.Turn, s.Request}}
}

// commit redeems the request in hand.
func (s State) commit(uid terminal.UID) (State, []Command) {
	s.Request.UID = uid
	s.Request.Lines = s.handedOver()
	s.Turn++
	return s.enter(Redeeming), []Command{Commit{s.Turn, s.Request}}
}

func (s State) answered(e Answered) (State, []Command) {
	if e.Turn != s.Turn || s.Phase != Deciding {
		return s, nil
	}
	if e.Err != nil {
		return s.failed(e.Err, Ask{s.Turn, s.Request}), nil
	}
	s = s.took(e.Outcome)
	if s.Billing && len(s.Waiting) > 0 {
		return s.join()
	}
	switch e.Outcome.Choice {
	case terminal.Approved:
		if s = s.enter(ReadyToRedeem); s.AtOnce() {
			return s.commit(e.Fresh)
		}
		return s, nil
	case terminal.Asking:
		return s.asked()
	}
	return s.enter(Declined), nil
}

// AtOnce reports that the store wants such vouchers redeemed without a key. A bill, and a voucher with more of its order open, wait for a
// person: whether that was all, nobody else can know.
func (s State) AtOnce() bool {
	if s.Phase != ReadyToRedeem || len(s.Outcome.Lines) == 0 || s.Billing || len(s.Outcome.Order) > 0 {
		return false
	}
	for _, line := range s.Outcome.Lines {
		if !slices.Contains(s.Place.Store.RedeemAtOnce, line.Campaign.Kind) {
			return false
		}
	}
	return true
}

func (s State) committed(e Committed) (State, []Command) {
	if e.Turn != s.Turn || s.Phase != Redeeming {
		return s, nil
	}
	if e.Err != nil {
		// The same uid again: should the redemption be on disk after all, it is found and not made twice.
		return s.failed(e.Err, Commit{s.Turn, s.Request}), nil
	}
	s.Request.UID = terminal.UID{}
	s = s.took(e.Outcome)
	switch {
	case e.Outcome.Redeemed():
		s.Billing, s.Row = false, 0
		if s.Place.Store.SignIn == terminal.SignInEach {
			s.Operator = nil
		}
		s.Notice = Notice{} // it was about what was shown before
		return s.enter(Redeemed), []Command{LoadPast{s.Operator}}
	case e.Outcome.Choice == terminal.Asking:
		return s.asked()
	}
	return s.enter(Declined), nil
}

// asked shows what is missing. A person who is missing is asked for on a sheet of its own.
func (s State) asked() (State, []Command) {
	s = s.enter(Asked)
	ask, ok := s.Asking()
	if s.Asks != ask.Missing || !s.Billing { // what was half typed stays when another voucher comes on the bill
		s.Input = ""
	}
	s.Asks = ask.Missing
	if ok && ask.Missing == terminal.MissingOperator {
		s.Operator = nil
		purpose := ForScan
		if s.Place.Store.SignIn == terminal.SignInShift {
			purpose = ForShift
		}
		return s.signIn(purpose), nil
	}
	return s, nil
}

func (s State) failed(err error, again Command) State {
	s.Fault, s.Advice, s.Again = err.Error(), "", again
	var advised interface{ Advice() string }
	if errors.As(err, &advised) {
		s.Advice = advised.Advice()
	}
	return s.enter(Fault)
}

// confirmed is a person's yes to whatever is shown uppermost.
func (s State) confirmed(fresh terminal.UID) (State, []Command) {
	if s.Sheet != NoSheet {
		return s.confirmedSheet()
	}
	switch s.Phase {
	case ReadyToRedeem:
		if s.seen() < millis(guardMillis) || s.nothingHanded() {
			return s, nil // nobody can have read it yet, or nothing of it is handed over
		}
		return s.commit(fresh)
	case Asked:
		if ask, _ := s.Asking(); ask.Missing == terminal.MissingHub {
			if s.seen() < millis(guardMillis) {
				return s, nil // nobody can have read it yet
			}
			s.Request.Alone = true
			return s.commit(fresh)
		}
		return s.give()
	case Fault:
		return s.tryAgain()
	case Declined:
		switch {
		case s.mayAgree():
			return s.signIn(ForUndoAgreed), nil
		case s.Billing:
			return s, nil // it is put right; Esc takes off what is refused, and then drops it
		}
		return s.next()
	case Redeemed, TakenBack:
		if s.seen() >= millis(freshMillis) {
			return s.next()
		}
	}
	return s, nil
}

func (s State) tryAgain() (State, []Command) {
	switch again := s.Again.(type) {
	case Commit:
		return s.commit(again.Request.UID)
	case TakeBack:
		return s.takeBack(again)
	case Ask:
		return s.ask()
	}
	s, _ = s.next()
	return s, []Command{LoadPlace{}, LoadPast{s.Operator}}
}

// dismissed is Esc: it closes the sheet, else takes the refused voucher off a bill, else drops what is in hand. What is being written cannot be dropped.
func (s State) dismissed() (State, []Command) {
	if s.Sheet != NoSheet {
		return s.dismissedSheet()
	}
	if s.Phase == Redeeming {
		return s, nil
	}
	s.Opened, s.Notice = terminal.UID{}, Notice{}
	if refused := s.refusedScan(); refused >= 0 { // nobody scans the good ones again for one that is not
		return s.removed(refused)
	}
	s.Undoing, s.Undo = nil, TakeBack{}
	s.Turn++ // an answer still on its way is nobody's any more
	s.Billing = false
	return s.next()
}

// noticeWaiting says that a code waits already. It stands where the waiting scans are counted: below the voucher in hand it would seem to
// be about that one.
const noticeWaiting = "ui.notice.waits_already"

// noticeWhosePIN says that a PIN was typed before it was said whose it is. It stands on the sheet where that is chosen.
const noticeWhosePIN = "ui.notice.whose_pin"

// lastSymbols are the facts that tell one waiting voucher from another: the end of a code that is short enough for its end to be printed on
// it.
func lastSymbols(code string) map[string]any {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, code)
	if len(plain) < leastLettersMasked || len(plain) > mostLettersMasked {
		return nil
	}
	return map[string]any{"code": plain[len(plain)-4:]}
}

func (s State) notice(key string, args map[string]any) State {
	s.Notice = Notice{terminal.Saying{Key: key, Args: args}, s.Now.Add(noticeSeconds * time.Second)}
	return s
}

// ticked lets time do its part: old panels go, waiting scans come, an unattended counter locks itself.
func (s State) ticked() (State, []Command) {
	if !s.Notice.Until.IsZero() && !s.Now.Before(s.Notice.Until) {
		s.Notice = Notice{}
	}
	if s.Place.Store.SignIn == terminal.SignInShift && s.Operator != nil && s.Sheet != SignInSheet && s.Phase != Redeeming &&
		s.Now.Sub(s.Touched) >= idleLockMinutes*time.Minute {
		s = s.closed()
		s.Operator = nil
		s = s.signIn(ForShift)
	}
	if s.Sheet == SlipsSheet && s.Slips != nil && s.Now.Sub(s.SlipsRead) >= slipsEvery {
		return s.slipsAsked()
	}
	if s.Training && s.dayIsOver() {
		s, commands := s.trainingEnded("ui.notice.training_over")
		return s, commands
	}
	switch {
	case s.Phase == Ready && len(s.Waiting) > 0:
		return s.next()
	case len(s.Waiting) > 0 && s.joins():
		return s.join()
	case (s.Phase == Redeemed || s.Phase == TakenBack) && s.waits() > 0 && s.seen() >= millis(greenMillis):
		return s.next()
	case (s.Phase == Redeemed || s.Phase == TakenBack) && s.seen() >= greenSeconds*time.Second:
		return s.next()
	}
	return s, nil
}

// placed takes the store's settings. The first time, the counter opens for work, or locks.
func (s State) placed(e PlaceLoaded) (State, []Command) {
	if e.Err != nil {
		if s.Phase == Ready && s.Place.Store.ID == "" {
			return s.failed(e.Err, LoadPlace{}), nil
		}
		return s, nil
	}
	s.Place, s.Operators, s.Logo = e.Settings, e.Operators, e.Logo
	if s.Operator != nil && !slices.ContainsFunc(e.Operators, func(o terminal.Operator) bool { return o.ID == s.Operator.ID && o.Active }) {
		s.Operator = nil
	}
	if s.Place.Store.SignIn == terminal.SignInShift && s.Operator == nil && s.Sheet != SignInSheet {
		s = s.closed()
		s = s.signIn(ForShift)
	}
	return s, nil
}

func (s State) reprinted(e Reprinted) (State, []Command) {
	if e.Err != nil {
		return s.notice("ui.notice.reprint_failed", nil), nil
	}
	if e.First {
		return s.notice("ui.notice.printing", nil), nil
	}
	return s.notice("ui.notice.reprinted", nil), nil
}
