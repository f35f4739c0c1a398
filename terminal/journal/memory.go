package journal

import (
	"context"
	"sync"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// memory is what the process that writes knows of its journal without reading it. Every redemption asks for it several times, and what
// is at risk takes the longer to add up the longer the line is down. A transaction works on a copy, which is remembered once COMMIT
// has returned; what is nil is read again by the next that asks.
type memory struct {
	place    *entry.Place       // the newest entry
	acked    *uint64            // how far the cloud has the chain
	exposure *terminal.Exposure // what is at risk, and why nothing is honoured alone
	unleased bool               // no lease is open
	written  int64              // SQLite's count of the commits of other connections, as it was
}

// remembered guards what was committed last.
type remembered struct {
	mu        sync.Mutex
	committed memory
	commits   uint64
}

func (r *remembered) get() memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.committed
}

func (r *remembered) set(m memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = m
	r.commits++
}

// learn runs read outside of any transaction, and remembers what it found unless something was committed meanwhile.
func (r *remembered) learn(read func(known memory) (func(*memory), error)) error {
	r.mu.Lock()
	known, commits := r.committed, r.commits
	r.mu.Unlock()
	found, err := read(known)
	if err != nil || found == nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.commits == commits {
		found(&r.committed)
	}
	return nil
}

// recall gives a transaction its copy. Another process that wrote in between, against all locks, is noticed here: nothing is remembered then.
func (j *Journal) recall(ctx context.Context, q *queries) error {
	var written int64
	if err := q.row(ctx, "PRAGMA data_version").Scan(&written); err != nil {
		return err
	}
	known := j.memory.get()
	if known.written != written {
		known = memory{written: written}
		j.memory.set(known)
	}
	q.memory = &known
	return nil
}

// forget has everything read again by the next that asks, after statements that may have changed it.
func (q *queries) forget() {
	if q.memory != nil {
		*q.memory = memory{written: q.memory.written}
	}
}

// Exposure implements terminal.Journal, without adding up what was added up before.
func (j *Journal) Exposure(ctx context.Context) (exposure terminal.Exposure, err error) {
	return exposure, j.memory.learn(func(known memory) (func(*memory), error) {
		if known.exposure != nil {
			exposure = *known.exposure
			return nil, nil
		}
		exposure, err = j.Reader.Exposure(ctx)
		found := exposure
		return func(m *memory) { m.exposure = &found }, err
	})
}

// Leased implements terminal.Journal. Most terminals hold no lease at all.
func (j *Journal) Leased(ctx context.Context, voucher terminal.VoucherID) (epoch uint32, leases []terminal.Lease, err error) {
	return epoch, leases, j.memory.learn(func(known memory) (func(*memory), error) {
		if known.unleased {
			return nil, nil
		}
		if open, err := j.q.anyLease(ctx); err != nil || !open {
			return func(m *memory) { m.unleased = true }, err
		}
		epoch, leases, err = j.Reader.Leased(ctx, voucher)
		return nil, err
	})
}

// Written implements terminal.Versioned.
func (j *Journal) Written() (uint64, bool) {
	if place := j.memory.get().place; place != nil {
		return place.Seq, true
	}
	return 0, false
}

// Written implements terminal.Versioned.
func (l *ledger) Written() (uint64, bool) { return l.place.Seq, true }

// place is the place of the newest entry.
func (q *queries) place(ctx context.Context, public []byte) (entry.Place, error) {
	if q.memory != nil && q.memory.place != nil {
		return *q.memory.place, nil
	}
	place, err := q.head(ctx, public)
	if err == nil && q.memory != nil {
		q.memory.place = &place
	}
	return place, err
}

// through is how far the cloud has the chain.
func (q *queries) through(ctx context.Context) (uint64, error) {
	if q.memory != nil && q.memory.acked != nil {
		return *q.memory.acked, nil
	}
	acked, err := q.acked(ctx)
	if err == nil && q.memory != nil {
		q.memory.acked = &acked
	}
	return acked, err
}

// atRisk is what is at risk.
func (q *queries) atRisk(ctx context.Context, currency string) (terminal.Exposure, error) {
	if q.memory != nil && q.memory.exposure != nil {
		return *q.memory.exposure, nil
	}
	exposure, err := q.exposure(ctx, currency)
	if err == nil && q.memory != nil {
		q.memory.exposure = &exposure
	}
	return exposure, err
}

// held is what is leased of a voucher.
func (q *queries) held(ctx context.Context, voucher terminal.VoucherID) (uint32, []terminal.Lease, error) {
	if q.memory != nil {
		if q.memory.unleased {
			return 0, nil, nil
		}
		open, err := q.anyLease(ctx)
		if q.memory.unleased = err == nil && !open; err != nil || !open {
			return 0, nil, err
		}
	}
	return q.leased(ctx, voucher)
}

// anyLease reports whether any lease is open.
func (q *queries) anyLease(ctx context.Context) (open bool, err error) {
	return open, q.row(ctx, "SELECT EXISTS (SELECT 1 FROM leases WHERE ended = 0)").Scan(&open)
}

// risk remembers what one more redemption puts at risk.
func (q *queries) risk(more terminal.Money) {
	if q.memory == nil || q.memory.exposure == nil {
		return
	}
	exposure := *q.memory.exposure
	exposure.Count++
	exposure.Value.Minor += more.Minor
	if exposure.Value.Currency == "" {
		exposure.Value.Currency = more.Currency
	}
	q.memory.exposure = &exposure
}

// follow remembers an entry that was just written.
func (q *queries) follow(place entry.Place) {
	if q.memory != nil {
		q.memory.place = &place
	}
}
