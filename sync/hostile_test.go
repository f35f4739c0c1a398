package sync

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// hostile lists what may stand between a terminal and its cloud, or become of it. None of it is an answer.
func hostile(cloud *fakeCloud) map[string]func(http.ResponseWriter, *http.Request) bool {
	plain := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	good := api.JournalAck{HeadSeq: 3, HeadHash: make([]byte, 32), Verdicts: []api.EntryVerdict{}, ServerTime: time.Now()}
	return map[string]func(http.ResponseWriter, *http.Request) bool{
		"a hotel's login page": plain(200, "text/html", "<html>Log in</html>"),
		"a redirect to one": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://login.example/", http.StatusFound)
			return true
		},
		"an unsigned yes":         plain(200, "application/json", `{"head_seq":3,"head_hash":"","verdicts":[],"server_time":"2026-01-01T00:00:00Z"}`),
		"a proxy's 502":           plain(502, "text/html", "bad gateway"),
		"an unsigned problem 400": plain(400, "application/problem+json", `{"code":"malformed_request"}`),
		"an unsigned problem 410": plain(410, "application/problem+json", `{"code":"cursor_unknown"}`),
		"an empty body":           plain(200, "application/json", ""),
		"a truncated body": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"head_seq":`))
			return true
		},
		"a closed connection": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"an answer to another request": func(w http.ResponseWriter, _ *http.Request) bool {
			cloud.write(w, "another", 200, 200, good)
			return true
		},
		"a changed status": func(w http.ResponseWriter, r *http.Request) bool {
			cloud.write(w, cloud.claimsOf(r).ID, 200, 400, good)
			return true
		},
		"a changed body": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Countersign-Signature", cloud.sign([]byte(`{}`), cloud.claimsOf(r).ID, 200))
			_, _ = w.Write([]byte(`{"head_seq":3}`))
			return true
		},
		"a signed 500": func(w http.ResponseWriter, r *http.Request) bool {
			cloud.write(w, cloud.claimsOf(r).ID, 500, 500, api.Problem{Status: 500, Code: "internal", Title: "oops", Type: "urn:x"})
			return true
		},
		"a signed 400": func(w http.ResponseWriter, r *http.Request) bool {
			cloud.write(w, cloud.claimsOf(r).ID, 400, 400, api.Problem{Status: 400, Code: "malformed_request", Title: "no", Type: "urn:x"})
			return true
		},
	}
}

// If a login page, an error or a broken answer were taken for the cloud's word, redemptions that nobody has would be forgotten.
func TestNothingPendingIsLostToWhateverAnswers(t *testing.T) {
	for name := range hostile(nil) {
		t.Run(name, func(t *testing.T) {
			cloud, server := newFakeCloud(t)
			cloud.takeJournal()
			c := newCounter(t, cloud, server.URL, 3)
			c.cache.cursor = "where it was"
			cloud.misbehave(hostile(cloud)[name])
			if err := c.pump.Once(t.Context()); err == nil {
				t.Fatal("the pump took it for an answer")
			}
			if err := c.pump.Pull(t.Context()); err == nil {
				t.Fatal("the pump took it for a page of the feed")
			}
			if pending, _, _ := c.journal.Backlog(t.Context()); pending != 3 || c.cache.emptied != 0 || len(c.cache.pages) != 0 {
				t.Fatalf("%d pending, cache emptied %d times, %d pages", pending, c.cache.emptied, len(c.cache.pages))
			}
			cloud.misbehave(nil)
			if err := c.pump.Push(t.Context()); err != nil {
				t.Fatalf("with the line back: %v", err)
			}
			if pending, _, _ := c.journal.Backlog(t.Context()); pending != 0 || len(cloud.taken) != 3 {
				t.Fatalf("%d pending, the cloud took %d", pending, len(cloud.taken))
			}
		})
	}
}

// If a scan took such a thing for a yes or a no, a customer would be turned away, or a used voucher honoured as confirmed.
func TestNoClaimIsAnsweredByAnybodyElse(t *testing.T) {
	for name := range hostile(nil) {
		t.Run(name, func(t *testing.T) {
			cloud, server := newFakeCloud(t)
			c := newCounter(t, cloud, server.URL, 0)
			cloud.misbehave(hostile(cloud)[name])
			_, err := c.authority.Claim(t.Context(), terminal.Claim{UID: terminal.UID{1}, Lines: []terminal.ClaimLine{{Units: 1}}})
			if !errors.Is(err, terminal.ErrNoAnswer) {
				t.Fatalf("claim: %v", err)
			}
			_, err = c.authority.Ask(t.Context(), []terminal.Lookup{{1}})
			if !errors.Is(err, terminal.ErrNoAnswer) {
				t.Fatalf("ask: %v", err)
			}
		})
	}
}

// If a silent cloud could hold a scan longer than its budget, the queue would wait for a network; and if the breaker forgot, each
// scan would wait anew, in this process and in the next.
func TestASilentCloudCostsOneBudget(t *testing.T) {
	cloud, server := newFakeCloud(t)
	gone := make(chan struct{})
	t.Cleanup(func() { close(gone) })
	cloud.misbehave(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
		return true
	})
	c := newCounter(t, cloud, server.URL, 0)
	claim := terminal.Claim{UID: terminal.UID{1}, Lines: []terminal.ClaimLine{{Units: 1}}}
	took := func(ask func() error) time.Duration {
		start := time.Now()
		if err := ask(); !errors.Is(err, terminal.ErrNoAnswer) {
			t.Fatalf("a silent cloud answered: %v", err)
		}
		return time.Since(start)
	}
	if first := took(func() error { _, err := c.authority.Claim(t.Context(), claim); return err }); first < Budget || first > Budget+500*time.Millisecond {
		t.Errorf("the first claim waited %v, its budget is %v", first, Budget)
	}
	if second := took(func() error { _, err := c.authority.Ask(t.Context(), []terminal.Lookup{{1}}); return err }); second > 50*time.Millisecond {
		t.Errorf("with the breaker open an ask waited %v", second)
	}
	restarted := NewAuthority(c.client, NewBreaker(c.line, nil), NewClaims("instance-2", c.pump.claims.unacked))
	if third := took(func() error { _, err := restarted.Claim(t.Context(), claim); return err }); third > 50*time.Millisecond {
		t.Errorf("after a restart a claim waited %v", third)
	}
}

// If an expired nonce were an error, every counter that was idle for five minutes would be offline for one scan.
func TestAStaleNonceIsRetriedOnce(t *testing.T) {
	cloud, server := newFakeCloud(t)
	cloud.takeJournal()
	cloud.nonce = "fresh"
	c := newCounter(t, cloud, server.URL, 2)
	if err := c.pump.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := cloud.requests("/v1/journal"); n != 3 { // what lets go of old holds, that again with a fresh nonce, and the entries
		t.Errorf("%d requests for one push with a stale nonce", n)
	}
	if c.client.Nonce() != "fresh" || c.line.line.Nonce != "fresh" {
		t.Errorf("the nonce %q was not kept: %q", c.client.Nonce(), c.line.line.Nonce)
	}
}

// If a list of keys could be replaced by an older one, or by one that the root key did not sign, a thief of one old key would be the cloud.
func TestTrustNeverGoesBack(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	newer := cloud.trustList("f2", 3)
	if err := c.client.trust.Take(newer); err != nil || c.client.trust.Version() != 3 {
		t.Fatalf("a newer list: version %d, %v", c.client.trust.Version(), err)
	}
	if err := c.client.trust.Take(cloud.trustList("f1", 2)); err == nil {
		t.Error("an older list was taken")
	}
	other, _ := newFakeCloud(t)
	if err := c.client.trust.Take(other.trustList("f2", 9)); err == nil {
		t.Error("a list of another root was taken")
	}
	// A key that only a carried list knows is believed only for the answer that carries it, under the root key.
	if _, err := c.client.trust.answerKey("f1", []byte(`{"trust":"`+cloud.trustList("f1", 4)+`"}`)); err != nil {
		t.Errorf("a carried newer list: %v", err)
	}
	if _, err := c.client.trust.answerKey("f1", []byte(`{"trust":"`+other.trustList("f1", 5)+`"}`)); err == nil {
		t.Error("a carried list of another root was believed")
	}
}

// If plain HTTP left the machine, anybody on the shop's network could read and change it.
func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	cloud, _ := newFakeCloud(t)
	c := newCounter(t, cloud, "http://127.0.0.1:1", 0)
	for url, wanted := range map[string]bool{
		"https://cloud.example/": true, "http://localhost:8080/": true, "http://[::1]:8080/": true,
		"http://cloud.example/": false, "http://192.0.2.1/": false, "ftp://cloud.example/": false, "": false,
	} {
		_, err := NewClient(Config{URL: url, Key: c.key, Trust: c.client.trust})
		if (err == nil) != wanted {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// If an error held more than a sentence, a cashier would read a stack of Go.
func TestTroubleIsASentence(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 1)
	server.Close()
	err := c.pump.Push(t.Context())
	status, statusErr := c.pump.Status(context.WithoutCancel(t.Context()))
	if err == nil || statusErr != nil || status.Online || status.Trouble == "" || strings.ContainsAny(status.Trouble, "\n") || strings.Contains(status.Trouble, "dial tcp") {
		t.Errorf("%v: status %+v, %v", err, status, statusErr)
	}
	if status.Pending != 1 {
		t.Errorf("%d pending", status.Pending)
	}
}
