package hub_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A store whose hub is new would be without it for as long as it takes to pull everything page by page, and nobody could see how far it is;
// or the hub would grant again what was used before.
func TestAHubIsFilledFromTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fileFrom = 3
	w.serves(w.storage)
	var tickets []ticket
	for range 20 {
		tickets = append(tickets, w.issue())
	}
	w.hub = w.counter(quayID)
	c := w.counter(quayID)
	redeemed := newUID()
	w.must(c.redeem(tickets[0], 10, redeemed, terminal.Offline))
	w.must(c.pushItself(0))
	signed := w.appoint(w.hub)
	var stages [4]atomic.Int64
	var over atomic.Bool
	w.filling = func(p *cloudsync.Progress) {
		if over.Store(p == nil); p != nil {
			stages[p.Stage].Store(p.Total)
		}
	}
	arrive := make(chan struct{})
	w.line.mu.Lock()
	w.line.part = arrive
	w.line.mu.Unlock()
	r := w.start(w.hub, signed)
	defer r.end(w)
	c.hears(signed, r.address)
	w.until("the hub asks for the file", func() bool { return w.line.asked("/v1/snapshot/") > 0 })
	err := c.line.Beat(t.Context())
	if err == nil {
		t.Fatal("a hub that is not filled answers")
	}
	if said := cloudsync.HubTrouble(err); !strings.Contains(said, "still being filled with the vouchers that the cloud has (0 of ") || strings.Contains(said, "the hub has (") {
		t.Errorf("why it does not answer is said as %q", said)
	}
	pulled := w.line.asked("/v1/feed")
	close(arrive)
	w.until("the hub is filled", func() bool { return c.line.Beat(t.Context()) == nil })
	if pages := w.line.asked("/v1/feed") - pulled; pages > 3 { // one page behind the file, and polls
		t.Errorf("%d pages were pulled beside the file", pages)
	}
	if !over.Load() || stages[cloudsync.FillLoading].Load() == 0 || stages[cloudsync.FillStoring].Load() != 20 {
		t.Errorf("how far the filling was: loading of %d, storing of %d, over %v", stages[cloudsync.FillLoading].Load(), stages[cloudsync.FillStoring].Load(), over.Load())
	}
	if left, _ := filepath.Glob(filepath.Join(w.folder, "first fill", "*")); len(left) > 0 {
		t.Errorf("the file stays: %v", left)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "first fill")); err == nil {
		t.Error("the folder of the file stays")
	}
	w.line.cut(true) // from here on the hub alone knows
	if answer, err := c.claim(tickets[0], 1, newUID()); err != nil || answer.Granted {
		t.Errorf("what was used up before: %+v, %v", answer, err)
	}
	for _, unused := range tickets[1:] {
		if answer, err := c.claim(unused, 10, newUID()); err != nil || !answer.Granted {
			t.Errorf("what nobody used: %+v, %v", answer, err)
		}
	}
}

// The people of a shop with a few thousand vouchers would look at a hub that does not answer, and see nowhere whether it gets on.
func TestAHubSaysHowFarItIsWithoutAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serves(w.storage)
	const all = 4500 // some three pages
	issued, err := cloud.Prepare(t.Context(), w.storage, merchantID, w.pass, cloud.Facts{}, all, rand.Reader, time.Now())
	w.must(err)
	w.must(cloud.Store(t.Context(), w.storage, merchantID, issued))
	w.hub = w.counter(quayID)
	signed := w.appoint(w.hub)
	told := make(chan *cloudsync.Progress, 100)
	w.filling = func(p *cloudsync.Progress) { told <- p }
	r := w.start(w.hub, signed)
	defer r.end(w)
	done, figures := int64(0), 0
	for p := range told {
		if p == nil {
			break
		}
		figures++
		if p.Stage != cloudsync.FillStoring || p.Done <= done || p.Total < all || p.Total > all+100 || p.Done >= p.Total {
			t.Errorf("after %d of them: %+v", done, *p)
		}
		done = p.Done
	}
	if figures < 2 {
		t.Errorf("%d figures were told", figures)
	}
}
