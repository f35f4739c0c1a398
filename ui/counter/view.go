package counter

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Names of what can be pressed, as widgets hand them back.
const (
	pressConfirm = "confirm"
	pressDismiss = "dismiss"
	pressFill    = widgets.PressFill
)

// words puts the state's facts into sentences.
type words struct{ terminal.Words }

// separator stands between facts on one line. The typeface has its middle dot and its bullet in Chinese width only.
const separator = " | "

// args are the facts of a sentence.
type args = map[string]any

func (w words) money(m *terminal.Money) string {
	if m == nil {
		return ""
	}
	return w.Say("ui.value", args{"value": *m})
}

func (w words) number(n int64) string { return w.Say("ui.value", args{"value": n}) }

// code shows the last symbols of a code.
func (w words) code(masked string) string {
	if masked == "" {
		return ""
	}
	return "..." + masked
}

// Panel is what the large panel says.
func Panel(s State, say terminal.Words) widgets.Verdict {
	w := words{say}
	v := widgets.Verdict{}
	switch s.Phase {
	case Ready:
		v = w.ready(s)
	case Deciding:
		v = w.deciding(s)
	case ReadyToRedeem:
		v = w.readyToRedeem(s)
	case Asked:
		v = w.asked(s)
	case Redeeming:
		v = w.redeeming(s)
	case Redeemed:
		v = w.redeemed(s)
	case Declined:
		v = w.declined(s)
	case TakenBack:
		v = w.takenBack(s)
	case Fault:
		v = w.fault(s)
	}
	if n := s.waits(); n > 0 {
		v.Waiting = w.Say("ui.waiting", args{"count": n})
		if s.Notice.Saying.Key == noticeWaiting {
			v.Waiting = s.Notice.Saying.In(say)
		}
		if v.Calm() {
			v.Chips = append(v.Chips, widgets.Chip{Text: v.Waiting, Tone: theme.Ready})
		}
	}
	if s.Notice.Saying.Key != "" && s.Notice.Saying.Key != noticeWaiting {
		v.Chips = append(v.Chips, widgets.Chip{Text: s.Notice.Saying.In(say), Tone: theme.Calm})
	}
	return v
}

func (w words) confirm(label string) widgets.Action {
	return widgets.Action{Name: pressConfirm, Label: label, Key: w.Say("ui.key.enter", nil), Rank: widgets.First}
}

func (w words) dismiss(label string) widgets.Action {
	return widgets.Action{Name: pressDismiss, Label: label, Key: w.Say("ui.key.esc", nil)}
}

func (w words) ready(s State) widgets.Verdict {
	if barred := s.Status.Barred; !s.Training && (barred == BarredStopped || barred == BarredTrouble) { // nobody is asked for vouchers that are not to be honoured here
		return widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignWarning, Title: w.Say("ui.ready."+string(barred), nil), Subtitle: w.Say("ui.ready.elsewhere", nil)}
	}
	if s.Billing {
		return widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignScan, Title: w.Say("ui.bill.title", nil), Subtitle: w.Say("ui.bill.hint", nil)}
	}
	if s.Training {
		return widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignScan, Title: w.Say("ui.training.ready", nil), Subtitle: w.Say("ui.training.hint", nil)}
	}
	return widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignScan, Title: w.Say("ui.ready.title", nil), Subtitle: w.Say("ui.ready.hint", nil)}
}

func (w words) deciding(s State) widgets.Verdict {
	if s.Billing && len(s.Request.Scans) > 1 { // the list stays where it is, and what is new is on it
		v := w.billed(widgets.Verdict{Tone: theme.Ready, Sign: widgets.SignWait, Title: w.Say("ui.deciding.title", nil)}, s)
		v.Actions = []widgets.Action{w.dismiss(w.Say("ui.do.drop", nil))}
		return v
	}
	return widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignWait, Title: w.Say("ui.deciding.title", nil), Subtitle: w.Say("ui.deciding.hint", nil)}
}

// subject says what the voucher is, what it gives, and for whom.
func (w words) subject(v widgets.Verdict, s State, done bool) widgets.Verdict {
	lines := s.Outcome.Lines
	v.Subtitle = w.code(s.Outcome.Masked)
	if len(lines) == 0 {
		return v
	}
	if s.listed() {
		return w.billed(v, s)
	}
	line := lines[0]
	v.Name = line.Campaign.Name.In(w.Language())
	v.Subtitle = join(separator, w.kind(line.Campaign.Kind), w.code(line.Masked))
	if line.Voucher.Holder != "" {
		v.Details = append(v.Details, w.Say("ui.for_holder", args{"holder": line.Voucher.Holder}))
	}
	switch {
	case len(line.Parts) > 1 && done:
		v.Subtitle, v.Details = join(separator, v.Name, w.code(line.Masked), line.Voucher.Holder), nil
		return w.collected(v, line)
	case len(s.Parts) > 0:
		v.Subtitle, v.Details = join(separator, v.Name, w.code(line.Masked), line.Voucher.Holder), nil
		return w.chosen(v, s)
	}
	for _, part := range line.Parts {
		v.Details = append(v.Details, w.Say("ui.part", args{"quantity": part.Quantity, "name": part.Name}))
	}
	if terms := line.Campaign.Terms.In(w.Language()); terms != "" && !done {
		v.Details = append(v.Details, terms)
	}
	v.Figures = w.figures(line, s.Outcome, done)
	return v
}

// kind names a voucher's kind, where the name says more than the deal's own.
func (w words) kind(kind terminal.Kind) string {
	if kind == terminal.KindProduct {
		return ""
	}
	return w.Say("kind."+string(kind), nil)
}

// figures are the numbers of one voucher, by its kind.
func (w words) figures(line terminal.OutcomeLine, outcome terminal.Outcome, done bool) []widgets.Figure {
	var list []widgets.Figure
	add := func(key, value string, strong bool) {
		if value != "" {
			list = append(list, widgets.Figure{Label: w.Say(key, nil), Value: value, Strong: strong})
		}
	}
	leftKey := "ui.figure.left_after"
	if done {
		leftKey = "ui.figure.left"
	}
	switch line.Campaign.Kind {
	case terminal.KindPass:
		add("ui.figure.uses", w.number(line.Units), true)
		add(leftKey, w.Say("ui.figure.of", args{"left": line.Left, "total": line.Voucher.Units}), false)
	case terminal.KindBalance:
		add("ui.figure.amount", w.money(line.Amount), true)
		add(leftKey, w.money(&terminal.Money{Minor: line.Left, Currency: line.Campaign.Currency}), false)
	case terminal.KindBooking:
		if slot := line.Voucher.Slot; slot != nil {
			add("ui.figure.slot", w.Say("ui.slot", args{"from": slot.From, "until": slot.Until}), true)
			if slot.Party > 0 {
				add("ui.figure.party", strconv.Itoa(slot.Party), false)
			}
			if late := line.Late; late != nil && *late > 0 {
				add("ui.figure.late", w.Say("ui.by", args{"by": *late}), false)
			} else if late != nil && *late < 0 {
				add("ui.figure.early", w.Say("ui.by", args{"by": -*late}), false)
			}
		}
	case terminal.KindPickup:
		add(leftKey, w.Say("ui.figure.items", args{"count": line.Left}), false)
	case terminal.KindDiscount:
		add("ui.figure.discount", w.money(line.Discount), outcome.LeftToPay == nil)
	default:
		add("ui.figure.worth", w.money(either(line.Voucher.Value, line.Campaign.Value)), true)
		add("ui.figure.paid", w.money(either(line.Voucher.Price, line.Campaign.Price)), false)
	}
	if outcome.LeftToPay != nil {
		list = append([]widgets.Figure{{Label: w.Say("ui.figure.bill", nil), Value: w.money(outcome.Bill)}}, list...)
		add("ui.figure.to_pay", w.money(outcome.LeftToPay), true)
	}
	return list
}

func either(first, second *terminal.Money) *terminal.Money {
	if first != nil {
		return first
	}
	return second
}

func join(with string, parts ...string) string {
	var full []string
	for _, part := range parts {
		if part != "" {
			full = append(full, part)
		}
	}
	return strings.Join(full, with)
}

func (w words) readyToRedeem(s State) widgets.Verdict {
	v := w.subject(widgets.Verdict{Tone: theme.Ready, Sign: widgets.SignTicket, Title: w.Say("outcome.ready", nil)}, s, false)
	if s.Request.Approver != nil {
		v.Chips = append(v.Chips, widgets.Chip{Text: w.Say("ui.approved_by", args{"name": s.Request.Approver.Name}), Tone: theme.Calm})
	}
	redeem := w.confirm(w.Say("ui.do.redeem", nil))
	if n := len(s.Outcome.Lines); s.onlyThis() && n > 1 { // or the row that is marked would seem to be what is redeemed
		redeem = w.confirm(w.Say("ui.do.redeem_all", args{"count": n}))
	}
	redeem.Off = s.nothingHanded()
	v.Actions = append([]widgets.Action{redeem, w.dismiss(w.Say("ui.do.drop", nil))}, w.changes(s)...)
	switch {
	case s.nothingHanded():
		v.Next = w.Say("ui.parts.none", nil)
	case len(s.Parts) > 0:
		v.Next = w.Say("ui.parts.next", nil)
	case s.Billing:
		v.Next = w.Say("ui.bill.next", nil)
	case len(s.Outcome.Order) > 0:
		v.Next = w.Say("ui.order.more", args{"count": len(s.Outcome.Order)})
	}
	return v
}

// changes are the buttons with which what is in hand becomes something else.
func (w words) changes(s State) []widgets.Action {
	var list []widgets.Action
	if s.editable() && (s.Request.WholeOrder || len(s.Outcome.Order) > 0) {
		label := w.Say("ui.do.only_this", nil)
		if !s.Request.WholeOrder {
			label = w.Say("ui.do.whole_order", args{"count": len(s.Outcome.Lines) + len(s.Outcome.Order)})
		}
		list = append(list, widgets.Action{Name: string(keyOrder), Label: label, Key: keyOrder.label()})
	}
	if s.amends() {
		list = append(list, widgets.Action{Name: string(keyAmend), Label: w.Say("ui.do.amend", nil), Key: keyAmend.label()})
	}
	return list
}

func (w words) redeeming(s State) widgets.Verdict {
	v := w.subject(widgets.Verdict{Tone: theme.Ready, Sign: widgets.SignWait, Title: w.Say("ui.redeeming.title", nil)}, s, false)
	v.Next = w.Say("ui.redeeming.hint", nil)
	return v
}

func (w words) redeemed(s State) widgets.Verdict {
	if !s.Outcome.Redeemed() { // green is only for what is on disk
		return w.declined(s)
	}
	v := w.subject(widgets.Verdict{Tone: theme.Done, Sign: widgets.SignTick, Title: w.Say("outcome.redeemed", nil)}, s, true)
	entry := s.Outcome.Record.Entry
	v.Subtitle = join(separator, w.Say("ui.at_time", args{"at": entry.Wall}), w.receiptOf(s, entry.Receipt), v.Subtitle)
	tone := theme.Done
	if entry.Assurance == terminal.Offline {
		tone = theme.Asking
	}
	chip := widgets.Chip{Text: w.Say("ui.assurance."+string(entry.Assurance), nil), Tone: tone}
	if s.Training { // no green: nothing may be handed over for it
		v.Tone, v.Title, v.Next = theme.Calm, w.Say("ui.training.redeemed", nil), w.Say("ui.training.next", nil)
		chip = widgets.Chip{Text: w.Say("ui.training.chip", nil), Tone: theme.Asking}
	}
	v.Chips = append(v.Chips, chip)
	again := "ui.do.reprint"
	if s.Place.Store.Print == "ask" {
		again = "ui.do.print"
	}
	v.Actions = []widgets.Action{
		w.confirm(w.Say("ui.do.next", nil)),
		{Name: string(keyUndo), Label: w.Say("ui.do.undo", nil), Key: keyUndo.label()},
		{Name: string(keyReprint), Label: w.Say(again, nil), Key: keyReprint.label()},
	}
	return v
}

// receiptOf is a receipt's number in words. A training counts its own from 1: said like a real one's, it would name another customer's receipt.
func (w words) receiptOf(s State, number terminal.ReceiptNumber) string {
	if s.Training && number.Number != 0 {
		return w.Say("ui.training.receipt", args{"number": int64(number.Number)})
	}
	return w.receipt(number)
}

func (w words) receipt(number terminal.ReceiptNumber) string {
	if number.Number == 0 {
		return ""
	}
	return w.Say("ui.receipt", args{"receipt": number.String()})
}

func (w words) declined(s State) widgets.Verdict {
	v := widgets.Verdict{Tone: theme.Refused, Sign: widgets.SignCross, Title: w.Say("choice.declined", nil), Subtitle: w.code(s.Outcome.Masked)}
	if len(s.Outcome.Findings) > 0 {
		first := s.Outcome.Findings[0]
		v.Title, v.Next = first.Title().In(w), first.Next().In(w)
		v.Details = append(v.Details, first.Fact().In(w))
		seen := map[terminal.Reason]bool{first.Reason: true}
		var others []string
		for _, finding := range s.Outcome.Findings[1:] {
			if !seen[finding.Reason] {
				seen[finding.Reason] = true
				others = append(others, finding.Title().In(w))
			}
		}
		if len(others) > 0 {
			v.Details = append(v.Details, w.Say("ui.also", args{"others": others}))
		}
	}
	if len(s.Outcome.Lines) > 0 {
		line := s.Outcome.Lines[s.Outcome.Lead]
		v.Name = line.Campaign.Name.In(w.Language())
		v.Subtitle = join(separator, w.kind(line.Campaign.Kind), w.code(s.Outcome.Masked))
	}
	v.Actions = append([]widgets.Action{w.confirm(w.Say("ui.do.next", nil))}, w.changes(s)...)
	if s.Billing || len(s.Outcome.Lines) > 1 {
		return w.impossible(v, s)
	}
	if s.mayAgree() {
		v.Actions = []widgets.Action{w.confirm(w.Say("ui.do.manager", nil)), w.dismiss(w.Say("ui.do.leave", nil))}
	}
	return v
}

// impossible says why a bill cannot be redeemed: at the voucher that makes it so, and below.
func (w words) impossible(v widgets.Verdict, s State) widgets.Verdict {
	title := v.Title
	v.Name = ""
	v = w.billed(v, s)
	v.Title = title
	if s.Billing {
		leave, key := w.dismiss(w.Say("ui.do.drop", nil)), "ui.key.delete"
		if s.refusedScan() >= 0 {
			leave, key = w.dismiss(w.Say("ui.do.take_off", nil)), "ui.key.esc"
		}
		v.Actions = append([]widgets.Action{leave}, w.changes(s)...)
		if len(s.Request.Scans) > 1 {
			v.Next = w.Say("ui.bill.impossible", args{"next": v.Next, "key": w.Say(key, nil)})
		}
	}
	return v
}

func (w words) takenBack(s State) widgets.Verdict {
	v := widgets.Verdict{Tone: theme.Calm, Sign: widgets.SignUndo, Title: w.Say("outcome.reversed", nil)}
	v = w.subject(v, s, true)
	v.Figures = nil
	for i := range v.Items {
		v.Items[i].Box = widgets.Empty // of an order: on the shelf again
	}
	if record := s.Outcome.Record; record != nil && s.Outcome.Reversed != nil && inPart(s.Outcome.Reversed.Entry, record.Entry) {
		v = w.partlyBack(v, s.Outcome.Reversed.Entry, record.Entry, s.Outcome.Lines)
	} else if record != nil {
		back := w.money(cameTo(record.Entry.Lines)) // of several vouchers the list says which
		if len(record.Entry.Lines) == 1 {
			back = w.worth(record.Entry.Lines[0])
		}
		if back != "" {
			v.Details = append(v.Details, w.Say("ui.taken_back.all", args{"back": back}))
		}
	}
	if s.Outcome.Reversed != nil {
		v.Subtitle = join(separator, w.receiptOf(s, s.Outcome.Reversed.Entry.Receipt), v.Subtitle)
	}
	v.Next = w.Say("ui.taken_back.next", nil)
	v.Actions = []widgets.Action{w.confirm(w.Say("ui.do.next", nil))}
	return v
}

func (w words) fault(s State) widgets.Verdict {
	v := widgets.Verdict{Tone: theme.Refused, Sign: widgets.SignWarning, Title: w.Say("ui.fault.title", nil), Subtitle: w.Say("ui.fault.not_made", nil),
		Name: w.Say("ui.fault.what", nil), Details: []string{w.ended(capital(s.Fault))}, Next: s.Advice}
	if v.Next == "" {
		v.Next = w.Say("ui.fault.next", nil)
	}
	v.Actions = []widgets.Action{w.confirm(w.Say("ui.do.again", nil)), w.dismiss(w.Say("ui.do.drop", nil))}
	return v
}

// ended ends a sentence with its full stop: errors have none, since others may be put behind them.
func (w words) ended(text string) string {
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "。") {
		return text
	}
	if w.Language() == "zh-Hans" {
		return text + "。"
	}
	return text + "."
}

// capital begins a sentence with a capital: errors begin small, since others are put before them.
func capital(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func (w words) asked(s State) widgets.Verdict {
	v := w.subject(widgets.Verdict{Tone: theme.Asking, Sign: widgets.SignAsk}, s, false)
	if !s.listed() && len(s.Parts) == 0 {
		v.Figures = nil
	}
	ask, ok := s.Asking()
	if !ok {
		return v
	}
	v.Title, v.Next = ask.Title().In(w), ask.Next().In(w)
	label := w.Say("ui.do.go_on", nil)
	if lines := s.Outcome.Lines; s.listed() && (ask.Missing == terminal.MissingUnits || ask.Missing == terminal.MissingAmount) && ask.Line < len(lines) {
		of := lines[ask.Line] // which of several vouchers the question is about
		v.Details = append([]string{join(separator, of.Campaign.Name.In(w.Language()), w.code(of.Masked))}, v.Details...)
	}
	switch ask.Missing {
	case terminal.MissingApproval:
		v.Details = append([]string{ask.Finding.Fact().In(w)}, v.Details...)
		v.Next = ask.Finding.Next().In(w)
		if s.Lapsed {
			v.Chips = append(v.Chips, widgets.Chip{Text: w.Say("ui.lapsed", nil), Tone: theme.Asking})
		}
		label = w.Say("ui.do.manager", nil)
	case terminal.MissingOperator:
		label = w.Say("ui.do.sign_in", nil)
	case terminal.MissingHub:
		label = w.Say("ui.do.without_hub", nil)
	case terminal.MissingUnits:
		units, _ := s.typedUnits()
		v.Question = &widgets.Question{Value: w.number(units)}
		if ask.Most > 0 {
			v.Question.Limit = w.Say("ui.most_units", args{"most": ask.Most})
			if lines := s.Outcome.Lines; ask.Line < len(lines) && lines[ask.Line].Left > ask.Most { // fewer at once than there are
				v.Details = append(v.Details, w.Say("outcome.left", args{"left": lines[ask.Line].Left}))
			}
		}
	case terminal.MissingAmount, terminal.MissingBill:
		v.Question = w.amountQuestion(s, ask)
	}
	confirm := w.confirm(label)
	confirm.Off = (v.Question != nil && v.Question.Empty) || s.nothingHanded()
	v.Actions = append([]widgets.Action{confirm, w.dismiss(w.Say("ui.do.drop", nil))}, w.changes(s)...)
	return v
}

func (w words) amountQuestion(s State, ask terminal.Ask) *widgets.Question {
	zero := terminal.Money{Currency: s.Currency()}
	q := &widgets.Question{Value: w.money(&zero), Empty: true}
	if amount, ok := s.TypedAmount(); ok {
		q.Value, q.Empty = w.money(&amount), false
	} else if s.Input != "" {
		q.Value, q.Empty = s.Input, true
	}
	if terminal.CurrencyDigits(s.Currency()) > 0 {
		q.Decimal = w.Say("ui.decimal", nil)
	}
	if ask.Most > 0 {
		most := terminal.Money{Minor: ask.Most, Currency: s.Currency()}
		q.Limit = w.Say("ui.most_amount", args{"most": most})
	}
	return q
}
