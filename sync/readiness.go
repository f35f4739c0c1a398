package sync

import (
	"context"
	"slices"
	"time"

	"countersign/sync/api"
)

// tellReadinessEvery is how often the cloud is told how this terminal finds itself, where nothing about it changes.
const tellReadinessEvery = 12 * time.Hour

// Readiness has the cloud told how this terminal finds itself: the version of its program, and the names of the checks that fail, none
// where it is ready for offline. It is set before Run.
func (p *Pump) Readiness(ready func(context.Context) (version string, missing []string, err error)) {
	p.ready = ready
}

// news is how this terminal finds itself, where the cloud has to be told; else nil.
func (p *Pump) news(ctx context.Context) *api.Readiness {
	if p.ready == nil {
		return nil
	}
	version, missing, err := p.ready(ctx)
	if err != nil {
		p.log.Warn("whether this terminal is ready for offline is not known", "error", err.Error())
		return nil
	}
	news := &api.Readiness{Version: version, Ready: len(missing) == 0, Missing: append([]string{}, missing...), At: time.Now().UTC()}
	if p.told != nil && p.told.Version == version && slices.Equal(p.told.Missing, news.Missing) && time.Since(p.toldAt).Abs() < tellReadinessEvery {
		return nil
	}
	return news
}
