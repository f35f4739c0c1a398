package setup

import (
	"image"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Page is one of the things that can be on the screen.
type Page string

// The pages of the first start, one step after the other, and those of the room that technicians come back to.
const (
	DevicesPage  Page = "" // scanner and printer, side by side
	DoctorPage   Page = "doctor"
	LogoPage     Page = "logo"
	LanguagePage Page = "language"
	JoinPage     Page = "join"
	PrinterPage  Page = "printer"
	KindPage     Page = "kind" // what kind of printer it is: beside PrinterPage
	ScannerPage  Page = "scanner"
	PeoplePage   Page = "people"
	ReadyPage    Page = "ready"
)

// Steps are the steps of the first start.
var Steps = []Page{LanguagePage, JoinPage, PrinterPage, ScannerPage, PeoplePage, ReadyPage}

// Stage is how far joining has come.
type Stage string

// The stages. Filling has three: the cloud puts the vouchers together, they come over the line, they are stored.
const (
	Unasked Stage = ""
	Asking  Stage = "asking"
	Making  Stage = "making"
	Loading Stage = "loading"
	Storing Stage = "storing"
	Refused Stage = "refused"
	Joined  Stage = "joined"
)

// Joining is how joining goes.
type Joining struct {
	Stage       Stage
	Done, Total int64
	Trouble, Do string // why not, and the way on, in words of the window's language; see Refused
	Place       Place
}

// Place is what this computer has become.
type Place struct {
	Terminal, Store, Merchant string
	Vouchers                  int64
	Whole                     bool // the first fill came to its end
}

// Port is where a printer may be.
type Port struct{ Target, Path, Name string }

// Kind is a printer that is known.
type Kind struct {
	ID, Name string
	Columns  int
}

// Chosen is which printer slips go to, and of which kind it is.
type Chosen struct {
	Target, Kind string
	// Fixed is the file or policy that says so; then it cannot be chosen here.
	Fixed   string
	Later   bool   // it holds from the next start on
	Trouble string // it could not be kept
}

// Person is somebody who may work here.
type Person struct{ Name, Role string }

// People are those who arrived with the cloud's news.
type People struct {
	Known   bool // they were looked for
	List    []Person
	Unasked bool // this store asks nobody to sign in
}

// Check is what doctor found, in its own words.
type Check struct {
	Name, Found, Do string
	OK              bool
	Offline         bool // readiness for offline rests on it
}

// Bundle is the file for support.
type Bundle struct {
	Making        bool
	Path, Trouble string
}

// Logo is the store's picture as it is now.
type Logo struct {
	Picture image.Image
	Own     bool   // chosen here, and not the cloud's
	Trouble string // why the last choice was none
}

// State is what the window knows.
type State struct {
	Page   Page
	Guided bool // the first start
	Row    int  // that is marked

	Languages []string // BCP 47
	Language  string
	Text      string // of a join code, or of a printer's address
	Left      bool   // a join code was left on this computer
	Join      Joining

	Phase   Phase
	Scanner Scanner
	Printer Printer
	Chosen  Chosen
	Ports   []Port // nil while they are looked for
	Kinds   []Kind

	People   People
	Checks   []Check // nil while they are made
	Log      []string
	Bundle   Bundle
	Logo     Logo
	Pictures []string // paths; nil while they are looked for
}

// Joined reports that this computer is a terminal.
func (s State) Joined() bool { return !s.Guided || s.Join.Stage == Joined }

// typing reports that what is typed is written down, and no scan that is to be learnt from.
func (s State) typing() bool { return s.Page == JoinPage || s.Page == PrinterPage }

// rows is how many rows can be chosen on the page.
func (s State) rows() int {
	switch s.Page {
	case LanguagePage:
		return len(s.Languages)
	case PrinterPage:
		return len(s.Ports) + 1 // and none at all
	case KindPage:
		return len(s.Kinds)
	case LogoPage:
		return len(s.Pictures) + 1
	case DoctorPage, ReadyPage:
		return len(s.listed())
	case DevicesPage, JoinPage, ScannerPage, PeoplePage:
	}
	return 0
}

// CheckReady is the name of the check that says whether this computer is ready for offline.
const CheckReady = "ready"

// ready reports that nothing keeps this computer from redeeming while the line is cut.
func (s State) ready() bool {
	return slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Name == CheckReady && c.OK })
}

// listed are the checks that the page lists: at the end of the first start those that readiness for offline rests on.
func (s State) listed() []Check {
	if s.Page != ReadyPage {
		return s.Checks
	}
	var list []Check
	for _, check := range s.Checks {
		if check.Offline && check.Name != CheckReady {
			list = append(list, check)
		}
	}
	return list
}

// amiss is the row of the first check to be put right: of one that readiness for offline rests on, else of any; -1 where all is well.
func (s State) amiss() int {
	list := s.listed()
	if at := slices.IndexFunc(list, func(c Check) bool { return !c.OK && c.Offline }); at >= 0 {
		return at
	}
	return slices.IndexFunc(list, func(c Check) bool { return !c.OK && c.Name != CheckReady })
}

// hears reports that a scan means something on the page.
func (s State) hears() bool {
	return s.Page == DevicesPage || s.Page == ScannerPage || s.Page == PrinterPage
}

// busy reports that joining must not be disturbed.
func (s State) busy() bool {
	return s.Join.Stage != Unasked && s.Join.Stage != Refused && s.Join.Stage != Joined
}

// joinCode is the join code in what was typed: the last one, where several were scanned one behind the other.
func joinCode(typed string) string {
	const scheme = "countersign://"
	if at := strings.LastIndex(strings.ToLower(typed), scheme); at > 0 {
		typed = typed[at:]
	}
	return strings.TrimSpace(typed)
}

// mostTyped is more than any address or join code has.
const mostTyped = 400

func (s State) write(text string) State {
	for _, r := range text {
		if unicode.IsPrint(r) && len(s.Text) < mostTyped {
			s.Text += string(r)
		}
	}
	if s.Join.Stage == Refused {
		s.Join = Joining{}
	}
	return s
}

func (s State) erase() State {
	if runes := []rune(s.Text); len(runes) > 0 {
		s.Text = string(runes[:len(runes)-1])
	}
	return s
}

// Key is one key as it arrived from a scanner that types. Enter is the rune '\r', Tab '\t'.
type Key struct {
	Rune rune
	At   time.Time
}
