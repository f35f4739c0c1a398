package relational

import (
	"context"
	"sync"
	"time"
)

// watch wakes those who wait for changes: at once for changes of this process, within a fifth of a second for those of others.
type watch struct {
	probe   func(ctx context.Context) (look func() (int64, error), end func(), err error)
	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	waiting int
	quit    context.CancelFunc
	polling sync.WaitGroup
	closed  bool
}

// spot is where somebody waits in a merchant's feed.
type spot struct{ merchant, cursor string }

// look is one look at the database for all who wait in the same spot.
type look struct {
	done   chan struct{} // closed when the rest is known
	behind bool          // the feed goes on
	err    error
}

// looks are those since the last change: under way, or still true.
type looks struct {
	mu    sync.Mutex
	since <-chan struct{} // the watch's, that closes at the next change
	all   map[spot]*look
}

// join has at looked at, since the last change, and gives everybody the same look.
func (l *looks) join(at spot, since <-chan struct{}, ask func() (behind bool, err error)) *look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since != since {
		l.since, l.all = since, map[spot]*look{}
	}
	if known := l.all[at]; known != nil {
		return known
	}
	made := &look{done: make(chan struct{})}
	l.all[at] = made
	go func() {
		defer close(made.done)
		if made.behind, made.err = ask(); made.err != nil {
			l.forget(at, made)
		}
	}()
	return made
}

// forget has the next who waits look again: what went wrong need not go wrong again.
func (l *looks) forget(at spot, old *look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[at] == old {
		delete(l.all, at)
	}
}

const watchEvery = 200 * time.Millisecond

// join makes the watch look for other processes' changes until the function it returns is called. Whoever waits stays in it from
// his first look to his last: a watch that stopped and began between two looks would wake him each time it begins.
func (w *watch) join() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting++
	if w.waiting == 1 && !w.closed {
		ctx, quit := context.WithCancel(context.Background())
		w.quit = quit
		w.polling.Go(func() { w.poll(ctx) })
	}
	var once sync.Once
	return func() { once.Do(w.leave) }
}

// next returns a channel that closes at the next change.
func (w *watch) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	return w.changed
}

func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting--; w.waiting == 0 && w.quit != nil {
		w.quit()
		w.quit = nil
	}
}

func (w *watch) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// stop ends the polling before the database is closed.
func (w *watch) stop() {
	w.mu.Lock()
	w.closed = true
	if w.quit != nil {
		w.quit()
		w.quit = nil
	}
	w.mu.Unlock()
	w.wake()
	w.polling.Wait()
}

// poll notices what other processes commit. A database that does not answer is asked again: whoever waits sees it in his own look.
func (w *watch) poll(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var look func() (int64, error)
	last := int64(-1)
	for {
		if look == nil {
			if found, end, err := w.probe(ctx); err == nil {
				look = found
				defer end()
			}
		}
		if look != nil {
			version, err := look()
			// The first look wakes too: a change may have come between a waiter's last look and this one.
			if err == nil && version != last {
				w.wake()
				last = version
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
