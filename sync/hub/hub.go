// Package hub makes a terminal the authority of its store on the shop's own network. It serves the terminals of its store as the cloud
// does, over a copy of the cloud's feed with their entries on top, and with the same code: what it grants it has on disk before it
// answers, so that its claims are linearizable. While it has a line it asks the cloud about each claim as well, and hands on what it
// gathered.
//
// What a hub cannot do: it holds none of the secrets that tell whether a code was shown. A terminal of the store that was broken into
// could claim vouchers that nobody showed; the cloud finds that out when the entries arrive, and calls them invalid. And "store" means not
// twice through this hub: across stores nothing is promised while the line is down. A hub leases nothing: what the cloud leased
// to a terminal of the store it grants to no other one, as soon as the cloud has told it, which it does at once while there is a line.
package hub

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/terminal"
)

// Config says of which store, as whom and with what.
type Config struct {
	Appointment cloudsync.Appointment // this terminal's own
	Key         ed25519.PrivateKey    // this terminal's
	Copy        *relational.Copy      // closed by who opened it
	Upstream    *cloudsync.Upstream
	Trust       func() string // the signed trust list, as it is known here
	Log         *slog.Logger
	// Appointments are the store's, as they are known here: they take what terminals hand over, and a newer one ends this hub.
	Appointments *cloudsync.Appointments
	// Settle is for how long after its start a hub without a line grants nothing by itself: its record may have been put back to an older copy
	// meanwhile, and its terminals first send again what it lacks.
	Settle time.Duration
	// Mark is the file that says how far the copy is; "" for none. See mark.
	Mark string
	// Folder keeps what was loaded of a first fill until all of it is here; where it is "", the copy is filled from the feed alone.
	Folder string
	// Filling is told how far the filling of the copy is, and nil once it is filled; nil is nobody.
	Filling func(*cloudsync.Progress)
}

// Hub is the authority of a store.
type Hub struct {
	config   Config
	began    time.Time
	mark     mark
	self     cloud.Terminal
	handler  http.Handler
	nudged   chan struct{}
	stop     chan struct{}
	stopped  sync.Once
	parted   bool                               // the newest poll got no answer, or none was made yet; of the loop that follows
	noFile   bool                               // the cloud has no first fill; of the loop that follows
	followed int64                              // changes taken from the feed's pages while it is filled; of the same
	filling  atomic.Pointer[cloudsync.Progress] // nil where the copy is filled
}

// New makes a hub. It answers with "unavailable" until the copy has been at the end of the feed once.
func New(ctx context.Context, config Config) (*Hub, error) {
	appointed := config.Appointment
	if !appointed.Key().Equal(config.Key.Public()) {
		return nil, fmt.Errorf("the hub of store %s is %s, and not this terminal", appointed.Store, appointed.Terminal)
	}
	h := &Hub{config: config, began: time.Now(), parted: true, mark: mark{path: config.Mark}, nudged: make(chan struct{}, 1), stop: make(chan struct{}),
		self: cloud.Terminal{Merchant: appointed.Merchant, Store: appointed.Store, Name: appointed.Terminal, Key: appointed.Key()}}
	nonce := make([]byte, 32)
	rand.Read(nonce)
	storage := &storage{Copy: config.Copy, hub: h, keys: cloud.Keys{Nonce: nonce, Feed: cloud.FeedKey{
		ID: api.HubKeyID(appointed.Term), Key: config.Key, From: appointed.At}}}
	if err := config.Copy.AdoptVersions(ctx); err != nil {
		return nil, fmt.Errorf("the hub's copy cannot be prepared: %w", err)
	}
	if err := h.remember(ctx); err != nil {
		return nil, err
	}
	var err error
	h.handler, err = cloud.New(ctx, storage, cloud.Options{
		PublicURL: strings.TrimSuffix(appointed.URL(), "/"), Log: config.Log, Stopping: h.stop, Hub: h.state, Appointed: h.appointed,
		Trust: func(context.Context) (string, error) { return config.Trust(), nil },
	})
	return h, err
}

// state is the hub's sign of life.
func (h *Hub) state(ctx context.Context, heard api.HubParams) (api.HubState, error) {
	if err := h.reminded(ctx, heard); err != nil {
		return api.HubState{}, err
	}
	_, pending, err := h.config.Copy.Gathered(ctx)
	if err != nil {
		return api.HubState{}, err
	}
	awaits, err := h.config.Copy.Awaits(ctx, h.self.Merchant, time.Now())
	at := h.mark.now()
	return api.HubState{Store: h.self.Store, Terminal: h.self.Name, Term: h.config.Appointment.Term, Online: h.config.Upstream.Online(),
		Pending: pending, Start: &at.Start, Answered: &at.Answered, Awaits: &awaits, ServerTime: time.Now().UTC()}, err
}

// appointed holds what somebody handed over against what is known here. One of a higher term ends this hub: whoever runs it hears of it as when the
// cloud says so, and until then nobody is answered any more.
func (h *Hub) appointed(_ context.Context, signed string) (term int64, err error) {
	err = h.config.Appointments.Take(signed)
	term = h.config.Appointments.Newest().Term
	switch {
	case errors.Is(err, cloudsync.ErrAppointmentOld):
		return term, nil
	case errors.Is(err, cloudsync.ErrAppointmentNotKept):
		h.config.Log.Error("another hub was appointed, and it cannot be stored here", "error", err.Error())
		return term, cloud.Unavailable("This hub cannot store the appointment now: look at its disk.")
	case err != nil:
		return term, &cloud.NotAppointed{Cause: err}
	}
	if h.over() {
		h.config.Log.Info("another terminal of the store says that this one is its hub no more", "term", h.config.Appointment.Term, "newest", term)
	}
	return term, nil
}

// over reports that another hub was appointed after this one.
func (h *Hub) over() bool { return h.config.Appointments.Newest().Term > h.config.Appointment.Term }

// settling reports that the terminals have not had the time yet to send what the hub's record may lack since its start.
func (h *Hub) settling() bool { return time.Since(h.began) < h.config.Settle }

// ServeHTTP answers a terminal of the store.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// Run serves at listener, follows the feed and hands on what was gathered, until ctx is done.
func (h *Hub) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog:  slog.NewLogLogger(h.config.Log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{h.config.Appointment.TLSCertificate(h.config.Key)}},
	}
	var group sync.WaitGroup
	running, cancel := context.WithCancel(ctx)
	group.Go(func() { h.loop(running, h.follow, nil) })
	group.Go(func() { h.loop(running, h.handOn, h.nudged) })
	group.Go(func() {
		<-running.Done()
		h.stopped.Do(func() { close(h.stop) })
		drain, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer end()
		if server.Shutdown(drain) != nil {
			_ = server.Close() // who is still asking then gets no answer, and asks again
		}
	})
	err := server.ServeTLS(listener, "", "")
	cancel()
	group.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("the hub stopped serving: %w", err)
}

// loop does work again and again; after a success as soon as wake says so, where there is one, and after a failure when the backoff is over.
func (h *Hub) loop(ctx context.Context, work func(context.Context) error, wake <-chan struct{}) {
	var backoff cloudsync.Backoff
	said := ""
	for ctx.Err() == nil {
		err := work(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			said = ""
			backoff.Reset()
			if wake == nil {
				continue
			}
			select {
			case <-ctx.Done():
			case <-wake:
			}
			continue
		}
		if text := err.Error(); text != said {
			h.config.Log.Warn("the hub's line to the cloud", "error", text)
			said = text
		}
		wait := time.NewTimer(min(backoff.Next(cloudsync.After(err)), retryMost))
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
}

const (
	// retryMost is the longest that a hub waits before it tries its line again: the whole store waits for it.
	retryMost = 15 * time.Second
	longPoll  = 25 * time.Second

	batchEntries = 500
	batchBytes   = 256 << 10
)

// follow takes a page of the feed over.
func (h *Hub) follow(ctx context.Context) error {
	cursor, filled, err := h.config.Copy.Cursor(ctx)
	if err != nil {
		return err
	}
	wait := longPoll
	if !filled || h.parted {
		wait = 0
	}
	if cursor == "" && !h.noFile && h.config.Folder != "" {
		done, err := h.fill(ctx)
		if done || err != nil {
			return err
		}
		h.noFile = true
	}
	handed, err := h.handed(ctx)
	if err != nil {
		return err
	}
	was := h.config.Upstream.Online()
	page, err := h.config.Upstream.Pull(ctx, nil, cursor, wait)
	if err != nil {
		h.parted = true
	}
	if cloudsync.CursorUnknown(err) && cursor != "" {
		h.config.Log.Warn("the cloud began its feed anew: the hub copies it again")
		h.noFile = false
		return h.config.Copy.Empty(ctx)
	}
	if err != nil {
		return err
	}
	err = h.config.Copy.Take(ctx, h.self, page, time.Now())
	if err == nil {
		err = h.fillAgain(ctx, handed, page)
	}
	if !was || !filled {
		h.nudge()
	}
	if err == nil && !filled {
		h.tellFollowed(page)
	}
	return err
}

func (h *Hub) nudge() {
	select {
	case h.nudged <- struct{}{}:
	default:
	}
}

// handOn sends the cloud what was gathered and it does not have. Of a journal of which the cloud lacks entries that the hub never had, as after
// a restore from a backup older than the hub, the terminal itself has to send those first.
func (h *Hub) handOn(ctx context.Context) error {
	apart := map[int64]bool{}
	for {
		terminals, _, err := h.config.Copy.Gathered(ctx)
		if err != nil {
			return err
		}
		terminals = slices.DeleteFunc(terminals, func(t cloud.Terminal) bool { return apart[t.ID] })
		if len(terminals) == 0 {
			return nil
		}
		for _, t := range terminals {
			err := h.handOnOne(ctx, t)
			if errors.Is(err, cloud.ErrUnknown) {
				h.config.Log.Warn("the cloud lacks entries that the hub does not have either: it waits for the terminal to send them", "terminal", t.Name, "error", err.Error())
				apart[t.ID] = true
			} else if err != nil {
				return err
			}
		}
	}
}

// handOnOne sends one batch of a terminal's journal. What the cloud finds fault with stays here, and is tried again when the terminal
// sends more: the terminal hears of it from the cloud itself.
func (h *Hub) handOnOne(ctx context.Context, t cloud.Terminal) error {
	batch, err := h.config.Copy.NextBatch(ctx, t, batchEntries, batchBytes)
	if err != nil || len(batch.Entries) == 0 {
		return err
	}
	push := api.JournalPush{
		Instance: batch.Standing.Instance, ClaimCounter: batch.Standing.Counter, Open: batch.Standing.Open,
		Epoch: batch.Epoch, FromSeq: batch.FromSeq, PrevHash: batch.Prev[:], Entries: make([]api.SealedEntry, len(batch.Entries)),
	}
	for i, sealed := range batch.Entries {
		push.Entries[i] = api.SealedEntry{Bytes: sealed.Bytes, Signature: sealed.Signature}
	}
	ack, err := h.config.Upstream.Push(ctx, t.Key, push)
	if head := cloudsync.Backlogged(err); head != nil {
		return h.config.Copy.Sent(ctx, t, head.Seq) // a cloud that was restored, or a terminal that is new: send from there
	}
	if errors.Is(err, terminal.ErrNoAnswer) || cloudsync.Passing(err) { // a busy cloud has found no fault with it
		return err
	}
	if err != nil {
		h.config.Log.Warn("the cloud does not take a terminal's journal from the hub", "terminal", t.Name, "error", err.Error())
		return h.config.Copy.Sent(ctx, t, batch.FromSeq+uint64(len(batch.Entries))-1)
	}
	return h.config.Copy.Sent(ctx, t, ack.HeadSeq)
}
