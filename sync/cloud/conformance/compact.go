package conformance

import (
	"errors"
	"fmt"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

var compactTests = []test{
	{"a compacted feed says the same in fewer rows", compactedSays},
	{"a cursor that is older than what the feed keeps begins anew, and nobody is alarmed", compactedCursor},
	{"a first fill that is older than what the feed keeps is not given", compactedSnapshot},
	{"what a campaign counted on days that are over goes", compactedCounts},
}

// compact compacts the feed as it would be long after now: everything up to now is old then.
func (w *world) compact() (removed int64) {
	w.Helper()
	if removed, err := w.storage.CompactFeed(w.Context(), w.now); err != nil || removed != 0 {
		w.Fatalf("what is young was removed: %d, %v", removed, err)
	}
	removed, err := w.storage.CompactFeed(w.Context(), w.now.Add(cloud.FeedKept+time.Hour))
	if err != nil {
		w.Fatal(err)
	}
	return removed
}

// rowsOf is what the feed has to say, one record a page.
func (c *counter) rowsOf() int {
	c.Helper()
	n, cursor := 0, ""
	for {
		page, err := c.storage.Feed(c.Context(), c.Terminal, cursor, 1)
		if err != nil {
			c.Fatal(err)
		}
		n, cursor = n+len(page.Records), page.Cursor
		if page.AtEnd {
			return n
		}
	}
}

// busy uses passes again and again at two counters.
func (w *world) busy() (a, b *counter, last ticket) {
	a, b = w.counter(quay), w.counter(harbour)
	for range 3 {
		t := w.issue("swim", cloud.Facts{})
		for range 4 {
			a.redeem(t, 1)
			b.redeem(t, 1)
			a.push(a.place.Seq)
			b.push(b.place.Seq)
		}
		last = t
	}
	return a, b, last
}

func compactedSays(w *world) {
	a, b, last := w.busy()
	before := map[*counter]cloud.Page{a: a.pull("", 2000), b: b.pull("", 2000)}
	rows := a.rowsOf()
	removed := w.compact()
	if removed < 20 || a.rowsOf() != rows-int(removed) {
		w.Errorf("%d rows were removed, and of %d there are %d left", removed, rows, a.rowsOf())
	}
	w.expect("with nothing twice", a.rowsOf(), len(before[a].Records))
	for c, page := range before {
		for _, limit := range []int{1, 3, 2000} {
			after := c.pull("", limit)
			w.expect(fmt.Sprintf("what %s holds, in pages of %d", c.Name, limit), state(after.Records), state(page.Records))
			w.expect("included", after.Included, page.Included)
			w.expect("cursor", after.Cursor, page.Cursor)
		}
		w.expect("who had everything is told nothing", len(c.pull(page.Cursor, 2000).Records), 0)
	}
	if again, err := w.storage.CompactFeed(w.Context(), w.now.Add(cloud.FeedKept+2*time.Hour)); err != nil || again != 0 {
		w.Errorf("compacted once more: %d, %v", again, err)
	}
	a.redeem(last, 1)
	a.push(a.place.Seq)
	next := b.pull(before[b].Cursor, 2000)
	w.expect("and then what is new", keys(state(next.Records)), []string{"voucher " + last.Voucher.ID.String()})
}

func compactedCursor(w *world) {
	c := w.counter(quay)
	t := w.issue("swim", cloud.Facts{})
	c.redeem(t, 1)
	c.push(1)
	old := c.pull("", 2000).Cursor
	c.redeem(t, 1)
	c.push(2)
	w.compact()
	end := c.pull("", 2000).Cursor
	c.redeem(t, 1)
	c.push(3) // which is young
	young := c.pull(end, 2000).Cursor
	c.redeem(t, 1)
	c.push(4)
	if _, err := w.storage.Feed(w.Context(), c.Terminal, old, 10); !errors.Is(err, cloud.ErrCursor) {
		w.Errorf("a cursor of before what the feed keeps was answered %v", err)
	}
	uid := w.uid()
	claim := cloud.Claim{Claim: terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}}},
		Standing: c.standing(), At: w.tick(), Cursor: old}
	if answer, err := w.storage.Claim(w.Context(), c.Terminal, claim); err != nil || !answer.Granted {
		w.Errorf("who was away for long claims: %+v, %v", answer, err)
	}
	w.expect("young changes each keep their cursor", len(c.pull(young, 2000).Records), 1)
	w.expect("alarms about a cloud that was restored", len(w.of(api.ExceptionCloudRestore, true)), 0)
}

func compactedSnapshot(w *world) {
	a, _, last := w.busy()
	a.redeem(last, 1)
	made := w.snapshot(w.now)
	a.push(a.place.Seq) // the place of the file is that of a row that is said again
	a.redeem(last, 1)
	a.push(a.place.Seq)
	w.revoke(last)
	w.compact()
	if _, err := w.storage.Feed(w.Context(), a.Terminal, made.Cursor, 10); !errors.Is(err, cloud.ErrCursor) {
		w.Errorf("the cursor of an old first fill was answered %v", err)
	}
	if _, err := w.storage.NewestSnapshot(w.Context(), merchantID); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a first fill that cannot be gone on from was given: %v", err)
	}
	fresh := w.snapshot(w.now.Add(time.Hour))
	records := append(w.filled(fresh), a.pull(fresh.Cursor, 3).Records...)
	w.expect("and the next one", state(records), state(a.pull("", 2000).Records))
}

func compactedCounts(w *world) {
	c := w.counter(quay)
	limited := lakeside()
	limited.Campaigns[1].Rules.PerDay = &terminal.DayLimit{Count: 50}
	w.apply(limited)
	t := w.issue("swim", cloud.Facts{})
	c.redeem(t, 1)
	c.push(1)
	w.revoke(t) // the feed's last row stays whatever it is
	counts := func() (n int) {
		for _, r := range c.pull("", 2000).Records {
			if r.Count != nil {
				n++
			}
		}
		return n
	}
	w.expect("counted", counts(), 1)
	w.compact()
	w.expect("a day that may still be today's somewhere", counts(), 1)
	w.now = w.now.AddDate(0, 0, 20)
	w.issue("swim", cloud.Facts{})
	w.compact()
	w.expect("a day that is over", counts(), 0)
}
