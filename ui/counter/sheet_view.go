package counter

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// sheet draws the sheet of the state, or nil where there is none.
func (c *Screen) sheet(s State) fyne.CanvasObject {
	w := words{c.counter.Words()}
	switch s.Sheet {
	case HelpSheet:
		return c.card(580, 0, c.help(w))
	case BookSheet:
		return c.card(940, 580, c.bookSheet(w))
	case CodeSheet:
		hint := w.Say("ui.code.hint", nil)
		if s.Training {
			hint = w.Say("ui.code.training", nil)
		}
		return c.card(660, 0, widgets.SheetBody(w.Say("ui.code.title", nil), hint,
			widgets.Topped(theme.Size(theme.Inset), widgets.Field(s.Typed, w.Say("ui.code.placeholder", nil)), widgets.CodeKeyboard(w.Language(), c.pressed)),
			c.backButton(w), c.firstButton(w, "ui.do.check", s.Typed == "")))
	case SearchSheet:
		return c.card(820, 560, c.search(s, w))
	case SlipsSheet:
		return c.card(820, 560, c.slipSheet(s, w))
	case PreferSheet:
		return c.card(640, 0, c.preferSheet(s, w))
	case UndoSheet:
		if s.apportioning() && len(s.Portion.Parts) == 0 {
			return c.card(620, 0, c.undo(s, w))
		}
		if s.Keys { // a row of keys is wider than a reason
			return c.card(820, 0, c.undo(s, w))
		}
		return c.card(660, 0, c.undo(s, w))
	case SignInSheet:
		return c.card(620, 0, c.signIn(s, w))
	}
	return nil
}

func (c *Screen) card(width, height float32, content fyne.CanvasObject) fyne.CanvasObject {
	zoom := theme.Size(theme.Body) / 18
	return widgets.NewSheet(content, width*zoom, height*zoom, func() { c.pressed(pressDismiss) })
}

func (c *Screen) backButton(w words) fyne.CanvasObject {
	return widgets.NewButton(w.dismiss(w.Say("ui.do.back", nil)), theme.Ready, c.pressed)
}

// preferButton leads to the sheet of preferences. It says nothing in any language: it is there for those who cannot read this one.
func (c *Screen) preferButton() fyne.CanvasObject {
	return widgets.NewButton(widgets.Action{Name: string(keySetup), Sign: widgets.SignAdjust, Key: keySetup.label(), Rank: widgets.Quiet}, theme.Ready, c.pressed)
}

// keysButton shows a keyboard for fingers.
func (c *Screen) keysButton() fyne.CanvasObject {
	return widgets.NewButton(widgets.Action{Name: string(pressKeys), Sign: widgets.SignKeys}, theme.Ready, c.pressed)
}

func (c *Screen) firstButton(w words, key string, off bool) fyne.CanvasObject {
	action := w.confirm(w.Say(key, nil))
	action.Off = off
	return widgets.NewButton(action, theme.Ready, c.pressed)
}

func (c *Screen) help(w words) fyne.CanvasObject {
	line := func(sign widgets.Sign, tone theme.Tone, key string) fyne.CanvasObject {
		return widgets.Lead(widgets.NewIcon(sign, theme.Glyph, tone.Ink(), theme.Surface), widgets.NewText(w.Say(key, nil)).Lines(2))
	}
	return widgets.SheetBody(w.Say("ui.help.title", nil), "", widgets.Column(theme.Size(theme.Inset),
		line(widgets.SignScan, theme.Calm, "ui.help.scan"), line(widgets.SignTicket, theme.Ready, "ui.help.blue"),
		line(widgets.SignTick, theme.Done, "ui.help.green"), line(widgets.SignAsk, theme.Asking, "ui.help.amber"),
		line(widgets.SignCross, theme.Refused, "ui.help.red"), line(widgets.SignDot, theme.Calm, "ui.help.offline")),
		widgets.NewButton(widgets.Action{Name: string(keyHelp), Label: w.Say("ui.book.title", nil), Key: keyHelp.label()}, theme.Ready, c.pressed),
		widgets.NewButton(w.dismiss(w.Say("ui.do.close", nil)), theme.Ready, c.pressed))
}

func (c *Screen) search(s State, w words) fyne.CanvasObject {
	var below fyne.CanvasObject = c.list.Whole()
	c.rows = PastRows(s, s.Found, w)
	c.picked = s.Pick
	c.list.Refresh()
	if len(c.rows) == 0 {
		none := "ui.search.none"
		if s.Unread { // what is looked for may be in what cannot be read
			none = "ui.past.unread"
		}
		below = widgets.Middle(widgets.NewText(w.Say(none, nil)).In(theme.Body, theme.Muted))
	} else {
		c.list.Reveal(min(s.Pick, len(c.rows)-1))
	}
	undo := widgets.Action{Name: string(keyUndo), Label: w.Say("ui.do.undo", nil), Key: keyUndo.label(), Off: s.Pick >= len(c.rows) || !c.rows[s.Pick].CanUndo}
	reprint := widgets.Action{Name: string(keyReprint), Label: w.Say("ui.do.reprint", nil), Key: keyReprint.label(), Off: len(c.rows) == 0}
	var top fyne.CanvasObject = widgets.Field(s.Typed, w.Say("ui.search.hint", nil))
	if s.Keys {
		top = widgets.Column(theme.Size(theme.Inset), top, widgets.Keyboard(w.Language(), c.pressed))
	}
	return widgets.TitleIfRoom(widgets.SheetBody(w.Say("ui.search.title", nil), "",
		widgets.Topped(theme.Size(theme.Inset), top, below), c.keysButton(),
		widgets.NewButton(reprint, theme.Ready, c.pressed), widgets.NewButton(undo, theme.Ready, c.pressed), c.backButton(w)))
}

func (c *Screen) undo(s State, w words) fyne.CanvasObject {
	if s.apportioning() {
		return c.portionSheet(s, w)
	}
	var choices []fyne.CanvasObject
	for i, key := range undoReasons {
		label := widgets.NewText(w.Say(key, nil)).Lines(1)
		if i == len(undoReasons)-1 && s.Typed != "" {
			label.Text = s.Typed + "|"
		}
		inset := theme.Size(theme.Inset)
		choices = append(choices, widgets.NewChoice(widgets.Inset(label, inset, 0, inset, 0), i == s.Pick, func() { c.counter.Happen(Chose{i}) }))
	}
	var body fyne.CanvasObject = widgets.Column(theme.Size(theme.Gap)*1.3, choices...)
	if s.Keys {
		body = widgets.Topped(theme.Size(theme.Inset), choices[len(choices)-1], widgets.Keyboard(w.Language(), c.pressed))
	}
	return c.counting(w.Say("ui.undo.title", nil), s, w, behind(s, w, body), c.keysButton(), c.backButton(w), c.firstButton(w, "ui.do.take_back", s.Pick == len(undoReasons)-1 && s.Typed == ""))
}

// undoUntil says what is undone, and how long it can be.
func (w words) undoUntil(s State) string {
	entry := s.Undoing.Record.Entry
	facts := args{"name": w.undone(s), "at": entry.Wall}
	if entry.Receipt.Number != 0 {
		facts["receipt"] = w.receiptOf(s, entry.Receipt)
	}
	if left := s.Undoing.Until.Sub(s.Now); left > 0 {
		facts["left"] = countdown(left)
	}
	return w.Say("ui.undo.until", facts)
}

// counting is the body of a sheet that says how long something can be undone.
func (c *Screen) counting(title string, s State, w words, content fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	body, until := widgets.CountingBody(title, w.undoUntil(s), content, buttons...)
	c.until = until
	return body
}

// shut asks whether the window closes over what is open.
func (c *Screen) shut(s State, w words) fyne.CanvasObject {
	var lines []string
	switch {
	case s.Undoing != nil:
		lines = append(lines, w.Say("ui.shut.undo", nil))
	case s.busy() || s.Billing:
		lines = append(lines, w.Say("ui.shut.hand", nil))
	}
	if n := s.waits(); n > 0 {
		lines = append(lines, w.Say("ui.shut.waiting", args{"count": n}))
	}
	var body []fyne.CanvasObject
	for _, line := range lines {
		body = append(body, widgets.Lead(widgets.NewIcon(widgets.SignWarning, theme.Glyph, theme.Asking.Ink(), theme.Surface), widgets.NewText(line).Lines(3)))
	}
	return widgets.SheetBody(w.Say("ui.shut.title", nil), "", widgets.Column(theme.Size(theme.Inset), body...), c.backButton(w), c.firstButton(w, "ui.do.shut", false))
}

// behind says above a sheet's body how many scans wait for it: it covers the panel that counts them.
func behind(s State, w words, body fyne.CanvasObject) fyne.CanvasObject {
	if s.waits() == 0 {
		return body
	}
	count := widgets.NewText(w.Say("ui.undo.waiting", args{"count": s.waits()})).In(theme.Body, theme.Ready.Ink()).Strong().Lines(1)
	return widgets.Topped(theme.Size(theme.Gap), widgets.Lead(widgets.NewIcon(widgets.SignScan, theme.Glyph, theme.Ready.Ink(), theme.Surface), count), body)
}

func (c *Screen) signIn(s State, w words) fyne.CanvasObject {
	subtitle := ""
	if s.waits() > 0 {
		subtitle = w.Say("ui.sign_in.waiting", nil)
		if s.Purpose != ForShift && s.Purpose != ForScan { // they wait for this to be over, and not for a name
			subtitle = w.Say("ui.undo.waiting", args{"count": s.waits()})
		}
	}
	if s.Who != nil {
		return c.pin(s, w, subtitle)
	}
	if s.Notice.Saying.Key == noticeWhosePIN {
		subtitle = s.Notice.Saying.In(w)
	}
	var people []fyne.CanvasObject
	for i, person := range s.People() {
		people = append(people, widgets.Person(person.Name, w.Say("role."+string(person.Role), nil), i == s.Pick, func() { c.counter.Happen(Chose{i}) }))
	}
	var body fyne.CanvasObject = widgets.Scrolled(widgets.Tiles(theme.Size(theme.Touch)*2.6, people...))
	if len(people) == 0 {
		body = widgets.Middle(widgets.NewText(w.Say("ui.sign_in.nobody", nil)).In(theme.Body, theme.Muted))
	}
	buttons := []fyne.CanvasObject{c.firstButton(w, "ui.do.go_on", len(people) == 0)}
	if s.Locked() {
		buttons = append([]fyne.CanvasObject{c.preferButton()}, buttons...)
	} else {
		buttons = append([]fyne.CanvasObject{c.backButton(w)}, buttons...)
	}
	return widgets.SheetBody(w.Say("ui.sign_in."+string(s.Purpose), nil), subtitle, body, buttons...)
}

// agreed says what somebody does who types a PIN: the sheet covers what it is about.
func (w words) agreed(s State) string {
	switch s.Purpose {
	case ForApproval:
		ask, _ := s.Asking()
		return w.Say("ui.do.approve", ask.Finding.Facts)
	case ForUndoAgreed:
		return w.Say("ui.do.take_back", nil)
	case ForTraining:
		if s.Training {
			return w.Say("ui.do.end_training", nil)
		}
		return w.Say("ui.do.train", nil)
	case ForClosing:
		return w.Say("ui.do.shut", nil)
	}
	return w.Say("ui.do.sign_in", nil)
}

func (c *Screen) pin(s State, w words, subtitle string) fyne.CanvasObject {
	if subtitle == "" {
		subtitle = w.Say("ui.sign_in.pin_hint", nil)
	}
	state := widgets.NewText(subtitle).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(2)
	if s.Wrong != nil {
		state = widgets.NewText(s.Wrong.Fact().In(w)).In(theme.Body, theme.Refused.Ink()).Strong().At(fyne.TextAlignCenter).Lines(4)
	}
	if s.Checking {
		state = widgets.NewText(w.Say("ui.sign_in.checking", nil)).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter)
	}
	left := widgets.Column(theme.Size(theme.Inset), widgets.Space(),
		widgets.Middle(widgets.NewIcon(widgets.SignPerson, theme.Emblem, theme.Ready.Fill(), theme.Surface)),
		widgets.NewText(s.Who.Name).In(theme.Title, theme.Text).Strong().At(fyne.TextAlignCenter).Lines(1),
		widgets.NewText(w.Say("role."+string(s.Who.Role), nil)).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter), state, widgets.Space())
	right := widgets.Topped(theme.Size(theme.Inset), widgets.Dots(len(s.Typed)), widgets.Pad("", c.pressed))
	action := w.confirm(w.agreed(s))
	action.Off = s.Typed == ""
	buttons := []fyne.CanvasObject{widgets.NewButton(action, theme.Ready, c.pressed)}
	if !s.Locked() || len(s.People()) > 1 {
		buttons = append([]fyne.CanvasObject{c.backButton(w)}, buttons...)
	}
	if s.Locked() {
		buttons = append([]fyne.CanvasObject{c.preferButton()}, buttons...)
	}
	what := ""
	if s.Purpose == ForUndoAgreed && s.Undoing != nil { // the sheet covers what it is about
		what = w.undone(s)
	}
	return widgets.SheetBody(w.Say("ui.sign_in.pin", args{"name": s.Who.Name}), what, widgets.Beside(theme.Size(theme.Margin), left, right), buttons...)
}
