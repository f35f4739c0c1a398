package main

import (
	"bytes"
	"image"
	_ "image/png" // of logos

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/cmd/internal/version"
	"countersign/terminal/scanner"
	"countersign/ui/setup"
)

// setupWindow is the technician's room beside a counter that runs. All of it is used on the window's goroutine.
type setupWindow struct {
	*technician
	main   *Main
	window fyne.Window
}

// openSetup opens the window, or brings it to the front. Serial scanners speak to it while it is open.
func (m *Main) openSetup() {
	if m.setup != nil {
		m.setup.window.RequestFocus()
		return
	}
	code, err := calibration()
	if err != nil {
		m.station.Log.Error("the calibration's code could not be drawn", "error", err.Error())
		return
	}
	s := &setupWindow{main: m, window: m.app.NewWindow(m.Words().Say("setup.window", nil))}
	s.technician = &technician{
		config: station.Config{Folder: m.station.Folder(), ConfigFile: m.options.Config, Program: "countersign", Version: version.String()},
		words:  func() *translations.Words { return m.Words() }, opened: func() *station.Station { return m.station },
		learnt: func(learnt scanner.Learnt) { m.burst.Learnt = learnt }, mend: func(text string) string { return m.burst.Learnt.Apply(text) },
		logoChanged: func() { fyne.Do(m.screen.Counter().Refresh) },
	}
	s.furnish(s.window, code, s.order, setup.State{})
	s.window.SetPadded(false)
	s.window.SetContent(s.screen.Content())
	s.window.SetOnDropped(s.dropped)
	zoom := max(m.look.Zoom, 1)
	s.window.Resize(fyne.NewSize(1000*zoom, 600*zoom))
	s.window.SetOnClosed(func() {
		s.stop()
		m.setup = nil
		m.done.Go(s.close)
		m.window.RequestFocus()
	})
	m.setup = s
	s.window.Show()
	s.screen.Start()
}

// order carries out what the room orders.
func (s *setupWindow) order(order setup.Order) {
	switch o := order.(type) {
	case setup.Leave:
		s.window.Close()
	case setup.Choose:
		s.done.Go(func() {
			chosen := s.keepPrinter(o)
			chosen.Later = chosen.Trouble == ""
			s.tell(setup.PrinterChosen{Chosen: chosen})
		})
	default:
		s.do(order)
	}
}

// dropped takes a picture that was dropped on the window as the store's logo.
func (s *setupWindow) dropped(_ fyne.Position, files []fyne.URI) {
	if len(files) > 0 && s.screen.State().Page == setup.LogoPage {
		s.do(setup.UseLogo{Path: files[0].Path()})
	}
}

// pictureOf reads a logo; nil where there is none, or none that can be drawn.
func pictureOf(text []byte) image.Image {
	picture, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	return picture
}
