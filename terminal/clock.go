package terminal

import "time"

// Reading is what the terminal's clocks say at one moment.
type Reading struct {
	Wall      time.Time     // the system's clock, which anybody may move
	Lower     time.Time     // the true time is not before this: the last signed server time and what has elapsed since
	Upper     time.Time     // nor after this; equal to Lower once a server was heard since boot
	Boot      string        // changes with every start of the machine
	Monotonic time.Duration // since boot, sleep counted
}

// Clock tells the time. The domain has no clock of its own.
type Clock interface {
	Read() Reading
}

// Mark is the last time that is certain, as it is kept over restarts: a signed server time, and what has elapsed since. It never
// comes from the wall clock.
type Mark struct {
	At        time.Time     // the time was not before this
	Boot      string        // the boot in which the mark was made
	Monotonic time.Duration // since that boot, when it was made
	Heard     bool          // a server was heard in that boot, so that At is not only a bound but the time
}
