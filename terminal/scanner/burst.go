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

	// What came no longer than this before the next rune may belong to it: a computer that has too much to do brings a scan in pieces.
	pieceGap = time.Second
	// A gap where a scan may begin behind a person's runes, when what is behind it is a whole code: that long, and so many times as long as those
	// within it.
	beginGap   = 30 * time.Millisecond
	beginTimes = 3
)

// Burst tells the runes of a scanner from those of a person. The zero value is ready. It is used by one goroutine.
//
// Times alone can be wrong on a computer that has too much to do: a scan arrives in pieces, or right behind what a person typed. Where Whole is
// set, a text that is a whole code decides against them: where exactly one way of putting the pieces together is one, it is meant.
type Burst struct {
	Learnt Learnt // of the scanner, when it was calibrated; the zero value mends nothing
	// Whole reports that a text is a whole code, its check symbol right; nil where that cannot be told.
	Whole func(text string) bool

	runes []rune
	times []time.Time
	// What was a person's by its times, and came just before runes.
	before      []rune
	beforeTimes []time.Time
	typing      bool // a field is open: a person may be writing
	ends        bool // the scanner ends its codes with a key
	earlier     int
}

// Typing says whether a field is open, so that a person may be writing.
func (b *Burst) Typing(typing bool) { b.typing = typing }

// Rune takes one typed rune.
func (b *Burst) Rune(r rune, at time.Time) {
	if n := len(b.runes); n > 0 && at.Sub(b.times[n-1]) > longGap && !(n > 1 && b.fast(b.times)) {
		b.pass() // a person's. Runes that came fast wait on: the window was busy in the middle of a scan
	}
	if n := len(b.before); len(b.runes) == 0 && n > 0 && at.Sub(b.beforeTimes[n-1]) > pieceGap {
		b.before, b.beforeTimes = nil, nil
	}
	if len(b.runes) < Longest {
		b.runes, b.times = append(b.runes, r), append(b.times, at)
	}
}

// End takes an Enter or a Tab and returns the scan that it ends, or "". Nothing is pending afterwards.
func (b *Burst) End(time.Time) string {
	defer b.clear()
	scan := b.scan(leastEnded)
	b.ends = b.ends || scan != ""
	return scan
}

// Silence says that nothing came for a while, and returns the scan that ends so, or "". Nothing is pending afterwards.
func (b *Burst) Silence(time.Time) string {
	scan := b.scan(leastSilent)
	if scan == "" {
		b.pass()
	} else {
		b.clear()
	}
	return scan
}

// Begun returns what is pending where it is the beginning of a scan by all that is known: it came fast, is no whole code, and the scanner ends its
// codes with a key that has not come. "" otherwise.
func (b *Burst) Begun() string {
	ends := b.ends || b.Learnt.Suffix == SuffixEnter || b.Learnt.Suffix == SuffixTab
	if b.Whole == nil || !ends || len(b.runes) < leastSilent || !b.fast(b.times) || !varied(b.runes) {
		return ""
	}
	if text := b.text(b.runes); !b.Whole(text) {
		return text
	}
	return ""
}

// Pending is the number of runes that may yet turn out to be a scan.
func (b *Burst) Pending() int { return len(b.runes) }

// Earlier is how many runes of the last scan came before those that were pending, and had been taken for a person's.
func (b *Burst) Earlier() int { return b.earlier }

func (b *Burst) clear() {
	b.runes, b.times, b.before, b.beforeTimes = b.runes[:0], b.times[:0], nil, nil
}

// pass takes what is pending for a person's, until more is known.
func (b *Burst) pass() {
	if n := len(b.before); n > 0 && len(b.runes) > 0 && b.times[0].Sub(b.beforeTimes[n-1]) > pieceGap {
		b.before, b.beforeTimes = nil, nil
	}
	b.before, b.beforeTimes = append(b.before, b.runes...), append(b.beforeTimes, b.times...)
	if over := len(b.before) - Longest; over > 0 {
		b.before, b.beforeTimes = b.before[over:], b.beforeTimes[over:]
	}
	b.runes, b.times = b.runes[:0], b.times[:0]
}

// scan returns what is pending if a scanner sent it, or the part of it that a scanner sent behind a person's runes.
func (b *Burst) scan(least int) string {
	b.earlier = 0
	scan := b.timed(least)
	if b.Whole == nil || (scan != "" && b.Whole(scan)) {
		return scan
	}
	if whole := b.whole(scan != ""); whole != "" {
		return whole
	}
	return scan
}

// timed goes by the times alone.
func (b *Burst) timed(least int) string {
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

// whole finds a whole code where the times tell none: all that is pending, with what came before it, or the end of it behind a person's runes. Where a
// field is open, a code that came at a person's pace is one that is being typed, and the field's.
func (b *Burst) whole(scanned bool) string {
	if scanned || !b.typing {
		for from := len(b.before); from >= 0; from-- {
			if text := b.text(append(append([]rune(nil), b.before[from:]...), b.runes...)); len(b.runes) > 0 && b.Whole(text) {
				b.earlier = len(b.before) - from
				return text
			}
		}
	}
	if !b.typing {
		return ""
	}
	for i := len(b.runes) - leastSuffix; i > 0; i-- {
		gap, inside := b.times[i].Sub(b.times[i-1]), b.times[len(b.times)-1].Sub(b.times[i])/time.Duration(len(b.times)-1-i)
		if gap < max(beginGap, beginTimes*inside) || !b.fast(b.times[i:]) {
			continue
		}
		if text := b.text(b.runes[i:]); b.Whole(text) {
			return text
		}
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
