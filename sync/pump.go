package sync

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Batch is a stretch of the journal as it is pushed: consecutive entries of one epoch.
type Batch struct {
	Epoch   uint32
	From    uint64   // the number of the first entry; without entries, of the next that will be written
	Prev    [32]byte // the hash before it
	Entries []entry.Sealed
	Missing uint64 // the number of the entry that should come next and is gone from the file; 0 for none
}

// Verdict is the cloud's word on one entry.
type Verdict struct {
	UID     terminal.UID
	Verdict terminal.Verdict
	Lines   []terminal.LineVerdict
}

// Journal is what the pump needs of the terminal's journal.
type Journal interface {
	// Pending returns the first entries that the cloud has not acknowledged, within these limits; a batch without entries at the end.
	Pending(ctx context.Context, limit, maxBytes int) (Batch, error)
	// HashAt is the hash of an entry; terminal.ErrUnknown beyond the newest.
	HashAt(ctx context.Context, seq uint64) ([32]byte, error)
	// Ack notes that the cloud has every entry up to through, and its verdicts; 0 stores verdicts alone.
	Ack(ctx context.Context, through uint64, verdicts []Verdict) error
	// Rewind takes acknowledgements back to through.
	Rewind(ctx context.Context, through uint64) error
	// PutExceptions stores what a manager must look at.
	PutExceptions(ctx context.Context, exceptions []terminal.Exception) error
	// Backlog says how many entries the cloud has not acknowledged, and when the oldest of them was made.
	Backlog(ctx context.Context) (pending int64, oldest time.Time, err error)
}

// Page is a page of the feed, sorted. Rows, cursor and Included belong together and are stored in one transaction.
type Page struct {
	Vouchers         []terminal.Voucher
	RemovedVouchers  []terminal.VoucherID
	Campaigns        []terminal.Campaign
	Counts           []terminal.Count
	Operators        []terminal.Operator
	RemovedOperators []string
	Settings         *terminal.Settings
	Cursor           string
	AtEnd            bool
	Included         uint64
	ServerTime       time.Time
	// Recovery is the word for the newest time that the cloud's database was put back to an older copy, "" for never, and Awaited how many
	// terminals have not sent again since.
	Recovery string
	Awaited  int64
}

// Cache is what the pump needs of the terminal's cache.
type Cache interface {
	Freshness(ctx context.Context) (terminal.Freshness, error)
	Apply(ctx context.Context, page Page) error
	// Empty throws everything away, the cursor too: the cache begins anew.
	Empty(ctx context.Context) error
	// Doubt is Empty where the cloud does not know the cursor: what it may have forgotten of vouchers is kept until it knows as much, or awaits nobody.
	Doubt(ctx context.Context) error
}

// Limits of the contract.
const (
	pushEntries = 500
	pushBytes   = 256 << 10
	longPoll    = 25 * time.Second
	// A request that is not a scan's may take its time on a bad line.
	pumpBudget = 30 * time.Second
)

// Pump hands the journal over and keeps the cache filled. Nobody waits for it.
type Pump struct {
	client  *Client
	breaker *Breaker
	claims  *Claims
	journal Journal
	cache   Cache
	log     *slog.Logger

	nudged chan struct{} // one slot: however many redemptions there are, there is one thing to do
	kicked chan struct{} // one slot: the line is worth a try now, whatever the backoff says
	wanted chan struct{} // one slot: a scan found nobody to ask
	turn   chan struct{} // holds one token: the right to push

	included atomic.Uint64 // of the newest page
	parted   bool          // the newest poll got no answer; of the goroutine that follows

	storing sync.Mutex // one page is stored at a time, and only by who asked from where the cache still is

	reported int64 // entries that the cloud was last told are still here; guarded by turn

	// ready says how this terminal finds itself; nil where nobody asks. told is what the cloud was told of it last; guarded by turn.
	ready  func(context.Context) (Readiness, error)
	told   *api.Readiness
	toldAt time.Time
	looked time.Time

	jitter func(most int64) int64
	first  *fills        // nil where the cache is filled from the feed alone
	hubs   *Appointments // nil where nobody wants to know

	leases LeaseBook // nil where nobody keeps any
	epochs Epochs    // nil where nobody can begin one: what the cloud says then is trouble

	mu      sync.Mutex
	trouble error    // of the newest attempt that ended in one that is not the line's
	kept    *Trouble // with the journal: it outlives attempts and starts
	keep    func(context.Context, *Trouble) error
	changed func()
}

// NewPump makes the pump of a terminal that has joined.
func NewPump(client *Client, breaker *Breaker, claims *Claims, journal Journal, cache Cache, log *slog.Logger) *Pump {
	p := &Pump{
		client: client, breaker: breaker, claims: claims, journal: journal, cache: cache, log: log,
		nudged: make(chan struct{}, 1), kicked: make(chan struct{}, 1), changed: func() {}, turn: make(chan struct{}, 1),
		wanted: make(chan struct{}, 1),
		jitter: rand.Int64N,
	}
	p.turn <- struct{}{}
	breaker.Wanted(func() { post(p.wanted) })
	return p
}

// Jitter replaces the randomness of the backoff: jitter returns a number from 0 up to but not including most. It is set before Run.
func (p *Pump) Jitter(jitter func(most int64) int64) { p.jitter = jitter }

// Hubs has the store's appointments of a hub taken over into hubs. It is set before Run.
func (p *Pump) Hubs(hubs *Appointments) { p.hubs = hubs }

// Of says who keeps the journal's epochs. It is set before Run.
func (p *Pump) Of(epochs Epochs) { p.epochs = epochs }

// OnChange has changed called, from the pump's goroutines, whenever something arrived or was acknowledged. It is set before Run.
func (p *Pump) OnChange(changed func()) { p.changed = changed }

// Nudge says that there is something to push. It never blocks.
func (p *Pump) Nudge() { post(p.nudged) }

// Kick says that the line should be tried now: the breaker has just opened, or somebody asked.
func (p *Pump) Kick() { post(p.kicked) }

func post(slot chan struct{}) {
	select {
	case slot <- struct{}{}:
	default:
	}
}

// Once pushes all that is pending and pulls until the end of the feed.
func (p *Pump) Once(ctx context.Context) error {
	return p.noting(ctx, func() error {
		pushed := p.Push(ctx)
		if pushed != nil && troubleOf(pushed) == nil {
			return pushed
		}
		// A journal in trouble must not let the cache grow old, too: what was withdrawn has to be refused all the more.
		if err := p.Pull(ctx); err != nil || pushed != nil {
			return cmp.Or(pushed, err)
		}
		return p.Push(ctx) // the cloud wants to hear of this start, and whether what came made this terminal ready
	})
}

// Push hands over all pending entries, batch after batch. Where there may be holds that nobody needs any more, an empty batch goes
// first: a redemption must not be judged against what the same counter claimed for it before it was killed.
func (p *Pump) Push(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.turn:
	}
	defer func() { p.turn <- struct{}{} }()
	asked, err := p.pushAll(ctx)
	p.learn(ctx, err, asked)
	return err
}

// pushAll is Push, with the turn taken. asked says that the cloud took something, if only an empty batch.
func (p *Pump) pushAll(ctx context.Context) (asked bool, err error) {
	troubled := p.Trouble() != nil
	news := p.news(ctx)
	for rewound := false; ; {
		batch, err := p.journal.Pending(ctx, pushEntries, pushBytes)
		if err != nil {
			return asked, err
		}
		restored, err := p.claims.takesPlace(ctx)
		if err != nil {
			return asked, err
		}
		if p.claims.untold() && !restored {
			batch.Entries = nil
		} else if batch.Missing == 0 && len(batch.Entries) == 0 && p.reported == 0 && (asked || !troubled) && news == nil {
			return asked, nil // the cloud has everything, and knows that it does
		}
		err = p.pushBatch(ctx, batch, news)
		if head := gapOf(err); head != nil && !rewound && batch.From > 1 {
			// A cloud that was restored from an older backup lacks entries it once acknowledged: it gets them again.
			if err := p.rewind(ctx, batch, *head); err != nil {
				return asked, err
			}
			rewound = true
			continue
		}
		if err != nil {
			return asked, err
		}
		asked, news = true, nil
		p.changed()
	}
}

// gapOf is the cloud's head where it says that entries before the batch are missing.
func gapOf(err error) *api.Head {
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Code == "journal_gap" {
		return refusal.Head
	}
	return nil
}

// pushBatch sends one batch and notes what the cloud says of it. news is how this terminal finds itself; nil says nothing of it.
func (p *Pump) pushBatch(ctx context.Context, batch Batch, news *api.Readiness) error {
	open, err := p.claims.now(ctx)
	if err != nil {
		return err
	}
	pending, _, err := p.journal.Backlog(ctx)
	if err != nil {
		return err
	}
	pending = max(0, pending-int64(len(batch.Entries)))
	push := api.JournalPush{
		Instance: open.instance, ClaimCounter: open.counter, Open: open.uids, Pending: &pending, Readiness: news,
		Epoch: batch.Epoch, FromSeq: batch.From, PrevHash: batch.Prev[:], Entries: make([]api.SealedEntry, len(batch.Entries)),
		Previous: open.previous, Restored: open.restored,
	}
	if batch.Missing > 0 {
		push.Missing = &batch.Missing
	}
	for i, sealed := range batch.Entries {
		push.Entries[i] = api.SealedEntry{Bytes: sealed.Bytes, Signature: sealed.Signature}
	}
	limited, cancel := context.WithTimeout(ctx, pumpBudget)
	defer cancel()
	ack, err := p.client.push(limited, push)
	p.settle(ctx, err)
	if err != nil {
		return err
	}
	p.claims.heard(ctx, open)
	p.reported = pending
	if news != nil {
		p.told, p.toldAt = news, time.Now()
	}
	if begun, err := p.takeEpoch(ctx, batch, ack); err != nil || begun {
		return err
	}
	if taken, err := p.takeOwn(ctx, batch, ack); err != nil || taken {
		return err
	}
	if ack.HeadSeq == 0 {
		return nil // it has nothing, and was sent nothing
	}
	// What the cloud has must be what is here: an acknowledgement of another entry in the same place would lose this one for ever.
	hash, err := p.journal.HashAt(ctx, ack.HeadSeq)
	if errors.Is(err, terminal.ErrUnknown) {
		return &Trouble{Kind: TroubleBehind, Entry: ack.HeadSeq,
			Cause: fmt.Sprintf("the cloud has %d entries of this terminal and the journal here has fewer: it is an older copy", ack.HeadSeq)}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(hash[:], ack.HeadHash) {
		return &Trouble{Kind: TroubleFork, Entry: ack.HeadSeq,
			Cause: fmt.Sprintf("the cloud has another entry %d of this terminal than the journal here: one of them is a copy that went on by itself", ack.HeadSeq)}
	}
	for _, verdict := range ack.Verdicts {
		p.claims.acked(verdict.Uid)
	}
	if err := p.journal.Ack(ctx, ack.HeadSeq, verdicts(ack.Verdicts)); err != nil {
		return err
	}
	if last := batch.From + uint64(len(batch.Entries)) - 1; len(batch.Entries) > 0 && ack.HeadSeq < last {
		return &Trouble{Kind: TroubleEntry, Entry: ack.HeadSeq,
			Cause: fmt.Sprintf("the cloud took the journal only up to entry %d of %d: it finds fault with the next", ack.HeadSeq, last)}
	}
	return nil
}

func verdicts(from []api.EntryVerdict) []Verdict {
	out := make([]Verdict, len(from))
	for i, verdict := range from {
		out[i] = Verdict{UID: verdict.Uid, Verdict: verdict.Verdict, Lines: verdict.Lines}
	}
	return out
}

// settle tells the breaker how a request ended, unless it was ended from here.
func (p *Pump) settle(ctx context.Context, err error) {
	if ctx.Err() == nil {
		p.breaker.settle(p.client, err)
	}
}

// Pull applies pages of the feed until its end.
func (p *Pump) Pull(ctx context.Context) error {
	for {
		atEnd, err := p.pullPage(ctx, 0)
		if err != nil || atEnd {
			return err
		}
	}
}

// pullPage fetches and stores one page.
func (p *Pump) pullPage(ctx context.Context, wait time.Duration) (atEnd bool, err error) {
	if err := p.refill(ctx); err != nil {
		return false, err
	}
	freshness, err := p.cache.Freshness(ctx)
	if err != nil {
		return false, err
	}
	if freshness.Cursor == "" && p.first != nil {
		if filled, err := p.fillFirst(ctx); filled || err != nil {
			return false, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, wait+pumpBudget)
	defer cancel()
	page, err := p.client.pull(limited, freshness.Cursor, p.claims.instance, wait)
	p.settle(ctx, err)
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Code == "cursor_unknown" && freshness.Cursor != "" {
		p.log.Warn("the cloud does not know the cursor: filling the cache again")
		if p.first != nil {
			p.first.forget(ctx)
		}
		// A cloud that was restored waits to hear from everybody, also from who has nothing new to say.
		p.claims.repeat()
		p.Nudge()
		return false, p.cache.Doubt(ctx)
	}
	if errors.Is(err, errUnknownKey) {
		// The cloud changed the key of its answers: the next pull is verified by the list that this one brings.
		return false, p.client.refreshTrust(limited)
	}
	if err != nil {
		return false, err
	}
	if err := p.takeTrust(page); err != nil {
		return false, err
	}
	if err := p.takeStart(ctx, page.Start); err != nil {
		return false, err
	}
	p.included.Store(page.Included)
	p.storing.Lock()
	defer p.storing.Unlock()
	if now, err := p.cache.Freshness(ctx); err != nil || now.Cursor != freshness.Cursor {
		return false, err // somebody else got further meanwhile: this page would set the cursor back
	}
	sorted, judged, exceptions := sortPage(page)
	if len(judged) > 0 {
		if err := p.journal.Ack(ctx, 0, judged); err != nil {
			return false, err
		}
	}
	if err := p.endLeases(ctx, page); err != nil {
		return false, err
	}
	if len(exceptions) > 0 {
		if err := p.journal.PutExceptions(ctx, exceptions); err != nil {
			return false, err
		}
	}
	// The cursor goes last: what of a page is lost by a crash before it comes again.
	if err := p.cache.Apply(ctx, sorted); err != nil {
		return false, err
	}
	if now, err := p.cache.Freshness(ctx); err != nil || (now.Cursor == "" && page.Cursor != "") {
		return false, err // the cloud that was put back knows all there is to know, and the cache is filled by that alone
	}
	if page.AtEnd && p.epochs != nil {
		if err := p.epochs.Filled(ctx, page.Included); err != nil {
			return false, err
		}
	}
	if len(page.Records) > 0 {
		p.changed()
	}
	return page.AtEnd, nil
}

// takeTrust takes the trust lists of a page over. A list that is not good changes nothing and holds nothing up; one that could not be
// stored stops the page, since the cursor must not pass it.
func (p *Pump) takeTrust(page *api.FeedPage) error {
	for _, record := range page.Records {
		if record.Hub != nil && p.hubs != nil {
			switch err := p.hubs.Take(*record.Hub); {
			case errors.Is(err, ErrAppointmentNotKept):
				return err
			case err != nil:
				p.log.Warn("an appointment of a hub was refused", "error", err.Error())
			default:
				p.changed()
			}
		}
		if record.Trust == nil {
			continue
		}
		err := p.client.trust.Take(*record.Trust)
		if errors.Is(err, errTrustNotKept) {
			return err
		}
		if err != nil {
			p.log.Warn("a trust list was refused", "error", err.Error())
		}
	}
	return nil
}

// sortPage takes the records of a page apart. Where a thing comes twice the later record holds, which the order of the slices keeps;
// a removal after a change and the other way round is settled here.
func sortPage(page *api.FeedPage) (Page, []Verdict, []terminal.Exception) {
	out := Page{Cursor: page.Cursor, AtEnd: page.AtEnd, Included: page.Included, ServerTime: page.ServerTime}
	if page.Recovery != nil {
		out.Recovery, out.Awaited = page.Recovery.Word, page.Recovery.Awaited
	}
	var judged []Verdict
	var exceptions []terminal.Exception
	vouchers, operators := map[terminal.VoucherID]*terminal.Voucher{}, map[string]*terminal.Operator{}
	for _, record := range page.Records {
		switch {
		case record.Voucher != nil:
			vouchers[record.Voucher.ID] = record.Voucher
		case record.RemovedVoucher != nil:
			vouchers[*record.RemovedVoucher] = nil
		case record.Operator != nil:
			operators[record.Operator.ID] = record.Operator
		case record.RemovedOperator != nil:
			operators[*record.RemovedOperator] = nil
		case record.Campaign != nil:
			out.Campaigns = append(out.Campaigns, *record.Campaign)
		case record.Count != nil:
			out.Counts = append(out.Counts, *record.Count)
		case record.Settings != nil:
			out.Settings = record.Settings
		case record.Exception != nil:
			exceptions = append(exceptions, ExceptionOf(*record.Exception))
		case record.Verdict != nil:
			judged = append(judged, verdicts([]api.EntryVerdict{*record.Verdict})...)
		}
	}
	for id, voucher := range vouchers {
		if voucher == nil {
			out.RemovedVouchers = append(out.RemovedVouchers, id)
		} else {
			out.Vouchers = append(out.Vouchers, *voucher)
		}
	}
	for id, operator := range operators {
		if operator == nil {
			out.RemovedOperators = append(out.RemovedOperators, id)
		} else {
			out.Operators = append(out.Operators, *operator)
		}
	}
	return out, judged, exceptions
}

// Run pushes and pulls until ctx is done: what is journalled as soon as it is there, what changes at the cloud by long poll. After a
// failure both wait, with full jitter, and when one of them gets through, or a trial for a scan, the other tries at once.
func (p *Pump) Run(ctx context.Context) {
	var group sync.WaitGroup
	wake := [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	group.Go(func() { p.loop(ctx, wake[0], wake[1], p.Push, p.untilNudged) })
	group.Go(func() { p.loop(ctx, wake[1], wake[0], p.follow, func(context.Context) {}) })
	group.Go(func() { p.trials(ctx, p.Kick) })
	group.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.kicked:
				post(wake[0])
				post(wake[1])
			}
		}
	})
	group.Wait()
}

// loop does work, rests after a success, and backs off after a failure until the backoff ends or wake says that the line is back.
func (p *Pump) loop(ctx context.Context, wake, other chan struct{}, work func(context.Context) error, rest func(context.Context)) {
	backoff := Backoff{Jitter: p.jitter}
	failed := false
	for ctx.Err() == nil {
		err := p.noting(ctx, func() error { return work(ctx) })
		if err == nil {
			if failed {
				post(other)
			}
			failed = false
			backoff.Reset()
			rest(ctx)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		failed = true
		timer := time.NewTimer(backoff.Next(afterOf(err)))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-wake:
		}
		timer.Stop()
	}
}

func (p *Pump) untilNudged(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-p.nudged:
	}
}

// noting remembers and logs what went wrong, once, not each time it goes on being wrong.
func (p *Pump) noting(ctx context.Context, work func() error) error {
	err := work()
	if ctx.Err() != nil {
		return err
	}
	p.mu.Lock()
	before := p.trouble
	p.trouble = err
	p.mu.Unlock()
	if fmt.Sprint(before) != fmt.Sprint(err) {
		if err != nil {
			p.log.Warn("sync failed", "error", err.Error())
		} else {
			p.log.Info("sync works again")
		}
		p.changed()
	}
	return err
}

// Status is what a status bar or a status command says of the line.
type Status struct {
	Online        bool      // the newest question got an answer
	LastContact   time.Time // by this machine's clock; zero for never
	Pending       int64     // entries that the cloud has not acknowledged
	OldestPending time.Time
	ReachedEnd    time.Time // server time of the last page that reached the end of the feed: how fresh the cache is
	Trouble       string    // why there is no answer, or what is wrong with one; "" when all is well
}

// Status takes a snapshot.
func (p *Pump) Status(ctx context.Context) (Status, error) {
	line := p.breaker.Line()
	status := Status{Online: line.Failures == 0 && !line.Contact.IsZero(), LastContact: line.Contact, Trouble: line.Trouble}
	p.mu.Lock()
	if p.kept != nil {
		status.Trouble = p.kept.Cause
	} else if status.Trouble == "" && p.trouble != nil {
		status.Trouble = p.trouble.Error()
	}
	p.mu.Unlock()
	freshness, err := p.cache.Freshness(ctx)
	if err != nil {
		return status, err
	}
	status.ReachedEnd = freshness.ReachedEnd
	status.Pending, status.OldestPending, err = p.journal.Backlog(ctx)
	return status, err
}
