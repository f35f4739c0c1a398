package station_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/cmd/internal/station"
)

// heldBack lets everything through but the parts of a first fill, which wait until it is closed.
type heldBack chan struct{}

// RoundTrip implements http.RoundTripper.
func (h heldBack) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/v1/snapshot/") {
		select {
		case <-h:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// If nobody could see that a counter is still being filled, IT would start it anew in the middle, again and again, on the mornings on which
// every counter is.
func TestAFirstFillOnItsWayIsShown(t *testing.T) {
	q := openQuay(t, 1)
	q.issue("easy", 10_000)
	q.must(q.counters[0].Close())
	q.counters[0] = nil
	folder := filepath.Join(q.folder, name(0))
	for _, file := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(folder, station.CacheName+file)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	look := func() station.Status {
		reader, err := station.OpenReader(t.Context(), q.config(0))
		q.must(err)
		status, err := reader.Status(t.Context())
		q.must(err)
		q.must(reader.Close())
		return status
	}
	arrive := make(heldBack)
	config := q.config(0)
	config.Transport = arrive
	s, err := station.Open(t.Context(), config)
	q.must(err)
	q.counters[0] = s
	s.Start(t.Context())
	q.until("a first fill is seen to be loaded", func() bool {
		f := look().Cache.Filling
		return f != nil && f.Stage == station.FillingLoading && f.Total > 0 && f.Percent() >= 33 && f.Percent() < 66
	})
	close(arrive)
	q.until("it is over", func() bool {
		cache := look().Cache
		return cache.Filling == nil && cache.Vouchers >= 10_000
	})
	if left, err := filepath.Glob(filepath.Join(folder, "filling*")); err != nil || len(left) > 0 {
		t.Errorf("what is left of it: %v, %v", left, err)
	}
}
