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
)

// Filling is how far a first fill has come. Whoever looks at the data folder sees it, also beside the program that fills.
type Filling struct {
	Stage string    `json:"stage"` // "making", "loading" or "storing"
	Done  int64     `json:"done"`  // of total: vouchers while it is made or stored, bytes while it is loaded
	Total int64     `json:"total"`
	At    time.Time `json:"at"` // when it was that far
}

// The stages of a Filling.
const (
	FillingMaking  = "making"
	FillingLoading = "loading"
	FillingStoring = "storing"
)

var fillingStages = map[cloudsync.FillStage]string{
	cloudsync.FillMaking: FillingMaking, cloudsync.FillLoading: FillingLoading, cloudsync.FillStoring: FillingStoring,
}

// Progress is the same as the pump says it.
func (f Filling) Progress() cloudsync.Progress {
	for stage, name := range fillingStages {
		if name == f.Stage {
			return cloudsync.Progress{Stage: stage, Done: f.Done, Total: f.Total}
		}
	}
	return cloudsync.Progress{}
}

// Percent is how much of all three stages is done, from 0 to 99.
func (f Filling) Percent() int {
	stage := int64(f.Progress().Stage) - int64(cloudsync.FillMaking)
	part := int64(0)
	if f.Total > 0 {
		part = min(100, 100*f.Done/f.Total)
	}
	return int(max(0, min(99, (100*stage+part)/3)))
}

// Where the progress of this terminal's own first fill is, and of the copy that it keeps as the store's hub.
const (
	fillingName    = "filling.json"
	hubFillingName = "hub-filling.json"
)

// fillingEvery is how often a step is worth a file: nobody sees more.
const fillingEvery = time.Second

// firstFill is where the first fill comes to. Its steps are shown to tell, and to everybody who reads the data folder.
func (s *Station) firstFill(tell func(cloudsync.Progress)) cloudsync.FirstFill {
	path := filepath.Join(s.folder, fillingName)
	var last Filling
	return cloudsync.FirstFill{
		Folder: s.folder, Merchant: s.Journal.Identity().Merchant,
		Store: func(ctx context.Context, cursor string, next cloudsync.FillNext, progress func(vouchers int64)) error {
			err := s.Cache.Fill(ctx, cursor, next, progress)
			if err == nil {
				last = Filling{}
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					s.Log.Warn("what is left of a first fill could not be removed", "error", err.Error())
				}
			}
			return err
		},
		Progress: func(p cloudsync.Progress) {
			if tell != nil {
				tell(p)
			}
			now := Filling{Stage: fillingStages[p.Stage], Done: p.Done, Total: p.Total, At: time.Now()}
			if now.Stage == last.Stage && now.At.Sub(last.At) < fillingEvery {
				return
			}
			last = now
			text, err := json.Marshal(now)
			if err == nil {
				err = replaceFile(path, text, false)
			}
			if err != nil {
				s.Log.Warn("how far the first fill is cannot be shown", "error", err.Error())
			}
			s.notify()
		},
	}
}

// Filling is how far the first fill of a cache has come that is not filled; nil where none was begun.
func (r *Reader) Filling(ctx context.Context) *Filling {
	fresh, err := r.Cache.Freshness(ctx)
	if err != nil {
		return nil
	}
	return r.filling(fresh.Cursor)
}

// filling is how far the first fill has come; nil where there is none, or it is over.
func (r *Reader) filling(cursor string) *Filling {
	if cursor != "" {
		return nil
	}
	return fillingIn(filepath.Join(r.folder, fillingName))
}

// fillingIn reads how far a fill is; nil where it is over.
func fillingIn(path string) *Filling {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var found Filling
	if json.Unmarshal(text, &found) != nil || found.Progress().Stage == 0 {
		return nil
	}
	return &found
}
