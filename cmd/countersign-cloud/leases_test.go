package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"countersign/sync/cloud"
)

// lent answers with one lease, and notes whether it was written off.
type lent struct {
	cloud.Storage
	lease      cloud.LeaseReport
	writtenOff bool
}

func (l *lent) Leases(context.Context, string) ([]cloud.LeaseReport, error) {
	return []cloud.LeaseReport{l.lease}, nil
}

func (l *lent) WriteOffLease(_ context.Context, _, id string, _ time.Time) error {
	if id != l.lease.ID {
		return cloud.ErrUnknown
	}
	l.writtenOff = true
	return nil
}

// A voucher that an open counter sells this minute would be handed to another one, without a word to the manager who did that.
func TestALeaseThatMayBeInUseIsNotWrittenOffByAccident(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(exitDone, "apply", "-f", filepath.Join(d.dir, "shop.toml"))
	s := d.storage()
	ago := func(d time.Duration) *time.Time {
		at := time.Now().Add(-d)
		return &at
	}
	later := time.Now().Add(time.Hour)
	for what, c := range map[string]struct {
		heard   *time.Time
		expires time.Time
		anyway  bool
		done    bool
	}{
		"heard just now":        {ago(40 * time.Second), later, false, false},
		"heard just now, said":  {ago(40 * time.Second), later, true, true},
		"heard an hour ago":     {ago(time.Hour), later, false, true},
		"spends nothing more":   {nil, later, false, true},
		"heard, and it expired": {ago(time.Second), *ago(time.Minute), false, true},
	} {
		storage := &lent{Storage: s, lease: cloud.LeaseReport{ID: "lX7", Store: "quay", Terminal: "bar", HeardAt: c.heard, ExpiresAt: c.expires}}
		var out bytes.Buffer
		err := (&globals{streams: streams{nil, &out, &out}}).writeOff(t.Context(), cloud.NewOffice(storage), "lX7", c.anyway)
		if (err == nil) != c.done || storage.writtenOff != c.done {
			t.Errorf("%s: written off is %t (%v)", what, storage.writtenOff, err)
		}
		if err != nil {
			d.has("quay/bar was heard 4", err.Error())
			d.has("countersign-cloud suspend quay/bar", err.Error())
		}
	}
	_, failure := d.run(exitUsage, "write-off", "lNONE")
	d.has("no open lease", failure)
}
