package station

import (
	"context"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// StoreDay asks the cloud for a business day of the whole store. It takes as long as ctx lets it.
func (s *Station) StoreDay(ctx context.Context, day terminal.Date) (cloudsync.StoreDay, error) {
	return s.upstream.StoreDay(ctx, day)
}

// PauseOffer pauses or resumes an offer in this store, in the cloud; the counters learn it with the feed, and this one soon.
func (s *Station) PauseOffer(ctx context.Context, campaign string, paused bool, manager terminal.Operator) error {
	_, err := s.upstream.PauseOffer(ctx, campaign, paused, manager)
	if err == nil {
		s.Pump.Kick()
	}
	return err
}

// PrintFigures puts a day's figures into the spool.
func (s *Station) PrintFigures(ctx context.Context, figures terminal.Figures, campaigns map[string]terminal.Text) (terminal.SpoolJob, error) {
	settings, err := s.Terminal.Settings(ctx)
	if err != nil {
		return terminal.SpoolJob{}, err
	}
	job, err := slips{profile: s.profile}.Compose(terminal.SlipFacts{
		Kind: terminal.SlipFigures, Settings: settings, Figures: &figures, Campaigns: campaigns,
		Entry: terminal.Entry{Merchant: settings.Merchant.ID, Store: settings.Store.ID, Terminal: settings.Terminal, Wall: s.Clock.Read().Wall},
	})
	if err != nil {
		return terminal.SpoolJob{}, err
	}
	added, err := s.Journal.AddJob(ctx, job)
	if err == nil {
		s.Printer.Nudge()
	}
	return added, err
}
