package terminal

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func euros(minor int64) *Money { return &Money{minor, "EUR"} }

// If one absurd amount kept the report from being written, nobody at that counter would see any figure of the day again.
func TestFiguresGoOnWhereASumDoesNotFit(t *testing.T) {
	t.Parallel()
	redeemed := func(campaign string, minor int64) Record {
		return Record{Entry: Entry{Kind: EntryRedeem, Lines: []EntryLine{{Campaign: campaign, Kind: KindBalance, Units: minor, Amount: euros(minor)}}}}
	}
	back := redeemed("card", 500)
	back.Entry.Kind = EntryReverse
	sum, err := FiguresOf([]Record{redeemed("card", math.MaxInt64-1), redeemed("card", 1000), back, redeemed("gift", 1250)}, DayFilter{}, 0)
	if err != nil || len(sum.Campaigns) != 2 {
		t.Fatal(sum, err)
	}
	card, gift := sum.Campaigns[0], sum.Campaigns[1]
	if !card.OutOfRange || card.Units != math.MaxInt64 || !card.Amount.OutOfRange() {
		t.Errorf("the card's figures are %+v", card)
	}
	if gift.OutOfRange || *gift.Amount != *euros(1250) {
		t.Errorf("the gift's figures are %+v", gift)
	}
}

// day is a small day of a store that begins at 04:00: two counters, three cashiers, a sale past midnight, a reversal, two declines.
func day() []Record {
	zone := time.FixedZone("", 2*60*60)
	at := func(hour int) time.Time { return time.Date(2026, 6, 1, hour, 10, 0, 0, zone) }
	brunch := EntryLine{Campaign: "brunch", Kind: KindProduct, Units: 1, Price: euros(3990), Value: euros(6800)}
	card := EntryLine{Campaign: "card", Kind: KindBalance, Units: 2000, Amount: euros(2000)}
	return []Record{
		{Verdict: Accepted, Entry: Entry{Kind: EntryRedeem, Terminal: "one", Operator: "li", Assurance: Confirmed, Wall: at(12), Lines: []EntryLine{brunch}}},
		{Verdict: Pending, Entry: Entry{Kind: EntryRedeem, Terminal: "two", Operator: "mia", Assurance: Offline, Wall: at(12), Lines: []EntryLine{brunch, card}}},
		{Verdict: Overrun, Entry: Entry{Kind: EntryRedeem, Terminal: "two", Operator: "mia", Assurance: Offline, Wall: at(1), Lines: []EntryLine{card}}},
		{Verdict: Accepted, Undone: Confirmed, Entry: Entry{Kind: EntryReverse, Terminal: "one", Operator: "chen", Wall: at(13), Lines: []EntryLine{brunch}}},
		{Entry: Entry{Kind: EntryDecline, Terminal: "one", Operator: "li", Wall: at(12), Reason: Expired}},
		{Entry: Entry{Kind: EntryDecline, Terminal: "one", Operator: "li", Wall: at(14), Reason: Expired}},
		{Entry: Entry{Kind: EntryDayClose, Terminal: "one", Operator: "chen", Wall: at(2)}},
	}
}

// A manager would read wrong takings off the day's page, or look for the midnight sale at the top of the chart.
func TestFiguresOfADay(t *testing.T) {
	t.Parallel()
	got, err := FiguresOf(day(), DayFilter{}, 4*60)
	if err != nil {
		t.Fatal(err)
	}
	worth := func(redeemed, reversed int64) []NetWorth {
		return []NetWorth{{*euros(redeemed), *euros(reversed), *euros(redeemed - reversed)}}
	}
	want := Figures{SeveralCampaigns: Several{1, 0}, SeveralKinds: Several{1, 0}, Redemptions: 3, Reversals: 1, Declines: 2, Offline: 2, Pending: 1, Overruns: 1,
		Worth: worth(6800+6800+2000+2000, 6800),
		Campaigns: []CampaignFigures{
			{Campaign: "brunch", Kind: KindProduct, Units: 2, Reversed: 1, Redemptions: 2, Reversals: 1, Price: euros(3990), Value: euros(6800)},
			{Campaign: "card", Kind: KindBalance, Units: 4000, Redemptions: 2, Amount: euros(4000)}},
		Declined:   []DeclineFigures{{Expired, 2}},
		Kinds:      []GroupFigures{{"balance", 2, 0, worth(4000, 0)}, {"product", 2, 1, worth(13600, 6800)}},
		Hours:      []GroupFigures{{"12", 2, 0, worth(15600, 0)}, {"13", 0, 1, worth(0, 6800)}, {"01", 1, 0, worth(2000, 0)}},
		Operators:  []GroupFigures{{"chen", 0, 1, worth(0, 6800)}, {"li", 1, 0, worth(6800, 0)}, {"mia", 2, 0, worth(10800, 0)}},
		Assurances: []GroupFigures{{"confirmed", 1, 1, worth(6800, 6800)}, {"offline", 2, 0, worth(10800, 0)}},
		Terminals:  []GroupFigures{{"one", 1, 1, worth(6800, 6800)}, {"two", 2, 0, worth(10800, 0)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The manager adds a list up, whichever it is by, and gets another number than on the tile above it: so where a reversal is of a redemption of
// another day or another counter, and counted under none of the list's lines.
func TestEveryGroupingAddsUpToTheDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, elsewhere := drawnDay(t)
		find := func(uid UID) (Record, error) {
			if record, found := elsewhere[uid]; found {
				return record, nil
			}
			return Record{}, ErrUnknown
		}
		if err := Trace(all, find); err != nil {
			t.Fatal(err)
		}
		day, err := FiguresOf(all, DayFilter{}, 4*60)
		if err != nil {
			t.Fatal(err)
		}
		for name, groups := range map[string][]GroupFigures{"hours": day.Hours, "operators": day.Operators, "terminals": day.Terminals, "assurances": day.Assurances} {
			wantSum(t, name, groups, day)
		}
		for _, group := range day.Assurances { // and each line opens the rows that it counts
			filter := DayFilter{Honoured: true, Assurance: Assurance(group.Key)}
			rows, err := FiguresOf(all, filter, 4*60)
			if err != nil || rows.Redemptions != group.Redemptions || rows.Reversals != group.Reversals || !cmp.Equal(rows.Worth, group.Worth) {
				t.Fatalf("%s: %+v, its rows %+v: %v", group.Key, group, rows, err)
			}
		}
	})
}

// drawnDay is a day of redemptions, and of reversals of them and of others: elsewhere is what is known of these.
func drawnDay(t *rapid.T) (all []Record, elsewhere map[UID]Record) {
	entry := func(kind EntryKind, number int) Entry {
		minor := rapid.Int64Range(1, 9999).Draw(t, "minor")
		return Entry{Kind: kind, UID: UID{byte(number)}, Terminal: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "terminal"),
			Operator: rapid.SampledFrom([]string{"", "li", "mia"}).Draw(t, "operator"), Wall: time.Date(2026, 6, 1, number, 0, 0, 0, time.UTC),
			Lines: []EntryLine{{Campaign: "card", Kind: KindBalance, Units: minor, Amount: euros(minor)}}}
	}
	made := []UID{{100}, {101}, {102}} // the last two are known nowhere
	elsewhere = map[UID]Record{{100}: {Entry: Entry{Kind: EntryRedeem, UID: UID{100}, Assurance: Leased}}}
	for i := range rapid.IntRange(0, 20).Draw(t, "entries") {
		if rapid.Bool().Draw(t, "back") {
			back := entry(EntryReverse, i)
			back.About = rapid.SampledFrom(made).Draw(t, "about")
			all = append(all, Record{Entry: back})
			continue
		}
		redeemed := entry(EntryRedeem, i)
		redeemed.Assurance = rapid.SampledFrom([]Assurance{Confirmed, ByStore, Leased, Offline}).Draw(t, "assurance")
		all, made = append(all, Record{Entry: redeemed}), append(made, redeemed.UID)
	}
	return all, elsewhere
}

// wantSum checks that groups come to what the whole day comes to.
func wantSum(t *rapid.T, name string, groups []GroupFigures, day Figures) {
	var redemptions, reversals, net int64
	for _, group := range groups {
		redemptions, reversals = redemptions+group.Redemptions, reversals+group.Reversals
		for _, worth := range group.Worth {
			net += worth.Net.Minor
		}
	}
	want := int64(0)
	for _, worth := range day.Worth {
		want += worth.Net.Minor
	}
	if redemptions != day.Redemptions || reversals != day.Reversals || net != want {
		t.Fatalf("%s come to %d, %d and %d, the day to %d, %d and %d", name, redemptions, reversals, net, day.Redemptions, day.Reversals, want)
	}
}

// What was taken back of a redemption that the day does not have would be counted under none, or under one that it was not.
func TestTraceFindsWhatIsTakenBack(t *testing.T) {
	t.Parallel()
	back := func(about UID) Record { return Record{Entry: Entry{Kind: EntryReverse, About: about}} }
	all := []Record{back(UID{1}), {Entry: Entry{Kind: EntryRedeem, UID: UID{1}, Assurance: Offline}}, back(UID{2}), back(UID{3})}
	find := func(uid UID) (Record, error) {
		if uid == (UID{2}) {
			return Record{Entry: Entry{Kind: EntryRedeem, UID: uid, Assurance: Leased}}, nil
		}
		return Record{}, ErrUnknown
	}
	if err := Trace(all, find); err != nil {
		t.Fatal(err)
	}
	if all[0].Undone != Offline || all[1].Undone != "" || all[2].Undone != Leased || all[3].Undone != "" {
		t.Errorf("%q, %q, %q, %q", all[0].Undone, all[1].Undone, all[2].Undone, all[3].Undone)
	}
	sum, err := FiguresOf(all, DayFilter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, group := range sum.Assurances {
		keys = append(keys, group.Key)
	}
	if want := []string{"leased", "offline", "unknown"}; !cmp.Equal(keys, want) {
		t.Errorf("groups %v", keys)
	}
	broken := errors.New("the disk is gone")
	if err := Trace([]Record{back(UID{4})}, func(UID) (Record, error) { return Record{}, broken }); !errors.Is(err, broken) {
		t.Errorf("a fault of the search became %v", err)
	}
}

// A number on the manager's page would open rows that do not add up to it.
func TestEveryNumberAddsUpToItsRows(t *testing.T) {
	t.Parallel()
	all := day()
	whole, err := FiguresOf(all, DayFilter{}, 4*60)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		filter := DayFilter{
			Terminal: rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "terminal"),
			Operator: rapid.SampledFrom([]string{"", "li", "mia", "chen"}).Draw(t, "operator"),
			Campaign: rapid.SampledFrom([]string{"", "brunch", "card"}).Draw(t, "campaign"),
			Hour:     rapid.SampledFrom([]string{"", "12", "01"}).Draw(t, "hour"),
			Entry:    rapid.SampledFrom([]EntryKind{0, EntryRedeem, EntryReverse, EntryDecline}).Draw(t, "entry"),
		}
		got, err := FiguresOf(all, filter, 4*60)
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, record := range all {
			if filter.Picks(record) {
				rows++
			}
		}
		if sum := got.Redemptions + got.Reversals + got.Declines; sum != rows {
			t.Fatalf("%+v: %d rows, but %d counted", filter, rows, sum)
		}
		if filter == (DayFilter{Hour: filter.Hour}) && filter.Hour != "" {
			for _, hour := range whole.Hours {
				if hour.Key == filter.Hour && !cmp.Equal(hour.Worth, got.Worth) {
					t.Fatalf("hour %s: %v in the chart, %v in its rows", hour.Key, hour.Worth, got.Worth)
				}
			}
		}
	})
}
