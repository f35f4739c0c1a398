package keys

import "time"

// How the time in which the window was alive is told.
const (
	beatMillis = 20
	// A beat that comes so much too late says that the window was busy: drawing, mostly.
	busyMillis = 30
)

// live tells when the keys that are read now can have been pressed at the earliest. Nobody brings the time of a press: keys that were pressed while
// the window was busy are all read at once afterwards, so that by the wall clock a burst would have a gap in its middle, and a scanner's
// second Enter would come long after its first. A beat tells: as long as it is overdue, and a little longer, what is read may
// have come since it was due. It runs only while somebody needs it.
type live struct {
	now   func() time.Time
	timer Timer

	needed func() bool // whether the beat has to go on
	beaten func()      // called after each beat

	beating  bool
	due      time.Time
	from, to time.Time // the last time that the window was found to have been busy
}

// earliest is when a key that is read at the given time can have been pressed at the earliest, and whether the window was busy since. It is never
// before the keys that were read one busy time ago: they were read when that ended.
func (l *live) earliest(at time.Time) (time.Time, bool) {
	if l.beating && at.Sub(l.due) > millis(busyMillis) {
		l.from, l.to = l.due, at
	}
	if !l.to.IsZero() && at.Sub(l.to) <= millis(stallMillis) {
		return l.from, true
	}
	return at, false
}

// start lets the beat begin.
func (l *live) start() {
	if l.beating {
		return
	}
	l.beating, l.due = true, l.now().Add(millis(beatMillis))
	l.timer(millis(beatMillis), l.beat)
}

func (l *live) beat() {
	l.earliest(l.now())
	l.beating = false
	l.beaten()
	if l.needed() {
		l.start()
	}
}
