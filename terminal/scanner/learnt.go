package scanner

import "time"

// Suffix is what a scanner sends behind a code.
type Suffix string

// The suffixes.
const (
	SuffixUnknown Suffix = ""      // it has not been calibrated, or not where that can be seen
	SuffixEnter   Suffix = "enter" // the code counts at once
	SuffixTab     Suffix = "tab"   // the same
	SuffixNone    Suffix = "none"  // only silence ends a code: it counts a moment later
)

// Learnt is what the calibration of a keyboard scanner tells.
type Learnt struct {
	Layout
	Suffix    Suffix `json:"suffix,omitempty"`
	GapMillis int    `json:"gap_ms,omitempty"` // between two keys, on average
}

func (l Learnt) gap() time.Duration { return time.Duration(l.GapMillis) * time.Millisecond }

// Slow reports a scanner so slow that it can hardly be told from a person: its time between keys has to be shortened.
func (l Learnt) Slow() bool { return l.gap() > slowestAverage }

// Key is one key of a keyboard scanner as it arrived. Enter is the rune '\r', Tab '\t'.
type Key struct {
	Rune rune
	At   time.Time
}

// LearnKeys learns from the keys that arrived when the calibration code was scanned: the layout as Learn does, what ends the code, and
// the scanner's speed. ErrCalibration says that they cannot be that code.
func LearnKeys(keys []Key) (Learnt, error) {
	learnt := Learnt{Suffix: SuffixNone}
	var text []rune
	var times []time.Time
reading:
	for _, key := range keys {
		switch key.Rune {
		case '\r':
			learnt.Suffix = SuffixEnter
			break reading
		case '\t':
			learnt.Suffix = SuffixTab
			break reading
		}
		text, times = append(text, key.Rune), append(times, key.At)
	}
	layout, err := Learn(string(text))
	if err != nil {
		return Learnt{}, err
	}
	learnt.Layout = layout
	if n := len(times); n > 1 {
		learnt.GapMillis = int(times[n-1].Sub(times[0]).Milliseconds()) / (n - 1)
	}
	return learnt, nil
}
