package hub_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/hub"
	"countersign/terminal"
)

// tells has a counter tell the hubs before its own, until the test is over.
func (c *counter) tells(places ...string) {
	c.former = places
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.line.TellFormer(ctx)
	}()
	c.Cleanup(func() {
		stop()
		<-over
	})
}

// A hub that has no line to the cloud would go on granting what the one that was appointed after it grants as well.
func TestAHubHearsOnTheShopsNetworkThatItsTermIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(2)
	defer r.end(w)
	w.line.cut(true)
	if answer, err := counters[0].claim(pass, 1, newUID()); err != nil || !answer.Granted {
		t.Fatalf("in its own term: %+v, %v", answer, err)
	}
	second := w.appoint(counters[1])
	fresh := w.counter(quayID) // joined after the hub's line broke: it has never heard of it
	fresh.hears(second, "")
	fresh.tells("127.0.0.1:1", r.address) // the first is where nobody listens
	w.until("the old hub knows who is the hub", func() bool { return w.hub.appointments.Newest().Term == 2 })
	if answer, err := counters[0].claim(pass, 1, newUID()); err == nil || answer.Granted { // it has not heard
		t.Errorf("after its term: %+v, %v", answer, err)
	}
}

// A hub would grant on where the store was to have none any more.
func TestAHubHearsThatTheStoreHasNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(1)
	defer r.end(w)
	w.line.cut(true)
	nobody, _, err := w.storage.AppointHub(t.Context(), cloud.Hub{Merchant: merchantID, Store: quayID, At: time.Now()})
	w.must(err)
	signed, err := cloud.SignHub(w.keys, nobody)
	w.must(err)
	counters[0].hears(signed, "")
	counters[0].tells(r.address)
	w.until("the hub knows that it is none", func() bool { return w.hub.appointments.Newest().Nobody() })
}

// Anybody on the shop's network could end a hub's term, or give the store another one.
func TestAHubHearsOnlyWhatTheCloudSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(1)
	defer r.end(w)
	first := w.appointment()
	far := w.counter(harbourID)
	elsewhere := w.appoint(far)
	hears := func(signed string) (int64, error) { return hub.Appointed(r.hub, t.Context(), signed) }
	for what, signed := range map[string]string{"another store's": elsewhere, "one with a changed signature": first[:len(first)-8] + "AAAAAAAA", "none": "x"} {
		var not *cloud.NotAppointed
		if _, err := hears(signed); !errors.As(err, &not) || w.hub.appointments.Newest().Term != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	if term, err := hears(first); err != nil || term != 1 {
		t.Errorf("its own: term %d, %v", term, err)
	}
	if term, err := hears(w.appoint(counters[0])); err != nil || term != 2 {
		t.Errorf("the next: term %d, %v", term, err)
	}
	if term, err := hears(first); err != nil || term != 2 || w.hub.appointments.Newest().Term != 2 {
		t.Errorf("an older one: term %d, %v", term, err)
	}
}

// hubFiles copies the hub's record, which nobody has open.
func hubFiles(w *world, from, into string) {
	w.Helper()
	found, err := filepath.Glob(filepath.Join(from, "hub.db*"))
	w.must(err)
	if len(found) == 0 {
		w.Fatal("the hub has no record")
	}
	for _, path := range found {
		content, err := os.ReadFile(path)
		w.must(err)
		w.must(os.WriteFile(filepath.Join(into, filepath.Base(path)), content, 0o600))
	}
}

// A hub whose record was put back to an older copy, by a computer's own recovery say, would grant once more all that it had granted since.
func TestAHubThatWasPutBackHearsAgainWhatItsStoreUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(2)
	w.line.cut(true)
	r.end(w)
	older := t.TempDir()
	hubFiles(w, w.folder, older)
	signed := w.appointment()
	again := func() {
		r = w.start(w.hub, signed)
		for _, c := range counters {
			c.hears(signed, r.address)
			w.until("the hub answers", func() bool { return c.line.Beat(t.Context()) == nil })
		}
	}
	again()
	uid := newUID()
	answer, err := counters[0].claim(pass, pass.Voucher.Units, uid)
	if err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		t.Fatalf("all units: %+v, %v", answer, err)
	}
	w.must(counters[0].redeem(pass, pass.Voucher.Units, uid, terminal.ByStore))
	w.must(counters[0].line.Push(t.Context()))
	r.end(w)
	for _, path := range []string{"hub.db-wal", "hub.db-shm"} {
		if err := os.Remove(filepath.Join(w.folder, path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	hubFiles(w, older, w.folder)
	again() // each counter has heard one sign of life
	w.must(counters[0].line.Push(t.Context()))
	if answer, err := counters[1].claim(pass, 1, newUID()); err != nil || answer.Granted {
		t.Errorf("used up, and the hub has heard so again: %+v, %v", answer, err)
	}
	r.end(w)
}

// A hub that was put back would grant in the moment before its counters have told it what they did since.
func TestAHubThatHasJustStartedGrantsNothingAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle = time.Hour
	pass := w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	if answer, err := counters[0].claim(pass, 1, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.Confirmed {
		t.Errorf("with a line: %+v, %v", answer, err)
	}
	w.line.cut(true)
	if answer, err := counters[0].claim(pass, 1, newUID()); !errors.Is(err, terminal.ErrHubSilent) || answer.Granted {
		t.Errorf("without one: %+v, %v", answer, err)
	}
}

// Whoever stands at a counter would look for a network fault all day, while the hub's disk is full.
func TestAFullDiskOfTheHubIsCalledThat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.folder, "hub.db"))
	w.must(err)
	_, err = db.Exec("CREATE TRIGGER full BEFORE INSERT ON hold BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END") // as SQLite says it
	w.must(errors.Join(err, db.Close()))
	if answer, err := counters[0].claim(pass, 1, newUID()); !errors.Is(err, terminal.ErrHubFull) || answer.Granted {
		t.Errorf("with a full disk: %+v, %v", answer, err)
	}
	if trouble := counters[0].line.Status().Trouble; !strings.Contains(trouble, "The disk of the hub is full") {
		t.Errorf("the status says %q", trouble)
	}
}
