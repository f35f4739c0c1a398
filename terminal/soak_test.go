package terminal_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"countersign/terminal"
)

// operations is how many random operations the test below goes through.
func operations() int {
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		return 1_000_000
	}
	return 100_000
}

// If some order of redeeming, billing, collecting, undoing, restarting and syncing honoured a unit twice, made units negative or lost
// value, a shop would find it on a busy Saturday.
func TestNoSequenceOfAnythingBreaksTheCount(t *testing.T) {
	done := 0
	for done < operations() {
		rapid.Check(t, func(r *rapid.T) {
			s := newSaturday(t)
			r.Repeat(map[string]func(*rapid.T){
				"redeem": s.redeemOne, "bill": s.redeemBill, "order": s.redeemOrder, "again": s.redeemAgain, "reverse": s.reverseSome,
				"sync": s.sync, "older": s.olderBackup, "restart": s.restart,
				"": func(r *rapid.T) {
					done++
					s.check(r)
				},
			})
		})
		if t.Failed() {
			return
		}
	}
}

// saturday is a counter with a voucher of each kind.
type saturday struct {
	*counter
	t     *testing.T
	rows  map[string]terminal.Row // as they were issued
	fresh bool                    // the cache is what the cloud would say now
	last  terminal.Request
}

func newSaturday(t *testing.T) *saturday {
	s := &saturday{counter: newCounter(t), t: t, rows: map[string]terminal.Row{}, fresh: true}
	allow := func(id string, change func(*terminal.Row)) func(*terminal.Row) {
		return func(r *terminal.Row) {
			r.Voucher.Campaign, r.Campaign.ID = id, id
			r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeAllow}
			r.Campaign.Reversal.Cashier.Day = true
			if change != nil {
				change(r)
			}
		}
	}
	ordered := func(other string) func(*terminal.Row) {
		return func(r *terminal.Row) { r.Voucher.Order, r.Order = "o1", []terminal.Lookup{lookupOf(other)} }
	}
	for _, stock := range []struct {
		code   string
		change func(*terminal.Row)
	}{
		{"product", nil}, {"pass", pass(7, 3)}, {"card", balance(900)}, {"percent", percent(1000, nil)}, {"amount", amountOff(300)},
		{"table", func(r *terminal.Row) { r.Campaign.Kind = terminal.KindBooking }}, {"parcel", order},
		{"one", ordered("two")}, {"two", ordered("one")},
		{"limited", func(r *terminal.Row) {
			pass(5, 0)(r)
			r.Campaign.Rules.PerCustomer = &terminal.Limit{Count: 2, Per: terminal.PerDay}
		}},
	} {
		s.rows[stock.code] = s.stock(stock.code, allow(stock.code, stock.change))
	}
	return s
}

func (s *saturday) total(row terminal.Row) int64 {
	if row.Campaign.Kind == terminal.KindPickup {
		return int64(len(row.Voucher.Lines))
	}
	return row.Voucher.Units
}

// net is what stands of a voucher's uses, by part, straight from the entries up to one.
func (s *saturday) net(voucher terminal.VoucherID, until int) (net int64, parts map[string]int64) {
	parts = map[string]int64{}
	for _, record := range s.journal.records[:until] {
		sign := map[terminal.EntryKind]int64{terminal.EntryRedeem: 1, terminal.EntryReverse: -1}[record.Entry.Kind]
		for _, line := range record.Entry.Lines {
			if line.Voucher == voucher {
				net += sign * line.Units
				parts[line.Part] += sign * line.Units
			}
		}
	}
	return net, parts
}

func (s *saturday) redeem(r *rapid.T, req terminal.Request) terminal.Outcome {
	s.authority.claim = granted
	if rapid.Bool().Draw(r, "offline") {
		s.authority.claim = nil
	}
	outcome, err := s.Redeem(s.t.Context(), req)
	if err != nil {
		r.Fatal(err)
	}
	s.last = req
	if outcome.Redeemed() {
		s.fresh = false
		s.last.UID = outcome.Record.Entry.UID
	}
	return outcome
}

func (s *saturday) request(r *rapid.T, codes ...string) terminal.Request {
	req := scanOf(codes...)
	req.Bill = euros(rapid.Int64Range(0, 5000).Draw(r, "bill"))
	req.Amount = euros(rapid.Int64Range(-5, 950).Draw(r, "amount"))
	if units := rapid.Int64Range(0, 4).Draw(r, "units"); units > 0 && (len(codes) > 1 || s.rows[codes[0]].Campaign.Kind == terminal.KindPass) {
		req.Units = &units
	}
	if slices.Contains(codes, "parcel") {
		req.Lines = rapid.SampledFrom([][]string{nil, {"a"}, {"b"}, {"a", "b"}, {"a", "a"}}).Draw(r, "lines")
	}
	return req
}

func (s *saturday) redeemOne(r *rapid.T) {
	code := rapid.SampledFrom(slices.Sorted(maps.Keys(s.rows))).Draw(r, "code")
	req, row := s.request(r, code), s.rows[code]
	before, _ := s.net(row.Voucher.ID, len(s.journal.records))
	fresh := s.fresh
	outcome := s.redeem(r, req)
	asked := int64(1)
	switch {
	case row.Campaign.Kind == terminal.KindBalance:
		asked = req.Amount.Minor
		if asked > req.Bill.Minor {
			return // nobody pays more than the bill: declined, as TestBills shows
		}
	case row.Campaign.Kind == terminal.KindPass && req.Units != nil:
		asked = *req.Units
	}
	if code == "amount" && req.Bill.Minor == 0 {
		return // nothing would come off: declined, as TestDiscountsTakeSomethingOff shows
	}
	fits := asked >= 1 && asked <= s.total(row)-before
	switch {
	case outcome.Redeemed() && row.Campaign.Kind != terminal.KindPickup && !fits:
		r.Fatalf("%s: %d of %d left were honoured", code, asked, s.total(row)-before)
	case fresh && fits && outcome.Choice == terminal.Declined && slices.Contains([]string{"product", "card", "amount", "table", "one"}, code):
		r.Fatalf("%s: %d of %d left were declined as %s", code, asked, s.total(row)-before, outcome.Reason())
	}
}

func (s *saturday) redeemBill(r *rapid.T) {
	codes := rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(s.rows))), 2, 4).Draw(r, "codes")
	outcome := s.redeem(r, s.request(r, codes...))
	if pay := outcome.LeftToPay; pay != nil && pay.Minor < 0 {
		r.Fatalf("%v is left to pay", pay)
	}
}

func (s *saturday) redeemOrder(r *rapid.T) {
	req := s.request(r, rapid.SampledFrom([]string{"one", "two"}).Draw(r, "code"))
	req.WholeOrder = true
	s.redeem(r, req)
}

// redeemAgain asks for a redemption again under its uid: it is the same one.
func (s *saturday) redeemAgain(r *rapid.T) {
	if s.last.UID.IsZero() {
		r.Skip("nothing was redeemed")
	}
	before := len(s.journal.records)
	if again := s.redeem(r, s.last); !again.Redeemed() || len(s.journal.records) != before {
		r.Fatalf("the same uid again: %s with %d entries more", again.Choice, len(s.journal.records)-before)
	}
}

func (s *saturday) reverseSome(r *rapid.T) {
	if len(s.journal.records) == 0 {
		r.Skip("nothing to reverse")
	}
	record := rapid.SampledFrom(s.journal.records).Draw(r, "record")
	undo := terminal.Reversal{UID: record.Entry.UID, Note: "test"}
	if rapid.Bool().Draw(r, "in part") {
		if line := record.Entry.Lines; len(line) > 0 && line[0].Part != "" {
			undo.Parts = []string{rapid.SampledFrom(line).Draw(r, "line").Part}
		} else {
			undo.Units = ptr(rapid.Int64Range(0, 400).Draw(r, "units"))
		}
	}
	standing := int64(0)
	for i, line := range record.Entry.Lines {
		if len(undo.Parts) == 0 || slices.Contains(undo.Parts, line.Part) {
			standing += line.Units - record.Reversed[i]
		}
	}
	parted := undo.Units != nil && len(record.Entry.Lines) != 1 || slices.Equal(undo.Parts, []string{""})
	outcome, err := s.Reverse(s.t.Context(), undo)
	switch {
	case record.Entry.Kind != terminal.EntryRedeem:
		if !errors.Is(err, terminal.ErrUnknown) {
			r.Fatalf("a %s could be reversed: %v", record.Entry.Kind, err)
		}
	case parted:
		if !errors.Is(err, terminal.ErrParts) {
			r.Fatalf("a part that there is not: %v", err)
		}
	case err != nil:
		r.Fatal(err)
	case undo.Units == nil && (outcome.Record != nil) != (standing > 0):
		r.Fatalf("all of %d standing: %s for %s", standing, outcome.Choice, outcome.Reason())
	case undo.Units != nil && outcome.Record != nil && (*undo.Units < 1 || *undo.Units > standing):
		r.Fatalf("%d of %d standing were reversed", *undo.Units, standing)
	case outcome.Record != nil:
		s.fresh = false
	}
}

// sync puts into the cache what the cloud says when it has the journal up to some entry.
func (s *saturday) sync(r *rapid.T) {
	through := rapid.IntRange(0, len(s.journal.records)).Draw(r, "through")
	if rapid.Bool().Draw(r, "all") {
		through = len(s.journal.records)
	}
	for _, row := range s.rows {
		net, parts := s.net(row.Voucher.ID, through)
		row.Voucher.Used, row.Included = net, uint64(through)
		row.Voucher.Lines = slices.Clone(row.Voucher.Lines)
		for i := range row.Voucher.Lines {
			row.Voucher.Lines[i].Collected = parts[row.Voucher.Lines[i].ID] > 0
		}
		if row.Campaign.Rules.PerCustomer != nil {
			row.Counts = []terminal.Count{{Campaign: row.Campaign.ID, Customer: row.Voucher.Counted(), Day: day("2026-06-16"), Units: net}}
		}
		s.cache.rows[row.Voucher.Lookup] = row
	}
	s.fresh = through == len(s.journal.records)
}

// olderBackup fills the cache from a cloud that has forgotten everything.
func (s *saturday) olderBackup(*rapid.T) {
	for _, row := range s.rows {
		s.cache.rows[row.Voucher.Lookup] = row
	}
	s.fresh = false
}

// restart begins the program anew on the same journal and cache.
func (s *saturday) restart(*rapid.T) {
	again := newCounter(s.t)
	random := countingRandom(1000 + len(s.journal.records)*1000)
	again.Terminal = terminal.New(terminal.Parts{Codes: plainCodes{}, Cache: s.cache, Journal: s.journal, Authority: s.authority,
		Slips: s.slips, PINs: plainPINs{}, Clock: s.clock, Random: &random})
	s.Terminal = again.Terminal
}

// check holds the journal to the invariants: no unit twice, none negative, nothing lost.
func (s *saturday) check(r *rapid.T) {
	limited := int64(0)
	for code, row := range s.rows {
		net, parts := s.net(row.Voucher.ID, len(s.journal.records))
		use, err := s.journal.Use(s.t.Context(), row.Voucher.ID, "", 0)
		if err != nil || use.Net != net || net < 0 || net > s.total(row) {
			r.Fatalf("%s: %d of %d used, %d counted: %v", code, net, s.total(row), use.Net, err)
		}
		for part, net := range parts {
			if net < 0 || (part != "" && net > 1) {
				r.Fatalf("%s: line %s was handed over %d times", code, part, net)
			}
		}
		if code == "limited" {
			limited = net
		}
	}
	if limited > 2 {
		r.Fatalf("%d units under a limit of 2", limited)
	}
	for _, record := range s.journal.records {
		if err := whole(record); err != nil {
			r.Fatal(err)
		}
	}
}

// whole says what is wrong with an entry by itself.
func whole(record terminal.Record) error {
	for i, line := range record.Entry.Lines {
		switch {
		case record.Entry.Kind == terminal.EntryRedeem && (record.Reversed[i] < 0 || record.Reversed[i] > line.Units):
			return fmt.Errorf("entry %d: %d of %d units reversed", record.Entry.Seq, record.Reversed[i], line.Units)
		case record.Entry.Kind != terminal.EntryDecline && line.Kind == terminal.KindBalance && line.Amount.Minor != line.Units:
			return fmt.Errorf("entry %d: %v for %d units", record.Entry.Seq, line.Amount, line.Units)
		case line.Left < 0:
			return fmt.Errorf("entry %d leaves %d", record.Entry.Seq, line.Left)
		}
	}
	return nil
}

// If an order stood on a bill twice and its lines counted for each scan alone, the same cake would be handed over twice.
func TestSameOrderTwiceOnABill(t *testing.T) {
	c := newCounter(t)
	c.stock("parcel", order)
	req := scanOf("parcel", "parcel")
	req.Lines = []string{"a"}
	if outcome := c.redeem(t, req); outcome.Reason() != terminal.AlreadyRedeemed {
		t.Errorf("%s for %s", outcome.Choice, outcome.Reason())
	}
}
