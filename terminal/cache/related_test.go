package cache

import (
	"slices"
	"testing"

	"countersign/terminal"
)

// If the cache lost what limits count, or whose a voucher is, every counter would give each customer the offer once more; if it mixed
// orders up, one scan would hand over somebody else's goods.
func TestRowsComeWithWhatBelongsToThem(t *testing.T) {
	c, _ := newShelf(t)
	day := terminal.Date{Year: 2026, Month: 11, Day: 21}
	limited := campaign("spa")
	limited.Rules = terminal.Rules{PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerDay}, PerDay: &terminal.DayLimit{Count: 5}}
	of := func(n uint64, campaign, customer, order string) terminal.Voucher {
		v := voucher(n)
		v.Campaign, v.Customer, v.Order = campaign, customer, order
		return v
	}
	counts := []terminal.Count{
		{Campaign: "spa", Customer: "ann", Day: day, Units: 1}, {Campaign: "spa", Customer: "ben", Day: day, Units: 2},
		{Campaign: "spa", Store: "quay", Day: day.AddDays(-9), Units: 7}, {Campaign: "spa", Store: "quay", Day: day, Units: 3},
		{Campaign: "spa", Store: "hill", Day: day, Units: 4}, {Campaign: "free", Store: "hill", Day: day, Units: 9},
		{Campaign: "spa", Customer: terminal.VoucherID(5).String(), Day: day, Units: 6},
	}
	apply(t, c, Page{Campaigns: []terminal.Campaign{limited, campaign("free")}, Vouchers: []terminal.Voucher{
		of(1, "spa", "ann", "o1"), of(2, "spa", "ann", ""), of(3, "free", "ann", "o1"), of(4, "spa", "ben", "o2"), of(5, "spa", "", "o1"),
	}, Counts: counts, Cursor: "c", AtEnd: true})
	find := func(n uint64) terminal.Row {
		t.Helper()
		row, err := c.Find(t.Context(), []terminal.Lookup{lookup(n)})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(row.Counts, func(a, b terminal.Count) int { return int(a.Units - b.Units) })
		return row
	}
	anns := find(1)
	if want := []terminal.Count{counts[0], counts[3], counts[4]}; !slices.Equal(anns.Counts, want) {
		t.Errorf("counts %v; want %v", anns.Counts, want)
	}
	if !slices.Equal(anns.Siblings, []terminal.VoucherID{2}) || !slices.Equal(anns.Order, []terminal.Lookup{lookup(3), lookup(5)}) {
		t.Errorf("siblings %v, order %v", anns.Siblings, anns.Order)
	}
	if free := find(3); free.Counts != nil || free.Siblings != nil || len(free.Order) != 2 {
		t.Errorf("without limits: %+v", free)
	}
	if nobodys := find(5); len(nobodys.Counts) != 3 || nobodys.Counts[2] != counts[6] || nobodys.Siblings != nil {
		t.Errorf("without a customer: %+v", nobodys)
	}
	// A newer state replaces the older.
	newer := counts[0]
	newer.Units = 0
	apply(t, c, Page{Counts: []terminal.Count{newer}, Cursor: "d", AtEnd: true})
	if anns := find(1); anns.Counts[0].Units != 0 || len(anns.Counts) != 3 {
		t.Errorf("after a newer page: %v", anns.Counts)
	}
	if err := c.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply(t, c, Page{Campaigns: []terminal.Campaign{limited}, Vouchers: []terminal.Voucher{of(1, "spa", "ann", "")}, Cursor: "e", AtEnd: true})
	if row := find(1); row.Counts != nil {
		t.Errorf("a new generation keeps counts: %v", row.Counts)
	}
}
