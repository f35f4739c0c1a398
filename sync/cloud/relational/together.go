package relational

import (
	"context"
	"errors"
	"sync"
)

// What many terminals ask of one merchant at the same moment is done together where the engine wants that: in one transaction, one after
// the other, with one COMMIT for all. Each is answered after that COMMIT and no sooner. One that fails takes nothing from the others: all is
// undone, and done again without it; then it is done alone, and its answer is what it gets there.

// unit is one push or claim.
type unit struct {
	weight int // in entries
	// foresee are rounds of what do will ask, as far as it is known then; later rounds may ask themselves. They decide nothing.
	foresee []func(c *change, f *foresight) error
	do      func(c *change) error

	turn chan bool // true: its goroutine is to work on; false: it is done
	err  error
}

// foresight gathers what will be asked.
type foresight struct {
	asks    []Ask
	numbers map[string]int
}

// ask says that a query will be made.
func (f *foresight) ask(ask Ask) { f.asks = append(f.asks, ask) }

// expect says how many rows of a table will get a number.
func (f *foresight) expect(table string, rows int) {
	if f.numbers == nil {
		f.numbers = map[string]int{}
	}
	f.numbers[table] += rows
}

// turns are the queues of merchants.
type turns struct {
	mu      sync.Mutex
	waiting map[string][]*unit // also empty ones, where somebody is at work
	known   map[string]remembered
}

// weightMost is how many entries are done together: what comes after them waits for them.
const weightMost = 400

// errAbandoned is what those get who waited for one that panicked.
var errAbandoned = errors.New("the request was not worked on")

// together does a unit with what else of the merchant's waits, and returns its error.
func (s *Storage) together(ctx context.Context, merchant string, u *unit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.engine.Together() < 2 {
		return s.write(ctx, func(c *change) error {
			c.looksUpOnce()
			return u.do(c)
		})
	}
	u.turn = make(chan bool, 1)
	if s.turns.join(merchant, u) || s.turns.await(ctx, merchant, u) {
		s.workOn(context.WithoutCancel(ctx), merchant)
	}
	return u.err
}

// join queues a unit, and says whether its goroutine is to work.
func (t *turns) join(merchant string, u *unit) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[string][]*unit{}
	}
	queue, working := t.waiting[merchant]
	t.waiting[merchant] = append(queue, u)
	return !working
}

// await waits until a unit is done, and says whether its goroutine is to work instead. Whoever does not wait any longer is not worked on
// unless that has begun.
func (t *turns) await(ctx context.Context, merchant string, u *unit) bool {
	select {
	case work := <-u.turn:
		return work
	case <-ctx.Done():
	}
	t.mu.Lock()
	for i, queued := range t.waiting[merchant] {
		if queued == u && len(u.turn) == 0 {
			t.waiting[merchant] = append(t.waiting[merchant][:i:i], t.waiting[merchant][i+1:]...)
			t.mu.Unlock()
			u.err = ctx.Err()
			return false
		}
	}
	t.mu.Unlock()
	return <-u.turn
}

// workOn does what waits, the goroutine's own unit first of all, and hands the work to the next.
func (s *Storage) workOn(ctx context.Context, merchant string) {
	batch := s.turns.take(merchant, s.engine.Together())
	own := batch[0]
	for _, u := range batch {
		u.err = errAbandoned
	}
	defer func() {
		s.turns.pass(merchant)
		for _, u := range batch {
			if u != own {
				u.turn <- false
			}
		}
	}()
	s.doTogether(ctx, merchant, batch)
}

// take takes what is to be done together from the queue.
func (t *turns) take(merchant string, most int) []*unit {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.waiting[merchant]
	n, weight := 0, 0
	for n < len(queue) && n < most && (n == 0 || weight+queue[n].weight <= weightMost) {
		weight += queue[n].weight
		n++
	}
	t.waiting[merchant] = queue[n:]
	return queue[:n:n]
}

// pass has the first that waits work.
func (t *turns) pass(merchant string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if queue := t.waiting[merchant]; len(queue) > 0 {
		queue[0].turn <- true
		return
	}
	delete(t.waiting, merchant)
}

// failuresMost is how many failures, one after the other, say that it is not the units that are at fault.
const failuresMost = 3

// remember keeps what a batch looked up.
func (t *turns) remember(merchant string, known remembered) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]remembered{}
	}
	t.known[merchant] = known
}

func (t *turns) recall(merchant string) remembered {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[merchant]
}

// doTogether does a batch in one transaction, and what fails in one of its own. Where much fails, or nobody knows what, each is done alone.
func (s *Storage) doTogether(ctx context.Context, merchant string, batch []*unit) {
	var alone []*unit
	for len(batch) > 1 && len(alone) < 2 {
		failed, err := s.transact(ctx, merchant, batch)
		if err == nil {
			for _, u := range batch {
				u.err = nil
			}
			batch = nil
			break
		}
		if failed < 0 {
			break
		}
		alone = append(alone, batch[failed])
		batch = append(batch[:failed:failed], batch[failed+1:]...)
	}
	failures := 0
	var err error
	for _, u := range append(batch[:len(batch):len(batch)], alone...) {
		if failures < failuresMost {
			var failed int
			if failed, err = s.transact(ctx, merchant, []*unit{u}); err != nil && failed < 0 {
				failures++
			} else {
				failures = 0
			}
		}
		u.err = err
	}
}

// transact does a batch in one transaction, and says which unit failed; -1 for none, or where the transaction itself did.
func (s *Storage) transact(ctx context.Context, merchant string, batch []*unit) (failed int, err error) {
	write := func(do func(tx Tx) error) error { return s.engine.WriteInTurn(ctx, merchant, do) }
	err = s.writeBy(write, func(c *change) error {
		failed = -1
		c.looksUpOnce()
		for round := 0; ; round++ {
			var f foresight
			some := false
			if round == 0 {
				f.recall(merchant, s.turns.recall(merchant))
			}
			for _, u := range batch {
				if round >= len(u.foresee) {
					continue
				}
				some = true
				if err := u.foresee[round](c, &f); err != nil {
					return err
				}
			}
			if !some {
				break
			}
			if err := c.Foresee(f.asks, f.numbers); err != nil {
				return err
			}
		}
		for i, u := range batch {
			c.facts.claimed = nil
			if err := u.do(c); err != nil {
				failed = i
				return err
			}
		}
		s.turns.remember(merchant, c.facts.remember())
		return nil
	})
	return failed, err
}
