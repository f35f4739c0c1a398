package day

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

func play(s State, events ...Event) (State, []Command) {
	var commands []Command
	for _, event := range events {
		s, commands = Step(s, s.Now, event)
	}
	return s, commands
}

func TestEveryNumberOpensItsRows(t *testing.T) {
	// A manager would open "12 turned away" and see eleven rows, or those of something else.
	s := atWork(t)
	for _, s.By = range groupings {
		for i, n := range s.numbers() {
			s.Pick = i
			opened, commands := play(s, Confirmed{})
			if opened.Page != RowsPage || len(commands) != 1 {
				t.Fatalf("%s: %+v led to %s", s.By, n.label, opened.Page)
			}
			find := commands[0].(Find)
			again, err := terminal.FiguresOf(rowsOf(find.Account.Records, find.Filter), find.Filter, 240)
			if err != nil {
				t.Fatal(err)
			}
			rows := int64(len(rowsOf(find.Account.Records, find.Filter)))
			var net int64
			for _, worth := range n.worth {
				net += worth.Net.Minor
			}
			for _, worth := range again.Worth {
				net -= worth.Net.Minor
			}
			if n.worth != nil && net != 0 {
				t.Errorf("%s: the rows behind %v are off by %d", s.By, n.label, net)
			}
			if n.group == inTiles && n.worth == nil && rows != n.count {
				t.Errorf("%v says %d, and %d rows are behind it", n.label, n.count, rows)
			}
		}
	}
}

func TestOldAnswersAreDropped(t *testing.T) {
	// Whoever turns to another day would see yesterday's figures under today's date when the cloud is slow.
	s := atWork(t)
	asked := s.Turn
	s, commands := play(s, Turned{-1})
	if s.Day != today.AddDays(-1) || s.Own != nil || s.Store != nil || len(commands) != 2 {
		t.Fatalf("turned to %s with %d questions", s.Day, len(commands))
	}
	if s, _ = play(s, StoreLoaded{Turn: asked, Account: *wholeStore(t, 0)}); s.Store != nil {
		t.Error("an answer to the other day was taken")
	}
	if s, _ = play(s, StoreLoaded{Turn: s.Turn, Account: *wholeStore(t, 0)}); s.Store == nil {
		t.Error("the answer was dropped")
	}
	minute := s
	minute.Day, minute.Now = today, minute.Now.Add(freshSeconds*time.Second)
	if _, again := play(minute, Ticked{}); len(again) != 2 {
		t.Error("today's figures grow old")
	}
	minute.Asking = true
	if _, again := play(minute, Ticked{}); len(again) != 0 {
		t.Error("a large store's day would be asked for again and again, and never arrive")
	}
	if s, _ = play(s, Turned{5}); s.Day != today {
		t.Errorf("turned on to %s", s.Day)
	}
}

func TestNothingIsCalledTheWholeStoreThatIsNot(t *testing.T) {
	// A manager would take one counter's figures for the store's.
	for name, c := range map[string]struct {
		change func(s *State)
		tone   theme.Tone
		whole  bool
	}{
		"asking":  {func(s *State) { s.Store = nil }, theme.Calm, false},
		"offline": {func(s *State) { s.Store, s.Away = nil, terminal.ErrNoAnswer }, theme.Asking, false},
		"late":    {func(s *State) { s.Store = wholeStore(t, 3) }, theme.Asking, true},
		"older":   {func(s *State) { s.Away = errors.New("no") }, theme.Asking, true},
		"here":    {func(s *State) { s.OnlyHere = true }, theme.Calm, false},
		"whole":   {func(*State) {}, theme.Done, true},
	} {
		s := atWork(t)
		c.change(&s)
		view := ViewOf(s, translations.For("en", berlin))
		if _, whole := s.account(); whole != c.whole || view.Light.Tone != c.tone || (view.Customers != "") != c.whole {
			t.Errorf("%s: %v, %q", name, whole, view.Light.Text)
		}
	}
}

func TestWhatTheCloudHasNotCountedIsSaidAndAskedForAgain(t *testing.T) {
	// The whole store's figures would stand under a green "all in" without what this counter redeemed while it had no line.
	s := atWork(t)
	uid := func(n byte) terminal.UID { return terminal.UID{15: n} }
	all := records(40)
	for i := range all {
		all[i].Entry.UID, all[i].Entry.Terminal = uid(byte(i+1)), place.Terminal
	}
	counted := func(records []terminal.Record) Account {
		account := *accountOf(t, records)
		account.Counters = []Counter{{Name: place.Terminal}, {Name: "counter-2"}}
		return account
	}
	s, _ = play(s, OwnLoaded{Turn: s.Turn, Account: *accountOf(t, all)}, StoreLoaded{Turn: s.Turn, Account: counted(all[:38])})
	light := ViewOf(s, translations.For("en", berlin)).Light
	if late := s.late(); light.Tone != theme.Asking || len(late) != 1 || late[0].Name != place.Terminal || late[0].Pending != 2 {
		t.Errorf("two that the cloud lacks: %+v, %q", late, light.Text)
	}
	s.Day = today.AddDays(-1) // of another day too: what was redeemed last night may still be on its way
	s.Now = s.Asked.Add((soonSeconds - 1) * time.Second)
	if _, again := play(s, Ticked{}); len(again) != 0 {
		t.Error("the cloud is asked without a pause")
	}
	s.Now = s.Asked.Add(soonSeconds * time.Second)
	s, again := play(s, Ticked{})
	if len(again) != 2 {
		t.Fatalf("the figures stay without it: %v", again)
	}
	s, _ = play(s, StoreLoaded{Turn: s.Turn, Account: counted(all)})
	if light = ViewOf(s, translations.For("en", berlin)).Light; light.Tone != theme.Done {
		t.Errorf("all is counted, and it says %q", light.Text)
	}
	s.Now = s.Asked.Add(2 * freshSeconds * time.Second)
	if _, again = play(s, Ticked{}); len(again) != 0 {
		t.Error("a day that is over and whole is asked for again and again")
	}
	unlisted := counted(all[:39]) // a counter that the cloud does not list has not sent everything either
	unlisted.Counters = nil
	s, _ = play(s, StoreLoaded{Turn: s.Turn, Account: unlisted})
	if late := s.late(); len(late) != 1 || late[0].Name != place.Terminal || late[0].Pending != 1 {
		t.Errorf("not listed: %+v", late)
	}
}

func TestPauseNeedsASecondPress(t *testing.T) {
	// A brush of the hand would stop an offer in the whole store.
	s := atWork(t)
	s, _ = play(s, Opened{OffersPage}, OffersLoaded{Offers: deals})
	live := 0
	for s.Offers[live].ID != "dinner" {
		live++
	}
	s, commands := play(s, Chose{live})
	if len(commands) != 0 || s.Sure != "" || s.Row != live {
		t.Fatalf("a tap on the offer did %v, and asks about %q", commands, s.Sure)
	}
	s, commands = play(s, Confirmed{})
	if len(commands) != 0 || s.Sure != "dinner" {
		t.Fatalf("the first press did %v", commands)
	}
	if moved, _ := play(s, Moved{-1}); moved.Sure != "" {
		t.Error("the other row would be paused")
	}
	late := s
	late.Now = late.Now.Add(time.Minute)
	if late, _ = play(late, Ticked{}); late.Sure != "" {
		t.Error("a minute later the question still stands")
	}
	if twice, commands := play(s, Confirmed{}); len(commands) != 0 || twice.Sure != "dinner" {
		t.Fatalf("two presses that were meant as one did %v", commands)
	}
	if back, _ := play(s, Back{}); back.Page != OffersPage || back.Sure != "" {
		t.Errorf("Esc at the question leads to %s, and %q is asked about", back.Page, back.Sure)
	}
	s.Now = s.Now.Add(time.Second)
	s, commands = play(s, Confirmed{})
	if pause, ok := commands[0].(Pause); !ok || pause.Campaign != "dinner" || !pause.Paused || pause.Manager != anna {
		t.Fatalf("the second press did %+v", commands)
	}
	if s, commands = play(s, Confirmed{}, Confirmed{}); len(commands) != 0 {
		t.Error("it was ordered twice")
	}
	offline, _ := play(s, PauseAnswered{"dinner", true, terminal.ErrNoAnswer})
	if offline.Notice.Key != "day.offers.needs_line" || lifeOf(offline.Offers[live], offline) != lifeLive {
		t.Errorf("without the line: %v", offline.Notice)
	}
	s, _ = play(s, PauseAnswered{"dinner", true, nil})
	if lifeOf(s.Offers[live], s) != lifePaused {
		t.Error("it is not shown as paused")
	}
	for i, offer := range s.Offers {
		if offer.ID == "wine" { // the merchant's own pause is not the store's to lift
			if s, commands = play(s, Chose{i}, Confirmed{}); len(commands) != 0 || s.Notice.Key != "day.offers.merchant" {
				t.Errorf("a pause of the merchant: %v", commands)
			}
		}
	}
}

func TestDayIsClosedOnceAndRefusedInWords(t *testing.T) {
	// A day would be closed by the key that opens the page, or twice by two presses; or nobody would learn why it was not.
	s, commands := play(atWork(t), Opened{ClosePage})
	if len(commands) != 0 {
		t.Fatal("the key alone closed the day")
	}
	s, commands = play(s, Confirmed{})
	if ordered, ok := commands[0].(CloseDay); !ok || ordered.Day != today || ordered.Manager != anna {
		t.Fatalf("ordered %+v", commands)
	}
	if _, again := play(s, Confirmed{}); len(again) != 0 {
		t.Error("two presses close it twice")
	}
	entry := terminal.Entry{BusinessDay: today, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 7}, Totals: &terminal.DayTotals{Number: 3}}
	done, _ := play(s, DayAnswered{Record: terminal.Record{Entry: entry}})
	words := translations.For("en", berlin)
	if view := ViewOf(done, words); view.Tone != theme.Done || view.Words[0] != "21 Nov 2026 is closed: Z 3, slip 1-000007. 0 redeemed, 0 taken back, 0 turned away." {
		t.Errorf("closed: %q", view.Words)
	}
	if view := ViewOf(done, words); view.Words[1] != "The Z slip is on its way to the printer." {
		t.Errorf("closed, with a printer: %q", view.Words)
	}
	refused, _ := play(s, DayAnswered{Err: &terminal.DayRefused{Why: terminal.DayIsClosed, Day: today, Close: entry}})
	if view := ViewOf(refused, words); view.Tone != theme.Calm || view.Words[0] != "21 Nov 2026 is already closed: Z 3, slip 1-000007. What is redeemed now counts in the next close." {
		t.Errorf("refused: %q", view.Words)
	}
	if failed, _ := play(s, DayAnswered{Err: errors.New("disk")}); ViewOf(failed, words).Tone != theme.Refused {
		t.Error("a failure looks like a success")
	}
}

func TestStopRedeemingComesFirst(t *testing.T) {
	// The manager would read of a slip and a customer's limit, and not that a counter must stop: that card was below the screen's edge.
	s := atWork(t)
	s.Tasks = &Tasks{Exceptions: slices.Concat(exceptions, broken), Slips: 2, ClockOff: 4 * time.Minute}
	words := translations.For("en", berlin)
	s.Page = TasksPage
	cards := ViewOf(s, words).Cards
	if len(cards) != s.Tasks.count() || !strings.HasPrefix(cards[0].Do, "Stop redeeming") || !strings.HasPrefix(cards[1].Do, "Stop redeeming") {
		t.Errorf("%d cards of %d, first %+v", len(cards), s.Tasks.count(), cards[0])
	}
	if light := ViewOf(s, words).Light; light.Tone != theme.Asking {
		t.Errorf("a journal was changed, and it says %q", light.Text)
	}
	s.Tasks = &Tasks{Exceptions: serious}
	for _, card := range ViewOf(s, words).Cards { // one of its parts has no limit: the sum is no most
		if card.Title == "A counter's folder is in use on two computers" && card.Mark != "\u20ac1,000.00 and more" {
			t.Errorf("it costs %q", card.Mark)
		}
	}
}

func TestARowSaysWhatABillCameTo(t *testing.T) {
	// A manager would read "€68.00 + ..." of a bill of three vouchers, and add up something else than the tile.
	bill := terminal.Record{Entry: terminal.Entry{Kind: terminal.EntryRedeem, Wall: noon, Lines: []terminal.EntryLine{
		{Value: euro(6800)}, {Discount: euro(500)}, {Amount: euro(1250)}}}}
	words := translations.For("en", berlin)
	if row := RowOf(bill, atWork(t), words); row.Amount != "€85.50" {
		t.Errorf("a bill's amount is %q", row.Amount)
	}
	bill.Entry.Kind = terminal.EntryReverse
	if row := RowOf(bill, atWork(t), words); row.Amount != "-€85.50" {
		t.Errorf("and taken back %q", row.Amount)
	}
}

func TestCloseSaysWhatItFreezes(t *testing.T) {
	// A day would be closed for ever by somebody who was shown no sum of money, under the whole store's name.
	s := atWork(t)
	s.Page = ClosePage
	words := translations.For("en", berlin)
	net := words.Say("ui.value", map[string]any{"value": s.Own.Figures.Worth[0].Net})
	if view := ViewOf(s, words); !strings.Contains(view.Words[2], net) || view.Light.Text != "Counter 1 only" {
		t.Errorf("asked with %q, under %q", view.Words, view.Light.Text)
	}
	totals := terminal.DayTotals{Number: 3, Campaigns: []terminal.CampaignTotal{
		{Redeemed: terminal.Tally{Value: euro(13600)}, Reversed: terminal.Tally{Value: euro(6800)}}, {Redeemed: terminal.Tally{Amount: euro(1250)}}}}
	s.Closed = &terminal.Entry{BusinessDay: today, Totals: &totals}
	if view := ViewOf(s, words); !strings.HasSuffix(view.Words[0], "turned away: \u20ac80.50 net.") {
		t.Errorf("closed: %q", view.Words)
	}
}

func TestClosedDaySaysSoBeforeAnybodyIsAsked(t *testing.T) {
	// The day of a counter that closed it would look open, and a manager would be asked to close it again, only to be refused.
	s := atWork(t)
	own := *s.Own
	own.Records = append(slices.Clone(own.Records), terminal.Record{Entry: terminal.Entry{Kind: terminal.EntryDayClose, BusinessDay: today, Wall: noon,
		Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 7}, Totals: &terminal.DayTotals{Number: 3}}})
	s.Own = &own
	words := translations.For("en", berlin)
	if !slices.ContainsFunc(ViewOf(s, words).Keys, func(a widgets.Action) bool { return a.Name == keyClose && a.Label == "Closed: Z 3" }) {
		t.Errorf("the keys of a closed day: %v", ViewOf(s, words).Keys)
	}
	s, _ = play(s, Opened{ClosePage})
	want := []string{"21 Nov 2026 is already closed: Z 3, slip 1-000007. What is redeemed now counts in the next close.", "It was closed 21 Nov 2026, 12:04."}
	if view := ViewOf(s, words); !slices.Equal(view.Words, want) {
		t.Errorf("asked of a closed day: %q", view.Words)
	}
	if s, commands := play(s, Confirmed{}); len(commands) != 0 || s.Page != FiguresPage {
		t.Errorf("Enter on %q orders %v", s.Page, commands)
	}
}

func TestWithoutAPrinterNothingIsOnItsWayThere(t *testing.T) {
	// A manager would wait for a Z slip that does not come, and look for a printer that the shop does not have.
	words := translations.For("en", berlin)
	for paperless, said := range map[bool][2]string{
		false: {"The Z slip is on its way to the printer.", "The figures are on their way to the printer."},
		true:  {"The Z slip is kept for when there is a printer.", "No printer: the figures are kept for when there is one."},
	} {
		k := newKeeper(Parts{Source: willing{}, Words: words, Now: func() time.Time { return noon }, Paperless: func() bool { return paperless }}, func() {})
		s, _ := play(atWork(t), Opened{ClosePage}, Confirmed{}, k.carryOut(CloseDay{}, words))
		if view := ViewOf(s, words); len(view.Words) != 2 || view.Words[1] != said[0] {
			t.Errorf("paperless %v: closed: %q", paperless, view.Words)
		}
		s, _ = play(atWork(t), k.carryOut(Print{}, words))
		if view := ViewOf(s, words); view.Notice != said[1] {
			t.Errorf("paperless %v: printed: %q", paperless, view.Notice)
		}
		k.close()
	}
}

// willing is a source that closes and prints whatever it is asked to.
type willing struct{ Source }

func (willing) CloseDay(context.Context, terminal.Date, *terminal.Operator) (terminal.Record, error) {
	return terminal.Record{Entry: terminal.Entry{BusinessDay: today, Totals: &terminal.DayTotals{Number: 1}}}, nil
}

func (willing) Print(context.Context, *Account, terminal.Words) error { return nil }

func TestWhatWasToldStaysWithItsPage(t *testing.T) {
	// "Resumed in this store" would stand below a day that is being saved, and be taken for what came of that.
	s, _ := play(atWork(t), Opened{OffersPage}, OffersLoaded{Offers: deals}, PauseAnswered{Campaign: deals[0].ID})
	if s.Notice.Key == "" {
		t.Fatal("what came of the press is not told")
	}
	for name, away := range map[string]Event{"Esc": Back{}, "another page": Opened{FilePage}, "the same key": Opened{OffersPage}} {
		if left, _ := play(s, away); left.Notice.Key != "" {
			t.Errorf("after %s it is told on %s", name, left.Page)
		}
	}
	s, _ = play(atWork(t), Opened{FilePage}, Saved{Path: "day.pdf"})
	if s.Page != FiguresPage || s.Notice.Key == "" {
		t.Errorf("where the day was saved to is not told: %s", s.Page)
	}
	if s, _ = play(s, Confirmed{}); s.Page != RowsPage || s.Notice.Key != "" {
		t.Errorf("on %s stands %q", s.Page, s.Notice.Key)
	}
}

func TestEscLeadsToTheFiguresAndOut(t *testing.T) {
	// Somebody would be caught on a page, and the counter could not go on.
	_, room := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	for _, scene := range scenes() {
		pose(t, room, scene)
		for range 2 {
			if !room.Key(fyne.KeyEscape) {
				break
			}
		}
		if s := room.State(); s.Page != FiguresPage || room.Key(fyne.KeyEscape) {
			t.Errorf("from %s, Esc led to %s", scene.name, s.Page)
		}
	}
}

func TestEverythingByTouch(t *testing.T) {
	// At a counter without a keyboard, a page could not be reached, or a finger would miss.
	window, room := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	for _, scene := range scenes() {
		pose(t, room, scene)
		for _, action := range room.shown.Keys {
			if action.Name == "" || action.Label == "" {
				t.Errorf("%s: a button without a name or a label", scene.name)
			}
		}
		for _, o := range everything(window.Content()) {
			size := o.Size()
			switch o.(type) {
			case *widgets.Button, *widgets.Choice, *cardRow:
				if o.Visible() && (size.Height < 48 || size.Width < 48) {
					t.Errorf("%s: %T is %v", scene.name, o, size)
				}
			}
		}
	}
	pose(t, room, scenes()[0])
	room.pressed(pressPrevious)
	if room.State().Day != today.AddDays(-1) {
		t.Error("the arrow does not turn the day")
	}
	room.pressed(keyOffers)
	if room.State().Page != OffersPage {
		t.Errorf("the button for the offers led to %s", room.State().Page)
	}
	left := fyne.KeyName("")
	room.Tell(func(name fyne.KeyName) { left = name }, func() {})
	room.pressed(pressBack)
	if room.pressed(pressBack); left != fyne.KeyEscape || room.State().Page != FiguresPage {
		t.Errorf("Back led to %s and %q", room.State().Page, left)
	}
}

func TestEveryListAddsUpToItsTile(t *testing.T) {
	// The manager would count by offer, by kind and on the tile, and get three answers.
	s := atWork(t)
	all := records(60)
	for i := range all {
		if line := all[i].Entry.Lines[0]; all[i].Entry.Kind == terminal.EntryReverse || all[i].Entry.Kind == terminal.EntryRedeem && i%5 == 0 { // a bill: two of one offer, and one of another kind
			other := terminal.EntryLine{Campaign: "cake", Kind: terminal.KindPickup, Units: 3}
			all[i].Entry.Lines = []terminal.EntryLine{line, line, other}
		}
	}
	s.Store = accountOf(t, all)
	say := translations.For("en", berlin)
	for _, s.By = range groupings {
		sum, want := int64(0), s.Store.Figures.Redemptions
		taken, back := int64(0), s.Store.Figures.Reversals
		if s.By == ByReason {
			want, back = s.Store.Figures.Declines, 0
		}
		v := ViewOf(s, say)
		for _, line := range v.Lines {
			var count, less int64 // "37", "37 - 3", "-10 + 2"
			var sign string
			read, err := fmt.Sscanf(strings.NewReplacer("\u2212", "-", "\u2013", "-").Replace(line.Count), "%d %s %d", &count, &sign, &less)
			if line.Count != "" && read != 3 && (read != 1 || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)) {
				t.Fatalf("%q: %v", line.Count, err)
			}
			if sign == "+" {
				less = -less
			}
			sum, taken = sum+count, taken+less
		}
		if sum != want || taken != back {
			t.Errorf("%q comes to %d less %d, the tiles say %d and %d: %+v", v.By, sum, taken, want, back, v.Lines)
		}
		if s.By == ByKind && (v.Lines[len(v.Lines)-1].Label != "Several on one bill" || v.By != "By kind: redeemed \u2212 taken back") {
			t.Errorf("%q ends in %+v", v.By, v.Lines[len(v.Lines)-1])
		}
	}
	if s, _ = play(s, Chose{-1}); s.Page != FiguresPage {
		t.Error("what only makes it add up opens rows")
	}
}
