package receipt_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/terminal/receipt"
)

// words says the slips' own sentences, without the rest of the program's.
type words struct {
	language  string
	sentences map[string]string
}

func wordsIn(t *testing.T, language string) words {
	t.Helper()
	data, err := os.ReadFile("../../assets/translations/receipt." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	w := words{language: language}
	if err := json.Unmarshal(data, &w.sentences); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w words) Language() string { return w.language }

func (w words) Say(key string, args map[string]any) string {
	sentence, known := w.sentences[key]
	if !known {
		return "MISSING " + key
	}
	for name, value := range args {
		text := fmt.Sprint(value)
		if at, ok := value.(time.Time); ok {
			text = at.Format("2006-01-02 15:04")
		}
		sentence = strings.ReplaceAll(sentence, "{"+name+"}", text)
	}
	return sentence
}

func money(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

// facts are those of a bill with every kind of line.
func facts() terminal.SlipFacts {
	at := time.Date(2026, 11, 21, 20, 4, 0, 0, time.FixedZone("CET", 3600))
	return terminal.SlipFacts{
		Kind: terminal.SlipRedemption,
		Settings: terminal.Settings{
			Merchant: terminal.Merchant{Name: "Lakeside Group"},
			Store: terminal.Store{Name: "Lakeside Quay", Zone: "Europe/Berlin",
				Address: []string{"Very Long Quayside Promenade Street 1234, Rear Building", "10117 Berlin"}},
			Terminal: "counter-1",
		},
		Operator: "Li",
		Approver: "Maximiliane von Hohenlohe-Langenburg-Schillingsfürst",
		Entry: terminal.Entry{UID: terminal.UID{1, 2, 3}, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 42},
			Kind: terminal.EntryRedeem, Wall: at, Assurance: terminal.Offline, Bill: money(123456)},
		LeftToPay: money(103456),
		Deals: []terminal.SlipDeal{
			{Name: terminal.Text{"en": "Dinner for two with a view over the lake", "zh-Hans": "湖景双人晚餐套餐(含饮料)", "de": "Donaudampfschifffahrtsgesellschaftskapitänsmenü für zwei"},
				Terms: terminal.Text{"en": "Drinks not included."}, Holder: "M. Chen",
				Line: terminal.EntryLine{Kind: terminal.KindProduct, Units: 1, Left: 0, Masked: "B2HQ", Value: money(6800), Price: money(3990)}},
			{Name: terminal.Text{"en": "Gift card"},
				Line: terminal.EntryLine{Kind: terminal.KindBalance, Units: 1250, Left: 3750, Amount: money(1250), Masked: "77ZP"}},
			{Name: terminal.Text{"en": "20 % off"},
				Line: terminal.EntryLine{Kind: terminal.KindDiscount, Units: 1, Discount: money(2000), Masked: "9A"}},
			{Name: terminal.Text{"en": "Table by the window"}, Slot: &terminal.Slot{From: at, Until: at.Add(time.Hour), Party: 4},
				Line: terminal.EntryLine{Kind: terminal.KindBooking, Units: 1}},
			{Name: terminal.Text{"en": "Order 815"}, Parts: []terminal.OrderLine{{ID: "a", Name: "Apple cake", Quantity: 2}},
				Line: terminal.EntryLine{Kind: terminal.KindPickup, Units: 1, Left: 3}},
		},
		ReversibleUntil: at.Add(time.Hour),
	}
}

func TestLayoutKeepsToItsColumns(t *testing.T) {
	// Broken in the shop: a row wider than the paper, which the printer breaks wherever it likes.
	for _, language := range []string{"en", "zh-Hans", "de", "es"} {
		for _, columns := range []int{32, 42, 48} {
			for _, kind := range []terminal.SlipKind{terminal.SlipRedemption, terminal.SlipReversal, terminal.SlipTest, terminal.SlipDayClose} {
				f := facts()
				f.Kind, f.Duplicate, f.Training = kind, 2, true
				f.Original = &terminal.SlipOriginal{Receipt: f.Entry.Receipt, At: f.Entry.Wall}
				slip := receipt.Layout(f, wordsIn(t, language), columns)
				for _, row := range slip.Rows {
					room := columns
					if row.Double {
						room = columns / 2
					}
					if got := terminal.Columns(row.Text); got > room {
						t.Errorf("%s %s: a row of %d columns in %d: %q", language, kind, got, room, row.Text)
					}
					if strings.Contains(row.Text, "MISSING") {
						t.Errorf("%s: %s", language, row.Text)
					}
				}
				if last := slip.Rows[len(slip.Rows)-1]; !last.Cut {
					t.Errorf("%s %s does not end with a cut", language, kind)
				}
			}
		}
	}
}

// text is a slip as one text, without spaces.
func text(slip terminal.Slip) string {
	all := ""
	for _, row := range slip.Rows {
		all += row.Text + row.QR
	}
	return strings.NewReplacer(" ", "", "\u00a0", "").Replace(all)
}

func TestNothingIsLeftOut(t *testing.T) {
	// Broken in the shop: a slip that does not say what DEVICES promises, on the narrowest paper first.
	for _, columns := range []int{32, 42, 48} {
		f := facts()
		got := text(receipt.Layout(f, wordsIn(t, "en"), columns))
		for _, want := range []string{"Lakeside Group", "Lakeside Quay", "Rear Building", "counter-1", "1-000042", "Li", "2026-11-21 20:04 +01:00",
			f.Approver, "Dinner for two with a view over the lake", "M. Chen", "****B2HQ", "68.00 EUR", "39.90 EUR", "Balance before50.00 EUR",
			"Spent now12.50 EUR", "Balance now37.50 EUR", "-20.00 EUR", "Guests4", "2 x Apple cake", "Left3", "Bill1234.56 EUR",
			"LEFT TO PAY1034.56 EUR", "OFFLINE – PENDING", f.Entry.UID.String(), "2026-11-21 21:04", "Drinks not included.", "not a fiscal receipt"} {
			if !strings.Contains(got, strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%d columns: %q is missing in\n%s", columns, want, got)
			}
		}
	}
}

func TestDayCloseSaysItsFigures(t *testing.T) {
	// Broken in the shop: the manager's Z leaves out an offer, or its columns run into each other.
	f := facts()
	f.Kind, f.Deals, f.Entry.BusinessDay = terminal.SlipDayClose, nil, terminal.Date{Year: 2026, Month: 11, Day: 21}
	f.Entry.Totals = &terminal.DayTotals{Number: 7, First: terminal.ReceiptNumber{Epoch: 1, Number: 30}, Last: f.Entry.Receipt, Redemptions: 12,
		Reversals: 1, Declines: 4, Late: 2, Assurances: []terminal.AssuranceTotal{{Assurance: terminal.Confirmed, Redemptions: 9}, {Assurance: terminal.Offline, Redemptions: 3}},
		Campaigns: []terminal.CampaignTotal{
			{Campaign: "dinner", Kind: terminal.KindProduct, Redeemed: terminal.Tally{Lines: 10, Units: 10, Value: money(68000)},
				Reversed: terminal.Tally{Lines: 1, Units: 1, Value: money(6800)}},
			{Campaign: "gift", Kind: terminal.KindBalance, Redeemed: terminal.Tally{Lines: 2, Units: 98765432109, Amount: money(98765432109)}},
		}}
	f.Campaigns = map[string]terminal.Text{"dinner": {"en": "Dinner for two"}, "gift": {}}
	for _, columns := range []int{32, 42, 48} {
		slip := receipt.Layout(f, wordsIn(t, "en"), columns)
		got := text(slip)
		for _, want := range []string{"Business day2026-11-21", "Z number7", "1-000030to1-000042", "Dinner for two", "Redeemed10680.00", "Taken back168.00",
			"Remains9612.00", "gift", "Redeemed2987654321.09", "All offers", "Redeemed12987655001.09", "Remains11987654933.09", "Checked online9", "Honoured offline3",
			"Turned away4", "Of earlier days2", f.Entry.UID.String()} {
			if !strings.Contains(got, strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%d columns: %q is missing in\n%s", columns, want, got)
			}
		}
		for _, row := range slip.Rows {
			if got := terminal.Columns(row.Text); got > columns {
				t.Errorf("%d columns: %q", columns, row.Text)
			}
		}
	}
}

func TestDayCloseMarksWhatDoesNotAddUp(t *testing.T) {
	// Broken in the shop: a Z with an amount that is out of range shows a sum that wrapped round, below nothing.
	f := facts()
	most := terminal.Money{Minor: math.MaxInt64, Currency: "EUR"}
	f.Kind, f.Deals = terminal.SlipDayClose, nil
	f.Entry.Totals = &terminal.DayTotals{Number: 7, Redemptions: 3, Campaigns: []terminal.CampaignTotal{
		{Campaign: "card", Redeemed: terminal.Tally{Units: 2, Value: &most}, Reversed: terminal.Tally{Units: 1, Value: money(6800)}},
		{Campaign: "dinner", Redeemed: terminal.Tally{Units: 1, Value: money(6800)}},
	}}
	got := text(receipt.Layout(f, wordsIn(t, "en"), 42))
	if strings.Contains(got, "-9") || strings.Count(got, ">92233720368547758.07") != 3 {
		t.Errorf("the sums that do not fit are not marked:\n%s", got)
	}
}

func TestDuplicateAndTrainingAreUnmistakable(t *testing.T) {
	// Broken in the shop: a second slip that passes for the original.
	f := facts()
	plain := receipt.Layout(f, wordsIn(t, "en"), 42)
	if got := text(plain); strings.Contains(got, "DUPLICATE") || strings.Contains(got, "TRAINING") {
		t.Error("an original says that it is none")
	}
	f.Duplicate, f.Training = 3, true
	if got := text(receipt.Layout(f, wordsIn(t, "en"), 42)); f.Entry.Receipt.Number == 0 || strings.Contains(got, f.Entry.Receipt.String()) {
		t.Errorf("a practice slip bears the number of a real receipt, %s", f.Entry.Receipt)
	}
	banded := map[string]int{}
	for _, row := range receipt.Layout(f, wordsIn(t, "en"), 42).Rows {
		if row.Invert && row.Double {
			banded[strings.TrimSpace(row.Text)]++
		}
	}
	if banded["DUPLICATE 3"] != 2 || banded["TRAINING – NOT"] != 2 {
		t.Errorf("bands at top and bottom: %v", banded)
	}
}

func TestReversalNamesItsOriginal(t *testing.T) {
	// Broken in the shop: nobody can tell which redemption a reversal slip belongs to, or what the card holds now.
	f := facts()
	f.Kind = terminal.SlipReversal
	f.Original = &terminal.SlipOriginal{Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 41}, At: f.Entry.Wall.Add(-time.Hour)}
	f.Entry.Note = "wrong table"
	f.Deals = f.Deals[1:2]
	f.Deals[0].Line.Left = 5000
	got := text(receipt.Layout(f, wordsIn(t, "en"), 48))
	for _, want := range []string{"REVERSED", "1-000041", "2026-11-21 19:04", "wrong table", "Balance before37.50", "Returned now12.50", "Balance now50.00"} {
		if !strings.Contains(got, strings.ReplaceAll(want, " ", "")) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "taken back until") {
		t.Error("a reversal can be reversed by nobody")
	}
}

func TestWrap(t *testing.T) {
	// Broken in the shop: names broken in the middle of a word, or Chinese lines that begin with a full stop.
	cases := []struct {
		text    string
		columns int
		want    []string
	}{
		{"", 10, nil},
		{"one two three", 7, []string{"one two", "three"}},
		{"one two", 7, []string{"one two"}},
		{"  spaced   out  ", 20, []string{"spaced out"}},
		{"Kapitänsmützenband", 8, []string{"Kapitäns", "mützenba", "nd"}},
		{"a Kapitänsmütze", 8, []string{"a", "Kapitäns", "mütze"}},
		{"2 x Apfel-Zimt-Torte", 10, []string{"2 x Apfel-", "Zimt-Torte"}},
		{"slip 1-000042 of A-7", 9, []string{"slip", "1-000042", "of A-7"}},
		{"双人晚餐套餐", 8, []string{"双人晚餐", "套餐"}},
		{"双人晚餐。套餐", 8, []string{"双人晚", "餐。套餐"}},
		{"双人（晚餐）", 6, []string{"双人", "（晚", "餐）"}},
		{"A双人B晚", 5, []string{"A双人", "B晚"}},
		{"12.50\u00a0€ more", 8, []string{"12.50\u00a0€", "more"}},
		{"tab\tnew\nline\x1b@\x00end", 30, []string{"tab new line @ end"}},
		{"right\u202eleft", 30, []string{"rightleft"}},
	}
	for _, c := range cases {
		if got := receipt.Wrap(c.text, c.columns); fmt.Sprint(got) != fmt.Sprint(c.want) || len(got) != len(c.want) {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}

func TestAValueThatFitsStandsInOneRow(t *testing.T) {
	// Broken in the shop: a time or a name that has room on narrow paper is torn into two rows.
	f := facts()
	f.Operator = "Anna Maria von Hohenlohe-Langen" // 31 columns
	for _, row := range receipt.Layout(f, wordsIn(t, "de"), 32).Rows {
		if strings.TrimSpace(row.Text) == f.Operator {
			return
		}
	}
	t.Errorf("%q stands in no row by itself", f.Operator)
}
