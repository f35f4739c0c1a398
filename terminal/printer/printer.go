// Package printer drains the spool: it takes the slips that the journal holds and brings each to the printer once.
//
// A job goes queued → sending → sent → printed, or ends unconfirmed, failed or abandoned. It is sending on disk before its first
// byte leaves, and from then on never sent again by itself: a slip may be missing and say so, but no second one comes out that
// does not say DUPLICATE. Only the printer's own word makes a job printed; where a printer has none, it stays sent: check the
// paper. Nobody who redeems ever waits for any of this.
package printer

import (
	"context"
	"time"

	"countersign/terminal"
)

// Queue is the durable spool, kept by the journal. Every change is on disk when its method returns.
type Queue interface {
	// NextJob returns the oldest job that is queued, not on hold, and was made or released by staff at or after since;
	// terminal.ErrUnknown when there is none.
	NextJob(ctx context.Context, since time.Time) (terminal.SpoolJob, error)
	// MarkJob moves a job from one state to another and notes detail. terminal.ErrUnknown says that the job is not in the
	// state from any more (staff abandoned it meanwhile); nothing is changed then.
	MarkJob(ctx context.Context, id int64, from, to terminal.JobState, detail string) error
	// RecoverJobs turns, at start, every job left sending into unconfirmed with terminal.DetailRestart, and so every one left
	// sent but for those with terminal.DetailNoWord, whose printer could never have said more. It returns how many.
	RecoverJobs(ctx context.Context) (int64, error)
}

// Staleness is the age after which a job that was never begun waits for staff to print or abandon it.
const Staleness = 10 * time.Minute

// State says in one word how the printer is.
type State string

// The states of a printer.
const (
	StateNone     State = "none"     // no printer is set up
	StateMissing  State = "missing"  // it cannot be opened: unplugged, switched off, wrong name
	StateFolder   State = "folder"   // the address names a folder
	StateFile     State = "file"     // it names a plain file where a device belongs
	StateNoLine   State = "no_line"  // it names a device that is no serial line
	StateBusy     State = "busy"     // another program has it
	StateDenied   State = "denied"   // this account may not open it
	StateSilent   State = "silent"   // it used to answer and does not: switched off, or the cable
	StateUnknown  State = "unknown"  // it can be written to; whether it is well it cannot say
	StateReady    State = "ready"    // it says that it is well
	StateWaiting  State = "waiting"  // it says why it does not print: paper, cover, fault
	StatePrinting State = "printing" // a slip is on its way
	StateStalled  State = "stalled"  // in the middle of a slip it takes no more
)

// Paper is the paper as the printer feels it.
type Paper string

// The states of the paper.
const (
	PaperUnknown Paper = "unknown"
	PaperOK      Paper = "ok"
	PaperLow     Paper = "low"
	PaperOut     Paper = "out"
)

// Cover is the cover, as far as the printer says.
type Cover string

// The states of the cover.
const (
	CoverUnknown Cover = "unknown"
	CoverClosed  Cover = "closed"
	CoverOpen    Cover = "open"
)

// Status is what the status bar and doctor show of a printer.
type Status struct {
	Target string // where it is: "serial:/dev/ttyUSB0"
	State  State
	Paper  Paper
	Cover  Cover
	Online bool   // it said that it is online
	Fault  string // "", "cutter", "error"
	Detail string // one sentence in English, for doctor and the log: why it cannot be opened, say
	Job    int64  // the job on its way, 0 for none
	At     time.Time
}

// Needs says that somebody has to go to the printer.
func (s Status) Needs() bool {
	switch s.State {
	case StateMissing, StateFolder, StateFile, StateNoLine, StateBusy, StateDenied, StateSilent, StateWaiting, StateStalled:
		return true
	}
	return s.Paper == PaperOut || s.Cover == CoverOpen || s.Fault != ""
}
