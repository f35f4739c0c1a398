package main

import (
	"context"
	"io"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"countersign/cmd/internal/station"
	"countersign/terminal/printer"
	"countersign/terminal/scanner"
	"countersign/ui/counter"
)

// watch brings the state of line, printer and scanner to the screen, and the passing of time.
func (m *Main) watch(ctx context.Context) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	var shown counter.Status
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			fyne.Do(func() { m.screen.Counter().Happen(counter.Ticked{}) })
		case <-m.status:
			status, err := m.station.Status(ctx)
			if err != nil {
				if ctx.Err() == nil {
					m.station.Log.Error("the status could not be read", "error", err.Error())
				}
				continue
			}
			now := statusOf(status, m.station.PrinterStatus(), m.readerState())
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
	status := counter.Status{Line: counter.LineUnknown, Pending: s.Pending.Count, Oldest: s.Pending.Oldest, Slips: s.Printer.Doubtful,
		LastSync: s.Line.LastContact.Truncate(time.Minute), Reader: reader}
	switch {
	case s.Suspended:
		status.Line = counter.LineRefused
	case s.Line.Online:
		status.Line = counter.LineUp
	case s.Line.Trouble != "" || !s.Line.LastContact.IsZero():
		status.Line = counter.LineDown
	}
	status.Paper = paperOf(p)
	return status
}

func paperOf(p printer.Status) counter.Paper {
	switch {
	case p.State == printer.StateNone:
		return counter.PaperNone
	case p.State == printer.StateMissing, p.State == printer.StateSilent:
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

func (m *Main) readerState() counter.Reader {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reader
}

// listen reads a scanner on a serial line, where there is one.
func (m *Main) listen(ctx context.Context) {
	target := m.station.Settings.Scanner
	if target == "" {
		return
	}
	scanner.Serial{
		Open: func() (io.ReadCloser, error) { return printer.Open(strings.TrimSpace(target)) },
		Scan: m.Scan,
		Present: func(present bool) {
			m.mu.Lock()
			m.reader = counter.ReaderGone
			if present {
				m.reader = counter.ReaderReady
			}
			m.mu.Unlock()
			m.changed()
		},
	}.Run(ctx)
}
