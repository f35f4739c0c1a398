package setup

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"countersign/terminal"
	"countersign/ui/keys"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Parts are what the window works with. Its functions are called on the window's goroutine and must not block.
type Parts struct {
	Ears
	Words    terminal.Words
	Now      func() time.Time
	Later    func(func()) // runs a function after the event that is being handled
	After    keys.Timer
	Code     image.Image // the calibration's code, with its white border
	TestPage func()      // has a test page printed
	Close    func()      // closes the window
}

// Screen draws a State in a window and brings it what scanners and people do.
type Screen struct {
	parts Parts
	state State
	ear   *ear
	body  *fyne.Container
	root  *fyne.Container
}

// The buttons' names, which are also their keys.
const (
	pressTest  = string(fyne.KeyF5)
	pressClose = string(fyne.KeyEscape)
)

// NewScreen makes the content of a window.
func NewScreen(window fyne.Window, parts Parts) *Screen {
	s := &Screen{parts: parts, body: widgets.Stack()}
	s.ear = &ear{canvas: window.Canvas(), now: parts.Now, after: parts.After, later: parts.Later, scan: s.typed,
		press: func(name fyne.KeyName) { s.pressed(string(name)) }}
	s.ear.listen()
	s.root = widgets.Stack(s.ear, canvas.NewRectangle(theme.Color(theme.Background)), s.body)
	s.draw()
	return s
}

// Content is what the window shows.
func (s *Screen) Content() fyne.CanvasObject { return s.root }

// Start begins to listen: to be called once the content is in the window.
func (s *Screen) Start() { s.ear.canvas.Focus(s.ear) }

// Speak changes the language, and draws everything anew, in the theme as it is now.
func (s *Screen) Speak(words terminal.Words) {
	s.parts.Words = words
	s.root.Objects[1] = canvas.NewRectangle(theme.Color(theme.Background))
	s.draw()
	s.root.Refresh()
}

// State is what is shown.
func (s *Screen) State() State { return s.state }

// Heard takes a code from a scanner on a serial line.
func (s *Screen) Heard(code string) { s.become(s.state.Heard(code, s.parts.Ears)) }

// Printer takes how the printer is now.
func (s *Screen) Printer(p Printer) {
	if p.Slip == nil {
		p.Slip = s.state.Printer.Slip
	}
	now := s.state
	now.Printer = p
	s.become(now)
}

func (s *Screen) typed(keys []Key) { s.become(s.state.Typed(keys, s.parts.Ears)) }

func (s *Screen) become(now State) {
	if now == s.state {
		return
	}
	s.state = now
	s.draw()
}

func (s *Screen) pressed(name string) {
	switch name {
	case pressTest:
		s.parts.TestPage()
	case pressClose:
		s.parts.Close()
	}
}

func (s *Screen) draw() {
	say := func(key string) string { return s.parts.Words.Say(key, nil) }
	page := View(s.state, s.parts.Words)
	margin := theme.Size(theme.Margin)
	picture := canvas.NewImageFromImage(s.parts.Code)
	picture.FillMode, picture.ScaleMode = canvas.ImageFillContain, canvas.ImageScalePixels
	scanner := widgets.Topped(theme.Size(theme.Inset), said(say("setup.scanner.title"), page.Scanner), picture)
	printer := widgets.Topped(theme.Size(theme.Inset), said(say("setup.printer.title"), page.Printer), s.paper(say("setup.printer.none_yet")))
	buttons := []fyne.CanvasObject{
		widgets.NewButton(widgets.Action{Name: pressTest, Label: say("setup.printer.test"), Key: "F5", Rank: widgets.First}, theme.Ready, s.pressed),
		widgets.NewButton(widgets.Action{Name: pressClose, Label: say("ui.do.close"), Key: say("ui.key.esc")}, theme.Ready, s.pressed),
	}
	s.body.Objects = []fyne.CanvasObject{widgets.Inset(widgets.SheetBody(say("setup.title"), say("setup.hint"),
		halves(margin, card(scanner), card(printer)), buttons...), margin, margin, margin, margin)}
	s.body.Refresh()
}

// paper is the test page as it comes out, or a word in its place.
func (s *Screen) paper(none string) fyne.CanvasObject {
	slip := s.state.Printer.Slip
	if slip == nil {
		return widgets.Middle(widgets.NewText(none).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(3))
	}
	picture := canvas.NewImageFromImage(slip)
	picture.FillMode = canvas.ImageFillContain
	size := slip.Bounds().Size()
	return container.NewVScroll(widgets.Column(0, widgets.Shaped(float32(size.Y)/float32(max(1, size.X)), picture)))
}

func said(title string, what Said) fyne.CanvasObject {
	lines := []fyne.CanvasObject{widgets.NewText(title).In(theme.Caption, theme.Muted).Strong().Lines(1),
		widgets.Lead(widgets.NewIcon(what.Sign, theme.Glyph, what.Tone.Ink(), theme.Surface), widgets.NewText(what.Text).Strong().Lines(3))}
	for _, hint := range what.Hints {
		lines = append(lines, widgets.NewText(hint).In(theme.Caption, theme.Muted).Lines(3))
	}
	return widgets.Column(theme.Size(theme.Gap), lines...)
}

func card(content fyne.CanvasObject) fyne.CanvasObject {
	inset := theme.Size(theme.Inset)
	return widgets.Stack(widgets.Rounded(theme.Surface), widgets.Inset(content, inset, inset, inset, inset))
}

// halves shares a place out between two things.
func halves(gap float32, left, right fyne.CanvasObject) fyne.CanvasObject {
	return &fyne.Container{Layout: halved{gap}, Objects: []fyne.CanvasObject{left, right}}
}

type halved struct{ gap float32 }

func (halved) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 200) }

func (h halved) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := (size.Width - h.gap) / 2
	for i, o := range objects {
		o.Move(fyne.NewPos(float32(i)*(width+h.gap), 0))
		o.Resize(fyne.NewSize(width, size.Height))
	}
}
