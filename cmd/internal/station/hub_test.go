package station_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/token"
)

const hubCatalogue = `
[merchant]
id = "lakeside"
name = "Lakeside Group"
currency = "EUR"
languages = ["en"]

[[store]]
id = "quay"
name = "Lakeside Quay"
zone = "Europe/Berlin"
language = "en"
sign_in = "none"

[[operator]]
id = "li"
name = "Li"
role = "cashier"
pin = "739105826417"

[[campaign]]
id = "careful"
name = { en = "Dinner for two" }
kind = "product"
price = "39.90"
offline = { mode = "never" }

[[campaign]]
id = "easy"
name = { en = "Coffee" }
kind = "product"
price = "3.90"
offline = { mode = "allow" }
`

// quay is a store with counters in this process, a cloud on loopback, and a line between them that can be cut.
type quay struct {
	t        *testing.T
	folder   string
	storage  cloud.Storage
	link     *demo.Link
	offers   cloud.Catalogue
	counters []*station.Station
	first    ownLine // of the first counter
}

// ownLine is the line of one counter, which can be cut while the others have theirs.
type ownLine struct{ cut atomic.Bool }

// RoundTrip implements http.RoundTripper.
func (l *ownLine) RoundTrip(request *http.Request) (*http.Response, error) {
	if l.cut.Load() {
		return nil, errors.New("the cable is out")
	}
	return http.DefaultTransport.RoundTrip(request)
}

func openQuay(t *testing.T, counters int) *quay {
	t.Helper()
	q := &quay{t: t, folder: t.TempDir()}
	ctx := t.Context()
	storage, err := sqlite.Open(filepath.Join(q.folder, "cloud"))
	q.must(err)
	q.storage = storage
	t.Cleanup(func() { q.must(storage.Close()) })
	q.offers, err = catalogue.Read("catalogue.toml", hubCatalogue, func(string) ([]byte, error) { return nil, os.ErrNotExist })
	q.must(err)
	_, err = storage.Apply(ctx, q.offers)
	q.must(err)
	q.link, err = demo.NewLink(nil)
	q.must(err)
	public := "http://" + q.link.Addr()
	stopping := make(chan struct{})
	handler, err := cloud.New(ctx, storage, cloud.Options{PublicURL: public, Stopping: stopping})
	q.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	q.must(err)
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		close(stopping)
		q.must(errors.Join(server.Close(), q.link.Close()))
		<-served
	})
	q.link.Serve(listener.Addr().String())
	for n := range counters {
		s, err := station.Join(ctx, q.config(n), q.invite(n), "")
		q.must(err)
		q.counters = append(q.counters, s)
		s.Start(ctx)
	}
	t.Cleanup(func() {
		for _, s := range q.counters {
			if s != nil {
				q.must(s.Close())
			}
		}
	})
	return q
}

func (q *quay) must(err error) {
	q.t.Helper()
	if err != nil {
		q.t.Fatal(err)
	}
}

func (q *quay) config(n int) station.Config {
	config := station.Config{Folder: filepath.Join(q.folder, name(n)), Program: "test", Settings: &station.Settings{Profile: "generic-80"}}
	if n == 0 {
		config.Transport = &q.first
	}
	return config
}

func name(n int) string { return fmt.Sprintf("counter-%d", n+1) }

func (q *quay) invite(n int) string {
	q.t.Helper()
	secret, err := token.NewCode(rand.Reader)
	q.must(err)
	now := time.Now()
	q.must(q.storage.Invite(q.t.Context(), []cloud.Invitation{{Merchant: "lakeside", Store: "quay", Name: name(n),
		SecretHash: cloud.SecretHash(secret), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}))
	keys, err := q.storage.Keys(q.t.Context())
	q.must(err)
	return api.JoinCode{Base: "http://" + q.link.Addr() + "/", Secret: secret, RootHash: api.RootHash(keys.Root.Public().(ed25519.PublicKey))}.String()
}

// issue makes vouchers of a campaign and returns their codes.
func (q *quay) issue(campaign string, count int) []string {
	q.t.Helper()
	for _, c := range q.offers.Campaigns {
		if c.ID != campaign {
			continue
		}
		issued, err := cloud.Prepare(q.t.Context(), q.storage, "lakeside", c, cloud.Facts{}, count, rand.Reader, time.Now())
		q.must(err)
		q.must(cloud.Store(q.t.Context(), q.storage, "lakeside", issued))
		codes := make([]string, count)
		for i, one := range issued {
			codes[i] = one.Code
		}
		return codes
	}
	q.t.Fatalf("there is no campaign %s", campaign)
	return nil
}

// appoint makes a counter the hub and waits until all counters that are open hear it.
func (q *quay) appoint(n int) {
	q.t.Helper()
	q.makeHub(n)
	q.until("all counters hear the hub", func() bool {
		for _, s := range q.counters {
			if status := s.HubStatus(q.t.Context()); status == nil || status.Terminal != name(n) || !status.Alive {
				return false
			}
		}
		return true
	})
}

// makeHub makes a counter the hub.
func (q *quay) makeHub(n int) {
	q.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	q.must(err)
	address := listener.Addr().String()
	q.must(listener.Close())
	_, changed, err := q.storage.AppointHub(q.t.Context(), cloud.Hub{Merchant: "lakeside", Store: "quay", Terminal: name(n), Address: address, At: time.Now()})
	q.must(err)
	if !changed {
		q.t.Fatal("the appointment changed nothing")
	}
}

// until waits for something to become true. It takes as long as the machine does.
func (q *quay) until(what string, done func() bool) {
	q.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(2 * time.Minute)
	for !done() {
		select {
		case <-look.C:
		case <-late:
			for _, s := range q.counters {
				q.t.Logf("%+v", s.HubStatus(q.t.Context()))
			}
			q.t.Fatalf("two minutes, and not yet: %s", what)
		}
	}
}

// redeem scans a code as a cashier does: she tries again while the hub does not answer.
func (q *quay) redeem(s *station.Station, code string) terminal.Outcome {
	for {
		outcome, err := s.Terminal.Redeem(q.t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}})
		if err != nil {
			q.t.Error(err)
			return outcome
		}
		asked := len(outcome.Asks) > 0 && outcome.Asks[0].Missing == terminal.MissingHub
		if !asked && outcome.Reason() != terminal.OfflineNotAllowed {
			return outcome
		}
	}
}

// scans shows codes at the counters of q, several at once; every third code at two of them at the same time. It returns how often each was
// honoured, and with what assurance.
func (q *quay) scans(codes []string, counters []*station.Station) (honoured []int, assurances map[terminal.Assurance]int) {
	honoured, assurances = make([]int, len(codes)), map[terminal.Assurance]int{}
	var mu sync.Mutex
	show := func(i int, s *station.Station) {
		outcome := q.redeem(s, codes[i])
		mu.Lock()
		defer mu.Unlock()
		if outcome.Redeemed() {
			honoured[i]++
			assurances[outcome.Record.Entry.Assurance]++
		} else if i%3 != 0 {
			q.t.Errorf("code %d, shown once, was turned away: %+v", i, outcome.Findings)
		}
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for w := range len(counters) {
		workers.Go(func() {
			for i := range next {
				var both sync.WaitGroup
				both.Go(func() { show(i, counters[(i+w)%len(counters)]) })
				if i%3 == 0 {
					both.Go(func() { show(i, counters[(i+w+1)%len(counters)]) })
				}
				both.Wait()
			}
		})
	}
	for i := range codes {
		next <- i
	}
	close(next)
	workers.Wait()
	return honoured, assurances
}

// hubScans is how many scans the test makes.
func hubScans() int {
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		return 5000
	}
	return 500
}

// Two counters of one shop with the internet down would honour one voucher twice; or, with the hub dead, the shop would stop selling, or
// nobody would ever hear of what was honoured twice.
func TestThreeCountersOneHub(t *testing.T) {
	q := openQuay(t, 3)
	scans := hubScans()
	careful, easy := q.issue("careful", scans*3/4), q.issue("easy", max(scans/20, 12))
	q.appoint(0)
	for _, s := range q.counters {
		q.must(s.Pump.Once(t.Context()))
	}
	q.until("the hub has the newest vouchers", func() bool {
		row, err := q.counters[1].Terminal.Check(t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: easy[len(easy)-1]}}}, nil)
		return err == nil && row.Choice == terminal.Approved
	})
	began := time.Now()
	lap := func(what string) {
		t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond))
		began = time.Now()
	}
	q.link.Cut()
	honoured, assurances := q.scans(careful, q.counters)
	lap(fmt.Sprintf("%d codes through the hub", len(careful)))
	for i, times := range honoured {
		if times != 1 {
			t.Errorf("code %d was honoured %d times", i, times)
		}
	}
	if assurances[terminal.ByStore] != len(careful) {
		t.Errorf("%d codes were honoured: %v", len(careful), assurances)
	}

	q.must(q.counters[0].Close()) // the hub is killed
	q.counters[0] = nil
	left := q.counters[1:]
	honoured, assurances = q.scans(easy, left)
	lap(fmt.Sprintf("%d codes with the hub dead", len(easy)))
	doubles := 0
	for i, times := range honoured {
		if i%3 == 0 && times == 2 {
			doubles++
		} else if times != 1 {
			t.Errorf("code %d was honoured %d times with the hub dead", i, times)
		}
	}
	if assurances[terminal.Offline] != len(easy)+doubles || doubles == 0 {
		t.Errorf("%d codes, %d of them twice: %v", len(easy), doubles, assurances)
	}

	q.link.Restore()
	again, err := station.Open(t.Context(), q.config(0))
	q.must(err)
	q.counters[0] = again
	again.Start(t.Context())
	for _, s := range q.counters {
		q.until("everything has reached the cloud", func() bool {
			counts, err := s.Journal.Counts(t.Context())
			return err == nil && counts.Pending == 0
		})
	}
	lap("until everything had reached the cloud")
	q.reckon(len(careful), len(easy), doubles)
}

// reckon holds the cloud's books against what was honoured.
func (q *quay) reckon(careful, easy, doubles int) {
	q.t.Helper()
	accepted, overrun := map[string]int64{}, map[string]int64{}
	err := q.storage.Redemptions(context.Background(), cloud.RedemptionFilter{Merchant: "lakeside"}, func(r cloud.Redemption) error {
		for _, line := range r.Lines {
			accepted[line.Campaign] += line.Accepted
			overrun[line.Campaign] += line.Overrun
			if line.Accepted+line.Overrun != line.Units {
				q.t.Errorf("redemption %s: %d units, %+v", r.UID, line.Units, line)
			}
		}
		return nil
	})
	q.must(err)
	if accepted["careful"] != int64(careful) || overrun["careful"] != 0 {
		q.t.Errorf("through the hub: %d accepted and %d overrun of %d", accepted["careful"], overrun["careful"], careful)
	}
	if accepted["easy"] != int64(easy) || overrun["easy"] != int64(doubles) {
		q.t.Errorf("without the hub: %d accepted of %d and %d overrun of %d", accepted["easy"], easy, overrun["easy"], doubles)
	}
	exceptions, err := q.storage.Exceptions(context.Background(), "lakeside", true)
	q.must(err)
	told := int64(0)
	for _, x := range exceptions {
		if x.Kind != api.ExceptionOverrun || len(x.Uses) != 2 {
			q.t.Errorf("exception %+v", x)
		}
		told += x.Units
	}
	if told != int64(doubles) {
		q.t.Errorf("%d units are on the list of exceptions, and %d were honoured twice", told, doubles)
	}
}

// A hub whose own line is broken would go on granting after another one was appointed, and the store would honour twice what both grant.
func TestAnOldHubWithoutALineHearsOfTheNewOne(t *testing.T) {
	q := openQuay(t, 2)
	q.appoint(0)
	q.first.cut.Store(true)
	q.makeHub(1)
	q.until("the old hub has heard on the shop's network", func() bool {
		status := q.counters[0].HubStatus(t.Context())
		return status != nil && status.Terminal == name(1) && !status.Here && status.Alive
	})
}

// Who looks at the hub itself after its record was put back would read that all is well, while its word alone counts for nothing more.
func TestTheHubItselfSaysWhomItAwaits(t *testing.T) {
	q := openQuay(t, 2)
	q.appoint(0)
	record := filepath.Join(q.folder, name(0), sqlite.HubName)
	look := func() (hub station.HubStatus, check station.Check) {
		t.Helper()
		reader, err := station.OpenReader(t.Context(), q.config(0))
		q.must(err)
		defer reader.Close()
		hub = *reader.HubStatus(t.Context())
		for _, check := range station.Examine(t.Context(), q.config(0)) {
			if check.Name == "hub" {
				return hub, check
			}
		}
		t.Fatal("nothing is said of the hub")
		return hub, check
	}
	q.until("the hub is filled", func() bool { hub, _ := look(); return hub.Filling == nil })
	if hub, check := look(); hub.Awaits != 0 || !check.OK {
		t.Errorf("%+v, %+v", hub, check)
	}
	for _, s := range q.counters {
		q.must(s.Close())
	}
	q.must(os.WriteFile(filepath.Join(filepath.Dir(record), sqlite.HubMarkName), []byte("damaged"), 0o600))
	s, err := station.Open(t.Context(), q.config(0))
	q.must(err)
	s.Start(t.Context())
	q.counters = []*station.Station{s}
	q.until("the other counter is awaited", func() bool { hub, check := look(); return hub.Awaits == 1 && !check.OK })
	if _, check := look(); !strings.Contains(check.Found, "1") || check.Do == "" {
		t.Errorf("%+v", check)
	}
}
