package sync

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// A cloud that was put back to a backup, and in which a counter's cursor is known all the same, would lack what the counter had sent it, and hand
// it out to others, until that counter sells something again.
func TestACloudThatWasPutBackGetsAllAgainAtFirstContact(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	cloud.answer["/v1/feed"] = func([]byte) (int, any) {
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		return 200, page("one", true, cloud.headSeq)
	}
	c := newCounter(t, cloud, server.URL, 10)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.pump.Run(ctx) }()
	defer func() { stop(); <-done }()
	await := func(what string, reached func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !reached(); {
			if time.Now().After(deadline) {
				t.Fatalf("not within a minute: %s", what)
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	has := func(entries uint64) bool {
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		return cloud.headSeq == entries
	}
	await("the cloud has all, and the counter knows", func() bool {
		pending, _, err := c.journal.Backlog(ctx)
		return err == nil && pending == 0 && has(10) && c.pump.included.Load() == 10
	})
	cloud.misbehave(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	await("the line is down", func() bool { return c.breaker.Line().Failures > 0 })
	cloud.mu.Lock()
	cloud.taken, cloud.headSeq = cloud.taken[:7], 7
	cloud.mu.Unlock()
	cloud.misbehave(nil)
	await("the cloud has all again", func() bool { return has(10) })
}
