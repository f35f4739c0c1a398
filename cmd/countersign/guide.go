package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/terminal/scanner"
	"countersign/ui/setup"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// guide leads through the first start, in a window of its own: it makes a terminal of this computer, and hands it to the counter's window.
type guide struct {
	*technician
	ctx     context.Context
	app     fyne.App
	options Options
	look    theme.Look
	window  fyne.Window
	spoken  atomic.Pointer[translations.Words]
	burst   scanner.Learnt

	holding sync.Mutex // guards the next two
	station *station.Station
	ended   bool

	counter *Main // once the first start is over
}

// isFirstStart reports that a data folder could not be opened because this computer has not joined yet, and that a person can mend that
// here.
func isFirstStart(config station.Config, err error) bool {
	var lost *station.Lost
	var held *station.InUse
	if err == nil || errors.As(err, &lost) || errors.As(err, &held) {
		return false
	}
	_, missing := os.Stat(filepath.Join(station.FolderOf(config), station.JournalName))
	return errors.Is(missing, os.ErrNotExist)
}

// firstStart shows the first start until it is over, then the counter. trouble is why a join code that was left on this computer did not
// do; terminal.ErrNotJoined where there was none.
func firstStart(ctx context.Context, options Options, config station.Config, trouble error) error {
	g, err := newGuide(ctx, app.NewWithID(appID), options, config, trouble)
	if err != nil {
		return err
	}
	quit := context.AfterFunc(ctx, func() { fyne.Do(g.app.Quit) })
	defer quit()
	g.done.Go(func() { g.listen(g.technician.ctx) })
	g.window.Show()
	g.app.Run()
	return g.end()
}

// newGuide makes the window of the first start.
func newGuide(ctx context.Context, app fyne.App, options Options, config station.Config, trouble error) (*guide, error) {
	code, err := calibration()
	if err != nil {
		return nil, err
	}
	g := &guide{ctx: ctx, app: app, options: options}
	g.prefer(config)
	g.technician = &technician{config: config, words: g.spoken.Load, opened: g.current,
		learnt: func(learnt scanner.Learnt) { g.burst = learnt }, mend: func(text string) string { return g.burst.Apply(text) }}
	begin := setup.State{Guided: true, Page: setup.LanguagePage, Left: station.FoundJoinFile(station.FolderOf(config)) != ""}
	if !errors.Is(trouble, terminal.ErrNotJoined) {
		begin.Page, begin.Join = setup.JoinPage, g.refused(trouble)
	}
	if err := station.MakeFolder(config); err != nil {
		begin.Page, begin.Join = setup.JoinPage, g.refused(station.Blame(station.FolderOf(config), err))
	}
	g.window = g.app.NewWindow(g.words().Say("setup.window", nil))
	g.furnish(g.window, code, g.order, begin)
	g.window.SetPadded(false)
	g.window.SetContent(widgets.Watched(g.resized, g.screen.Content()))
	g.window.SetOnDropped(g.dropped)
	g.window.Resize(fyne.NewSize(1060, 640))
	g.window.SetFullScreen(options.FullScreen)
	g.window.CenterOnScreen()
	g.app.Lifecycle().SetOnStarted(func() {
		g.screen.Happen(setup.Opened{Page: g.screen.State().Page})
		g.screen.Start()
	})
	onDrawn(g.app, func() { g.done.Go(g.noteDrawn) })
	return g, nil
}

// noteDrawn leaves word for doctor that this computer can draw the window. The counter's window follows in the same run, and comes to no
// foreground that was not this one's before.
func (g *guide) noteDrawn() {
	if err := station.NoteWindow(station.FolderOf(g.config), nil); err != nil {
		g.log("note that the window was drawn", err)
	}
}

// prefer has the window look and speak as it was chosen, else as it is configured; without a word on it it speaks the desktop's language.
func (g *guide) prefer(config station.Config) {
	folder := station.FolderOf(config)
	layers, broken := station.ReadLayers(config.ConfigFile, folder)
	kept, unread := station.ReadScreen(folder)
	settings := layers.WithScreen(kept)
	language, look := g.options.language(), g.options.Theme
	if g.options.Language == "" && settings.Language != "" && errors.Join(broken, unread) == nil {
		language = settings.Language
	}
	if look == "" {
		look = settings.Theme
	}
	g.look = theme.Look{Dark: look == "dark", Text: float32(theme.Nearest(theme.TextSizes, settings.Text)) / 100, Zoom: 1}
	g.app.Settings().SetTheme(g.look)
	g.spoken.Store(translations.For(language, time.Local))
}

// end closes what is open: the counter's window, else a station that no counter has taken.
func (g *guide) end() error {
	g.close()
	g.holding.Lock()
	defer g.holding.Unlock()
	g.ended = true
	var err error
	if g.counter != nil {
		err = g.counter.Close()
	}
	if g.station != nil {
		err = errors.Join(err, g.station.Close())
	}
	return err
}

// current is the station, once this computer has joined. It is safe for concurrent use.
func (g *guide) current() *station.Station {
	g.holding.Lock()
	defer g.holding.Unlock()
	return g.station
}

// order carries out what the first start orders.
func (g *guide) order(order setup.Order) {
	switch o := order.(type) {
	case setup.Speak:
		g.speak(o.Language)
	case setup.JoinWith:
		g.done.Go(func() { g.tell(setup.Progressed{Join: g.join(o.Code)}) })
	case setup.Choose:
		g.done.Go(func() {
			chosen := g.keepPrinter(o)
			if chosen.Trouble == "" {
				if err := g.reopen(); err != nil {
					chosen.Trouble = err.Error()
				}
			}
			g.tell(setup.PrinterChosen{Chosen: chosen})
		})
	case setup.Leave:
		g.leave()
	default:
		g.do(order)
	}
}

// speak changes the language, here and for the counter's window.
func (g *guide) speak(language string) {
	g.spoken.Store(translations.For(language, time.Local))
	g.window.SetTitle(g.words().Say("setup.window", nil))
	g.screen.Speak(g.words())
	g.done.Go(func() {
		if err := station.KeepScreen(station.FolderOf(g.config), station.Screen{Language: &language}); err != nil {
			g.log("keep the language", err)
		}
	})
}

// resized draws everything larger in a larger window.
func (g *guide) resized(size fyne.Size) {
	zoomed(g.app, &g.look, size, func() { g.screen.Speak(g.words()) })
}

// join makes a terminal of this computer. It is called away from the window's goroutine.
func (g *guide) join(code string) setup.Joining {
	config := g.config
	config.Progress = g.progress()
	broken := bypass(&config)
	var joined *station.Station
	var err error
	if code == "" {
		joined, err = station.OpenOrJoin(g.technician.ctx, config)
	} else {
		joined, err = station.Join(g.technician.ctx, config, station.MendJoinCode(code), "")
	}
	if err != nil {
		return g.refused(errors.Join(err, broken))
	}
	status, err := joined.Status(g.technician.ctx)
	if err != nil {
		return g.refused(errors.Join(err, joined.Close()))
	}
	if !g.take(joined) {
		return setup.Joining{}
	}
	return setup.Joining{Stage: setup.Joined, Place: setup.Place{Terminal: status.Terminal, Store: status.StoreName, Merchant: status.MerchantName,
		Vouchers: int64(status.Cache.Vouchers), Whole: !status.Cache.ReachedEnd.IsZero()}}
}

// take keeps a station, and has it sync and print; false where the window was closed meanwhile.
func (g *guide) take(opened *station.Station) bool {
	g.holding.Lock()
	defer g.holding.Unlock()
	if g.ended || g.technician.ctx.Err() != nil {
		_ = opened.Close() // nobody is there to be told
		return false
	}
	g.station = opened
	opened.Start(g.ctx)
	return true
}

// reopen has what was chosen hold, once there is a station.
func (g *guide) reopen() error {
	g.holding.Lock()
	old := g.station
	g.station = nil
	g.holding.Unlock()
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil {
		return err
	}
	config := g.config
	broken := bypass(&config)
	opened, err := station.Open(g.technician.ctx, config)
	if err != nil {
		return errors.Join(err, broken)
	}
	g.take(opened)
	return nil
}

// progress tells the window how the first fill goes, no oftener than it can be seen.
func (g *guide) progress() func(cloudsync.Progress) {
	stages := map[cloudsync.FillStage]setup.Stage{cloudsync.FillMaking: setup.Making, cloudsync.FillLoading: setup.Loading, cloudsync.FillStoring: setup.Storing}
	var last setup.Joining
	return func(p cloudsync.Progress) {
		now := setup.Joining{Stage: stages[p.Stage], Done: p.Done, Total: p.Total}
		if now.Stage == last.Stage && (now.Done-last.Done)*100 < now.Total && now.Done < now.Total {
			return
		}
		last = now
		g.tell(setup.Progressed{Join: now})
	}
}

func (g *guide) refused(err error) setup.Joining {
	found, do := station.SayJoinTrouble(g.words(), err)
	return setup.Joining{Stage: setup.Refused, Trouble: found, Do: do}
}

// leave ends the first start: with a terminal, the counter opens in its place.
func (g *guide) leave() {
	joined := g.current()
	if joined == nil {
		g.window.Close()
		return
	}
	g.counter = New(g.app, joined, g.options)
	g.counter.begin(g.ctx)
	g.stop()
	g.window.Close()
}

// dropped reads the join code in a picture that was dropped on the window.
func (g *guide) dropped(_ fyne.Position, files []fyne.URI) {
	if len(files) == 0 || g.screen.State().Page != setup.JoinPage {
		return
	}
	g.done.Go(func() {
		file, err := os.Open(files[0].Path())
		if err != nil {
			return
		}
		defer file.Close()
		if code, err := scanner.Picture(file); err == nil {
			fyne.Do(func() { g.screen.Heard(code) })
		}
	})
}

// listen reads the scanners that the configuration names, each on its own line, until the first start is over.
func (g *guide) listen(ctx context.Context) {
	settings, err := station.ReadSettings(g.config.ConfigFile, station.FolderOf(g.config))
	if err != nil {
		return // the printer's page says so
	}
	var lines sync.WaitGroup
	for _, target := range settings.Scanner {
		lines.Go(func() {
			scanner.Serial{
				Open:    func() (io.ReadCloser, error) { return printer.Open(target) },
				Scan:    func(code string) { fyne.Do(func() { g.screen.Heard(code) }) },
				Present: func(bool) {},
			}.Run(ctx)
		})
	}
	lines.Wait()
}
