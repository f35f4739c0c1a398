package sync

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/token"
)

// everyCall is each operation that the contract has for terminals, as a terminal calls it.
func everyCall(t *testing.T, cloud *fakeCloud, url string, c *counter) map[string]func(context.Context) error {
	secret, err := token.NewCode(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	code := api.JoinCode{Base: url + "/", Secret: secret, RootHash: api.RootHash(cloud.root.Public().(ed25519.PublicKey))}.String()
	uid := terminal.UID{1}
	return map[string]func(context.Context) error{
		"Enrol":       func(ctx context.Context) error { _, err := Enrol(ctx, code, Enrolling{Key: c.key}); return err },
		"PushJournal": func(ctx context.Context) error { return c.pump.Push(ctx) },
		"PullFeed":    func(ctx context.Context) error { return c.pump.Pull(ctx) },
		"Snapshot":    func(ctx context.Context) error { _, err := c.client.snapshot(ctx, 0); return err },
		"SnapshotPart": func(ctx context.Context) error {
			_, err := c.client.snapshotPart(ctx, "s1", 0, 9)
			return err
		},
		"Lookup": func(ctx context.Context) error { _, err := c.client.lookup(ctx, []terminal.Lookup{{1}}); return err },
		"Claim": func(ctx context.Context) error {
			_, err := c.client.claim(ctx, ClaimRequestOf(terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Units: 1}}}, "i", 1, nil, nil))
			return err
		},
		"Lease": func(ctx context.Context) error {
			_, err := c.client.lease(ctx, api.LeaseRequest{Instance: "i", Want: []api.LeaseWant{}, GivenUp: []string{}})
			return err
		},
		"TellReadiness": func(ctx context.Context) error {
			return c.client.TellReadiness(ctx, Readiness{Version: "1", Missing: []string{"journal"}})
		},
		"Redemption": func(ctx context.Context) error { _, err := c.client.redemption(ctx, uid); return err },
		"StoreDay": func(ctx context.Context) error {
			_, err := c.client.StoreDay(ctx, terminal.Date{Year: 2026, Month: 11, Day: 21})
			return err
		},
		"PauseOffer": func(ctx context.Context) error {
			_, err := c.client.PauseOffer(ctx, "dinner", true, terminal.Operator{ID: "mo"})
			return err
		},
		"Trust":   func(ctx context.Context) error { return c.client.refreshTrust(ctx) },
		"Hub":     func(ctx context.Context) error { _, err := c.client.hub(ctx, nil); return err },
		"TellHub": func(ctx context.Context) error { _, err := c.client.tellHub(ctx, "an appointment"); return err },
	}
}

// more is what else may answer in the cloud's place.
func more(t *testing.T) map[string]func(http.ResponseWriter, *http.Request) bool {
	page := func(status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			fmt.Fprint(w, "<html><body>Sign in to the hotel's network</body></html>")
			return true
		}
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over) }) // before the server waits for who is still answering
	all := map[string]func(http.ResponseWriter, *http.Request) bool{
		"a picture": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "image/png")
			fmt.Fprint(w, "\x89PNG\r\n")
			return true
		},
		"a body without end, a byte at a time": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			drip := time.NewTicker(5 * time.Millisecond)
			defer drip.Stop()
			for {
				select {
				case <-drip.C:
				case <-r.Context().Done():
					return true
				case <-over:
					return true
				}
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
			}
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-r.Context().Done():
			case <-over:
			}
			return true
		},
	}
	for _, status := range []int{400, 401, 403, 404, 407, 409, 410, 429, 500, 502, 503, 511} {
		all[fmt.Sprintf("a page with %d", status)] = page(status)
	}
	return all
}

// If there were one call of which a login page, an error or half an answer were believed, a counter would lose what it recorded, forget what it
// knows, join nobody's cloud, or spend what nobody leased to it.
func TestNothingIsBelievedOnAnyCall(t *testing.T) {
	contract, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	c := newCounter(t, cloud, server.URL, 3)
	c.cache.cursor = "where it was"
	calls := everyCall(t, cloud, server.URL, c)
	for path, item := range contract.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.Tags[0] == "terminal" && calls[operation.OperationID] == nil {
				t.Errorf("%s of %s is not tried", operation.OperationID, path)
			}
		}
	}
	injected := hostile(cloud)
	for name, answer := range more(t) {
		injected[name] = answer
	}
	for operation, call := range calls {
		for name, answer := range injected {
			cloud.misbehave(answer)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if strings.HasPrefix(name, "a body without end") || name == "silence" {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond) // the caller's patience
			}
			err := call(ctx)
			cancel()
			var refusal *Refusal
			switch {
			case err == nil:
				t.Errorf("%s took %s for an answer", operation, name)
			case strings.ContainsAny(err.Error(), "<\n"):
				t.Errorf("%s after %s says %q, which is no sentence", operation, name, err)
			case errors.As(err, &refusal) && !strings.HasPrefix(name, "a signed"):
				t.Errorf("%s took %s for the cloud's no: %v", operation, name, err)
			}
			if pending, _, err := c.journal.Backlog(t.Context()); err != nil || pending != 3 || c.cache.emptied != 0 || len(c.cache.pages) != 0 {
				t.Fatalf("%s after %s: %d pending, cache emptied %d times, %d pages, %v", operation, name, pending, c.cache.emptied, len(c.cache.pages), err)
			}
		}
	}
	cloud.misbehave(nil)
	if err := c.pump.Push(t.Context()); err != nil {
		t.Fatalf("with the line back: %v", err)
	}
	if pending, _, err := c.journal.Backlog(t.Context()); err != nil || pending != 0 || len(cloud.taken) != 3 {
		t.Errorf("%d pending, the cloud took %d, %v", pending, len(cloud.taken), err)
	}
}
