package simulation

import (
	"context"
	"fmt"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"countersign/terminal"
)

// If a terminal took a login page, an error, half an answer or somebody else's for the cloud's, to whatever it asked, entries would be
// given up that nobody has, or a cache emptied in front of a queue.
func TestNoBadAnswerToAnyCallCostsAnEntry(t *testing.T) {
	for _, how := range spoilings {
		for _, instead := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, instead %v", how.name, instead), func(t *testing.T) {
				cryptotest.SetGlobalRandom(t, 1)
				folder := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 1, size{counters: 1}, folder, nil)
					w.suffer(t, how, instead)
					for _, bad := range w.bad {
						t.Error(bad)
					}
				})
			})
		}
	}
}

// suffer has a till sell while every answer is spoilt, then while every second one is, and then in peace.
func (w *world) suffer(t *testing.T, how spoiling, instead bool) {
	ctx, c := context.Background(), w.counters[0]
	c.calm = true
	c.start()
	every := func(nth int) {
		c.line.set(func() {
			c.line.always = func(n int) (*spoiling, bool) {
				if nth == 0 || n%nth != 0 {
					return nil, false
				}
				return &how, instead
			}
		})
	}
	sell := func(from, until int) {
		for _, v := range w.vouchers[from:until] {
			c.redeem(c.request(v))
			c.scan(terminal.Request{Scans: []terminal.Scan{{Code: "nothing"}}, Operator: cashier})
			pass(3 * time.Second)
		}
	}
	c.line.set(func() { c.line.weather = fair })
	pass(10 * time.Second) // in peace: the cache is full
	before, err := c.station.Cache.Freshness(ctx)
	w.must(err)
	atFirst := c.pending()
	every(1)
	pass(time.Minute) // what was asked before has its answer
	sell(0, 4)
	pass(3 * time.Minute)
	after, err := c.station.Cache.Freshness(ctx)
	w.must(err)
	if after.Vouchers != before.Vouchers || after.Cursor != before.Cursor {
		t.Errorf("the cache had %d vouchers at %s, and has %d at %s", before.Vouchers, before.Cursor, after.Vouchers, after.Cursor)
	}
	if found := c.pending(); found != atFirst+8 {
		t.Errorf("of 8 entries %d are pending", found-atFirst)
	}
	every(2)
	sell(4, 10)
	pass(10 * time.Minute)
	if found := c.pending(); found != 0 {
		t.Errorf("where every second answer is good, %d entries are still pending", found)
	}
	every(0)
	c.stop()
	w.calm()
}

// pending is how many entries the cloud has not acknowledged.
func (c *counter) pending() int64 {
	counts, err := c.station.Journal.Counts(context.Background())
	c.must(err)
	return counts.Pending
}
