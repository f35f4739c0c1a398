package setup

import (
	"reflect"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// entry is the field, kept so that what is typed next does not draw the whole page.
func (s *Screen) entry(e *Entry) fyne.CanvasObject {
	s.field = widgets.Stack(widgets.Field(e.Text, e.Hint))
	return s.field
}

// onlyTyped draws the field alone, where nothing else has changed: a scan brings eighty symbols in half a second.
func (s *Screen) onlyTyped(now Sight) bool {
	if s.shown.Field == nil || now.Field == nil {
		return false
	}
	same := now
	same.Field = s.shown.Field
	if !reflect.DeepEqual(same, s.shown) {
		return false
	}
	s.shown = now
	s.field.Objects = []fyne.CanvasObject{widgets.Field(now.Field.Text, now.Field.Hint)}
	s.field.Refresh()
	return true
}

// draw lays out what is to be seen.
func (s *Screen) draw() {
	v := View(s.state, s.parts.Words)
	s.shown, s.drawn = v, s.state.Printer.Slip
	margin, gap := theme.Size(theme.Margin), theme.Size(theme.Gap)
	var head fyne.CanvasObject
	if len(v.Steps) > 0 {
		head = stepper(v.Steps)
	} else {
		var tabs []fyne.CanvasObject
		for _, tab := range v.Tabs {
			tabs = append(tabs, widgets.NewTab(widgets.Action{Name: tab.Name, Key: tab.Key, Label: tab.Label}, tab.Here, s.pressed))
		}
		head = widgets.Row(gap, append(tabs, widgets.Space())...)
	}
	var buttons []fyne.CanvasObject
	for _, action := range v.Actions {
		buttons = append(buttons, widgets.NewButton(action, theme.Ready, s.pressed))
	}
	title := v.Title
	if len(v.Tabs) > 0 && theme.Least(theme.Body) < 1 { // the tab says it, and large writing needs the room
		title = ""
	}
	page := widgets.Topped(theme.Size(theme.Inset), head, widgets.SheetBody(title, v.Hint, s.middle(v), buttons...))
	s.body.Objects = []fyne.CanvasObject{widgets.Inset(page, margin, margin*0.6, margin, margin*0.7)}
	s.body.Refresh()
}

// middle is what stands between title and buttons.
func (s *Screen) middle(v Sight) fyne.CanvasObject {
	margin, inset := theme.Size(theme.Margin), theme.Size(theme.Inset)
	if s.state.Page == DevicesPage {
		say := func(key string) string { return s.parts.Words.Say(key, nil) }
		scanner := widgets.Above(inset, titled(say("setup.scanner.title"), said(v.Scanner)), s.code())
		above := widgets.Above
		if s.state.Printer.Slip == nil {
			above = widgets.AboveNote
		}
		printer := above(inset, titled(say("setup.printer.title"), said(v.Printer)), s.paper())
		return halves(margin, card(scanner), card(printer))
	}
	if v.Side == SideNone && len(v.Rows) == 0 && v.None == "" {
		return card(s.calm(v))
	}
	left := card(s.column(v))
	switch v.Side {
	case SideCode:
		return halves(margin, left, card(s.code()))
	case SideSlip:
		return halves(margin, left, card(s.paper()))
	case SideLogo:
		return halves(margin, left, card(s.logo()))
	case SideNone:
	}
	if len(v.Log) > 0 {
		return widgets.Stretch(theme.Size(theme.Inset), []float32{3, 2}, left, card(log(s.parts.Words.Say("setup.doctor.log", nil), v.Log)))
	}
	return left
}

// calm is a page that says one thing, in its middle.
func (s *Screen) calm(v Sight) fyne.CanvasObject {
	objects := []fyne.CanvasObject{widgets.Space()}
	for _, one := range v.Says {
		objects = append(objects, widgets.Middle(widgets.NewIcon(one.Sign, theme.Emblem, one.Tone.Ink(), theme.Surface)),
			widgets.NewText(one.Text).In(theme.Subtitle, theme.Text).Strong().At(fyne.TextAlignCenter).Lines(3))
		for _, hint := range one.Hints {
			objects = append(objects, widgets.NewText(hint).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(2))
		}
	}
	if v.ShareText != "" {
		objects = append(objects, widgets.NewText(v.ShareText).In(theme.Subtitle, theme.Text).Strong().At(fyne.TextAlignCenter).Lines(3), widgets.Progress(v.Share))
	}
	if v.Field != nil {
		objects = append(objects, s.entry(v.Field))
	}
	margin := theme.Size(theme.Margin)
	return widgets.Inset(widgets.Column(theme.Size(theme.Inset), append(objects, widgets.Space())...), margin*2, 0, margin*2, 0)
}

// column is everything of a page, from top to bottom, of which the rows get what room is left.
func (s *Screen) column(v Sight) fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	var top []fyne.CanvasObject
	for _, one := range v.Says {
		top = append(top, said(one)...)
	}
	if v.Field != nil {
		top = append(top, s.entry(v.Field))
	}
	if v.ShareText != "" {
		top = append(top, widgets.NewText(v.ShareText).In(theme.Body, theme.Text).Strong().Lines(2), widgets.Progress(v.Share))
	}
	if len(v.Rows) == 0 && v.None == "" {
		return widgets.Column(gap*1.6, append(top, widgets.Space())...)
	}
	rest := fyne.CanvasObject(widgets.Middle(widgets.NewText(v.None).In(theme.Body, theme.Muted)))
	if len(v.Rows) > 0 {
		var rows []fyne.CanvasObject
		signed := slices.ContainsFunc(v.Rows, func(row Row) bool { return row.Sign != "" })
		for i, row := range v.Rows {
			rows = append(rows, s.drawRow(row, i, i == v.Chosen, signed))
		}
		rest = widgets.ChoiceList(gap*0.8, v.Chosen, rows...)
	}
	if len(top) == 0 {
		return rest
	}
	return widgets.Topped(gap*1.6, widgets.Column(gap*1.2, top...), rest)
}

// drawRow draws a row; signed says that a row of its list has a sign, whose place the others then keep free.
func (s *Screen) drawRow(row Row, at int, chosen, signed bool) fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	title := widgets.NewText(row.Title).In(theme.Body, theme.Text).Strong().Lines(2)
	title.Loose = row.Name
	lines := []fyne.CanvasObject{title}
	above := row.Mark != "" && len(s.shown.Log) > 0 && widgets.Crowded()
	if above { // beside what was found there is no room for it
		lines = []fyne.CanvasObject{widgets.NewText(row.Mark).In(theme.Caption, theme.Muted).Lines(2), title}
	}
	if !row.Name { // our own sentences: each is read to its end
		title.Lines(4)
	}
	detail := 1
	if widgets.Crowded() {
		detail = 2
	}
	if row.Detail != "" {
		lines = append(lines, widgets.NewText(row.Detail).In(theme.Caption, theme.Muted).Lines(detail).MayEnd())
	}
	if row.Do != "" {
		lines = append(lines, widgets.NewText(row.Do).In(theme.Caption, theme.Text).Lines(4))
	}
	inner := fyne.CanvasObject(widgets.Middled(widgets.Column(0, lines...)))
	if row.Mark != "" && !above {
		inner = widgets.Beside(gap*2, inner, widgets.NewText(row.Mark).In(theme.Caption, theme.Muted).At(fyne.TextAlignTrailing).Lines(1))
	}
	switch {
	case row.Sign != "":
		inner = widgets.Lead(widgets.NewIcon(row.Sign, theme.Glyph, row.Tone.Ink(), theme.Raised), inner)
	case signed:
		inner = widgets.Lead(widgets.Fixed(widgets.Stack(), theme.Size(theme.Glyph), theme.Size(theme.Glyph)), inner)
	}
	return widgets.NewChoice(widgets.Inset(inner, gap*2, gap, gap*2, gap), chosen, func() { s.row(at) })
}

// code is what the scanner is to read off the glass.
func (s *Screen) code() fyne.CanvasObject {
	picture := canvas.NewImageFromImage(s.parts.Code)
	picture.FillMode, picture.ScaleMode = canvas.ImageFillContain, canvas.ImageScalePixels
	return picture
}

// paper is the test page as it comes out, or a word in its place.
func (s *Screen) paper() fyne.CanvasObject {
	slip := s.state.Printer.Slip
	if slip == nil && s.state.Printer.Failed {
		return widgets.Stack()
	}
	if slip == nil {
		return widgets.NewText(s.parts.Words.Say("setup.printer.none_yet", nil)).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(4)
	}
	picture := canvas.NewImageFromImage(slip)
	picture.FillMode = canvas.ImageFillContain
	size := slip.Bounds().Size()
	return widgets.Scrolled(widgets.Shaped(float32(size.Y)/float32(max(1, size.X)), picture))
}

func (s *Screen) logo() fyne.CanvasObject {
	if s.state.Logo.Picture == nil {
		return widgets.Middle(widgets.NewText(s.parts.Words.Say("setup.logo.none_yet", nil)).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(4))
	}
	picture := canvas.NewImageFromImage(s.state.Logo.Picture)
	picture.FillMode = canvas.ImageFillContain
	ground := widgets.Rounded(theme.Paper)
	inset := theme.Size(theme.Inset)
	return widgets.Stack(ground, widgets.Inset(picture, inset, inset, inset, inset))
}

func titled(title string, lines []fyne.CanvasObject) fyne.CanvasObject {
	head := fyne.CanvasObject(widgets.NewText(title).In(theme.Caption, theme.Muted).Strong().Lines(1))
	return widgets.Column(theme.Size(theme.Gap), append([]fyne.CanvasObject{head}, lines...)...)
}

func said(what Said) []fyne.CanvasObject {
	text := widgets.NewText(what.Text).Strong().Lines(4)
	text.Loose = true // it may hold a file's whole path
	lines := []fyne.CanvasObject{widgets.Lead(widgets.NewIcon(what.Sign, theme.Glyph, what.Tone.Ink(), theme.Surface), text)}
	for _, hint := range what.Hints {
		lines = append(lines, widgets.NewText(hint).In(theme.Caption, theme.Muted).Lines(4))
	}
	return lines
}

// stepper shows the steps of the first start, and how far one has come.
func stepper(steps []Mark) fyne.CanvasObject {
	var row []fyne.CanvasObject
	for i, step := range steps {
		ground, ink, words := theme.Calm.Tint(), theme.Calm.Ink(), theme.Muted
		if step.Here {
			ground, ink, words = theme.Ready.Fill(), theme.Ready.OnFill(), theme.Text
		}
		number := fyne.CanvasObject(widgets.NewText(strconv.Itoa(i+1)).In(theme.Caption, ink).Strong().At(fyne.TextAlignCenter))
		if step.Done && !step.Here {
			number = widgets.NewIcon(widgets.SignTick, theme.Glyph, theme.Done.Fill(), theme.Done.OnFill())
			ground = theme.Background
		}
		disc := canvas.NewCircle(theme.Color(ground))
		label := widgets.NewText(step.Label).In(theme.Caption, words).Lines(1)
		label.Bold = step.Here
		side := max(theme.Size(theme.Glyph)*1.15, label.MinSize().Height)
		row = append(row, widgets.Row(theme.Size(theme.Gap), widgets.Middle(widgets.Fixed(widgets.Stack(disc, number), side, side)), label))
	}
	return &fyne.Container{Layout: stepping{steps}, Objects: row}
}

// stepping spreads the steps; where there is no room for all their words, it keeps those of the step that one is at.
type stepping struct{ steps []Mark }

func (s stepping) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(200, objects[0].MinSize().Height)
}

func (s stepping) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	words := func(shown func(i int) bool) (need float32) {
		for i, o := range objects {
			label := o.(*fyne.Container).Objects[1]
			if label.Hide(); shown(i) {
				label.Show()
			}
			need += o.MinSize().Width
		}
		return need
	}
	need := words(func(int) bool { return true })
	if need > size.Width {
		need = words(func(i int) bool { return s.steps[i].Here })
	}
	gap, x := max(0, size.Width-need)/float32(max(1, len(objects)-1)), float32(0)
	for _, o := range objects {
		width := o.MinSize().Width
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(width, size.Height))
		x += width + gap
	}
}

// log is the end of the program's log.
func log(title string, lines []string) fyne.CanvasObject {
	head, gap := widgets.NewText(title).In(theme.Caption, theme.Muted).Strong().Lines(1), theme.Size(theme.Gap)
	var rows []fyne.CanvasObject
	for _, line := range lines {
		rows = append(rows, widgets.NewText(line).In(theme.Caption, theme.Muted).Lines(3).MayEnd())
	}
	if len(rows) == 0 {
		return widgets.Topped(gap, head, widgets.Stack())
	}
	return widgets.Topped(gap, head, widgets.ScrolledTo(gap, rows[len(rows)-1], rows...)) // the newest is what somebody waits for
}

func card(content fyne.CanvasObject) fyne.CanvasObject {
	inset := theme.Size(theme.Inset)
	return widgets.Stack(widgets.Rounded(theme.Surface), widgets.Inset(content, inset, inset, inset, inset))
}

// halves shares a place out between two things.
func halves(gap float32, left, right fyne.CanvasObject) fyne.CanvasObject {
	return widgets.Stretch(gap, []float32{1, 1}, left, right)
}
