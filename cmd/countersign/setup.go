package main

import (
	"context"
	"image"
	"time"

	"fyne.io/fyne/v2"
	"github.com/skip2/go-qrcode"

	"countersign/cmd/internal/station"
	"countersign/terminal/printer"
	"countersign/terminal/receipt"
	"countersign/terminal/scanner"
	"countersign/ui/setup"
)

// setupWindow is the window in which scanner and printer are tried out. All of it is used on the window's goroutine, but for watch.
type setupWindow struct {
	main   *Main
	window fyne.Window
	screen *setup.Screen
	stop   context.CancelFunc
}

// openSetup opens the window, or brings it to the front. Serial scanners speak to it while it is open.
func (m *Main) openSetup() {
	if m.setup != nil {
		m.setup.window.RequestFocus()
		return
	}
	code, err := qrcode.New(scanner.CalibrationText, qrcode.Low)
	if err != nil {
		m.station.Log.Error("the calibration's code could not be drawn", "error", err.Error())
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &setupWindow{main: m, window: m.app.NewWindow(m.Words().Say("setup.title", nil)), stop: stop}
	news := make(chan struct{}, 1)
	s.screen = setup.NewScreen(s.window, setup.Parts{
		Ears:  setup.Ears{Learn: m.learn, Mend: func(text string) string { return m.burst.Learnt.Apply(text) }, TestCode: receipt.TestCode},
		Words: m.Words(), Now: time.Now, Later: fyne.Do, After: onWindow, Code: code.Image(-6),
		TestPage: func() { m.done.Go(func() { s.printTest(ctx, news) }) }, Close: s.window.Close,
	})
	s.window.SetPadded(false)
	s.window.SetContent(s.screen.Content())
	zoom := max(m.look.Zoom, 1)
	s.window.Resize(fyne.NewSize(960*zoom, 560*zoom))
	s.window.SetOnClosed(func() {
		stop()
		m.setup = nil
		m.window.RequestFocus()
	})
	m.setup = s
	m.done.Go(func() { s.watch(ctx, news) })
	s.window.Show()
	s.screen.Start()
}

// learn learns from the keys of a calibration and has it hold at once, here and after the next start.
func (m *Main) learn(keys []setup.Key) (setup.Scanner, error) {
	typed := make([]scanner.Key, len(keys))
	for i, key := range keys {
		typed[i] = scanner.Key{Rune: key.Rune, At: key.At}
	}
	learnt, err := scanner.LearnKeys(typed)
	if err != nil {
		return setup.Scanner{}, err
	}
	m.burst.Learnt = learnt
	said := setup.Scanner{Suffix: string(learnt.Suffix), GapMillis: learnt.GapMillis, Slow: learnt.Slow()}
	if len(learnt.Runes) > 0 {
		said.Layout = learnt.Name
	}
	if err := station.KeepScanner(m.station.Folder(), learnt); err != nil {
		m.station.Log.Error("what was learnt of the scanner could not be stored", "error", err.Error())
		said.Unkept = true
	}
	return said, nil
}

// lookAgain is how often the window looks how printer and test page are.
const lookAgain = 250 * time.Millisecond

// watch brings the printer's state to the window, and what becomes of the test page whose job it is told of, until ctx ends.
func (s *setupWindow) watch(ctx context.Context, news chan struct{}) {
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		facts := s.facts(ctx)
		fyne.Do(func() {
			if ctx.Err() == nil {
				s.screen.Printer(facts)
			}
		})
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-look.C:
		}
	}
}

// facts gathers how the printer is, and what became of the newest test page.
func (s *setupWindow) facts(ctx context.Context) setup.Printer {
	m := s.main
	status := m.station.PrinterStatus()
	facts := setup.Printer{Needs: status.Needs(), Well: status.State == printer.StateReady || status.State == printer.StatePrinting}
	facts.How, facts.Do = station.SayPrinter(m.Words(), status)
	test := m.testPage.Load()
	if test == nil {
		return facts
	}
	if facts.Failed = test.failed; facts.Failed {
		return facts
	}
	facts.Slip = test.picture
	if job, err := m.station.Journal.Job(ctx, test.id); err == nil {
		facts.Job = station.SayJob(m.Words(), job, time.Now())
	}
	return facts
}

// printTest puts a test page into the spool and draws it.
func (s *setupWindow) printTest(ctx context.Context, news chan struct{}) {
	m := s.main
	job, err := m.station.TestPage(ctx)
	test := &testPage{id: job.ID, failed: err != nil}
	if err == nil {
		test.picture, err = m.station.Preview(job.PrintJob)
	}
	if err != nil {
		m.station.Log.Error("a test page could not be made", "error", err.Error())
	}
	m.testPage.Store(test)
	select {
	case news <- struct{}{}:
	default:
	}
}

// testPage is the newest test page that was asked for.
type testPage struct {
	id      int64
	failed  bool
	picture image.Image
}
