package station

import (
	"context"
	"errors"
	"slices"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/escpos"
	"countersign/terminal/printer"
)

// Linger spends a bounded time on what a command that has given its answer leaves behind: news for the cloud while the line is up, and
// slips for the printer. What is not done in that time stays in line and is lost to nobody.
func (s *Station) Linger(ctx context.Context, push, print time.Duration) {
	s.lingerPush(ctx, push)
	s.lingerPrint(ctx, print)
}

func (s *Station) lingerPush(ctx context.Context, limit time.Duration) {
	if s.hub.Alive() { // so that the next counter is told where it was used, and not that it is being used
		limited, cancel := context.WithTimeout(ctx, min(cloudsync.Budget, limit))
		if err := s.hub.Leave(limited); err != nil {
			s.Log.Info("the hub has not taken the journal yet", "error", err.Error())
		}
		cancel()
	}
	counts, err := s.Journal.Counts(ctx)
	if err != nil || counts.Pending == 0 {
		return
	}
	budget, ok := s.breaker.Allow()
	if !ok {
		return
	}
	limited, cancel := context.WithTimeout(ctx, min(budget, limit))
	defer cancel()
	if err := s.Pump.Push(limited); err != nil {
		s.Log.Info("the journal stays here for now", "error", err.Error())
	}
}

// lingerForPrinter is how long a command that has given its answer waits for the printer to take the slip at all.
const lingerForPrinter = 500 * time.Millisecond

func (s *Station) lingerPrint(ctx context.Context, limit time.Duration) {
	if s.Settings.Printer == "" {
		return
	}
	began := time.Now()
	s.printUntil(ctx, limit, func() bool {
		status := s.Printer.Status()
		switch {
		case status.Job != 0:
			return false
		case status.Needs(), time.Since(began) > lingerForPrinter: // somebody has to go there: the slips wait for him, and nobody waits here
			return true
		}
		_, err := s.Journal.NextJob(ctx, time.Now().Add(-printer.Staleness))
		return errors.Is(err, terminal.ErrUnknown)
	})
}

// Print sees one slip through the printer, for at most patience, and returns what became of it.
func (s *Station) Print(ctx context.Context, id int64, patience time.Duration) (terminal.SpoolJob, error) {
	s.printUntil(ctx, patience, func() bool {
		job, err := s.Journal.Job(ctx, id)
		if err != nil {
			return true
		}
		switch job.State {
		case terminal.JobQueued:
			return s.Settings.Printer == "" || s.Printer.Status().Needs()
		case terminal.JobSending:
			return false
		case terminal.JobSent:
			return job.Detail == terminal.DetailNoWord
		}
		return true
	})
	return s.Journal.Job(ctx, id)
}

// printUntil lets the printer work until done says so. Where the station has not been started, the printer works for just so long.
func (s *Station) printUntil(ctx context.Context, limit time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stopped := make(chan struct{})
	s.mu.Lock()
	started := s.running != nil
	s.mu.Unlock()
	if started {
		close(stopped)
	} else {
		if done() {
			return
		}
		go func() {
			defer close(stopped)
			s.Printer.Run(ctx)
		}()
	}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for ctx.Err() == nil && !done() {
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
	cancel()
	<-stopped
}

// PrinterStatus is how the printer is, as far as it was heard of.
func (s *Station) PrinterStatus() printer.Status { return s.Printer.Status() }

// testPage composes a test page for a kind of printer.
func (s *Station) testPage(settings terminal.Settings, profile escpos.Profile) (terminal.PrintJob, error) {
	return slips{profile: profile}.Compose(terminal.SlipFacts{
		Kind: terminal.SlipTest, Settings: settings,
		Entry: terminal.Entry{Merchant: settings.Merchant.ID, Store: settings.Store.ID, Terminal: settings.Terminal, Wall: s.Clock.Read().Wall},
	})
}

// tryPatience is how long a printer that is tried may take over a page.
const tryPatience = 15 * time.Second

// TryPrinter sends a test page straight to a printer that slips do not go to, past the spool; kind is its profile's id, "" for the one that is set. It
// returns the page, and how the printer was where it could not be opened. printer.ErrTarget says that target is no address.
func (s *Station) TryPrinter(ctx context.Context, target, kind string) (terminal.SpoolJob, printer.Status, error) {
	settings, err := s.Terminal.Settings(ctx)
	if err != nil {
		return terminal.SpoolJob{}, printer.Status{}, err
	}
	profile := s.profile
	if kind != "" {
		profiles, err := Profiles()
		if err == nil {
			profile, err = escpos.Find(profiles, kind)
		}
		if err != nil {
			return terminal.SpoolJob{}, printer.Status{}, err
		}
	}
	job, err := s.testPage(settings, profile)
	if err != nil {
		return terminal.SpoolJob{}, printer.Status{}, err
	}
	page := terminal.SpoolJob{PrintJob: job}
	ctx, cancel := context.WithTimeout(ctx, tryPatience)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- sendTo(target, job.Bytes) }() // a printer that takes nothing holds it, and not even closing its port frees it
	select {
	case err = <-sent:
	case <-ctx.Done():
		return page, printer.Status{State: printer.StateSilent}, ctx.Err()
	}
	if err != nil && !errors.Is(err, printer.ErrTarget) {
		return page, printer.Look(ctx, printer.Config{Target: target}), err
	}
	return page, printer.Status{}, err
}

// sendTo hands bytes to a printer.
func sendTo(target string, page []byte) error {
	port, err := printer.Open(target)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(page, 256) {
		if _, err := port.Write(part); err != nil {
			return errors.Join(err, port.Close())
		}
	}
	return port.Close()
}

// TestPage puts a test page into the spool.
func (s *Station) TestPage(ctx context.Context) (terminal.SpoolJob, error) {
	settings, err := s.Terminal.Settings(ctx)
	if err != nil {
		return terminal.SpoolJob{}, err
	}
	job, err := s.testPage(settings, s.profile)
	if err != nil {
		return terminal.SpoolJob{}, err
	}
	added, err := s.Journal.AddJob(ctx, job)
	if err == nil {
		s.Printer.Nudge()
	}
	return added, err
}
