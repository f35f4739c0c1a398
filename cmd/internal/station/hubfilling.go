package station

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
)

// hubFillFolder keeps what was loaded of the hub's own first fill.
const hubFillFolder = "hub-first-fill"

// hubFillingEvery is how often the cloud is told how far the filling of the hub is.
const hubFillingEvery = 5 * time.Second

// tellHubFilling returns who is told how far the copy is that this terminal keeps as the store's hub, nil once it is filled. Whoever reads the
// data folder sees it, and the cloud's people do: told hears the newest.
func (s *Station) tellHubFilling(told chan *Filling) func(*cloudsync.Progress) {
	var last Filling
	tell := func(now *Filling) {
		select {
		case <-told: // it is out of date
		default:
		}
		told <- now
	}
	return func(p *cloudsync.Progress) {
		if p == nil {
			if err := os.Remove(filepath.Join(s.folder, hubFillingName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				s.Log.Warn("what is left of the hub's first fill could not be removed", "error", err.Error())
			}
			last = Filling{}
			s.Log.Info("the hub is filled: it answers its store")
			tell(nil)
			s.hub.Nudge()
			s.notify()
			return
		}
		now := Filling{Stage: fillingStages[p.Stage], Done: p.Done, Total: p.Total, At: time.Now()}
		if now.Stage == last.Stage && now.At.Sub(last.At) < fillingEvery {
			return
		}
		last = now
		text, err := json.Marshal(now)
		if err == nil {
			err = replaceFile(filepath.Join(s.folder, hubFillingName), text, false)
		}
		if err != nil {
			s.Log.Warn("how far the hub's first fill is cannot be shown", "error", err.Error())
		}
		tell(&now)
		s.notify()
	}
}

// reportHubFilling tells the cloud how far the hub's filling is, until ctx is done: not more often than it is worth, and that the hub is ready
// at once, and until the cloud has heard it.
func (s *Station) reportHubFilling(ctx context.Context, told <-chan *Filling) {
	var now *Filling
	for heard := true; ; {
		if heard {
			select {
			case <-ctx.Done():
				return
			case now = <-told:
			}
		}
		heard = s.reportHub(ctx, now) == nil
		if heard && now == nil {
			continue
		}
		pause := time.NewTimer(hubFillingEvery)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				pause.Stop()
				return
			case <-pause.C:
				waiting = false
			case now = <-told:
				heard, waiting = false, now != nil
			}
		}
		pause.Stop()
	}
}

// reportHub tells the cloud how far the hub's filling is, nil where it is over.
func (s *Station) reportHub(ctx context.Context, now *Filling) error {
	ready, err := s.notReady(ctx)
	if err != nil {
		return err
	}
	if ready.Hub = (&api.HubFilling{Ready: true, Percent: 100}); now != nil {
		ready.Hub = &api.HubFilling{Percent: now.Percent()}
	}
	return s.upstream.TellReadiness(ctx, ready)
}
