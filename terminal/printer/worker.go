package printer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/terminal"
)

// Config is what a Worker has to know of its printer. Status, Word and Chunk are facts of the printer's profile.
type Config struct {
	Target string                            // see ParseTarget; "" for no printer
	Open   func(target string) (Port, error) // nil: Open
	Status string                            // "yes": it answers DLE EOT, so that silence means off; "try"; "no"
	Word   string                            // how it says that a slip is printed: "process_id", "paper", "" for never
	Chunk  int                               // bytes written at once; 64 unless said
	// Profile is the printer's; a slip whose bytes were made for another is not sent. "": whatever comes is sent.
	Profile string
	// Boundaries lists where a slip's bytes may be cut without cutting a command, in ascending order; nil: nowhere. With it, a
	// printer that is switched off and on in the middle of a slip is found out.
	Boundaries func(data []byte) []int
	// Copy makes of a slip's bytes those of a further copy, without what must happen once only; nil: the same bytes.
	Copy  func(data []byte) []byte
	Share bool             // hold = false: open for each slip, so that other programs can print too
	Now   func() time.Time // nil: time.Now
	// Changed is told of every change of the status, on the worker's goroutine; it must not block.
	Changed func(Status)
	Log     *slog.Logger // nil: none. No slip's content is ever logged
	Timing  Timing
}

// Timing is how long the worker waits; what is zero gets its default.
type Timing struct {
	Answer  time.Duration // for an answer to DLE EOT: 400 ms
	Poll    time.Duration // between two looks at an idle or waiting printer: 5 s
	Stall   time.Duration // until "takes nothing" is said: 5 s
	Confirm time.Duration // for the printer's word, while it is well: 10 s
	Silence time.Duration // for any answer after a slip, before it counts as lost: 15 s
	Grace   time.Duration // for the slip on its way when the terminal stops: 3 s
}

func (t Timing) orDefault() Timing {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{{&t.Answer, 400 * time.Millisecond}, {&t.Poll, 5 * time.Second}, {&t.Stall, 5 * time.Second}, {&t.Confirm, 10 * time.Second},
		{&t.Silence, 15 * time.Second}, {&t.Grace, 3 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	return t
}

// Worker drains the queue to one printer, one slip after the other.
type Worker struct {
	queue  Queue
	config Config
	nudge  chan struct{}

	mu      sync.Mutex
	status  Status
	current int64         // the job on its way
	cancel  chan struct{} // closed by Cancel

	// What was learnt of the printer since the start; only the worker's goroutine touches these.
	session  *session
	answered bool    // it has answered a status request
	spoke    bool    // it has given its word for a slip
	knows    [5]bool // which questions, DLE EOT n, it has answered
	failures int     // of opening, in a row
	marks    uint32
	account  account
	owing    *move // of a slip, that the disk would not take
}

// move is what became of a slip.
type move struct {
	id       int64
	from, to terminal.JobState
	detail   string
}

// New makes a worker. Nothing is opened before Run.
func New(queue Queue, config Config) *Worker {
	if config.Open == nil {
		config.Open = Open
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Chunk <= 0 {
		config.Chunk = 64
	}
	if config.Copy == nil {
		config.Copy = func(data []byte) []byte { return data }
	}
	if config.Changed == nil {
		config.Changed = func(Status) {}
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.Timing = config.Timing.orDefault()
	w := &Worker{queue: queue, config: config, nudge: make(chan struct{}, 1)}
	w.account.doubt = w.nameless()             // an earlier run may have left something in the printer's memory
	w.marks = uint32(config.Now().UnixMilli()) // an echo from before a restart matches nothing
	w.status = Status{Target: config.Target, State: StateNone, Paper: PaperUnknown, Cover: CoverUnknown, At: config.Now()}
	if config.Target != "" {
		w.status.State = StateUnknown
	}
	return w
}

// Nudge tells the worker that the queue has changed. It never blocks.
func (w *Worker) Nudge() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}

// Status is how the printer is, as far as it was heard of.
func (w *Worker) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Cancel abandons the slip on its way and reports whether it was that job's turn. A job that has not begun is abandoned in the
// journal instead.
func (w *Worker) Cancel(id int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current != id || w.cancel == nil {
		return false
	}
	close(w.cancel)
	w.cancel = nil
	return true
}

// Run recovers what an earlier run left behind, then prints until ctx ends. A slip on its way then has Timing.Grace to finish.
// Where the disk takes nothing, it waits until that does.
func (w *Worker) Run(ctx context.Context) {
	w.recover(ctx)
	defer w.drop()
	for ctx.Err() == nil {
		if !w.step(ctx) && ctx.Err() == nil {
			w.idle(ctx)
		}
	}
	w.settleUp(ctx)
}

// recover looks through what an earlier run left, as often as it takes: before that, nothing may be printed.
func (w *Worker) recover(ctx context.Context) {
	for said := false; ctx.Err() == nil; said = true {
		recovered, err := w.queue.RecoverJobs(ctx)
		switch {
		case err == nil && recovered > 0:
			w.config.Log.Warn("slips may or may not have been printed before the restart", "slips", recovered)
			return
		case err == nil:
			return
		case !said && ctx.Err() == nil:
			w.config.Log.Error("slips left by an earlier start cannot be looked through; it is tried again", "error", err)
		}
		pause := time.NewTimer(w.config.Timing.Poll)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// step prints the next job; false says that there is nothing to do or that it cannot be done now.
func (w *Worker) step(ctx context.Context) bool {
	if w.config.Target == "" || !w.settleUp(ctx) {
		return false
	}
	job, err := w.queue.NextJob(ctx, w.config.Now().Add(-Staleness))
	switch {
	case errors.Is(err, terminal.ErrUnknown):
		return false
	case err != nil:
		if ctx.Err() == nil {
			w.config.Log.Error("the next slip cannot be read", "error", err)
		}
		return false
	case job.Altered:
		return w.mark(ctx, job.ID, terminal.JobQueued, terminal.JobFailed, terminal.DetailAltered)
	case len(job.Bytes) == 0:
		return w.mark(ctx, job.ID, terminal.JobQueued, terminal.JobFailed, terminal.DetailUnprintable)
	case w.config.Profile != "" && job.Profile != "" && job.Profile != w.config.Profile:
		return w.mark(ctx, job.ID, terminal.JobQueued, terminal.JobFailed, terminal.DetailProfile)
	case !w.ready(ctx) || !w.settle(ctx):
		return false
	}
	return w.print(ctx, job)
}

// idle waits for a nudge or the next look. A printer that is kept open is looked at meanwhile.
func (w *Worker) idle(ctx context.Context) {
	if w.config.Share {
		w.drop()
	} else if w.config.Target != "" && w.session == nil && !perJob(w.config.Target) && w.open(ctx) {
		w.look(ctx)
	}
	if err := w.inquire(ctx); err != nil {
		w.drop()
	}
	limit := time.NewTimer(w.config.Timing.Poll)
	defer limit.Stop()
	var answers chan answer
	var gone chan struct{}
	if s := w.session; s != nil {
		answers, gone = s.answers, s.gone
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.nudge:
			return
		case a := <-answers:
			w.overhear(a)
		case <-gone:
			w.drop()
			w.set(func(s *Status) { s.State, s.Online, s.Detail = StateMissing, false, ErrMissing.Error() })
			return
		case <-limit.C:
			if w.session != nil {
				w.look(ctx)
			}
			return
		}
	}
}

// perJob reports a target that is opened for each slip: only looking at a Windows queue would print an empty document.
func perJob(target string) bool {
	t, err := ParseTarget(target)
	return err == nil && (t.Scheme == "winspool" || t.Scheme == "file")
}

// open opens the port where it is not; false says that it cannot be.
func (w *Worker) open(ctx context.Context) bool {
	if w.session != nil {
		return true
	}
	port, err := w.dial(ctx)
	if err != nil {
		if w.failures++; w.failures == 1 {
			w.config.Log.Warn("the printer cannot be opened", "target", w.config.Target, "error", err)
		}
		w.refused(err)
		return false
	}
	w.failures = 0
	s := newSession(port, w.config.Chunk)
	s.heard = w.overhear
	s.paper.Store(w.nameless())
	s.stalled = w.stall
	s.patience = w.config.Timing.Stall
	s.probe = min(probe, s.patience)
	w.session = s
	w.account.asked, w.account.came = 0, 0 // what was on the line is lost
	w.set(func(s *Status) { s.State, s.Detail = StateUnknown, "" })
	return true
}

// dial opens the port, and leaves the attempt behind when ctx ends: a network that swallows what is sent to a printer holds it for seconds.
func (w *Worker) dial(ctx context.Context) (Port, error) {
	type opened struct {
		port Port
		err  error
	}
	ready := make(chan opened, 1)
	go func() {
		port, err := w.config.Open(w.config.Target)
		ready <- opened{port, err}
	}()
	select {
	case o := <-ready:
		return o.port, o.err
	case <-ctx.Done():
		go func() {
			if late := <-ready; late.err == nil {
				late.port.Close()
			}
		}()
		return nil, fmt.Errorf("%w (%s)", ErrMissing, w.config.Target)
	}
}

// refused says why the printer cannot be opened.
func (w *Worker) refused(err error) {
	state := StateMissing
	switch {
	case errors.Is(err, ErrFolder):
		state = StateFolder
	case errors.Is(err, ErrFile):
		state = StateFile
	case errors.Is(err, ErrNoLine):
		state = StateNoLine
	case errors.Is(err, ErrBusy):
		state = StateBusy
	case errors.Is(err, ErrDenied):
		state = StateDenied
	}
	w.set(func(s *Status) {
		s.State, s.Paper, s.Cover, s.Online, s.Fault, s.Detail = state, PaperUnknown, CoverUnknown, false, "", err.Error()
	})
}

// drop closes the port.
func (w *Worker) drop() error {
	s := w.session
	if s == nil {
		return nil
	}
	w.session = nil
	return s.close()
}

// ready opens the printer and has it say that it can print. One that cannot answer is believed.
func (w *Worker) ready(ctx context.Context) bool {
	return w.open(ctx) && w.look(ctx)
}

// mark moves a job; false says that it was not moved. One that has been begun is not forgotten when the disk is full: what became of it
// is kept, and recorded before anything else is printed. What is lost of that by a crash, RecoverJobs makes unconfirmed.
func (w *Worker) mark(ctx context.Context, id int64, from, to terminal.JobState, detail string) bool {
	wanted := move{id, from, to, detail}
	if w.owing != nil && w.owing.id == id {
		wanted.from = w.owing.from
	}
	err := w.queue.MarkJob(context.WithoutCancel(ctx), id, wanted.from, to, detail)
	switch {
	case err == nil:
		w.owing = nil
		w.config.Log.Info("slip", "job", id, "state", to, "detail", detail)
		return true
	case from != terminal.JobQueued && !errors.Is(err, terminal.ErrUnknown):
		if w.owing == nil {
			w.config.Log.Error("a slip's state cannot be recorded; it is tried again", "job", id, "from", from, "to", to, "error", err)
		}
		w.owing = &wanted
		return true
	}
	w.owing = nil
	w.config.Log.Error("a slip's state cannot be recorded", "job", id, "from", from, "to", to, "error", err)
	return false
}

// settleUp records what the disk would not take before; false says that it still does not.
func (w *Worker) settleUp(ctx context.Context) bool {
	if m := w.owing; m != nil {
		w.mark(ctx, m.id, m.from, m.to, m.detail)
	}
	return w.owing == nil
}
