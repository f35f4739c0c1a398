package counter

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Portion is how much of a redemption is to come back, where that need not be all of it: some uses of a pass, a part of a payment from a
// balance, some lines of an order. Of a bill with several vouchers only all can.
type Portion struct {
	Standing int64  // units of the one voucher that nobody took back yet
	Currency string // of units that are money
	Parts    []Part // lines of the order that nobody took back yet; Handed: they come back
	Said     bool   // it was answered, or there is nothing to choose: the sheet asks why
	Units    int64  // of Said: so many; 0 for all
}

// portionOf is what can be chosen of a redemption.
func portionOf(past Past) Portion {
	entry := past.Record.Entry
	var p Portion
	for i, line := range entry.Lines {
		standing := line.Units
		if i < len(past.Record.Reversed) {
			standing -= past.Record.Reversed[i]
		}
		switch {
		case standing <= 0:
		case line.Voucher != entry.Lines[0].Voucher || (line.Part == "" && len(entry.Lines) > 1):
			return Portion{Said: true}
		case line.Part == "":
			p.Standing = standing
			if line.Kind == terminal.KindBalance && line.Amount != nil {
				p.Currency = line.Amount.Currency
			}
		default:
			named := terminal.OrderLine{ID: line.Part, Name: line.Part, Quantity: 1}
			if n := slices.IndexFunc(past.Lines, func(l terminal.OrderLine) bool { return l.ID == line.Part }); n >= 0 {
				named = past.Lines[n]
			}
			p.Parts = append(p.Parts, Part{named, true})
		}
	}
	p.Said = !p.choice()
	return p
}

// choice reports that less than all can come back.
func (p Portion) choice() bool { return p.Standing > 1 || len(p.Parts) > 1 }

// entry is what is typed to choose.
func (p Portion) entry() Entry {
	switch {
	case p.Said, !p.choice():
		return TextEntry
	case len(p.Parts) > 0:
		return PartsEntry
	case p.Currency != "":
		return AmountEntry
	}
	return DigitsEntry
}

// typed is how many units the text says; nothing typed means all.
func (p Portion) typed(text string) (units int64, ok bool) {
	if text == "" {
		return p.Standing, true
	}
	if p.Currency == "" {
		units, err := strconv.ParseInt(text, 10, 64)
		return units, err == nil && units >= 1 && units <= p.Standing
	}
	amount, err := terminal.ParseMoney(strings.TrimSuffix(text, "."), p.Currency)
	return amount.Minor, err == nil && amount.Minor >= 1 && amount.Minor <= p.Standing
}

// answered reports that what was typed or ticked can come back.
func (p Portion) answered(text string) bool {
	if len(p.Parts) > 0 {
		return slices.ContainsFunc(p.Parts, func(part Part) bool { return part.Handed })
	}
	_, ok := p.typed(text)
	return ok
}

// of puts what was chosen into a reversal. All of it is left to the terminal, which knows what still stands.
func (p Portion) of(reversal terminal.Reversal) terminal.Reversal {
	if p.Units > 0 && p.Units < p.Standing {
		reversal.Units = &p.Units
	}
	if slices.ContainsFunc(p.Parts, func(part Part) bool { return !part.Handed }) {
		for _, part := range p.Parts {
			if part.Handed {
				reversal.Parts = append(reversal.Parts, part.Line.ID)
			}
		}
	}
	return reversal
}

// apportioning reports that the sheet asks how much comes back.
func (s State) apportioning() bool {
	return s.Sheet == UndoSheet && !s.Portion.Said && s.Portion.choice()
}

// portionConfirmed goes on from how much to why.
func (s State) portionConfirmed() State {
	if !s.Portion.answered(s.Typed) {
		return s
	}
	if len(s.Portion.Parts) == 0 {
		s.Portion.Units, _ = s.Portion.typed(s.Typed)
	}
	s.Portion.Said, s.Pick, s.Typed, s.Trail = true, 0, "", nil
	return s
}

// portionAgain goes back from why to how much.
func (s State) portionAgain() State {
	s.Portion.Said, s.Portion.Units, s.Pick, s.Typed, s.Trail = false, 0, 0, "", nil
	return s
}

// partTurned has the i-th line of the order that is undone stay with the customer, or come back after all.
func (s State) partTurned(i int) State {
	if i >= 0 && i < len(s.Portion.Parts) {
		s.Portion.Parts, s.Pick = slices.Clone(s.Portion.Parts), i
		s.Portion.Parts[i].Handed = !s.Portion.Parts[i].Handed
	}
	return s
}

// typedBack takes a digit for the line with that number.
func (s State) typedBack(event Event) State {
	switch e := event.(type) {
	case Typing:
		s.Trail = append(s.Trail[max(0, len(s.Trail)-mostTrail):len(s.Trail):len(s.Trail)], written{parts: s.Portion.Parts, pick: s.Pick})
		if e.Rune >= '1' && e.Rune <= '9' {
			s = s.partTurned(int(e.Rune - '1'))
		}
	case Retracted:
		if back := max(0, len(s.Trail)-e.N); back < len(s.Trail) && len(s.Trail[back].parts) == len(s.Portion.Parts) {
			s.Portion.Parts, s.Pick, s.Trail = s.Trail[back].parts, s.Trail[back].pick, s.Trail[:back]
		}
	}
	return s
}

// portionSheet asks how much comes back.
func (c *Screen) portionSheet(s State, w words) fyne.CanvasObject {
	buttons := []fyne.CanvasObject{c.backButton(w), c.firstButton(w, "ui.do.go_on", !s.Portion.answered(s.Typed))}
	title := w.Say("ui.undo.how_many", nil)
	if parts := s.Portion.Parts; len(parts) > 0 {
		title = w.Say("ui.undo.what", nil)
		var rows []fyne.CanvasObject
		for i, part := range parts {
			key := ""
			if i < 9 {
				key = strconv.Itoa(i + 1)
			}
			quantity := w.Say("ui.quantity", args{"quantity": part.Line.Quantity})
			rows = append(rows, widgets.NewTick(key, part.Line.Name, quantity, part.Handed, i == s.Pick, func() { c.counter.Happen(Chose{i}) }))
		}
		hint := widgets.NewText(w.Say("ui.undo.parts_hint", nil)).In(theme.Body, theme.Muted).Lines(2)
		c.drawn = widgets.Again(widgets.ScrolledTo(theme.Size(theme.Gap)*1.3, rows[min(s.Pick, len(rows)-1)], rows...), c.drawn)
		return c.counting(title, s, w, behind(s, w, widgets.Topped(theme.Size(theme.Inset), hint, c.drawn)), buttons...)
	}
	value, most := w.number(s.Portion.Standing), w.Say("ui.units", args{"count": s.Portion.Standing})
	decimal, say := "", "ui.undo.count_hint"
	if currency := s.Portion.Currency; currency != "" {
		title, say = w.Say("ui.undo.how_much", nil), "ui.undo.portion_hint"
		most = w.money(&terminal.Money{Minor: s.Portion.Standing, Currency: currency})
		value = most
		if terminal.CurrencyDigits(currency) > 0 {
			decimal = w.Say("ui.decimal", nil)
		}
	}
	if s.Typed != "" {
		value = s.Typed
	}
	hint := widgets.NewText(w.Say(say, args{"most": most})).In(theme.Body, theme.Muted).Lines(4)
	right := widgets.Topped(theme.Size(theme.Gap)*1.4, widgets.Readout(value, s.Typed == ""), widgets.Pad(decimal, c.pressed))
	return c.counting(title, s, w, behind(s, w, widgets.Beside(theme.Size(theme.Margin), widgets.Column(0, hint), right)), buttons...)
}

// undone says which redemption is undone, of whom, and how much of it where that was said.
func (w words) undone(s State) string {
	past := *s.Undoing
	lines, portion := past.Record.Entry.Lines, s.Portion
	what, back := []string{w.pastName(past)}, w.money(cameTo(lines))
	if len(lines) > 0 {
		what = append(what, w.code(lines[0].Masked))
	}
	if len(lines) == 1 {
		back = w.worth(lines[0])
	}
	switch {
	case portion.Units > 0 && portion.Currency != "":
		back = w.money(&terminal.Money{Minor: portion.Units, Currency: portion.Currency})
	case portion.Units > 0:
		back = w.Say("ui.units", args{"count": portion.Units})
	case len(lines) == 1 && portion.Standing > 0 && portion.Standing < lines[0].Units: // some of it was undone before
		back = w.Say("ui.units", args{"count": portion.Standing})
		if portion.Currency != "" {
			back = w.money(&terminal.Money{Minor: portion.Standing, Currency: portion.Currency})
		}
	case portion.Said && len(portion.Parts) > 0:
		count := 0
		for _, part := range portion.Parts {
			if part.Handed {
				count++
			}
		}
		back = w.Say("ui.figure.items_of", args{"count": count, "total": len(portion.Parts)})
	}
	return join(separator, append(what, back, past.Holder)...)
}

// partlyBack says what of a redemption was taken back, where it was not all of it.
func (w words) partlyBack(v widgets.Verdict, original, reversal terminal.Entry, lines []terminal.OutcomeLine) widgets.Verdict {
	if len(lines) == 0 || len(reversal.Lines) == 0 {
		return v
	}
	v.Items, v.Details, v.Figures, v.Title = nil, nil, nil, w.Say("ui.mark.partly", nil)
	v.Name = lines[0].Campaign.Name.In(w.Language())
	v.Subtitle = w.code(lines[0].Masked)
	for _, back := range reversal.Lines {
		if back.Original >= len(original.Lines) {
			return v
		}
		of := original.Lines[back.Original]
		switch {
		case back.Part != "":
			name := back.Part
			for _, line := range lines {
				for _, item := range line.Voucher.Lines {
					if line.Voucher.ID == back.Voucher && item.ID == back.Part {
						name = item.Name
					}
				}
			}
			v.Details = append(v.Details, name)
		case back.Amount != nil && of.Amount != nil:
			v.Details = append(v.Details, w.Say("ui.taken_back.part", args{"back": *back.Amount, "all": *of.Amount}))
		default:
			v.Details = append(v.Details, w.Say("ui.taken_back.part", args{"back": back.Units, "all": w.Say("ui.units", args{"count": of.Units})}))
		}
	}
	return v
}

// inPart reports that a reversal left something of the redemption standing.
func inPart(original, reversal terminal.Entry) bool {
	units := func(entry terminal.Entry) (sum int64) {
		for _, line := range entry.Lines {
			sum += line.Units
		}
		return sum
	}
	return units(reversal) < units(original)
}
