package setup

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Said is a sentence with its sign.
type Said struct {
	Sign  widgets.Sign
	Tone  theme.Tone
	Text  string
	Hints []string
}

// Mark is a step of the first start, or a page of the room: where one is, and what lies behind.
type Mark struct {
	Label      string
	Name, Key  string // of a page's button
	Here, Done bool
}

// Row is one of a list to choose from or to read.
type Row struct {
	Title, Detail, Do string
	Mark              string // at the right
	Sign              widgets.Sign
	Tone              theme.Tone
	Name              bool // the title is other people's words: it may end in an ellipsis
}

// Side is what stands at the right of a page.
type Side string

// The sides.
const (
	SideNone Side = ""
	SideCode Side = "code" // the calibration's code
	SideSlip Side = "slip" // the test page
	SideLogo Side = "logo"
)

// Sight is what is to be seen.
type Sight struct {
	Title, Hint      string
	Steps, Tabs      []Mark
	Scanner, Printer Said
	Says             []Said
	Field            *Entry
	Share            float32 // of a bar; see ShareText
	ShareText        string
	Rows             []Row
	Chosen           int    // the marked row; -1 for none
	None             string // in place of rows
	Log              []string
	Side             Side
	Actions          []widgets.Action
}

// Entry is a field in which something is typed.
type Entry struct{ Text, Hint string }

type words struct{ terminal.Words }

func (w words) say(key string) string                        { return w.Say("setup."+key, nil) }
func (w words) with(key string, facts map[string]any) string { return w.Say("setup."+key, facts) }
func (w words) sentence(key, hint string, tone theme.Tone) Said {
	said := Said{Sign: signs[tone], Tone: tone, Text: w.say(key)}
	if hint != "" {
		said.Hints = []string{w.say(hint)}
	}
	return said
}

var signs = map[theme.Tone]widgets.Sign{theme.Done: widgets.SignTick, theme.Refused: widgets.SignCross, theme.Asking: widgets.SignWarning,
	theme.Calm: widgets.SignDot, theme.Ready: widgets.SignTicket}

// View says what is to be seen of a state.
func View(s State, language terminal.Words) Sight {
	w := words{language}
	v := Sight{Chosen: -1, Scanner: scannerSaid(s, language), Printer: printerSaid(s.Printer, language)}
	if s.rows() > 0 {
		v.Chosen = s.Row
	}
	switch s.Page {
	case DevicesPage:
		v.Title, v.Hint = w.say("title"), w.say("hint")
	case LanguagePage:
		languagePage(&v, s, w)
	case JoinPage:
		joinPage(&v, s, w)
	case PrinterPage:
		printerPage(&v, s, w)
	case KindPage:
		kindPage(&v, s, w)
	case ScannerPage:
		v.Title, v.Hint, v.Says, v.Side = w.say("scanner.title"), w.say("scanner.hint"), []Said{v.Scanner}, SideCode
	case PeoplePage:
		peoplePage(&v, s, w)
	case ReadyPage, DoctorPage:
		checksPage(&v, s, w)
	case LogoPage:
		logoPage(&v, s, w)
	}
	if s.Guided {
		v.Steps = steps(s, w)
	} else {
		v.Tabs = tabs(s, w)
	}
	v.Actions = actions(s, w)
	return v
}

// done reports that a step needs nobody any more.
func (s State) done(page Page) bool {
	switch page {
	case LanguagePage:
		return s.Language != "" && s.Page != LanguagePage
	case JoinPage:
		return s.Joined()
	case PrinterPage:
		return s.Chosen.Target != "" && (s.Printer.Well || s.Phase == Paper || (s.Printer.Job != "" && !s.Printer.Needs)) // some cannot say how they are
	case ScannerPage:
		return s.Phase == Learnt || s.Phase == Line || s.Phase == Paper
	case PeoplePage:
		return s.People.Known && (len(s.People.List) > 0 || s.People.Unasked)
	case ReadyPage:
		return s.ready()
	case DevicesPage, DoctorPage, LogoPage, KindPage:
	}
	return false
}

func steps(s State, w words) []Mark {
	var marks []Mark
	for _, page := range Steps {
		here := s.Page == page || (s.Page == KindPage && page == PrinterPage)
		marks = append(marks, Mark{Label: w.say("step." + string(page)), Here: here, Done: s.done(page)})
	}
	return marks
}

func tabs(s State, w words) []Mark {
	mark := func(name, label string, pages ...Page) Mark {
		return Mark{Label: w.say(label), Name: name, Key: name, Here: slices.Contains(pages, s.Page)}
	}
	return []Mark{mark(pressDevices, "tab.devices", DevicesPage, PrinterPage, KindPage), mark(pressDoctor, "tab.doctor", DoctorPage),
		mark(pressLogo, "tab.logo", LogoPage)}
}

func languagePage(v *Sight, s State, w words) {
	v.Title, v.Hint = w.say("language.title"), w.say("language.hint")
	for _, tag := range s.Languages {
		row := Row{Title: w.Say("ui.language."+tag, nil)}
		if tag == s.Language {
			row.Sign, row.Tone = widgets.SignTick, theme.Done
		}
		v.Rows = append(v.Rows, row)
	}
}

func joinPage(v *Sight, s State, w words) {
	v.Title, v.Hint = w.say("join.title"), w.say("join.hint")
	place := s.Join.Place
	facts := map[string]any{"terminal": place.Terminal, "store": place.Store, "merchant": place.Merchant, "count": place.Vouchers}
	if s.Join.Total > 0 {
		v.Share = min(1, float32(s.Join.Done)/float32(s.Join.Total))
	}
	switch s.Join.Stage {
	case Joined:
		said := Said{Sign: widgets.SignTick, Tone: theme.Done, Text: w.with("join.joined", facts), Hints: []string{w.with("join.filled", facts)}}
		if !place.Whole {
			said.Hints = []string{w.say("join.unfilled")}
		}
		v.Hint, v.Says = "", []Said{said}
		return
	case Asking, Making, Loading, Storing:
		v.ShareText = w.with("join."+string(s.Join.Stage), map[string]any{"percent": int(v.Share * 100)})
	case Refused:
		v.Says = []Said{{Sign: widgets.SignCross, Tone: theme.Refused, Text: s.Join.Trouble, Hints: []string{s.Join.Do}}}
	case Unasked:
		if s.Left {
			v.Says = []Said{w.sentence("join.left", "join.left_hint", theme.Ready)}
		} else {
			v.Says = []Said{{Sign: widgets.SignScan, Tone: theme.Calm, Text: w.say("join.waiting"), Hints: []string{w.say("join.waiting_hint")}}}
		}
	}
	if !s.busy() {
		v.Field = &Entry{s.Text, w.say("join.field")}
	}
}

func printerPage(v *Sight, s State, w words) {
	v.Title, v.Hint, v.Side = w.say("printer.title"), w.say("printer.choose"), SideSlip
	paper := s.Phase == Paper
	switch {
	case s.Chosen.Trouble != "":
		v.Says = []Said{{Sign: widgets.SignCross, Tone: theme.Refused, Text: s.Chosen.Trouble}}
	case s.Chosen.Later:
		v.Says = []Said{w.sentence("printer.later", "", theme.Asking)}
	case !s.Joined():
		v.Says = []Said{w.sentence("printer.unjoined", "", theme.Calm)}
	case s.unset() && s.Printer.Tried.Text == "":
		v.Says = []Said{w.sentence("printer.unset", "", theme.Calm)}
	case paper:
		v.Says = []Said{w.sentence("scanner.paper", "scanner.paper_hint", theme.Done)}
	case s.Chosen.Target != "" && s.Printer.Tried.Text == "":
		v.Says = []Said{v.Printer}
	}
	if tried := s.Printer.Tried; tried.Text != "" && s.Joined() {
		v.Says = append(v.Says, tried)
	}
	if s.Chosen.Fixed != "" {
		v.Hint = w.with("printer.fixed", map[string]any{"target": s.Chosen.Target, "place": s.Chosen.Fixed})
		v.Chosen = -1
		return
	}
	v.Field = &Entry{s.Text, w.say("printer.field")}
	v.Rows = []Row{{Title: w.say("printer.none"), Detail: w.say("printer.none_hint")}}
	if s.Text != "" { // what is typed is what Enter takes
		v.Chosen = -1
	}
	if s.Chosen.Target == "" && s.Text == "" {
		v.Rows[0].Sign, v.Rows[0].Tone = widgets.SignTick, theme.Done
	}
	for _, port := range s.Ports {
		row := Row{Title: port.Name, Detail: port.Target, Name: true}
		switch row.Title {
		case "":
			row.Title = filepath.Base(port.Path)
		case row.Detail:
			row.Detail = w.say("printer.typed")
		}
		if port.Target == s.Chosen.Target {
			row.Sign, row.Tone = widgets.SignTick, theme.Done
		}
		v.Rows = append(v.Rows, row)
	}
}

func kindPage(v *Sight, s State, w words) {
	v.Title, v.Hint = w.say("kind.title"), w.say("kind.hint")
	for _, kind := range s.Kinds {
		row := Row{Title: w.kind(kind), Detail: w.with("kind.detail", map[string]any{"id": kind.ID, "columns": kind.Columns}), Name: true}
		if kind.ID == s.Chosen.Kind {
			row.Sign, row.Tone = widgets.SignTick, theme.Done
		}
		v.Rows = append(v.Rows, row)
	}
}

// kind is what a kind of printer is called: that of a maker by its name, and one of any maker in the window's language.
func (w words) kind(kind Kind) string {
	switch kind.ID {
	case "generic-80":
		return w.say("kind.wide")
	case "generic-58":
		return w.say("kind.narrow")
	case "generic-80-chinese":
		return w.say("kind.chinese")
	}
	return kind.Name
}

func peoplePage(v *Sight, s State, w words) {
	v.Title, v.Hint = w.say("people.title"), w.say("people.hint")
	switch {
	case !s.Joined():
		v.Says = []Said{w.sentence("people.unjoined", "", theme.Calm)}
	case !s.People.Known:
		v.None = w.say("people.looking")
	case len(s.People.List) == 0 && s.People.Unasked:
		v.Says = []Said{w.sentence("people.unasked", "", theme.Done)}
	case len(s.People.List) == 0:
		v.Says = []Said{w.sentence("people.none", "people.none_hint", theme.Asking)}
	default:
		v.Says = []Said{{Sign: widgets.SignTick, Tone: theme.Done, Text: w.with("people.some", map[string]any{"count": len(s.People.List)})}}
	}
	for _, person := range s.People.List {
		v.Rows = append(v.Rows, Row{Title: person.Name, Mark: person.Role, Sign: widgets.SignPerson, Tone: theme.Calm, Name: true})
	}
}

// checksPage is doctor's: at the end of the first start what readiness for offline rests on, else everything.
func checksPage(v *Sight, s State, w words) {
	v.Title, v.Hint = w.say("doctor.title"), w.say("doctor.hint")
	if s.Page == ReadyPage {
		v.Title, v.Hint = w.say("ready.title"), ""
	} else {
		v.Log = s.Log
	}
	if s.Checks == nil {
		v.None = w.say("doctor.looking")
		return
	}
	switch {
	case s.Page == DoctorPage:
	case s.ready():
		v.Says = []Said{w.sentence("ready.yes", "ready.yes_hint", theme.Done)}
	case !s.Joined():
		v.Says = []Said{w.sentence("ready.unjoined", "ready.unjoined_hint", theme.Asking)}
	default:
		v.Says = []Said{w.sentence("ready.no", "ready.no_hint", theme.Asking)}
	}
	if s.Page == DoctorPage { // of a long list few are in sight
		v.Hint = w.counted(s.Checks)
	}
	for _, check := range s.listed() {
		row := Row{Title: check.Found, Do: capital(check.Do), Mark: w.say("check." + check.Name), Sign: widgets.SignTick, Tone: theme.Done,
			Name: check.Name == "terminal" || check.Name == "folder"}
		if !row.Name { // the others begin with a name, as somebody wrote it
			row.Title = capital(row.Title)
		}
		switch {
		case !check.OK && check.Offline:
			row.Sign, row.Tone = widgets.SignCross, theme.Refused
		case !check.OK || check.Do != "":
			row.Sign, row.Tone = widgets.SignWarning, theme.Asking
		}
		v.Rows = append(v.Rows, row)
	}
	switch {
	case s.Page != DoctorPage || s.Bundle == Bundle{}:
	case s.Bundle.Making:
		v.Says = []Said{w.sentence("bundle.making", "", theme.Calm)}
	case s.Bundle.Trouble != "":
		v.Says = []Said{{Sign: widgets.SignCross, Tone: theme.Refused, Text: s.Bundle.Trouble}}
	default:
		v.Says = []Said{{Sign: widgets.SignTick, Tone: theme.Done, Text: w.with("bundle.made", map[string]any{"path": s.Bundle.Path}), Hints: []string{w.say("bundle.holds")}}}
	}
}

// counted says how many checks were made, and how many of them somebody has to look at.
func (w words) counted(checks []Check) string {
	bad := 0
	for _, check := range checks {
		if !check.OK || check.Do != "" {
			bad++
		}
	}
	if bad == 0 {
		return w.with("doctor.all_well", map[string]any{"count": len(checks)})
	}
	return w.with("doctor.amiss", map[string]any{"count": len(checks), "bad": bad})
}

// capital begins a sentence with a capital: doctor's begin small, since in a terminal they stand behind a name. What is typed or looked up as
// it stands stays so: a command, a path, an address.
func capital(sentence string) string {
	word, _, _ := strings.Cut(sentence, " ")
	if strings.ContainsFunc(strings.TrimRight(word, ",:;"), func(r rune) bool { return !unicode.IsLetter(r) }) ||
		strings.HasPrefix(word, "countersign") || word == "chmod" || word == "chown" {
		return sentence
	}
	first, size := utf8.DecodeRuneInString(sentence)
	if size == 0 {
		return sentence
	}
	return string(unicode.ToUpper(first)) + sentence[size:]
}

func logoPage(v *Sight, s State, w words) {
	v.Title, v.Hint, v.Side = w.say("logo.title"), w.say("logo.hint"), SideLogo
	switch {
	case s.Logo.Trouble != "":
		v.Says = []Said{{Sign: widgets.SignCross, Tone: theme.Refused, Text: s.Logo.Trouble}}
	case s.Logo.Own:
		v.Says = []Said{w.sentence("logo.own", "", theme.Done)}
	case s.Logo.Picture != nil:
		v.Says = []Said{w.sentence("logo.cloud", "", theme.Done)}
	default:
		v.Says = []Said{w.sentence("logo.none", "", theme.Calm)}
	}
	v.Rows = []Row{{Title: w.say("logo.without"), Detail: w.say("logo.without_hint")}}
	for _, path := range s.Pictures {
		v.Rows = append(v.Rows, Row{Title: filepath.Base(path), Detail: filepath.Dir(path), Name: true})
	}
}

// actions are the buttons at the foot. At most one is the first.
func actions(s State, w words) []widgets.Action {
	key := func(name, label string) widgets.Action {
		return widgets.Action{Name: name, Key: name, Label: w.say(label)}
	}
	esc, enter := w.Say("ui.key.esc", nil), w.Say("ui.key.enter", nil)
	var list []widgets.Action
	switch s.Page {
	case DevicesPage:
		list = append(list, key(pressPrinters, "printer.other"), key(pressTest, "printer.test"))
	case PrinterPage:
		test := key(pressTest, "printer.test")
		test.Off = !s.Joined() || s.unset()
		if s.Chosen.Fixed == "" {
			list = append(list, key(pressPorts, "printer.again"), key(pressKind, "printer.kind"))
		}
		list = append(list, test)
	case ReadyPage:
		list = append(list, key(pressAgain, "doctor.again"))
	case DoctorPage:
		list = append(list, key(pressBundle, "bundle.make"), key(pressAgain, "doctor.again"))
	case LanguagePage, JoinPage, KindPage, ScannerPage, PeoplePage, LogoPage:
	}
	back := widgets.Action{Name: pressBack, Key: esc, Label: w.say("back"), Off: s.busy()}
	if !s.Guided && s.Page != PrinterPage && s.Page != KindPage {
		back.Label = w.Say("ui.do.close", nil)
	}
	if s.Page != LanguagePage {
		list = append(list, back)
	}
	next := widgets.Action{Name: pressNext, Key: enter, Label: w.say("next"), Rank: widgets.First, Off: s.busy()}
	switch {
	case s.Page == DevicesPage, s.Page == DoctorPage:
		list[len(list)-2].Rank = widgets.First
		return list
	case s.Page == JoinPage && s.Join.Stage != Joined && (s.Text != "" || s.Left):
		next.Label = w.say("join.join")
	case s.unchosen(), s.Page == PrinterPage && s.Text != "":
		next.Label = w.say("choose")
	case !s.Guided:
		return list
	case s.Page == ReadyPage && !s.Joined():
		next.Label = w.say("close")
	case s.Page == ReadyPage:
		next.Label = w.say("finish")
	case s.Page != LanguagePage && !s.done(s.Page):
		next.Label, next.Rank = w.say("skip"), widgets.Plain
	}
	return append(list, next)
}

func scannerSaid(s State, words terminal.Words) Said {
	say := func(key string) string { return words.Say(key, nil) }
	switch s.Phase {
	case Learnt:
		return learntSaid(s.Scanner, words)
	case Wrong:
		return Said{widgets.SignCross, theme.Refused, say("setup.scanner.wrong"), []string{say("setup.scanner.wrong_hint")}}
	case Line:
		return Said{widgets.SignTick, theme.Done, say("setup.scanner.line"), []string{say("setup.scanner.line_hint")}}
	case Paper:
		return Said{widgets.SignTick, theme.Done, say("setup.scanner.paper"), []string{say("setup.scanner.paper_hint")}}
	case Waiting:
	}
	return Said{widgets.SignScan, theme.Calm, say("setup.scanner.waiting"), []string{say("setup.scanner.waiting_hint")}}
}

func learntSaid(learnt Scanner, words terminal.Words) Said {
	said := Said{widgets.SignTick, theme.Done, words.Say("setup.scanner.learnt", nil), nil}
	if learnt.Layout != "" {
		facts := map[string]any{}
		if tag, named := scannerKeys(learnt.Layout); named {
			facts["layout"] = words.Say("setup.keys."+tag, nil)
		}
		said.Text = words.Say("setup.scanner.mended", facts)
	}
	if learnt.Unkept { // the first to be known: all that follows is lost with it
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.unkept", nil))
	}
	switch learnt.Suffix {
	case "enter":
		said.Hints = append(said.Hints, words.Say("setup.scanner.enter", nil))
	case "tab":
		said.Hints = append(said.Hints, words.Say("setup.scanner.tab", nil))
	case "none":
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.none", nil))
	}
	if learnt.Slow {
		said.Tone, said.Hints = theme.Asking, append(said.Hints, words.Say("setup.scanner.slow", map[string]any{"gap": learnt.GapMillis}))
	}
	if said.Tone == theme.Asking {
		said.Sign = widgets.SignWarning
		if learnt.Layout == "" {
			said.Text = words.Say("setup.scanner.but", nil)
		}
	}
	return said
}

// scannerKeys is the keyboard that a scanner types for, by what it was learnt as: "fr" for one that is set for the US on a French keyboard, "us-fr"
// for the reverse. It is not named where the symbols themselves were learnt.
func scannerKeys(learnt string) (tag string, named bool) {
	keyboards := []string{"de", "fr", "es", "it", "gb", "ru"}
	if set, reverse := strings.CutPrefix(learnt, "us-"); reverse {
		return set, slices.Contains(keyboards, set)
	}
	return "us", slices.Contains(keyboards, learnt)
}

func printerSaid(p Printer, words terminal.Words) Said {
	said := Said{Sign: widgets.SignPrinter, Tone: theme.Calm, Text: p.How}
	switch {
	case p.Needs:
		said.Sign, said.Tone = widgets.SignWarning, theme.Refused
	case p.Well:
		said.Sign, said.Tone = widgets.SignTick, theme.Done
	}
	if p.Do != "" {
		said.Hints = append(said.Hints, p.Do)
	}
	switch {
	case p.Failed:
		said.Hints = append(said.Hints, words.Say("setup.printer.failed", nil))
	case p.Job != "":
		said.Hints = append(said.Hints, words.Say("setup.printer.job", map[string]any{"job": p.Job}), words.Say("setup.printer.look", nil))
	}
	return said
}
