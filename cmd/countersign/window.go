package main

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/cmd/internal/speaker"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/scanner"
	"countersign/terminal/token"
	"countersign/ui/counter"
	"countersign/ui/day"
	"countersign/ui/theme"
)

// appID is the program's name for the desktop.
const appID = "countersign"

// tick is how often the screen looks whether time has changed anything: a countdown, a lock, a green panel that goes.
const tick = 250 * time.Millisecond

// Options are what the command line says.
type Options struct {
	Folder, Config, Language, Theme string
	FullScreen                      bool
}

// Main is the counter's window over an opened station.
type Main struct {
	app     fyne.App
	station *station.Station
	options Options
	window  fyne.Window
	screen  *counter.Screen
	look    theme.Look
	words   atomic.Pointer[translations.Words]

	liked   theme.Preferences // how the screen is liked
	kept    station.Screen    // what of that is kept, because somebody chose it
	toKeep  atomic.Pointer[station.Screen]
	keeping sync.Mutex
	speaker *speaker.Speaker
	sounds  map[counter.Sound][]byte // as loud as they are liked

	unset bool // the configuration is broken and was left out

	stop    context.CancelFunc
	done    sync.WaitGroup
	status  chan struct{} // one slot: something that the status bar shows may have changed
	readers readers

	burst *scanner.Burst // of the counter's own window
	day   *day.Room      // for managers, over the counter's screen
	setup *setupWindow   // nil while it is closed

	preferred func() // told once the screen looks and speaks otherwise; nil where nobody stands beside it
}

// New makes the window. The station stays the caller's.
func New(app fyne.App, opened *station.Station, options Options) *Main {
	m := &Main{app: app, station: opened, options: options, status: make(chan struct{}, 1)}
	m.liked = m.firstPreferences()
	m.speaker = speaker.New(opened.Log)
	m.tune()
	m.look = theme.Look{Dark: m.liked.Dark, Text: float32(m.liked.Text) / 100, Zoom: 1}
	if settings, err := opened.Terminal.Settings(context.Background()); err == nil { // else there is nothing to show yet, and the screen says why
		m.look.Accent = theme.Accent(settings.Store.Colour)
	}
	app.Settings().SetTheme(m.look)
	m.words.Store(opened.Words(context.Background(), m.liked.Language))
	m.window = app.NewWindow("Countersign")
	m.window.SetPadded(false)
	m.window.SetMaster()
	learnt, err := opened.LearntScanner()
	if err != nil {
		opened.Log.Error("keyboard scanners are read as they type", "error", err.Error())
	}
	m.burst = &scanner.Burst{Learnt: learnt, Whole: token.Whole}
	m.screen = counter.NewScreen(m.window, m.burst, onWindow, counter.Parts{
		Terminal: withSlips{opened.Terminal, opened, m.Words}, Slips: withSlips{opened.Terminal, opened, m.Words}, Rows: opened.Cache, Words: m.Words(), Now: time.Now, UID: newUID,
		Later: fyne.Do, Go: func(f func()) { go f() }, Log: opened.Log, Prefer: m.Prefer, Play: m.play, Train: m.train, Shut: m.window.Close, Setup: m.openSetup, Paint: paintAtOnce,
	})
	m.screen.Counter().Happen(counter.Preferred{Preferences: m.liked})
	m.screen.OnAlarm = m.window.RequestFocus
	m.screen.OnResize = m.resized
	m.makeRoom()
	m.window.SetContent(m.screen.Content())
	m.window.SetOnDropped(m.dropped)
	m.window.Resize(fyne.NewSize(1280, 800))
	kiosk := opened.Settings.Kiosk
	m.window.SetFullScreen(options.FullScreen || kiosk)
	m.screen.Counter().Happen(counter.Guard{Guarded: kiosk})
	m.window.SetCloseIntercept(func() { m.screen.Counter().Happen(counter.CloseAsked{}) })
	return m
}

// train makes a terminal to practise on.
func (m *Main) train(ctx context.Context) (counter.Sandbox, error) {
	training, err := m.station.Train(ctx)
	if err != nil {
		return nil, err
	}
	return training, nil
}

// onWindow calls f later, on the window's goroutine.
func onWindow(after time.Duration, f func()) {
	time.AfterFunc(after, func() { fyne.Do(f) })
}

func newUID() (uid terminal.UID) {
	_, _ = rand.Read(uid[:]) // never fails: crypto/rand ends the program instead
	return uid
}

// resized draws everything larger in a larger window.
func (m *Main) resized(size fyne.Size) { zoomed(m.app, &m.look, size, m.screen.Rebuild) }

// zoomed has everything drawn anew in the size that fits a window, where that is another one.
func zoomed(app fyne.App, look *theme.Look, size fyne.Size, redraw func()) {
	zoom := theme.ZoomFor(size.Width, size.Height)
	if zoom == look.Zoom {
		return
	}
	look.Zoom = zoom
	fyne.Do(func() { // not within the layout that has just begun
		app.Settings().SetTheme(*look)
		redraw()
	})
}

// Run shows the window until it is closed or ctx ends. It is called on the main goroutine.
func (m *Main) Run(ctx context.Context) {
	m.app.Lifecycle().SetOnStarted(func() { m.begin(ctx) })
	onDrawn(m.app, func() { m.done.Go(m.noteDrawn) })
	quit := context.AfterFunc(ctx, func() { fyne.Do(m.app.Quit) })
	defer quit()
	m.window.Show()
	m.app.Run()
}

// onDrawn calls f once, when a window of the app is drawn: a start without a picture never comes to the foreground.
func onDrawn(app fyne.App, f func()) {
	var drawn sync.Once
	app.Lifecycle().SetOnEnteredForeground(func() { drawn.Do(f) })
}

// begin shows the window of an app that runs, and keeps it up to date until ctx ends or Close. It is called on the window's goroutine.
func (m *Main) begin(ctx context.Context) {
	ctx, m.stop = context.WithCancel(ctx)
	m.station.OnChange(m.changed)
	m.window.Show()
	m.screen.Start()
	m.done.Go(func() { m.watch(ctx) })
	m.done.Go(func() { m.speaker.Run(ctx) })
	m.done.Go(func() { tidy(ctx) })
	m.listen(ctx)
	m.changed()
}

// noteDrawn leaves word for doctor that this computer can draw the window.
func (m *Main) noteDrawn() {
	if err := m.station.NoteWindow(nil); err != nil {
		m.station.Log.Info("that the window was drawn could not be noted", "error", err.Error())
	}
}

// Close waits until what was begun is done.
func (m *Main) Close() error {
	if m.stop != nil {
		m.stop()
	}
	m.done.Wait()
	m.screen.Counter().Close()
	m.day.Close()
	return nil
}

// Scan takes a code that did not come by the keyboard.
func (m *Main) Scan(code string) {
	fyne.Do(func() {
		if m.setup != nil {
			m.setup.screen.Heard(code)
			return
		}
		m.screen.Counter().Happen(counter.Scanned{Scan: terminal.Scan{Code: code, Source: terminal.SourceScanner}})
	})
}

// changed notes that something may have changed. It never blocks.
func (m *Main) changed() {
	select {
	case m.status <- struct{}{}:
	default:
	}
}
