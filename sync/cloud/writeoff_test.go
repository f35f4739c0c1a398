package cloud_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/remote"
	"countersign/terminal"
)

// leased is a storage with one open lease, that notes whether it was written off.
type leased struct {
	cloud.Storage
	lease      cloud.LeaseReport
	writtenOff bool
}

func (l *leased) Leases(context.Context, string) ([]cloud.LeaseReport, error) {
	return []cloud.LeaseReport{l.lease}, nil
}

func (l *leased) WriteOffLease(_ context.Context, _, id string, _ time.Time) error {
	if id != l.lease.ID {
		return cloud.ErrUnknown
	}
	l.writtenOff = true
	return nil
}

// A shop's own system would hand on, with one request and without a word, what an open counter sells this minute.
func TestTheAPIWritesOffNoLeaseThatMayBeInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	heard := r.now.Add(-40 * time.Second)
	storage := &leased{Storage: r.storage, lease: cloud.LeaseReport{ID: "lX7", Store: "quay", Terminal: "bar", Campaign: "dinner", Day: terminal.Date{Year: 2026, Month: 11, Day: 21},
		Units: 1, GrantedAt: r.now.Add(-time.Hour), HeardAt: &heard, ExpiresAt: r.now.Add(time.Hour)}}
	var err error
	if r.handler, err = cloud.New(t.Context(), storage, cloud.Options{PublicURL: publicURL, Now: func() time.Time { return r.now }, Log: r.logger()}); err != nil {
		t.Fatal(err)
	}
	secret, hash := cloud.NewAdminToken()
	if err := r.storage.NewAdminToken(t.Context(), cloud.AdminToken{Name: "office", CreatedAt: r.now}, hash); err != nil {
		t.Fatal(err)
	}
	path := "/v1/admin/merchants/lakeside/leases/lX7"
	for _, query := range []string{"", "?anyway=false"} {
		answer := r.withToken("DELETE", path+query, secret, "")
		if text := answer.Body.String(); answer.Code != 409 || storage.writtenOff || !strings.Contains(text, `"lease_in_use"`) ||
			!strings.Contains(text, "uay/bar was heard 40 s ago and may be spending lX7") ||
			!strings.Contains(text, "anyway=true") {
			t.Errorf("%q: %d %s (written off: %t)", query, answer.Code, text, storage.writtenOff)
		}
	}
	if answer := r.withToken("DELETE", path+"?anyway=maybe", secret, ""); answer.Code != 422 || storage.writtenOff {
		t.Errorf("anyway=maybe: %d %s", answer.Code, answer.Body)
	}

	server := httptest.NewServer(r.handler)
	defer server.Close()
	far, err := remote.New(server.URL+"/shops", secret)
	if err != nil {
		t.Fatal(err)
	}
	var used *cloud.LeaseInUse
	if err := far.WriteOffLease(t.Context(), "lakeside", "lX7", false, r.now); !errors.As(err, &used) || used.Lease.Terminal != "bar" || storage.writtenOff {
		t.Errorf("from afar: %v (written off: %t)", err, storage.writtenOff)
	}
	if err := far.WriteOffLease(t.Context(), "lakeside", "lX7", true, r.now); err != nil || !storage.writtenOff {
		t.Errorf("from afar, anyway: %v", err)
	}
	storage.writtenOff = false
	r.now = r.now.Add(cloud.HeardWithin)
	if answer := r.withToken("DELETE", path, secret, ""); answer.Code != 200 || !storage.writtenOff {
		t.Errorf("not heard for a while: %d %s", answer.Code, answer.Body)
	}
}
