package main

import (
	"fmt"
	"math"
	"sync"
	"time"

	cloudsync "countersign/sync"
)

// tally is what became of claims that many counters made at once.
type tally struct {
	mu       sync.Mutex
	times    []time.Duration // of all; never for those that had no answer, however soon that was known
	answered int
}

// never is longer than any answer took.
const never = time.Duration(math.MaxInt64)

// add counts a claim. One without an answer is one that the counter has gone on without.
func (t *tally) add(took time.Duration, answered bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !answered {
		t.times = append(t.times, never)
		return
	}
	t.times, t.answered = append(t.times, took), t.answered+1
}

// within says in what time a share of all claims had their answers; share is in 0…1.
func (t *tally) within(share float64) string {
	if took := percentile(t.times, share); took < never {
		return took.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("not within %s", cloudsync.Budget)
}

// asIfAll is how long all of n would have taken at the pace of those that were answered.
func asIfAll(took time.Duration, answered, n int) (time.Duration, error) {
	if answered == 0 {
		return 0, fmt.Errorf("none of %d claims had an answer within %s", n, cloudsync.Budget)
	}
	return time.Duration(float64(took) * float64(n) / float64(answered)), nil
}
