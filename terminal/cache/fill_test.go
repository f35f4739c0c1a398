package cache

import (
	"fmt"
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
