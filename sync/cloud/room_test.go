package cloud_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

// cramped is a storage whose disk is full now and then.
type cramped struct {
	cloud.Storage
	full   *atomic.Bool
	looked *atomic.Int64
}

func (c cramped) Enrol(ctx context.Context, e cloud.Enrolment) (cloud.Terminal, error) {
	if c.full.Load() {
		return cloud.Terminal{}, errors.New("the database could not be written: database or disk is full")
	}
	return c.Storage.Enrol(ctx, e)
}

func (c cramped) Room(ctx context.Context) error {
	c.looked.Add(1)
	if c.full.Load() {
		return errors.New("the database could not be written: database or disk is full")
	}
	return c.Storage.Room(ctx)
}

// While no counter can redeem online, the load balancer and whoever watches the cloud would hear that all is well.
func TestAFullDiskIsNotReady(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	full, looked := new(atomic.Bool), new(atomic.Int64)
	var err error
	r.handler, err = cloud.New(t.Context(), cramped{r.storage, full, looked}, cloud.Options{PublicURL: publicURL, Now: func() time.Time { return r.now }, Log: r.logger()})
	if err != nil {
		t.Fatal(err)
	}
	ready := func() (int, string) {
		answer := httptest.NewRecorder()
		r.handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, publicURL+"/readyz", nil))
		return answer.Code, answer.Body.String()
	}
	expect := func(when string, status int, text string) {
		t.Helper()
		if code, body := ready(); code != status || !strings.Contains(body, text) {
			t.Errorf("%s: %d %s", when, code, body)
		}
	}
	expect("before", http.StatusOK, "ready")
	full.Store(true)
	refused := map[string]any{}
	request := api.EnrolRequest{Code: "x", PublicKey: r.public, SealKey: r.seal.PublicKey().Bytes(), ProgramVersion: "1"}
	if code := r.ask("POST", "/v1/enrol", request, &refused); code != http.StatusServiceUnavailable || refused["code"] != "disk_full" {
		t.Fatalf("who joined was answered %d: %v", code, refused)
	}
	for range 5 {
		expect("while the disk is full", http.StatusServiceUnavailable, "make room")
	}
	if n := looked.Load(); n != 1 {
		t.Errorf("it was tried %d times within a moment whether there is room", n)
	}
	r.now = r.now.Add(time.Minute)
	expect("a minute later", http.StatusServiceUnavailable, "make room")
	if n := strings.Count(r.log.String(), "it cannot write"); n != 1 {
		t.Errorf("the log says %d times that it cannot write", n)
	}
	full.Store(false)
	r.now = r.now.Add(time.Minute)
	expect("once there is room", http.StatusOK, "ready")
}
