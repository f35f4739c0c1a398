// Package clock tells what time it is, and between which bounds it is certain, without believing a wall clock that anybody may
// move. What it believes is the last time that a server signed, and how much time has passed since by a clock that nobody can set
// and that counts sleep.
package clock

import (
	"context"
	"fmt"
	"sync"
	"time"

	"countersign/terminal"
)

const (
	// keepEvery is how old the kept mark may get while servers are heard: each keeping is a sync to disk.
	keepEvery = 5 * time.Minute
	// jitter is how far a server's time may lie behind the one expected without anything being wrong: answers travel.
	jitter = time.Minute
	// leastStep is what counts as a move of the wall clock; less is the work of a time service.
	leastStep = 2 * time.Second
)

// Machine is a computer's clocks.
type Machine interface {
	// Wall is the clock that anybody may set.
	Wall() time.Time
	// SinceBoot is how long the machine is on, sleep counted. Nobody can set it.
	SinceBoot() time.Duration
	// Boot names this start of the machine. certain is false where the system cannot say: the name is then this process's own, and
	// the same boot may have had other names.
	Boot() (id string, certain bool)
}

// Clock implements terminal.Clock.
type Clock struct {
	machine Machine
	keep    func(context.Context, terminal.Mark) error
	boot    string
	certain bool
	began   time.Duration // since boot, when this clock was made

	mu   sync.Mutex
	mark terminal.Mark
	kept time.Duration // since boot, when mark was kept last; negative for never by this process
	gap  time.Duration // of the wall from the boot clock, when it was last looked at
}

// New makes the clock from the last mark, the zero Mark where there is none yet. keep stores a mark durably and may be nil for who
// may not write.
func New(last terminal.Mark, keep func(context.Context, terminal.Mark) error) *Clock {
	return NewOn(machine{}, last, keep)
}

// NewOn is New on another machine than this one: a simulated one, whose clocks somebody moves.
func NewOn(on Machine, last terminal.Mark, keep func(context.Context, terminal.Mark) error) *Clock {
	c := &Clock{machine: on, keep: keep, mark: last, kept: -1}
	c.boot, c.certain = on.Boot()
	c.began = on.SinceBoot()
	c.gap = c.wallGap()
	return c
}

// Read implements terminal.Clock. Before any server was ever heard both bounds are the wall clock: there is nothing else.
func (c *Clock) Read() terminal.Reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	reading := terminal.Reading{Wall: c.machine.Wall(), Boot: c.boot, Monotonic: c.machine.SinceBoot()}
	if c.mark.At.IsZero() {
		reading.Lower, reading.Upper = reading.Wall, reading.Wall
		return reading
	}
	lower, heard := c.lower(reading.Monotonic)
	reading.Lower, reading.Upper = lower, lower
	if !heard && reading.Wall.After(lower) {
		reading.Upper = reading.Wall
	}
	return reading
}

// lower is the mark and what has certainly passed since it was made.
func (c *Clock) lower(now time.Duration) (at time.Time, heard bool) {
	switch {
	case c.mark.Boot == c.boot && now >= c.mark.Monotonic:
		return c.mark.At.Add(now - c.mark.Monotonic), c.mark.Heard
	case c.mark.Boot == c.boot: // the machine went back in time: a snapshot was restored
		return c.mark.At, false
	case c.certain: // the mark is older than this boot
		return c.mark.At.Add(now), false
	default: // the mark may have been made in this boot: only what this process saw pass is certain
		return c.mark.At.Add(now - c.began), false
	}
}

// Heard takes a time that a server signed just now. It is stored at once when it is the first since the machine started, and then
// every few minutes; the error is the store's, and the clock goes by the new time all the same. A time that lies far before the
// expected one is believed too: the server was wrong before, and knows better now.
func (c *Clock) Heard(ctx context.Context, server time.Time) error {
	c.mu.Lock()
	now := c.machine.SinceBoot()
	if expected, _ := c.lower(now); !c.mark.At.IsZero() && server.Before(expected) && expected.Sub(server) <= jitter {
		server = expected
	}
	first := !c.mark.Heard || c.mark.Boot != c.boot
	c.mark = terminal.Mark{At: server.UTC(), Boot: c.boot, Monotonic: now, Heard: true}
	due := first || c.kept < 0 || now-c.kept >= keepEvery
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.Keep(ctx)
}

// Keep stores the mark with what has passed since. It is for the end of the program, and for every few minutes while no server is
// heard, so that a restart loses little of what is certain.
func (c *Clock) Keep(ctx context.Context) error {
	if c.keep == nil {
		return nil
	}
	c.mu.Lock()
	if c.mark.At.IsZero() {
		c.mu.Unlock()
		return nil
	}
	now := c.machine.SinceBoot()
	at, heard := c.lower(now)
	c.mark = terminal.Mark{At: at, Boot: c.boot, Monotonic: now, Heard: heard}
	mark := c.mark
	c.mu.Unlock()
	if err := c.keep(ctx, mark); err != nil {
		return fmt.Errorf("the time could not be kept: %w", err)
	}
	c.mu.Lock()
	c.kept = max(c.kept, now)
	c.mu.Unlock()
	return nil
}

// Step is how far the wall clock was moved since Step was called last, or since the clock was made; zero for less than two seconds.
// Forward is positive.
func (c *Clock) Step() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	gap := c.wallGap()
	step := gap - c.gap
	if step.Abs() < leastStep {
		return 0
	}
	c.gap = gap
	return step
}

// Wall is where the wall clock stood against the boot's own: what has to be kept for a later start to see that somebody moved it meanwhile.
type Wall struct {
	Boot string        `json:"boot"`
	Gap  time.Duration `json:"gap"`
}

// Wall returns where the wall clock stood when it was last looked at. ok is false where the system cannot name its boots.
func (c *Clock) Wall() (wall Wall, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Wall{c.boot, c.gap}, c.certain
}

// Resume goes on from where the wall clock stood for an earlier start of the program: Step then counts what was moved since. From one boot
// to the next nothing is known, since nothing tells how long the machine was off.
func (c *Clock) Resume(from Wall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.certain && from.Boot == c.boot {
		c.gap = from.Gap
	}
}

// wallGap stays the same for as long as nobody moves the wall clock.
func (c *Clock) wallGap() time.Duration {
	return c.machine.Wall().Sub(time.Unix(0, 0)) - c.machine.SinceBoot()
}
