package scanner

import "time"

// What tells a scanner that types from a person. Keys arrive at the window's frames, so that single gaps say little: 0, 17 or
// 33 ms for a scanner, now and then over 60; the average says it. Nobody types ten keys at 40 ms each.
const (
	fastAverage = 40 * time.Millisecond
	// The slowest that a scanner may have shown itself at its calibration: people get to 55.
	slowestAverage = 50 * time.Millisecond
	// A gap longer than this ends what a person typed; inside a burst it is a window that was busy.
	longGap = 120 * time.Millisecond
	// A gap that a scanner hardly ever makes: where a person's runes may end and a scan begin.
	suspectGap = 100 * time.Millisecond

	leastEnded  = 4 // symbols of a scan that Enter or Tab ends
	leastSilent = 6 // of one that silence ends: a person's roll over the keys is shorter
	leastSuffix = 8 // of one that follows a person's runes
)

// Burst tells the runes of a scanner from those of a person. The zero value is ready. It is used by one goroutine.
type Burst struct {
	Learnt Learnt // of the scanner, when it was calibrated; the zero value mends nothing

	runes []rune
	times []time.Time
}

// Rune takes one typed rune.
func (b *Burst) Rune(r rune, at time.Time) {
	if n := len(b.runes); n > 0 && at.Sub(b.times[n-1]) > longGap && !(n > 1 && b.fast(b.times)) {
		b.clear() // a person's, for good. Runes that came fast wait on: the window was busy in the middle of a scan
	}
	if len(b.runes) < Longest {
		b.runes, b.times = append(b.runes, r), append(b.times, at)
	}
}

// End takes an Enter or a Tab and returns the scan that it ends, or "". Nothing is pending afterwards.
func (b *Burst) End(time.Time) string {
	defer b.clear()
	return b.scan(leastEnded)
}

// Silence says that nothing came for a while, and returns the scan that ends so, or "". Nothing is pending afterwards.
func (b *Burst) Silence(time.Time) string {
	defer b.clear()
	return b.scan(leastSilent)
}

// Pending is the number of runes that may yet turn out to be a scan.
func (b *Burst) Pending() int { return len(b.runes) }

func (b *Burst) clear() { b.runes, b.times = b.runes[:0], b.times[:0] }

// scan returns what is pending if a scanner sent it, or the part of it that a scanner sent behind a person's runes.
func (b *Burst) scan(least int) string {
	for i := len(b.runes) - leastSuffix; i > 0; i-- {
		slow := i == 1 || !b.fast(b.times[:i])
		if slow && b.times[i].Sub(b.times[i-1]) >= suspectGap && b.fast(b.times[i:]) && varied(b.runes[i:]) {
			return b.text(b.runes[i:])
		}
	}
	if len(b.runes) >= least && b.fast(b.times) && varied(b.runes) {
		return b.text(b.runes)
	}
	return ""
}

// text is what the scanner meant by runes.
func (b *Burst) text(runes []rune) string { return Clean([]byte(b.Learnt.Apply(string(runes)))) }

// fast reports whether runes came as fast as a scanner sends them, on average. One long gap, of a busy window, counts as a short
// one.
func (b *Burst) fast(times []time.Time) bool {
	var sum time.Duration
	for i := 1; i < len(times); i++ {
		sum += min(times[i].Sub(times[i-1]), longGap)
	}
	average := min(max(fastAverage, b.Learnt.gap()*3/2), slowestAverage)
	return sum <= average*time.Duration(len(times)-1)
}

// varied reports whether runes are not all the same, as those of a key held down are.
func varied(runes []rune) bool {
	for _, r := range runes {
		if r != runes[0] {
			return true
		}
	}
	return false
}
