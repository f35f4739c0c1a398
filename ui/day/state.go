// Package day is the manager's room: what was redeemed on a business day, what it came to, what went wrong, and what can be done about it.
// What it shows is a function of a State, and so is what happens to the State (step.go); Room carries out what Step orders, away from
// the window's goroutine, and draws. Everything that is added up comes from terminal.FiguresOf, like `countersignctl report`.
package day

import (
	"time"

	"countersign/terminal"
)

// Account is one business day, of the whole store or of this counter, added up.
type Account struct {
	Records  []terminal.Record
	Figures  terminal.Figures
	Counters []Counter // of the whole store: its counters, by name
	// New and Returning count customers, where the account is the whole store's.
	New, Returning int64
}

// Counter is a counter of the store as the cloud heard of it last.
type Counter struct {
	Name     string
	Pending  int64 // entries that it had not sent
	LastSeen time.Time
	Closed   bool // it closed this day
}

// Names are what ids are called.
type Names struct {
	Campaigns map[string]terminal.Text
	Operators map[string]string
}

// Tasks are what somebody should look at.
type Tasks struct {
	Exceptions []terminal.Exception
	Slips      int           // that nobody can say of whether they came out
	ClockOff   time.Duration // by which the clock of this computer is wrong; 0 where it is right
}

func (t Tasks) count() int {
	n := len(t.Exceptions)
	if t.Slips > 0 {
		n++
	}
	if t.ClockOff != 0 {
		n++
	}
	return n
}

// Page is what the room shows.
type Page string

// The pages. Esc leads from each to the figures, and from there back to the counter.
const (
	FiguresPage Page = "figures"
	RowsPage    Page = "rows"
	TasksPage   Page = "tasks"
	OffersPage  Page = "offers"
	FilePage    Page = "file"
	ClosePage   Page = "close"
)

// Grouping is what the list beside the chart is by.
type Grouping string

// The groupings, in the order in which F3 goes through them.
const (
	ByCampaign  Grouping = "campaign"
	ByCashier   Grouping = "cashier"
	ByKind      Grouping = "kind"
	ByAssurance Grouping = "assurance"
	ByCounter   Grouping = "counter"
	ByReason    Grouping = "reason"
)

var groupings = []Grouping{ByCampaign, ByCashier, ByKind, ByAssurance, ByCounter, ByReason}

// Formats are the files that a day can be saved as.
var Formats = []string{"xlsx", "pdf", "csv"}

// Times of the room.
const (
	freshSeconds  = 60 // today's figures are asked for again so often
	soonSeconds   = 5  // and so often while the cloud's lack what this counter has
	sureSeconds   = 10 // the second press that a pause needs comes so soon, or not at all
	soonDays      = 7  // what starts or ends within so many days is told
	noticeSeconds = 8
)

// State is all that the room shows.
type State struct {
	Now     time.Time
	Open    bool
	Place   terminal.Settings
	Manager *terminal.Operator // nil where nobody signs in
	Names   Names

	Today, Day terminal.Date
	Turn       uint64 // counts the days that were asked for: an answer to an older question is dropped
	Asked      time.Time
	Asking     bool // the whole store's is asked for
	OnlyHere   bool
	Own        *Account // nil until it is there
	Store      *Account
	Heard      time.Time // when Store came
	Uncounted  int64     // how many of Own's records Store is without
	Away       error     // why the whole store's is not there; nil while it is asked for
	Broken     error     // why not even this counter's is there

	Page  Page
	Pick  int // of FiguresPage: an index into numbers
	By    Grouping
	Title terminal.Saying // of RowsPage: the number that was opened
	Value string
	Worth []terminal.NetWorth // of RowsPage: what that number comes to; nil where it is no money
	Found []terminal.Record   // of RowsPage, nil until they are there
	Row   int                 // of RowsPage, TasksPage, OffersPage and FilePage
	Tasks *Tasks

	Offers []terminal.Campaign
	Sure   string // the offer that the next press pauses or resumes
	Until  time.Time
	Busy   bool // a file is written, an offer is paused, the day is being closed

	Closed  *terminal.Entry      // of ClosePage: the close that was made
	Kept    bool                 // of ClosePage: its slip waits for a printer to be set up
	Refused *terminal.DayRefused // of ClosePage: why none was
	Failed  bool

	Notice terminal.Saying
	Bad    bool // the notice is of something that did not work
	Told   time.Time
}

// close is the entry with which this counter closed the day that is shown; nil while the day is open, or not known.
func (s State) close() *terminal.Entry {
	if s.Own == nil {
		return nil
	}
	for i := range s.Own.Records {
		if entry := &s.Own.Records[i].Entry; entry.Kind == terminal.EntryDayClose && entry.Totals != nil {
			return entry
		}
	}
	return nil
}

// account is what is shown, and whether that is the whole store. It is nil while nothing is known.
func (s State) account() (account *Account, whole bool) {
	if !s.OnlyHere && s.Store != nil {
		return s.Store, true
	}
	return s.Own, false
}

// late are the counters that have not sent everything.
func (s State) late() []Counter {
	var late []Counter
	if s.Store == nil || s.OnlyHere {
		return nil
	}
	here := false
	for _, counter := range s.Store.Counters {
		if counter.Name == s.Place.Terminal {
			here, counter.Pending = true, max(counter.Pending, s.Uncounted)
		}
		if counter.Pending > 0 {
			late = append(late, counter)
		}
	}
	if !here && s.Uncounted > 0 {
		late = append(late, Counter{Name: s.Place.Terminal, Pending: s.Uncounted})
	}
	return late
}

// uncounted is how many of this counter's own records the whole store's figures are without. What the cloud heard of this counter's pending
// entries is older than its answer: what was redeemed without a line is nothing that it knows to be missing.
func (s State) uncounted() int64 {
	if s.Own == nil || s.Store == nil {
		return 0
	}
	counted := make(map[terminal.UID]bool, len(s.Store.Records))
	for i := range s.Store.Records {
		counted[s.Store.Records[i].Entry.UID] = true
	}
	missing := int64(0)
	for i := range s.Own.Records {
		switch entry := &s.Own.Records[i].Entry; entry.Kind {
		case terminal.EntryRedeem, terminal.EntryReverse, terminal.EntryDecline:
			if !counted[entry.UID] {
				missing++
			}
		}
	}
	return missing
}

// number is one number on the page of figures, with the filter that finds the rows behind it.
type number struct {
	label  terminal.Saying
	count  int64
	back   int64 // of a line of the list or an hour: reversals, which worth is less by
	worth  []terminal.NetWorth
	filter terminal.DayFilter
	group  group
	key    string // of an hour: "09"
}

// group is where a number stands on the page.
type group int

const (
	inTiles group = iota
	inHours
	inList
)

// numbers are all that can be opened, in the order in which the arrow keys go through them.
func (s State) numbers() []number {
	account, _ := s.account()
	if account == nil {
		return nil
	}
	f := account.Figures
	say := func(key string) terminal.Saying { return terminal.Saying{Key: "day." + key} }
	all := []number{
		{label: say("redeemed"), count: f.Redemptions, filter: terminal.DayFilter{Entry: terminal.EntryRedeem}},
		{label: say("reversed"), count: f.Reversals, filter: terminal.DayFilter{Entry: terminal.EntryReverse}},
		{label: say("worth"), worth: f.Worth, filter: terminal.DayFilter{Honoured: true}},
		{label: say("declined"), count: f.Declines, filter: terminal.DayFilter{Entry: terminal.EntryDecline}},
		{label: say("offline"), count: f.Offline, filter: terminal.DayFilter{Entry: terminal.EntryRedeem, Assurance: terminal.Offline}},
		{label: say("pending"), count: f.Pending, filter: terminal.DayFilter{Entry: terminal.EntryRedeem, Verdict: terminal.Pending}},
	}
	for _, hour := range f.Hours {
		all = append(all, number{label: terminal.Saying{Key: "day.hour", Args: map[string]any{"hour": hour.Key}}, count: hour.Redemptions, back: hour.Reversals, worth: hour.Worth,
			filter: terminal.DayFilter{Honoured: true, Hour: hour.Key}, group: inHours, key: hour.Key})
	}
	return append(all, s.listed(f)...)
}

// listed are the numbers of the list beside the chart.
func (s State) listed(f terminal.Figures) []number {
	var list []number
	add := func(label terminal.Saying, count, back int64, worth []terminal.NetWorth, filter terminal.DayFilter) {
		filter.Honoured = s.By != ByReason
		list = append(list, number{label: label, count: count, back: back, worth: worth, filter: filter, group: inList})
	}
	value := func(v any) terminal.Saying { return terminal.Saying{Key: "ui.value", Args: map[string]any{"value": v}} }
	switch s.By {
	case ByCampaign:
		for _, c := range f.Campaigns {
			var worth []terminal.NetWorth
			if sum := c.Worth(); sum != nil {
				worth = []terminal.NetWorth{{Net: *sum}}
			}
			add(value(s.campaign(c.Campaign)), c.Redemptions, c.Reversals, worth, terminal.DayFilter{Campaign: c.Campaign})
		}
	case ByCashier:
		for _, g := range f.Operators {
			label := value(s.operator(g.Key))
			if g.Key == "" {
				label = terminal.Saying{Key: "day.nobody"}
			}
			add(label, g.Redemptions, g.Reversals, g.Worth, terminal.DayFilter{Operator: g.Key})
		}
	case ByKind:
		for _, g := range f.Kinds {
			add(terminal.Saying{Key: "kind." + g.Key}, g.Redemptions, g.Reversals, g.Worth, terminal.DayFilter{Kind: terminal.Kind(g.Key)})
		}
	case ByAssurance:
		for _, g := range f.Assurances {
			add(terminal.Saying{Key: "assurance." + g.Key}, g.Redemptions, g.Reversals, g.Worth, terminal.DayFilter{Assurance: terminal.Assurance(g.Key)})
		}
	case ByCounter:
		for _, g := range f.Terminals {
			add(terminal.Saying{Key: "ui.counter", Args: map[string]any{"terminal": g.Key}}, g.Redemptions, g.Reversals, g.Worth, terminal.DayFilter{Terminal: g.Key})
		}
	case ByReason:
		for _, d := range f.Declined {
			add(terminal.Saying{Key: "reason." + string(d.Reason) + ".title"}, d.Count, 0, nil, terminal.DayFilter{Entry: terminal.EntryDecline, Reason: d.Reason})
		}
	}
	return list
}

// several is how often the list counts a redemption or a reversal beyond once: a bill stands under each of its offers.
func (s State) several(f terminal.Figures) terminal.Several {
	switch s.By {
	case ByCampaign:
		return f.SeveralCampaigns
	case ByKind:
		return f.SeveralKinds
	}
	return terminal.Several{}
}

// campaign is an offer's name, or its id where the counter has forgotten it.
func (s State) campaign(id string) terminal.Text {
	if name := s.Names.Campaigns[id]; len(name) > 0 {
		return name
	}
	return terminal.Text{"en": id}
}

func (s State) operator(id string) string {
	if name := s.Names.Operators[id]; name != "" {
		return name
	}
	return id
}
