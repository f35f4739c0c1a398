package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"countersign/sync/api"
)

// snapshotFrom is how many vouchers a merchant has at least for a first fill of their own file: below, the feed's pages are as fast.
const snapshotFrom = 10_000

// snapshotsMade are the first fills that this process is making. Terminals that ask meanwhile wait for the same one.
type snapshotsMade struct {
	mu sync.Mutex
	of map[string]*snapshotMade // by merchant
}

type snapshotMade struct {
	done chan struct{} // closed once it is made, or could not be
	mu   sync.Mutex
	rows int64
	err  error
}

func (m *snapshotMade) progress(rows int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = rows
}

func (m *snapshotMade) soFar() (rows int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rows, m.err
}

// begin starts making a merchant's first fill, unless that is under way.
func (s *server) begin(merchant string) *snapshotMade {
	s.snapshots.mu.Lock()
	defer s.snapshots.mu.Unlock()
	if m := s.snapshots.of[merchant]; m != nil {
		return m
	}
	m := &snapshotMade{done: make(chan struct{})}
	if s.snapshots.of == nil {
		s.snapshots.of = map[string]*snapshotMade{}
	}
	s.snapshots.of[merchant] = m
	ctx, cancel := context.WithCancel(context.Background()) // whoever asked first may hang up: others wait for it
	go func() {
		select {
		case <-s.options.Stopping:
			cancel()
		case <-m.done:
		}
	}()
	go func() {
		defer cancel()
		started := time.Now()
		made, err := s.storage.MakeSnapshot(ctx, merchant, s.options.Now().UTC(), m.progress)
		if err != nil {
			s.options.Log.Error("a first fill could not be made", "merchant", merchant, "error", err)
		} else {
			s.options.Log.Info("a first fill was made", "merchant", merchant, "vouchers", made.Vouchers, "bytes", made.Size, "seconds", time.Since(started).Seconds())
		}
		m.mu.Lock()
		m.err = err
		m.mu.Unlock()
		s.snapshots.mu.Lock()
		delete(s.snapshots.of, merchant)
		s.snapshots.mu.Unlock()
		close(m.done)
	}()
	return m
}

// Snapshot implements api.StrictServerInterface.
func (s *server) Snapshot(ctx context.Context, r api.SnapshotRequestObject) (api.SnapshotResponseObject, error) {
	merchant := callerOf(ctx).terminal.Merchant
	vouchers, place, err := s.storage.FeedSize(ctx, merchant)
	if err != nil {
		return nil, err
	}
	if vouchers < s.options.SnapshotFrom {
		return nil, problem(http.StatusNotFound, "no_snapshot", "There are few vouchers: pull the feed from its beginning.")
	}
	wait := time.Duration(0)
	if r.Params.Wait != nil {
		wait = min(max(time.Duration(*r.Params.Wait)*time.Second, 0), waitMost)
	}
	for waited := false; ; waited = true {
		found, err := s.storage.NewestSnapshot(ctx, merchant)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return nil, err
		}
		// The feed brings what has changed since; only where that is much, a new file is worth its making.
		if err == nil && (waited || place-found.Place <= vouchers/10+s.options.SnapshotFrom) {
			return api.Snapshot200JSONResponse{Ready: true, Rows: found.Vouchers, Total: found.Vouchers, Id: &found.ID, Size: &found.Size,
				PartSize: &found.PartSize, Parts: &found.Parts, Cursor: &found.Cursor, ServerTime: s.options.Now().UTC()}, nil
		}
		making := s.begin(merchant)
		timer := time.NewTimer(wait)
		select {
		case <-making.done:
		case <-timer.C:
		case <-ctx.Done():
		case <-s.options.Stopping:
		}
		timer.Stop()
		rows, failed := making.soFar()
		if failed != nil {
			return nil, problem(http.StatusServiceUnavailable, "unavailable", "The first fill could not be made: look into the cloud's log.")
		}
		select {
		case <-making.done:
		default:
			return api.Snapshot200JSONResponse{Rows: rows, Total: vouchers, ServerTime: s.options.Now().UTC()}, nil
		}
	}
}

// SnapshotPart implements api.StrictServerInterface.
func (s *server) SnapshotPart(ctx context.Context, r api.SnapshotPartRequestObject) (api.SnapshotPartResponseObject, error) {
	var first, last int64
	if _, err := fmt.Sscanf(r.Params.Range, "bytes=%d-%d", &first, &last); err != nil || first < 0 || last < first || last/SnapshotPartSize != first/SnapshotPartSize {
		return nil, problem(http.StatusRequestedRangeNotSatisfiable, "malformed_request", "The range has to lie within one part: bytes=FIRST-LAST, and neither beyond the other's.")
	}
	raw, err := s.storage.SnapshotPart(ctx, callerOf(ctx).terminal.Merchant, r.Id, first/SnapshotPartSize)
	if errors.Is(err, ErrUnknown) {
		return nil, problem(http.StatusGone, "snapshot_expired", "This first fill is no more: begin again with the newest one.")
	}
	if err != nil {
		return nil, err
	}
	begin := first % SnapshotPartSize
	if last = min(last, first-begin+int64(len(raw))-1); last < first {
		return nil, problem(http.StatusRequestedRangeNotSatisfiable, "malformed_request", "The range begins behind the end of the file.")
	}
	raw = raw[begin : begin+last-first+1]
	about := fmt.Sprintf("bytes %d-%d/*", first, last)
	return api.SnapshotPart206ApplicationoctetStreamResponse{Body: bytes.NewReader(raw), ContentLength: int64(len(raw)),
		Headers: api.SnapshotPart206ResponseHeaders{ContentRange: &about}}, nil
}
