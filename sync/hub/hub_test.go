package hub_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/conformance"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/sync/hub"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/token"
)

const merchantID, quayID, harbourID = "lakeside", "quay", "harbour"

// world is a cloud on loopback, with a line that can be cut, and a store with a hub.
type world struct {
	*testing.T
	storage *relational.Storage
	keys    cloud.Keys
	key     []byte
	server  *httptest.Server
	serves  func(*relational.Storage) // has the server answer from another storage
	at      string                    // the cloud's folder
	line    *line
	pass    terminal.Campaign
	hub     *counter
	folder  string

	fileFrom int64                       // from how many vouchers on the cloud makes a first fill; 0 is the usual number
	filling  func(p *cloudsync.Progress) // is told how far the hub's is
	settle   time.Duration               // of the hub
}

// line is a connection to the cloud that can be cut, or lets no journal through for a while.
type line struct {
	mu   sync.Mutex
	down bool
	slow chan struct{} // journals wait until it is closed; nil for no wait
	part chan struct{} // parts of a first fill do
	deaf bool          // the feed does not get through

	paths []string // that were asked
}

// asked is how often an address that begins so was asked.
func (l *line) asked(prefix string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, path := range l.paths {
		if strings.HasPrefix(path, prefix) {
			n++
		}
	}
	return n
}

func (l *line) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(request *http.Request) (*http.Response, error) {
	l.mu.Lock()
	down, slow := l.down || (l.deaf && strings.HasSuffix(request.URL.Path, "/feed")), l.slow
	l.paths = append(l.paths, request.URL.Path)
	if l.part != nil && strings.HasPrefix(request.URL.Path, "/v1/snapshot/") {
		slow = l.part
	}
	l.mu.Unlock()
	if down {
		return nil, errors.New("the cable is out")
	}
	if slow != nil && (strings.HasSuffix(request.URL.Path, "/journal") || strings.HasPrefix(request.URL.Path, "/v1/snapshot/")) {
		select {
		case <-slow:
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(request)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	at := t.TempDir()
	storage, err := sqlite.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, storage: storage, at: at, line: &line{}, folder: t.TempDir(),
		pass: terminal.Campaign{ID: "swim", Name: terminal.Text{"en": "Swim"}, Kind: terminal.KindPass, Currency: "EUR", Units: 10}}
	store := func(id string) terminal.Store {
		return terminal.Store{ID: id, Name: id, Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInNone, Print: "always", Copies: 1}
	}
	_, err = storage.Apply(t.Context(), cloud.Catalogue{Merchant: terminal.Merchant{ID: merchantID, Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{store(quayID), store(harbourID)}, Campaigns: []terminal.Campaign{w.pass}})
	w.must(err)
	w.keys, err = storage.Keys(t.Context())
	w.must(err)
	w.key, err = storage.LookupKey(t.Context(), merchantID)
	w.must(err)
	stopping := make(chan struct{})
	var handler atomic.Value
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.Load().(http.Handler).ServeHTTP(rw, r) }))
	w.serves = func(storage *relational.Storage) {
		made, err := cloud.New(t.Context(), storage, cloud.Options{PublicURL: w.server.URL, Stopping: stopping, SnapshotFrom: w.fileFrom})
		w.must(err)
		w.storage = storage
		handler.Store(made)
	}
	w.serves(storage)
	t.Cleanup(func() {
		close(stopping)
		w.server.Close()
		w.must(w.storage.Close())
	})
	return w
}

// copyDatabase backs the cloud's database up.
func (w *world) copyDatabase(into string) {
	w.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.at, sqlite.FileName))
	w.must(err)
	_, err = db.Exec("VACUUM INTO ?", into)
	w.must(errors.Join(err, db.Close()))
}

// putBack has the cloud go on with a backup, while nobody asks it.
func (w *world) putBack(folder string) {
	w.Helper()
	old := w.storage
	storage, err := sqlite.Open(folder)
	w.must(err)
	w.serves(storage)
	w.server.CloseClientConnections()
	w.must(old.Close())
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// appoint makes a counter the hub.
func (w *world) appoint(c *counter) string {
	w.Helper()
	appointed, changed, err := w.storage.AppointHub(w.Context(), cloud.Hub{Merchant: merchantID, Store: c.Store, Terminal: c.Name, At: time.Now()})
	w.must(err)
	if !changed {
		w.Fatal("nothing was appointed")
	}
	signed, err := cloud.SignHub(w.keys, appointed)
	w.must(err)
	return signed
}

// running is a hub that serves.
type running struct {
	address string
	hub     *hub.Hub
	copy    *relational.Copy
	stop    context.CancelFunc
	over    chan error
}

// end stops the hub and waits.
func (r *running) end(w *world) {
	w.Helper()
	r.stop()
	w.must(<-r.over)
	w.must(r.copy.Close())
}

// start has a counter be the hub that signed appoints.
func (w *world) start(c *counter, signed string) *running {
	w.Helper()
	w.must(c.appointments.Take(signed))
	copied, err := sqlite.OpenHub(w.folder)
	w.must(err)
	served, err := hub.New(w.Context(), hub.Config{Appointment: c.appointments.Newest(), Key: c.private, Copy: copied,
		Upstream: cloudsync.NewUpstream(c.client, c.breaker), Trust: c.trust.Signed, Appointments: c.appointments, Settle: w.settle, Log: slog.New(slog.DiscardHandler),
		Folder: filepath.Join(w.folder, "first fill"), Filling: w.filling,
		Mark: filepath.Join(w.folder, "hub.mark")})
	w.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ctx, stop := context.WithCancel(context.Background())
	r := &running{address: listener.Addr().String(), hub: served, copy: copied, stop: stop, over: make(chan error, 1)}
	go func() { r.over <- served.Run(ctx, listener) }()
	return r
}

// counter is a terminal of a store: its journal is in memory, and it has a line to the cloud and one to the hub.
type counter struct {
	*world
	cloud.Terminal
	private      ed25519.PrivateKey
	appointments *cloudsync.Appointments
	trust        *cloudsync.Trust
	client       *cloudsync.Client
	breaker      *cloudsync.Breaker
	line         *cloudsync.HubLine
	lines        cloudsync.LineStore // of the line to the hub
	asks         *cloudsync.StoreAuthority

	former []string // where the hub before may listen

	mu     sync.Mutex
	at     string // where the hub listens
	places []entry.Place
	sealed []entry.Sealed
	uids   []terminal.UID
}

// lines keeps a cloudsync.Line nowhere.
type lines struct{}

func (lines) LoadLine() (cloudsync.Line, error) { return cloudsync.Line{}, nil }
func (lines) SaveLine(cloudsync.Line) error     { return nil }

func (w *world) counter(store string) *counter {
	w.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	hash, now := cloud.SecretHash(rand.Text()), time.Now()
	w.must(w.storage.Invite(w.Context(), []cloud.Invitation{{Merchant: merchantID, Store: store, SecretHash: hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}))
	t, err := w.storage.Enrol(w.Context(), cloud.Enrolment{SecretHash: hash, Key: public, SealKey: make([]byte, 32), ProgramVersion: "test", At: now})
	w.must(err)
	c := &counter{world: w, Terminal: t, private: private, lines: lines{}, places: []entry.Place{entry.Start(public)}}
	root := w.keys.Root.Public().(ed25519.PublicKey)
	issuers, err := w.storage.TokenKeys(w.Context(), merchantID, now)
	w.must(err)
	signed, err := cloud.SignTrust(w.keys, merchantID, issuers)
	w.must(err)
	c.trust, err = cloudsync.NewTrust(root, signed, nil)
	w.must(err)
	c.client, err = cloudsync.NewClient(cloudsync.Config{URL: w.server.URL + "/", Key: private, Trust: c.trust, Transport: w.line})
	w.must(err)
	c.breaker = cloudsync.NewBreaker(lines{}, nil)
	c.appointments, err = cloudsync.NewAppointments(root, merchantID, store, "", nil)
	w.must(err)
	c.starts()
	return c
}

// starts begins the program of a counter anew: what it knows of its claims is what its journal says.
func (c *counter) starts() {
	claims := cloudsync.NewClaims(rand.Text(), func(ctx context.Context) ([]terminal.UID, error) { return c.UIDsSince(ctx, 0) })
	c.line = cloudsync.NewHubLine(cloudsync.HubConfig{Appointments: c.appointments, Key: c.private, Claims: claims, Journal: c, Lines: c.lines,
		Find: func(context.Context, cloudsync.Appointment) string {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.at
		}, Former: func(context.Context, int64, string) []string { return c.former }, Log: slog.New(slog.DiscardHandler)})
	c.asks = cloudsync.NewStoreAuthority(c.line, cloudsync.NewAuthority(c.client, c.breaker, claims))
}

// hears tells the counter of the hub and where it is.
func (c *counter) hears(signed, address string) {
	c.Helper()
	c.must(c.appointments.Take(signed))
	c.mu.Lock()
	c.at = address
	c.mu.Unlock()
}

// Head implements cloudsync.HubJournal.
func (c *counter) Head(context.Context) (entry.Place, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.places[len(c.places)-1], nil
}

// HashAt implements cloudsync.HubJournal.
func (c *counter) HashAt(_ context.Context, seq uint64) ([32]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq >= uint64(len(c.places)) {
		return [32]byte{}, terminal.ErrUnknown
	}
	return c.places[seq].Hash, nil
}

// Since implements cloudsync.HubJournal.
func (c *counter) Since(_ context.Context, seq uint64, limit, _ int) (cloudsync.Batch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := cloudsync.Batch{Epoch: 1, From: seq + 1, Prev: c.places[seq].Hash}
	batch.Entries = slices.Clone(c.sealed[seq:min(int(seq)+limit, len(c.sealed))])
	return batch, nil
}

// UIDsSince implements cloudsync.HubJournal.
func (c *counter) UIDsSince(_ context.Context, seq uint64) ([]terminal.UID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.uids[seq:]), nil
}

// ticket is a voucher with its code.
type ticket struct {
	cloud.Issued
	lookup terminal.Lookup
	inner  [32]byte
}

func (w *world) issue() ticket {
	w.Helper()
	issued, err := cloud.Prepare(w.Context(), w.storage, merchantID, w.pass, cloud.Facts{}, 1, rand.Reader, time.Now())
	w.must(err)
	w.must(cloud.Store(w.Context(), w.storage, merchantID, issued))
	return ticket{issued[0], token.LookupOf(w.key, issued[0].Code), token.InnerOf(w.key, issued[0].Code)}
}

func newUID() (uid terminal.UID) {
	_, _ = rand.Read(uid[:])
	uid[0] &= 0x7f
	return uid
}

func (c *counter) claim(t ticket, units int64, uid terminal.UID) (terminal.ClaimAnswer, error) {
	return c.asks.Claim(c.Context(), terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: units, Proof: token.Proof(t.inner, uid)}}})
}

// redeem journals what was claimed.
func (c *counter) redeem(t ticket, units int64, uid terminal.UID, assurance terminal.Assurance) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	place := c.places[len(c.places)-1]
	sealed, err := entry.Seal(c.private, place.Hash, terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Merchant: merchantID, Store: c.Store, Terminal: c.Name,
		Epoch: 1, Seq: place.Seq + 1, Operator: "li", Assurance: assurance, Wall: time.Now(), BusinessDay: terminal.Date{Year: 2026, Month: 11, Day: 21},
		Receipt: terminal.ReceiptNumber{Epoch: 1, Number: place.Receipt + 1},
		Lines: []terminal.EntryLine{{Voucher: t.Voucher.ID, Campaign: t.Voucher.Campaign, Kind: terminal.KindPass, Units: units,
			Proof: token.Proof(t.inner, uid), Lookup: &t.lookup}}})
	if err != nil {
		return err
	}
	next, _, err := place.Follow(sealed)
	if err != nil {
		return err
	}
	c.places, c.sealed, c.uids = append(c.places, next), append(c.sealed, sealed), append(c.uids, uid)
	return nil
}

// pushItself hands the journal after an entry over to the cloud, without the hub.
func (c *counter) pushItself(after int) error {
	prev := c.places[after].Hash
	_, err := c.storage.ApplyJournal(c.Context(), c.Terminal, cloud.Push{Epoch: 1, FromSeq: uint64(after + 1), Prev: prev, Entries: c.sealed[after:], At: time.Now(),
		Standing: cloud.Standing{Instance: "itself", Nonce: time.Now()}})
	return err
}

// used is how many units of a voucher the cloud counts.
func (w *world) used(t ticket) int64 {
	w.Helper()
	row, err := w.storage.Lookup(w.Context(), w.hub.Terminal, []terminal.Lookup{t.lookup})
	w.must(err)
	return row[0].Voucher.Used
}

// until waits for something to become true, for as long as it takes.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	late := time.After(2 * time.Minute)
	for !done() {
		select {
		case <-look.C:
		case <-late:
			w.Fatalf("two minutes, and not yet: %s", what)
		}
	}
}

// store is a store with so many counters beside its hub, which is filled and heard by all.
func (w *world) store(counters int) (*running, []*counter) {
	w.Helper()
	w.hub = w.counter(quayID)
	var all []*counter
	for range counters {
		all = append(all, w.counter(quayID))
	}
	signed := w.appoint(w.hub)
	r := w.start(w.hub, signed)
	for _, c := range all {
		c.hears(signed, r.address)
		w.until("the hub answers", func() bool { return c.line.Beat(w.Context()) == nil })
	}
	return r, all
}

// claimer is a counter that the suite's check of claims plays with.
type claimer struct {
	*counter
	ticket
	units int64
	uid   terminal.UID
	said  terminal.Assurance
}

// Claim implements conformance.Claimer.
func (c *claimer) Claim(units int64) (bool, error) {
	if !c.uid.IsZero() {
		c.asks.Release(c.uid)
	}
	c.units, c.uid = units, newUID()
	for {
		answer, err := c.claim(c.ticket, units, c.uid)
		if errors.Is(err, terminal.ErrHubSilent) { // on a machine that is busy with something else
			continue
		}
		c.said = answer.Assurance
		if err == nil && answer.Granted && answer.Assurance != terminal.ByStore {
			err = fmt.Errorf("granted as %s with the cable out", answer.Assurance)
		}
		return answer.Granted, err
	}
}

// Redeem implements conformance.Claimer.
func (c *claimer) Redeem() error {
	if err := c.redeem(c.ticket, c.units, c.uid, c.said); err != nil {
		return err
	}
	c.uid = terminal.UID{}
	return c.line.Push(c.Context())
}

// Two counters would each be told yes by a hub that lets one question overtake another halfway.
func TestClaimsLookAsIfMadeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(5)
	defer r.end(w)
	w.line.cut(true)
	var claimers []conformance.Claimer
	for _, c := range counters {
		claimers = append(claimers, &claimer{counter: c, ticket: pass})
	}
	conformance.CheckLinear(t, pass.Voucher.Units, claimers)
}

// A hub that was killed would grant again what it had granted before; and a counter without a line of its own would keep its redemptions
// for ever.
func TestWhatAHubGrantedOutlivesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(2)
	uid := newUID()
	answer, err := counters[0].claim(pass, 4, uid)
	if err != nil || !answer.Granted || answer.Assurance != terminal.Confirmed {
		t.Fatalf("online: %+v, %v", answer, err)
	}
	w.line.cut(true)
	w.must(counters[0].redeem(pass, 4, uid, answer.Assurance))
	w.must(counters[0].line.Push(t.Context()))
	held := newUID()
	if answer, err = counters[0].claim(pass, 5, held); err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		t.Fatalf("alone: %+v, %v", answer, err)
	}
	signed := w.appointment()
	r.end(w)
	r = w.start(w.hub, signed)
	defer func() { r.end(w) }()
	for _, c := range counters {
		c.hears(signed, r.address)
		w.until("the hub is back", func() bool { return c.line.Beat(t.Context()) == nil })
	}
	if answer, err = counters[1].claim(pass, 2, newUID()); err != nil || answer.Granted {
		t.Errorf("2 of 10 units, with 4 used and 5 held: %+v, %v", answer, err)
	}
	if answer, err = counters[1].claim(pass, 1, newUID()); err != nil || !answer.Granted {
		t.Errorf("1 of 10 units, with 4 used and 5 held: %+v, %v", answer, err)
	}
	w.line.cut(false)
	w.until("the cloud has what the hub gathered", func() bool {
		row, err := w.storage.Lookup(t.Context(), counters[1].Terminal, []terminal.Lookup{pass.lookup})
		return err == nil && row[0].Voucher.Used == 4
	})
	w.until("the hub knows that", func() bool {
		row, err := r.copy.Lookup(t.Context(), cloud.Terminal{ID: 1, Merchant: merchantID, Store: quayID}, []terminal.Lookup{pass.lookup})
		terminals, _, gathered := r.copy.Gathered(t.Context())
		return err == nil && gathered == nil && len(terminals) == 0 && row[0].Voucher.Used == 4
	})
}

// If a counter whose own line is up believed a hub that has none, a whole store would honour again what other stores had honoured, for as long
// as one computer's line is broken.
func TestACounterWithALineAsksTheCloudBesideAHubWithoutOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sold, fresh, later, any := w.issue(), w.issue(), w.issue(), w.issue()
	w.hub = w.counter(quayID)
	ofHub := w.line
	w.line = &line{}
	here, there := w.counter(quayID), w.counter(harbourID)
	signed := w.appoint(w.hub)
	r := w.start(w.hub, signed)
	defer func() { r.end(w) }()
	here.hears(signed, r.address)
	w.until("the hub answers", func() bool { return here.line.Beat(t.Context()) == nil })
	ofHub.cut(true)
	w.until("the hub knows that it is alone", func() bool {
		_, _ = here.claim(any, 1, newUID()) // it notices when it asks
		return here.line.Beat(t.Context()) == nil && !here.line.Status().Online
	})
	uid := newUID()
	if answer, err := there.claim(sold, 10, uid); err != nil || !answer.Granted || answer.Assurance != terminal.Confirmed {
		t.Fatalf("at the other store: %+v, %v", answer, err)
	}
	w.must(there.redeem(sold, 10, uid, terminal.Confirmed))
	w.must(there.pushItself(0))
	if answer, err := here.claim(sold, 1, newUID()); err != nil || answer.Granted {
		t.Errorf("what the other store honoured: %+v, %v", answer, err)
	}
	if row, err := here.asks.Ask(t.Context(), []terminal.Lookup{sold.lookup}); err != nil || row.Voucher.Used != 10 {
		t.Errorf("asked about it: %+v, %v", row, err)
	}
	if answer, err := here.claim(fresh, 10, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.Confirmed {
		t.Errorf("what nobody used: %+v, %v", answer, err)
	}
	w.line.cut(true)
	if answer, err := here.claim(later, 10, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		t.Errorf("with no line at all: %+v, %v", answer, err)
	}
}

// If a hub counted versions by itself, its older word of a voucher would pass for newer than what a counter has heard from the cloud.
func TestAHubsRowsHaveTheCloudsVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer func() { r.end(w) }()
	version := func(of cloud.Storage) (int64, int64) {
		t.Helper()
		rows, err := of.Lookup(t.Context(), counters[0].Terminal, []terminal.Lookup{pass.lookup})
		w.must(err)
		return rows[0].Voucher.Version, rows[0].Voucher.Used
	}
	first, _ := version(w.storage)
	if copied, _ := version(r.copy); copied != first {
		t.Errorf("the copy has version %d of the cloud's %d", copied, first)
	}
	w.line.cut(true)
	w.until("the line is down", func() bool { return counters[0].line.Beat(t.Context()) == nil && !counters[0].line.Status().Online })
	uid := newUID()
	answer, err := counters[0].claim(pass, 4, uid)
	if err != nil || !answer.Granted {
		t.Fatalf("%+v, %v", answer, err)
	}
	w.must(counters[0].redeem(pass, 4, uid, answer.Assurance))
	w.must(counters[0].line.Push(t.Context()))
	if copied, used := version(r.copy); copied != first || used != 4 {
		t.Errorf("with 4 used in the store: version %d, the cloud's is %d, %d used", copied, first, used)
	}
	w.line.cut(false)
	w.until("the hub has heard how the cloud counts that", func() bool {
		newest, used := version(w.storage)
		copied, _ := version(r.copy)
		return used == 4 && newest > first && copied == newest
	})
}

// A store that gets its hub after years has journals that the hub has not from the beginning. If it could hand on only what begins there, a
// counter without a line of its own would keep its redemptions for ever, and with it every other of the store.
func TestAHubHandsOnWhatBeganBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	w.hub = w.counter(quayID)
	old, young := w.counter(quayID), w.counter(quayID)
	for range 2 {
		w.must(old.redeem(pass, 1, newUID(), terminal.Offline))
	}
	w.must(old.pushItself(0))
	signed := w.appoint(w.hub)
	r := w.start(w.hub, signed)
	defer func() { r.end(w) }()
	for _, c := range []*counter{old, young} {
		c.hears(signed, r.address)
		w.until("the hub answers", func() bool { return c.line.Beat(w.Context()) == nil })
		w.must(c.redeem(pass, 1, newUID(), terminal.Offline))
		w.must(c.line.Push(t.Context()))
	}
	w.until("the cloud has what the hub gathered", func() bool { return w.used(pass) == 4 })
}

// A cloud that was put back to a backup lacks what a hub has handed on since. If the hub did not hand it on again, the redemptions of a
// counter without a line of its own would be gone for the merchant.
func TestAHubFillsACloudThatWasPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	c := counters[0]
	sell := func(times int) {
		for range times {
			w.must(c.redeem(pass, 1, newUID(), terminal.Offline))
		}
		w.must(c.line.Push(t.Context()))
	}
	sell(2)
	w.until("the cloud has the first", func() bool { return w.used(pass) == 2 })
	backup := filepath.Join(t.TempDir(), sqlite.FileName)
	w.copyDatabase(backup)
	sell(3)
	w.until("the cloud has all", func() bool { return w.used(pass) == 5 })
	w.until("the hub knows that", func() bool {
		_, pending, err := r.copy.Gathered(t.Context())
		return err == nil && pending == 0
	})
	w.line.cut(true)
	w.putBack(filepath.Dir(backup))
	if used := w.used(pass); used != 2 {
		t.Fatalf("the backup knows of %d units", used)
	}
	w.line.cut(false)
	w.until("the cloud has all again", func() bool { return w.used(pass) == 5 })
}

// A hub that was off while its cloud was put back would go on from where it was: the cloud would lack what the store used, for good.
func TestAHubFillsACloudThatWasPutBackWhileItWasOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer func() { r.end(w) }()
	c := counters[0]
	settled := func(used int64) {
		w.until("the cloud has all, and the hub knows that", func() bool {
			_, pending, err := r.copy.Gathered(t.Context())
			return err == nil && pending == 0 && w.used(pass) == used
		})
	}
	w.must(c.redeem(pass, 2, newUID(), terminal.Offline))
	w.must(c.line.Push(t.Context()))
	settled(2)
	w.line.mu.Lock()
	w.line.deaf = true // so that the hub's place in the feed is one that the backup knows
	w.line.mu.Unlock()
	w.server.CloseClientConnections()
	w.until("the feed does not get through", func() bool { return w.hub.breaker.Line().Failures > 0 })
	backup := filepath.Join(t.TempDir(), sqlite.FileName)
	w.copyDatabase(backup)
	w.must(c.redeem(pass, 3, newUID(), terminal.Offline))
	w.must(c.line.Push(t.Context()))
	settled(5)
	signed := w.appointment()
	r.end(w)
	w.putBack(filepath.Dir(backup))
	if used := w.used(pass); used != 2 {
		t.Fatalf("the backup knows of %d units", used)
	}
	w.line.mu.Lock()
	w.line.deaf = false
	w.line.mu.Unlock()
	r = w.start(w.hub, signed)
	w.until("the cloud has all again", func() bool { return w.used(pass) == 5 })
}

// A hub that has handed all on, and whose place in the feed a cloud that was put back knows all the same, would not notice that the cloud lacks
// what its store used, and other stores would honour it, until the same counter sells again.
func TestAHubFillsACloudThatWasPutBackToItsOwnPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	c := counters[0]
	sell := func(times int) {
		for range times {
			w.must(c.redeem(pass, 1, newUID(), terminal.Offline))
		}
		w.must(c.line.Push(t.Context()))
	}
	settled := func(used int64) {
		w.until("the cloud has all, and the hub knows that", func() bool {
			_, pending, err := r.copy.Gathered(t.Context())
			return err == nil && pending == 0 && w.used(pass) == used
		})
	}
	sell(2)
	settled(2)
	w.line.mu.Lock()
	w.line.deaf = true
	w.line.mu.Unlock()
	w.server.CloseClientConnections()
	w.until("the feed does not get through", func() bool { return !w.hub.breaker.Line().Contact.IsZero() && w.hub.breaker.Line().Failures > 0 })
	cursor, _, err := r.copy.Cursor(t.Context())
	w.must(err)
	backup := filepath.Join(t.TempDir(), sqlite.FileName)
	w.copyDatabase(backup)
	sell(3)
	settled(5)
	w.line.cut(true)
	w.putBack(filepath.Dir(backup))
	if now, _, err := r.copy.Cursor(t.Context()); err != nil || now != cursor || w.used(pass) != 2 {
		t.Fatalf("%v: the hub is at %s, not %s, and the cloud knows of %d", err, now, cursor, w.used(pass))
	}
	w.line.mu.Lock()
	w.line.deaf, w.line.down = false, false
	w.line.mu.Unlock()
	w.until("the cloud has all again", func() bool { return w.used(pass) == 5 })
}

// A cloud that was put back to a backup may lack what a counter sent before its store had a hub. If the hub handed on what it has as if it were
// the beginning, the cloud would report a damaged journal that is whole.
func TestAHubHandsNothingOnAsTheBeginningThatIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	w.hub = w.counter(quayID)
	old := w.counter(quayID)
	for range 2 {
		w.must(old.redeem(pass, 1, newUID(), terminal.Offline))
	}
	w.must(old.pushItself(0))
	signed := w.appoint(w.hub)
	r := w.start(w.hub, signed)
	defer func() { r.end(w) }()
	old.hears(signed, r.address)
	w.until("the hub answers", func() bool { return old.line.Beat(w.Context()) == nil })
	w.must(old.redeem(pass, 1, newUID(), terminal.Offline))
	w.must(old.line.Push(t.Context()))
	w.until("the cloud has all", func() bool { return w.used(pass) == 3 })
	w.line.cut(true)
	there, err := r.copy.TerminalByKey(t.Context(), old.Key)
	w.must(err)
	w.must(r.copy.Sent(t.Context(), there, 0))
	if batch, err := r.copy.NextBatch(t.Context(), there, 10, 1<<20); !errors.Is(err, cloud.ErrUnknown) {
		t.Errorf("to a cloud that has nothing it hands on %d entries from %d on: %v", len(batch.Entries), batch.FromSeq, err)
	}
}

// A cloud that cannot write for a moment says so in an answer of its own. If its hub took that for a fault of the entries, they would lie in the
// shop until the same counter sells again.
func TestAHubAsksACloudAgainThatCouldNotJustNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	c := counters[0]
	w.must(w.storage.Close())
	w.must(c.redeem(pass, 1, newUID(), terminal.Offline))
	w.must(c.line.Push(t.Context()))
	w.until("the cloud was asked twice in vain", func() bool { return w.line.asked("/v1/journal") > 1 })
	storage, err := sqlite.Open(w.at)
	w.must(err)
	w.serves(storage)
	w.until("the cloud has it", func() bool { return w.used(pass) == 1 })
}

// A counter that starts anew names to its hub only what the hub lacks. If the hub did not name the rest to the cloud, the cloud would let go
// of what it holds for entries that are still on their way through the hub: another store honours those vouchers too, and what was
// confirmed becomes an overrun.
func TestWhatIsOnItsWayThroughAHubStaysHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass, other := w.issue(), w.issue()
	r, counters := w.store(1)
	defer r.end(w)
	c, far := counters[0], w.counter(harbourID)
	arrive := make(chan struct{})
	w.line.mu.Lock()
	w.line.slow = arrive
	w.line.mu.Unlock()
	uid := newUID()
	answer, err := c.claim(pass, 6, uid)
	if err != nil || answer.Assurance != terminal.Confirmed {
		t.Fatalf("through the hub: %+v, %v", answer, err)
	}
	w.must(c.redeem(pass, 6, uid, answer.Assurance))
	w.must(c.line.Push(t.Context()))
	c.starts()
	w.until("the hub is heard again", func() bool { return c.line.Beat(t.Context()) == nil })
	if answer, err = c.claim(other, 1, newUID()); err != nil || answer.Assurance != terminal.Confirmed {
		t.Fatalf("the next customer: %+v, %v", answer, err)
	}
	far.breaker.Answered("")
	if answer, err = far.claim(pass, 5, newUID()); err != nil || answer.Granted {
		t.Errorf("5 of 10 units in another store, with 6 used: %+v, %v", answer, err)
	}
	close(arrive)
	w.until("the cloud has what the hub gathered", func() bool {
		row, err := w.storage.Lookup(t.Context(), far.Terminal, []terminal.Lookup{pass.lookup})
		return err == nil && row[0].Voucher.Used == 6
	})
}

// If a hub granted to one counter what the cloud had leased to another, both would honour it with the internet down.
func TestAHubGrantsNobodyWhatIsLeased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := terminal.Store{ID: quayID, Name: quayID, Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInNone, Print: "always", Copies: 1}
	far := store
	far.ID, far.Name = harbourID, harbourID
	w.pass.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever, Lease: 10}
	_, err := w.storage.Apply(t.Context(), cloud.Catalogue{Merchant: terminal.Merchant{ID: merchantID, Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{store, far}, Campaigns: []terminal.Campaign{w.pass}})
	w.must(err)
	pass := w.issue()
	r, counters := w.store(2)
	defer func() { r.end(w) }()
	rows, err := w.storage.Lookup(t.Context(), counters[0].Terminal, []terminal.Lookup{pass.lookup})
	w.must(err)
	head, err := counters[0].Head(t.Context())
	w.must(err)
	leased, err := w.storage.Lease(t.Context(), counters[0].Terminal, cloud.LeaseRequest{At: time.Now(), Want: []cloud.LeaseWant{{Voucher: rows[0].Voucher.ID, Units: 6}},
		Standing: cloud.Standing{Instance: "i", Nonce: time.Now(), Journal: &api.Head{Epoch: head.Epoch, Seq: head.Seq, Hash: head.Hash[:]}}})
	if err != nil || len(leased) != 1 || leased[0].Units != 6 {
		t.Fatalf("leased: %+v, %v", leased, err)
	}
	w.until("the hub knows of the lease", func() bool {
		open, err := r.copy.Leases(t.Context(), merchantID)
		return err == nil && len(open) == 1
	})
	w.line.cut(true)
	if answer, err := counters[1].claim(pass, 5, newUID()); err != nil || answer.Granted {
		t.Errorf("5 of 10 units, with 6 leased to another: %+v, %v", answer, err)
	}
	if answer, err := counters[1].claim(pass, 4, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		t.Errorf("4 of 10 units, with 6 leased to another: %+v, %v", answer, err)
	}
	if answer, err := counters[0].claim(pass, 6, newUID()); err != nil || !answer.Granted {
		t.Errorf("6 of 10 units, by whom they are leased to: %+v, %v", answer, err)
	}
}

// appointment is the newest one of the store, signed.
func (w *world) appointment() string {
	w.Helper()
	appointed, err := w.storage.Hub(w.Context(), merchantID, quayID)
	w.must(err)
	signed, err := cloud.SignHub(w.keys, appointed)
	w.must(err)
	return signed
}

// Whoever was the hub once, or has another key, would go on granting beside the one that is.
func TestOnlyTheNewestHubIsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(2)
	defer r.end(w)
	first := w.appointment()
	second := w.appoint(counters[0])
	c := counters[1]
	c.hears(second, r.address) // where the old one listens
	if err := c.line.Beat(t.Context()); err == nil || c.line.Alive() {
		t.Errorf("the hub of an older term is believed: %v", err)
	}
	if err := c.appointments.Take(first); err == nil || c.appointments.Newest().Terminal != counters[0].Name {
		t.Errorf("an older appointment is taken: %v", err)
	}
	thief := w.counter(quayID)
	if _, err := hub.New(t.Context(), hub.Config{Appointment: c.appointments.Newest(), Key: thief.private}); err == nil {
		t.Error("a terminal can serve under another's appointment")
	}
	forged := strings.Replace(second, ".", ".e", 1)
	if err := c.appointments.Take(forged); err == nil {
		t.Error("an appointment that nobody signed is taken")
	}
}

// A terminal that is no hub could claim, or hand in a journal, in another's name.
func TestOnlyTheHubForwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(2)
	defer r.end(w)
	other := w.counter(harbourID)
	ask := func(from, of *counter) error {
		from.breaker.Answered("")
		_, err := cloudsync.NewUpstream(from.client, from.breaker).Lookup(t.Context(), of.Key, time.Minute, api.LookupRequest{Lookups: []terminal.Lookup{{1}}})
		return err
	}
	var refused *cloudsync.Refusal
	if err := ask(counters[0], counters[1]); !errors.As(err, &refused) || refused.Code != "not_the_hub" {
		t.Errorf("a counter asks for another: %v", err)
	}
	if err := ask(w.hub, other); !errors.As(err, &refused) || refused.Code != "not_the_hub" {
		t.Errorf("the hub asks for another store's counter: %v", err)
	}
	if err := ask(w.hub, counters[1]); err != nil {
		t.Errorf("the hub asks for its own: %v", err)
	}
}

// A hub that does not know yet what was used would grant it again.
func TestAHubThatIsNotFilledSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	w.hub = w.counter(quayID)
	c := w.counter(quayID)
	signed := w.appoint(w.hub)
	w.line.cut(true)
	r := w.start(w.hub, signed)
	defer r.end(w)
	c.hears(signed, r.address)
	if answer, err := c.claim(pass, 1, newUID()); !errors.Is(err, terminal.ErrNoAnswer) || answer.Granted {
		t.Errorf("a hub that has never heard of the cloud: %+v, %v", answer, err)
	}
	w.line.cut(false)
	w.until("the hub is filled", func() bool { return c.line.Beat(t.Context()) == nil })
	if answer, err := c.claim(pass, 1, newUID()); err != nil || !answer.Granted {
		t.Errorf("once it is: %+v, %v", answer, err)
	}
}
