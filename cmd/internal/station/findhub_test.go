package station_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A shop that appointed a hub and wrote down no address would sell alone with the internet down, as if it had none.
func TestAHubWithoutAnAddressIsFound(t *testing.T) {
	q := openQuay(t, 1)
	// Any free port: the usual one may be another shop's on this computer.
	for n := 1; n <= 2; n++ {
		config := q.config(n)
		config.Settings = &station.Settings{Profile: "generic-80", HubListen: "127.0.0.1:0"}
		s, err := station.Join(t.Context(), config, q.invite(n), "")
		q.must(err)
		q.counters = append(q.counters, s)
		s.Start(t.Context())
	}
	codes := q.issue("careful", 2)
	_, changed, err := q.storage.AppointHub(t.Context(), cloud.Hub{Merchant: "lakeside", Store: "quay", Terminal: name(1), At: time.Now()})
	q.must(err)
	if !changed {
		t.Fatal("the appointment changed nothing")
	}
	q.until("all counters hear the hub", func() bool {
		for _, s := range q.counters {
			if status := s.HubStatus(t.Context()); status == nil || !status.Alive {
				return false
			}
		}
		return true
	})
	if status := q.counters[0].HubStatus(t.Context()); status.Address == "" || status.Here {
		t.Errorf("the hub was found, and the status says %+v", status)
	}
	q.must(q.counters[2].Pump.Once(t.Context()))
	q.must(q.counters[0].Pump.Once(t.Context()))
	q.until("the hub has the newest vouchers", func() bool {
		row, err := q.counters[2].Terminal.Check(t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: codes[1]}}}, nil)
		return err == nil && row.Choice == terminal.Approved
	})
	q.link.Cut()
	if outcome := q.redeem(q.counters[0], codes[0]); !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.ByStore {
		t.Errorf("through the hub: %s, %s", outcome.Choice, outcome.Reason())
	}
	if outcome := q.redeem(q.counters[2], codes[0]); outcome.Redeemed() {
		t.Error("what one counter honoured, another one honoured with the hub in between")
	}
	if _, err := os.Stat(filepath.Join(q.folder, name(1), "hub.db")); err != nil {
		t.Errorf("the hub is not where it was appointed: %v", err)
	}
}
