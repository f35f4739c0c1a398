package sync

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"countersign/sync/api"
	"countersign/sync/snapshot"
	"countersign/terminal"
)

// Progress says how far a first fill has come.
type Progress struct {
	Stage FillStage
	Done  int64 // of Total; vouchers while the cloud makes the file and while it is stored, bytes while it is loaded
	Total int64
}

// FillStage is what a first fill is doing.
type FillStage int

// The stages of a first fill, in their order.
const (
	FillMaking  FillStage = iota + 1 // the cloud puts the file together
	FillLoading                      // it comes over the line
	FillStoring                      // it goes into the cache
)

// FirstFill is where a first fill comes to.
type FirstFill struct {
	// Folder keeps what was loaded of the file until all of it is here, so that a start goes on where the last one ended.
	Folder   string
	Merchant string
	// Store replaces all vouchers and the cursor by those of the file, whole or not at all; see the cache.
	Store func(ctx context.Context, cursor string, next FillNext, progress func(vouchers int64)) error
	// Progress is told how it goes; nil is nobody.
	Progress func(Progress)
}

// FillNext returns the next vouchers of a first fill, or io.EOF after the last.
type FillNext = func() ([]terminal.Voucher, error)

const (
	fillPrefix = "first-fill-"
	makingPoll = 20 * time.Second
	// partTries is how often a part is asked for before the pump backs off; what is here by then stays here.
	partTries = 4
	// stretchLeast is how much of a part is asked for at least, in bytes: less than a page of the feed.
	stretchLeast = 8 << 10
)

// errNoFirstFill says that the cloud has no file: the feed is pulled from its beginning.
var errNoFirstFill = errors.New("there is no first fill")

// errFillExpired says that the file has gone while it was loaded: the newest one is begun.
var errFillExpired = errors.New("the first fill has expired")

// FillFrom makes the pump fill an empty cache from one file instead of from the feed's beginning, where the cloud has one. It is set
// before Run.
func (p *Pump) FillFrom(fill FirstFill) {
	if fill.Progress == nil {
		fill.Progress = func(Progress) {}
	}
	p.first = &fills{FirstFill: fill, slot: make(chan struct{}, 1)}
}

// fills is a FirstFill at work.
type fills struct {
	FirstFill
	slot chan struct{} // taken by the pull that fills: a scan may pull while the pump does
	none bool          // the cloud said that it has no file; guarded by the slot
	// stretch is how much of a part the line let through at once, in bytes; 0 for all. Guarded by the slot.
	stretch int64
}

// enter takes the slot.
func (f *fills) enter(ctx context.Context) error {
	select {
	case f.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fills) leave() { <-f.slot }

// forget lets the cloud be asked again: it has begun anew.
func (f *fills) forget(ctx context.Context) {
	if f.enter(ctx) == nil {
		f.none = false
		f.leave()
	}
}

// fillFirst fills an empty cache from the cloud's file, and reports whether there is something to pull behind it; false means from the
// beginning.
func (p *Pump) fillFirst(ctx context.Context) (filled bool, err error) {
	if err := p.first.enter(ctx); err != nil {
		return false, err
	}
	defer p.first.leave()
	if p.first.none {
		return false, nil
	}
	if fresh, err := p.cache.Freshness(ctx); err != nil || fresh.Cursor != "" { // another pull was first
		return true, err
	}
	err = p.fill(ctx)
	switch {
	case errors.Is(err, errNoFirstFill):
		p.first.none = true
		return false, nil
	case errors.Is(err, errFillExpired):
		return true, nil // the next pull begins the newest one
	}
	return true, err
}

// fill loads and stores the newest first fill. Afterwards the feed goes on behind it.
func (p *Pump) fill(ctx context.Context) error {
	answer, err := p.snapshotReady(ctx)
	if err != nil {
		return err
	}
	if err := p.fillRest(ctx, *answer.Cursor); err != nil {
		return err
	}
	if err := p.bring(ctx, answer); err != nil {
		return err
	}
	p.changed()
	return nil
}

// bring loads a first fill and stores it. It may answer errNoFirstFill and errFillExpired.
func (p *Pump) bring(ctx context.Context, answer *api.SnapshotAnswer) error {
	file, err := p.loadFill(ctx, answer)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	reader, err := snapshot.NewReader(file, p.first.Merchant)
	if errors.Is(err, snapshot.ErrForm) { // a cloud that is ahead of this program: its feed says the same
		p.log.Warn("the first fill is left aside", "error", err.Error())
		return errNoFirstFill
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	err = p.first.Store(ctx, *answer.Cursor, reader.Next, func(vouchers int64) {
		p.first.Progress(Progress{FillStoring, vouchers, answer.Total})
	})
	if err == nil {
		p.removeFills("")
	}
	return err
}

// fillRest stores what the feed has beside vouchers before they come, without the cursor: a counter that lost its cache knows its
// people and its offers at once, and can ask the cloud about each voucher meanwhile. The feed says it again behind the file.
func (p *Pump) fillRest(ctx context.Context, cursor string) error {
	for atEnd := false; !atEnd; {
		limited, cancel := context.WithTimeout(ctx, pumpBudget)
		page, err := p.client.pull(limited, cursor, "", 0)
		cancel()
		p.settle(ctx, err)
		if err != nil {
			return err
		}
		sorted, _, _ := sortPage(page)
		sorted.Cursor, sorted.AtEnd, sorted.Included = "", false, 0
		if err := p.cache.Apply(ctx, sorted); err != nil {
			return err
		}
		cursor, atEnd = page.Cursor, page.AtEnd
	}
	p.changed()
	return nil
}

// snapshotReady waits until the cloud has a file.
func (p *Pump) snapshotReady(ctx context.Context) (*api.SnapshotAnswer, error) {
	for {
		limited, cancel := context.WithTimeout(ctx, makingPoll+pumpBudget)
		answer, err := p.client.snapshot(limited, makingPoll)
		if errors.Is(err, errUnknownKey) {
			err = p.client.refreshTrust(limited)
			if err == nil {
				answer, err = p.client.snapshot(limited, makingPoll)
			}
		}
		cancel()
		p.settle(ctx, err)
		var refused *Refusal
		switch {
		case errors.As(err, &refused) && refused.Status == 404: // no_snapshot, or a cloud that knows of none
			return nil, errNoFirstFill
		case err != nil:
			return nil, err
		case !answer.Ready:
			p.first.Progress(Progress{FillMaking, answer.Rows, answer.Total})
			continue
		case answer.Id == nil || answer.Size == nil || answer.Parts == nil || answer.PartSize == nil || answer.Cursor == nil || *answer.PartSize < 1 ||
			(*answer.Size+*answer.PartSize-1) / *answer.PartSize != int64(len(*answer.Parts)):
			return nil, noAnswer(errors.New("the cloud's first fill is not described as it should be"), 0)
		}
		return answer, nil
	}
}

// loadFill brings the whole file here. What an earlier attempt loaded is kept as far as it has the right hashes.
func (p *Pump) loadFill(ctx context.Context, answer *api.SnapshotAnswer) (*os.File, error) {
	name := fillPrefix + *answer.Id
	p.removeFills(name)
	file, err := os.OpenFile(filepath.Join(p.first.Folder, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	have, err := partsHere(file, answer)
	if err == nil {
		err = p.loadParts(ctx, file, answer, have)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// partsHere counts the parts that an earlier attempt left, and takes off what is none.
func partsHere(file *os.File, answer *api.SnapshotAnswer) (have int, err error) {
	part := make([]byte, *answer.PartSize)
	for ; have < len(*answer.Parts); have++ {
		n, err := file.ReadAt(part, int64(have)**answer.PartSize)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if hash := sha256.Sum256(part[:n]); !bytes.Equal(hash[:], (*answer.Parts)[have]) {
			break
		}
	}
	return have, file.Truncate(min(int64(have)**answer.PartSize, *answer.Size))
}

func (p *Pump) loadParts(ctx context.Context, file *os.File, answer *api.SnapshotAnswer, from int) error {
	for i := from; i < len(*answer.Parts); i++ {
		first := int64(i) * *answer.PartSize
		last := min(first+*answer.PartSize, *answer.Size) - 1
		p.first.Progress(Progress{FillLoading, first, *answer.Size})
		part, err := p.loadPart(ctx, *answer.Id, first, last, (*answer.Parts)[i])
		if err != nil {
			return err
		}
		if _, err := file.WriteAt(part, first); err != nil {
			return err
		}
	}
	p.first.Progress(Progress{FillLoading, *answer.Size, *answer.Size})
	return nil
}

// loadPart asks for a part until it is the right one, a few times. A line that breaks before it is through is asked for less at once, and what
// came through is kept: an answer is whole or it is none, since it is signed.
func (p *Pump) loadPart(ctx context.Context, id string, first, last int64, want []byte) ([]byte, error) {
	backoff := Backoff{Jitter: p.jitter}
	part, size := []byte{}, last-first+1
	stretch := size
	if p.first.stretch > 0 {
		stretch = min(size, p.first.stretch)
	}
	for try, wrong := 1, 0; ; try++ {
		limited, cancel := context.WithTimeout(ctx, 2*pumpBudget)
		from := first + int64(len(part))
		got, err := p.client.snapshotPart(limited, id, from, min(from+stretch-1, last))
		cancel()
		p.settle(ctx, err)
		if err == nil && len(got) > 0 && int64(len(part)+len(got)) < size {
			part, try = append(part, got...), 0
			continue
		}
		if err == nil {
			part = append(part, got...)
			if hash := sha256.Sum256(part); bytes.Equal(hash[:], want) {
				return part, nil
			}
			part, err = part[:0], noAnswer(errors.New("a part of the first fill is not what the cloud said it would be"), 0)
			if wrong++; wrong == partTries { // what comes in pieces makes headway, and is wrong all the same
				return nil, err
			}
		}
		var refused *Refusal
		switch broke := !errors.As(err, &refused); {
		case broke:
			stretch = max(stretch/2, min(size, stretchLeast))
			p.first.stretch = stretch
		case refused.Code == "snapshot_expired":
			return nil, errFillExpired
		case refused.Status == 416 && stretch < size: // a cloud that is older than this program gives whole parts only
			part, stretch, err = part[:0], size, noAnswer(err, 0)
		}
		if try == partTries || ctx.Err() != nil || (refused != nil && refused.Status != 416 && !refused.temporary()) {
			return nil, err
		}
		if err := p.rest(ctx, backoff.Next(afterOf(err))); err != nil {
			return nil, err
		}
	}
}

// rest waits.
func (p *Pump) rest(ctx context.Context, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// removeFills removes what was loaded, but for the file called keep. What cannot be removed is in nobody's way.
func (p *Pump) removeFills(keep string) {
	found, err := filepath.Glob(filepath.Join(p.first.Folder, fillPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range found {
		if filepath.Base(path) == keep {
			continue
		}
		if err := os.Remove(path); err != nil {
			p.log.Warn("what is left of a first fill could not be removed", "error", err.Error())
		}
	}
}

// snapshot asks for the newest first fill, waiting up to wait for its making.
func (c *Client) snapshot(ctx context.Context, wait time.Duration) (*api.SnapshotAnswer, error) {
	seconds := int(wait / time.Second)
	answer, err := c.api.SnapshotWithResponse(ctx, &api.SnapshotParams{Wait: &seconds})
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200, nil
}

// snapshotPart asks for the bytes from first to last of a first fill.
func (c *Client) snapshotPart(ctx context.Context, id string, first, last int64) ([]byte, error) {
	answer, err := c.api.SnapshotPartWithResponse(ctx, id, &api.SnapshotPartParams{Range: fmt.Sprintf("bytes=%d-%d", first, last)})
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.StatusCode() != 206 {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	return answer.Body, nil
}
