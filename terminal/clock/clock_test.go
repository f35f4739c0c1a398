package clock

import (
	"context"
	"errors"
	"testing"
	"time"

	"countersign/terminal"
)

// fake is a machine whose clocks a test moves.
type fake struct {
	wallAt  time.Time
	elapsed time.Duration
	id      string
	vague   bool // the system cannot say which boot this is
}

func (f *fake) Wall() time.Time          { return f.wallAt }
func (f *fake) SinceBoot() time.Duration { return f.elapsed }
func (f *fake) Boot() (string, bool)     { return f.id, !f.vague }

// pass lets time go by.
func (f *fake) pass(d time.Duration) { f.wallAt, f.elapsed = f.wallAt.Add(d), f.elapsed+d }

// restart switches the machine off for a while and on again.
func (f *fake) restart(id string, off time.Duration) {
	f.wallAt, f.elapsed, f.id = f.wallAt.Add(off), 0, id
}

// shelf keeps a mark as the journal does.
type shelf struct {
	mark  terminal.Mark
	times int
	err   error
}

func (s *shelf) keep(_ context.Context, mark terminal.Mark) error {
	if s.err != nil {
		return s.err
	}
	s.mark, s.times = mark, s.times+1
	return nil
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func expect(t *testing.T, c *Clock, lower, upper time.Time) {
	t.Helper()
	got := c.Read()
	if !got.Lower.Equal(lower) || !got.Upper.Equal(upper) {
		t.Fatalf("bounds %s to %s, want %s to %s", got.Lower, got.Upper, lower, upper)
	}
}

func heard(t *testing.T, c *Clock, at time.Time) {
	t.Helper()
	if err := c.Heard(context.Background(), at); err != nil {
		t.Fatal(err)
	}
}

func TestTheWallClockMovesNothing(t *testing.T) {
	// If this fails, setting the PC's clock back makes an expired voucher good again.
	m, s := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	expect(t, c, noon, noon) // no server was ever heard: there is nothing but the wall
	heard(t, c, noon.Add(time.Minute))
	expect(t, c, noon.Add(time.Minute), noon.Add(time.Minute))
	m.pass(time.Hour)
	m.wallAt = noon.AddDate(-1, 0, 0)
	expect(t, c, noon.Add(time.Hour+time.Minute), noon.Add(time.Hour+time.Minute))
	if got := c.Read(); !got.Wall.Equal(m.wallAt) || got.Boot != "a" || got.Monotonic != 2*time.Hour {
		t.Fatalf("the reading %+v", got)
	}
	m.wallAt = noon.AddDate(1, 0, 0)
	expect(t, c, noon.Add(time.Hour+time.Minute), noon.Add(time.Hour+time.Minute))
}

func TestBoundsAfterRestarts(t *testing.T) {
	// If this fails, a night without power makes the terminal certain of a time that it cannot know.
	m, s := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	heard(t, c, noon)
	m.pass(time.Hour)
	// The program ends and starts again, the machine goes on.
	c = NewOn(m, s.mark, s.keep)
	expect(t, c, noon.Add(time.Hour), noon.Add(time.Hour))
	if err := c.Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	// The machine is off for ten hours; the wall clock goes on by its battery.
	m.restart("b", 10*time.Hour)
	m.pass(5 * time.Minute)
	c = NewOn(m, s.mark, s.keep)
	expect(t, c, noon.Add(time.Hour+5*time.Minute), noon.Add(11*time.Hour+5*time.Minute))
	// A wall clock behind the mark is no bound.
	m.wallAt = noon.AddDate(-1, 0, 0)
	expect(t, c, noon.Add(time.Hour+5*time.Minute), noon.Add(time.Hour+5*time.Minute))
	// What was certain stays so over more restarts without a server.
	if err := c.Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Minute)
	c = NewOn(m, s.mark, s.keep)
	expect(t, c, noon.Add(time.Hour+6*time.Minute), noon.Add(time.Hour+6*time.Minute))
	m.wallAt = noon.AddDate(0, 0, 1)
	expect(t, c, noon.Add(time.Hour+6*time.Minute), noon.AddDate(0, 0, 1)) // still nothing was heard since boot
	heard(t, c, noon.Add(12*time.Hour))
	expect(t, c, noon.Add(12*time.Hour), noon.Add(12*time.Hour))
}

func TestBootThatCannotBeTold(t *testing.T) {
	// If this fails, hours since boot are counted twice, and vouchers expire before their time.
	m, s := &fake{wallAt: noon, elapsed: 10 * time.Hour, id: "process-1", vague: true}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	heard(t, c, noon)
	m.pass(time.Minute)
	m.id = "process-2"
	c = NewOn(m, s.mark, s.keep)
	m.pass(time.Minute)
	expect(t, c, noon.Add(time.Minute), noon.Add(2*time.Minute))
}

func TestSnapshotOfTheMachine(t *testing.T) {
	// If this fails, a virtual counter that was set back believes that no time has passed.
	m, s := &fake{wallAt: noon, elapsed: 10 * time.Hour, id: "a"}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	heard(t, c, noon)
	m.elapsed, m.wallAt = time.Hour, noon.Add(24*time.Hour)
	expect(t, c, noon, noon.Add(24*time.Hour))
}

func TestServersThatDisagree(t *testing.T) {
	// If this fails, time runs backwards between two answers, or a server that was once wrong spoils the terminal for ever.
	m, s := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	heard(t, c, noon)
	heard(t, c, noon.Add(-time.Second)) // an answer that took its time
	expect(t, c, noon, noon)
	heard(t, c, noon.AddDate(1, 0, 0))
	heard(t, c, noon.Add(time.Second)) // the server's clock was set right
	expect(t, c, noon.Add(time.Second), noon.Add(time.Second))
}

func TestMarkIsKeptSeldomAndInTime(t *testing.T) {
	// If this fails, each answer of the cloud costs a sync of the disk, or a restart forgets the day.
	m, s := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}, &shelf{}
	c := NewOn(m, terminal.Mark{}, s.keep)
	for i := range 601 { // ten minutes of answers, one a second
		heard(t, c, noon.Add(time.Duration(i)*time.Second))
		m.pass(time.Second)
	}
	if s.times != 3 {
		t.Fatalf("kept %d times in ten minutes, want at the start and every five", s.times)
	}
	s.err = errors.New("disk full")
	m.pass(keepEvery)
	if err := c.Heard(context.Background(), m.wallAt); !errors.Is(err, s.err) {
		t.Fatalf("a mark that could not be kept: %v", err)
	}
	expect(t, c, m.wallAt, m.wallAt) // believed all the same
	quiet := NewOn(m, terminal.Mark{}, nil)
	heard(t, quiet, noon)
	if err := quiet.Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestSteps(t *testing.T) {
	// If this fails, somebody moves the clock and the journal does not say so.
	m := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}
	c := NewOn(m, terminal.Mark{}, nil)
	for _, c2 := range []struct {
		move, want time.Duration
	}{{0, 0}, {time.Second, 0}, {time.Hour, time.Hour + time.Second}, {0, 0}, {-24 * time.Hour, -24 * time.Hour}} {
		m.pass(time.Minute)
		m.wallAt = m.wallAt.Add(c2.move)
		if got := c.Step(); got != c2.want {
			t.Fatalf("moved by %s, said %s", c2.move, got)
		}
	}
}

func TestStepsWhileNobodyLooks(t *testing.T) {
	// If this fails, who closes the counter, moves the clock and opens it again leaves no trace.
	m := &fake{wallAt: noon, elapsed: time.Hour, id: "a"}
	wall, ok := NewOn(m, terminal.Mark{}, nil).Wall()
	if !ok {
		t.Fatal("where the wall clock stands cannot be kept")
	}
	m.pass(time.Minute)
	m.wallAt = m.wallAt.Add(-time.Hour)
	c := NewOn(m, terminal.Mark{}, nil)
	c.Resume(wall)
	if got := c.Step(); got != -time.Hour {
		t.Errorf("moved back by an hour, said %s", got)
	}
	m.restart("b", 10*time.Hour) // who knows how long it was off
	c = NewOn(m, terminal.Mark{}, nil)
	c.Resume(wall)
	if got := c.Step(); got != 0 {
		t.Errorf("a night was called a step of %s", got)
	}
	m.vague = true
	if _, ok := NewOn(m, terminal.Mark{}, nil).Wall(); ok {
		t.Error("a boot that nobody can name was kept")
	}
}

func TestThisMachine(t *testing.T) {
	// If this fails, the clocks of this system are not read, and every bound above is wrong.
	c := New(terminal.Mark{}, nil)
	first, second := c.Read(), New(terminal.Mark{}, nil).Read()
	if first.Boot == "" || first.Boot != second.Boot || first.Monotonic <= 0 || second.Monotonic < first.Monotonic {
		t.Fatalf("two readings: %+v, %+v", first, second)
	}
	if off := time.Since(first.Wall); off < 0 || off > time.Minute {
		t.Fatalf("the wall clock is %s off", off)
	}
}
