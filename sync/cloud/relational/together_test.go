package relational

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// fakeEngine has transactions that hold what units did until they end.
type fakeEngine struct {
	Engine
	begin  chan bool // each transaction waits for one, where it is not nil
	mu     sync.Mutex
	done   []string // by transactions that ended well, one each
	commit error
}

func (e *fakeEngine) Together() int { return 8 }

func (e *fakeEngine) WriteInTurn(_ context.Context, _ string, do func(tx Tx) error) error {
	if e.begin != nil {
		<-e.begin
	}
	tx := &fakeTx{}
	if err := do(tx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.commit != nil {
		return e.commit
	}
	e.done = append(e.done, tx.did)
	return nil
}

type fakeTx struct {
	Tx
	did string
}

func (*fakeTx) Foresee([]Ask, map[string]int) error { return nil }

// does is a unit that notes its name, or fails.
func does(name string, fails error) *unit {
	return &unit{weight: 1, do: func(c *change) error {
		if fails != nil {
			return fails
		}
		c.Tx.(*fakeTx).did += name
		return nil
	}}
}

// gather has units of one merchant wait behind a first one, and returns their errors.
func gather(t *testing.T, e *fakeEngine, units ...*unit) []error {
	t.Helper()
	s := &Storage{engine: e}
	e.begin = make(chan bool)
	failed := make([]error, len(units))
	var group sync.WaitGroup
	for i, u := range append([]*unit{does("first ", nil)}, units...) {
		group.Go(func() {
			if err := s.together(t.Context(), "m", u); i > 0 {
				failed[i-1] = err
			}
		})
		synctest.Wait()
	}
	close(e.begin)
	group.Wait()
	if len(s.turns.waiting) != 0 {
		t.Errorf("%d merchants are still worked for", len(s.turns.waiting))
	}
	return failed
}

// Every claim would cost a COMMIT of its own, and a merchant's counters wait for each other's.
func TestWhatWaitsIsDoneTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{}
		for _, err := range gather(t, e, does("a", nil), does("b", nil), does("c", nil)) {
			if err != nil {
				t.Error(err)
			}
		}
		if fmt.Sprint(e.done) != "[first  abc]" {
			t.Errorf("the transactions did %q", e.done)
		}
	})
}

// One terminal with a broken request would have those of others fail, time and again.
func TestOneThatFailsTakesNothingFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, broken := &fakeEngine{}, errors.New("broken")
		failed := gather(t, e, does("a", nil), does("b", broken), does("c", nil), does("d", broken), does("e", nil), does("f", broken))
		for i, err := range failed {
			if want := map[bool]error{true: broken}[i%2 == 1 || i == 5]; !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("unit %d ended with %v", i, err)
			}
		}
		all := map[rune]int{}
		for _, did := range e.done[1:] {
			for _, name := range did {
				all[name]++
			}
		}
		if fmt.Sprint(all) != fmt.Sprint(map[rune]int{'a': 1, 'c': 1, 'e': 1}) {
			t.Errorf("the transactions did %q", e.done)
		}
	})
}

// Everybody would hear of success while the database cannot be written.
func TestACommitThatFailsFailsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		e := &fakeEngine{commit: full}
		for i, err := range gather(t, e, does("a", nil), does("b", nil), does("c", nil), does("d", nil), does("e", nil)) {
			if !errors.Is(err, full) {
				t.Errorf("unit %d ended with %v", i, err)
			}
		}
	})
}

// A merchant's counters would wait for ever after a single panic.
func TestAPanicStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{}
		s := &Storage{engine: e}
		e.begin = make(chan bool)
		var group sync.WaitGroup
		for _, u := range []*unit{{weight: 1, do: func(*change) error { panic("broken") }}, does("a", nil)} {
			group.Go(func() {
				defer func() { _ = recover() }()
				if err := s.together(t.Context(), "m", u); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(e.begin)
		group.Wait()
		if fmt.Sprint(e.done) != "[a]" {
			t.Errorf("the transactions did %q", e.done)
		}
	})
}

// Who hung up would be worked for all the same, or have the next in the queue wait for nobody.
func TestWhoDoesNotWaitIsNotWorkedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{begin: make(chan bool)}
		s := &Storage{engine: e}
		ctx, hangUp := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i, name := range []string{"first", "a", "b"} {
			group.Go(func() {
				mine := t.Context()
				if name == "a" {
					mine = ctx
				}
				if err := s.together(mine, "m", does(name, nil)); (err != nil) != (i == 1) {
					t.Errorf("%s ended with %v", name, err)
				}
			})
			synctest.Wait()
		}
		hangUp()
		synctest.Wait()
		close(e.begin)
		group.Wait()
		if fmt.Sprint(e.done) != "[first b]" {
			t.Errorf("the transactions did %q", e.done)
		}
	})
}
