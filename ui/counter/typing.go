package counter

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
)

// Entry is what the open field takes.
type Entry string

// The entries.
const (
	NoEntry     Entry = ""
	DigitsEntry Entry = "digits" // a number of units
	AmountEntry Entry = "amount"
	PINEntry    Entry = "pin" // never shown
	TextEntry   Entry = "text"
	PartsEntry  Entry = "parts" // each digit leaves a line of an order out, or puts it back
)

// Entry says which field is open: the one of the sheet, else the one of the ask.
func (s State) Entry() Entry {
	if !s.Shutting.IsZero() {
		return NoEntry
	}
	switch s.Sheet {
	case NoSheet:
	case CodeSheet, SearchSheet:
		return TextEntry
	case UndoSheet:
		return s.Portion.entry()
	case SignInSheet:
		if s.Who != nil && !s.Checking {
			return PINEntry
		}
		return NoEntry
	default:
		return NoEntry
	}
	if s.choosing() {
		return PartsEntry
	}
	ask, _ := s.Asking()
	switch ask.Missing {
	case terminal.MissingUnits:
		return DigitsEntry
	case terminal.MissingAmount, terminal.MissingBill:
		return AmountEntry
	}
	return NoEntry
}

// takes reports that a person may have typed text into a field of this kind.
func (e Entry) takes(text string) bool {
	switch e {
	case TextEntry:
		return true
	case DigitsEntry, PINEntry:
		return strings.Trim(text, "0123456789") == ""
	case AmountEntry:
		return strings.Trim(text, "0123456789.,") == ""
	}
	return false
}

// shortest is how many digits may be a code, where they came as fast as a scanner sends them; fewer are a person's.
func (e Entry) shortest() int {
	if e == PINEntry {
		return shortestCode
	}
	return 6
}

// wasTyped reports that a short burst was a person's: digits typed into an open field while the window was busy look as fast as a
// scanner's. No code is that short, and none has a comma.
func (s State) wasTyped(scan terminal.Scan) bool {
	entry := s.Entry()
	if scan.Source != terminal.SourceScanner || entry == TextEntry || !entry.takes(scan.Code) {
		return false
	}
	return len(scan.Code) < entry.shortest() || isAmount(scan.Code)
}

// isAmount reports that text is an amount with its point or comma: typed, whatever its speed.
func isAmount(text string) bool {
	whole, part, pointed := strings.Cut(strings.ReplaceAll(text, ",", "."), ".")
	return pointed && len(part) <= 3 && len(whole) < shortestCode && strings.Trim(whole+part, "0123456789") == ""
}

// likeCode reports that text can be a voucher's code, and is no name or word that quick hands wrote: those are short, or have no digit.
func likeCode(text string) bool {
	return utf8.RuneCountInString(text) >= shortestCode && strings.ContainsAny(text, "0123456789")
}

// shortestCode is more digits than people type as fast as a scanner, and fewer than a code of digits has.
const shortestCode = 8

// awaitsPIN reports that a short burst of digits is a PIN, typed before the field for it was open: while somebody still chooses whose it
// is, or before that. It must not be kept, shown or written down as if it were a code.
func (s State) awaitsPIN(scan terminal.Scan) bool {
	ask, _ := s.Asking()
	asks := s.Sheet == SignInSheet || (s.Sheet == NoSheet &&
		(ask.Missing == terminal.MissingApproval || ask.Missing == terminal.MissingOperator || (s.Phase == Declined && s.mayAgree())))
	return asks && scan.Source == terminal.SourceScanner && len(scan.Code) < shortestCode && strings.Trim(scan.Code, "0123456789") == ""
}

// typing changes what stands in the open field.
func (s State) typing(event Event) (State, []Command) {
	entry := s.Entry()
	switch entry {
	case NoEntry:
		return s, nil
	case PartsEntry:
		if s.Sheet == UndoSheet {
			return s.typedBack(event), nil
		}
		return s.typedPart(event), nil
	}
	text := s.Input
	if s.Sheet != NoSheet {
		text = s.Typed
	}
	before := written{text: text, pick: s.Pick}
	switch e := event.(type) {
	case Typing:
		s.Trail = append(s.Trail[max(0, len(s.Trail)-mostTrail):len(s.Trail):len(s.Trail)], before)
		currency := s.Currency()
		if s.Sheet == UndoSheet {
			currency = s.Portion.Currency
		}
		text = typed(text, e.Rune, entry, terminal.CurrencyDigits(currency))
	case Retracted:
		back := max(0, len(s.Trail)-e.N)
		if back < len(s.Trail) {
			text, s.Pick, s.Trail = s.Trail[back].text, s.Trail[back].pick, s.Trail[:back]
		}
	case Erased:
		s.Trail = nil
		text = shortened(text)
	case Filled:
		text = s.most()
	}
	if s.Sheet == NoSheet {
		s.Input = text
		return s, nil
	}
	changed := text != s.Typed
	s.Typed = text
	if _, rune := event.(Typing); rune && s.Sheet == UndoSheet && !s.apportioning() && changed {
		s.Pick = len(undoReasons) - 1
	}
	if s.Sheet == SearchSheet && changed {
		return s, []Command{Search{text, s.Operator}}
	}
	return s, nil
}

// typed is text with one more rune, where the entry takes it.
func typed(text string, r rune, entry Entry, decimals int) string {
	length := utf8.RuneCountInString(text)
	digit := r >= '0' && r <= '9'
	switch entry {
	case DigitsEntry:
		if !digit || length >= mostDigits || (r == '0' && text == "") {
			return text
		}
	case PINEntry:
		if !digit || length >= mostPINDigits {
			return text
		}
	case AmountEntry:
		whole, part, pointed := strings.Cut(text, ".")
		switch {
		case (r == '.' || r == ',') && !pointed && decimals > 0:
			if whole == "" {
				text = "0"
			}
			return text + "."
		case !digit || length >= mostDigits || (pointed && len(part) >= decimals):
			return text
		case text == "0":
			return string(r)
		}
	default:
		if !unicode.IsPrint(r) || length >= mostLetters {
			return text
		}
	}
	return text + string(r)
}

// shortened is text without its last rune.
func shortened(text string) string {
	_, size := utf8.DecodeLastRuneInString(text)
	return text[:len(text)-size]
}

// most is the largest thing that the open ask takes, as it would be typed.
func (s State) most() string {
	ask, ok := s.Asking()
	if !ok || ask.Most <= 0 {
		return s.Input
	}
	if ask.Missing == terminal.MissingUnits {
		return strconv.FormatInt(ask.Most, 10)
	}
	return terminal.Money{Minor: ask.Most, Currency: s.Currency()}.Decimal()
}

// give answers the ask with what was typed, or asks for the person who is missing.
func (s State) give() (State, []Command) {
	ask, ok := s.Asking()
	if !ok {
		return s, nil
	}
	switch ask.Missing {
	case terminal.MissingApproval:
		if s.nothingHanded() {
			return s, nil
		}
		if lines := s.handedOver(); !slices.Equal(lines, s.Request.Lines) { // the manager agrees to what is chosen, and reads what that comes to
			s.Request.Lines = lines
			return s.ask()
		}
		return s.signIn(ForApproval), nil
	case terminal.MissingOperator:
		return s.signIn(ForScan), nil
	case terminal.MissingLines:
		if s.nothingHanded() {
			return s, nil
		}
		s.Request.Lines = s.handedOver()
		return s.ask()
	case terminal.MissingUnits:
		units, ok := s.typedUnits()
		if !ok {
			return s, nil
		}
		s.Request = answered(s.Request, ask, &units, nil)
	default:
		amount, ok := s.TypedAmount()
		if !ok {
			return s, nil
		}
		if ask.Missing == terminal.MissingBill {
			s.Request.Bill = &amount
		} else {
			s.Request = answered(s.Request, ask, nil, &amount)
		}
	}
	s.Input = ""
	return s.ask()
}

// answered keeps an answer with the voucher that was asked about, so that it goes and stays with it on a bill.
func answered(request terminal.Request, ask terminal.Ask, units *int64, amount *terminal.Money) terminal.Request {
	if ask.Line >= len(request.Scans) { // of an order that came along whole
		request.Units, request.Amount = cmp.Or(units, request.Units), cmp.Or(amount, request.Amount)
		return request
	}
	request.Scans = slices.Clone(request.Scans)
	scan := &request.Scans[ask.Line]
	scan.Units, scan.Amount = cmp.Or(units, scan.Units), cmp.Or(amount, scan.Amount)
	return request
}

// typedUnits is the number in the field; where nothing was typed, one is meant.
func (s State) typedUnits() (int64, bool) {
	if s.Input == "" {
		return 1, true
	}
	units := int64(0)
	for _, r := range s.Input {
		units = units*10 + int64(r-'0')
	}
	return units, units > 0
}

// TypedAmount is the amount in the field, and whether there is one.
func (s State) TypedAmount() (terminal.Money, bool) {
	amount, err := terminal.ParseMoney(strings.TrimSuffix(s.Input, "."), s.Currency())
	return amount, err == nil && amount.Minor > 0
}
