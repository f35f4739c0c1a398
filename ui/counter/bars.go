package counter

import (
	"fmt"
	"slices"
	"time"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// functionKey is one of the keys in the row at the bottom.
type functionKey string

// The function keys.
const (
	keyHelp    functionKey = "F1"
	keyCode    functionKey = "F2"
	keySearch  functionKey = "F3"
	keyReprint functionKey = "F4"
	keyOrder   functionKey = "F5" // on the panel, where a voucher's order holds more
	keyBill    functionKey = "F6"
	keyAmend   functionKey = "F7" // on the panel, where amounts were said
	keyUndo    functionKey = "F8"
	keySwitch  functionKey = "F9"
	keySetup   functionKey = "F10" // on the manager's sheet: the set-up; elsewhere: how the screen is liked
	keySlips   functionKey = "F11"
	keyManager functionKey = "F12"

	pressKeys functionKey = "keys" // the keyboard for fingers: those who have another need no key for it
)

func (k functionKey) label() string { return string(k) }

// Keys is the row of function keys.
func Keys(s State, say terminal.Words) []widgets.Action {
	last := s.Undoable()
	row := []widgets.Action{
		{Name: string(keyHelp), Label: say.Say("ui.keys.help", nil)},
		{Name: string(keyCode), Label: say.Say("ui.keys.code", nil)},
		{Name: string(keySearch), Label: say.Say("ui.keys.search", nil)},
		{Name: string(keyReprint), Label: say.Say("ui.keys.reprint", nil), Off: len(s.Past) == 0},
		{Name: string(keyBill), Label: say.Say("ui.keys.bill", nil), Off: s.Billing && len(s.Request.Scans) > 1},
		{Name: string(keyUndo), Label: undoLabel(last, s.Now, say), Off: last == nil},
		{Name: string(keySwitch), Label: say.Say("ui.keys.switch", nil), Off: s.Place.Store.SignIn == terminal.SignInNone},
		{Name: string(keyManager), Label: say.Say("ui.keys.manager", nil), Off: s.Training},
	}
	for i := range row {
		row[i].Key, row[i].Rank = row[i].Name, widgets.Quiet
	}
	return row
}

// haste is when the time left for an undo begins to be counted in seconds. Until then minutes will do, and a window in which nothing else
// moves is not drawn anew each second.
const haste = 5 * time.Minute

// undoLabel is the button for undoing last, with the time that is left for it. Hours are no haste, and have no room on the button.
func undoLabel(last *Past, now time.Time, say terminal.Words) string {
	left := time.Hour
	if last != nil {
		left = last.Until.Sub(now)
	}
	switch {
	case left >= time.Hour:
		return say.Say("ui.keys.undo", nil)
	case left >= haste:
		return say.Say("ui.keys.undo_minutes", args{"minutes": int(left.Minutes())})
	}
	return say.Say("ui.keys.undo_left", args{"left": countdown(left)})
}

// countdown writes what is left of a time: "59:07", "3:04:05".
func countdown(left time.Duration) string {
	if left >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", int(left.Hours()), int(left.Minutes())%60, int(left.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60)
}

// Lights is the status bar.
func Lights(s State, say terminal.Words) []widgets.Light {
	st := s.Status
	lights := []widgets.Light{lineLight(st, say)}
	switch {
	case st.Pending == 0:
		lights = append(lights, widgets.Light{Tone: theme.Done, Text: say.Say("ui.pending.none", nil)})
	default:
		tone := theme.Asking
		if st.Line == LineUp {
			tone = theme.Calm
		}
		lights = append(lights, widgets.Light{Tone: tone, Text: say.Say("ui.pending.some", args{"count": st.Pending, "oldest": st.Oldest})})
	}
	paper := map[Paper]theme.Tone{PaperReady: theme.Done, PaperLow: theme.Asking, PaperOut: theme.Refused, PaperOpen: theme.Refused,
		PaperGone: theme.Refused, PaperWrong: theme.Refused, PaperBusy: theme.Asking}[st.Paper]
	if paper == "" {
		paper = theme.Calm
	}
	text := say.Say("ui.paper."+string(or(st.Paper, PaperUnknown)), nil)
	if n := st.waitingSlips(); n > 0 {
		waiting := join(separator, say.Say("ui.paper.waiting", args{"count": n}), keySlips.label())
		if st.Paper.stuck() || st.Paper == PaperNone { // without one by choice they wait in case there is one some day
			text = join(separator, text, waiting)
		} else {
			text, paper = waiting, theme.Asking
		}
	}
	lights = append(lights, widgets.Light{Tone: paper, Text: text})
	if st.Unset {
		lights = append(lights, widgets.Light{Tone: theme.Refused, Text: say.Say("ui.config.unset", nil), Stays: say.Say("ui.config.unset_too", nil)})
	}
	reader := theme.Done
	if st.Reader == ReaderGone {
		reader = theme.Refused
	}
	return append(lights, widgets.Light{Tone: reader, Text: say.Say("ui.reader."+string(or(st.Reader, ReaderKeyboard)), nil)})
}

func lineLight(st Status, say terminal.Words) widgets.Light {
	facts := args{}
	if !st.LastSync.IsZero() {
		facts["sync"] = st.LastSync
	}
	tone := map[Line]theme.Tone{LineUp: theme.Done, LineStore: theme.Calm, LineDown: theme.Asking, LineRefused: theme.Refused}[st.Line]
	if tone == "" {
		tone = theme.Calm
	}
	if st.Line == LineUp && st.Filling > 0 { // what it does not know yet it asks for
		return widgets.Light{Tone: theme.Calm, Text: say.Say("ui.line.filling", args{"percent": st.Filling})}
	}
	return widgets.Light{Tone: tone, Text: say.Say("ui.line."+string(or(st.Line, LineUnknown)), facts)}
}

func or[T ~string](value, otherwise T) T {
	if value == "" {
		return otherwise
	}
	return value
}

// Alarm is the sentence that the status bar shows in place of everything but a broken configuration, or "".
func Alarm(s State, say terminal.Words) string {
	if s.Behind && s.Status.Reader != ReaderReady {
		return say.Say("ui.behind", nil)
	}
	if s.Status.Barred != "" && !s.Training {
		return say.Say("ui.barred."+string(s.Status.Barred), nil)
	}
	return ""
}

// Heading is what the bar at the top says: where, and who.
func Heading(s State, say terminal.Words) (where, counter, who string) {
	where = s.Place.Store.Name
	if s.Place.Terminal != "" {
		counter = say.Say("ui.counter", args{"terminal": s.Place.Terminal})
	}
	if s.Operator != nil {
		who = s.Operator.Name
	}
	return where, counter, who
}

// PastRow is one recent redemption at the side.
type PastRow struct {
	UID     terminal.UID
	Time    string
	Name    string
	Detail  string
	Holder  string
	Mark    string // "Offline", "Undone"
	Tone    theme.Tone
	Struck  bool
	Open    bool // its buttons are shown
	Undo    string
	CanUndo bool
	Reprint string
}

// PastRows is the column at the side.
func PastRows(s State, past []Past, say terminal.Words) []PastRow {
	w := words{say}
	rows := make([]PastRow, 0, len(past))
	for _, p := range past {
		entry := p.Record.Entry
		row := PastRow{UID: entry.UID, Time: w.Say("ui.time", args{"at": entry.Wall}), Name: w.pastName(p),
			Open: s.Opened == entry.UID && !entry.UID.IsZero(), Undo: w.Say("ui.do.undo", nil), Reprint: w.Say("ui.do.reprint", nil), Tone: theme.Calm}
		masked, amount := "", ""
		switch {
		case len(entry.Lines) == 1:
			masked, amount = w.code(entry.Lines[0].Masked), w.worth(entry.Lines[0])
		case len(entry.Lines) > 1: // a bill, or lines of an order: what they came to together
			masked, amount = w.code(entry.Lines[0].Masked), w.money(cameTo(entry.Lines))
		}
		row.Detail, row.Holder = join(separator, masked, amount), p.Holder
		row.CanUndo = p.Until.After(s.Now)
		row.Mark, row.Tone = w.mark(p.Record)
		row.Struck = entry.Kind == terminal.EntryRedeem && wholly(p.Record)
		rows = append(rows, row)
	}
	return rows
}

// pastName is the first voucher's name, and how many others went with it.
func (w words) pastName(p Past) string {
	name := p.Name.In(w.Language())
	vouchers := map[terminal.VoucherID]bool{}
	for _, line := range p.Record.Entry.Lines {
		vouchers[line.Voucher] = true
	}
	if len(vouchers) > 1 {
		return w.Say("ui.past.more", args{"name": name, "count": len(vouchers) - 1})
	}
	return name
}

// cameTo is what lines came to in money, nil where none of them did. Of a bill on which one voucher was handed out and another paid it is nil, too: the
// sum of both is on no bill that anybody has seen.
func cameTo(lines []terminal.EntryLine) *terminal.Money {
	var sum *terminal.Money
	deducts := func(line terminal.EntryLine) bool { return line.Discount != nil || line.Amount != nil }
	if some := slices.ContainsFunc(lines, deducts); some && slices.ContainsFunc(lines, func(line terminal.EntryLine) bool { return !deducts(line) }) {
		return nil
	}
	for _, line := range lines {
		sum = plus(sum, line.Worth())
	}
	return sum
}

// worth is what an entry's line came to: an amount where it is money, else the units where they are several.
func (w words) worth(line terminal.EntryLine) string {
	switch {
	case line.Amount != nil:
		return w.money(line.Amount)
	case line.Discount != nil:
		return w.money(line.Discount)
	case line.Units > 1:
		return w.Say("ui.units", args{"count": line.Units})
	}
	return w.money(line.Value)
}

// wholly reports that nothing of a redemption stands any more.
func wholly(record terminal.Record) bool {
	standing := int64(0)
	for i, line := range record.Entry.Lines {
		standing += line.Units
		if i < len(record.Reversed) {
			standing -= record.Reversed[i]
		}
	}
	return standing <= 0
}

// mark is the remark on a recent entry that somebody has to know.
func (w words) mark(record terminal.Record) (string, theme.Tone) {
	entry := record.Entry
	switch {
	case entry.Kind == terminal.EntryReverse:
		return w.Say("ui.mark.reversal", nil), theme.Calm
	case wholly(record):
		return w.Say("ui.mark.undone", nil), theme.Calm
	case slices.ContainsFunc(record.Reversed, func(units int64) bool { return units > 0 }):
		return w.Say("ui.mark.partly", nil), theme.Calm
	case record.Verdict != "" && record.Verdict != terminal.Accepted && record.Verdict != terminal.Pending:
		return w.Say("verdict."+string(record.Verdict), nil), theme.Refused
	case entry.Assurance == terminal.Offline && !record.Acked:
		return w.Say("assurance.offline", nil), theme.Asking
	}
	return "", theme.Done
}
