//go:build unix

package printer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/terminal/printer/fakeprinter"
)

// spool is the journal's part, kept in memory: it outlives a worker as the disk outlives a crash.
type spool struct {
	mu      sync.Mutex
	jobs    []terminal.SpoolJob
	history map[int64][]terminal.JobState
	changed chan struct{}
	failing bool // the disk is full
	refused int  // how often it took nothing
}

var errNoRoom = errors.New("no space left on the disk")

// disk makes the journal's disk full, or gives it room again.
func (s *spool) disk(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = full
}

// refusals counts how often the disk took nothing.
func (s *spool) refusals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

func newSpool() *spool {
	return &spool{history: map[int64][]terminal.JobState{}, changed: make(chan struct{}, 1000)}
}

func (s *spool) add(data []byte, made time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := int64(len(s.jobs) + 1)
	s.jobs = append(s.jobs, terminal.SpoolJob{ID: id, PrintJob: terminal.PrintJob{Bytes: data, Copies: 1}, State: terminal.JobQueued, Made: made})
	return id
}

func (s *spool) NextJob(_ context.Context, since time.Time) (terminal.SpoolJob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range s.jobs {
		if job.State == terminal.JobQueued && !job.Hold && (!job.Made.Before(since) || !job.Released.Before(since)) {
			return job, nil
		}
	}
	return terminal.SpoolJob{}, terminal.ErrUnknown
}

func (s *spool) MarkJob(_ context.Context, id int64, from, to terminal.JobState, detail string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	job := &s.jobs[id-1]
	if s.failing {
		s.refused++
		return errNoRoom
	}
	if job.State != from {
		return terminal.ErrUnknown
	}
	job.State, job.Detail = to, detail
	s.history[id] = append(s.history[id], to)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

func (s *spool) RecoverJobs(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		s.refused++
		return 0, errNoRoom
	}
	var n int64
	for i := range s.jobs {
		job := &s.jobs[i]
		if job.State == terminal.JobSending || (job.State == terminal.JobSent && job.Detail != terminal.DetailNoWord) {
			job.State, job.Detail = terminal.JobUnconfirmed, terminal.DetailRestart
			n++
		}
	}
	return n, nil
}

func (s *spool) job(id int64) terminal.SpoolJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id-1]
}

// eventually waits for something to be so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(40 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (s *spool) reaches(t *testing.T, id int64, states ...terminal.JobState) terminal.SpoolJob {
	t.Helper()
	deadline := time.Now().Add(35 * time.Second)
	eventually(t, fmt.Sprintf("job %d becomes one of %v", id, states), func() bool {
		if time.Now().After(deadline) {
			t.Fatalf("job %d was to become one of %v, and is %s %s", id, states, s.job(id).State, s.job(id).Detail)
		}
		return slices.Contains(states, s.job(id).State)
	})
	return s.job(id)
}

// slip is a slip of about 1500 bytes: rows, a picture that holds what looks like commands, and a cut.
func slip(name string) []byte {
	var b bytes.Buffer
	b.WriteString("\x1b@\x1da\x0e")
	for i := range 12 {
		fmt.Fprintf(&b, "%s row %02d ...................................\n", name, i)
	}
	b.WriteString("\x1dv0\x00\x10\x00\x10\x00")
	for range 64 {
		b.WriteString("\x10\x04\x01\xff")
	}
	for i := range 12 {
		fmt.Fprintf(&b, "%s row %02d ...................................\n", name, 12+i)
	}
	b.WriteString("\x1dVB\x00")
	return b.Bytes()
}

// boundaries are the ends of the slip's rows; its picture holds no line feed.
func boundaries(data []byte) []int {
	var out []int
	for i, b := range data {
		if b == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}

func quick(path string) printer.Config {
	return printer.Config{Target: "serial:" + path, Status: "yes", Word: "process_id", Chunk: 128, Boundaries: boundaries,
		Timing: printer.Timing{Answer: 120 * time.Millisecond, Poll: 20 * time.Millisecond, Stall: 200 * time.Millisecond,
			Confirm: 400 * time.Millisecond, Silence: 1500 * time.Millisecond, Grace: 10 * time.Millisecond}}
}

// run starts a worker and returns it with what stops it; it is also stopped at the end of the test.
func run(t *testing.T, queue printer.Queue, config printer.Config) (*printer.Worker, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := printer.New(queue, config)
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	return w, stop
}

func fake(t *testing.T, options fakeprinter.Options) *fakeprinter.Printer {
	t.Helper()
	p, err := fakeprinter.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestSlipIsPrintedOnceOnThePrintersWord(t *testing.T) {
	// Broken in the shop: the customer waits for a slip, or the screen says printed when it is not.
	for name, word := range map[string]string{"process id": "process_id", "paper sensor": "paper"} {
		t.Run(name, func(t *testing.T) {
			p := fake(t, fakeprinter.Options{Buffer: 1024, Speed: 100_000})
			s := newSpool()
			config := quick(p.Path())
			config.Word = word
			w, _ := run(t, s, config)
			var all []byte
			for i := range 5 {
				data := slip(fmt.Sprint("slip ", i))
				all = append(all, data...)
				id := s.add(data, time.Now())
				w.Nudge()
				s.reaches(t, id, terminal.JobPrinted)
				if want := []terminal.JobState{terminal.JobSending, terminal.JobSent, terminal.JobPrinted}; !slices.Equal(s.history[id], want) {
					t.Errorf("job %d went %v", id, s.history[id])
				}
			}
			if !bytes.Equal(p.Bytes(), all) {
				t.Errorf("printed %d bytes, want %d, or others", len(p.Bytes()), len(all))
			}
			eventually(t, "ready", func() bool { return w.Status().State == printer.StateReady && w.Status().Paper == printer.PaperOK })
		})
	}
}

func TestPaperOutAtEachTenth(t *testing.T) {
	// Broken in the shop: a new roll is put in and half the slip is missing, or it comes twice.
	data := slip("paper")
	for tenth := range 11 {
		for _, word := range []string{"process_id", "paper"} {
			t.Run(fmt.Sprint(tenth, " ", word), func(t *testing.T) {
				p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: len(data)*tenth/10 + 1})
				s := newSpool()
				config := quick(p.Path())
				config.Word = word
				w, _ := run(t, s, config)
				id := s.add(data, time.Now())
				w.Nudge()
				if tenth < 10 {
					eventually(t, "told that the paper is out", func() bool {
						now := w.Status()
						return now.Paper == printer.PaperOut && now.Needs()
					})
					if state := s.job(id).State; state == terminal.JobPrinted || state == terminal.JobUnconfirmed {
						t.Fatalf("without paper the slip is %s", state)
					}
					p.Refill(0)
				}
				s.reaches(t, id, terminal.JobPrinted)
				if !bytes.Equal(p.Bytes(), data) {
					t.Errorf("printed %q", p.Bytes())
				}
			})
		}
	}
}

func TestPowerOffAtEachTenth(t *testing.T) {
	// Broken in the shop: somebody trips over the cable, and the slip is printed twice, or said to be printed and is not.
	data := slip("power")
	for tenth := range 10 {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprint(tenth, " back ", back), func(t *testing.T) {
				t.Parallel()
				p := fake(t, fakeprinter.Options{Buffer: 600, PowerFor: len(data)*tenth/10 + 1, Speed: 200_000})
				s := newSpool()
				w, _ := run(t, s, quick(p.Path()))
				id := s.add(data, time.Now())
				w.Nudge()
				eventually(t, "the power fails", func() bool { return !p.Powered() })
				if back { // as soon as anybody can: switching takes a second, in which the terminal has sent or asked something
					eventually(t, "something is sent to it", func() bool { return p.Missed() > 0 })
					p.PowerOn()
				}
				job := s.reaches(t, id, terminal.JobUnconfirmed)
				if bytes.Contains(p.Bytes(), data) {
					t.Errorf("the whole slip is there, and unconfirmed with %s", job.Detail)
				}
				if !back {
					eventually(t, "told that it is silent", func() bool { return w.Status().State == printer.StateSilent })
					p.PowerOn()
				}
				before := len(p.Bytes())
				next := slip("next")
				second := s.add(next, time.Now())
				w.Nudge()
				s.reaches(t, second, terminal.JobPrinted)
				if !bytes.HasSuffix(p.Bytes()[before:], next) || bytes.Count(p.Bytes(), []byte("power row 00")) > 1 {
					t.Errorf("after the power came back: %q", p.Bytes()[before:])
				}
			})
		}
	}
}

// picture is a slip that is nearly nothing but one picture, which holds no line feed.
func picture(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\x1b@\x1da\x0e%s\n", name)
	b.WriteString("\x1dv0\x00\x10\x00\x80\x00")
	for range 16 * 128 / 4 {
		b.WriteString("\x10\x04\x01\xff")
	}
	b.WriteString("\n\x1dVB\x00")
	return b.Bytes()
}

func TestPowerOffInTheMiddleOfAPicture(t *testing.T) {
	// Broken in the shop: the printer is switched off and on while a logo is printing, letters fall out of it, and the screen says printed.
	data := picture("logo")
	for _, at := range []int{1, 700, 1500} {
		for _, word := range []string{"process_id", "paper"} {
			t.Run(fmt.Sprint(at, " ", word), func(t *testing.T) {
				t.Parallel()
				p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: len("\x1b@\x1da\x0elogo\n") + at})
				s := newSpool()
				config := quick(p.Path())
				config.Word = word
				w, _ := run(t, s, config)
				id := s.add(data, time.Now())
				w.Nudge()
				eventually(t, "it waits in the picture", func() bool { return p.Pauses() > 0 && !p.HasPaper() })
				p.PowerOff()
				out := len(p.Bytes())
				p.Refill(0)
				pause := time.NewTimer(time.Second) // nobody is faster
				<-pause.C
				p.PowerOn()
				if job := s.reaches(t, id, terminal.JobUnconfirmed, terminal.JobPrinted); job.State != terminal.JobUnconfirmed {
					t.Errorf("it is %s (%s)", job.State, job.Detail)
				}
				before := len(p.Bytes())
				if after := p.Bytes()[out:]; bytes.ContainsAny(after, "\x10\xff") {
					t.Errorf("the rest of the picture came out as %q", after)
				}
				next := s.add(slip("next"), time.Now())
				w.Nudge()
				s.reaches(t, next, terminal.JobPrinted)
				if got := bytes.Trim(p.Bytes()[before:], "\x00"); !bytes.Equal(got, bytes.TrimRight(slip("next"), "\x00")) {
					t.Errorf("the next slip is %q", got)
				}
			})
		}
	}
}

func TestNewRollInTheMiddleOfAPicture(t *testing.T) {
	// Broken in the shop: the roll ends within the logo, a new one is put in, and the slip stays on its way for ever or is torn apart.
	data := picture("logo")
	for at := 1; at < 2100; at += 150 {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: len("\x1b@\x1da\x0elogo\n") + at})
			s := newSpool()
			w, _ := run(t, s, quick(p.Path()))
			id := s.add(data, time.Now())
			w.Nudge()
			eventually(t, "told that the paper is out", func() bool { return w.Status().Paper == printer.PaperOut })
			pause := time.NewTimer(time.Second) // somebody looks for a roll
			<-pause.C
			p.Refill(0)
			s.reaches(t, id, terminal.JobPrinted)
			if !bytes.Equal(p.Bytes(), data) {
				t.Errorf("printed %d bytes, want %d", len(p.Bytes()), len(data))
			}
		})
	}
}

func TestSwitchedOffAndOnWithANewRoll(t *testing.T) {
	// Broken in the shop: the roll ends, somebody switches the printer off to change it, rows are missing, and the screen says printed.
	var rows bytes.Buffer
	for i := range 40 {
		fmt.Fprintf(&rows, "roll row %02d ...................................\n", i)
	}
	data := rows.Bytes()
	for tenth := 1; tenth < 10; tenth++ {
		t.Run(fmt.Sprint(tenth), func(t *testing.T) {
			t.Parallel()
			p := fake(t, fakeprinter.Options{Buffer: 500, PaperFor: len(data) * tenth / 10})
			s := newSpool()
			w, _ := run(t, s, quick(p.Path()))
			id := s.add(data, time.Now())
			w.Nudge()
			eventually(t, "told that the paper is out", func() bool { return w.Status().Paper == printer.PaperOut })
			p.PowerOff()
			eventually(t, "something is sent to it", func() bool { return p.Missed() > 0 })
			p.Refill(0)
			p.PowerOn()
			job := s.reaches(t, id, terminal.JobPrinted, terminal.JobUnconfirmed)
			if whole := bytes.Equal(p.Bytes(), data); whole != (job.State == terminal.JobPrinted) {
				t.Errorf("%s (%s), and all of it on paper: %v", job.State, job.Detail, whole)
			}
		})
	}
}

func TestRestartAtEachState(t *testing.T) {
	// Broken in the shop: the PC restarts and slips that are on the customer's table come out again.
	p := fake(t, fakeprinter.Options{})
	s := newSpool()
	want := map[int64]terminal.JobState{}
	for _, c := range []struct {
		state  terminal.JobState
		detail string
		after  terminal.JobState
	}{
		{terminal.JobQueued, "", terminal.JobPrinted},
		{terminal.JobSending, "", terminal.JobUnconfirmed},
		{terminal.JobSent, "", terminal.JobUnconfirmed},
		{terminal.JobSent, terminal.DetailNoWord, terminal.JobSent},
		{terminal.JobPrinted, "", terminal.JobPrinted},
		{terminal.JobUnconfirmed, terminal.DetailLost, terminal.JobUnconfirmed},
		{terminal.JobFailed, "", terminal.JobFailed},
		{terminal.JobAbandoned, "", terminal.JobAbandoned},
	} {
		id := s.add(slip(string(c.state)), time.Now())
		s.jobs[id-1].State, s.jobs[id-1].Detail = c.state, c.detail
		want[id] = c.after
	}
	last := s.add(slip("last"), time.Now())
	run(t, s, quick(p.Path()))
	s.reaches(t, last, terminal.JobPrinted)
	for id, state := range want {
		if got := s.job(id).State; got != state {
			t.Errorf("job %d is %s after the restart, want %s", id, got, state)
		}
	}
	if got := p.Bytes(); !bytes.Equal(got, append(slip("queued"), slip("last")...)) {
		t.Errorf("printed %q", got)
	}
}

func TestTerminalStopsInTheMiddle(t *testing.T) {
	// Broken in the shop: the window is closed while a slip is printing, and at the next start it comes again.
	p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: 500})
	s := newSpool()
	w, stop := run(t, s, quick(p.Path()))
	id := s.add(slip("stopped"), time.Now())
	w.Nudge()
	eventually(t, "half of it is out", func() bool { return !p.HasPaper() })
	stop()
	if job := s.job(id); job.State != terminal.JobUnconfirmed || job.Detail != terminal.DetailStopped {
		t.Fatalf("after the stop: %s %s", job.State, job.Detail)
	}
	p.Refill(0)
	second := s.add(slip("second"), time.Now())
	run(t, s, quick(p.Path()))
	s.reaches(t, second, terminal.JobPrinted)
	if bytes.Count(p.Bytes(), []byte("stopped row 00")) != 1 {
		t.Errorf("printed %q", p.Bytes())
	}
}

func TestPlugIsPulledInTheMiddle(t *testing.T) {
	// Broken in the shop: after a loose plug nothing prints any more until somebody restarts the terminal.
	p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: 500})
	s := newSpool()
	w, _ := run(t, s, quick(p.Path()))
	id := s.add(slip("pulled"), time.Now())
	w.Nudge()
	eventually(t, "half of it is out", func() bool { return !p.HasPaper() })
	p.Unplug()
	if job := s.reaches(t, id, terminal.JobUnconfirmed); job.Detail != terminal.DetailLost {
		t.Errorf("detail %s", job.Detail)
	}
	eventually(t, "missing", func() bool { return w.Status().State == printer.StateMissing })
	second := s.add(slip("second"), time.Now())
	w.Nudge()
	p.PowerOff()
	p.Refill(0)
	p.PowerOn()
	if err := p.Plug(); err != nil {
		t.Fatal(err)
	}
	s.reaches(t, second, terminal.JobPrinted)
	if bytes.Count(p.Bytes(), []byte("pulled row 00")) != 1 {
		t.Errorf("printed %q", p.Bytes())
	}
}

func TestNothingIsSentToAPrinterThatIsNotWell(t *testing.T) {
	// Broken in the shop: slips vanish into a printer that was off, or open.
	cases := map[string]struct{ spoil, mend func(*fakeprinter.Printer) }{
		"cover": {(*fakeprinter.Printer).OpenCover, (*fakeprinter.Printer).CloseCover},
		"power": {(*fakeprinter.Printer).PowerOff, (*fakeprinter.Printer).PowerOn},
		"plug":  {(*fakeprinter.Printer).Unplug, func(p *fakeprinter.Printer) { p.Plug() }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := fake(t, fakeprinter.Options{})
			c.spoil(p)
			s := newSpool()
			w, _ := run(t, s, quick(p.Path()))
			id := s.add(slip("waits"), time.Now())
			w.Nudge()
			eventually(t, "says that it needs somebody", func() bool { return w.Status().Needs() })
			if state := s.job(id).State; state != terminal.JobQueued {
				t.Errorf("the slip is %s", state)
			}
			c.mend(p)
			s.reaches(t, id, terminal.JobPrinted)
			if !bytes.Equal(p.Bytes(), slip("waits")) {
				t.Errorf("printed %q", p.Bytes())
			}
		})
	}
}

func TestStaffCancelAStalledSlip(t *testing.T) {
	// Broken in the shop: one slip that does not move blocks all that follow, and nothing helps but the power switch.
	p := fake(t, fakeprinter.Options{Buffer: 500, NoXOFF: true})
	s := newSpool()
	big := bytes.Repeat([]byte(".................................................................\n"), 400)
	w, _ := run(t, s, func() printer.Config { c := quick(p.Path()); c.Boundaries = nil; return c }())
	first := s.add(slip("well"), time.Now())
	w.Nudge()
	s.reaches(t, first, terminal.JobPrinted)
	p.Stall()
	id := s.add(big, time.Now())
	w.Nudge()
	// A stalled printer may be caught before the slip or in the middle of it.
	eventually(t, "says so", func() bool {
		state := w.Status().State
		return state == printer.StateStalled || state == printer.StateSilent
	})
	if s.job(id).State == terminal.JobSending && !w.Cancel(id) {
		t.Error("the slip on its way cannot be cancelled")
	}
	p.Resume()
	s.reaches(t, id, terminal.JobAbandoned, terminal.JobPrinted)
	next := s.add(slip("next"), time.Now())
	w.Nudge()
	s.reaches(t, next, terminal.JobPrinted)
}

func TestOldAndHeldSlipsWaitForStaff(t *testing.T) {
	// Broken in the shop: in the morning the printer is switched on and spits out yesterday's slips.
	p := fake(t, fakeprinter.Options{})
	s := newSpool()
	old := s.add(slip("old"), time.Now().Add(-11*time.Minute))
	held := s.add(slip("held"), time.Now())
	s.jobs[held-1].Hold = true
	fresh := s.add(slip("fresh"), time.Now())
	w, _ := run(t, s, quick(p.Path()))
	s.reaches(t, fresh, terminal.JobPrinted)
	if s.job(old).State != terminal.JobQueued || s.job(held).State != terminal.JobQueued {
		t.Error("printed without anybody asking")
	}
	s.mu.Lock()
	s.jobs[old-1].Released = time.Now()
	s.jobs[held-1].Hold = false
	s.mu.Unlock()
	w.Nudge()
	s.reaches(t, old, terminal.JobPrinted)
	s.reaches(t, held, terminal.JobPrinted)
}

func TestPrintersThatCannotGiveTheirWord(t *testing.T) {
	// Broken in the shop: "printed" on the screen for a printer that never said so.
	for name, options := range map[string]fakeprinter.Options{"mute": {Mute: true}, "no word": {NoWord: true}} {
		t.Run(name, func(t *testing.T) {
			p := fake(t, options)
			s := newSpool()
			config := quick(p.Path())
			config.Status, config.Word = "try", "paper"
			w, _ := run(t, s, config)
			for i := range 2 {
				id := s.add(slip(name), time.Now())
				w.Nudge()
				eventually(t, "sent, check the paper", func() bool {
					job := s.job(id)
					return job.State == terminal.JobSent && job.Detail == terminal.DetailNoWord
				})
				eventually(t, "all of it is out", func() bool { return bytes.Equal(p.Bytes(), bytes.Repeat(slip(name), i+1)) })
			}
		})
	}
}

func TestNoiseIsNotTheWord(t *testing.T) {
	// Broken in the shop: a bad cable makes bytes that pass for the printer's word.
	p := fake(t, fakeprinter.Options{Babbles: true, PaperFor: 700})
	s := newSpool()
	w, _ := run(t, s, quick(p.Path()))
	id := s.add(slip("noise"), time.Now())
	w.Nudge()
	eventually(t, "paper out", func() bool { return w.Status().Paper == printer.PaperOut })
	if state := s.job(id).State; state == terminal.JobPrinted {
		t.Fatal("printed by noise")
	}
	p.Refill(0)
	s.reaches(t, id, terminal.JobPrinted)
	if !bytes.Equal(p.Bytes(), slip("noise")) {
		t.Errorf("printed %q", p.Bytes())
	}
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	// Broken in the shop: "printer is off" while the till has it, and somebody crawls below the counter for nothing.
	for state, err := range map[printer.State]error{printer.StateBusy: printer.ErrBusy, printer.StateDenied: printer.ErrDenied, printer.StateMissing: printer.ErrMissing} {
		var broken atomic.Bool
		broken.Store(true)
		p := fake(t, fakeprinter.Options{})
		config := quick(p.Path())
		config.Open = func(target string) (printer.Port, error) {
			if broken.Load() {
				return nil, fmt.Errorf("%w (%s)", err, target)
			}
			return printer.Open(target)
		}
		if looked := printer.Look(t.Context(), config); looked.State != state || !looked.Needs() {
			t.Errorf("looked at: %+v, want %s", looked, state)
		}
		s := newSpool()
		id := s.add(slip(string(state)), time.Now())
		w, _ := run(t, s, config)
		eventually(t, string(state), func() bool { return w.Status().State == state && w.Status().Needs() })
		if now := s.job(id).State; now != terminal.JobQueued {
			t.Errorf("the slip is %s", now)
		}
		broken.Store(false)
		s.reaches(t, id, terminal.JobPrinted)
	}
}

func TestLookingPrintsNothing(t *testing.T) {
	// Broken in the shop: every check of the printer feeds paper, or says that it is well with its cover open.
	p := fake(t, fakeprinter.Options{})
	config := quick(p.Path())
	if now := printer.Look(t.Context(), config); now.State != printer.StateReady || now.Paper != printer.PaperOK {
		t.Errorf("a printer that is well: %+v", now)
	}
	p.OpenCover()
	if now := printer.Look(t.Context(), config); now.State != printer.StateWaiting || now.Cover != printer.CoverOpen {
		t.Errorf("an open one: %+v", now)
	}
	p.PowerOff()
	if now := printer.Look(t.Context(), config); now.State != printer.StateSilent {
		t.Errorf("one that is off: %+v", now)
	}
	if len(p.Bytes()) != 0 {
		t.Errorf("printed %q", p.Bytes())
	}
	file := filepath.Join(t.TempDir(), "slips.bin")
	if now := printer.Look(t.Context(), printer.Config{Target: "file:" + file}); now.State != printer.StateUnknown {
		t.Errorf("a file: %+v", now)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("looking made the file")
	}
	nowhere := printer.Config{Target: "file:" + filepath.Join(filepath.Dir(file), "gone", "slips.bin")}
	if now := printer.Look(t.Context(), nowhere); now.State != printer.StateMissing || !now.Needs() {
		t.Errorf("a file in a folder that is not there: %+v", now)
	}
}

func TestPrinterThatFallsSilentIsNotCalledUnplugged(t *testing.T) {
	// Broken in the shop: the plug is looked for while the printer only hangs.
	p := fake(t, fakeprinter.Options{})
	s := newSpool()
	w, _ := run(t, s, quick(p.Path()))
	first := s.add(slip("well"), time.Now())
	w.Nudge()
	s.reaches(t, first, terminal.JobPrinted)
	p.Refill(300)
	id := s.add(slip("hangs"), time.Now())
	w.Nudge()
	eventually(t, "half of it is out", func() bool { return !p.HasPaper() })
	p.Stall()
	if job := s.reaches(t, id, terminal.JobUnconfirmed); job.Detail != terminal.DetailLost {
		t.Errorf("unconfirmed with %s", job.Detail)
	}
	eventually(t, "silent", func() bool { return w.Status().State == printer.StateSilent })
}

func TestTwoCopiesAreTwice(t *testing.T) {
	// Broken in the shop: the shop's own copy is missing, or the drawer springs open twice.
	p := fake(t, fakeprinter.Options{})
	s := newSpool()
	const kick = "\x1bp\x00\x19\xfa"
	id := s.add(append([]byte(kick), slip("copy")...), time.Now())
	s.jobs[id-1].Copies = 2
	config := quick(p.Path())
	config.Copy = func(data []byte) []byte { return bytes.Replace(data, []byte(kick), nil, 1) }
	run(t, s, config)
	s.reaches(t, id, terminal.JobPrinted)
	if want := append([]byte(kick), bytes.Repeat(slip("copy"), 2)...); !bytes.Equal(p.Bytes(), want) {
		t.Errorf("printed %d bytes, want %d", len(p.Bytes()), len(want))
	}
}

func TestStoppingDoesNotWaitForAPortThatOpensForEver(t *testing.T) {
	// Broken in the shop: closing the counter, or the next redemption by command, hangs while a network printer's address leads nowhere.
	opening, late := make(chan struct{}), make(chan struct{})
	config := printer.Config{Target: "tcp:192.0.2.1", Open: func(string) (printer.Port, error) {
		close(opening)
		<-late
		return nil, printer.ErrMissing
	}}
	s := newSpool()
	s.add(slip("waits"), time.Now())
	_, stop := run(t, s, config)
	<-opening
	stop() // returns though the port is still being opened
	close(late)
	if job := s.job(1); job.State != terminal.JobQueued {
		t.Errorf("the slip is %s", job.State)
	}
}

func TestManySlipsThroughASlowPrinter(t *testing.T) {
	// Broken in the shop: on a busy evening rows of one slip stand in another, or are missing; after a week the terminal is slow.
	count := 200
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		count = 10_000
	}
	p := fake(t, fakeprinter.Options{Buffer: 700, Speed: 400_000})
	s := newSpool()
	config := quick(p.Path())
	config.Timing = printer.Timing{Poll: 20 * time.Millisecond} // nothing fails here: on a busy computer everything may take its time
	w, _ := run(t, s, config)
	var want []byte
	goroutines := 0
	for i := range count {
		data := slip(fmt.Sprint("evening ", i))
		want = append(want, data...)
		id := s.add(data, time.Now())
		w.Nudge()
		s.reaches(t, id, terminal.JobPrinted)
		if i == 20 {
			goroutines = runtime.NumGoroutine()
		}
	}
	if !bytes.Equal(p.Bytes(), want) {
		t.Errorf("printed %d bytes, want %d", len(p.Bytes()), len(want))
	}
	if now := runtime.NumGoroutine(); now > goroutines+3 {
		t.Errorf("%d goroutines after %d slips, %d at the beginning", now, count, goroutines)
	}
}
