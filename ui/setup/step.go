package setup

import (
	"slices"
	"strconv"
	"strings"
)

// Event is something that a person does, or that has come of an Order.
type Event any

// What people do.
type (
	Pressed struct{ Name string } // a button, by its name
	Moved   struct{ By int }      // the arrows
	Wrote   struct{ Text string }
	Erased  struct{}
	Opened  struct{ Page Page }
)

// What comes of orders.
type (
	Progressed    struct{ Join Joining }
	PortsFound    struct{ Ports []Port }
	PrinterChosen struct{ Chosen Chosen }
	PeopleCame    struct{ People People }
	Examined      struct{ Checks []Check }
	LogRead       struct{ Lines []string }
	Bundled       struct{ Bundle Bundle }
	PicturesFound struct{ Paths []string }
	LogoChosen    struct{ Logo Logo }
)

// Order is something to be done, away from the window's goroutine but for Speak and Leave.
type Order any

// The orders.
type (
	Speak        struct{ Language string }
	JoinWith     struct{ Code string } // "" for the code that was left on this computer
	FindPorts    struct{}
	Choose       struct{ Target, Kind string }
	TestPage     struct{}
	TryPrinter   struct{ Target, Kind string } // a test page straight to a printer that slips do not go to yet
	AskPeople    struct{}
	Examine      struct{}
	MakeBundle   struct{}
	FindPictures struct{}
	UseLogo      struct{ Path string } // "" for the cloud's
	Leave        struct{}              // done: to the counter, or where there is none, away
)

// The buttons' names.
const (
	pressNext     = "next"
	pressBack     = "back"
	pressTest     = "F5"
	pressKind     = "F6"
	pressPorts    = "F7"
	pressDevices  = "F2"
	pressDoctor   = "F3"
	pressLogo     = "F4"
	pressAgain    = "F8"
	pressBundle   = "F9"
	pressPrinters = "F10"
	pressRow      = "row:" // and its number
)

// Happen takes an event.
func Happen(s State, event Event) (State, []Order) {
	switch e := event.(type) {
	case Pressed:
		return s.pressed(e.Name)
	case Opened:
		return s.open(e.Page)
	case Moved:
		if rows := s.rows(); rows > 0 {
			s = s.untyped()
			s.Row = min(max(s.Row+e.By, 0), rows-1)
		}
	case Wrote:
		if s.typing() && !s.busy() {
			s = s.write(e.Text)
		}
	case Erased:
		if s.typing() && !s.busy() {
			s = s.erase()
		}
	case Progressed:
		s.Join = e.Join
		if s.Join.Stage == Joined {
			s.Text, s.Left = "", false
		}
	case PortsFound:
		s.Ports = withTyped(e.Ports, s.Chosen.Target)
		if at := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Target == s.Chosen.Target }); s.Page == PrinterPage && at >= 0 {
			s.Row = at + 1
		}
	case PrinterChosen:
		s.Chosen = e.Chosen
	case PeopleCame:
		s.People = e.People
	case Examined:
		s.Checks = e.Checks
		s.Row = max(0, s.amiss())
	case LogRead:
		s.Log = e.Lines
	case Bundled:
		s.Bundle = e.Bundle
	case PicturesFound:
		s.Pictures = e.Paths
	case LogoChosen:
		s.Logo = e.Logo
	}
	return s, nil
}

// withTyped are ports with one that was typed, or that is unplugged now, before those that were found.
func withTyped(ports []Port, target string) []Port {
	if target == "" || slices.ContainsFunc(ports, func(p Port) bool { return p.Target == target }) {
		return ports
	}
	return append([]Port{{Target: target, Path: target, Name: target}}, ports...)
}

// open goes to a page.
func (s State) open(page Page) (State, []Order) {
	s.Page, s.Row, s.Text = page, 0, ""
	switch page {
	case LanguagePage:
		s.Row = max(0, slices.Index(s.Languages, s.Language))
	case PrinterPage:
		s.Ports = nil
		return s, []Order{FindPorts{}}
	case KindPage:
		s.Row = max(0, slices.IndexFunc(s.Kinds, func(k Kind) bool { return k.ID == s.Chosen.Kind }))
	case PeoplePage:
		return s, []Order{AskPeople{}}
	case ReadyPage, DoctorPage:
		s.Checks = nil
		return s, []Order{Examine{}}
	case LogoPage:
		s.Pictures = nil
		return s, []Order{FindPictures{}}
	case DevicesPage, JoinPage, ScannerPage:
	}
	return s, nil
}

func (s State) pressed(name string) (State, []Order) {
	if number, ok := strings.CutPrefix(name, pressRow); ok {
		if row, err := strconv.Atoi(number); err == nil && row < s.rows() {
			s = s.untyped()
			s.Row = row
			return s.choose()
		}
		return s, nil
	}
	switch name {
	case pressNext:
		return s.next()
	case pressBack:
		return s.back()
	case pressTest:
		switch target := s.untried(); {
		case !s.Joined() || !s.printing():
		case target != "":
			return s, []Order{TryPrinter{target, s.Chosen.Kind}}
		case !s.unset():
			return s, []Order{TestPage{}}
		}
	case pressKind:
		if s.Page == PrinterPage && s.Chosen.Fixed == "" {
			return s.open(KindPage)
		}
	case pressPorts:
		if s.Page == PrinterPage {
			return s.open(PrinterPage)
		}
	case pressAgain:
		if s.Page == DoctorPage || s.Page == ReadyPage {
			return s.open(s.Page)
		}
	case pressBundle:
		if s.Page == DoctorPage && !s.Bundle.Making {
			s.Bundle = Bundle{Making: true}
			return s, []Order{MakeBundle{}}
		}
	}
	if page, ok := map[string]Page{pressDevices: DevicesPage, pressDoctor: DoctorPage, pressLogo: LogoPage, pressPrinters: PrinterPage}[name]; ok && !s.Guided {
		return s.open(page)
	}
	return s, nil
}

// printing reports that a test page can be asked for here.
func (s State) printing() bool { return s.Page == DevicesPage || s.Page == PrinterPage }

// untried is the printer that a test page is for where slips do not go to it yet: the one that is typed or marked, or the one that was chosen and
// holds from the next start on. "" for the one that they go to.
func (s State) untried() string {
	free := s.Page == PrinterPage && s.Chosen.Fixed == ""
	switch {
	case free && strings.TrimSpace(s.Text) != "":
		return strings.TrimSpace(s.Text)
	case free && s.unchosen():
		return s.Ports[s.Row-1].Target
	case s.Chosen.Later:
		return s.Chosen.Target
	}
	return ""
}

// unset reports that there is no printer that a test page could be for.
func (s State) unset() bool {
	return s.untried() == "" && s.Page == PrinterPage && (s.Chosen.Later || (s.Chosen.Target == "" && s.Chosen.Fixed == ""))
}

// untyped drops a printer's address that was being typed, for a row of the list: Enter would take the address in place of the row that is marked.
func (s State) untyped() State {
	if s.Page == PrinterPage {
		s.Text = ""
	}
	return s
}

// choose takes the row that is marked.
func (s State) choose() (State, []Order) {
	switch s.Page {
	case LanguagePage:
		s.Language = s.Languages[s.Row]
		return s, []Order{Speak{s.Language}}
	case PrinterPage:
		if s.Chosen.Fixed != "" {
			return s, nil
		}
		s.Chosen.Target = ""
		if s.Row > 0 {
			s.Chosen.Target = s.Ports[s.Row-1].Target
		}
		return s, []Order{Choose{s.Chosen.Target, s.Chosen.Kind}}
	case KindPage:
		s.Chosen.Kind = s.Kinds[s.Row].ID
		order := Choose{s.Chosen.Target, s.Chosen.Kind}
		s, orders := s.open(PrinterPage)
		return s, append(orders, order)
	case LogoPage:
		if s.Row == 0 {
			return s, []Order{UseLogo{}}
		}
		return s, []Order{UseLogo{s.Pictures[s.Row-1]}}
	case DevicesPage, DoctorPage, JoinPage, ScannerPage, PeoplePage, ReadyPage:
	}
	return s, nil
}

// next is Enter: it takes what is to be taken on the page, else goes to the next step.
func (s State) next() (State, []Order) {
	switch {
	case s.busy():
		return s, nil
	case s.Page == JoinPage && s.Join.Stage != Joined && (s.Text != "" || s.Left):
		code := joinCode(s.Text)
		s.Join = Joining{Stage: Asking}
		return s, []Order{JoinWith{code}}
	case s.Page == PrinterPage && s.Text != "" && s.Chosen.Fixed == "":
		s.Chosen.Target = strings.TrimSpace(s.Text)
		s.Ports, s.Text = withTyped(s.Ports, s.Chosen.Target), ""
		s.Row = 1 + slices.IndexFunc(s.Ports, func(p Port) bool { return p.Target == s.Chosen.Target })
		return s, []Order{Choose{s.Chosen.Target, s.Chosen.Kind}}
	case s.unchosen():
		return s.choose()
	case !s.Guided:
		return s, nil
	}
	at := slices.Index(Steps, s.Page)
	if at == len(Steps)-1 {
		return s, []Order{Leave{}}
	}
	return s.open(Steps[at+1])
}

// unchosen reports that the marked row is another one than what holds: then Enter takes it first.
func (s State) unchosen() bool {
	switch s.Page {
	case LanguagePage:
		return s.Languages[s.Row] != s.Language
	case PrinterPage:
		target := ""
		if s.Row > 0 && s.Row <= len(s.Ports) {
			target = s.Ports[s.Row-1].Target
		}
		return s.Ports != nil && s.Chosen.Fixed == "" && s.Row > 0 && target != s.Chosen.Target
	case KindPage, LogoPage:
		return true
	case DevicesPage, DoctorPage, JoinPage, ScannerPage, PeoplePage, ReadyPage:
	}
	return false
}

// back is Esc.
func (s State) back() (State, []Order) {
	switch at := slices.Index(Steps, s.Page); {
	case s.busy():
		return s, nil
	case s.Page == KindPage:
		return s.open(PrinterPage)
	case !s.Guided && s.Page == PrinterPage:
		return s.open(DevicesPage)
	case !s.Guided:
		return s, []Order{Leave{}}
	case at > 0:
		return s.open(Steps[at-1])
	}
	return s, nil
}
