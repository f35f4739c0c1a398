package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	assets "countersign/assets/demo"
	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/terminal"
	"countersign/ui/counter"
)

// otherKinds are offers that the demo's merchant does not have: what can stand on one bill, and an order to collect.
const otherKinds = `
[[campaign]]
id = "tenth"
name = { en = "Ten per cent", zh-Hans = "九折", de = "Zehn Prozent", es = "Diez por ciento" }
kind = "discount"
discount = { percent = "10" }

[[campaign]]
id = "fiver"
name = { en = "Five off", zh-Hans = "减五元", de = "Fünf weniger", es = "Cinco menos" }
kind = "discount"
discount = { amount = "5.00" }

[[campaign]]
id = "crate"
name = { en = "Wine to collect", zh-Hans = "自提葡萄酒", de = "Wein zum Abholen", es = "Vino para recoger" }
kind = "pickup"
price = "60.00"
`

// sell issues vouchers of a campaign and returns their codes.
func (f *shopfloor) sell(offers []terminal.Campaign, campaign string, count int, facts cloud.Facts) []string {
	f.t.Helper()
	at := slices.IndexFunc(offers, func(c terminal.Campaign) bool { return c.ID == campaign })
	issued, err := cloud.Prepare(f.t.Context(), f.world.Cloud.Storage, f.world.Cloud.Merchant, offers[at], facts, count, rand.Reader, time.Now())
	if err == nil {
		err = cloud.Store(f.t.Context(), f.world.Cloud.Storage, f.world.Cloud.Merchant, issued)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	var codes []string
	for _, one := range issued {
		codes = append(codes, one.Code)
	}
	return codes
}

func TestBillJourney(t *testing.T) {
	// In a real window, with real keys: an order of four, three of five lines, two discounts and a meal would each be redeemed wrongly.
	f := openShop(t)
	text := string(assets.Catalogue()) + otherKinds
	offers, err := catalogue.Read("catalogue.toml", text, func(name string) ([]byte, error) { return nil, fmt.Errorf("no file %s", name) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.world.Cloud.Storage.Apply(t.Context(), offers); err != nil {
		t.Fatal(err)
	}
	party := f.sell(offers.Campaigns, "dinner-for-two", 4, cloud.Facts{Order: "party"})
	crate := f.sell(offers.Campaigns, "crate", 1, cloud.Facts{Lines: []terminal.OrderLine{{ID: "a", Name: "Riesling", Quantity: 6}, {ID: "b", Name: "Pinot", Quantity: 2},
		{ID: "c", Name: "Glasses", Quantity: 4}, {ID: "d", Name: "Box", Quantity: 1}, {ID: "e", Name: "Cooler", Quantity: 1}}})[0]
	meal := f.sell(offers.Campaigns, "dinner-for-two", 1, cloud.Facts{})[0]
	tenth, fiver := f.sell(offers.Campaigns, "tenth", 1, cloud.Facts{})[0], f.sell(offers.Campaigns, "fiver", 1, cloud.Facts{})[0]
	f.signIn()
	f.untilKnown(append(party, crate, meal, tenth, fiver)...)
	redeemed := func(s sight) bool { return s.Phase == counter.Redeemed }

	f.scan(party[2])
	f.until("three more of the order", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Order == 3 })
	f.press("the whole order", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Lines == 4 }, "key", "F5")
	f.press("the order redeemed", redeemed, "key", "Return")

	f.scan(crate)
	f.until("five lines", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Parts == 5 && s.Handed == 5 })
	f.hands("key", "2")
	f.until("one line less", func(s sight) bool { return s.Handed == 4 })
	f.hands("key", "Down", "key", "Down", "key", "Left", "key", "Left") // on the fourth, and out with it
	f.until("two lines less", func(s sight) bool { return s.Handed == 3 })
	f.press("three lines redeemed", redeemed, "key", "Return")
	f.hands("sleep", "1")
	f.scan(crate)
	f.until("the other two", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Parts == 2 })
	f.press("nothing in hand", func(s sight) bool { return s.Phase == counter.Ready }, "key", "Escape")

	f.scan(fiver)
	f.until("the first discount", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Scans == 1 })
	f.hands("key", "F6")
	f.scan(meal)
	f.until("the meal on the bill", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Scans == 2 })
	f.scan(tenth)
	f.until("the amount asked for", func(s sight) bool { return s.Asks == "bill" && s.Scans == 3 })
	f.hands("type", "--delay", "150", "80")
	f.press("the bill settled", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Lines == 3 }, "key", "Return")
	f.hands("sleep", "0.5")
	f.scan(party[0])
	f.until("a used voucher, marked", func(s sight) bool {
		return s.Phase == counter.Declined && s.Scans == 4 && s.Reason == "already_redeemed"
	})
	f.press("it is off again", func(s sight) bool { return s.Phase == counter.ReadyToRedeem && s.Scans == 3 }, "key", "Delete")
	f.press("the bill redeemed", redeemed, "key", "Return")

	f.untilCloudHas(3)
	if err := f.child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.child.Wait(); err != nil || strings.Contains(f.errors(), "Error in Fyne call thread") {
		t.Errorf("the desktop ended with %v:\n%s", err, f.errors())
	}
	f.examineBill()
}

// untilKnown waits until the counter's cache has these vouchers, as a counter that has been on since the morning would.
func (f *shopfloor) untilKnown(codes ...string) {
	f.t.Helper()
	reader := f.reader()
	defer func() { _ = reader.Close() }()
	f.poll("vouchers in the cache", func() bool {
		for _, code := range codes {
			outcome, err := reader.Terminal.Check(f.t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: code}}}, nil)
			if err != nil {
				f.t.Fatal(err)
			}
			if outcome.Reason() == terminal.NotFound {
				return false
			}
		}
		return true
	})
}

// examineBill looks at what the journal has: three redemptions, each of what was on the screen.
func (f *shopfloor) examineBill() {
	f.t.Helper()
	reader := f.reader()
	defer func() { _ = reader.Close() }()
	records, err := reader.Journal.Entries(f.t.Context(), 0, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	var redemptions []terminal.Entry
	for _, record := range records {
		if record.Entry.Kind == terminal.EntryRedeem {
			redemptions = append(redemptions, record.Entry)
		}
	}
	if len(redemptions) != 3 {
		f.t.Fatalf("%d redemptions", len(redemptions))
	}
	if lines := redemptions[0].Lines; len(lines) != 4 {
		f.t.Errorf("the order was redeemed as %+v", lines)
	}
	var parts []string
	for _, line := range redemptions[1].Lines {
		parts = append(parts, line.Part)
	}
	if !slices.Equal(parts, []string{"a", "c", "e"}) {
		f.t.Errorf("handed over: %v", parts)
	}
	bill := redemptions[2]
	if bill.Bill == nil || bill.Bill.Minor != 8000 || len(bill.Lines) != 3 {
		f.t.Fatalf("the bill is %+v", bill)
	}
	for _, line := range bill.Lines {
		if want := map[string]int64{"tenth": 800, "fiver": 500}[line.Campaign]; want > 0 && (line.Discount == nil || line.Discount.Minor != want) {
			f.t.Errorf("%s took off %v", line.Campaign, line.Discount)
		}
	}
}
