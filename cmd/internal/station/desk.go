package station

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"countersign/cmd/internal/control"
	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/printer"
)

// Desk is what a data folder can be asked to do by whoever has it and by whoever has not: a Station does it itself, a Neighbour has it done by
// the counter that is running. What only reads is a Reader's, and redeeming is the holder's alone.
type Desk interface {
	// Sync pushes and pulls once, and goes on trying for wait. The error is why the cloud does not have everything.
	Sync(ctx context.Context, wait time.Duration) error
	// Reprint makes a slip once more, for an operator who signs in; "" for nobody, where nobody has to. A finding says that he may not.
	Reprint(ctx context.Context, uid terminal.UID, operator, pin string) (*terminal.Finding, error)
	TestPage(ctx context.Context) (terminal.SpoolJob, error)
	// Print sees one slip through the printer, for at most patience, and returns what became of it.
	Print(ctx context.Context, id int64, patience time.Duration) (terminal.SpoolJob, error)
	// ReleaseJob has a slip printed that waits for a yes, and MarkJob is a person's word on one; both want to know who says so, as Reprint
	// does. A slip that is on its way is cancelled by moving it to terminal.JobAbandoned.
	ReleaseJob(ctx context.Context, id int64, operator, pin string) (*terminal.Finding, error)
	MarkJob(ctx context.Context, id int64, from, to terminal.JobState, operator, pin string) (*terminal.Finding, error)
	Devices(ctx context.Context) (Devices, error)
}

// ErrSignIn says that nobody signed in for something, where the store wants to know who does it.
var ErrSignIn = errors.New("nobody is signed in, and this store wants to know who is at the counter")

// Devices are how the printer and the scanners of a counter that is running are.
type Devices struct {
	Printer  printer.Status `json:"printer"`
	Scanners ScannersThere  `json:"scanners"`
}

// ScannersThere is how many of the scanners that have lines of their own are there.
type ScannersThere struct {
	There     int  `json:"there"`
	All       int  `json:"all"`
	Listening bool `json:"listening"` // somebody reads them
}

// Sync implements Desk.
func (s *Station) Sync(ctx context.Context, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	var backoff cloudsync.Backoff
	for {
		err := s.Pump.Once(ctx)
		if err == nil {
			if err := s.leases.Once(ctx); err != nil { // the cloud has everything all the same
				s.Log.Warn("the leases could not be seen to", "error", err.Error())
			}
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		var refused *cloudsync.Refusal
		pause := min(backoff.Next(0), 2*time.Second)
		if time.Now().Add(pause).After(deadline) || (errors.As(err, &refused) && refused.Status < 500) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Reprint implements Desk.
func (s *Station) Reprint(ctx context.Context, uid terminal.UID, operator, pin string) (*terminal.Finding, error) {
	who, finding, err := s.signedIn(ctx, operator, pin)
	if err != nil || finding != nil {
		return finding, err
	}
	_, err = s.PrintAgain(ctx, uid, who)
	return nil, err
}

// ReleaseJob implements Desk.
func (s *Station) ReleaseJob(ctx context.Context, id int64, operator, pin string) (*terminal.Finding, error) {
	who, finding, err := s.signedIn(ctx, operator, pin)
	if err != nil || finding != nil {
		return finding, err
	}
	return nil, s.PrintNow(ctx, id, who)
}

// MarkJob implements Desk.
func (s *Station) MarkJob(ctx context.Context, id int64, from, to terminal.JobState, operator, pin string) (*terminal.Finding, error) {
	who, finding, err := s.signedIn(ctx, operator, pin)
	if err != nil || finding != nil {
		return finding, err
	}
	return nil, s.SettleSlip(ctx, id, from, to, who)
}

// Devices implements Desk.
func (s *Station) Devices(context.Context) (Devices, error) {
	return Devices{s.Printer.Status(), s.scannersThere()}, nil
}

// The names of what can be asked over the socket.
const (
	doSync    = "sync"
	doReprint = "reprint"
	doTest    = "test_page"
	doPrint   = "print"
	doRelease = "release"
	doMark    = "mark"
	doDevices = "devices"
)

// withDesk is what goes along with a request; each uses what it needs.
type withDesk struct {
	WaitMillis int64             `json:"wait_ms,omitempty"`
	UID        *terminal.UID     `json:"uid,omitempty"`
	Operator   string            `json:"operator,omitempty"`
	PIN        string            `json:"pin,omitempty"` // stays on this computer, and is never logged
	Job        int64             `json:"job,omitempty"`
	From       terminal.JobState `json:"from,omitempty"`
	To         terminal.JobState `json:"to,omitempty"`
}

func (w withDesk) wait() time.Duration { return time.Duration(w.WaitMillis) * time.Millisecond }

// slipHeard is of a slip what is told of it over the socket; its bytes are the holder's business.
type slipHeard struct {
	ID       int64             `json:"id"`
	State    terminal.JobState `json:"state"`
	Detail   string            `json:"detail,omitempty"`
	Hold     bool              `json:"hold,omitempty"`
	Made     time.Time         `json:"made,omitzero"`
	Released time.Time         `json:"released,omitzero"`
	Changed  time.Time         `json:"changed,omitzero"`
}

func tellSlip(job terminal.SpoolJob, err error) (any, error) {
	return slipHeard{job.ID, job.State, job.Detail, job.Hold, job.Made, job.Released, job.Changed}, err
}

func (h slipHeard) job() terminal.SpoolJob {
	return terminal.SpoolJob{ID: h.ID, PrintJob: terminal.PrintJob{Hold: h.Hold}, State: h.State, Detail: h.Detail,
		Made: h.Made, Released: h.Released, Changed: h.Changed}
}

// signed answers what somebody signs in for.
type signed struct {
	Refused *terminal.Finding `json:"refused,omitempty"`
}

// desk answers other programs with what the station does.
func (s *Station) desk() map[string]control.Handler {
	do := func(work func(context.Context, withDesk) (any, error)) control.Handler {
		return func(ctx context.Context, raw json.RawMessage) (any, error) {
			var with withDesk
			if err := json.Unmarshal(raw, &with); err != nil {
				return nil, &control.Failure{Kind: control.KindUnknown, Text: "the request cannot be read"}
			}
			done, err := work(ctx, with)
			return done, told(err)
		}
	}
	return map[string]control.Handler{
		doSync: do(func(ctx context.Context, w withDesk) (any, error) { return nil, s.Sync(ctx, w.wait()) }),
		doReprint: do(func(ctx context.Context, w withDesk) (any, error) {
			if w.UID == nil {
				return nil, terminal.ErrUnknown
			}
			refused, err := s.Reprint(ctx, *w.UID, w.Operator, w.PIN)
			return signed{refused}, err
		}),
		doTest:  do(func(ctx context.Context, _ withDesk) (any, error) { return tellSlip(s.TestPage(ctx)) }),
		doPrint: do(func(ctx context.Context, w withDesk) (any, error) { return tellSlip(s.Print(ctx, w.Job, w.wait())) }),
		doRelease: do(func(ctx context.Context, w withDesk) (any, error) {
			refused, err := s.ReleaseJob(ctx, w.Job, w.Operator, w.PIN)
			return signed{refused}, err
		}),
		doMark: do(func(ctx context.Context, w withDesk) (any, error) {
			refused, err := s.MarkJob(ctx, w.Job, w.From, w.To, w.Operator, w.PIN)
			return signed{refused}, err
		}),
		doDevices: do(func(ctx context.Context, _ withDesk) (any, error) { return s.Devices(ctx) }),
	}
}

// kinds are the errors that keep their meaning over the socket.
var kinds = map[string]error{
	"unknown": terminal.ErrUnknown, "sign_in": ErrSignIn, "not_joined": terminal.ErrNotJoined, "no_answer": terminal.ErrNoAnswer,
}

// told is an error as it goes over the socket.
func told(err error) error {
	for kind, is := range kinds {
		if errors.Is(err, is) {
			return &control.Failure{Kind: kind, Text: err.Error()}
		}
	}
	return err
}

// heard is an error that came over the socket.
func heard(err error) error {
	var failure *control.Failure
	if !errors.As(err, &failure) {
		return err
	}
	if is, ok := kinds[failure.Kind]; ok {
		return meaning{failure.Text, is}
	}
	return failure
}

// meaning is an error with the words of another program.
type meaning struct {
	text string
	is   error
}

func (m meaning) Error() string { return m.text }
func (m meaning) Unwrap() error { return m.is }

// Neighbour is the Desk of a counter that is running.
type Neighbour struct{ folder string }

// deviceSoon is how long a counter that is running has to say how its devices are, and to be found.
const deviceSoon = 2 * time.Second

// FindNeighbour is the counter that has a data folder, or control.ErrNobody where it is no counter that answers.
func FindNeighbour(ctx context.Context, folder string) (*Neighbour, error) {
	n := &Neighbour{folder}
	soon, cancel := context.WithTimeout(ctx, deviceSoon)
	defer cancel()
	_, err := n.Devices(soon)
	return n, err
}

func (n *Neighbour) ask(ctx context.Context, do string, with withDesk, into any) error {
	return heard(control.Call(ctx, n.folder, do, with, into))
}

// Sync implements Desk.
func (n *Neighbour) Sync(ctx context.Context, wait time.Duration) error {
	return n.ask(ctx, doSync, withDesk{WaitMillis: wait.Milliseconds()}, nil)
}

// Reprint implements Desk.
func (n *Neighbour) Reprint(ctx context.Context, uid terminal.UID, operator, pin string) (*terminal.Finding, error) {
	var done signed
	err := n.ask(ctx, doReprint, withDesk{UID: &uid, Operator: operator, PIN: pin}, &done)
	return done.Refused, err
}

// TestPage implements Desk.
func (n *Neighbour) TestPage(ctx context.Context) (terminal.SpoolJob, error) {
	var slip slipHeard
	err := n.ask(ctx, doTest, withDesk{}, &slip)
	return slip.job(), err
}

// Print implements Desk.
func (n *Neighbour) Print(ctx context.Context, id int64, patience time.Duration) (terminal.SpoolJob, error) {
	var slip slipHeard
	err := n.ask(ctx, doPrint, withDesk{Job: id, WaitMillis: patience.Milliseconds()}, &slip)
	return slip.job(), err
}

// ReleaseJob implements Desk.
func (n *Neighbour) ReleaseJob(ctx context.Context, id int64, operator, pin string) (*terminal.Finding, error) {
	var done signed
	err := n.ask(ctx, doRelease, withDesk{Job: id, Operator: operator, PIN: pin}, &done)
	return done.Refused, err
}

// MarkJob implements Desk.
func (n *Neighbour) MarkJob(ctx context.Context, id int64, from, to terminal.JobState, operator, pin string) (*terminal.Finding, error) {
	var done signed
	err := n.ask(ctx, doMark, withDesk{Job: id, From: from, To: to, Operator: operator, PIN: pin}, &done)
	return done.Refused, err
}

// Devices implements Desk.
func (n *Neighbour) Devices(ctx context.Context) (Devices, error) {
	var devices Devices
	err := n.ask(ctx, doDevices, withDesk{}, &devices)
	return devices, err
}

var (
	_ Desk = (*Station)(nil)
	_ Desk = (*Neighbour)(nil)
)
