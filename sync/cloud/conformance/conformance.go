// Package conformance holds what every storage of the cloud must do, whatever engine is below it. Each engine's tests call Run.
package conformance

import (
	"testing"

	"countersign/sync/cloud"
)

// Run holds a storage to its contract. open returns a fresh, empty storage each time and closes it with the test.
func Run(t *testing.T, open func(t *testing.T) cloud.Storage) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"journal", journalTests}, {"early reversals", earlyTests}, {"claims", claimTests}, {"forks", forkTests}, {"stakes", stakeTests}, {"lines", lineTests}, {"machines", machineTests}, {"feed", feedTests}, {"merchant", merchantTests},
		{"tokens", tokenTests}, {"limits", limitTests}, {"hubs", hubTests}, {"snapshots", snapshotTests}, {"compaction", compactTests}, {"admin tokens", adminTokenTests}, {"figures", figureTests},
		{"webhooks", webhookTests},
		{"leases", leaseTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(newWorld(t, open))
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(w *world)
}
