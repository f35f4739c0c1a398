package keys

import "time"

// Burst tells the runes of a keyboard-wedge scanner from those of a person. It has no clock: every rune comes with the time at which it
// arrived. Its methods are called on one goroutine.
type Burst interface {
	// Rune takes one typed rune.
	Rune(r rune, at time.Time)
	// End takes an Enter or a Tab. It returns the scan that it ends, or "" where what came before was no scan; nothing is
	// pending afterwards.
	End(at time.Time) string
	// Silence says that nothing came for the scanner's silence. It returns the scan that ends so, or ""; nothing is pending
	// afterwards.
	Silence(at time.Time) string
	// Typing says whether a field is open, so that a person may be writing.
	Typing(typing bool)
	// Begun returns what is pending where it must be the beginning of a scan, whose end is only late; "" otherwise.
	Begun() string
	// Earlier is how many runes of the last scan came before those that were pending.
	Earlier() int
	// Pending is the number of runes that may yet turn out to be a scan.
	Pending() int
}

// The times that tell a scanner from a person.
const (
	// Silence without a suffix ends a burst. Scanners that send no Enter exist.
	silenceMillis = 300
	// What must be the beginning of a scan is waited for longer.
	begunMillis = 1500
	// A rune goes to the open field when no other has come for so long. Drawing it sooner would slow down the rest of a burst.
	holdMillis = 60
	// Fewer runes than this that the field has got are a person's.
	fewRunes = 4
	// calmMillis must have passed since the last rune before Enter counts as a person's yes: the scanner must not confirm.
	calmMillis = 400
	// repeatMillis is the least time between two Enters that both count: a key that is held down repeats faster.
	repeatMillis = 150
	// stallMillis after the window was busy, keys may still come in a heap.
	stallMillis = 120
	// heapMost is one more than the most keys that a person can have pressed while a window was busy.
	heapMost = 12
)

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }
