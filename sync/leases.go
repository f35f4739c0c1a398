package sync

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// How a terminal keeps its leases.
const (
	// LeaseRound is how often a terminal that has leases, or wants some, asks about them. As long can another wait for what it was refused.
	LeaseRound = time.Minute
	// leaseRest is how long what another terminal wanted is not asked for again.
	leaseRest = 15 * time.Minute
	// leasesMost is how many vouchers and limits a terminal asks for at once.
	leasesMost = 500
)

// LeaseBook is what keeping leases needs of the terminal's journal.
type LeaseBook interface {
	Head(ctx context.Context) (entry.Place, error)
	// Leases returns what the cloud does not have back yet, with what is spent of each.
	Leases(ctx context.Context) ([]terminal.Lease, error)
	// PutLeases takes over what the cloud says is open: others end.
	PutLeases(ctx context.Context, open []terminal.Lease) error
	// GiveUpLeases ends spending under leases, for good.
	GiveUpLeases(ctx context.Context, ids []string) error
}

// LeaseNeed is something that a terminal wants to be able to honour without a line: units of a voucher, or, where Voucher is 0, of what a
// campaign may count today.
type LeaseNeed struct {
	Voucher  terminal.VoucherID
	Part     string
	Campaign string
	Units    int64
}

// LeaseConfig says whose leases are kept, and of what.
type LeaseConfig struct {
	Client   *Client
	Instance string
	Book     LeaseBook
	Clock    terminal.Clock
	// Needs returns what the terminal wants as things are; an empty list where it wants nothing.
	Needs func(ctx context.Context) ([]LeaseNeed, error)
	// CatchUp sends what is pending of the journal: nothing is leased before the cloud has it.
	CatchUp func(ctx context.Context) error
	Log     *slog.Logger
}

// Leases asks for leases by need and gives back what is idle: what expired, what is no longer needed, and what another terminal was
// refused for. It never takes part in a redemption; what is on disk counts there.
type Leases struct {
	config LeaseConfig
	turn   chan struct{} // holds one token: the right to ask

	mu      sync.Mutex
	resting map[LeaseNeed]time.Duration // until when, by the machine's count, what another wanted is left to it; without units
}

// NewLeases makes the keeper of a terminal's leases.
func NewLeases(config LeaseConfig) *Leases {
	l := &Leases{config: config, turn: make(chan struct{}, 1), resting: map[LeaseNeed]time.Duration{}}
	l.turn <- struct{}{}
	return l
}

// Run keeps the leases until ctx is done.
func (l *Leases) Run(ctx context.Context) {
	every := time.NewTicker(LeaseRound)
	defer every.Stop()
	said := ""
	for {
		err := l.Once(ctx)
		if ctx.Err() != nil {
			return
		}
		if text := fmt.Sprint(err); err != nil && text != said && !errors.Is(err, terminal.ErrNoAnswer) {
			l.config.Log.Warn("the leases could not be seen to", "error", text)
			said = text
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// Once gives back what is idle and asks for what is needed. Where there is neither, nobody is asked.
func (l *Leases) Once(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.turn:
	}
	defer func() { l.turn <- struct{}{} }()
	needs, err := l.config.Needs(ctx)
	if err != nil {
		return err
	}
	wanted, err := l.ask(ctx, needs, nil)
	if err != nil || len(wanted) == 0 {
		return err
	}
	l.rest(wanted)
	_, err = l.ask(ctx, needs, wanted) // at once: somebody stands at the other counter
	return err
}

// key is a need without its units.
func (n LeaseNeed) key() LeaseNeed {
	return LeaseNeed{Voucher: n.Voucher, Part: n.Part, Campaign: n.Campaign}
}

// keyOf is what a lease is of, as a need names it.
func keyOf(lease terminal.Lease) LeaseNeed {
	if lease.Voucher != 0 {
		return LeaseNeed{Voucher: lease.Voucher, Part: lease.Part}
	}
	return LeaseNeed{Campaign: lease.Campaign}
}

func (l *Leases) rest(wanted []terminal.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.config.Clock.Read().Monotonic + leaseRest
	for _, lease := range wanted {
		l.resting[keyOf(lease)] = until
	}
}

// idle reports whether a lease serves nobody any more: it may have expired, nothing is left of it, or it is not needed.
func (l *Leases) idle(lease terminal.Lease, needs []LeaseNeed, now terminal.Reading) bool {
	needed := slices.ContainsFunc(needs, func(n LeaseNeed) bool { return n.key() == keyOf(lease) })
	return now.Lower.After(lease.Expires) || now.Upper.After(lease.Expires) || lease.Left() == 0 || !needed
}

// ask gives back what is idle or in wanted, asks for what is missing, and returns what others were refused for.
func (l *Leases) ask(ctx context.Context, needs []LeaseNeed, wanted []terminal.Lease) ([]terminal.Lease, error) {
	now := l.config.Clock.Read()
	held, err := l.config.Book.Leases(ctx)
	if err != nil {
		return nil, err
	}
	var ending, over []string
	has := map[LeaseNeed]int64{}
	for _, lease := range held {
		other := slices.ContainsFunc(wanted, func(w terminal.Lease) bool {
			return w.ID == lease.ID || (w.Voucher == 0 && w.Campaign == lease.Campaign) // without the limit its vouchers are of no use here
		})
		switch {
		case lease.State != terminal.LeaseOpen:
			over = append(over, lease.ID)
		case other || l.idle(lease, needs, now):
			ending, over = append(ending, lease.ID), append(over, lease.ID)
		default:
			has[keyOf(lease)] += lease.Left()
		}
	}
	// First on disk, then said: after a crash in between it is said again, and nothing is spent meanwhile.
	if len(ending) > 0 {
		if err := l.config.Book.GiveUpLeases(ctx, ending); err != nil {
			return nil, err
		}
	}
	request := api.LeaseRequest{Instance: l.config.Instance, GivenUp: append([]string{}, over...), Want: l.missing(needs, has, now)}
	if len(held) == 0 && len(request.Want) == 0 {
		return nil, nil
	}
	open, err := l.send(ctx, request)
	if err != nil {
		return nil, err
	}
	leases := make([]terminal.Lease, len(open))
	var refusedFor []terminal.Lease
	for i, one := range open {
		leases[i] = leaseOf(one)
		if one.Wanted != nil && *one.Wanted && !slices.Contains(over, one.Id) {
			refusedFor = append(refusedFor, leases[i])
		}
	}
	return refusedFor, l.config.Book.PutLeases(ctx, leases)
}

// missing is what is needed and not there. Of a limit a terminal asks for more when half of it is gone.
func (l *Leases) missing(needs []LeaseNeed, has map[LeaseNeed]int64, now terminal.Reading) []api.LeaseWant {
	l.mu.Lock()
	defer l.mu.Unlock()
	want := []api.LeaseWant{}
	for _, need := range needs {
		have := has[need.key()]
		if len(want) == leasesMost || have*2 > need.Units || (have > 0 && need.Voucher != 0) || now.Monotonic < l.resting[need.key()] {
			continue
		}
		one := api.LeaseWant{Units: need.Units - have}
		if need.Voucher != 0 {
			one.Voucher = &need.Voucher
			if need.Part != "" {
				one.Part = &need.Part
			}
		} else {
			one.Campaign = &need.Campaign
		}
		want = append(want, one)
	}
	return want
}

func leaseOf(one api.OpenLease) terminal.Lease {
	lease := terminal.Lease{ID: one.Id, Campaign: one.Campaign, Day: one.Day, Units: one.Units, Expires: one.Expires, Epoch: one.Epoch, After: one.After}
	if one.Voucher != nil {
		lease.Voucher = *one.Voucher
	}
	if one.Part != nil {
		lease.Part = *one.Part
	}
	return lease
}

// send asks the cloud, and once more after it was sent what it lacks of the journal.
func (l *Leases) send(ctx context.Context, request api.LeaseRequest) ([]api.OpenLease, error) {
	limited, cancel := context.WithTimeout(ctx, pumpBudget)
	defer cancel()
	for again := false; ; again = true {
		head, err := l.config.Book.Head(ctx)
		if err != nil {
			return nil, err
		}
		request.Journal = api.Head{Epoch: head.Epoch, Seq: head.Seq, Hash: head.Hash[:]}
		open, err := l.config.Client.lease(limited, request)
		var refusal *Refusal
		if again || !errors.As(err, &refusal) || refusal.Code != "journal_behind" {
			return open, err
		}
		if err := l.config.CatchUp(limited); err != nil {
			return nil, err
		}
	}
}

// Leasing has leases that are written off end in book. It is set before Run.
func (p *Pump) Leasing(book LeaseBook) { p.leases = book }

// endLeases ends spending under the leases that a page says were written off: others may have their units by now.
func (p *Pump) endLeases(ctx context.Context, page *api.FeedPage) error {
	var ended []string
	for _, record := range page.Records {
		if record.EndedLease != nil {
			ended = append(ended, *record.EndedLease)
		}
	}
	if len(ended) == 0 || p.leases == nil {
		return nil
	}
	return p.leases.GiveUpLeases(ctx, ended)
}
