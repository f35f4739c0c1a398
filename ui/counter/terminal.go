// Package counter is the cashier's screen. What it shows is a function of a State; what happens to the State is a function too, Step,
// which knows neither Fyne nor a clock and can be read top to bottom: step.go. Counter carries out what Step orders, away from the
// window's goroutine, and draws.
package counter

import (
	"context"
	"time"

	"countersign/terminal"
)

// Terminal is what the screen asks of the terminal. *terminal.Terminal has all of it; of slips that wait it knows nothing.
type Terminal interface {
	Scan(ctx context.Context, req terminal.Request) (terminal.Outcome, error)
	Redeem(ctx context.Context, req terminal.Request) (terminal.Outcome, error)
	Reverse(ctx context.Context, reversal terminal.Reversal) (terminal.Outcome, error)
	ReversibleUntil(ctx context.Context, record terminal.Record, operator *terminal.Operator) (time.Time, error)
	Agree(ctx context.Context, operator *terminal.Operator, operatorID, pin string) (*terminal.Operator, *terminal.Finding, error)
	Operators(ctx context.Context) ([]terminal.Operator, error)
	Recent(ctx context.Context, limit int) ([]terminal.Record, error)
	// Reprint prints a slip again: the original where that was never begun, and then its record is returned.
	Reprint(ctx context.Context, uid terminal.UID, operator *terminal.Operator) (terminal.Record, error)
	Settings(ctx context.Context) (terminal.Settings, error)
}

// Rows finds the voucher and the campaign of a journal entry's line, for its name. terminal.Cache has it.
type Rows interface {
	Find(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error)
}

// Past is one recent redemption or reversal, with what the journal's entry alone does not say.
type Past struct {
	Record terminal.Record
	Name   terminal.Text // of the campaign
	Holder string
	Lines  []terminal.OrderLine // of an order: what its lines are called
	Until  time.Time            // until when it can be undone; zero where it cannot
}

// stuck reports that nothing is printed before somebody has done something.
func (p Paper) stuck() bool {
	return p == PaperOut || p == PaperOpen || p == PaperGone || p == PaperBusy || p == PaperWrong
}

// Line is the state of the connection to the cloud.
type Line string

// The states of the line.
const (
	LineUnknown Line = "unknown" // nothing was tried yet
	LineUp      Line = "up"
	LineDown    Line = "down"
	LineStore   Line = "store"   // the cloud does not answer, and the store's hub does
	LineRefused Line = "refused" // the cloud answers, and will not have this terminal
)

// Paper is the state of the printer.
type Paper string

// The states of the printer.
const (
	PaperUnknown Paper = "unknown" // it cannot say: look at the paper
	PaperReady   Paper = "ready"
	PaperLow     Paper = "low"
	PaperOut     Paper = "out"
	PaperOpen    Paper = "open"  // the cover
	PaperGone    Paper = "gone"  // off or unplugged
	PaperWrong   Paper = "wrong" // what the configuration says of it is no place to print
	PaperBusy    Paper = "busy"  // another program holds the port
	PaperNone    Paper = "none"  // there is no printer by choice
)

// Reader is the state of the scanner.
type Reader string

// The states of the scanner.
const (
	ReaderKeyboard Reader = "keyboard" // it types; whether it is plugged in cannot be known
	ReaderReady    Reader = "ready"
	ReaderGone     Reader = "gone"
)

// Status is what the bar at the bottom says.
type Status struct {
	Line     Line
	Pending  int64 // entries that the cloud has not yet
	Oldest   time.Time
	LastSync time.Time
	Paper    Paper
	Slips    int // slips that wait for somebody to decide
	Queued   int // slips that wait for the printer
	Reader   Reader
	Barred   Barred
	// Unset says that the configuration is broken and was left out.
	Unset   bool
	Filling int // percent of a first fill that is on its way; 0 for none
}

// Barred is why a counter honours nothing, or only what the cloud confirms: "" for no reason.
type Barred string

// The reasons. Those that are not listed here are terminal's Barred… strings.
const (
	BarredStopped Barred = "stopped"      // an entry that the cloud can never take: nothing is honoured
	BarredTrouble Barred = "trouble"      // the cloud does not take the journal
	BarredUnknown Barred = "not_enrolled" // it was restored from a backup and does not know the terminal: a new join code is needed
)

// waitingSlips is how many slips do not come out by themselves. With a printer that works, what is queued is on its way.
func (s Status) waitingSlips() int {
	if s.Paper.stuck() || s.Paper == PaperNone {
		return s.Slips + s.Queued
	}
	return s.Slips
}
