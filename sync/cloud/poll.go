package cloud

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// poll is one request for the feed while it may have to wait. It waits outside of its handler, on the connection's own goroutine, which does
// nothing else: what the handler needed has been given back by then, above all the stack that a proof, a query and JSON make grow, and that
// would stay as large while twenty thousand terminals wait.
type poll struct {
	begun    bool
	until    time.Time // when it is answered, with or without news
	merchant string
	last     Page // the last look, that found nothing; its cursor is where the feed ended then
	waits    bool // the handler found nothing, and wants to be called again
	over     bool // the last look is the answer
}

type pollKey struct{}

// pollOf is the poll that a request is: whatever is answered with a proof has one.
func pollOf(ctx context.Context) *poll { return ctx.Value(pollKey{}).(*poll) }

// begin notes how long the request may wait, at its first look.
func (p *poll) begin(cursor string, wait time.Duration) {
	if !p.begun {
		p.begun, p.last.Cursor = true, cursor
		if wait > 0 {
			p.until = time.Now().Add(wait)
		}
	}
}

// await lets a poll wait until something changed, its time is over, its terminal has gone or the program stops.
func (s *server) await(ctx context.Context, p *poll) {
	p.waits = false
	s.metrics.polls.Inc()
	defer s.metrics.polls.Dec()
	waiting, cancel := context.WithDeadline(ctx, p.until)
	defer cancel()
	defer s.stopping.add(cancel)()
	p.over = s.storage.Await(waiting, p.merchant, p.last.Cursor) != nil
}

// stopping ends everybody's waiting when the program is about to stop. One goroutine listens for all, while there is anybody.
type stopping struct {
	signal  <-chan struct{} // nil never comes
	mu      sync.Mutex
	waiting map[*context.CancelFunc]struct{}
	nobody  chan struct{} // closed when nobody waits any more
}

// add has cancel called when the program is about to stop, until the function it returns is called.
func (s *stopping) add(cancel context.CancelFunc) (remove func()) {
	if s.signal == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[*context.CancelFunc]struct{}{}
	}
	if len(s.waiting) == 0 {
		s.nobody = make(chan struct{})
		go s.listen(s.nobody)
	}
	s.waiting[&cancel] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.waiting, &cancel); len(s.waiting) == 0 {
			close(s.nobody)
		}
	}
}

func (s *stopping) listen(nobody <-chan struct{}) {
	select {
	case <-nobody:
	case <-s.signal:
		s.mu.Lock()
		defer s.mu.Unlock()
		for cancel := range s.waiting {
			(*cancel)()
		}
	}
}

// herd are the requests that every terminal of every shop may make in the same moment: when the line of a city is back, say. Only atWork of
// them are worked on at once. More would wait for the same processors and the same database, each with its stack and its garbage; those that
// wait for their turn have neither yet. What a cashier waits for is not among them, nor what waits for something else than the database.
var herd = map[string]bool{"/v1/feed": true, "/v1/journal": true}

// atWork is more than a database gets connections.
const atWork = 64

// apart works on a request on a goroutine of its own and waits for it, so that the stack which that needs is not the connection's. A panic goes
// on here.
func (s *server) apart(path string, work func()) {
	var problem any
	done := make(chan struct{})
	if herd[path] {
		s.turns <- struct{}{}
		defer func() { <-s.turns }()
	}
	go func() {
		defer close(done)
		defer func() {
			switch found := recover(); found {
			case nil:
			case http.ErrAbortHandler:
				problem = found
			default:
				problem = fmt.Sprintf("%v\n%s", found, debug.Stack())
			}
		}()
		work()
	}()
	<-done
	if problem != nil {
		panic(problem)
	}
}
