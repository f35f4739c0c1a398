package sync

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
	"countersign/terminal"
)

// issuers is a signed trust list with these keys for tokens.
func (c *fakeCloud) issuers(merchant string, version int64, keys ...api.TrustedKey) string {
	c.t.Helper()
	list := api.TrustList{Version: version, Merchant: merchant, IssuedAt: time.Now(), IssuerKeys: keys, FeedKeys: []api.TrustedKey{{
		Kid: "f1", Key: c.feed.Public().(ed25519.PublicKey), From: time.Now().Add(-time.Hour), State: api.KeyLive,
	}}}
	payload, err := json.Marshal(list)
	if err != nil {
		c.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: c.root}, (&jose.SignerOptions{}).WithType(trustType))
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// feedOf makes the cloud's feed one page with these trust lists.
func (c *fakeCloud) feedOf(cursor string, lists ...string) {
	page := api.FeedPage{Records: []api.FeedRecord{}, Cursor: cursor, AtEnd: true, ServerTime: time.Now()}
	for i := range lists {
		page.Records = append(page.Records, api.FeedRecord{Trust: &lists[i]})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer["/v1/feed"] = func([]byte) (int, any) { return 200, page }
}

func kids(keys []api.TrustedKey) (all []string) {
	for _, key := range keys {
		all = append(all, key.Kid+" "+string(key.State))
	}
	return all
}

// If a key that was revoked did not reach the terminal with the feed, what a thief signs with it would be honoured for weeks.
func TestKeysOfTokensComeWithTheFeed(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	key := func(kid string, state api.TrustedKeyState) api.TrustedKey {
		return api.TrustedKey{Kid: kid, Key: make([]byte, 32), From: time.Now(), State: state}
	}
	var kept []string
	c.client.trust.keep = func(signed string) error {
		kept = append(kept, signed)
		return nil
	}
	newest := cloud.issuers("m", 3, key("k2", api.KeyLive), key("k1", api.KeyRevoked))
	forged, _ := newFakeCloud(t)
	for i, step := range []struct {
		list string
		want string
	}{
		{cloud.issuers("m", 2, key("k1", api.KeyLive)), "[k1 live]"},
		{newest, "[k2 live k1 revoked]"},
		{cloud.issuers("m", 2, key("k1", api.KeyLive)), "[k2 live k1 revoked]"},     // older
		{cloud.issuers("other", 9, key("k9", api.KeyLive)), "[k2 live k1 revoked]"}, // another merchant's
		{forged.issuers("m", 9, key("k9", api.KeyLive)), "[k2 live k1 revoked]"},    // another root's
		{"not a list at all", "[k2 live k1 revoked]"},
	} {
		cloud.feedOf(string(rune('a'+i)), step.list)
		if err := c.pump.Pull(t.Context()); err != nil {
			t.Fatalf("step %d: a bad list holds the feed up: %v", i, err)
		}
		if got := "[" + strings.Join(kids(c.client.trust.IssuerKeys()), " ") + "]"; got != step.want {
			t.Errorf("step %d: the keys are %s, want %s", i, got, step.want)
		}
	}
	if len(kept) != 2 || kept[1] != newest {
		t.Errorf("%d lists were kept", len(kept))
	}
}

// If a list that could not be stored were passed over, the terminal would never hear of it again, and a restart would bring a
// revoked key back.
func TestAListThatCannotBeKeptComesAgain(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	full := errors.New("the disk is full")
	c.client.trust.keep = func(string) error { return full }
	cloud.feedOf("a", cloud.issuers("m", 2, api.TrustedKey{Kid: "k1", Key: make([]byte, 32), State: api.KeyRevoked}))
	if err := c.pump.Pull(t.Context()); !errors.Is(err, full) {
		t.Fatalf("a list that was not stored: %v", err)
	}
	if len(c.cache.pages) != 0 || c.client.trust.Version() != 1 {
		t.Fatalf("the cursor passed it: %d pages, version %d", len(c.cache.pages), c.client.trust.Version())
	}
	c.client.trust.keep = nil
	if err := c.pump.Pull(t.Context()); err != nil || c.client.trust.Version() != 2 {
		t.Errorf("with room again: version %d, %v", c.client.trust.Version(), err)
	}
}

// If each token under a made-up key cost a request, a child with a printer could keep the counter waiting; and if a list that came late were
// not fetched at all, every voucher sold since a change of keys would be turned away until the next sync.
func TestKeysAreAskedForOnceAMinute(t *testing.T) {
	cloud, server := newFakeCloud(t)
	c := newCounter(t, cloud, server.URL, 0)
	asked, down := 0, true
	list := cloud.issuers("m", 2, api.TrustedKey{Kid: "k2", Key: make([]byte, 32), From: time.Now(), State: api.KeyLive})
	cloud.mu.Lock()
	cloud.answer["/v1/trust"] = func([]byte) (int, any) {
		asked++
		if down {
			return 503, api.Problem{Code: "unavailable", Title: "Later"}
		}
		return 200, api.TrustAnswer{Trust: list, ServerTime: time.Now()}
	}
	cloud.mu.Unlock()
	step := func(name string, refused, shut bool, requests int) {
		t.Helper()
		if err := c.authority.RefreshIssuers(t.Context()); (err != nil) != refused || (refused && !errors.Is(err, terminal.ErrNoAnswer)) {
			t.Errorf("%s: %v", name, err)
		}
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if asked != requests || c.authority.Unreachable() != shut {
			t.Errorf("%s: %d requests, unreachable: %v; want %d, %v", name, asked, c.authority.Unreachable(), requests, shut)
		}
	}
	step("no answer", true, true, 1)
	step("while the breaker is open", true, true, 1)
	c.breaker.Answered("")
	cloud.mu.Lock()
	down = false
	cloud.mu.Unlock()
	step("the first answer", false, false, 2)
	if got := kids(c.client.trust.IssuerKeys()); len(got) != 1 || got[0] != "k2 live" {
		t.Errorf("the keys are %v", got)
	}
	step("within the minute", false, false, 2)
	c.authority.issued = time.Now().Add(-issuersEvery)
	step("a minute later", false, false, 3)
	c.breaker.Failed(nil, 0)
	if line := c.breaker.Line(); !c.authority.Unreachable() || c.breaker.Line() != line {
		t.Error("asking whether the line is down changes it")
	}
}
