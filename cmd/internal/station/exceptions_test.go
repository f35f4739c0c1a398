package station_test

import (
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// A manager would look for a slip of nine o'clock among those of ten: the list would tell one use in one zone and the next in another.
func TestExceptionsAreToldInTheStoresZone(t *testing.T) {
	q := openQuay(t, 1)
	at := time.Date(2026, 11, 22, 8, 3, 23, 0, time.UTC)
	q.must(q.counters[0].Journal.PutExceptions(t.Context(), []terminal.Exception{{ID: "1", Kind: "overrun", State: "open", OpenedAt: at,
		Uses:     []terminal.ExceptionUse{{Store: "quay", Terminal: "counter-1", At: at, Held: true}, {Store: "quay", Terminal: "counter-2", At: at.In(time.FixedZone("", 5*3600))}},
		Machines: []terminal.Machine{{ID: "40e18f8c", Since: at, Seen: at}}}}))
	reader, err := station.OpenReader(t.Context(), q.config(0))
	q.must(err)
	defer reader.Close()
	all, err := reader.Exceptions(t.Context(), true, "")
	q.must(err)
	if len(all) != 1 || len(all[0].Uses) != 2 || len(all[0].Machines) != 1 {
		t.Fatalf("the exceptions are %+v", all)
	}
	x := all[0]
	for what, told := range map[string]time.Time{"opened": x.OpenedAt, "first use": x.Uses[0].At, "second use": x.Uses[1].At, "machine since": x.Machines[0].Since,
		"machine seen": x.Machines[0].Seen} {
		if text := told.Format(time.RFC3339); text != "2026-11-22T09:03:23+01:00" {
			t.Errorf("%s is told as %s", what, text)
		}
	}
}
