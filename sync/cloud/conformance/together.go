package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

// The vouchers and counters of a race, and how many redemptions are sent at a time.
const (
	raced      = 30
	racedBatch = 3
)

// RunTogether holds two storages on one database, as two processes have them, to the contract while both are busy.
func RunTogether(t *testing.T, open func(t *testing.T) (a, b cloud.Storage)) {
	for _, test := range []struct {
		name string
		run  func(here, there *world)
	}{
		{"a voucher claimed through both is granted once", claimTogether},
		{"claims look as if they were made one after the other", claimsInOrder},
		{"leases and claims look as if they were made one after the other", leasesInOrder},
		{"a voucher honoured through both is accepted once, and the feed tells all", redeemTogether},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := open(t)
			here := newWorld(t, func(*testing.T) cloud.Storage { return a })
			test.run(here, here.through(b))
		})
	}
}

// through is the same merchant seen through another storage.
func (w *world) through(s cloud.Storage) *world {
	other := *w
	other.storage, other.uids = s, w.uids+1<<32
	return &other
}

func (w *world) tickets(n int) (all []ticket) {
	for range n {
		all = append(all, w.issue("dinner", cloud.Facts{}))
	}
	return all
}

// both runs do for each counter at the same time.
func both(t *testing.T, counters []*counter, do func(c *counter) error) {
	t.Helper()
	failed := make([]error, len(counters))
	var running sync.WaitGroup
	for i, c := range counters {
		running.Go(func() { failed[i] = do(c) })
	}
	running.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
}

// Two counters would each be told that the one free unit is theirs.
func claimTogether(here, there *world) {
	tickets := here.tickets(raced)
	counters := []*counter{here.counter(quay), there.counter(harbour)}
	var mu sync.Mutex
	granted := map[terminal.VoucherID]int{}
	both(here.T, counters, func(c *counter) error {
		for _, t := range tickets {
			uid := c.uid()
			c.claims++
			c.open = append(c.open, uid)
			answer, err := c.storage.Claim(c.Context(), c.Terminal, cloud.Claim{Claim: terminal.Claim{UID: uid, Operator: "li",
				Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}}}, Standing: c.standing(), At: c.tick()})
			if err != nil {
				return fmt.Errorf("claim of %s: %w", c.Name, err)
			}
			if answer.Granted {
				mu.Lock()
				granted[t.Voucher.ID]++
				mu.Unlock()
			}
		}
		return nil
	})
	for _, t := range tickets {
		if granted[t.Voucher.ID] != 1 {
			here.Errorf("voucher %s was granted to %d counters", t.Voucher.ID, granted[t.Voucher.ID])
		}
	}
}

// A double would be paid twice, or a terminal would never hear of a use that it was told to have heard of.
func redeemTogether(here, there *world) {
	tickets := here.tickets(raced)
	counters := []*counter{here.counter(quay), there.counter(harbour)}
	for _, c := range counters {
		for _, t := range tickets {
			c.redeem(t, 1)
		}
	}
	listener := here.counter(quay)
	ctx, done := context.WithTimeout(here.Context(), time.Minute)
	told := make(chan map[terminal.VoucherID]terminal.Voucher, 1)
	var heard error
	expected := map[terminal.VoucherID]int64{}
	for _, t := range tickets {
		expected[t.Voucher.ID] = int64(len(counters))
	}
	go func() {
		var vouchers map[terminal.VoucherID]terminal.Voucher
		vouchers, heard = listener.listen(ctx, []cloud.Storage{here.storage, there.storage}, expected)
		told <- vouchers
	}()
	both(here.T, counters, func(c *counter) error {
		for from := 1; from <= len(c.sealed); from += racedBatch {
			if _, err := c.storage.ApplyJournal(c.Context(), c.Terminal, c.part(from, racedBatch)); err != nil {
				return fmt.Errorf("push of %s: %w", c.Name, err)
			}
		}
		return nil
	})
	vouchers := <-told
	done()
	if heard != nil {
		here.Errorf("the feed did not tell all: %v", heard)
	}
	here.acceptedOnce(tickets, 2)
	for _, t := range tickets {
		if row := listener.row(t); row.Voucher.Version != vouchers[t.Voucher.ID].Version {
			here.Errorf("the feed told version %d of voucher %s, which is at %d", vouchers[t.Voucher.ID].Version, t.Voucher.ID, row.Voucher.Version)
		}
	}
}

// listen follows the feed page by page through one storage after the other, until every voucher has the uses that are expected.
func (c *counter) listen(ctx context.Context, storages []cloud.Storage, expected map[terminal.VoucherID]int64) (map[terminal.VoucherID]terminal.Voucher, error) {
	vouchers := map[terminal.VoucherID]terminal.Voucher{}
	cursor := ""
	for n := 0; ; n++ {
		storage := storages[n%len(storages)]
		page, err := storage.Feed(ctx, c.Terminal, cursor, 7)
		if err != nil {
			return vouchers, err
		}
		cursor = page.Cursor
		for _, record := range page.Records {
			if record.Voucher != nil {
				vouchers[record.Voucher.ID] = *record.Voucher
			}
		}
		missing := 0
		for id, uses := range expected {
			if vouchers[id].Used != uses {
				missing++
			}
		}
		if missing == 0 && page.AtEnd {
			return vouchers, nil
		}
		if page.AtEnd {
			if err := storage.Await(ctx, c.Merchant, cursor); err != nil {
				return vouchers, fmt.Errorf("%d vouchers are missing: %w", missing, err)
			}
		}
	}
}

// acceptedOnce checks that every ticket was redeemed so often, and accepted once.
func (w *world) acceptedOnce(tickets []ticket, times int) {
	w.Helper()
	accepted, overrun, uids := map[terminal.VoucherID]int64{}, map[terminal.VoucherID]int64{}, map[terminal.UID]int{}
	err := w.storage.Redemptions(w.Context(), cloud.RedemptionFilter{Merchant: merchantID}, func(r cloud.Redemption) error {
		uids[r.UID]++
		for _, line := range r.Lines {
			accepted[line.Voucher] += line.Accepted
			overrun[line.Voucher] += line.Overrun
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	for uid, n := range uids {
		if n != 1 {
			w.Errorf("redemption %s is there %d times", uid, n)
		}
	}
	for _, t := range tickets {
		if id := t.Voucher.ID; accepted[id] != 1 || overrun[id] != int64(times-1) {
			w.Errorf("voucher %s: %d accepted and %d overrun of %d redemptions", id, accepted[id], overrun[id], times)
		}
	}
}

// part is a batch of n entries at most, from a sequence number on.
func (c *counter) part(from, n int) cloud.Push {
	push := c.batch(uint64(from))
	push.Entries = push.Entries[:min(n, len(push.Entries))]
	return push
}

// RunKilled holds a storage to the contract when another process is killed while it writes. send has another process send the batches
// of a terminal, one after the other, and kills it in the middle; it returns the sequence number of the last entry for which that
// process had an answer.
func RunKilled(t *testing.T, storage cloud.Storage, send func(terminal cloud.Terminal, batches []cloud.Push) (acknowledged uint64)) {
	here := newWorld(t, func(*testing.T) cloud.Storage { return storage })
	tickets := here.tickets(10 * raced)
	survivor, victim := here.counter(quay), here.through(storage).counter(harbour)
	var batches []cloud.Push
	for _, t := range tickets {
		survivor.redeem(t, 1)
		victim.redeem(t, 1)
	}
	for from := 1; from <= len(victim.sealed); from += racedBatch {
		batches = append(batches, victim.part(from, racedBatch))
	}
	surviving := make(chan error, 1)
	go func() {
		for from := 1; from <= len(survivor.sealed); from += racedBatch {
			if _, err := storage.ApplyJournal(survivor.Context(), survivor.Terminal, survivor.part(from, racedBatch)); err != nil {
				surviving <- err
				return
			}
		}
		surviving <- nil
	}()
	acknowledged := send(victim.Terminal, batches)
	if err := <-surviving; err != nil {
		t.Errorf("the other process was hindered: %v", err)
	}
	head, err := storage.ApplyJournal(t.Context(), victim.Terminal, cloud.Push{Standing: victim.standing(), Epoch: 1, FromSeq: 1,
		Prev: victim.places[0].Hash, At: victim.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed with %d of %d entries acknowledged and %d stored", acknowledged, len(victim.sealed), head.Head.Seq)
	if head.Head.Seq < acknowledged || acknowledged == 0 || head.Head.Seq >= uint64(len(victim.sealed)) {
		t.Fatalf("entry %d was acknowledged, and the journal ends at %d", acknowledged, head.Head.Seq)
	}
	// The terminal sends all again: what it knows is acknowledged, what it cannot know, and what never arrived.
	victim.push(1)
	here.acceptedOnce(tickets, 2)
}

// lostMost is how long RunLost waits for the counters to get through.
const lostMost = 5 * time.Minute

// RunLost holds a storage to the contract when its line to the database is lost without a word. broken is a storage on the same database as
// storage, whose open connections answer no more after cut.
func RunLost(t *testing.T, storage, broken cloud.Storage, cut func()) {
	here := newWorld(t, func(*testing.T) cloud.Storage { return storage })
	there := here.through(broken)
	tickets := here.tickets(1)
	counters := []*counter{there.counter(quay), there.counter(quay), there.counter(harbour)}
	before := map[*counter]cloud.Push{}
	pushes := map[*counter]cloud.Push{}
	for _, c := range counters {
		before[c] = c.batch(1)
		c.redeem(tickets[0], 1)
		pushes[c] = c.batch(1)
	}
	both(t, counters, func(c *counter) error { // all at once, so that several connections are open
		_, err := broken.ApplyJournal(c.Context(), c.Terminal, before[c])
		return err
	})
	cut()
	ctx, done := context.WithTimeout(here.Context(), lostMost)
	defer done()
	through := make(chan *counter)
	for _, c := range counters {
		go func() {
			for ctx.Err() == nil { // a terminal asks again until it has an answer
				if _, err := broken.ApplyJournal(ctx, c.Terminal, pushes[c]); err == nil {
					through <- c
					return
				}
			}
		}()
	}
	for range counters {
		select {
		case <-through:
		case <-ctx.Done():
			t.Fatal("a lost connection holds up what the merchant's terminals send")
		}
	}
	here.acceptedOnce(tickets, len(counters))
}
