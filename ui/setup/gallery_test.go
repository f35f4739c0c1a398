package setup_test

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"countersign/assets/fonts"
	"countersign/assets/printers"
	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/terminal/escpos"
	"countersign/terminal/receipt"
	"countersign/ui/setup"
	"countersign/ui/theme"
	"countersign/ui/widgets"
	"countersign/ui/widgets/gallery"
)

// testPage is a test page as it comes out of the printer.
func testPage(language string) image.Image {
	pages.Lock()
	defer pages.Unlock()
	if pages.of[language] == nil {
		pages.of[language] = setPage(language)
	}
	return pages.of[language]
}

// pages are the test pages that were made, by language: to set one takes a moment.
var pages = struct {
	sync.Mutex
	of map[string]image.Image
}{of: map[string]image.Image{}}

func setPage(language string) image.Image {
	profiles, err := escpos.ParseProfiles(printers.Profiles)
	if err != nil {
		panic(err)
	}
	profile, err := escpos.Find(profiles, "generic-80")
	if err != nil {
		panic(err)
	}
	typesetter, err := escpos.NewTypesetter(fonts.Regular(), fonts.Bold())
	if err != nil {
		panic(err)
	}
	settings := terminal.Settings{Terminal: "counter-2", Store: terminal.Store{ID: "lakeside", Name: "Lakeside Quay", Language: language, Zone: "UTC"}}
	slip := receipt.Layout(terminal.SlipFacts{Kind: terminal.SlipTest, Settings: settings, Entry: terminal.Entry{Store: "lakeside", Terminal: "counter-2", Wall: start}},
		translations.For(language, time.UTC), profile.Columns)
	bytes, err := typesetter.Encode(slip, profile)
	if err != nil {
		panic(err)
	}
	picture, err := typesetter.Preview(bytes, profile)
	if err != nil {
		panic(err)
	}
	return picture
}

// scenes are what the gallery shows, in the words of a language.
func scenes(language string) map[string]setup.State {
	words := translations.For(language, time.UTC)
	say := func(key string, args map[string]any) string { return words.Say(key, args) }
	ready := setup.Printer{Well: true, How: say("printer.state.ready", nil)}
	out := setup.Printer{Needs: true, How: say("printer.state.paper_out", nil), Do: say("printer.do.paper_out", nil)}
	slip := testPage(language)
	printed := ready
	printed.Slip, printed.Job = slip, say("printer.job.printed", nil)
	failed := out
	failed.Failed = true
	tried := ready
	tried.Slip, tried.Tried = slip, setup.Said{Sign: widgets.SignTick, Tone: theme.Done, Text: say("setup.printer.tried", map[string]any{"target": "tcp:192.0.2.7:9100"}),
		Hints: []string{say("setup.printer.look", nil)}}
	room := map[string]setup.State{
		"waiting": {Printer: ready},
		"wrong":   {Phase: setup.Wrong, Printer: out},
		"learnt":  {Phase: setup.Learnt, Scanner: setup.Scanner{Layout: "fr", Suffix: "enter", GapMillis: 6}, Printer: printed},
		"slow":    {Phase: setup.Learnt, Scanner: setup.Scanner{Suffix: "none", GapMillis: 80, Slow: true, Unkept: true}, Printer: ready},
		"line":    {Phase: setup.Line, Printer: ready},
		"paper":   {Phase: setup.Paper, Printer: printed},
		"failed":  {Printer: failed},
		"unset":   {Printer: setup.Printer{How: say("printer.state.none", nil), Do: say("setup.printer.other_do", nil)}},
	}
	guided := func(page setup.Page, change func(*setup.State)) setup.State {
		s := setup.State{Guided: true, Page: page, Languages: translations.Languages, Language: language, Kinds: kinds, Printer: ready, Chosen: setup.Chosen{Kind: "generic-80"}}
		s.Row = 0
		change(&s)
		return s
	}
	joined := func(s *setup.State) {
		s.Join = setup.Joining{Stage: setup.Joined, Place: setup.Place{Terminal: "counter-2", Store: "Lakeside Quay", Merchant: "Lakeside", Vouchers: 12480, Whole: true}}
	}
	trouble := func(why string) func(*setup.State) {
		return func(s *setup.State) {
			key := "setup.join.trouble." + why
			s.Text = "countersign://cloud.example/#7K3MQ9TX4B2HQ.8D2KQ9TX4B2HQV83XW7P55TD2C"
			s.Join = setup.Joining{Stage: setup.Refused, Trouble: say(key, map[string]any{"now": time.Date(2019, 1, 1, 0, 3, 0, 0, time.UTC), "cause": say("doctor.fault.full", map[string]any{"folder": "/var/lib/countersign"})}),
				Do: say(key+"_do", nil)}
		}
	}
	ports := []setup.Port{{Target: "serial:usb-04b8:0202:X3YR012345", Path: "/dev/ttyUSB0", Name: "EPSON TM-T88V"}, {Target: "usb:/dev/usb/lp0", Path: "/dev/usb/lp0"},
		{Target: "serial:/dev/ttyS0", Path: "/dev/ttyS0"}}
	check := func(name, state string, ok, offline bool, args map[string]any) setup.Check {
		c := setup.Check{Name: name, OK: ok, Offline: offline, Found: say("doctor."+name+"."+state, args)}
		if !ok || words.Has("doctor."+name+"."+state+"_do") {
			c.Do = say("doctor."+name+"."+state+"_do", args)
		}
		return c
	}
	until := time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC)
	well := []setup.Check{
		check("folder", "ok", true, false, map[string]any{"folder": "/var/lib/countersign"}), check("rights", "ok", true, true, nil),
		check("disk", "ok", true, true, map[string]any{"free": 41210}), check("encryption", "off", true, false, nil),
		check("journal", "ok", true, true, map[string]any{"count": 1}), check("trust", "ok", true, true, map[string]any{"until": until, "version": 3}),
		check("cache", "ok", true, true, map[string]any{"vouchers": 12480, "campaigns": 9, "age": 2 * time.Minute}), check("clock", "ok", true, true, nil),
		check("printer", "none", true, true, nil),
	}
	yes := append(slices.Clone(well), check("ready", "ok", true, false, nil))
	ill := append(slices.Clone(well[:7]), check("clock", "wrong", false, true, map[string]any{"off": 9 * time.Hour}),
		check("printer", "target", false, true, nil), check("ready", "no", false, false, map[string]any{"missing": "clock, printer"}))
	ill[8].Found = say("printer.state.missing", nil)
	log := []string{"11:02:07  the counter begins  version=1.4.0", "11:02:07  the line is up  ms=31", "11:04:44  ERROR  the printer does not answer  target=serial:usb-04b8:0202 error=the device is gone",
		"11:04:51  the printer is back  target=serial:usb-04b8:0202", "11:06:13  a slip was printed  job=41"}
	people := []setup.Person{{Name: "Anna Keller", Role: say("role.manager", nil)}, {Name: "李伟", Role: say("role.cashier", nil)}, {Name: "Tom Berger", Role: say("role.technician", nil)}}
	logo := image.NewRGBA(image.Rect(0, 0, 480, 160))
	draw.Draw(logo, logo.Bounds(), image.NewUniform(color.RGBA{0x1b, 0x5e, 0x8a, 0xff}), image.Point{}, draw.Src)
	more := map[string]setup.State{
		"first-language": guided(setup.LanguagePage, func(s *setup.State) { s.Row = slices.Index(s.Languages, language) }),
		"first-join":     guided(setup.JoinPage, func(*setup.State) {}),
		"first-left":     guided(setup.JoinPage, func(s *setup.State) { s.Left = true }),
		"first-typed":    guided(setup.JoinPage, func(s *setup.State) { s.Text = "countersign://cloud.example/#7K3MQ9TX4B2HQ.8D2KQ9" }),
		"first-asking":   guided(setup.JoinPage, func(s *setup.State) { s.Join.Stage = setup.Asking }),
		"first-loading":  guided(setup.JoinPage, func(s *setup.State) { s.Join = setup.Joining{Stage: setup.Loading, Done: 42, Total: 100} }),
		"first-storing":  guided(setup.JoinPage, func(s *setup.State) { s.Join = setup.Joining{Stage: setup.Storing, Done: 88, Total: 100} }),
		"first-joined":   guided(setup.JoinPage, joined),
		"first-printer": guided(setup.PrinterPage, func(s *setup.State) {
			joined(s)
			s.Ports, s.Row = ports, 1
		}),
		"first-printed": guided(setup.PrinterPage, func(s *setup.State) {
			joined(s)
			s.Ports, s.Row, s.Chosen.Target, s.Printer = ports, 1, ports[0].Target, printed
		}),
		"first-paper": guided(setup.PrinterPage, func(s *setup.State) {
			joined(s)
			s.Ports, s.Row, s.Chosen.Target, s.Printer, s.Phase = ports, 1, ports[0].Target, printed, setup.Paper
		}),
		"first-printer-unjoined": guided(setup.PrinterPage, func(s *setup.State) { s.Ports, s.Text = ports[:1], "tcp:192.0.2.7" }),
		"first-printer-fixed": guided(setup.PrinterPage, func(s *setup.State) {
			joined(s)
			s.Chosen = setup.Chosen{Target: "tcp:192.0.2.7:9100", Kind: "generic-80", Fixed: "/etc/countersign/countersign.toml"}
		}),
		"first-kind":    guided(setup.KindPage, func(s *setup.State) { joined(s); s.Row = 1 }),
		"first-scanner": guided(setup.ScannerPage, joined),
		"first-learnt": guided(setup.ScannerPage, func(s *setup.State) {
			joined(s)
			s.Phase, s.Scanner = setup.Learnt, setup.Scanner{Layout: "fr", Suffix: "enter", GapMillis: 6}
		}),
		"first-people":      guided(setup.PeoplePage, func(s *setup.State) { joined(s); s.People = setup.People{Known: true, List: people} }),
		"first-people-none": guided(setup.PeoplePage, func(s *setup.State) { joined(s); s.People.Known = true }),
		"first-ready":       guided(setup.ReadyPage, func(s *setup.State) { joined(s); s.Checks = yes }),
		"first-not-ready":   guided(setup.ReadyPage, func(s *setup.State) { joined(s); *s = examined(*s, ill) }),
		"first-unjoined": guided(setup.ReadyPage, func(s *setup.State) {
			s.Checks = []setup.Check{{Name: "joined", Found: say("doctor.fault.not_joined", nil), Do: say("doctor.joined.no_do", nil), Offline: true},
				check("ready", "no", false, false, map[string]any{"missing": "joined"})}
		}),
		"doctor":        {Page: setup.DoctorPage, Checks: yes, Log: log},
		"doctor-ill":    examined(setup.State{Page: setup.DoctorPage, Log: log}, ill),
		"doctor-bundle": {Page: setup.DoctorPage, Checks: yes, Log: log, Bundle: setup.Bundle{Path: "/srv/shop/Documents/countersign-support 2026-11-22.zip"}},
		"doctor-busy":   {Page: setup.DoctorPage},
		"printer-later": {Page: setup.PrinterPage, Ports: ports, Chosen: setup.Chosen{Target: ports[1].Target, Kind: "generic-80", Later: true}, Row: 2, Printer: ready},
		"printer-tried": {Page: setup.PrinterPage, Ports: ports, Chosen: setup.Chosen{Kind: "generic-80"}, Text: "tcp:192.0.2.7:9100", Printer: tried},
		"printer-wrong": {Page: setup.PrinterPage, Ports: ports, Chosen: setup.Chosen{Target: "", Kind: "generic-80", Trouble: say("setup.printer.wrong", nil)}, Text: "tpc:192.0.2.7", Printer: ready},
		"logo":          {Page: setup.LogoPage, Pictures: []string{"/srv/shop/Pictures/lakeside-logo.png", "/srv/shop/Downloads/IMG_2041.jpg"}, Logo: setup.Logo{Picture: logo, Own: true}, Row: 1},
		"logo-bad":      {Page: setup.LogoPage, Pictures: []string{"/srv/shop/Downloads/invoice.png"}, Logo: setup.Logo{Trouble: say("setup.logo.trouble.large", map[string]any{"name": "poster.png", "most": 4})}},
	}
	for name, state := range more {
		room[name] = state
	}
	for _, why := range []string{"code", "unknown", "used", "expired", "other_cloud", "pin", "network", "portal", "certificate", "clock", "folder", "other"} {
		room["first-"+why] = guided(setup.JoinPage, trouble(why))
	}
	return room
}

// examined is a state once doctor's checks are made.
func examined(s setup.State, checks []setup.Check) setup.State {
	s, _ = setup.Happen(s, setup.Examined{Checks: checks})
	return s
}

var kinds = []setup.Kind{{ID: "generic-80", Name: "Any 80 mm ESC/POS printer", Columns: 48}, {ID: "generic-58", Name: "Any 58 mm ESC/POS printer", Columns: 32},
	{ID: "epson-tm-t88v", Name: "Epson TM-T88V", Columns: 42}}

// show poses a state.
func (d *desk) show(state setup.State) { d.screen.Pose(state) }

// small is the smallest screen.
var small = gallery.Small

// TestGallery writes every scene as a picture for people to look at, where COUNTERSIGN_GALLERY names a folder; in any case no word is cut off.
func TestGallery(t *testing.T) {
	// Half of a sentence that says what to do would be missing in one of the languages, or a page would not come up at all.
	for _, view := range gallery.Views() {
		t.Run(view.Name, func(t *testing.T) {
			d := newDesk(t, view.Language, view.Look, view.Size)
			for name, state := range scenes(view.Language) {
				d.show(state)
				gallery.Check(t, name, d.screen.Content())
				gallery.Keep(t, "setup", name, slices.Contains(important, name), view, d.window)
			}
		})
	}
}

// important are the scenes that somebody looked at and found good: every page, in each of the states that look different.
var important = []string{"learnt", "slow", "failed", "first-language", "first-join", "first-left", "first-portal", "first-loading", "first-joined", "first-kind",
	"first-printer", "first-printed", "first-scanner", "first-people", "first-people-none", "first-ready", "first-not-ready", "doctor-busy", "doctor-ill", "doctor-bundle",
	"printer-wrong", "logo"}

// TestLooks compares what is seen of the room with what it looked like when somebody looked at it.
func TestLooks(t *testing.T) {
	// A change elsewhere would spoil the first thing that IT sees of the program.
	for _, name := range important {
		for _, c := range []struct {
			language, mode string
			look           theme.Look
		}{{"en", "light", theme.Look{}}, {"zh-Hans", "dark", theme.Look{Dark: true}}} {
			d := newDesk(t, c.language, c.look, small)
			d.show(scenes(c.language)[name])
			test.AssertImageMatches(t, name+"-"+c.language+"-"+c.mode+".png", d.window.Canvas().Capture())
		}
	}
}
