package cache

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"countersign/terminal"
)

// BenchmarkFill is the first fill by feed pages of 2,000 rows, in no order, as codes hash.
func BenchmarkFill(b *testing.B) {
	const pages, pageSize = 50, 2000
	for b.Loop() {
		c, _ := newShelf(b)
		apply(b, c, Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Cursor: "0"})
		for p := range uint64(pages) {
			page := Page{Cursor: fmt.Sprint(p + 1)}
			for n := range uint64(pageSize) {
				page.Vouchers = append(page.Vouchers, voucher(1+p*pageSize+n))
			}
			apply(b, c, page)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pages/pageSize, "ns/row")
}

// sorted makes n vouchers in the order of their lookups, and what hands them out.
func sorted(n int) (all []terminal.Voucher, next func() ([]terminal.Voucher, error)) {
	for i := range n {
		all = append(all, voucher(uint64(i+1)))
	}
	slices.SortFunc(all, func(a, b terminal.Voucher) int { return bytes.Compare(a.Lookup[:], b.Lookup[:]) })
	rest := all
	return all, func() ([]terminal.Voucher, error) {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		some := rest[:min(1000, len(rest))]
		rest = rest[len(some):]
		return some, nil
	}
}

// A new counter would find none, or not all, of the vouchers that it has just loaded, or take them for complete before the feed said so.
func TestFillIsWholeAndNotYetComplete(t *testing.T) {
	t.Parallel()
	c, _ := newShelf(t)
	apply(t, c, Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Vouchers: []terminal.Voucher{voucher(90_001)}, Cursor: "old"})
	all, next := sorted(2500)
	told := int64(0)
	if err := c.Fill(t.Context(), "g.0-7", next, func(rows int64) { told = rows }); err != nil {
		t.Fatal(err)
	}
	fresh, err := c.Freshness(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if fresh.Cursor != "g.0-7" || fresh.Vouchers != 2500 || !fresh.ReachedEnd.IsZero() || told != 2500 {
		t.Errorf("after the fill the cache stands at %+v, and %d vouchers were told", fresh, told)
	}
	for _, v := range []terminal.Voucher{all[0], all[1234], all[2499]} {
		if found, err := c.Find(t.Context(), []terminal.Lookup{v.Lookup}); err != nil || found.Voucher.ID != v.ID {
			t.Errorf("voucher %s is found as %+v: %v", v.ID, found, err)
		}
	}
	if _, err := c.Find(t.Context(), []terminal.Lookup{voucher(90_001).Lookup}); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("a voucher that is not in the fill is still there: %v", err)
	}
	// What the feed says afterwards goes on from it.
	gone := all[7].ID
	apply(t, c, Page{RemovedVouchers: []terminal.VoucherID{gone}, Cursor: "g.9", AtEnd: true})
	if fresh, err := c.Freshness(t.Context()); err != nil || fresh.Vouchers != 2499 {
		t.Errorf("after a removal there are %d vouchers: %v", fresh.Vouchers, err)
	}
	var indexes string
	row := c.at.read.QueryRow("SELECT group_concat(name, ' ' ORDER BY name) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'vouchers' AND sql IS NOT NULL")
	if err := row.Scan(&indexes); err != nil {
		t.Fatal(err)
	}
	if indexes != "vouchers_customer vouchers_holder vouchers_id vouchers_purchase" {
		t.Errorf("the indexes are %s", indexes)
	}
}

// A line that breaks in the middle of a first fill would leave a shop with half its vouchers and the cursor of all.
func TestBrokenFillChangesNothing(t *testing.T) {
	t.Parallel()
	c, _ := newShelf(t)
	apply(t, c, Page{Campaigns: []terminal.Campaign{campaign("lunch")}, Vouchers: []terminal.Voucher{voucher(1)}, Cursor: "old"})
	broken := errors.New("the line broke")
	_, next := sorted(1500)
	err := c.Fill(t.Context(), "new", func() ([]terminal.Voucher, error) {
		some, err := next()
		if errors.Is(err, io.EOF) {
			err = broken
		}
		return some, err
	}, nil)
	if !errors.Is(err, broken) {
		t.Fatalf("the fill ended with %v", err)
	}
	fresh, err := c.Freshness(t.Context())
	if err != nil || fresh.Cursor != "old" || fresh.Vouchers != 1 {
		t.Errorf("the cache stands at %+v: %v", fresh, err)
	}
	if _, err := c.Find(t.Context(), []terminal.Lookup{voucher(1).Lookup}); err != nil {
		t.Error(err)
	}
}

// BenchmarkFirstFill is a first fill in the order of lookups.
func BenchmarkFirstFill(b *testing.B) {
	const rows = 200_000
	for b.Loop() {
		b.StopTimer()
		c, _ := newShelf(b)
		_, next := sorted(rows)
		b.StartTimer()
		if err := c.Fill(b.Context(), "g.0-1", next, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
