package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/token"
)

// office is a cloud process on loopback, over a storage that others may serve, too.
type office struct {
	storage  *relational.Storage
	server   *http.Server
	url      string
	sent     atomic.Int64  // bytes that it wrote into its connections
	process  int           // its id, where it is not this one
	idle     time.Duration // how long its fleet keeps a connection that it does not use; 0 is a minute
	stopping chan struct{}
	served   chan struct{}
	closing  []io.Closer // behind it
}

// merchant is whom the fleet belongs to, with one store and one campaign.
const (
	merchant = "bench"
	shopID   = "quay"
)

var coffee = terminal.Campaign{ID: offer, Name: terminal.Text{"en": "Free coffee"}, Kind: terminal.KindProduct, Currency: "EUR", Units: 1,
	Price: &terminal.Money{Minor: 250, Currency: "EUR"}, State: terminal.CampaignLive}

// cloud starts a cloud process for a measurement, on SQLite in a folder of its own.
func (l *lab) cloud(ctx context.Context, name string) (folder string, o *office, err error) {
	if folder, err = os.MkdirTemp(l.folder, name+"-"); err != nil {
		return "", nil, err
	}
	o, err = serveSQLite(ctx, folder)
	return folder, o, err
}

// serveSQLite is a cloud process on a database of its own in a folder.
func serveSQLite(ctx context.Context, folder string) (*office, error) {
	storage, err := sqlite.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := apply(ctx, storage); err != nil {
		return nil, errors.Join(err, storage.Close())
	}
	o, err := serve(ctx, storage)
	if err != nil {
		return nil, errors.Join(err, storage.Close())
	}
	o.closing = append(o.closing, storage)
	return o, nil
}

// apply writes the merchant, the store and the campaign.
func apply(ctx context.Context, storage *relational.Storage) error {
	_, err := storage.Apply(ctx, cloud.Catalogue{
		Merchant: terminal.Merchant{ID: merchant, Name: "Bench", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{{ID: shopID, Name: "Quay", Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInNone,
			Print: "always", Copies: 1}},
		Campaigns: []terminal.Campaign{coffee},
	})
	return err
}

// serve answers for a storage that has the merchant.
func serve(ctx context.Context, storage *relational.Storage) (*office, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &office{storage: storage, url: "http://" + listener.Addr().String(), stopping: make(chan struct{}), served: make(chan struct{})}
	lobby := cloud.NewLobby(counted{listener, &o.sent})
	handler, err := cloud.New(ctx, storage, cloud.Options{PublicURL: o.url, Stopping: o.stopping, Lobby: lobby, OpenMetrics: true})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	o.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		defer close(o.served)
		_ = o.server.Serve(lobby) // it returns when close ends it
	}()
	return o, nil
}

// close ends the process, and what it alone used.
func (o *office) close() error {
	var err error
	if o.server != nil {
		close(o.stopping)
		err = o.server.Close()
		<-o.served
	}
	for _, behind := range o.closing {
		err = errors.Join(err, behind.Close())
	}
	return err
}

// counted counts the bytes that are written into the connections that it accepts.
type counted struct {
	net.Listener
	bytes *atomic.Int64
}

// Accept implements net.Listener.
func (c counted) Accept() (net.Conn, error) {
	connection, err := c.Listener.Accept()
	return countedConn{connection, c.bytes}, err
}

type countedConn struct {
	net.Conn
	bytes *atomic.Int64
}

// Write implements net.Conn.
func (c countedConn) Write(raw []byte) (int, error) {
	n, err := c.Conn.Write(raw)
	c.bytes.Add(int64(n))
	return n, err
}

// invite makes a join code.
func (o *office) invite(ctx context.Context) (string, error) {
	keys, err := o.storage.Keys(ctx)
	if err != nil {
		return "", err
	}
	secret, err := token.NewCode(rand.Reader)
	if err != nil {
		return "", err
	}
	now := time.Now()
	err = o.storage.Invite(ctx, []cloud.Invitation{{Merchant: merchant, Store: shopID, SecretHash: cloud.SecretHash(secret), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}})
	return api.JoinCode{Base: o.url + "/", Secret: secret, RootHash: api.RootHash(keys.Root.Public().(ed25519.PublicKey))}.String(), err
}

// till is a terminal of the fleet. Its journal is in memory, and written before anything is timed.
type till struct {
	cloud.Terminal
	key    ed25519.PrivateKey
	pump   *cloudsync.Pump
	client *cloudsync.Client
	claims *cloudsync.Claims

	place  entry.Place
	hashes [][32]byte
	sealed []entry.Sealed
	acked  uint64
	cursor string // of a page of the feed, once it has followed it
}

// quiet keeps a cloudsync.Line nowhere.
type quiet struct{}

func (quiet) LoadLine() (cloudsync.Line, error) { return cloudsync.Line{}, nil }
func (quiet) SaveLine(cloudsync.Line) error     { return nil }

// fleet enrols n terminals, each with a line of its own.
func (o *office) fleet(ctx context.Context, n int) ([]*till, error) {
	keys, err := o.storage.Keys(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	issuers, err := o.storage.TokenKeys(ctx, merchant, now)
	if err != nil {
		return nil, err
	}
	signed, err := cloud.SignTrust(keys, merchant, issuers)
	if err != nil {
		return nil, err
	}
	all := make([]*till, n)
	invitations := make([]cloud.Invitation, n)
	for i := range invitations {
		invitations[i] = cloud.Invitation{Merchant: merchant, Store: shopID, Name: "till-" + rand.Text(), SecretHash: cloud.SecretHash(rand.Text()), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	if err := o.storage.Invite(ctx, invitations); err != nil {
		return nil, err
	}
	for i := range all {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		t := &till{key: private, place: entry.Start(public)}
		t.hashes = [][32]byte{t.place.Hash}
		t.Terminal, err = o.storage.Enrol(ctx, cloud.Enrolment{SecretHash: invitations[i].SecretHash, Key: public, SealKey: make([]byte, 32), ProgramVersion: "bench", At: now})
		if err != nil {
			return nil, err
		}
		trust, err := cloudsync.NewTrust(keys.Root.Public().(ed25519.PublicKey), signed, nil)
		if err != nil {
			return nil, err
		}
		client, err := cloudsync.NewClient(cloudsync.Config{URL: o.url + "/", Key: private, Trust: trust,
			Transport: &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: cmp.Or(o.idle, time.Minute)}})
		if err != nil {
			return nil, err
		}
		claims := cloudsync.NewClaims(rand.Text(), t.unacked)
		breaker := cloudsync.NewBreaker(quiet{}, nil)
		t.pump = cloudsync.NewPump(client, breaker, claims, t, &idle{}, slog.New(slog.DiscardHandler))
		t.client, t.claims = client, claims
		all[i] = t
	}
	return all, nil
}

// ticket is a voucher with what only its code tells.
type ticket struct {
	id     terminal.VoucherID
	lookup terminal.Lookup
	inner  [32]byte
}

// issue makes n vouchers of one unit.
func (o *office) issue(ctx context.Context, n int) ([]ticket, error) {
	issued, err := cloud.Prepare(ctx, o.storage, merchant, coffee, cloud.Facts{}, n, rand.Reader, time.Now())
	if err != nil {
		return nil, err
	}
	if err := cloud.Store(ctx, o.storage, merchant, issued); err != nil {
		return nil, err
	}
	key, err := o.storage.LookupKey(ctx, merchant)
	if err != nil {
		return nil, err
	}
	all := make([]ticket, n)
	for i, voucher := range issued {
		all[i] = ticket{voucher.Voucher.ID, token.LookupOf(key, voucher.Code), token.InnerOf(key, voucher.Code)}
	}
	return all, nil
}

// redeem journals vouchers as a counter does that is alone.
func (t *till) redeem(tickets []ticket) error {
	for _, ticket := range tickets {
		var uid terminal.UID
		_, _ = rand.Read(uid[:]) // never fails: crypto/rand ends the program instead
		now := time.Now()
		sealed, err := entry.Seal(t.key, t.place.Hash, terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Merchant: merchant, Store: shopID,
			Terminal: t.Name, Epoch: 1, Seq: t.place.Seq + 1, Operator: "li", Assurance: terminal.Offline, Wall: now, Lower: now, Upper: now,
			BusinessDay: terminal.BusinessDay(now, time.UTC, 0), Receipt: terminal.ReceiptNumber{Epoch: 1, Number: t.place.Receipt + 1},
			Lines: []terminal.EntryLine{{Voucher: ticket.id, Campaign: offer, Kind: terminal.KindProduct, Units: 1, Price: coffee.Price,
				Proof: token.Proof(ticket.inner, uid), Lookup: &ticket.lookup, Masked: "4B2H"}}})
		if err != nil {
			return err
		}
		if t.place, _, err = t.place.Follow(sealed); err != nil {
			return err
		}
		t.hashes, t.sealed = append(t.hashes, t.place.Hash), append(t.sealed, sealed)
	}
	return nil
}

func (t *till) unacked(context.Context) ([]terminal.UID, error) { return nil, nil }

// batchMost is how many entries a terminal of the fleet hands over at once.
const batchMost = 100

// Pending implements cloudsync.Journal.
func (t *till) Pending(context.Context, int, int) (cloudsync.Batch, error) {
	end := min(t.acked+batchMost, uint64(len(t.sealed)))
	return cloudsync.Batch{Epoch: 1, From: t.acked + 1, Prev: t.hashes[t.acked], Entries: t.sealed[t.acked:end]}, nil
}

// HashAt implements cloudsync.Journal.
func (t *till) HashAt(_ context.Context, seq uint64) ([32]byte, error) { return t.hashes[seq], nil }

// Ack implements cloudsync.Journal. A verdict other than accepted would mean that something else was measured.
func (t *till) Ack(_ context.Context, through uint64, verdicts []cloudsync.Verdict) error {
	for _, verdict := range verdicts {
		if verdict.Verdict != terminal.Accepted {
			return fmt.Errorf("a redemption became %s", verdict.Verdict)
		}
	}
	t.acked = max(t.acked, through)
	return nil
}

// Rewind implements cloudsync.Journal.
func (t *till) Rewind(context.Context, uint64) error {
	return errors.New("the cloud lost what it had")
}

// follow takes a page of the feed: from then on claims say how far the counter has come in it, as those of every counter do.
func (t *till) follow(ctx context.Context) error {
	page, err := cloudsync.NewUpstream(t.client, cloudsync.NewBreaker(quiet{}, nil)).Pull(ctx, nil, "", 0)
	if err == nil {
		t.cursor = page.Cursor
	}
	return err
}

// Head implements cloudsync.ClaimedJournal.
func (t *till) Head(context.Context) (entry.Place, error) { return t.place, nil }

// Cursor implements cloudsync.ClaimedJournal.
func (t *till) Cursor(context.Context) (string, error) { return t.cursor, nil }

// CatchUp implements cloudsync.ClaimedJournal: everything was sent before the first claim.
func (t *till) CatchUp(context.Context) (bool, error) { return false, nil }

// PutExceptions implements cloudsync.Journal.
func (t *till) PutExceptions(context.Context, []terminal.Exception) error { return nil }

// Backlog implements cloudsync.Journal.
func (t *till) Backlog(context.Context) (int64, time.Time, error) {
	return int64(uint64(len(t.sealed)) - t.acked), time.Time{}, nil
}

// atOnce runs work for every terminal of the fleet at the same time and returns how long the last one took.
func atOnce(tills []*till, work func(t *till) error) (time.Duration, error) {
	problems := make([]error, len(tills))
	var group sync.WaitGroup
	began := time.Now()
	for i, t := range tills {
		group.Go(func() { problems[i] = work(t) })
	}
	group.Wait()
	return time.Since(began), errors.Join(problems...)
}

// rowsOf reads all rows of a query as they are.
type rowsOf struct {
	table   string
	columns int
	rows    [][]any
}

// changes are the rows that now has and before has not, table by table, as SQLite's own files.
func changes(ctx context.Context, now, before string) (all []rowsOf, err error) {
	db, err := sql.Open("sqlite3", source(now, "mode=ro"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "ATTACH ? AS before", source(before, "mode=ro")); err != nil {
		return nil, err
	}
	tables, err := collect(ctx, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name")
	if err != nil {
		return nil, err
	}
	for _, found := range tables {
		name := fmt.Sprint(found[0])
		rows, err := collect(ctx, db, fmt.Sprintf("SELECT * FROM main.%q EXCEPT SELECT * FROM before.%q", name, name))
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			all = append(all, rowsOf{name, len(rows[0]), rows})
		}
	}
	return all, nil
}
