package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

const (
	pollMemory = 1 << 30 // bytes that a process may need for pollsAll terminals, as the issue says
	pollsAll   = 20_000
	pollsEach  = 2   // connections of a terminal that comes: what it says at its start goes beside its poll
	pollsOther = 500 // files and connections that are no long poll
	pollsSpare = 100 // of those, what nobody who comes may need
	pollsGrow  = 400 // terminals that begin in a second, as counter PCs are not switched on in the same one
)

// idle is a terminal's cache that nothing comes into.
type idle struct {
	mu     sync.Mutex
	cursor string
}

// Freshness implements cloudsync.Cache.
func (i *idle) Freshness(context.Context) (terminal.Freshness, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return terminal.Freshness{Cursor: i.cursor}, nil
}

// Apply implements cloudsync.Cache.
func (i *idle) Apply(_ context.Context, page cloudsync.Page) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cursor = page.Cursor
	return nil
}

// Empty implements cloudsync.Cache.
func (i *idle) Empty(context.Context) error     { return i.Apply(context.Background(), cloudsync.Page{}) }
func (i *idle) Doubt(ctx context.Context) error { return i.Empty(ctx) }

// measurePolls measures the memory of a cloud process on one core while terminals with nothing to do wait at it, each asking again
// every 25 seconds, as they do.
func measurePolls(ctx context.Context, l *lab) (rows []row, err error) {
	terminals, long := pollsAll, time.Minute // more than two rounds of everybody asking again
	if l.quick {
		terminals, long = 2_000, 30*time.Second // more than one
	}
	files, err := openFiles(pollsAll + pollsOther) // as the cloud process has them
	if err != nil {
		return nil, err
	}
	wanted := terminals
	if terminals = min(terminals, int(files)-pollsOther); terminals < crowds {
		return nil, fmt.Errorf("a process may have only %d files and connections open here, which leaves no room for terminals: raise the limit (ulimit -n)", files)
	}
	folder, err := os.MkdirTemp(l.folder, "polls-")
	if err != nil {
		return nil, err
	}
	storage, err := sqlite.Open(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	if err := apply(ctx, storage); err != nil {
		return nil, err
	}
	cloud, err := serveApart(ctx, storage, folder, "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cloud.close()) }()
	all := make([]*crowd, crowds)
	for i := range all {
		if all[i], err = gather(ctx, folder, cloud.url, (terminals+i)/crowds); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, all[i].close()) }()
	}
	l.log("%d terminals are enrolled", terminals)
	alone, err := memoryNow(cloud.process)
	if err != nil {
		return nil, err
	}
	came, err := comeInWaves(ctx, l, cloud, all, terminals, int(files))
	if err != nil {
		return nil, err
	}
	rows, err = held(ctx, cloud, came, alone, long)
	if err == nil && came < wanted {
		rows[0].what += fmt.Sprintf(", and not of %s: a process may have no more than %s files and connections open here", thousands(wanted), thousands(int(files)))
	}
	return rows, err
}

// held measures a cloud process for as long as terminals wait at it; alone is its memory without any.
func held(ctx context.Context, cloud *office, terminals int, alone int64, long time.Duration) ([]row, error) {
	before, err := processorTime(cloud.process)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var waited []float64
	most := int64(0)
	for time.Since(began) < long {
		if err := rest(ctx, time.Second); err != nil {
			return nil, err
		}
		polls, err := longPolls(ctx, cloud.url)
		if err != nil {
			return nil, err
		}
		memory, err := memoryNow(cloud.process)
		if err != nil {
			return nil, err
		}
		waited, most = append(waited, float64(polls)), max(most, memory)
	}
	after, err := processorTime(cloud.process)
	if err != nil {
		return nil, err
	}
	peak, err := peakMemory(cloud.process)
	if err != nil {
		return nil, err
	}
	share := 100 * (after - before).Seconds() / time.Since(began).Seconds()
	all := int(slices.Max(waited))
	// Of fewer terminals as much less, but for what the process needs without any.
	limit := alone + (pollMemory-alone)*int64(terminals)/pollsAll
	return []row{{what: fmt.Sprintf("one cloud process on one core holding idle long polls of %s terminals (plain HTTP)", thousands(terminals)), reference: "–",
		ratio: fmt.Sprintf("%d MiB", most>>20), goal: fmt.Sprintf("≤ %d MiB (1 GiB for %s)", limit>>20, thousands(pollsAll)), met: max(most, peak) <= limit && enough(all, terminals),
		detail: fmt.Sprintf("most in %.0f s, in which %s to %s waited at once, %s at the median; %d MiB without any; %.0f KiB each; at most %d MiB while they all came; %.0f %% of the core",
			long.Seconds(), thousands(int(slices.Min(waited))), thousands(all), thousands(int(median(waited))), alone>>20, float64(most-alone)/1024/float64(terminals), peak>>20, share)}}, nil
}

// enough says that all but a few terminals wait: some always ask again.
func enough(polls, terminals int) bool { return polls >= terminals*99/100 }

// allWait waits until enough terminals wait at a cloud process, and says whether they do: they may not on a machine that is busy.
func allWait(ctx context.Context, url string, terminals int, most time.Duration) (bool, error) {
	for began := time.Now(); time.Since(began) < most; {
		polls, err := longPolls(ctx, url)
		if err != nil || enough(polls, terminals) {
			return true, err
		}
		if err := rest(ctx, time.Second); err != nil {
			return false, err
		}
	}
	return false, nil
}

var pollsLine = regexp.MustCompile(`(?m)^countersign_cloud_long_polls ([0-9.e+]+)$`)

// longPolls is how many terminals wait at a cloud process, as it says itself.
func longPolls(ctx context.Context, url string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	raw, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return 0, err
	}
	found := pollsLine.FindSubmatch(raw)
	if found == nil {
		return 0, errors.New("the cloud does not say how many wait")
	}
	polls, err := strconv.ParseFloat(string(found[1]), 64)
	return int(polls), err
}
