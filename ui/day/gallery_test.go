package day

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/keys"
	"countersign/ui/theme"
	"countersign/ui/widgets"
	"countersign/ui/widgets/gallery"
)

// berlin is the store's zone, noon is when all of these tests happen.
var (
	berlin = func() *time.Location {
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			panic(err)
		}
		return zone
	}()
	noon  = time.Date(2026, 11, 21, 11, 4, 0, 0, time.UTC)
	today = terminal.Date{Year: 2026, Month: 11, Day: 21}
	anna  = &terminal.Operator{ID: "anna", Name: "Anna Vogt", Role: terminal.RoleManager, Active: true}
)

func euro(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

var place = terminal.Settings{
	Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside Group", Currency: "EUR"},
	Store:    terminal.Store{ID: "quay", Name: "Lakeside Quay", Zone: "Europe/Berlin", SignIn: terminal.SignInShift, BusinessDayStarts: 240},
	Terminal: "counter-1",
}

// deals are the shop's offers.
var deals = []terminal.Campaign{
	{ID: "dinner", Kind: terminal.KindProduct, Currency: "EUR", Value: euro(6800), State: terminal.CampaignLive,
		Name: terminal.Text{"en": "Dinner for two", "zh-Hans": "双人晚餐", "de": "Abendessen für zwei", "es": "Cena para dos"}},
	{ID: "coffee", Kind: terminal.KindPass, Currency: "EUR", Units: 10, State: terminal.CampaignLive, PausedStores: []string{"quay"},
		Name: terminal.Text{"en": "Ten coffees", "zh-Hans": "咖啡十次卡", "de": "Zehn Kaffee", "es": "Diez cafés"}},
	{ID: "gift", Kind: terminal.KindBalance, Currency: "EUR", State: terminal.CampaignLive,
		Name: terminal.Text{"en": "Gift card", "zh-Hans": "礼品卡", "de": "Geschenkkarte", "es": "Tarjeta regalo"}},
	{ID: "autumn", Kind: terminal.KindDiscount, Currency: "EUR", State: terminal.CampaignLive,
		Rules: terminal.Rules{ValidUntil: &terminal.Moment{Instant: noon.Add(60 * time.Hour)}},
		Name:  terminal.Text{"en": "20% off in autumn", "zh-Hans": "秋季八折", "de": "Herbst: 20 % Rabatt", "es": "20 % menos en otoño"}},
	{ID: "boat", Kind: terminal.KindBooking, Currency: "EUR", State: terminal.CampaignLive,
		Rules: terminal.Rules{ValidFrom: &terminal.Moment{Instant: noon.Add(200 * time.Hour)}},
		Name:  terminal.Text{"en": "Evening boat trip", "zh-Hans": "傍晚游船", "de": "Abendliche Bootsfahrt", "es": "Paseo en barco al atardecer"}},
	{ID: "wine", Kind: terminal.KindPickup, Currency: "EUR", State: terminal.CampaignPaused,
		Name: terminal.Text{"en": "Wine to collect", "zh-Hans": "自提葡萄酒", "de": "Wein zum Abholen", "es": "Vino para recoger"}},
}

var names = func() Names {
	n := Names{Campaigns: map[string]terminal.Text{}, Operators: map[string]string{"li": "Li", "tom": "Tom Berger", "anna": "Anna Vogt"}}
	for _, deal := range deals {
		n.Campaigns[deal.ID] = deal.Name
	}
	return n
}()

// records are a day of two counters: redemptions of all sorts from nine in the morning until one at night, declines, and reversals: most of a
// redemption of the day, one of another day's.
func records(n int) []terminal.Record {
	var all []terminal.Record
	var last terminal.Entry // that was redeemed
	for i := range n {
		at := time.Date(2026, 11, 21, 9, 0, 0, 0, berlin).Add(time.Duration(i) * 16 * time.Hour / time.Duration(max(1, n)))
		if h := at.Hour(); i%3 > 0 && h%6 != 0 { // lunch and dinner are the busy hours
			at = at.Add(time.Duration(6-h%6) * 30 * time.Minute)
		}
		deal := deals[i*7%13%5]
		line := terminal.EntryLine{Campaign: deal.ID, Kind: deal.Kind, Units: 1, Masked: fmt.Sprintf("%04d", i*7919%10000), Value: deal.Value}
		if deal.Kind == terminal.KindBalance {
			line.Units, line.Amount = 1250, euro(1250)
		}
		if deal.Kind == terminal.KindDiscount {
			line.Discount = euro(1500)
		}
		r := terminal.Record{Acked: true, Verdict: terminal.Accepted, Entry: terminal.Entry{Kind: terminal.EntryRedeem, UID: terminal.UID{byte(i), 1}, Wall: at, BusinessDay: today,
			Terminal: []string{"counter-1", "counter-2"}[i%2], Operator: []string{"li", "tom", "anna"}[i*i%3], Assurance: terminal.Confirmed,
			Receipt: terminal.ReceiptNumber{Epoch: 1, Number: uint64(i + 1)}, Lines: []terminal.EntryLine{line}}}
		switch {
		case i%11 == 3:
			r.Entry.Kind, r.Verdict, r.Entry.Assurance = terminal.EntryDecline, "", ""
			r.Entry.Reason = []terminal.Reason{terminal.AlreadyRedeemed, terminal.Expired, terminal.OutsideHours, terminal.WrongStore}[i%4]
		case i%17 == 5:
			r.Entry.Kind, r.Verdict, r.Entry.Assurance, r.Entry.About, r.Entry.Lines = terminal.EntryReverse, "", "", last.UID, last.Lines
			if i == 39 {
				r.Entry.About = terminal.UID{1, 2}
			}
		case i%7 == 2:
			r.Entry.Assurance = terminal.Offline
		case i%29 == 6:
			r.Verdict = terminal.Overrun
		case i > n-4:
			r.Verdict = terminal.Pending
		}
		if r.Entry.Kind == terminal.EntryRedeem {
			last = r.Entry
		}
		all = append(all, r)
	}
	return all
}

// ofCounter are the records of counter 1: what its own journal has of the store's day.
func ofCounter(all []terminal.Record) []terminal.Record {
	return slices.DeleteFunc(slices.Clone(all), func(r terminal.Record) bool { return r.Entry.Terminal != place.Terminal })
}

func accountOf(t testing.TB, all []terminal.Record) *Account {
	t.Helper()
	if err := terminal.Trace(all, func(terminal.UID) (terminal.Record, error) { return terminal.Record{}, terminal.ErrUnknown }); err != nil {
		t.Fatal(err)
	}
	figures, err := terminal.FiguresOf(all, terminal.DayFilter{}, place.Store.BusinessDayStarts)
	if err != nil {
		t.Fatal(err)
	}
	return &Account{Records: all, Figures: figures}
}

func wholeStore(t testing.TB, pending int64) *Account {
	account := accountOf(t, records(180))
	account.New, account.Returning = 61, 84
	account.Counters = []Counter{{Name: "counter-1", Closed: true}, {Name: "counter-2", Pending: pending, LastSeen: noon.Add(-20 * time.Minute)}}
	return account
}

var exceptions = []terminal.Exception{
	{ID: "1", Kind: "overrun", State: "open", Campaign: "dinner", Units: 1, AtRisk: euro(6800),
		Uses: []terminal.ExceptionUse{{Terminal: "counter-1", At: noon.Add(-3 * time.Hour), OperatorName: "Li", Receipt: "1-000042"},
			{Terminal: "counter-2", At: noon.Add(-2 * time.Hour), OperatorName: "Tom Berger", Receipt: "1-000017"}}},
	{ID: "2", Kind: "customer_limit", State: "open", Campaign: "coffee", Units: 2, Limit: &terminal.ExceptionLimit{Count: 1, Per: terminal.PerDay, Used: 3},
		Uses: []terminal.ExceptionUse{{Terminal: "counter-2", At: noon.Add(-50 * time.Minute)}}},
	{ID: "3", Kind: "revoked", State: "open", Campaign: "boat", Units: 1, AtRisk: euro(24000),
		Uses: []terminal.ExceptionUse{{Terminal: "counter-1", At: noon.Add(-90 * time.Minute), OperatorName: "Li", Receipt: "1-000038"}}},
	{ID: "4", Kind: "invalid", State: "open", Campaign: "gift", Units: 1,
		Uses: []terminal.ExceptionUse{{Terminal: "counter-2", At: noon.Add(-70 * time.Minute), OperatorName: "Tom Berger", Receipt: "1-000021"}}},
	{ID: "5", Kind: "reversal_excess", State: "open", Campaign: "gift", Units: 1, Uses: []terminal.ExceptionUse{{Terminal: "counter-2", At: noon.Add(-40 * time.Minute)}}},
	{ID: "6", Kind: "campaign_limit", State: "open", Campaign: "coffee", Units: 4, Uses: []terminal.ExceptionUse{}},
}

// broken are those for which a counter must stop.
var broken = []terminal.Exception{
	{ID: "7", Kind: "journal_fork", State: "open", Terminal: "counter-2", Uses: []terminal.ExceptionUse{}},
	{ID: "8", Kind: "journal_chain", State: "open", Terminal: "counter-1", Uses: []terminal.ExceptionUse{}},
}

// serious is what only IT can mend: what of a counter's computer was copied, lost or put back, and all that it may cost.
var serious = []terminal.Exception{
	{ID: "21", Kind: "journal_fork", State: "open", Terminal: "counter-2", Entry: 8114, AtRisk: euro(107980), Undecided: true, Uses: []terminal.ExceptionUse{},
		Stake: []terminal.ExceptionStake{{What: "redeemed", Count: 1, Worth: euro(3990)}, {What: "claims", Count: 1, Worth: euro(3990)}, {What: "leases", Count: 12},
			{What: "offline", Count: 40, Worth: euro(100000)}, {What: "unsent", Count: 7}}},
	{ID: "22", Kind: "clone", State: "open", Terminal: "counter-1", AtRisk: euro(100000), Uses: []terminal.ExceptionUse{}, See: []string{"21"},
		Stake: []terminal.ExceptionStake{{What: "offline", Worth: euro(100000), Unlimited: true}}},
	{ID: "23", Kind: "journal_restore", State: "open", Terminal: "counter-1", Entry: 120, AtRisk: euro(2500), Uses: []terminal.ExceptionUse{},
		Stake: []terminal.ExceptionStake{{What: "redeemed", Count: 2, Worth: euro(2500)}}},
	{ID: "24", Kind: "cloud_restore", State: "open", AtRisk: euro(21000), Uses: []terminal.ExceptionUse{},
		Stake: []terminal.ExceptionStake{{What: "resent", Count: 340}, {What: "claims", Count: 3, Worth: euro(12000)}, {What: "lent", Count: 5, Worth: euro(9000)}, {What: "awaited", Count: 2}}},
	{ID: "25", Kind: "journal_gap", State: "open", Terminal: "counter-2", Entry: 77, Uses: []terminal.ExceptionUse{}},
	{ID: "26", Kind: "clock", State: "open", Terminal: "counter-2", Seconds: 7200, Uses: []terminal.ExceptionUse{}},
}

// scene is one picture of the gallery.
type scene struct {
	name  string
	state func(t testing.TB, s *State)
}

func scenes() []scene {
	page := func(page Page) func(testing.TB, *State) { return func(_ testing.TB, s *State) { s.Page = page } }
	by := func(grouping Grouping) func(testing.TB, *State) { // as F3 leads there
		return func(_ testing.TB, s *State) {
			for s.By != grouping {
				*s = s.regrouped()
			}
		}
	}
	closed := terminal.Entry{Kind: terminal.EntryDayClose, BusinessDay: today, Wall: noon, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 181},
		Totals: &terminal.DayTotals{Number: 12, Redemptions: 78, Reversals: 4, Declines: 8,
			Campaigns: []terminal.CampaignTotal{{Campaign: "dinner", Kind: terminal.KindProduct, Redeemed: terminal.Tally{Value: euro(165700)}, Reversed: terminal.Tally{Value: euro(6800)}}}}}
	return []scene{
		{"day", func(testing.TB, *State) {}},
		{"day-closed", func(_ testing.TB, s *State) {
			own := *s.Own
			own.Records = append(slices.Clone(own.Records), terminal.Record{Entry: closed})
			s.Own = &own
		}},
		{"day-hour", func(_ testing.TB, s *State) { s.By, s.Pick = ByCashier, 9 }},
		{"day-kinds", by(ByKind)},
		{"day-assurance", by(ByAssurance)},
		{"day-counters", by(ByCounter)},
		{"day-declines", by(ByReason)},
		{"day-here", func(_ testing.TB, s *State) { s.OnlyHere = true }},
		{"day-asking", func(_ testing.TB, s *State) { s.Store = nil }},
		{"day-offline", func(_ testing.TB, s *State) { s.Store, s.Away = nil, terminal.ErrNoAnswer }},
		{"day-older", func(_ testing.TB, s *State) { s.Away = terminal.ErrNoAnswer }},
		{"day-late", func(t testing.TB, s *State) { s.Store = wholeStore(t, 12) }},
		{"day-loading", func(_ testing.TB, s *State) { s.Own, s.Store = nil, nil }},
		{"day-empty", func(t testing.TB, s *State) {
			s.Own, s.Store = accountOf(t, nil), accountOf(t, nil)
			s.Store.Counters = []Counter{{Name: "counter-1"}, {Name: "counter-2"}}
			s.Day, s.Tasks = today.AddDays(-3), &Tasks{}
		}},
		{"day-large", func(t testing.TB, s *State) {
			all := records(180)
			for i := range all {
				all[i].Entry.Lines[0].Value, all[i].Entry.Lines[0].Amount, all[i].Entry.Lines[0].Discount = euro(123456789), nil, nil
			}
			s.Store = accountOf(t, all)
			s.Store.Counters = []Counter{{Name: "counter-1"}, {Name: "counter-2"}}
		}},
		{"day-saved", func(_ testing.TB, s *State) {
			*s = s.tell(false, "day.file.saved", map[string]any{"path": "Documents/Lakeside Quay 2026-11-21.xlsx"})
		}},
		{"day-not-printed", func(_ testing.TB, s *State) { *s = s.tell(true, "day.print.failed", nil) }},
		{"rows", func(_ testing.TB, s *State) {
			s.Page, s.Title, s.Row, s.Worth = RowsPage, terminal.Saying{Key: "day.worth"}, 2, s.Store.Figures.Worth
			s.Found = rowsOf(s.Store.Records, terminal.DayFilter{Honoured: true})
		}},
		{"rows-declines", func(_ testing.TB, s *State) {
			s.Page, s.Title = RowsPage, terminal.Saying{Key: "day.declined"}
			s.Found = rowsOf(s.Store.Records, terminal.DayFilter{Entry: terminal.EntryDecline})
		}},
		{"rows-loading", func(_ testing.TB, s *State) { s.Page, s.Title = RowsPage, terminal.Saying{Key: "day.worth"} }},
		{"rows-none", func(_ testing.TB, s *State) {
			s.Page, s.Title, s.Found = RowsPage, terminal.Saying{Key: "day.pending"}, []terminal.Record{}
		}},
		{"tasks", func(_ testing.TB, s *State) {
			s.Page, s.Tasks.Exceptions = TasksPage, slices.Concat(exceptions, broken)
		}},
		{"tasks-serious", func(_ testing.TB, s *State) { s.Page, s.Tasks = TasksPage, &Tasks{Exceptions: serious} }},
		{"tasks-serious-end", func(_ testing.TB, s *State) {
			s.Page, s.Tasks, s.Row = TasksPage, &Tasks{Exceptions: serious}, len(serious)-1
		}},
		{"tasks-end", func(_ testing.TB, s *State) {
			s.Page, s.Tasks.Exceptions = TasksPage, slices.Concat(exceptions, broken)
			s.Row = s.Tasks.count() - 1
		}},
		{"tasks-none", func(_ testing.TB, s *State) { s.Page, s.Tasks = TasksPage, &Tasks{} }},
		{"offers", func(_ testing.TB, s *State) { s.Page, s.Row = OffersPage, 1 }},
		{"offers-sure", func(_ testing.TB, s *State) {
			s.Page = OffersPage
			s.Row, s.Sure = slices.IndexFunc(s.Offers, func(c terminal.Campaign) bool { return c.ID == "dinner" }), "dinner"
		}},
		{"offers-resume", func(_ testing.TB, s *State) { s.Page, s.Sure = OffersPage, "coffee" }},
		{"offers-offline", func(_ testing.TB, s *State) {
			s.Page = OffersPage
			*s = s.tell(true, "day.offers.needs_line", nil)
		}},
		{"offers-loading", func(_ testing.TB, s *State) { s.Page, s.Offers = OffersPage, nil }},
		{"file", page(FilePage)},
		{"close", page(ClosePage)},
		{"close-done", func(_ testing.TB, s *State) { s.Page, s.Closed = ClosePage, &closed }},
		{"close-refused", func(_ testing.TB, s *State) {
			s.Page, s.Refused = ClosePage, &terminal.DayRefused{Why: terminal.DayIsClosed, Day: today, Close: closed}
		}},
		{"close-failed", func(_ testing.TB, s *State) { s.Page, s.Failed = ClosePage, true }},
	}
}

// atWork is the state that all scenes start from.
func atWork(t testing.TB) State {
	s := State{Now: noon, Open: true, Place: place, Manager: anna, Names: names, Today: today, Day: today, Turn: 1, Page: FiguresPage, By: ByCampaign,
		Heard: noon.Add(-24 * time.Minute), Own: accountOf(t, ofCounter(records(180))), Store: wholeStore(t, 0), Tasks: &Tasks{Exceptions: exceptions, Slips: 2, ClockOff: 4 * time.Minute}}
	s.Offers = sortOffers(deals, s)
	return s
}

// stage is a window with a room in which a scene can be shown.
func stage(t testing.TB, language string, look theme.Look, size fyne.Size) (fyne.Window, *Room) {
	t.Helper()
	app := test.NewTempApp(t)
	look.Zoom = theme.ZoomFor(size.Width, size.Height)
	app.Settings().SetTheme(look)
	gallery.Awake(t)
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	later := func(f func()) { f() }
	router := keys.NewRouter(&slowBurst{}, func() time.Time { return noon }, func(time.Duration, func()) {})
	sink := keys.NewSink(router, window.Canvas(), later)
	room := NewRoom(sink, Parts{Words: translations.For(language, berlin).At(func() time.Time { return noon }), Now: func() time.Time { return noon },
		Later: later, Go: func(func()) {}, Source: &noSource{}})
	window.SetContent(widgets.Stack(sink, room.Content()))
	window.Resize(size)
	return window, room
}

// noSource is never asked.
type noSource struct{ Source }

func (noSource) Tasks(context.Context) (Tasks, error) { return Tasks{}, nil }

// slowBurst takes everything for a person's typing.
type slowBurst struct{}

func (*slowBurst) Rune(rune, time.Time)     {}
func (*slowBurst) End(time.Time) string     { return "" }
func (*slowBurst) Silence(time.Time) string { return "" }
func (*slowBurst) Typing(bool)              {}
func (*slowBurst) Begun() string            { return "" }
func (*slowBurst) Earlier() int             { return 0 }
func (*slowBurst) Pending() int             { return 0 }

// pose shows a scene.
func pose(t testing.TB, room *Room, scene scene) {
	s := atWork(t)
	scene.state(t, &s)
	room.keeper.state = s
	room.show()
}

// everything lists an object and all within it that can be seen.
func everything(o fyne.CanvasObject) []fyne.CanvasObject {
	if o == nil || !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	switch o := o.(type) {
	case *fyne.Container:
		for _, inner := range o.Objects {
			all = append(all, everything(inner)...)
		}
	case *container.Scroll:
		all = append(all, everything(o.Content)...)
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			all = append(all, everything(inner)...)
		}
	}
	return all
}

// TestGallery writes every scene as a picture for people to look at, where COUNTERSIGN_GALLERY names a folder; without it, it checks that each
// can be drawn and that no word is cut off.
func TestGallery(t *testing.T) {
	// A number or a sentence would end in the middle in one language, theme or window size.
	for _, view := range gallery.Views() {
		t.Run(view.Name, func(t *testing.T) {
			window, room := stage(t, view.Language, view.Look, view.Size)
			for _, scene := range scenes() {
				pose(t, room, scene)
				gallery.Check(t, scene.name, window.Content())
				gallery.Keep(t, "day", scene.name, slices.Contains(important, scene.name), view, window)
			}
		})
	}
}

// important are the scenes that somebody looked at and found good: every page, with something on it and without.
var important = []string{"day", "day-offline", "day-late", "day-empty", "day-loading", "rows", "rows-declines", "rows-none", "tasks", "tasks-serious", "tasks-none", "offers",
	"offers-sure", "file", "close", "close-done", "close-refused", "day-closed"}

func TestLooks(t *testing.T) {
	// The room would look other than somebody last looked at and found good: colours, shapes, spacing, fonts.
	for _, look := range []struct {
		language string
		dark     bool
	}{{"en", false}, {"zh-Hans", true}} {
		window, room := stage(t, look.language, theme.Look{Dark: look.dark}, fyne.NewSize(1024, 600))
		for _, scene := range scenes() {
			if slices.Contains(important, scene.name) {
				pose(t, room, scene)
				mode := map[bool]string{false: "light", true: "dark"}[look.dark]
				test.AssertImageMatches(t, scene.name+"-"+look.language+"-"+mode+".png", window.Canvas().Capture())
			}
		}
	}
}
