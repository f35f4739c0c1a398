package counter

import (
	"slices"

	"countersign/terminal"
)

// undoReasons are the reasons that can be chosen for a reversal; the last is typed.
var undoReasons = []string{"ui.undo.wrong_voucher", "ui.undo.changed_mind", "ui.undo.wrong_amount", "ui.undo.other"}

// onSheet takes the events that open a sheet or happen on one.
func (s State) onSheet(event Event) (State, []Command) {
	switch e := event.(type) {
	case Opened:
		return s.opened(e.Sheet)
	case Moved:
		if n := s.choices(); n > 0 {
			s.Pick = ((s.Pick+e.By)%n + n) % n
		} else if s.Sheet == NoSheet {
			return s.moved(e.By), nil
		}
	case Chose:
		if e.Index >= 0 && e.Index < s.choices() {
			s.Pick = e.Index
			switch {
			case s.Sheet == SignInSheet:
				return s.confirmedSheet()
			case s.apportioning():
				return s.partTurned(e.Index), nil
			}
		}
	case Turned:
		if s.Sheet == PreferSheet {
			return s.preferenceTurned(e.By)
		}
	case TrainingAsked:
		return s.trainingAsked()
	case TrainingBegun:
		return s.trainingBegun(e)
	case KeysAsked:
		s.Keys = (s.Sheet == SearchSheet || (s.Sheet == UndoSheet && !s.apportioning())) && !s.Keys
		if s.Keys && s.Sheet == UndoSheet {
			s.Pick = len(undoReasons) - 1
		}
	case CloseAsked:
		return s.closeAsked()
	case Picked:
		return s.preferred(e.Row, e.Option)
	case UndoAsked:
		return s.undoAsked(e.UID)
	case ReprintAsked:
		return s.reprintAsked(e.UID)
	case SwitchAsked:
		if s.Sheet.gives() || s.Sheet == NoSheet {
			s = s.closed()
			return s.signIn(ForShift), nil
		}
	case PINChecked:
		return s.pinChecked(e)
	case Reversed:
		return s.reversed(e)
	case SlipsLoaded:
		return s.slipsLoaded(e), nil
	case SlipSettled:
		return s.slipSettled(e.Word)
	case FoundPast:
		if e.Text == s.Typed {
			s.Found, s.Pick = e.Past, 0
		}
	}
	return s, nil
}

// choices is how many tiles or rows can be chosen among.
func (s State) choices() int {
	switch s.Sheet {
	case SignInSheet:
		if s.Who == nil {
			return len(s.People())
		}
	case UndoSheet:
		if s.apportioning() {
			return len(s.Portion.Parts)
		}
		return len(undoReasons)
	case SearchSheet:
		return len(s.Found)
	case SlipsSheet:
		return len(s.Slips)
	case PreferSheet:
		return len(preferences)
	}
	return 0
}

// closed closes the sheet.
func (s State) closed() State {
	s.Sheet, s.Pick, s.Typed, s.Purpose, s.Who, s.Wrong, s.Checking, s.Found, s.Manager = NoSheet, 0, "", "", nil, nil, false, nil, nil
	s.Slips, s.Clerk, s.Portion, s.Keys = nil, nil, Portion{}, false
	return s
}

// left closes a sheet that somebody is done with. Where nobody has signed in yet, the counter is locked again.
func (s State) left() State {
	s = s.closed()
	if s.Place.Store.SignIn == terminal.SignInShift && s.Operator == nil {
		return s.signIn(ForShift)
	}
	return s
}

// opened opens a sheet where none is in the way that somebody has to finish.
func (s State) opened(sheet Sheet) (State, []Command) {
	if sheet == PreferSheet && s.Locked() && !s.Checking { // nobody signs in on a screen that she cannot read
		s = s.closed()
		s.Sheet = sheet
		return s, nil
	}
	if s.Sheet == SignInSheet || s.Sheet == UndoSheet || s.Phase == Redeeming {
		return s, nil
	}
	if s.Sheet == sheet {
		return s.left(), nil
	}
	if s.Training && (sheet == ManagerSheet || sheet == SlipsSheet) { // these are real
		return s.notice("ui.notice.not_in_training", nil), nil
	}
	s = s.closed()
	switch sheet {
	case ManagerSheet:
		if s.Operator != nil && s.Operator.Role == terminal.RoleTechnician {
			return s, []Command{OpenSetup{}}
		}
		if s.Place.Store.SignIn != terminal.SignInNone && (s.Operator == nil || !s.Operator.Role.Covers(terminal.RoleManager)) {
			return s.signIn(ForManager), nil
		}
		s.Manager = s.Operator
	case SearchSheet:
		s.Sheet = sheet
		return s, []Command{Search{Operator: s.Operator}}
	case SlipsSheet:
		if s.Place.Store.SignIn != terminal.SignInNone && s.Operator == nil {
			return s.signIn(ForSlips), nil
		}
		return s.slipsOpened(s.Operator)
	}
	s.Sheet = sheet
	return s, nil
}

// signIn opens the sheet on which somebody says who he is. Where only one person can be meant, the PIN is asked at once.
func (s State) signIn(purpose Purpose) State {
	undoing := s.Undoing
	s = s.closed()
	s.Sheet, s.Purpose, s.Undoing = SignInSheet, purpose, undoing
	if people := s.People(); len(people) == 1 {
		s.Who = &people[0]
	} else if s.Operator != nil {
		s.Pick = max(0, slices.IndexFunc(people, func(o terminal.Operator) bool { return o.ID == s.Operator.ID }))
	}
	return s
}

func (s State) confirmedSheet() (State, []Command) {
	switch s.Sheet {
	case CodeSheet:
		if s.Typed == "" {
			return s, nil
		}
		scan := terminal.Scan{Code: s.Typed, Source: terminal.SourceTyped}
		return s.closed().scanned(scan)
	case SignInSheet:
		people := s.People()
		if s.Who == nil && s.Pick < len(people) {
			s.Who = &people[s.Pick]
			return s, nil
		}
		if s.Who == nil || s.Typed == "" || s.Checking {
			return s, nil
		}
		pin := s.Typed
		s.Checking, s.Typed, s.Wrong = true, "", nil
		check := CheckPIN{Operator: s.Who.ID, PIN: pin}
		if s.Purpose == ForApproval || s.Purpose == ForUndoAgreed {
			check.At = s.Operator
		}
		return s, []Command{check}
	case UndoSheet:
		return s.undoConfirmed()
	case HelpSheet, PreferSheet, BookSheet:
		return s.left(), nil
	}
	return s, nil
}

func (s State) dismissedSheet() (State, []Command) {
	switch {
	case s.Checking:
		return s, nil
	case s.Sheet == SignInSheet && s.Who != nil && len(s.People()) > 1:
		s.Who, s.Typed, s.Wrong = nil, "", nil
		return s, nil
	case s.Locked():
		return s, nil // nobody is there to work: the sheet stays
	case s.Sheet == SignInSheet && s.Purpose == ForScan:
		return s.closed().next()
	case s.Sheet == UndoSheet && s.Portion.Said && s.Portion.choice():
		return s.portionAgain(), nil
	}
	s.Undoing, s.Undo = nil, TakeBack{}
	s = s.left()
	if s.Phase == Ready {
		return s.next()
	}
	return s, nil
}

// pinChecked goes on with what the PIN was asked for.
func (s State) pinChecked(e PINChecked) (State, []Command) {
	if s.Sheet != SignInSheet || !s.Checking {
		return s, nil
	}
	s.Checking = false
	if e.Err != nil {
		return s.closed().failed(e.Err, nil), nil
	}
	if e.Finding != nil || e.Operator == nil {
		s.Wrong = e.Finding
		return s, nil
	}
	purpose := s.Purpose
	s = s.closed()
	switch purpose {
	case ForApproval:
		s.Request.Approver, s.Lapsed = e.Operator, false
		return s.ask()
	case ForUndoAgreed:
		s.Undo.Reversal.Approver = e.Operator
		return s.takeBack(s.Undo)
	case ForSlips:
		return s.slipsOpened(e.Operator)
	case ForManager:
		if e.Operator.Role == terminal.RoleTechnician { // the figures are none of his
			return s.left(), []Command{OpenSetup{}}
		}
		s.Sheet, s.Manager = ManagerSheet, e.Operator
		return s, nil
	case ForTraining:
		return s.trainingAgreed()
	case ForClosing:
		return s.left(), []Command{CloseWindow{}}
	case ForUndo:
		s.Operator = e.Operator
		s.Undo.Reversal.Operator = e.Operator
		return s.takeBack(s.Undo)
	}
	return s.atWork(e.Operator)
}

// atWork goes on with the panel that was open, in the name of who signed in.
func (s State) atWork(operator *terminal.Operator) (State, []Command) {
	s.Operator, s.Request.Operator = operator, operator
	commands := []Command{LoadPast{operator}}
	var more []Command
	switch {
	case s.Phase == Asked, s.Phase == Declined && s.Billing:
		s, more = s.ask() // what is missing may depend on who asks
	case s.Phase == Ready:
		s, more = s.next()
	}
	return s, append(commands, more...)
}

// undoAsked opens the sheet that asks why.
func (s State) undoAsked(uid terminal.UID) (State, []Command) {
	if s.Sheet == SignInSheet || s.Sheet == UndoSheet || s.Phase == Redeeming || s.Phase == Deciding {
		return s, nil
	}
	if _, unsure := s.Again.(Commit); unsure && s.Phase == Fault { // perhaps it is on disk: only the same attempt again can tell, and asked anew it would be redeemed twice
		return s.notice("ui.notice.finish_first", nil), nil
	}
	past := s.Undoable()
	if !uid.IsZero() {
		past = s.pastOf(uid)
	} else if s.Sheet == SearchSheet && s.Pick < len(s.Found) {
		past = &s.Found[s.Pick]
	}
	if past == nil || past.Record.Entry.Kind != terminal.EntryRedeem {
		return s.notice("ui.notice.nothing_to_undo", nil), nil
	}
	undoing := *past
	s = s.closed()
	s.Sheet, s.Undoing, s.Portion = UndoSheet, &undoing, portionOf(undoing)
	return s, nil
}

func (s State) undoConfirmed() (State, []Command) {
	if s.apportioning() {
		return s.portionConfirmed(), nil
	}
	note := terminal.Saying{Key: undoReasons[s.Pick]}
	if s.Pick == len(undoReasons)-1 {
		if s.Typed == "" {
			return s, nil
		}
		note = terminal.Saying{Key: "ui.undo.own_words", Args: map[string]any{"text": s.Typed}}
	}
	s.Undo = TakeBack{s.Portion.of(terminal.Reversal{UID: s.Undoing.Record.Entry.UID, Operator: s.Operator}), note}
	if s.Operator == nil && s.Place.Store.SignIn == terminal.SignInEach {
		return s.signIn(ForUndo), nil
	}
	return s.closed().takeBack(s.Undo)
}

// takeBack reverses. What was in hand, a voucher or a bill that was shown and not redeemed, waits for that.
func (s State) takeBack(command TakeBack) (State, []Command) {
	s = s.asides()
	s.Turn++
	s.Request, s.Outcome, s.Input = terminal.Request{}, terminal.Outcome{}, ""
	s.Billing, s.Known, s.Parts, s.Row = false, nil, nil, 0
	return s.enter(Redeeming), []Command{command}
}

func (s State) reversed(e Reversed) (State, []Command) {
	if s.Phase != Redeeming {
		return s, nil
	}
	if e.Err != nil {
		return s.failed(e.Err, s.Undo), nil
	}
	s.Outcome = e.Outcome
	if e.Outcome.Choice == terminal.Approved && e.Outcome.Record != nil {
		s.Undoing, s.Undo, s.Opened = nil, TakeBack{}, terminal.UID{}
		if s.Place.Store.SignIn == terminal.SignInEach {
			s.Operator = nil
		}
		return s.enter(TakenBack), []Command{LoadPast{s.Operator}}
	}
	return s.enter(Declined), nil
}

// mayAgree reports that the decline shown is of a reversal which a manager could allow.
func (s State) mayAgree() bool {
	if s.Undoing == nil || s.Outcome.Reversed == nil || s.Undo.Reversal.Approver != nil {
		return false
	}
	reason := s.Outcome.Reason()
	return reason == terminal.OperatorNotAllowed || reason == terminal.ReversalTooLate
}

func (s State) reprintAsked(uid terminal.UID) (State, []Command) {
	if s.Sheet == SignInSheet || s.Sheet == UndoSheet {
		return s, nil
	}
	if uid.IsZero() {
		switch {
		case s.Sheet == SearchSheet && s.Pick < len(s.Found):
			uid = s.Found[s.Pick].Record.Entry.UID
		case s.Phase == Redeemed && s.Outcome.Record != nil: // the list at the side may not have it yet
			uid = s.Outcome.Record.Entry.UID
		case len(s.Past) > 0:
			uid = s.Past[0].Record.Entry.UID
		default:
			return s.notice("ui.notice.nothing_to_reprint", nil), nil
		}
	}
	if s.Status.Paper == PaperNone { // nothing would come out; as it is, the slip goes on waiting for a printer, or for a word
		return s.notice("ui.notice.no_printer", nil), nil
	}
	return s, []Command{PrintAgain{uid, s.Operator}}
}
