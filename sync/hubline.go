package sync

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// How a terminal listens for its hub.
const (
	// HubLife is how long after its last answer a hub counts as alive.
	HubLife = 5 * time.Second
	// HubBeat is how often a running terminal asks for a sign of life.
	HubBeat = 2 * time.Second
	// HubPatience is how long a claim is asked again while the hub counts as alive and does not answer.
	HubPatience = time.Second
	// HubSettle is how long a hub that has just started without a line waits for its terminals to say what they did meanwhile, before it grants.
	HubSettle = HubBeat + time.Second
	hubPause  = 50 * time.Millisecond
)

// HubJournal is what the line to the hub needs of the terminal's journal.
type HubJournal interface {
	Head(ctx context.Context) (entry.Place, error)
	HashAt(ctx context.Context, seq uint64) ([32]byte, error)
	// Since returns the first entries after seq, within these limits; a batch without entries at the end.
	Since(ctx context.Context, seq uint64, limit, maxBytes int) (Batch, error)
	// UIDsSince returns the uids of the entries after seq.
	UIDsSince(ctx context.Context, seq uint64) ([]terminal.UID, error)
}

// HubConfig is what a terminal knows for reaching its hub.
type HubConfig struct {
	Appointments *Appointments
	Key          crypto.Signer // the terminal's own
	Claims       *Claims       // those toward the cloud: the hub hears of the same
	Journal      HubJournal
	Lines        LineStore
	// Find returns where a hub listens, HOST:PORT; "" where nobody knows.
	Find func(ctx context.Context, hub Appointment) string
	// Former returns where the hub of an earlier term, called name, may still listen, each HOST:PORT. Where it is nil nobody is told that
	// another one was appointed.
	Former func(ctx context.Context, term int64, name string) []string
	// Dial replaces the shop's network in a simulation; nil is the real one.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
}

// HubLine is a terminal's line to its store's hub. It hands the journal over to the hub as well, so that the hub counts what it granted.
type HubLine struct {
	config  HubConfig
	breaker *Breaker
	claims  *Claims
	nudged  chan struct{}
	turn    chan struct{} // holds one token: the right to push

	mu        sync.Mutex
	term      int64
	client    *Client
	authority *Authority
	heard     time.Time
	state     api.HubState
	known     bool   // whether acked is
	acked     uint64 // the last entry that the hub has
	most      uint64 // the highest that acked was
	start     string // of the hub's program, as its last sign of life said
	greeted   bool   // it was asked for one by this start of the program, and gave it
	changed   func()
}

// NewHubLine makes the line; it does not connect yet.
func NewHubLine(config HubConfig) *HubLine {
	h := &HubLine{config: config, nudged: make(chan struct{}, 1), turn: make(chan struct{}, 1), changed: func() {}}
	h.breaker = NewBreaker(config.Lines, nil)
	h.turn <- struct{}{}
	h.claims = config.Claims.TowardHub(func(ctx context.Context) ([]terminal.UID, error) {
		h.mu.Lock()
		acked := h.acked
		h.mu.Unlock()
		return config.Journal.UIDsSince(ctx, acked)
	})
	return h
}

// OnChange has changed called when the hub comes or goes. It is set before Run.
func (h *HubLine) OnChange(changed func()) { h.changed = changed }

// Nudge says that the journal has grown. It never blocks.
func (h *HubLine) Nudge() { post(h.nudged) }

// HubStatus is how the store's hub is, as this terminal sees it.
type HubStatus struct {
	Terminal string    `json:"terminal"` // "" where the store has none
	Term     int64     `json:"term"`
	Alive    bool      `json:"alive"`
	Told     bool      `json:"told"`    // it said whether it is online, and what is pending, to this very program
	Online   bool      `json:"online"`  // it has a line to the cloud
	Pending  int64     `json:"pending"` // entries that it gathered and the cloud does not have
	Awaits   int64     `json:"awaits"`  // counters that it has to hear first: it has forgotten what it granted, and its word counts for no more than a counter's
	Heard    time.Time `json:"heard,omitzero"`
	Trouble  string    `json:"trouble,omitempty"` // why it does not answer
}

// Status is how the hub is.
func (h *HubLine) Status() HubStatus {
	newest := h.config.Appointments.Newest()
	line := h.breaker.Line()
	h.mu.Lock()
	defer h.mu.Unlock()
	status := HubStatus{Terminal: newest.Terminal, Term: newest.Term, Heard: line.Contact, Trouble: ofHub(line.Trouble)}
	if newest.Nobody() {
		return HubStatus{Term: newest.Term}
	}
	if h.term == 0 { // nobody asked it yet from here: what an earlier start of the program, or one beside it, heard
		status.Alive = line.Failures == 0 && !line.Contact.IsZero() && time.Since(line.Contact) < HubLife
		return status
	}
	if status.Alive = h.aliveLocked(); status.Alive {
		status.Told, status.Online, status.Pending, status.Awaits = h.state.Term != 0, h.state.Online, h.state.Pending, valueOf(h.state.Awaits)
	}
	return status
}

// Keep stores the newest contact for the next start.
func (h *HubLine) Keep() { h.breaker.Keep() }

// ofHub makes what is said of a line to the cloud a sentence about the hub.
func ofHub(trouble string) string {
	ours, theirs, quoted := strings.Cut(trouble, refuses)
	if !quoted {
		return strings.ReplaceAll(trouble, "the cloud", "the hub")
	}
	return strings.ReplaceAll(ours+refuses, "the cloud", "the hub") + theirs // what the hub itself says of the cloud is meant so
}

// HubTrouble is why a hub did not answer, as a sentence.
func HubTrouble(err error) string { return ofHub(plainNoAnswer(err).Error()) }

// Alive reports whether the hub answered a moment ago.
func (h *HubLine) Alive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.aliveLocked()
}

func (h *HubLine) aliveLocked() bool { return !h.heard.IsZero() && time.Since(h.heard) < HubLife }

// Allow implements gate: a hub that is alive is asked, however its last answer went.
func (h *HubLine) Allow() (time.Duration, bool) {
	if h.Alive() {
		return Budget, true
	}
	return h.breaker.Allow()
}

// shut implements gate.
func (h *HubLine) shut() bool { return !h.Alive() && h.breaker.shut() }

func (h *HubLine) settle(client *Client, err error) {
	h.breaker.settle(client, err)
	if err != nil {
		return
	}
	h.mu.Lock()
	was := h.aliveLocked()
	h.heard = time.Now()
	h.mu.Unlock()
	if !was {
		h.changed()
	}
}

// errNoHub says that the store has no hub, or nobody knows where.
var errNoHub = noAnswer(errors.New("this store has no hub that could be reached"), 0)

// at returns the authority of the newest term, and its client.
func (h *HubLine) at(ctx context.Context) (*Authority, *Client, error) {
	newest := h.config.Appointments.Newest()
	h.mu.Lock()
	defer h.mu.Unlock()
	if newest.Nobody() {
		return nil, nil, errNoHub
	}
	if h.authority != nil && h.term == newest.Term {
		return h.authority, h.client, nil
	}
	client, err := newHubClient(newest, h.config)
	if err != nil {
		return nil, nil, err
	}
	h.term, h.client, h.known, h.acked, h.most, h.start, h.greeted, h.heard, h.state = newest.Term, client, false, 0, 0, "", false, time.Time{}, api.HubState{}
	h.authority = &Authority{client: client, breaker: h, claims: h.claims, journal: hubJournal{h}}
	return h.authority, h.client, nil
}

// newHubClient makes a client that believes the appointed hub alone. What a hub says of the time is not heard: it may have been without
// the cloud for days.
func newHubClient(hub Appointment, config HubConfig) (*Client, error) {
	dial := dialOf(config)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			where := config.Find(ctx, hub)
			if where == "" {
				return nil, errors.New("nobody knows where in this network the hub is: set hub in the configuration")
			}
			return dial(ctx, "tcp", where)
		},
		TLSClientConfig: hub.tls(), TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}
	return NewClient(Config{URL: hub.URL(), Key: config.Key, Transport: transport, keys: func(kid string, _ []byte) (ed25519.PublicKey, error) {
		if kid != api.HubKeyID(hub.Term) {
			return nil, errors.New("an answer is of the hub of another term")
		}
		return hub.Key(), nil
	}})
}

// dialOf is how the shop's network is called on.
func dialOf(config HubConfig) func(ctx context.Context, network, address string) (net.Conn, error) {
	if config.Dial != nil {
		return config.Dial
	}
	return (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext
}

// hubJournal implements ClaimedJournal.
type hubJournal struct{ *HubLine }

func (j hubJournal) Head(ctx context.Context) (entry.Place, error) { return j.config.Journal.Head(ctx) }

// Cursor implements ClaimedJournal: the hub shows the cloud its own.
func (j hubJournal) Cursor(context.Context) (string, error) { return "", nil }

func (j hubJournal) CatchUp(ctx context.Context) (bool, error) {
	head, err := j.config.Journal.Head(ctx)
	if err != nil {
		return false, err
	}
	j.mu.Lock()
	behind := !j.known || j.acked < head.Seq
	j.mu.Unlock()
	if !behind {
		return false, nil
	}
	return true, j.Push(ctx)
}

// claim asks the hub, after it has heard once what this terminal heard of its record before, and where this terminal's journal stands: a record
// that was put back must not decide before it knows, and a command that asks once has no other occasion to say so.
func (h *HubLine) claim(ctx context.Context, claim terminal.Claim) (terminal.ClaimAnswer, error) {
	authority, _, err := h.at(ctx)
	if err != nil {
		return terminal.ClaimAnswer{}, err
	}
	h.mu.Lock()
	met := h.known && h.greeted
	h.mu.Unlock()
	if !met {
		budget, ok := h.Allow()
		if !ok {
			return terminal.ClaimAnswer{}, errNoHub
		}
		limited, cancel := context.WithTimeout(ctx, budget)
		defer cancel()
		if err := h.meet(limited); err != nil {
			return terminal.ClaimAnswer{}, noAnswer(err, 0)
		}
	}
	return authority.Claim(ctx, claim)
}

// meet is the first that this start of the program says to the hub.
func (h *HubLine) meet(ctx context.Context) error {
	h.mu.Lock()
	greeted := h.greeted
	h.mu.Unlock()
	if !greeted {
		if err := h.Beat(ctx); err != nil {
			return err
		}
	}
	return h.Push(ctx)
}

// Leave hands the journal over and hears how far the hub's record has come with it, for the next start of the program to say.
func (h *HubLine) Leave(ctx context.Context) error {
	if err := h.Push(ctx); err != nil {
		return err
	}
	return h.Beat(ctx)
}

// Push hands over what the hub does not have of the journal.
func (h *HubLine) Push(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return noAnswer(ctx.Err(), 0)
	case <-h.turn:
	}
	defer func() { h.turn <- struct{}{} }()
	_, client, err := h.at(ctx)
	if err != nil {
		return err
	}
	err = h.pushAll(ctx, client)
	if ctx.Err() == nil || err == nil {
		h.settle(client, err)
	}
	return err
}

func (h *HubLine) pushAll(ctx context.Context, client *Client) error {
	h.mu.Lock()
	known, acked := h.known, h.acked
	h.mu.Unlock()
	if !known {
		head, err := h.config.Journal.Head(ctx)
		if err != nil {
			return err
		}
		err = h.pushBatch(ctx, client, Batch{Epoch: head.Epoch, From: head.Seq + 1, Prev: head.Hash})
		gap := gapOf(err)
		if gap == nil {
			return err
		}
		if err := h.hubHas(ctx, client, gap.Seq, gap.Hash); err != nil {
			return err
		}
		acked = gap.Seq
	}
	for {
		batch, err := h.config.Journal.Since(ctx, acked, pushEntries, pushBytes)
		if err != nil || (len(batch.Entries) == 0 && !h.claims.untold()) {
			return err
		}
		if err := h.pushBatch(ctx, client, batch); err != nil {
			if gapOf(err) != nil { // it lost what it had: begin again with what it has
				h.forget(client)
			}
			return err
		}
		if len(batch.Entries) == 0 {
			return nil
		}
		acked = batch.From + uint64(len(batch.Entries)) - 1
	}
}

func (h *HubLine) pushBatch(ctx context.Context, client *Client, batch Batch) error {
	open, err := h.claims.now(ctx)
	if err != nil {
		return err
	}
	head, err := h.config.Journal.Head(ctx)
	if err != nil {
		return err
	}
	end := batch.From - 1 + uint64(len(batch.Entries))
	pending := int64(max(head.Seq, end) - end) // a hub that has forgotten what it granted has to hear that this is all
	push := api.JournalPush{
		Instance: open.instance, ClaimCounter: open.counter, Open: open.uids, Pending: &pending,
		Epoch: batch.Epoch, FromSeq: batch.From, PrevHash: batch.Prev[:], Entries: make([]api.SealedEntry, len(batch.Entries)),
	}
	for i, sealed := range batch.Entries {
		push.Entries[i] = api.SealedEntry{Bytes: sealed.Bytes, Signature: sealed.Signature}
	}
	limited, cancel := context.WithTimeout(ctx, pumpBudget)
	defer cancel()
	ack, err := client.push(limited, push)
	if err != nil {
		return err
	}
	h.claims.heard(ctx, open)
	if err := h.hubHas(ctx, client, ack.HeadSeq, ack.HeadHash); err != nil {
		return err
	}
	for _, sealed := range batch.Entries {
		// From here on the journal names it to the cloud, and the hub does; a counter without a line of its own never hears the cloud's verdict.
		if e, err := entry.Decode(sealed.Bytes); err == nil && e.Seq <= ack.HeadSeq {
			h.claims.acked(e.UID)
		}
	}
	if last := batch.From + uint64(len(batch.Entries)) - 1; ack.HeadSeq < last {
		return fmt.Errorf("the hub took the journal only up to entry %d of %d", ack.HeadSeq, last)
	}
	return nil
}

// hubHas notes how far the hub has the journal, if what it has is this journal.
func (h *HubLine) hubHas(ctx context.Context, client *Client, seq uint64, hash []byte) error {
	own, err := h.config.Journal.HashAt(ctx, seq)
	if errors.Is(err, terminal.ErrUnknown) || (err == nil && !bytes.Equal(own[:], hash)) {
		return &Trouble{Kind: TroubleFork, Entry: seq, Cause: fmt.Sprintf("the store's hub has another entry %d of this terminal than the journal here", seq)}
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client == client {
		if seq < h.most {
			h.config.Log.Warn("the hub's record was put back to an older copy: what it lacks of this terminal's journal is sent again",
				"hub_had", h.most, "hub_has", seq)
			h.most = seq
		}
		h.known, h.acked, h.most = true, seq, max(h.most, seq)
	}
	return nil
}

func (h *HubLine) forget(client *Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client == client {
		h.known, h.acked = false, 0
	}
}

// Beat asks for one sign of life.
func (h *HubLine) Beat(ctx context.Context) error {
	_, client, err := h.at(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, HubBeat)
	defer cancel()
	state, err := client.hub(limited, h.heardOf())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.settle(client, err)
	if err != nil {
		return err
	}
	h.mu.Lock()
	news := h.state.Online != state.Online || valueOf(h.state.Awaits) != valueOf(state.Awaits)
	if h.client == client {
		if start := valueOf(state.Start); start != h.start { // what it has may be older than what it had
			h.start, h.known, h.acked = start, false, 0
		}
		h.state, h.greeted = *state, true
	}
	h.mu.Unlock()
	if state.Start != nil && state.Answered != nil {
		h.breaker.remember(HubHeard{state.Term, *state.Start, *state.Answered})
	}
	if news {
		h.changed()
	}
	return nil
}

// heardOf is what this terminal heard last of how far the record of the hub is, in the term that it asks.
func (h *HubLine) heardOf() *api.HubParams {
	h.mu.Lock()
	term := h.term
	h.mu.Unlock()
	heard := h.breaker.Line().Hub
	if heard.Start == "" || heard.Term != term {
		return nil
	}
	return &api.HubParams{Start: &heard.Start, Answered: &heard.Answered}
}

// Run keeps in touch with the hub and hands it the journal as it grows, until ctx is done.
func (h *HubLine) Run(ctx context.Context) {
	beat := time.NewTicker(HubBeat)
	defer beat.Stop()
	greet := true
	for ctx.Err() == nil {
		_, changed := h.config.Appointments.Now()
		if greet {
			was := h.Alive()
			if err := h.Beat(ctx); err != nil && was && !h.Alive() {
				h.changed()
			}
		}
		if h.Alive() {
			if err := h.Push(ctx); err != nil && ctx.Err() == nil {
				h.config.Log.Warn("the hub did not take the journal", "error", err.Error())
			}
		}
		greet = true
		select {
		case <-ctx.Done():
		case <-beat.C:
		case <-changed:
		case <-h.nudged:
			greet = false
		}
	}
}
