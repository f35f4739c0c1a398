package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"countersign/terminal/printer"
	"countersign/terminal/scanner"
)

// layoutName is the file that keeps what was learnt of the keyboard scanners when one was calibrated.
const layoutName = "scanner.json"

// Listen reads every scanner that the configuration names, each on its own line, until ctx ends. scan gets each code, from one
// goroutine at a time; it may block. present is told, in the same way, how many of them are there, whenever that changes.
func (r *Reader) Listen(ctx context.Context, scan func(code string), present func(there, all int)) {
	targets := r.Settings.Scanner
	var mu sync.Mutex
	there := make([]bool, len(targets))
	count := 0
	r.noteScanners(ScannersThere{All: len(targets), Listening: true})
	defer r.noteScanners(ScannersThere{All: len(targets)})
	var lines sync.WaitGroup
	for i, target := range targets {
		lines.Go(func() {
			scanner.Serial{
				Open: func() (io.ReadCloser, error) { return printer.Open(target) },
				Scan: func(code string) {
					mu.Lock()
					defer mu.Unlock()
					scan(code)
				},
				Present: func(now bool) {
					mu.Lock()
					defer mu.Unlock()
					if now == there[i] {
						return
					}
					if there[i] = now; now {
						count++
					} else {
						count--
					}
					r.noteScanners(ScannersThere{There: count, All: len(targets), Listening: true})
					present(count, len(targets))
				},
			}.Run(ctx)
		})
	}
	lines.Wait()
}

func (r *Reader) noteScanners(now ScannersThere) {
	r.scanning.Lock()
	defer r.scanning.Unlock()
	r.scanners = now
}

// scannersThere is how the scanners are that Listen reads.
func (r *Reader) scannersThere() ScannersThere {
	r.scanning.Lock()
	defer r.scanning.Unlock()
	return r.scanners
}

// LearntScanner is what was learnt of the keyboard scanner; the zero value, which changes nothing, before that.
func (r *Reader) LearntScanner() (scanner.Learnt, error) { return LearntScanner(r.folder) }

// LearntScanner is what a data folder keeps of the keyboard scanner.
func LearntScanner(folder string) (scanner.Learnt, error) {
	var learnt scanner.Learnt
	text, err := os.ReadFile(filepath.Join(folder, layoutName))
	if errors.Is(err, os.ErrNotExist) {
		return learnt, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &learnt)
	}
	if err != nil {
		return scanner.Learnt{}, fmt.Errorf("what was learnt of the scanner cannot be read; run countersignctl scanner calibrate: %w", err)
	}
	return learnt, nil
}

// KeepScanner stores what was learnt of the keyboard scanner. A counter that is running elsewhere takes it at its next start.
func KeepScanner(folder string, learnt scanner.Learnt) error {
	text, err := json.Marshal(learnt)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folder, layoutName), text, true)
}
