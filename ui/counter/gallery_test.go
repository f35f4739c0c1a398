package counter

import (
	"image"
	"image/color"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets/gallery"
)

// berlin is the store's zone.
var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

func uid(n byte) terminal.UID { return terminal.UID{15: n} }

func record(n byte, at time.Time, line terminal.EntryLine, change func(*terminal.Record)) terminal.Record {
	r := terminal.Record{Acked: true, Reversed: []int64{0}, Entry: terminal.Entry{Kind: terminal.EntryRedeem, UID: uid(n), Wall: at.In(berlin),
		Assurance: terminal.Confirmed, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: uint64(40 + n)}, Lines: []terminal.EntryLine{line},
		BusinessDay: terminal.Date{Year: 2026, Month: 11, Day: 21}}}
	if change != nil {
		change(&r)
	}
	return r
}

var (
	coffee = terminal.Campaign{ID: "coffee", Kind: terminal.KindPass, Currency: "EUR", Units: 10,
		Name: terminal.Text{"en": "Ten coffees", "zh-Hans": "咖啡十次卡", "de": "Zehn Kaffee", "es": "Diez cafés"}}
	gift = terminal.Campaign{ID: "gift", Kind: terminal.KindBalance, Currency: "EUR",
		Name: terminal.Text{"en": "Gift card", "zh-Hans": "礼品卡", "de": "Geschenkkarte", "es": "Tarjeta regalo"}}
	autumn = terminal.Campaign{ID: "autumn", Kind: terminal.KindDiscount, Currency: "EUR", Discount: &terminal.Discount{BasisPoints: 2000, Cap: euro(1500)},
		Name: terminal.Text{"en": "20% off in autumn", "zh-Hans": "秋季八折", "de": "Herbst: 20 % Rabatt", "es": "20 % menos en otoño"}}
	fiver = terminal.Campaign{ID: "fiver", Kind: terminal.KindDiscount, Currency: "EUR", Discount: &terminal.Discount{Amount: euro(500)},
		Name: terminal.Text{"en": "€5 off €20 or more", "zh-Hans": "满 €20 减 €5", "de": "5 € Rabatt ab 20 €", "es": "5 € menos desde 20 €"}}
	wine = terminal.Campaign{ID: "wine", Kind: terminal.KindPickup, Currency: "EUR", Price: euro(6000),
		Name: terminal.Text{"en": "Wine to collect", "zh-Hans": "自提葡萄酒", "de": "Wein zum Abholen", "es": "Vino para recoger"}}
	boat = terminal.Campaign{ID: "boat", Kind: terminal.KindBooking, Currency: "EUR",
		Name: terminal.Text{"en": "Evening boat trip", "zh-Hans": "傍晚游船", "de": "Abendliche Bootsfahrt", "es": "Paseo en barco al atardecer"}}
)

// recentDay is what a counter has behind it at noon.
func recentDay() []Past {
	line := func(masked string, value *terminal.Money, units int64) terminal.EntryLine {
		return terminal.EntryLine{Masked: masked, Value: value, Units: units}
	}
	until := noon.Add(57*time.Minute + 12*time.Second)
	return []Past{
		{Record: record(9, noon.Add(-3*time.Minute), line("QV83", euro(6800), 1), nil), Name: dinner.Name, Holder: "L. Haddad", Until: until},
		{Record: record(8, noon.Add(-9*time.Minute), line("K3MQ", nil, 2), func(r *terminal.Record) {
			r.Entry.Assurance, r.Acked = terminal.Offline, false
		}), Name: coffee.Name, Until: until.Add(-6 * time.Minute)},
		{Record: record(7, noon.Add(-14*time.Minute), terminal.EntryLine{Masked: "9TX4", Amount: euro(1250), Units: 1250}, nil), Name: gift.Name, Holder: "S. Okafor", Until: until.Add(-11 * time.Minute)},
		{Record: record(6, noon.Add(-31*time.Minute), line("XW7P", euro(6800), 1), func(r *terminal.Record) { r.Reversed = []int64{1} }), Name: dinner.Name, Holder: "J. Alvarez"},
		{Record: record(5, noon.Add(-52*time.Minute), line("2C8R", euro(2400), 1), func(r *terminal.Record) { r.Verdict = terminal.Overrun }), Name: boat.Name, Holder: "王小明"},
		{Record: record(4, noon.Add(-75*time.Minute), terminal.EntryLine{Masked: "55TD", Discount: euro(1500), Units: 1}, nil), Name: autumn.Name},
	}
}

// sign is a logo: a boat on the water, drawn for white paper.
func sign() image.Image {
	blue, picture := color.NRGBA{0x0B, 0x4F, 0x6C, 0xFF}, image.NewNRGBA(image.Rect(0, 0, 240, 120))
	for y := range 120 {
		for x := range 240 {
			sail := x > 120-y && x < 120+y/2 && y > 10 && y < 70
			hull := y >= 76 && y < 100 && x > 40+(y-76) && x < 200-(y-76)
			if sail || hull || (y > 108 && y < 114) {
				picture.Set(x, y, blue)
			}
		}
	}
	return picture
}

// scene is one picture of the gallery.
type scene struct {
	name  string
	state func(s *State)
}

// atWork is the state that all scenes start from.
func atWork() State {
	operator := li
	past := recentDay()
	past[1].Record.Acked = true // the cloud has had everything
	return State{Now: noon, Since: noon.Add(-time.Second), Touched: noon, Place: place(), Phase: Ready, Operator: &operator,
		Operators: []terminal.Operator{anna, li, tom}, Past: past,
		Status: Status{Line: LineUp, LastSync: noon.Add(-20 * time.Second), Paper: PaperReady, Reader: ReaderKeyboard}}
}

func scenes() []scene {
	show := func(phase Phase, outcome terminal.Outcome) func(*State) {
		return func(s *State) { s.Phase, s.Outcome = phase, outcome }
	}
	offline := func(s *State) {
		s.Status.Line, s.Status.Pending, s.Status.Oldest = LineDown, 2, noon.Add(-9*time.Minute)
		s.Status.LastSync = noon.Add(-11 * time.Minute)
		for i := range 2 {
			s.Past[i].Record.Entry.Assurance, s.Past[i].Record.Acked = terminal.Offline, false
		}
	}
	dinnerNow := approved(dinner, "4B2H")
	done := dinnerNow
	doneRecord := record(10, noon, terminal.EntryLine{Masked: "4B2H", Units: 1, Value: euro(6800)}, nil)
	done.Record = &doneRecord
	billRecord := record(10, noon, terminal.EntryLine{Voucher: 2, Masked: "4B2H", Units: 1, Value: euro(6800)}, nil)
	billRecord.Entry.Lines = append(billRecord.Entry.Lines, terminal.EntryLine{Voucher: 3, Masked: "55TD", Units: 1, Discount: euro(1500)},
		terminal.EntryLine{Voucher: 1, Masked: "F1VE", Units: 1, Discount: euro(500)})
	alone := dinnerNow
	aloneRecord := record(10, noon, terminal.EntryLine{Masked: "4B2H", Units: 1, Value: euro(6800)}, func(r *terminal.Record) { r.Entry.Assurance, r.Acked = terminal.Offline, false })
	alone.Record = &aloneRecord
	used := terminal.Outcome{Choice: terminal.Declined, Masked: "R7KD", Lines: []terminal.OutcomeLine{{Campaign: dinner, Masked: "R7KD"}},
		Findings: []terminal.Finding{
			{Reason: terminal.AlreadyRedeemed, Facts: map[string]any{"at": noon.Add(-90 * time.Minute), "store": "Lakeside Quay", "terminal": "counter-2", "operator": "Li"}},
			{Reason: terminal.Expired, Facts: map[string]any{"until": noon.Add(-30 * time.Hour)}}}}
	expired := terminal.Outcome{Choice: terminal.Declined, Masked: "55TD", Lines: []terminal.OutcomeLine{{Campaign: autumn, Masked: "55TD"}},
		Findings: []terminal.Finding{{Reason: terminal.Expired, Facts: map[string]any{"until": noon.Add(-30 * time.Hour)}}}}
	pass := approved(coffee, "K3MQ")
	pass.Lines[0].Voucher.Units, pass.Lines[0].Units, pass.Lines[0].Left = 10, 2, 4
	card := terminal.Outcome{Choice: terminal.Asking, Masked: "9TX4", Asks: []terminal.Ask{{Missing: terminal.MissingAmount, Most: 3750}},
		Lines: []terminal.OutcomeLine{{Campaign: gift, Masked: "9TX4", Voucher: terminal.Voucher{Holder: "S. Okafor"}}}}
	uses := terminal.Outcome{Choice: terminal.Asking, Masked: "K3MQ", Asks: []terminal.Ask{{Missing: terminal.MissingUnits, Most: 2}},
		Lines: []terminal.OutcomeLine{{Campaign: coffee, Masked: "K3MQ", Voucher: terminal.Voucher{Units: 10}}}}
	costly := terminal.Finding{Reason: terminal.ApprovalRequired, Facts: map[string]any{"amount": *euro(24000), "limit": *euro(10000)}}
	approval := terminal.Outcome{Choice: terminal.Asking, Masked: "2C8R", Findings: []terminal.Finding{costly},
		Asks:  []terminal.Ask{{Missing: terminal.MissingApproval, Finding: costly}},
		Lines: []terminal.OutcomeLine{{Campaign: boat, Masked: "2C8R", Voucher: terminal.Voucher{Holder: "王小明"}}}}
	booked := approved(boat, "2C8R")
	booked.Lines[0].Voucher.Slot = &terminal.Slot{From: noon.Add(6 * time.Hour), Until: noon.Add(8 * time.Hour), Party: 4}
	discount := approved(autumn, "55TD")
	discount.Lines[0].Discount, discount.Bill, discount.LeftToPay = euro(1500), euro(7500), euro(6000)
	back := dinnerNow
	back.Record, back.Reversed = &doneRecord, &doneRecord
	return []scene{
		{"ready", func(*State) {}},
		{"ready-logo", func(s *State) { s.Logo = sign() }},
		{"ready-first-day", func(s *State) { s.Past = nil }},
		{"ready-offline", offline},
		{"ready-behind", func(s *State) { s.Behind = true }},
		{"ready-journal-damaged", func(s *State) { s.Past, s.Unread, s.Status.Barred = s.Past[:2], true, terminal.BarredDamaged }},
		{"ready-journal-unread-unset", func(s *State) { s.Past, s.Unread, s.Status.Barred, s.Status.Unset = nil, true, BarredStopped, true }},
		{"deciding", func(s *State) { s.Phase = Deciding }},
		{"ready-to-redeem", show(ReadyToRedeem, dinnerNow)},
		{"ready-to-redeem-pass", show(ReadyToRedeem, pass)},
		{"ready-to-redeem-booking", show(ReadyToRedeem, booked)},
		{"ready-to-redeem-discount", func(s *State) {
			s.Phase, s.Outcome, s.Waiting = ReadyToRedeem, discount, []terminal.Scan{{Code: "A"}, {Code: "B"}}
		}},
		{"order-offered", func(s *State) { show(ReadyToRedeem, partyOf("7QX2"))(s) }},
		{"order-whole", func(s *State) {
			s.Request = terminal.Request{Scans: scansOf("7QX2"), WholeOrder: true}
			*s = s.took(wholeParty())
			s.Phase = ReadyToRedeem
		}},
		{"parts", func(s *State) { *s = collecting(*s) }},
		{"parts-some", func(s *State) { *s = collecting(*s).turned(1).turned(3) }},
		{"parts-none", func(s *State) { *s = collecting(*s).turned(0).turned(1).turned(2).turned(3).turned(4) }},
		{"parts-handed", func(s *State) {
			outcome := crate("a", "c", "e")
			r := record(11, noon, terminal.EntryLine{Masked: "W8XD", Units: 1}, nil)
			outcome.Record = &r
			s.Phase, s.Outcome = Redeemed, outcome
			*s = s.behindUs(r, wine.Name)
		}},
		{"bill-begun", func(s *State) { s.Billing = true }},
		{"bill-one", func(s *State) { *s = onBill(*s, ReadyToRedeem, dinnerNow, "4B2H") }},
		{"bill-checking", func(s *State) {
			*s = onBill(*s, ReadyToRedeem, dinnerNow, "4B2H")
			s.Request.Scans = scansOf("4B2H", "55TD")
			s.Phase, s.Row = Deciding, 1
		}},
		{"bill-amount", func(s *State) {
			asks := together(dinner, autumn, fiver)
			asks.Choice, asks.Asks = terminal.Asking, []terminal.Ask{{Missing: terminal.MissingBill}}
			*s = onBill(*s, Asked, asks, "4B2H", "55TD", "F1VE")
			s.Input = "75"
		}},
		{"bill", func(s *State) { *s = onBill(*s, ReadyToRedeem, settled(), "F1VE", "4B2H", "55TD") }},
		{"bill-long", func(s *State) {
			outcome := together(dinner, autumn, fiver, dinner, coffee, gift, boat)
			outcome.Lines[1].Discount, outcome.Lines[2].Discount, outcome.Lines[5].Amount, outcome.Lines[5].Left = euro(1500), euro(500), euro(2000), 1750
			outcome.Lines[4].Units = 2
			outcome.Bill, outcome.LeftToPay = euro(7500), euro(3500)
			*s = onBill(*s, ReadyToRedeem, outcome, "4B2H", "55TD", "F1VE", "QV83", "K3MQ", "9TX4", "2C8R")
			s.Row = 5
		}},
		{"bill-impossible", func(s *State) {
			outcome := settled()
			outcome.Choice, outcome.Lead = terminal.Declined, 2
			outcome.Findings = []terminal.Finding{{Reason: terminal.NotCombinable, Facts: map[string]any{"count": int64(3)}}}
			outcome.Lines[2].Findings, outcome.Lines[2].Discount = outcome.Findings, nil
			*s = onBill(*s, Declined, outcome, "F1VE", "4B2H", "55TD")
		}},
		{"bill-card-refused", func(s *State) { *s = expiredBesideCard(*s) }},
		{"bill-not-found", func(s *State) {
			*s = onBill(*s, ReadyToRedeem, settled(), "F1VE", "4B2H", "55TD")
			s.Request.Scans = scansOf("F1VE", "4B2H", "55TD", "N0PE")
			*s = s.took(terminal.Outcome{Choice: terminal.Declined, Lead: 3, Masked: "N0PE", Findings: []terminal.Finding{{Reason: terminal.NotFound}}})
			s.Phase = Declined
		}},
		{"bill-redeemed", func(s *State) {
			outcome := settled()
			outcome.Record = &billRecord
			s.Request.Scans = scansOf("F1VE", "4B2H", "55TD")
			*s = s.took(outcome).behindUs(billRecord, dinner.Name)
			s.Phase = Redeemed
		}},
		{"ask-approval-refused", func(s *State) {
			refused := approval
			refused.Findings = []terminal.Finding{{Reason: terminal.OperatorNotAllowed, Facts: map[string]any{"approver": "Tom Berger", "amount": *euro(24000)}}, costly}
			refused.Asks = []terminal.Ask{{Missing: terminal.MissingApproval, Finding: refused.Findings[0]}}
			s.Phase, s.Outcome = Asked, refused
		}},
		{"redeeming", show(Redeeming, dinnerNow)},
		{"redeemed", func(s *State) {
			show(Redeemed, done)(s)
			*s = s.behindUs(doneRecord, dinner.Name)
		}},
		{"redeemed-offline", func(s *State) {
			offline(s)
			show(Redeemed, alone)(s)
			*s = s.behindUs(aloneRecord, dinner.Name)
			s.Status.Pending++
		}},
		{"declined-used", show(Declined, used)},
		{"declined-expired", show(Declined, expired)},
		{"ask-amount", func(s *State) { s.Phase, s.Outcome, s.Input = Asked, card, "12.5" }},
		{"ask-units", show(Asked, uses)},
		{"ask-approval", show(Asked, approval)},
		{"taken-back", show(TakenBack, back)},
		{"fault", func(s *State) {
			s.Phase, s.Fault, s.Advice = Fault, "doctor.fault.full", "ui.fault.full"
			s.Status.Paper = PaperOut
		}},
		{"locked", func(s *State) { s.Operator, s.Sheet, s.Purpose, s.Pick = nil, SignInSheet, ForShift, 1 }},
		{"pin", func(s *State) { s.Operator, s.Sheet, s.Purpose, s.Who, s.Typed = nil, SignInSheet, ForShift, &li, "48" }},
		{"pin-wrong", func(s *State) {
			s.Operator, s.Sheet, s.Purpose, s.Who = nil, SignInSheet, ForShift, &li
			s.Wrong = &terminal.Finding{Reason: terminal.WrongPIN, Facts: map[string]any{"left": int64(4)}}
		}},
		{"pin-approval", func(s *State) {
			show(Asked, approval)(s)
			s.Sheet, s.Purpose, s.Who, s.Typed = SignInSheet, ForApproval, &anna, "73"
		}},
		{"pin-undo", func(s *State) { s.Sheet, s.Purpose, s.Who, s.Undoing = SignInSheet, ForUndoAgreed, &anna, &s.Past[0] }},
		{"pin-closing", func(s *State) { s.Sheet, s.Purpose, s.Who = SignInSheet, ForClosing, &anna }},
		{"shut", func(s *State) { show(ReadyToRedeem, dinnerNow)(s); s.Waiting, s.Shutting = scansOf("A", "B"), noon }},
		{"ask-approval-again", func(s *State) { s.Phase, s.Outcome, s.Lapsed = Asked, approval, true }},
		{"help", func(s *State) { s.Sheet = HelpSheet }},
		{"book", func(s *State) { s.Sheet = BookSheet }},
		{"book-declined", func(s *State) { show(Declined, used)(s); s.Sheet = BookSheet }},
		{"type-code", func(s *State) { s.Sheet, s.Typed = CodeSheet, "7K3M-Q9T" }},
		{"search", func(s *State) { s.Sheet, s.Found, s.Pick = SearchSheet, recentDay(), 2 }},
		{"undo", func(s *State) { s.Sheet, s.Undoing = UndoSheet, &s.Past[0] }},
		{"prefer", func(s *State) {
			s.Sheet, s.Preferences.Volume = PreferSheet, 60
		}},
		{"training-ready", func(s *State) { s.Training, s.Past = true, nil }},
		{"training-redeemed", func(s *State) { s.Training, s.Past = true, nil; s.Phase, s.Outcome = Redeemed, done }},
		{"training-ask", func(s *State) { s.Training, s.Past = true, nil; s.Phase, s.Outcome, s.Input = Asked, card, "12.5" }},
		{"training-pin", func(s *State) {
			s.Past = nil
			s.Training, s.Sheet, s.Purpose, s.Who, s.Typed = true, SignInSheet, ForTraining, &anna, "48"
		}},
		{"undo-uses", func(s *State) { *s = undoOf(*s, threeCoffees(), "2") }},
		{"undo-amount", func(s *State) { *s = undoOf(*s, aPayment(), "") }},
		{"undo-items", func(s *State) { *s = undoOf(*s, anOrder(), "").partTurned(1) }},
		{"undo-many-items", func(s *State) { *s = undoOf(*s, aLongOrder(), "").partTurned(3) }},
		{"taken-back-some", show(TakenBack, someBack())},
		{"taken-back-amount", show(TakenBack, amountBack())},
		{"recent-partly", func(s *State) { s.Past = append([]Past{threeCoffees(), anOrder()}, recentDay()...) }},
		{"slips-many", func(s *State) { s.Sheet, s.Slips, s.Pick = SlipsSheet, manyWaiting(), 9 }},
		{"search-keys", func(s *State) { s.Sheet, s.Found, s.Keys, s.Typed = SearchSheet, recentDay()[:1], true, "QV" }},
		{"undo-keys", func(s *State) {
			s.Sheet, s.Undoing, s.Keys, s.Pick, s.Typed = UndoSheet, &s.Past[0], true, 3, "IT BROKE"
		}},
		{"slips-no-printer", func(s *State) {
			s.Sheet, s.Slips, s.Pick, s.Status.Paper, s.Status.Slips = SlipsSheet, waiting(), 1, PaperNone, 3
			*s = s.notice("ui.notice.no_printer", nil)
		}},
		{"slips", func(s *State) { s.Sheet, s.Slips, s.Pick = SlipsSheet, waiting(), 1 }},
		{"undo-waiting", func(s *State) {
			*s = undoOf(*s, recentDay()[0], "")
			s.Waiting = []terminal.Scan{{Code: "A"}, {Code: "B"}}
		}},
		{"recent-open", func(s *State) { s.Opened = uid(8) }},
		{"waits-already", func(s *State) {
			s.Phase, s.Outcome, s.Waiting = ReadyToRedeem, dinnerNow, []terminal.Scan{{Code: "7K3MQ9TX4B2H"}}
			*s = s.notice(noticeWaiting, lastSymbols("7K3MQ9TX4B2H"))
		}},
	}
}

// undoOf is the sheet that undoes a redemption.
func undoOf(s State, past Past, typed string) State {
	s.Sheet, s.Undoing, s.Portion, s.Typed = UndoSheet, &past, portionOf(past), typed
	return s
}

// aLongOrder has more lines than a sheet has room for.
func aLongOrder() Past {
	past := anOrder()
	for i := range 12 {
		id := string(rune('d' + i))
		line := past.Record.Entry.Lines[0]
		line.Part = id
		past.Record.Entry.Lines = append(past.Record.Entry.Lines, line)
		past.Lines = append(past.Lines, terminal.OrderLine{ID: id, Name: organicLoaf + " " + id, Quantity: 12})
	}
	return past
}

// someBack is one use of three, taken back.
func someBack() terminal.Outcome {
	outcome := approved(coffee, "K3MQ")
	of := threeCoffees().Record
	back := record(24, noon, terminal.EntryLine{Kind: terminal.KindPass, Units: 2, Masked: "K3MQ"}, nil)
	outcome.Reversed, outcome.Record = &of, &back
	return outcome
}

// amountBack is a payment from a balance, all of it taken back.
func amountBack() terminal.Outcome {
	outcome := approved(gift, "9TX4")
	of := aPayment().Record
	outcome.Reversed, outcome.Record = &of, &of
	return outcome
}

// stage is a window with a screen in which a scene can be shown.
func stage(t *testing.T, language string, look theme.Look, size fyne.Size) (fyne.Window, *Screen) {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look)
	gallery.Awake(t)
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	screen := NewScreen(window, &slowBurst{}, func(time.Duration, func()) {}, Parts{
		Terminal: newShop(), Rows: newShop(), Words: translations.For(language, berlin).At(func() time.Time { return noon }),
		Now: func() time.Time { return noon }, UID: func() terminal.UID { return uid(99) },
		Later: func(f func()) { f() }, Go: func(func()) {},
	})
	window.SetContent(screen.Content())
	window.Resize(size)
	return window, screen
}

// pose shows a scene.
func pose(screen *Screen, scene scene) {
	s := atWork()
	scene.state(&s)
	if s.Fault != "" { // a terminal says it in the window's language
		s.Fault, s.Advice = screen.counter.Words().Say(s.Fault, nil), screen.counter.Words().Say(s.Advice, nil)
	}
	look := fyne.CurrentApp().Settings().Theme().(theme.Look)
	s.Preferences.Language, s.Preferences.Dark, s.Preferences.Text = screen.counter.Words().Language(), look.Dark, theme.Nearest(theme.TextSizes, int(look.Text*100))
	s = s.goodsIn(s.Preferences.Language)
	screen.counter.state, screen.reading = s, chapterOf(s)
	screen.show(s)
}

// slowBurst takes everything for a person's typing.
type slowBurst struct{}

func (*slowBurst) Rune(rune, time.Time)     {}
func (*slowBurst) End(time.Time) string     { return "" }
func (*slowBurst) Silence(time.Time) string { return "" }
func (*slowBurst) Typing(bool)              {}
func (*slowBurst) Begun() string            { return "" }
func (*slowBurst) Earlier() int             { return 0 }
func (*slowBurst) Pending() int             { return 0 }

// TestGallery writes every scene as a picture for people to look at, where COUNTERSIGN_GALLERY names a folder; without it, it checks that each
// can be drawn and that no word is cut off.
func TestGallery(t *testing.T) {
	// A sentence would end in the middle, or a panel would not come up at all, in one language, theme or window size.
	for _, view := range gallery.Views() {
		t.Run(view.Name, func(t *testing.T) {
			window, screen := stage(t, view.Language, view.Look, view.Size)
			for _, scene := range scenes() {
				pose(screen, scene)
				gallery.Check(t, scene.name, window.Content())
				gallery.Keep(t, "counter", scene.name, slices.Contains(important, scene.name), view, window)
			}
		})
	}
}

// important are the scenes that somebody looked at and found good: every state of the counter, and every sheet.
var important = []string{"ready", "ready-logo", "ready-offline", "ready-behind", "deciding", "ready-to-redeem", "redeemed", "redeemed-offline", "declined-used",
	"ask-amount", "ask-units", "ask-approval", "taken-back", "fault", "locked", "pin", "pin-wrong", "pin-approval", "undo", "undo-items", "prefer", "type-code", "search",
	"search-keys", "undo-keys", "slips", "help", "book", "recent-open", "training-ready", "training-redeemed", "training-pin", "order-offered", "order-whole",
	"parts-some", "parts-handed", "bill", "bill-long", "bill-amount", "bill-impossible", "bill-redeemed"}

var english = translations.For("en", berlin).At(func() time.Time { return noon })

func TestLooks(t *testing.T) {
	// The counter would look other than somebody last looked at and found good: colours, shapes, spacing, fonts.
	for _, look := range []struct {
		language string
		dark     bool
	}{{"en", false}, {"zh-Hans", true}} {
		window, screen := stage(t, look.language, theme.Look{Dark: look.dark}, fyne.NewSize(1024, 600))
		for _, scene := range scenes() {
			if slices.Contains(important, scene.name) {
				pose(screen, scene)
				mode := map[bool]string{false: "light", true: "dark"}[look.dark]
				test.AssertImageMatches(t, scene.name+"-"+look.language+"-"+mode+".png", window.Canvas().Capture())
			}
		}
	}
}
