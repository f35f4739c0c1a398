package sync

import (
	"math/rand/v2"
	"sync"
	"time"
)

// How long a question may take, and how the breaker spaces its attempts while nobody answers.
const (
	// Budget is what one scan may wait for an answer, connecting and a retried nonce included.
	Budget = 700 * time.Millisecond
	// ProbeBudget is what a scan may wait when the last question got no answer: a short try, so that a cashier without a pump
	// in the background notices the line's return and hardly notices its absence.
	ProbeBudget = 250 * time.Millisecond

	probeFirst = 5 * time.Second
	probeMost  = 60 * time.Second
)

// Line is what is remembered of the connection to the cloud, from one start of the program to the next.
type Line struct {
	Failures int       `json:"failures"`          // questions without an answer, in a row
	Since    time.Time `json:"since,omitzero"`    // of the first of them
	Probe    time.Time `json:"probe,omitzero"`    // until then no scan waits for an answer
	Contact  time.Time `json:"contact,omitzero"`  // of the last answer
	Nonce    string    `json:"nonce,omitempty"`   // the newest that the cloud handed out, so that a short command needs no second try
	Trouble  string    `json:"trouble,omitempty"` // why there was no answer, as a sentence
	Hub      HubHeard  `json:"hub,omitzero"`      // of the line to the store's hub
}

// HubHeard is what a terminal heard last of how far its hub's record is: it outlives the record where that is put back to an older copy.
type HubHeard struct {
	Term     int64  `json:"term"`
	Start    string `json:"start"`
	Answered int64  `json:"answered"`
}

// LineStore keeps a Line across restarts. Losing one costs a cashier one wait, no more: nothing has to be synced to disk.
type LineStore interface {
	LoadLine() (Line, error)
	SaveLine(Line) error
}

// Breaker keeps scans from waiting for a cloud that does not answer. One failure opens it; while it is open questions fail at once,
// but for a short one now and then, and it closes on the first answer to anybody, the pump's in the background for the most part: see trials.
// Its state outlives the process, since the text commands are processes of one scan each.
type Breaker struct {
	store  LineStore
	opened func() // called without the lock when the breaker opens
	wanted func() // called without the lock when a scan finds it open; nil for nobody

	mu       sync.Mutex
	line     Line
	saved    time.Time
	onTrial  bool      // a trial closed it, and nothing else was answered since
	doubtful bool      // the question after a trial got no answer
	resting  time.Time // until then the cloud wants no trials
}

// NewBreaker loads the line's state. opened may be nil; it is called whenever the breaker opens, to have the line probed.
func NewBreaker(store LineStore, opened func()) *Breaker {
	line, err := store.LoadLine()
	if err != nil { // a line that cannot be read is one of which nothing is known
		line = Line{}
	}
	// A clock that was set back must not keep the breaker open longer than it would have been.
	if latest := time.Now().Add(probeMost); line.Probe.After(latest) {
		line.Probe = latest
	}
	return &Breaker{store: store, opened: opened, line: line, saved: line.Contact}
}

// Allow says whether a scan may ask, and how long it may wait. While the breaker is open it lets one question through each time
// the probing delay has passed, and moves the delay first, so that no other scan waits meanwhile.
func (b *Breaker) Allow() (budget time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.Failures == 0 {
		return Budget, true
	}
	now := time.Now()
	defer b.want() // it only posts
	if now.Before(b.line.Probe) {
		return 0, false
	}
	b.line.Probe = now.Add(probeFirst)
	b.save(now)
	return ProbeBudget, true
}

// Retry lets the next question through, however lately the line was tried: for what a person asks once and by hand, and that cannot be
// decided without an answer.
func (b *Breaker) Retry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line.Probe = time.Time{}
}

// shut implements gate.
func (b *Breaker) shut() bool {
	b.mu.Lock()
	down := b.line.Failures > 0
	shut := down && time.Now().Before(b.line.Probe)
	b.mu.Unlock()
	if down {
		b.want()
	}
	return shut
}

// Answered closes the breaker. nonce is the newest that came with the answer, or "".
func (b *Breaker) Answered(nonce string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	was := b.line.Failures
	b.line = Line{Contact: now, Nonce: b.line.Nonce, Hub: b.line.Hub}
	b.onTrial, b.doubtful = false, false
	if nonce != "" {
		b.line.Nonce = nonce
	}
	// Nobody needs each answer on disk: what a later process wants is an open breaker, or a nonce that is still good.
	if was > 0 || now.Sub(b.saved) > time.Minute {
		b.save(now)
	}
}

// Failed opens the breaker, or keeps it open for longer. after is what the cloud asked to wait at least, or 0.
func (b *Breaker) Failed(cause error, after time.Duration) {
	b.mu.Lock()
	now := time.Now()
	first := b.line.Failures == 0
	if first {
		b.line.Since = now
	}
	b.line.Failures++
	b.onTrial, b.doubtful = false, b.doubtful || b.onTrial
	if until := now.Add(after); until.After(b.resting) {
		b.resting = until
	}
	delay := min(probeMost, probeFirst<<min(b.line.Failures-1, 8))
	b.line.Probe = now.Add(max(delay, min(after, probeMost)))
	b.line.Trouble = ""
	if cause != nil {
		b.line.Trouble = cause.Error()
	}
	b.save(now)
	b.mu.Unlock()
	if first && b.opened != nil {
		b.opened()
	}
}

// Keep stores the newest contact for the next process: Answered does so only now and then.
func (b *Breaker) Keep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.Contact.After(b.saved) {
		b.save(time.Now())
	}
}

// remember stores how far the hub's record is.
func (b *Breaker) remember(heard HubHeard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line.Hub != heard {
		b.line.Hub = heard
		b.save(time.Now())
	}
}

// Line returns what is known of the connection.
func (b *Breaker) Line() Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line
}

// save is called with the lock held. A line that cannot be saved costs the next process a wait and is not worth an error.
func (b *Breaker) save(now time.Time) {
	if b.store.SaveLine(b.line) == nil {
		b.saved = now
	}
}

// Backoff spaces attempts: exponential with full jitter, so that forty counters that lost the same cloud do not all come back in
// the same second. The zero value is ready.
type Backoff struct {
	// Jitter returns a random number from 0 up to but not including most; nil is the runtime's.
	Jitter func(most int64) int64
	tries  int
}

const (
	backoffFirst = 500 * time.Millisecond
	backoffMost  = 60 * time.Second
)

// Next returns how long to wait before the next attempt, at least as long as the cloud asked for.
func (b *Backoff) Next(after time.Duration) time.Duration {
	most := min(backoffMost, backoffFirst<<min(b.tries, 10))
	b.tries++
	jitter := b.Jitter
	if jitter == nil {
		jitter = rand.Int64N
	}
	return after + time.Duration(jitter(int64(most)+1))
}

// Reset is called after a success.
func (b *Backoff) Reset() { b.tries = 0 }
