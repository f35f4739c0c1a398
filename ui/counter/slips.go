package counter

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// SlipWord is what a person says of a slip.
type SlipWord string

// The words.
const (
	SlipPrint   SlipWord = "print"    // now: the slip itself where nothing of it was sent, else it again, headed DUPLICATE
	SlipOnPaper SlipWord = "on_paper" // it is there
	SlipGiveUp  SlipWord = "give_up"  // it is printed no more; one on its way is cancelled
)

// Slip is one that waits or needs a look.
type Slip struct {
	ID      int64
	UID     terminal.UID           // of the entry that it is for; zero for a test page
	Receipt terminal.ReceiptNumber // zero for a test page
	Made    time.Time
	Of      *Past  // what it is for, where that was found
	Says    string // the key of the sentence on how it is
	Prints  bool   // SlipPrint has a meaning
	Perhaps bool   // perhaps it is on paper: SlipOnPaper has a meaning
}

// Slips are the slips that the terminal keeps until each is on paper.
type Slips interface {
	Unsettled(ctx context.Context) ([]Slip, error)
	// Entry finds the entry that a slip is for.
	Entry(ctx context.Context, uid terminal.UID) (terminal.Record, error)
	// Settle carries out a person's word; operator is who said it, nil where nobody signs in.
	Settle(ctx context.Context, id int64, word SlipWord, operator *terminal.Operator) error
}

// mostSlips is how many are shown at a time, the oldest first: the next follow as these are settled.
const mostSlips = 200

func (c *Counter) slips(ctx context.Context, t where) SlipsLoaded {
	if c.parts.Slips == nil {
		return SlipsLoaded{Slips: []Slip{}}
	}
	slips, err := c.parts.Slips.Unsettled(ctx)
	slips = slips[:min(len(slips), mostSlips)]
	c.log("read the slips", err)
	for i, slip := range slips {
		if record, err := c.parts.Slips.Entry(ctx, slip.UID); err == nil && len(record.Entry.Lines) > 0 {
			past := c.named(ctx, t, record)
			slips[i].Of = &past
		}
	}
	return SlipsLoaded{slips, err}
}

func (s State) slipsOpened(clerk *terminal.Operator) (State, []Command) {
	s.Sheet, s.Clerk = SlipsSheet, clerk
	return s.slipsAsked()
}

// slipsEvery is how often the slips are read that somebody looks at: the printer goes on meanwhile.
const slipsEvery = 2 * time.Second

func (s State) slipsAsked() (State, []Command) {
	s.SlipsRead = s.Now
	return s, []Command{LoadSlips{}}
}

func (s State) slipsLoaded(e SlipsLoaded) State {
	if s.Sheet != SlipsSheet {
		return s
	}
	if e.Err != nil {
		s = s.notice("ui.notice.slips_failed", nil)
	}
	chosen, had := s.slipChosen()
	if s.Slips = e.Slips; s.Slips == nil {
		s.Slips = []Slip{}
	}
	at := slices.IndexFunc(s.Slips, func(slip Slip) bool { return slip.ID == chosen.ID })
	switch {
	case had && at >= 0:
		s.Pick = at
	case had && chosen.ID != s.Settled:
		s.Pick = len(s.Slips) // it came out by itself: a key that was meant for it is not for the next
	default:
		s.Pick = max(0, min(s.Pick, len(s.Slips)-1))
	}
	return s
}

// slipChosen is the slip that stands to be settled.
func (s State) slipChosen() (Slip, bool) {
	if s.Sheet != SlipsSheet || s.Pick >= len(s.Slips) {
		return Slip{}, false
	}
	return s.Slips[s.Pick], true
}

func (s State) slipSettled(word SlipWord) (State, []Command) {
	slip, ok := s.slipChosen()
	if !ok || (word == SlipPrint && !slip.Prints) || (word == SlipOnPaper && !slip.Perhaps) {
		return s, nil
	}
	if word == SlipPrint && s.Status.Paper == PaperNone {
		return s.notice("ui.notice.no_printer", nil), nil
	}
	s.Settled = slip.ID
	return s, []Command{SettleSlip{slip.ID, word, s.Clerk}}
}

// slipSheet draws the slips, and what can be said of the one that is chosen.
func (c *Screen) slipSheet(s State, w words) fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for i, slip := range s.Slips {
		head := join(separator, w.Say("ui.time", args{"at": slip.Made}), w.receipt(slip.Receipt))
		inset := theme.Size(theme.Inset)
		name, amount := w.slipFor(slip)
		lines := []fyne.CanvasObject{widgets.NewText(join(separator, head, amount)).In(theme.Body, theme.Text).Strong().Lines(1)}
		if name != "" {
			lines = append(lines, widgets.NewText(name).In(theme.Body, theme.Text).Lines(1).MayEnd())
		}
		inner := widgets.Column(0, append(lines, widgets.NewText(capital(w.Say(slip.saysWith(s.Status.Paper), nil))).In(theme.Body, theme.Muted).Lines(2))...)
		rows = append(rows, widgets.NewChoice(widgets.Inset(inner, inset, inset/2, inset, inset/2), i == s.Pick, func() { c.counter.Happen(Chose{i}) }))
	}
	var chosenRow, body fyne.CanvasObject
	if s.Pick < len(rows) {
		chosenRow = rows[s.Pick]
	}
	c.drawn = widgets.Again(widgets.ScrolledTo(theme.Size(theme.Gap)*1.3, chosenRow, rows...), c.drawn)
	body = c.drawn
	switch {
	case s.Slips == nil:
		body = widgets.Middle(widgets.NewText(w.Say("ui.sign_in.checking", nil)).In(theme.Body, theme.Muted))
	case len(rows) == 0:
		body = widgets.Middle(widgets.NewText(w.Say("ui.slips.none", nil)).In(theme.Body, theme.Muted))
	}
	slip, chosen := s.slipChosen()
	button := func(key functionKey, label string, on bool) fyne.CanvasObject {
		return widgets.NewButton(widgets.Action{Name: string(key), Label: w.Say(label, nil), Key: key.label(), Off: !on}, theme.Ready, c.pressed)
	}
	hint, printable := w.slipHint(slip, chosen), slip.Prints
	if s.Status.Paper == PaperNone {
		hint, printable = w.Say("ui.slips.no_printer", nil), false
	}
	return widgets.SheetBody(w.Say("ui.slips.title", nil), hint, body,
		button(keyReprint, "ui.do.print", chosen && printable), button(keyBill, "ui.do.on_paper", chosen && slip.Perhaps),
		button(keyUndo, "ui.do.give_up", chosen), widgets.NewButton(w.dismiss(w.Say("ui.do.close", nil)), theme.Ready, c.pressed))
}

// slipHint says what to do with the slip that is chosen, and why what cannot be done with it cannot.
func (w words) slipHint(slip Slip, chosen bool) string {
	switch {
	case chosen && !slip.Prints && !slip.Perhaps:
		return w.Say("ui.slips.on_its_way", nil)
	case chosen && !slip.Perhaps:
		return w.Say("ui.slips.unsent", nil)
	}
	return w.Say("ui.slips.hint", nil)
}

// saysWith is the key of the sentence on how the slip is: on its way it can be only to a printer that is there.
func (slip Slip) saysWith(paper Paper) string {
	if sending := "printer.job." + string(terminal.JobSending); paper == PaperNone && slip.Says == sending {
		return "printer.job." + string(terminal.JobQueued)
	}
	return slip.Says
}

// slipFor says what a slip is for: what it came to, and of what, for whom.
func (w words) slipFor(slip Slip) (name, amount string) {
	if slip.Of == nil {
		return "", ""
	}
	entry := slip.Of.Record.Entry
	masked := w.code(entry.Lines[0].Masked)
	amount = w.money(cameTo(entry.Lines))
	if len(entry.Lines) == 1 {
		amount = w.worth(entry.Lines[0])
	}
	mark := ""
	if entry.Kind == terminal.EntryReverse {
		mark = w.Say("ui.mark.reversal", nil)
	}
	return join(separator, mark, w.pastName(*slip.Of), masked, slip.Of.Holder), amount
}

// slipKey takes a function key while the slips are shown, and reports whether it has a meaning there.
func (c *Screen) slipKey(key functionKey) bool {
	if c.counter.State().Sheet != SlipsSheet {
		return false
	}
	word, ok := map[functionKey]SlipWord{keyReprint: SlipPrint, keyBill: SlipOnPaper, keyUndo: SlipGiveUp}[key]
	if ok && !c.drawnAway() {
		c.counter.Happen(SlipSettled{word})
	}
	return ok
}

// drawnAway reports that what a button would do something with was drawn out of sight, and brings it back instead.
func (c *Screen) drawnAway() bool {
	s := c.counter.State()
	switch {
	case s.Sheet == SearchSheet && !c.list.InSight(s.Pick):
		c.list.Reveal(s.Pick)
	case s.Sheet == SlipsSheet && c.drawn != nil && !widgets.InSight(c.drawn):
		c.drawn, c.shown = nil, shownSheet{}
		c.showSheet(s, c.counter.Words())
	default:
		return false
	}
	return true
}
