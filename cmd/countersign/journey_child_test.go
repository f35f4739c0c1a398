package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"countersign/cmd/internal/station"
	"countersign/ui/counter"
)

// journeyVariable turns the test's program into the desktop that the journey looks at.
const journeyVariable = "COUNTERSIGN_JOURNEY"

func TestMain(m *testing.M) {
	if os.Getenv(journeyVariable) != "" {
		os.Exit(report(os.Stderr, desktop()))
	}
	os.Exit(m.Run())
}

// sight is what can be seen in the window.
type sight struct {
	Phase    counter.Phase
	Sheet    counter.Sheet
	Waiting  int
	Code     string // the last symbols of the one in hand
	SignedIn bool
	PIN      bool // a PIN is asked for
	Typed    int
	Past     int
	Behind   bool
	Reason   string
	Asks     string // what is asked for
	Scans    int    // on the bill in hand
	Lines    int    // vouchers of the answer
	Order    int    // vouchers of the order that are open as well
	Parts    int    // lines of an order to collect
	Handed   int    // of them
}

// desktop runs the counter as main does, and writes each change of what can be seen as a line of JSON.
func desktop() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opened, err := station.Open(ctx, station.Config{Folder: os.Getenv("COUNTERSIGN_DATA"), Program: "countersign"})
	if err != nil {
		return err
	}
	opened.Start(ctx)
	m := New(app.NewWithID(appID), opened, Options{Language: "en", Theme: "light"})
	out := json.NewEncoder(os.Stdout)
	go look(ctx, m, func(s sight) {
		if err := out.Encode(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	m.Run(ctx)
	if err := m.Close(); err != nil {
		return err
	}
	return opened.Close()
}

func look(ctx context.Context, m *Main, write func(sight)) {
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	var last sight
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		fyne.Do(func() {
			s := m.screen.Counter().State()
			now := sight{Phase: s.Phase, Sheet: s.Sheet, Waiting: len(s.Waiting), Code: s.Outcome.Masked, SignedIn: s.Operator != nil,
				PIN: s.Entry() == counter.PINEntry, Typed: len(s.Typed), Past: len(s.Past), Behind: s.Behind,
				Reason: string(s.Outcome.Reason()), Scans: len(s.Request.Scans), Lines: len(s.Outcome.Lines), Order: len(s.Outcome.Order), Parts: len(s.Parts)}
			if ask, asked := s.Asking(); asked {
				now.Asks = string(ask.Missing)
			}
			for _, part := range s.Parts {
				if part.Handed {
					now.Handed++
				}
			}
			if now != last {
				last = now
				write(now)
			}
		})
	}
}
