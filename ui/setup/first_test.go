package setup_test

import (
	"reflect"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/terminal/receipt"
	"countersign/ui/setup"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// newFirst opens the window of the first start.
func newFirst(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, "en", theme.Look{}, small)
	d.screen.Pose(setup.State{Guided: true, Page: setup.LanguagePage, Languages: translations.Languages, Language: "en", Kinds: kinds,
		Chosen: setup.Chosen{Kind: "generic-80"}})
	return d
}

// enter presses Enter as a person does.
func (d *desk) enter() {
	d.world.Pass(time.Second)
	d.hands.Key(fyne.KeyReturn)
}

// take hands back what was ordered since it was called last.
func (d *desk) take() []setup.Order {
	orders := d.orders
	d.orders = nil
	return orders
}

func (d *desk) expect(t *testing.T, what string, page setup.Page, orders ...setup.Order) {
	t.Helper()
	if got := d.take(); d.screen.State().Page != page || !(len(got) == 0 && len(orders) == 0 || reflect.DeepEqual(got, orders)) {
		t.Fatalf("%s: on %q with %#v ordered, want %q with %#v", what, d.screen.State().Page, got, page, orders)
	}
}

func TestFirstStartByKeys(t *testing.T) {
	// IT could not set a counter up without a mouse, or a step would be done twice, or not at all.
	d := newFirst(t)
	d.hands.Key(fyne.KeyDown)
	d.enter()
	d.expect(t, "another language", setup.LanguagePage, setup.Speak{Language: "zh-Hans"})
	d.enter()
	d.expect(t, "after the language", setup.JoinPage)
	d.hands.Type("countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2C", 90*time.Millisecond)
	d.hands.Key(fyne.KeyBackspace)
	d.enter()
	d.expect(t, "a typed code", setup.JoinPage, setup.JoinWith{Code: "countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2"})
	for _, name := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEscape} {
		d.world.Pass(time.Second)
		d.hands.Key(name)
		d.expect(t, "while it joins", setup.JoinPage)
	}
	d.screen.Happen(setup.Progressed{Join: setup.Joining{Stage: setup.Refused, Trouble: "no", Do: "yes"}})
	d.enter()
	d.expect(t, "the same code again", setup.JoinPage, setup.JoinWith{Code: "countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2"})
	d.screen.Happen(setup.Progressed{Join: setup.Joining{Stage: setup.Joined}})
	d.enter()
	d.expect(t, "joined", setup.PrinterPage, setup.FindPorts{})
	d.screen.Happen(setup.PortsFound{Ports: []setup.Port{{Target: "usb:/dev/usb/lp0", Path: "/dev/usb/lp0"}}})
	d.hands.Key(fyne.KeyDown)
	d.enter()
	d.expect(t, "a printer", setup.PrinterPage, setup.Choose{Target: "usb:/dev/usb/lp0", Kind: "generic-80"})
	d.hands.Key(fyne.KeyF6)
	d.hands.Key(fyne.KeyDown)
	d.enter()
	d.expect(t, "its kind", setup.PrinterPage, setup.FindPorts{}, setup.Choose{Target: "usb:/dev/usb/lp0", Kind: "generic-58"})
	d.hands.Key(fyne.KeyF5)
	d.expect(t, "a test page", setup.PrinterPage, setup.TestPage{})
	d.hands.Scan(receipt.TestCode, fyne.KeyReturn)
	d.expect(t, "the code off the paper", setup.PrinterPage)
	if s := d.screen.State(); s.Phase != setup.Paper || s.Text != "" {
		t.Fatalf("the code off the paper leads to %q with %q typed", s.Phase, s.Text)
	}
	d.enter()
	d.enter()
	d.expect(t, "after the scanner", setup.PeoplePage, setup.AskPeople{})
	d.world.Pass(time.Second)
	d.hands.Key(fyne.KeyEscape)
	d.enter()
	d.enter()
	d.expect(t, "there and back", setup.ReadyPage, setup.AskPeople{}, setup.Examine{})
	d.enter()
	d.expect(t, "the end", setup.ReadyPage, setup.Leave{})
}

func TestFirstStartByFinger(t *testing.T) {
	// On a till without a keyboard the set-up could not be ended, or a step not be skipped.
	d := newFirst(t)
	for _, page := range []setup.Page{setup.JoinPage, setup.PrinterPage, setup.ScannerPage, setup.PeoplePage, setup.ReadyPage} {
		d.press(t, "next")
		if d.screen.State().Page != page {
			t.Fatalf("on %q instead of %q", d.screen.State().Page, page)
		}
	}
	d.press(t, "back")
	if d.screen.State().Page != setup.PeoplePage {
		t.Fatalf("back leads to %q", d.screen.State().Page)
	}
	d.press(t, "next")
	d.press(t, "next")
	if orders := d.take(); orders[len(orders)-1] != (setup.Leave{}) {
		t.Errorf("the end orders %v", orders)
	}
}

// press taps a button.
func (d *desk) press(t *testing.T, name string) {
	t.Helper()
	for _, button := range buttons(d.screen.Content()) {
		if button.Action.Name == name {
			d.world.Pass(time.Second)
			d.hands.Click(button)
			return
		}
	}
	t.Fatalf("there is no button %q on %q", name, d.screen.State().Page)
}

func buttons(o fyne.CanvasObject) []*widgets.Button {
	switch o := o.(type) {
	case *widgets.Button:
		return []*widgets.Button{o}
	case *fyne.Container:
		var all []*widgets.Button
		for _, inner := range o.Objects {
			all = append(all, buttons(inner)...)
		}
		return all
	}
	return nil
}

func TestSecondScanOfAJoinCodeTakesThePlaceOfTheFirst(t *testing.T) {
	// A code that was read badly once could only be mended with a keyboard.
	d := newFirst(t)
	d.press(t, "next")
	d.take()
	d.hands.Scan("countersign://cloud.example/#A", fyne.KeyReturn)
	d.screen.Happen(setup.Progressed{Join: setup.Joining{Stage: setup.Refused}})
	d.take()
	d.hands.Scan("countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2C", fyne.KeyReturn)
	d.expect(t, "the second scan", setup.JoinPage, setup.JoinWith{Code: "countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2C"})
}

func TestJoinCodeThatWasLeftIsUsed(t *testing.T) {
	// A file with a join code beside the program would be of no use once the first try failed.
	d := newFirst(t)
	d.screen.Pose(setup.State{Guided: true, Page: setup.JoinPage, Left: true})
	d.enter()
	d.expect(t, "Enter", setup.JoinPage, setup.JoinWith{})
	d.screen.Pose(setup.State{Guided: true, Page: setup.JoinPage})
	d.screen.Heard("countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2C")
	d.expect(t, "a serial scanner", setup.JoinPage, setup.JoinWith{Code: "countersign://cloud.example/#AB.8D2KQ9TX4B2HQV83XW7P55TD2C"})
}

func TestRoomForTechnicians(t *testing.T) {
	// Diagnostics, the file for support or the logo could not be reached, or the room not be left.
	d := newDesk(t, "en", theme.Look{}, small)
	d.hands.Key(fyne.KeyF3)
	d.hands.Key(fyne.KeyF9)
	d.hands.Key(fyne.KeyF9)
	d.expect(t, "diagnostics", setup.DoctorPage, setup.Examine{}, setup.MakeBundle{})
	d.screen.Happen(setup.Examined{Checks: []setup.Check{{Name: "clock", OK: true}}})
	d.screen.Happen(setup.Bundled{Bundle: setup.Bundle{Path: "/tmp/x.zip"}})
	d.hands.Key(fyne.KeyF8)
	d.expect(t, "again", setup.DoctorPage, setup.Examine{})
	d.hands.Key(fyne.KeyF4)
	d.screen.Happen(setup.PicturesFound{Paths: []string{"/tmp/a.png"}})
	d.hands.Key(fyne.KeyDown)
	d.enter()
	d.expect(t, "a logo", setup.LogoPage, setup.FindPictures{}, setup.UseLogo{Path: "/tmp/a.png"})
	d.hands.Key(fyne.KeyF2)
	d.hands.Key(fyne.KeyF10)
	d.hands.Key(fyne.KeyEscape)
	d.expect(t, "the printer and back", setup.DevicesPage, setup.FindPorts{})
	d.hands.Key(fyne.KeyEscape)
	d.expect(t, "Esc", setup.DevicesPage, setup.Leave{})
}

func TestVoucherAtSetUpTeachesNothing(t *testing.T) {
	// A customer's code scanned while the diagnostics are open would be taken for a scanner that is broken.
	d := newDesk(t, "en", theme.Look{}, small)
	d.hands.Key(fyne.KeyF3)
	d.hands.Scan("7K3MQ9TX4B2HQ", fyne.KeyReturn)
	if s := d.screen.State(); s.Phase != setup.Waiting || s.Page != setup.DoctorPage {
		t.Errorf("%q on %q", s.Phase, s.Page)
	}
}

func TestReadinessReadsAsSentences(t *testing.T) {
	// Whoever sets a counter up in German would read English names of checks and beginnings of sentences; or a command would not run as shown.
	state := setup.State{Guided: true, Page: setup.ReadyPage, Checks: []setup.Check{
		{Name: "journal", Found: "unversehrt: 0 Einträge", OK: true, Offline: true},
		{Name: "terminal", Found: "quay in Lakeside", OK: true, Offline: true},
		{Name: "folder", Found: "till", OK: true, Offline: true},
		{Name: "rights", Found: "öffnen verboten", Do: "chmod g+w /srv/shop/journal.db", Offline: true},
		{Name: "sync", Found: "http://cloud.example antwortet nicht", Do: "führen Sie countersignctl sync aus", Offline: true},
	}}
	want := [][3]string{{"Unversehrt: 0 Einträge", "", "Journal"}, {"quay in Lakeside", "", "Kasse"}, {"till", "", "Datenordner"}, {"Öffnen verboten", "chmod g+w /srv/shop/journal.db", "Rechte"},
		{"http://cloud.example antwortet nicht", "Führen Sie countersignctl sync aus", "Cloud"}}
	for _, page := range []setup.Page{setup.ReadyPage, setup.DoctorPage} {
		state.Page = page
		rows := setup.View(state, translations.For("de", time.UTC)).Rows
		if len(rows) != len(want) {
			t.Fatalf("%s: %d rows: %v", page, len(rows), rows)
		}
		for i, row := range rows {
			if row.Mark != want[i][2] || row.Title != want[i][0] || row.Do != want[i][1] {
				t.Errorf("%s: row %d reads %q, %q, %q", page, i, row.Title, row.Do, row.Mark)
			}
		}
	}
}

func TestWhatHasToBePutRightIsMarked(t *testing.T) {
	// "What is marked red has to be put right" would stand above a list of which only green rows are seen.
	checks := []setup.Check{{Name: "rights", OK: true, Offline: true}, {Name: "sound"}, {Name: "clock", Offline: true}, {Name: setup.CheckReady}}
	for page, want := range map[setup.Page]int{setup.ReadyPage: 1, setup.DoctorPage: 2} {
		if s, _ := setup.Happen(setup.State{Page: page}, setup.Examined{Checks: checks}); s.Row != want {
			t.Errorf("%q: row %d is marked, want %d", page, s.Row, want)
		}
	}
	if s, _ := setup.Happen(setup.State{Page: setup.DoctorPage}, setup.Examined{Checks: checks[:1]}); s.Row != 0 {
		t.Errorf("row %d is marked where all is well", s.Row)
	}
}
