package sync_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	stdsync "sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// clock is the server's: it can be put forward.
type clock struct {
	mu stdsync.Mutex
	by time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.by)
}

func (c *clock) put(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

// A terminal that was off while the cloud changed the key of its answers would believe nothing that the cloud says, for ever; and one that
// was on would lose the line in the moment of the change.
func TestTerminalsFollowAFeedKey(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer server.Close()
	var ahead clock
	if handler, err = cloud.New(t.Context(), s, cloud.Options{PublicURL: server.URL, Now: ahead.now}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), cloud.Catalogue{
		Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores:   []terminal.Store{{ID: "quay", Name: "Quay", Zone: "Europe/Berlin", Language: "en", SignIn: "none", Print: "never", Copies: 1}},
	}); err != nil {
		t.Fatal(err)
	}
	join := func() *sync.Client {
		codes, err := cloud.NewOffice(s).InviteTerminals(t.Context(), cloud.InviteOrder{Merchant: "lakeside", Store: "quay", Count: 1, Life: time.Hour, PublicURL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := sync.Enrol(t.Context(), codes[0].Code, sync.Enrolling{Key: key, Version: "1"})
		if err != nil {
			t.Fatal(err)
		}
		trust, err := sync.NewTrust(e.RootKey, e.Trust, nil)
		if err != nil {
			t.Fatal(err)
		}
		client, err := sync.NewClient(sync.Config{URL: server.URL + "/", Key: key, Trust: trust})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Probe(t.Context()); err != nil { // it has a nonce
			t.Fatal(err)
		}
		return client
	}
	on, off := join(), join()
	now := time.Now()
	made, err := s.RotateFeedKey(t.Context(), now.Add(time.Hour), now)
	if err != nil {
		t.Fatal(err)
	}
	ahead.put(cloud.RotateLead) // every process has read the keys again
	if err := on.Probe(t.Context()); err != nil {
		t.Fatalf("before the change: %v", err)
	}
	signed := func() string { return signer(t, server.URL) }
	if signed() == made.ID {
		t.Error("the new key signs before its time")
	}
	ahead.put(2 * time.Hour)
	if signed() != made.ID {
		t.Error("the new key does not sign in its time")
	}
	if err := on.Probe(t.Context()); err != nil {
		t.Errorf("the terminal that was on lost the line: %v", err)
	}
	// The one that was off learns the new nonce with the first answer, and the new key with the second.
	for try := range 3 {
		if err = off.Probe(t.Context()); err == nil {
			break
		}
		t.Logf("try %d of the terminal that was off: %v", try+1, err)
	}
	if err != nil {
		t.Errorf("the terminal that was off never finds back: %v", err)
	}
	again, err := s.RotateFeedKey(t.Context(), now.Add(10*time.Hour), now.Add(3*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(t.Context())
	if err != nil || len(keys.Feeds) != 3 || keys.FeedAt(now.Add(9*time.Hour)).ID != made.ID || keys.FeedAt(now.Add(11*time.Hour)).ID != again.ID {
		t.Errorf("the keys are %+v, %v", keys.Feeds, err)
	}
}

// signer is the id of the key that signs the cloud's answers now.
func signer(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url+"/v1/trust", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return kidOf(t, answer.Header.Get("Countersign-Signature"))
}

func kidOf(t *testing.T, detached string) string {
	t.Helper()
	parsed, err := jose.ParseDetached(detached, []byte{}, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Signatures[0].Protected.KeyID
}
