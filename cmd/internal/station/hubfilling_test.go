package station_test

import (
	"testing"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud"
)

// Who makes a counter the hub would believe that the store is protected from then on, and nobody could see that it is not, or for how long.
func TestHowFarAHubsFillingIsIsSeenHereAndAtTheCloud(t *testing.T) {
	q := openQuay(t, 1)
	q.issue("easy", 10_000)
	q.must(q.counters[0].Close())
	arrive := make(heldBack)
	config := q.config(0)
	config.Transport = arrive
	s, err := station.Open(t.Context(), config)
	q.must(err)
	q.counters[0] = s
	q.must(s.Pump.Once(t.Context())) // its own cache is full
	s.Start(t.Context())
	q.makeHub(0)
	status := func() *station.HubStatus {
		reader, err := station.OpenReader(t.Context(), q.config(0))
		q.must(err)
		defer reader.Close()
		return reader.HubStatus(t.Context())
	}
	atCloud := func() *cloud.HubFilling {
		hub, err := q.storage.Hub(t.Context(), "lakeside", "quay")
		q.must(err)
		return hub.Filling
	}
	q.until("the filling is seen here", func() bool {
		hub := status()
		return hub != nil && hub.Here && hub.Filling != nil && hub.Filling.Stage == station.FillingLoading
	})
	q.until("and at the cloud", func() bool { f := atCloud(); return f != nil && !f.Ready && f.Percent < 100 })
	close(arrive)
	q.until("it is over here", func() bool { return status().Filling == nil })
	q.until("and at the cloud", func() bool { f := atCloud(); return f != nil && f.Ready && f.Percent == 100 })
}
