package main

import (
	"context"
	"io"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"countersign/cmd/internal/station"
	cloudsync "countersign/sync"
	"countersign/terminal/printer"
	"countersign/terminal/scanner"
	"countersign/ui/counter"
)

// statusAgain is how often the status is read where nothing has told of a change.
const statusAgain = 20 * time.Second

// watch brings the state of line, printer and scanner to the screen, and the passing of time.
func (m *Main) watch(ctx context.Context) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	again := time.NewTicker(statusAgain) // a line that is up and has nothing to bring changes nothing but the time of the last contact
	defer again.Stop()
	var shown counter.Status
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			fyne.Do(func() { m.screen.Counter().Happen(counter.Ticked{}) })
		case <-again.C:
			m.changed()
		case <-m.status:
			status, err := m.station.Status(ctx)
			if err != nil {
				if ctx.Err() == nil {
					m.station.Log.Error("the status could not be read", "error", err.Error())
				}
				continue
			}
			now := statusOf(status, m.station.PrinterStatus(), m.readers.state())
			now.Unset = m.unset
			if m.station.Journal.Halted() != nil {
				now.Barred = counter.BarredStopped
			}
			refresh := now.Pending != shown.Pending // verdicts come with what the cloud acknowledges
			if now == shown {
				continue
			}
			shown = now
			fyne.Do(func() {
				m.screen.Counter().Happen(counter.StatusChanged{Status: now})
				if refresh {
					m.screen.Counter().Refresh()
				}
			})
		}
	}
}

// statusOf says what a station's status is to a cashier.
func statusOf(s station.Status, p printer.Status, reader counter.Reader) counter.Status {
	status := counter.Status{Line: counter.LineUnknown, Pending: s.Pending.Count, Oldest: s.Pending.Oldest, Slips: s.Printer.Doubtful + s.Printer.Asking, Queued: s.Printer.Queued - s.Printer.Asking,
		LastSync: s.Line.LastContact.Truncate(time.Minute), Reader: reader}
	switch {
	case s.Suspended:
		status.Line = counter.LineRefused
	case s.Line.Online:
		status.Line = counter.LineUp
	case s.Hub != nil && s.Hub.Alive:
		status.Line = counter.LineStore
	case s.Line.Trouble != "" || !s.Line.LastContact.IsZero():
		status.Line = counter.LineDown
	}
	if s.Cache.Filling != nil {
		status.Filling = max(1, s.Cache.Filling.Percent())
	}
	status.Paper = paperOf(p)
	switch {
	case s.Trouble != nil && s.Trouble.Kind == cloudsync.TroubleUnknown:
		status.Barred = counter.BarredUnknown
	case s.Trouble != nil && s.Trouble.Kind != cloudsync.TroubleRefused:
		status.Barred = counter.BarredTrouble
	case s.Barred != nil:
		status.Barred = counter.Barred(s.Barred.Cause)
	}
	return status
}

func paperOf(p printer.Status) counter.Paper {
	switch {
	case p.State == printer.StateNone:
		return counter.PaperNone
	case station.Misnamed(p):
		return counter.PaperWrong
	case p.State == printer.StateMissing, p.State == printer.StateDenied, p.State == printer.StateSilent:
		return counter.PaperGone
	case p.State == printer.StateBusy:
		return counter.PaperBusy
	case p.Paper == printer.PaperOut:
		return counter.PaperOut
	case p.Cover == printer.CoverOpen:
		return counter.PaperOpen
	case p.Paper == printer.PaperLow:
		return counter.PaperLow
	case p.State == printer.StateReady, p.State == printer.StatePrinting:
		return counter.PaperReady
	}
	return counter.PaperUnknown
}

// readers counts the scanners on serial lines, and those of them that are there.
type readers struct {
	mu          sync.Mutex
	all, absent int
}

func (r *readers) state() counter.Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.all == 0:
		return counter.ReaderKeyboard
	case r.absent > 0:
		return counter.ReaderGone
	}
	return counter.ReaderReady
}

func (r *readers) note(all, absent int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.absent = r.all+all, r.absent+absent
}

// listen reads the scanners on serial lines, where there are any, until ctx ends.
func (m *Main) listen(ctx context.Context) {
	for _, target := range m.station.Settings.Scanner {
		m.readers.note(1, 1)
		present := false // told on the one goroutine that reads this scanner
		reader := scanner.Serial{
			Open: func() (io.ReadCloser, error) { return printer.Open(target) },
			Scan: m.Scan,
			Present: func(now bool) {
				if now == present {
					return
				}
				present = now
				m.readers.note(0, map[bool]int{true: -1, false: 1}[now])
				m.changed()
			},
		}
		m.done.Go(func() { reader.Run(ctx) })
	}
}
