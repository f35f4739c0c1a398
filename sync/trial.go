package sync

import (
	"context"
	"errors"
	"time"
)

// A counter that sells while the line is down honours what the next one honours as well, and each second that goes by before it notices the
// line's return is one more in which that happens needlessly. The pump's own attempts are up to a minute apart by then. So a counter that is in
// use tries the line with a small question of its own, beside them: at the first scan that finds nobody to ask, and from then on until a while
// after the last of them. No scan waits for it.
//
// A hundred thousand counters that sell at once would ask 40,000 small questions a second at the very most, spread by full jitter, and none of
// those that a cloud has asked to wait. Counters at which nobody scans leave it at the pump's attempts.
const (
	trialMost   = 5 * time.Second  // between two
	trialBudget = 3 * time.Second  // for the answer to one
	inUse       = 30 * time.Second // after a scan
)

// Wanted has wanted called, without the lock, each time a scan found the breaker open. It is set before the breaker is used.
func (b *Breaker) Wanted(wanted func()) { b.wanted = wanted }

// want tells that a scan would have asked.
func (b *Breaker) want() {
	if b.wanted != nil {
		b.wanted()
	}
}

// trialIn says after which time the line may be tried for scans; never where it is up, or where claims got no answer although such a question had
// one: a line that lets small questions through and no claims would cost every scan its budget.
func (b *Breaker) trialIn() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, time.Until(b.resting)), b.line.Failures > 0 && !b.doubtful
}

// proved closes the breaker after a trial.
func (b *Breaker) proved(nonce string) {
	b.Answered(nonce)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onTrial = b.line.Failures == 0
}

// rest keeps trials away for as long as the cloud asked.
func (b *Breaker) rest(after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(after); after > 0 && until.After(b.resting) {
		b.resting = until
	}
}

// trials has the line tried while scans find it down, until ctx is done. answered is called when it is up again.
func (p *Pump) trials(ctx context.Context, answered func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wanted:
		}
		for used := time.Now(); time.Since(used) < inUse; {
			wait, ok := p.breaker.trialIn()
			if !ok {
				break
			}
			if wait == 0 {
				if p.trial(ctx) {
					answered()
					break
				}
				wait = time.Duration(p.jitter(int64(trialMost) + 1))
			}
			if !p.pause(ctx, wait, &used) {
				return
			}
		}
	}
}

// pause waits, notes in used when a scan wants an answer meanwhile, and reports whether ctx goes on.
func (p *Pump) pause(ctx context.Context, wait time.Duration, used *time.Time) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-p.wanted:
			*used = time.Now()
		case <-timer.C:
			return true
		}
	}
}

// trial asks the cloud something small and reports whether it answered. Only what it signed for this very question is an answer: a login page
// leaves the breaker as it is. So does a trial that fails: how long scans and the pump wait is theirs to say.
func (p *Pump) trial(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, trialBudget)
	defer cancel()
	err := p.client.Probe(limited)
	if ctx.Err() != nil {
		return false
	}
	var refused *Refusal
	if err == nil || (errors.As(err, &refused) && !refused.temporary()) {
		p.breaker.proved(p.client.Nonce())
		return true
	}
	p.breaker.rest(afterOf(err))
	return false
}
