package keys

import "time"

// How the time in which the window was alive is told.
const (
	beatMillis = 20
	// A beat that comes so much too late says that the window was busy: drawing, mostly.
	busyMillis = 30
)

// live is a clock that stands while the window is busy. Keys that were pressed meanwhile are all read at once afterwards, so that by the wall
// clock a burst would have a gap in its middle, and a scanner's second Enter would come long after its first. It tells by a beat: as
// long as that is overdue, no time passes. It runs only while somebody needs it.
type live struct {
	now   func() time.Time
	timer Timer

	needed func() bool // whether the beat has to go on
	beaten func()      // called after each beat

	beating bool
	due     time.Time
	stood   time.Duration
	stall   time.Time // by this clock: when the window was last found to have been busy
}

// read is the time, less all the time that the window was busy.
func (l *live) read() time.Time {
	at := l.now()
	if l.beating && at.Sub(l.due) > busyMillis*time.Millisecond {
		at = l.due
		l.stall = at.Add(-l.stood)
	}
	return at.Add(-l.stood)
}

// start lets the beat begin.
func (l *live) start() {
	if l.beating {
		return
	}
	l.beating, l.due = true, l.now().Add(beatMillis*time.Millisecond)
	l.timer(beatMillis*time.Millisecond, l.beat)
}

func (l *live) beat() {
	l.beating = false
	if late := l.now().Sub(l.due); late > busyMillis*time.Millisecond {
		l.stall = l.due.Add(-l.stood)
		l.stood += late
	}
	l.beaten()
	if l.needed() {
		l.start()
	}
}
