package sync

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"countersign/terminal"
)

// If a counter that sells waited for the pump's next attempt, or took a hotel's login page for an answer, it would go on alone for a minute after
// the line is back, and honour meanwhile what the next counter honours as well.
func TestACounterInUseNoticesTheLinesReturn(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	cloud.answer["/v1/trust"] = func([]byte) (int, any) {
		return 200, map[string]any{"trust": cloud.trustList("f1", 1), "server_time": time.Now()}
	}
	cloud.answers(page("one", true, 0))
	c := newCounter(t, cloud, server.URL, 3)
	c.pump.Jitter(func(most int64) int64 {
		if most == int64(trialMost)+1 {
			return int64(10 * time.Millisecond)
		}
		return int64(time.Hour) // the pump's own attempts end with the first
	})
	cloud.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Welcome to the hotel</html>"))
		return true
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.pump.Run(ctx) }()
	defer func() { stop(); <-done }()
	await := func(what string, reached func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !reached(); {
			if time.Now().After(deadline) {
				t.Fatalf("not after 30 s: %s", what)
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	await("the pump has tried", func() bool {
		return cloud.requests("/v1/journal") > 0 && cloud.requests("/v1/feed") > 0 && c.breaker.Line().Failures >= 2
	})
	if tried := cloud.requests("/v1/trust"); tried != 0 {
		t.Errorf("nobody scanned, and the line was tried %d times", tried)
	}
	scan := func() bool { return c.authority.Unreachable() }
	if !scan() {
		t.Fatal("a scan would ask")
	}
	await("several trials", func() bool { return cloud.requests("/v1/trust") >= 5 })
	if c.breaker.Line().Failures == 0 {
		t.Fatal("a login page is taken for the cloud")
	}
	cloud.misbehave(nil)
	await("the line is up, and everything is handed over", func() bool {
		pending, _, err := c.journal.Backlog(ctx)
		return err == nil && pending == 0 && c.breaker.Line().Failures == 0
	})
	if scan() {
		t.Error("a scan would not ask")
	}
}

// If a line that lets small questions through and no claims were believed again and again, each scan would wait its whole budget; and if a cloud
// that asks for time got none, all counters together would keep it down.
func TestTrialsAreNotBelievedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(&memoryLine{}, nil)
		var wanted int
		b.Wanted(func() { wanted++ })
		tries := func(what string, want bool, least time.Duration) {
			t.Helper()
			if wait, ok := b.trialIn(); ok != want || (ok && wait != least) {
				t.Errorf("%s: %v after %v, want %v after %v", what, ok, wait, want, least)
			}
		}
		tries("the line is up", false, 0)
		b.Failed(terminal.ErrNoAnswer, 0)
		tries("it is down", true, 0)
		b.proved("")
		if budget, ok := b.Allow(); !ok || budget != Budget {
			t.Errorf("after a good trial: %v, %v", budget, ok)
		}
		b.Failed(terminal.ErrNoAnswer, 0)
		tries("a claim got no answer after a trial that had one", false, 0)
		b.Answered("")
		b.Failed(terminal.ErrNoAnswer, 20*time.Second)
		tries("the pump was answered since, and the cloud wants 20 s", true, 20*time.Second)
		before := wanted
		if _, ok := b.Allow(); ok || wanted != before+1 {
			t.Errorf("a scan may ask: %v; it is wanted %d times", ok, wanted-before)
		}
		<-time.After(20 * time.Second) // of the bubble's clock
		tries("the 20 s are over", true, 0)
	})
}
