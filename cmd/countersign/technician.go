package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"github.com/skip2/go-qrcode"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/terminal/receipt"
	"countersign/terminal/scanner"
	"countersign/ui/setup"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// technician carries out what the set-up room orders, at the first start and later. Its functions are called on the window's goroutine,
// but for those that say otherwise.
type technician struct {
	config station.Config
	words  func() *translations.Words // of any goroutine
	// opened is the station, of any goroutine; nil before this computer has joined.
	opened func() *station.Station
	learnt func(scanner.Learnt) // takes what was learnt of the scanner, for those who read it
	mend   func(text string) string
	// logoChanged is told, on any goroutine, of another logo; nil where nobody shows it.
	logoChanged func()

	screen *setup.Screen
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup
	news   chan struct{} // one slot: look at the printer at once
	test   testPage
	mu     sync.Mutex // guards test
}

// testPage is the newest test page that was asked for.
type testPage struct {
	id      int64
	asked   bool
	failed  bool
	picture image.Image
	tried   setup.Said // it went straight to a printer that slips do not go to yet
}

// lookAgain is how often the window looks how printer and test page are, lookLong how often it looks at the log and for people.
const (
	lookAgain = 250 * time.Millisecond
	lookLong  = time.Second
)

// calibration is the code that scanners are calibrated with.
func calibration() (image.Image, error) {
	code, err := qrcode.New(scanner.CalibrationText, qrcode.Low)
	if err != nil {
		return nil, err
	}
	return code.Image(-6), nil
}

// furnish makes the room's screen in a window.
func (k *technician) furnish(window fyne.Window, code image.Image, do func(setup.Order), begin setup.State) {
	k.ctx, k.stop = context.WithCancel(context.Background())
	k.news = make(chan struct{}, 1)
	begin.Languages, begin.Language = translations.Languages, k.words().Language()
	begin.Chosen = k.chosen()
	if profiles, err := station.Profiles(); err == nil { // they are part of the program
		for _, profile := range profiles {
			begin.Kinds = append(begin.Kinds, setup.Kind{ID: profile.ID, Name: profile.Name, Columns: profile.Columns})
		}
	}
	k.screen = setup.NewScreen(window, setup.Parts{
		Ears:  setup.Ears{Learn: k.learn, Mend: k.mend, TestCode: receipt.TestCode},
		Words: k.words(), Now: time.Now, Later: fyne.Do, After: onWindow, Code: code, Do: do,
	}, begin)
	k.done.Go(k.watch)
}

// close ends what was begun.
func (k *technician) close() {
	k.stop()
	k.done.Wait()
}

// tell brings an event to the screen, from any goroutine.
func (k *technician) tell(event setup.Event) {
	fyne.Do(func() {
		if k.ctx.Err() == nil {
			k.screen.Happen(event)
		}
	})
}

// do carries out what neither the first start nor the room does in its own way.
func (k *technician) do(order setup.Order) {
	k.done.Go(func() {
		switch o := order.(type) {
		case setup.FindPorts:
			k.tell(setup.PortsFound{Ports: k.ports()})
		case setup.TestPage:
			k.printTest()
		case setup.TryPrinter:
			k.tryPrinter(o)
		case setup.AskPeople:
			k.tell(setup.PeopleCame{People: k.people()})
		case setup.Examine:
			k.tell(setup.Examined{Checks: k.examine()})
		case setup.MakeBundle:
			k.tell(setup.Bundled{Bundle: k.bundle()})
		case setup.FindPictures:
			k.tell(setup.LogoChosen{Logo: k.logo("")})
			k.tell(setup.PicturesFound{Paths: pictures()})
		case setup.UseLogo:
			k.tell(setup.LogoChosen{Logo: k.useLogo(o.Path)})
		}
	})
}

// chosen is which printer the settings say.
func (k *technician) chosen() setup.Chosen {
	layers, err := station.ReadLayers(k.config.ConfigFile, station.FolderOf(k.config))
	chosen := setup.Chosen{Target: layers.Settings.Printer, Kind: layers.Settings.Profile, Fixed: layers.Fixed("printer")}
	if err != nil {
		chosen.Trouble = err.Error()
	}
	return chosen
}

// keepPrinter stores which printer was chosen.
func (k *technician) keepPrinter(o setup.Choose) setup.Chosen {
	err := station.KeepPrinter(k.config, o.Target, o.Kind)
	chosen := k.chosen()
	switch {
	case errors.Is(err, printer.ErrTarget):
		chosen.Trouble = k.words().Say("setup.printer.wrong", nil)
	case err != nil:
		chosen.Trouble = k.words().Say("setup.printer.unkept", map[string]any{"cause": station.SayCause(k.words(), err)})
	}
	return chosen
}

func (k *technician) ports() []setup.Port {
	ports := []setup.Port{}
	found, err := printer.Discover()
	if err != nil { // an address can still be typed
		k.log("list the ports", err)
	}
	for _, port := range found {
		ports = append(ports, setup.Port{Target: port.Target, Path: port.Path, Name: port.Name})
	}
	return ports
}

func (k *technician) people() setup.People {
	opened := k.opened()
	if opened == nil {
		return setup.People{}
	}
	people := setup.People{Known: true}
	settings, err := opened.Terminal.Settings(k.ctx)
	people.Unasked = err == nil && settings.Store.SignIn == terminal.SignInNone
	operators, err := opened.Terminal.Operators(k.ctx)
	if err != nil {
		k.log("list the people", err)
	}
	for _, operator := range operators {
		people.List = append(people.List, setup.Person{Name: operator.Name, Role: k.words().Say("role."+string(operator.Role), nil)})
	}
	return people
}

// examine makes doctor's checks, in the window's language.
func (k *technician) examine() []setup.Check {
	config := k.config
	config.Language = k.words().Language()
	found := station.Examine(k.ctx, config)
	whole := slices.ContainsFunc(found, func(c station.Check) bool { return c.Name == "cache" })
	checks := make([]setup.Check, len(found))
	for i, c := range found {
		checks[i] = setup.Check{Name: c.Name, Found: c.Found, Do: c.Do, OK: c.OK, Offline: station.RestsOffline(c) || (!whole && !c.OK)}
	}
	return checks
}

// bundle writes the file for support among the documents of whoever is there.
func (k *technician) bundle() setup.Bundle {
	failed := func(err error) setup.Bundle {
		k.log("write the support bundle", err)
		return setup.Bundle{Trouble: k.words().Say("setup.bundle.failed", map[string]any{"cause": station.SayCause(k.words(), err)})}
	}
	file, err := createNew(documents(), "countersign-support "+time.Now().Format(time.DateOnly), "zip")
	if err != nil {
		return failed(err)
	}
	_, err = station.SupportBundle(k.ctx, k.config, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return failed(errors.Join(err, os.Remove(file.Name())))
	}
	return setup.Bundle{Path: file.Name()}
}

// logo is the logo as slips have it now.
func (k *technician) logo(trouble string) setup.Logo {
	opened := k.opened()
	if opened == nil {
		return setup.Logo{Trouble: trouble}
	}
	logo := setup.Logo{Own: opened.OwnLogo(), Trouble: trouble}
	if settings, err := opened.Terminal.Settings(k.ctx); err == nil {
		logo.Picture = pictureOf(settings.Store.Logo)
	}
	return logo
}

func (k *technician) useLogo(path string) setup.Logo {
	opened := k.opened()
	if opened == nil {
		return setup.Logo{}
	}
	if err := opened.UseLogo(path); err != nil {
		return k.logo(station.SayLogo(k.words(), path, err))
	}
	if k.logoChanged != nil {
		k.logoChanged()
	}
	return k.logo("")
}

// mostFound are the pictures that are listed, the newest first.
const mostFound = 40

// pictures are PNGs and JPEGs where people keep what they were sent. It is never nil.
func pictures() []string {
	type picture struct {
		path string
		at   time.Time
	}
	var found []picture
	home, err := os.UserHomeDir()
	if err != nil {
		return []string{}
	}
	for _, name := range []string{"", "Desktop", "Downloads", "Pictures", "Documents"} {
		entries, err := os.ReadDir(filepath.Join(home, name))
		if err != nil {
			continue
		}
		for _, entry := range entries {
			info, err := entry.Info()
			extension := strings.ToLower(filepath.Ext(entry.Name()))
			if err == nil && info.Mode().Type()&fs.ModeType == 0 && slices.Contains([]string{".png", ".jpg", ".jpeg"}, extension) {
				found = append(found, picture{filepath.Join(home, name, entry.Name()), info.ModTime()})
			}
		}
	}
	slices.SortFunc(found, func(a, b picture) int { return b.at.Compare(a.at) })
	paths := []string{}
	for _, one := range found[:min(len(found), mostFound)] {
		paths = append(paths, one.path)
	}
	return paths
}

// learn learns from the keys of a calibration and has it hold at once, here and after the next start.
func (k *technician) learn(keys []setup.Key) (setup.Scanner, error) {
	typed := make([]scanner.Key, len(keys))
	for i, key := range keys {
		typed[i] = scanner.Key{Rune: key.Rune, At: key.At}
	}
	learnt, err := scanner.LearnKeys(typed)
	if err != nil {
		return setup.Scanner{}, err
	}
	k.learnt(learnt)
	said := setup.Scanner{Suffix: string(learnt.Suffix), GapMillis: learnt.GapMillis, Slow: learnt.Slow()}
	if len(learnt.Runes) > 0 {
		said.Layout = learnt.Name
	}
	if err := station.KeepScanner(station.FolderOf(k.config), learnt); err != nil {
		k.log("store what was learnt of the scanner", err)
		said.Unkept = true
	}
	return said, nil
}

// watch brings the printer's state to the window, what becomes of the test page, and the end of the log, until the room is left.
func (k *technician) watch() {
	look, long := time.NewTicker(lookAgain), time.NewTicker(lookLong)
	defer look.Stop()
	defer long.Stop()
	for {
		facts := k.facts()
		fyne.Do(func() {
			if k.ctx.Err() == nil {
				k.screen.Printer(facts)
			}
		})
		select {
		case <-k.ctx.Done():
			return
		case <-k.news:
		case <-look.C:
		case <-long.C:
			k.follow()
		}
	}
}

// follow brings what comes by itself: lines of the log, and people.
func (k *technician) follow() {
	lines, err := station.LogTail(station.FolderOf(k.config), k.config.Program, 12)
	if err == nil { // before joining there is none
		k.tell(setup.LogRead{Lines: lines})
	}
	fyne.Do(func() {
		if k.ctx.Err() == nil && k.screen.State().Page == setup.PeoplePage {
			k.do(setup.AskPeople{})
		}
	})
}

// facts gathers how the printer is, and what became of the newest test page.
func (k *technician) facts() setup.Printer {
	opened := k.opened()
	if opened == nil {
		return setup.Printer{}
	}
	status := opened.PrinterStatus()
	facts := setup.Printer{Needs: status.Needs(), Well: status.State == printer.StateReady || status.State == printer.StatePrinting}
	facts.How, facts.Do = sayPrinter(k.words(), status, func() bool { return k.chosen().Fixed == "" })
	k.mu.Lock()
	test := k.test
	k.mu.Unlock()
	if facts.Failed = test.failed; !test.asked || test.failed {
		return facts
	}
	facts.Slip, facts.Tried = test.picture, test.tried
	if facts.Tried.Text != "" {
		return facts
	}
	if job, err := opened.Journal.Job(k.ctx, test.id); err == nil {
		facts.Job = station.SayJob(k.words(), job, time.Now())
	}
	return facts
}

// sayPrinter says how the printer is and what to do about it. A printer that is not named, or named wrongly, is chosen with a button of the same
// page; only where a file or a policy fixes it does the way lead through the configuration, as it does for who has no window.
func sayPrinter(words terminal.Words, status printer.Status, free func() bool) (how, do string) {
	how, do = station.SayPrinter(words, status)
	if (status.State == printer.StateNone || station.Misnamed(status)) && free() {
		do = words.Say("setup.printer.other_do", nil)
	}
	return how, do
}

// printTest puts a test page into the spool and draws it.
func (k *technician) printTest() {
	opened := k.opened()
	if opened == nil {
		return
	}
	job, err := opened.TestPage(k.ctx)
	test := testPage{id: job.ID, asked: true, failed: err != nil}
	if err == nil {
		test.picture, err = opened.Preview(job)
	}
	if err != nil {
		k.log("make a test page", err)
	}
	k.tested(test)
}

// tryPrinter sends a test page to a printer that slips do not go to yet, and draws it.
func (k *technician) tryPrinter(o setup.TryPrinter) {
	opened := k.opened()
	if opened == nil {
		return
	}
	k.tested(testPage{asked: true, tried: setup.Said{Sign: widgets.SignWait, Tone: theme.Calm, Text: k.words().Say("setup.printer.trying", map[string]any{"target": o.Target})}})
	page, status, err := opened.TryPrinter(k.ctx, o.Target, o.Kind)
	test := testPage{asked: true}
	if len(page.Bytes) > 0 {
		picture, drawn := opened.Preview(page)
		if drawn != nil {
			k.log("draw a test page", drawn)
		}
		test.picture = picture
	}
	test.tried = k.sayTried(o.Target, status, err)
	if err != nil {
		k.log("try a printer", err)
	}
	k.tested(test)
}

// sayTried says what came of a test page for a printer that slips do not go to yet.
func (k *technician) sayTried(target string, status printer.Status, err error) setup.Said {
	words := k.words()
	said := setup.Said{Sign: widgets.SignWarning, Tone: theme.Refused}
	switch {
	case err == nil:
		return setup.Said{Sign: widgets.SignTick, Tone: theme.Done, Text: words.Say("setup.printer.tried", map[string]any{"target": target}),
			Hints: []string{words.Say("setup.printer.look", nil)}}
	case errors.Is(err, printer.ErrTarget):
		said.Text = words.Say("setup.printer.wrong", nil)
	case status.Needs():
		how, do := station.SayPrinter(words, status)
		said.Text, said.Hints = how, []string{do}
	default:
		said.Text = words.Say("setup.printer.untried", map[string]any{"target": target})
	}
	return said
}

// tested keeps what came of the newest test page, and has it looked at.
func (k *technician) tested(test testPage) {
	k.mu.Lock()
	k.test = test
	k.mu.Unlock()
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// log writes down what went wrong, once there is a log.
func (k *technician) log(what string, err error) {
	if opened := k.opened(); opened != nil && k.ctx.Err() == nil {
		opened.Log.Error(fmt.Sprintf("the set-up room could not %s", what), "error", err.Error())
	}
}
