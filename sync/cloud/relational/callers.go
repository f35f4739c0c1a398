package relational

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/sync/cloud"
)

// callers finds out who asks, for many at once: every request begins with that, and where each had a message to the database of its own
// and one of few connections to send it by, hundreds of terminals waited for that longer than for what they asked. Who asks while others are
// looked up is looked up with all that came meanwhile, and so never told what was true before it asked.
type callers struct {
	mu      sync.Mutex
	next    *roundOfCallers // nil where nobody waits
	looking int             // goroutines that look callers up
}

// roundOfCallers are those who are looked up together.
type roundOfCallers struct {
	keys  [][]byte
	done  chan struct{}
	found map[string]cloud.Terminal // by key; those that are not enrolled are not in it
	err   error
}

const (
	lookingMost = 2  // at once: so one that waits for a lost connection does not have all wait
	callersMost = 64 // in one query
	// patience is how long a round is waited for: two lost connections must not keep everybody out until the system notices them.
	patience = 5 * time.Second
)

// find returns the terminal with a key, or cloud.ErrUnknown.
func (c *callers) find(ctx context.Context, s *Storage, key ed25519.PublicKey) (cloud.Terminal, error) {
	c.mu.Lock()
	if c.next == nil {
		c.next = &roundOfCallers{done: make(chan struct{})}
	}
	round := c.next
	round.keys = append(round.keys, key)
	if c.looking < lookingMost {
		c.looking++
		c.next = nil
		go c.look(context.WithoutCancel(ctx), s, round) // for others, too: whoever asked first may hang up
	}
	c.mu.Unlock()
	select {
	case <-round.done:
	case <-ctx.Done():
		return cloud.Terminal{}, ctx.Err()
	}
	if round.err != nil {
		return cloud.Terminal{}, round.err
	}
	t, known := round.found[string(key)]
	if !known {
		return t, fmt.Errorf("the terminal: %w", cloud.ErrUnknown)
	}
	t.Key, t.SealKey = slices.Clone(t.Key), slices.Clone(t.SealKey)
	return t, nil
}

// look looks up a round of callers, and those who have come meanwhile, until nobody has.
func (c *callers) look(ctx context.Context, s *Storage, round *roundOfCallers) {
	for round != nil {
		round.found = make(map[string]cloud.Terminal, len(round.keys))
		for some := range slices.Chunk(round.keys, callersMost) {
			limited, cancel := context.WithTimeout(ctx, patience)
			round.err = s.lookUp(limited, some, round.found)
			cancel()
			if round.err != nil {
				break
			}
		}
		close(round.done)
		c.mu.Lock()
		if round, c.next = c.next, nil; round == nil {
			c.looking--
		}
		c.mu.Unlock()
	}
}

// lookUp adds the terminals with some keys to found.
func (s *Storage) lookUp(ctx context.Context, keys [][]byte, found map[string]cloud.Terminal) error {
	// As many parameters as the next power of two, so that there are few queries to prepare.
	most := 1
	for most < len(keys) {
		most *= 2
	}
	args := make([]any, most)
	for i := range args {
		args[i] = keys[min(i, len(keys)-1)]
	}
	return s.look(ctx, func(q Querier) error {
		return each(q, func(rows Rows) error {
			t, err := scanTerminal(rows)
			found[string(t.Key)] = t
			return err
		}, "SELECT "+terminalColumns+" FROM terminal WHERE public_key IN (?"+strings.Repeat(", ?", most-1)+")", args...)
	})
}
