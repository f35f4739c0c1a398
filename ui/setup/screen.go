package setup

import (
	"image"
	"reflect"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/keys"
	"countersign/ui/widgets"
)

// Parts are what the window works with. Its functions are called on the window's goroutine and must not block.
type Parts struct {
	Ears
	Words terminal.Words
	Now   func() time.Time
	Later func(func()) // runs a function after the event that is being handled
	After keys.Timer
	Code  image.Image // the calibration's code, with its white border
	Do    func(Order) // has an order carried out; what comes of it goes to Happen
}

// Screen draws a State in a window and brings it what scanners and people do.
type Screen struct {
	parts Parts
	state State
	ear   *ear
	body  *fyne.Container
	root  *fyne.Container
	shown Sight
	drawn image.Image // the slip
	field *fyne.Container
}

// NewScreen makes the content of a window that begins with a state.
func NewScreen(window fyne.Window, parts Parts, state State) *Screen {
	s := &Screen{parts: parts, body: widgets.Stack(), state: state}
	s.ear = &ear{canvas: window.Canvas(), now: parts.Now, after: parts.After, later: parts.Later, scan: s.typed, press: s.key,
		typing: func() bool { return s.state.typing() }, write: func(text string) { s.Happen(Wrote{text}) },
		blank: func() bool { return s.state.Text == "" }}
	s.ear.listen()
	s.root = widgets.Stack(s.ear, s.body)
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
	s.draw()
	s.root.Refresh()
}

// State is what is shown.
func (s *Screen) State() State { return s.state }

// Happen takes an event, and has done what it orders.
func (s *Screen) Happen(event Event) {
	now, orders := Happen(s.state, event)
	if code := s.parts.TestCode; now.Page == PrinterPage && now.Text != "" && strings.HasSuffix(s.parts.Mend(now.Text), code) { // off the paper
		now.Text, now.Phase = "", Paper
	}
	s.become(now)
	for _, order := range orders {
		s.parts.Do(order)
	}
}

// Heard takes a code from a scanner on a serial line, or from a picture.
func (s *Screen) Heard(code string) {
	if s.state.Page == JoinPage && !s.state.busy() {
		s.Happen(Wrote{code})
		s.Happen(Pressed{pressNext})
		return
	}
	s.become(s.state.Heard(code, s.parts.Ears))
}

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
	s.state = now
	sight := View(now, s.parts.Words)
	if now.Printer.Slip != s.drawn || (!reflect.DeepEqual(sight, s.shown) && !s.onlyTyped(sight)) {
		s.draw()
	}
}

// key takes a key that is no part of a scan.
func (s *Screen) key(name fyne.KeyName) {
	switch name {
	case fyne.KeyReturn:
		s.Happen(Pressed{pressNext})
	case fyne.KeyEscape:
		s.Happen(Pressed{pressBack})
	case fyne.KeyUp:
		s.Happen(Moved{-1})
	case fyne.KeyDown:
		s.Happen(Moved{1})
	case fyne.KeyPageUp:
		s.Happen(Moved{-8})
	case fyne.KeyPageDown:
		s.Happen(Moved{8})
	case fyne.KeyBackspace, fyne.KeyDelete:
		s.Happen(Erased{})
	default:
		s.Happen(Pressed{string(name)})
	}
}

func (s *Screen) pressed(name string) {
	s.Happen(Pressed{name})
	s.ear.canvas.Focus(s.ear)
}

func (s *Screen) row(i int) { s.pressed(pressRow + strconv.Itoa(i)) }
