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
