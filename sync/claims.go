package sync

import (
	"context"
	"sync"

	"countersign/sync/api"
	"countersign/terminal"
)

// Claims knows which claims of this terminal may still become entries. Each question and each push carries them, so that the cloud
// can let go of every other hold: after a crash, an Esc, or an answer that was lost, nothing has to be cleaned up by time.
type Claims struct {
	*asked
	unacked func(context.Context) ([]terminal.UID, error)
	told    int  // how much of what was released whoever is asked here was told; guarded by mu
	hub     bool // it is the store's hub that is asked: it is told nothing of earlier starts
	known   bool // to the cloud: this start needs to say no more who went before it; guarded by mu
}

// asked is what a terminal claimed, of whomever it asked.
type asked struct {
	instance string

	mu       sync.Mutex
	counter  int64
	open     map[terminal.UID]bool // asked for, and not yet released or acknowledged
	released int                   // how often a claim was released, by this start or by the end of the one before

	starts Starts   // nil where nobody keeps them
	before []string // the starts before this one, nil where nobody knows; once they were asked for
	traced bool     // they were
	after  bool     // a restore
}

// openClaims is a list of claims as of one moment.
type openClaims struct {
	instance string
	counter  int64
	uids     []terminal.UID
	released int // as Claims.released was
	previous *[]string
	restored *bool
}

// Starts keeps what the cloud is told of the starts of the program, by the terminal or by its hub: by that it notices a data folder that was
// copied.
type Starts interface {
	// BeforeInstance returns the starts before this one that the cloud has not acknowledged, after the last that it has, and whether
	// the journal was restored since; nil where nobody noted who went before. It notes that this one is sent.
	BeforeInstance(ctx context.Context) (previous []string, restored bool, err error)
	// AckInstance notes that the cloud knows this one.
	AckInstance(ctx context.Context, instance string) error
}

// After says who keeps the starts of the program. It is set before anything is sent.
func (c *Claims) After(starts Starts) { c.starts = starts }

// introduce adds the starts before this one to a list for the cloud, as long as it has not acknowledged this one. Who speaks to the hub
// alone is noted as well: the hub tells the cloud of this start, and one after it that did not name it would look like a second machine.
func (c *Claims) introduce(ctx context.Context, list *openClaims) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.starts == nil || c.known {
		return nil
	}
	if !c.traced {
		var err error
		if c.before, c.after, err = c.starts.BeforeInstance(ctx); err != nil {
			return err
		}
		c.traced = true
	}
	if c.hub {
		return nil
	}
	if c.before != nil {
		list.previous = &c.before
	}
	if c.after {
		list.restored = &c.after
	}
	return nil
}

// NewClaims makes the list of one start of the program. instance is random and new with each start; unacked returns the uids of the
// journalled entries that the cloud has not acknowledged.
func NewClaims(instance string, unacked func(context.Context) ([]terminal.UID, error)) *Claims {
	// What an earlier start left behind counts as one release that the cloud has not heard of.
	return &Claims{asked: &asked{instance: instance, open: map[terminal.UID]bool{}, released: 1}, unacked: unacked}
}

// TowardHub is the same list as the store's hub must hear it, which has acknowledged less than the cloud, or more.
func (c *Claims) TowardHub(unacked func(context.Context) ([]terminal.UID, error)) *Claims {
	return &Claims{asked: c.asked, unacked: unacked, hub: true}
}

// begin opens a claim for uid. It returns what the claim's request carries.
func (c *Claims) begin(ctx context.Context, uid terminal.UID) (openClaims, error) {
	c.mu.Lock()
	c.counter++
	c.open[uid] = true
	current := c.snapshot()
	c.mu.Unlock()
	return c.withJournalled(ctx, current)
}

// release says that uid will not become an entry.
func (c *Claims) release(uid terminal.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[uid] {
		delete(c.open, uid)
		c.released++
	}
}

// acked says that the cloud has the entry uid.
func (c *Claims) acked(uid terminal.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, uid)
}

// now returns the open claims as of the newest.
func (c *Claims) now(ctx context.Context) (openClaims, error) {
	c.mu.Lock()
	current := c.snapshot()
	c.mu.Unlock()
	return c.withJournalled(ctx, current)
}

// snapshot is called with the lock held.
func (c *Claims) snapshot() openClaims {
	current := openClaims{instance: c.instance, counter: c.counter, released: c.released, uids: make([]terminal.UID, 0, len(c.open))}
	for uid := range c.open {
		current.uids = append(current.uids, uid)
	}
	return current
}

// withJournalled adds the claims that have become entries. It comes after the snapshot: a redemption that commits in between is in
// both lists, never in neither.
func (c *Claims) withJournalled(ctx context.Context, current openClaims) (openClaims, error) {
	if err := c.introduce(ctx, &current); err != nil {
		return current, err
	}
	journalled, err := c.unacked(ctx)
	if err != nil {
		return current, err
	}
	listed := make(map[terminal.UID]bool, len(current.uids))
	for _, uid := range current.uids {
		listed[uid] = true
	}
	for _, uid := range journalled {
		// Of a backlog longer than the contract allows the oldest entries are named: the newer were made without an answer.
		if len(current.uids) == api.OpenMost {
			break
		}
		if !listed[uid] {
			current.uids = append(current.uids, uid)
		}
	}
	return current, nil
}

// heard notes that a request with this list has reached the cloud.
func (c *Claims) heard(ctx context.Context, list openClaims) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = max(c.told, list.released)
	if c.starts != nil && !c.known && !c.hub {
		// What cannot be noted is said once more by the next start, which harms nothing.
		c.known = c.starts.AckInstance(ctx, c.instance) == nil
	}
}

// repeat has the list told once more although nothing changed.
func (c *Claims) repeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told >= c.released {
		c.released = c.told + 1
	}
}

// takesPlace reports that this is the first start of a restored journal, of which the cloud has not heard yet. The epoch that it began goes
// with the first word: without it the journal looks like one that lacks entries, or has others in their place.
func (c *Claims) takesPlace(ctx context.Context) (bool, error) {
	var list openClaims
	err := c.introduce(ctx, &list)
	return list.restored != nil && *list.restored, err
}

// untold says that there may be holds at the cloud that this terminal has let go of.
func (c *Claims) untold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told < c.released
}
