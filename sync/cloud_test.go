package sync

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// fakeCloud is a cloud that signs what it is told to say, and can be told to misbehave.
type fakeCloud struct {
	root    ed25519.PrivateKey
	feed    ed25519.PrivateKey
	version int64
	t       *testing.T

	mu      sync.Mutex
	nonce   string
	asked   []string                                          // method and path of each request
	answer  map[string]func(body []byte) (int, any)           // by path
	mangle  func(w http.ResponseWriter, r *http.Request) bool // before anything: true where it has answered
	taken   []entry.Sealed
	headSeq uint64
}

func newFakeCloud(t *testing.T) (*fakeCloud, *httptest.Server) {
	t.Helper()
	_, root, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, feed, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	cloud := &fakeCloud{root: root, feed: feed, version: 1, t: t, answer: map[string]func([]byte) (int, any){}}
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	return cloud, server
}

// trustList is the signed list with the feed key under kid.
func (c *fakeCloud) trustList(kid string, version int64) string {
	return c.trustListOf("m", kid, version)
}

func (c *fakeCloud) trustListOf(merchant, kid string, version int64) string {
	list := api.TrustList{Version: version, Merchant: merchant, IssuedAt: time.Now(), IssuerKeys: []api.TrustedKey{}, FeedKeys: []api.TrustedKey{{
		Kid: kid, Key: c.feed.Public().(ed25519.PublicKey), From: time.Now().Add(-time.Hour), State: api.KeyLive,
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

// ServeHTTP checks nothing but the nonce: the cloud's own tests are about the rest.
func (c *fakeCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked = append(c.asked, r.Method+" "+r.URL.Path)
	mangle, nonce, answer := c.mangle, c.nonce, c.answer[r.URL.Path]
	c.mu.Unlock()
	if mangle != nil && mangle(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	claims := c.claimsOf(r)
	status, content := 404, any(api.Problem{Status: 404, Code: "not_found", Title: "nothing here", Type: "urn:x"})
	if nonce != "" && claims.Nonce != nonce {
		status, content = 401, api.Problem{Status: 401, Code: "use_dpop_nonce", Title: "nonce", Type: "urn:x"}
	} else if answer != nil {
		status, content = answer(body)
	}
	w.Header().Set("DPoP-Nonce", nonce)
	c.write(w, claims.ID, status, status, content)
}

func (c *fakeCloud) claimsOf(r *http.Request) proofClaims {
	var claims proofClaims
	parsed, err := jose.ParseSignedCompact(r.Header.Get("DPoP"), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		c.t.Errorf("the proof %q: %v", r.Header.Get("DPoP"), err)
		return claims
	}
	payload, err := parsed.Verify(parsed.Signatures[0].Protected.JSONWebKey)
	if err != nil {
		c.t.Errorf("the proof does not verify: %v", err)
		return claims
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		c.t.Error(err)
	}
	return claims
}

// write answers with a signature for request id that says signedStatus.
func (c *fakeCloud) write(w http.ResponseWriter, id string, status, signedStatus int, content any) {
	body, err := json.Marshal(content)
	if err != nil {
		c.t.Error(err)
		return
	}
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Countersign-Signature", c.sign(body, id, signedStatus))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a terminal that went away is one of the tests
}

func (c *fakeCloud) sign(body []byte, id string, status int) string {
	options := (&jose.SignerOptions{}).WithHeader("kid", "f1").WithHeader("jti", id).WithHeader("sts", status)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: c.feed}, options)
	if err != nil {
		c.t.Error(err)
		return ""
	}
	signed, err := signer.Sign(body)
	if err != nil {
		c.t.Error(err)
		return ""
	}
	text, err := signed.DetachedCompactSerialize()
	if err != nil {
		c.t.Error(err)
	}
	return text
}

func (c *fakeCloud) requests(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for _, asked := range c.asked {
		if strings.HasSuffix(asked, path) {
			count++
		}
	}
	return count
}

func (c *fakeCloud) misbehave(mangle func(http.ResponseWriter, *http.Request) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mangle = mangle
}

// takeJournal makes the cloud take entries as a cloud does, head and all.
func (c *fakeCloud) takeJournal() {
	c.answer["/v1/journal"] = func(body []byte) (int, any) {
		var push api.JournalPush
		if err := json.Unmarshal(body, &push); err != nil {
			c.t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if push.FromSeq > c.headSeq+1 {
			head := &api.Head{Epoch: 1, Seq: c.headSeq, Hash: make([]byte, 32)}
			return 409, api.Problem{Status: 409, Code: "journal_gap", Title: "gap", Type: "urn:x", Head: head}
		}
		ack := api.JournalAck{Verdicts: []api.EntryVerdict{}, ServerTime: time.Now()}
		prev := [32]byte(push.PrevHash)
		for i, sealed := range push.Entries {
			hash := entry.Hash(prev, sealed.Bytes)
			prev = hash
			if push.FromSeq+uint64(i) > c.headSeq {
				c.taken = append(c.taken, entry.Sealed{Bytes: sealed.Bytes, Hash: hash, Signature: sealed.Signature})
				c.headSeq++
			}
		}
		ack.HeadSeq, ack.HeadHash = c.headSeq, prev[:]
		if len(c.taken) > 0 {
			last := c.taken[len(c.taken)-1].Hash
			ack.HeadHash = last[:]
		}
		return 200, ack
	}
}

// memoryLine is a LineStore that outlives a Breaker.
type memoryLine struct {
	mu   sync.Mutex
	line Line
}

func (m *memoryLine) LoadLine() (Line, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.line, nil
}

func (m *memoryLine) SaveLine(line Line) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line = line
	return nil
}

// memoryJournal is a journal of n entries that have nothing to say.
type memoryJournal struct {
	mu         sync.Mutex
	entries    []entry.Sealed
	acked      uint64
	verdicts   []Verdict
	exceptions []terminal.Exception
}

func newMemoryJournal(n int) *memoryJournal {
	j := &memoryJournal{}
	for range n {
		j.add()
	}
	return j
}

func (j *memoryJournal) add() {
	j.mu.Lock()
	defer j.mu.Unlock()
	raw := []byte{byte(len(j.entries)), byte(len(j.entries) >> 8)}
	j.entries = append(j.entries, entry.Sealed{Bytes: raw, Hash: entry.Hash(j.hash(uint64(len(j.entries))), raw), Signature: make([]byte, 64)})
}

func (j *memoryJournal) hash(seq uint64) [32]byte {
	if seq == 0 {
		return [32]byte{}
	}
	return j.entries[seq-1].Hash
}

func (j *memoryJournal) Pending(_ context.Context, limit, _ int) (Batch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	rest := j.entries[j.acked:]
	return Batch{Epoch: 1, From: j.acked + 1, Prev: j.hash(j.acked), Entries: rest[:min(limit, len(rest))]}, nil
}

func (j *memoryJournal) HashAt(_ context.Context, seq uint64) ([32]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if seq > uint64(len(j.entries)) {
		return [32]byte{}, terminal.ErrUnknown
	}
	return j.hash(seq), nil
}

func (j *memoryJournal) Ack(_ context.Context, through uint64, verdicts []Verdict) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked = max(j.acked, through)
	j.verdicts = append(j.verdicts, verdicts...)
	return nil
}

func (j *memoryJournal) Rewind(_ context.Context, through uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acked = min(j.acked, through)
	return nil
}

func (j *memoryJournal) PutExceptions(_ context.Context, exceptions []terminal.Exception) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.exceptions = append(j.exceptions, exceptions...)
	return nil
}

func (j *memoryJournal) Backlog(context.Context) (int64, time.Time, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return int64(len(j.entries)) - int64(j.acked), time.Time{}, nil
}

// memoryCache remembers what was applied to it.
type memoryCache struct {
	mu      sync.Mutex
	cursor  string
	pages   []Page
	emptied int
}

func (c *memoryCache) Freshness(context.Context) (terminal.Freshness, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return terminal.Freshness{Cursor: c.cursor}, nil
}

func (c *memoryCache) Apply(_ context.Context, page Page) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor = page.Cursor
	c.pages = append(c.pages, page)
	return nil
}

func (c *memoryCache) Empty(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cursor = ""
	c.emptied++
	return nil
}

func (c *memoryCache) Doubt(ctx context.Context) error { return c.Empty(ctx) }

// counter is a terminal's side of the line against a fake cloud.
type counter struct {
	client    *Client
	breaker   *Breaker
	line      *memoryLine
	journal   *memoryJournal
	cache     *memoryCache
	pump      *Pump
	authority *Authority
	key       ed25519.PrivateKey
}

// A terminal that lost what it knew of its cloud and found it again would never hear of its merchant's keys, nor of those that were revoked.
func TestThePartThatAllMerchantsShareGivesWayToTheMerchantsOwn(t *testing.T) {
	cloud := &fakeCloud{t: t}
	for _, key := range []*ed25519.PrivateKey{&cloud.root, &cloud.feed} {
		_, made, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		*key = made
	}
	trust, err := NewTrust(cloud.root.Public().(ed25519.PublicKey), cloud.trustListOf("", "f1", 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, own := range map[string]string{"the same version": cloud.trustList("f1", 2), "a lower one": cloud.trustList("f1", 1), "a higher one": cloud.trustList("f1", 3)} {
		shared := &Trust{root: trust.root, list: trust.list, signed: trust.signed}
		if err := shared.Take(own); err != nil || shared.Signed() != own {
			t.Errorf("%s is not taken: %v", what, err)
		}
		if err := shared.Take(cloud.trustListOf("another", "f1", 9)); err == nil {
			t.Errorf("%s: then another merchant's is", what)
		}
		if err := shared.Take(cloud.trustListOf("", "f1", 9)); err == nil {
			t.Errorf("%s: then nobody's is", what)
		}
	}
}

func newCounter(t *testing.T, cloud *fakeCloud, url string, entries int) *counter {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := NewTrust(cloud.root.Public().(ed25519.PublicKey), cloud.trustList("f1", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := NewClient(Config{URL: url + "/", Key: key, Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{client: client, line: &memoryLine{}, journal: newMemoryJournal(entries), cache: &memoryCache{}, key: key}
	c.breaker = NewBreaker(c.line, nil)
	claims := NewClaims("instance-1", func(context.Context) ([]terminal.UID, error) { return nil, nil })
	c.pump = NewPump(client, c.breaker, claims, c.journal, c.cache, slog.New(slog.DiscardHandler))
	c.authority = NewAuthority(client, c.breaker, claims)
	return c
}
