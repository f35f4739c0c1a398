package cloud_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/entry"
)

const publicURL = "https://cloud.example/shops"

// rig is a cloud with one merchant, and a machine that wants to join it.
type rig struct {
	*testing.T
	storage cloud.Storage
	handler http.Handler
	now     time.Time
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	seal    *ecdh.PrivateKey
	nonce   string
	trusted map[string]ed25519.PublicKey
	log     *lockedLog
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := &rig{T: t, storage: s, now: time.Now(), trusted: map[string]ed25519.PublicKey{}, log: &lockedLog{}}
	options := cloud.Options{PublicURL: publicURL, Now: func() time.Time { return r.now }, Log: r.logger()}
	if r.handler, err = cloud.New(t.Context(), s, options); err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.trusted[keys.Feed.ID] = keys.Feed.Key.Public().(ed25519.PublicKey)
	catalogue := cloud.Catalogue{
		Merchant:  terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores:    []terminal.Store{{ID: "quay", Name: "Quay", Zone: "Europe/Berlin", Language: "en", SignIn: "none", Print: "never", Copies: 1}},
		Campaigns: []terminal.Campaign{{ID: "dinner", Name: terminal.Text{"en": "Dinner"}, Kind: terminal.KindProduct, Currency: "EUR"}},
	}
	if _, err := s.Apply(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	if r.public, r.private, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if r.seal, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(r.log, nil)) }

// proof is a request's proof before it is signed, so that a test can spoil any part of it.
type proof struct {
	Type, Method, URL, Nonce, ID, Body string
	key                                ed25519.PrivateKey
}

func (r *rig) proof(method, path string, body []byte) proof {
	digest := sha256.Sum256(body)
	return proof{Type: "dpop+jwt", Method: method, URL: publicURL + path, Nonce: r.nonce, ID: rand.Text(),
		Body: base64.RawURLEncoding.EncodeToString(digest[:]), key: r.private}
}

func (r *rig) sign(p proof) string {
	r.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: p.key}, (&jose.SignerOptions{EmbedJWK: true}).WithType(jose.ContentType(p.Type)))
	if err != nil {
		r.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"htm": p.Method, "htu": p.URL, "nonce": p.Nonce, "jti": p.ID, "bh": p.Body, "iat": r.now.Unix()})
	if err != nil {
		r.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		r.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		r.Fatal(err)
	}
	return text
}

// send sends a request with a proof and checks the answer's signature.
func (r *rig) send(method, path string, body []byte, p proof) *httptest.ResponseRecorder {
	r.Helper()
	request := httptest.NewRequestWithContext(r.Context(), method, publicURL+path, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("DPoP", r.sign(p))
	answer := httptest.NewRecorder()
	r.handler.ServeHTTP(answer, request)
	r.verify(answer, p.ID)
	r.nonce = answer.Header().Get("DPoP-Nonce")
	return answer
}

func (r *rig) verify(answer *httptest.ResponseRecorder, jti string) {
	r.Helper()
	signed, err := jose.ParseDetached(answer.Header().Get("Countersign-Signature"), answer.Body.Bytes(), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		r.Fatalf("the answer %d has no signature: %v", answer.Code, err)
	}
	header := signed.Signatures[0].Protected
	key, ok := r.trusted[header.KeyID]
	if !ok {
		r.Fatalf("the answer is signed by %q", header.KeyID)
	}
	if err := signed.DetachedVerify(answer.Body.Bytes(), key); err != nil {
		r.Fatalf("the answer's signature: %v", err)
	}
	if header.ExtraHeaders["jti"] != jti || header.ExtraHeaders["sts"] != float64(answer.Code) {
		r.Fatalf("the answer %d to %s is signed for %v", answer.Code, jti, header.ExtraHeaders)
	}
}

// ask sends a good request, with a fresh nonce where one is needed, and reads the answer into out.
func (r *rig) ask(method, path string, in, out any) int {
	r.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			r.Fatal(err)
		}
	}
	signedPath, _, _ := strings.Cut(path, "?")
	answer := r.send(method, path, body, r.proof(method, signedPath, body))
	if problemCode(answer) == "use_dpop_nonce" {
		answer = r.send(method, path, body, r.proof(method, signedPath, body))
	}
	if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
		r.Fatalf("the answer %d %q: %v", answer.Code, answer.Body, err)
	}
	return answer.Code
}

func problemCode(answer *httptest.ResponseRecorder) string {
	var p api.Problem
	if answer.Code < 400 || json.Unmarshal(answer.Body.Bytes(), &p) != nil {
		return ""
	}
	return p.Code
}

func (r *rig) join() api.Enrolment {
	r.Helper()
	secret := rand.Text()
	err := r.storage.Invite(r.Context(), []cloud.Invitation{{Merchant: "lakeside", Store: "quay", SecretHash: cloud.SecretHash(secret), CreatedAt: r.now, ExpiresAt: r.now.Add(time.Hour)}})
	if err != nil {
		r.Fatal(err)
	}
	var e api.Enrolment
	code := r.ask("POST", "/v1/enrol", api.EnrolRequest{Code: strings.ToLower(secret), PublicKey: r.public, SealKey: r.seal.PublicKey().Bytes(), ProgramVersion: "1"}, &e)
	if code != http.StatusOK {
		r.Fatalf("the enrolment was answered %d", code)
	}
	return e
}

// A fresh counter PC could not be set up, or would trust whoever answers.
func TestEnrolment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.join()
	if e.Merchant != "lakeside" || e.Store != "quay" || e.Terminal != "counter-1" || e.Settings.Store.Name != "Quay" {
		t.Errorf("the enrolment is %+v", e)
	}
	trust, err := jose.ParseSignedCompact(e.Trust, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := trust.Verify(ed25519.PublicKey(e.RootKey))
	if err != nil {
		t.Fatalf("the trust list is not signed by the root key: %v", err)
	}
	var list api.TrustList
	if err := json.Unmarshal(payload, &list); err != nil || len(list.FeedKeys) != 1 || !bytes.Equal(list.FeedKeys[0].Key, r.trusted[list.FeedKeys[0].Kid]) {
		t.Errorf("the trust list is %s", payload)
	}
	private, err := hpke.NewDHKEMPrivateKey(r.seal)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := hpke.NewRecipient(e.LookupKey.Enc, private, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte("countersign lookup key v1"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := recipient.Open(nil, e.LookupKey.Ciphertext)
	if err != nil {
		t.Fatal(err)
	}
	want, err := r.storage.LookupKey(t.Context(), "lakeside")
	if err != nil || !bytes.Equal(opened, want) {
		t.Error("the lookup key that was sealed is not the merchant's")
	}
}

// A recorded, altered or redirected request could redeem in a terminal's name.
func TestProofs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join()
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"lookups":["00112233445566778899aabbccddeeff"]}`)
	good := func() proof { return r.proof("POST", "/v1/lookup", body) }
	if answer := r.send("POST", "/v1/lookup", body, good()); answer.Code != http.StatusOK {
		t.Fatalf("a good request was answered %d %s", answer.Code, answer.Body)
	}
	stale := r.nonce
	r.now = r.now.Add(5*time.Minute + time.Second)
	for _, bad := range []struct {
		name  string
		spoil func(p *proof)
		body  []byte
		want  string
	}{
		{"a stale nonce", func(p *proof) { p.Nonce = stale }, body, "use_dpop_nonce"},
		{"no nonce", func(p *proof) { p.Nonce = "" }, body, "use_dpop_nonce"},
		{"a forged nonce", func(p *proof) { p.Nonce = strings.Repeat("A", 32) }, body, "use_dpop_nonce"},
		{"another key", func(p *proof) { p.key = stranger }, body, "not_enrolled"},
		{"another address", func(p *proof) { p.URL = "https://evil.example/v1/lookup" }, body, "invalid_proof"},
		{"another path", func(p *proof) { p.URL = publicURL + "/v1/claims" }, body, "invalid_proof"},
		{"another method", func(p *proof) { p.Method = "GET" }, body, "invalid_proof"},
		{"an altered body", func(*proof) {}, bytes.Replace(body, []byte("00"), []byte("01"), 1), "invalid_proof"},
		{"no id", func(p *proof) { p.ID = "" }, body, "invalid_proof"},
		{"another kind of token", func(p *proof) { p.Type = "JWT" }, body, "invalid_proof"},
	} {
		t.Run(bad.name, func(t *testing.T) {
			fresh := r.send("POST", "/v1/lookup", body, good()) // brings a good nonce
			r.T = t
			p := r.proof("POST", "/v1/lookup", body)
			p.Nonce = fresh.Header().Get("DPoP-Nonce")
			bad.spoil(&p)
			request := httptest.NewRequest("POST", publicURL+"/v1/lookup", bytes.NewReader(bad.body))
			request.Header.Set("DPoP", r.sign(p))
			answer := httptest.NewRecorder()
			r.handler.ServeHTTP(answer, request)
			if got := problemCode(answer); got != bad.want {
				t.Errorf("answered %q, and %q was expected: %s", got, bad.want, answer.Body)
			}
			if answer.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("the content type is %q", answer.Header().Get("Content-Type"))
			}
		})
	}
	for name, header := range map[string][]string{"no proof": nil, "rubbish": {"rubbish"}, "two proofs": {r.sign(good()), r.sign(good())}} {
		request := httptest.NewRequest("POST", publicURL+"/v1/lookup", bytes.NewReader(body))
		request.Header["Dpop"] = header
		answer := httptest.NewRecorder()
		r.handler.ServeHTTP(answer, request)
		if got := problemCode(answer); got != "invalid_proof" {
			t.Errorf("%s: answered %q", name, got)
		}
	}
}

// An algorithm that anybody can compute would pass for a terminal's signature.
func TestProofAlgorithms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	encode := base64.RawURLEncoding.EncodeToString
	for _, header := range []string{
		`{"typ":"dpop+jwt","alg":"none","jwk":{"kty":"OKP","crv":"Ed25519","x":"` + encode(r.public) + `"}}`,
		`{"typ":"dpop+jwt","alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`,
		`{"typ":"dpop+jwt","alg":"EdDSA"}`,
	} {
		request := httptest.NewRequest("GET", publicURL+"/v1/trust", http.NoBody)
		request.Header.Set("DPoP", encode([]byte(header))+"."+encode([]byte(`{"htm":"GET"}`))+"."+encode(make([]byte, 64)))
		answer := httptest.NewRecorder()
		r.handler.ServeHTTP(answer, request)
		if got := problemCode(answer); got != "invalid_proof" {
			t.Errorf("%s: answered %q", header, got)
		}
	}
}

// A machine whose join code is refused could not tell the cloud's word from a hotel's login page.
func TestRefusedEnrolmentCanBeVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var p api.Problem
	code := r.ask("POST", "/v1/enrol", api.EnrolRequest{Code: "NOPE", PublicKey: r.public, SealKey: r.seal.PublicKey().Bytes(), ProgramVersion: "1"}, &p)
	if code != http.StatusNotFound || p.Code != "join_code_unknown" || p.RootKey == nil || p.Trust == nil {
		t.Fatalf("answered %d %+v", code, p)
	}
	keys, err := r.storage.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	root := keys.Root.Public().(ed25519.PublicKey)
	if join := (api.JoinCode{RootHash: api.RootHash(root)}); !join.Pins(*p.RootKey) {
		t.Error("the root key is not the one that the join code pins")
	}
	signed, err := jose.ParseSignedCompact(*p.Trust, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(root); err != nil {
		t.Errorf("the trust list is not signed by the root key: %v", err)
	}
	var other api.Problem
	stranger := api.EnrolRequest{Code: "NOPE", PublicKey: make([]byte, 32), SealKey: r.seal.PublicKey().Bytes(), ProgramVersion: "1"}
	if r.ask("POST", "/v1/enrol", stranger, &other); other.Code != "invalid_proof" {
		t.Errorf("a proof by another key than the one to enrol was answered %q", other.Code)
	}
}

// The whole talk of a counter with its cloud, over the wire as it is.
func TestTalk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.join()
	campaigns, err := r.storage.Campaigns(t.Context(), "lakeside")
	if err != nil {
		t.Fatal(err)
	}
	issued, err := cloud.Prepare(t.Context(), r.storage, "lakeside", campaigns[0], cloud.Facts{}, 1, rand.Reader, r.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Store(t.Context(), r.storage, "lakeside", issued); err != nil {
		t.Fatal(err)
	}
	var page api.FeedPage
	if code := r.ask("GET", "/v1/feed?limit=100", nil, &page); code != http.StatusOK || !page.AtEnd {
		t.Fatalf("the feed was answered %d %+v", code, page)
	}
	var voucher *terminal.Voucher
	for _, record := range page.Records {
		if record.Voucher != nil {
			voucher = record.Voucher
		}
	}
	if voucher == nil {
		t.Fatal("the feed holds no voucher")
	}
	var rows api.LookupAnswer
	r.ask("POST", "/v1/lookup", api.LookupRequest{Lookups: []terminal.Lookup{voucher.Lookup, {1}}}, &rows)
	if len(rows.Rows) != 1 || rows.Rows[0].Voucher.ID != voucher.ID || rows.Rows[0].Campaign.ID != "dinner" {
		t.Errorf("the lookup was answered %+v", rows)
	}
	var answer api.ClaimAnswer
	r.ask("POST", "/v1/claims", api.ClaimRequest{Uid: terminal.UID{1}, Instance: "instance-1", Counter: 1, Open: []terminal.UID{},
		Lines: []api.ClaimLine{{Lookup: voucher.Lookup, Units: 1}}}, &answer)
	if answer.Granted || len(answer.Findings) != 1 || answer.Findings[0].Reason != terminal.BadSignature {
		t.Errorf("a claim without proof was answered %+v", answer)
	}
	r.pushDecline(e)
	var gone api.Problem
	if code := r.ask("GET", "/v1/feed?cursor=elsewhere.9", nil, &gone); code != http.StatusGone || gone.Code != "cursor_unknown" {
		t.Errorf("a strange cursor was answered %d %+v", code, gone)
	}
}

// pushDecline hands over a journal of one entry, twice, and then one that is out of order.
func (r *rig) pushDecline(e api.Enrolment) {
	r.Helper()
	genesis := entry.Genesis(r.public)
	sealed, err := entry.Seal(r.private, genesis, terminal.Entry{Merchant: e.Merchant, Store: e.Store, Terminal: e.Terminal, Epoch: 1, Seq: 1,
		UID: terminal.UID{7}, Kind: terminal.EntryDecline, Wall: r.now, BusinessDay: terminal.Date{Year: 2026, Month: 1, Day: 2}})
	if err != nil {
		r.Fatal(err)
	}
	push := api.JournalPush{Instance: "instance-1", Open: []terminal.UID{}, Epoch: 1, FromSeq: 1, PrevHash: genesis[:],
		Entries: []api.SealedEntry{{Bytes: sealed.Bytes, Signature: sealed.Signature}}}
	for range 2 {
		var ack api.JournalAck
		if code := r.ask("POST", "/v1/journal", push, &ack); code != http.StatusOK || ack.HeadSeq != 1 || !bytes.Equal(ack.HeadHash, sealed.Hash[:]) {
			r.Fatalf("the push was answered %d %+v", code, ack)
		}
	}
	push.FromSeq = 5
	var gap api.Problem
	if code := r.ask("POST", "/v1/journal", push, &gap); code != http.StatusConflict || gap.Code != "journal_gap" || gap.Head == nil || gap.Head.Seq != 1 {
		r.Errorf("a gap was answered %d %+v", code, gap)
	}
}

// A cashier at another counter would see a sold voucher as fresh for as long as the poll takes.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join()
	var page api.FeedPage
	r.ask("GET", "/v1/feed", nil, &page)
	cursor := page.Cursor
	paused := make(chan error, 1)
	go func() {
		_, err := r.storage.Pause(context.WithoutCancel(t.Context()), "lakeside", "dinner", nil, true)
		paused <- err
	}()
	page = api.FeedPage{}
	r.ask("GET", "/v1/feed?wait=25&cursor="+cursor, nil, &page)
	if err := <-paused; err != nil {
		t.Fatal(err)
	}
	if len(page.Records) != 1 || page.Records[0].Campaign == nil || page.Records[0].Campaign.State != terminal.CampaignPaused {
		t.Errorf("the poll was answered %+v", page)
	}
}

// A request that the contract does not know would be answered by something that is not a signed problem.
func TestStrangeRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.join()
	for _, one := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/v1/lookup", `{`, http.StatusBadRequest, "malformed_request"},
		{"POST", "/v1/lookup", `{"lookups":["zz"]}`, http.StatusBadRequest, "malformed_request"},
		{"POST", "/v1/lookup", `{"lookups":[]}`, http.StatusBadRequest, "malformed_request"},
		{"POST", "/v1/claims", `{}`, http.StatusBadRequest, "malformed_request"},
		{"POST", "/v1/journal", `{"prev_hash":"AAAA"}`, http.StatusBadRequest, "malformed_request"},
		{"GET", "/v1/feed?limit=many", "", http.StatusBadRequest, "malformed_request"},
		{"GET", "/v1/nothing", "", http.StatusNotFound, "not_found"},
		{"DELETE", "/v1/journal", "", http.StatusMethodNotAllowed, "method_not_allowed"},
		{"PATCH", "/v1/nothing", "", http.StatusNotFound, "not_found"},
		{"POST", "/v1/journal", `{"prev_hash":"` + strings.Repeat("A", 1<<20) + `"}`, http.StatusRequestEntityTooLarge, "too_large"},
	} {
		path, _, _ := strings.Cut(one.path, "?")
		p := r.proof(one.method, path, []byte(one.body))
		if one.code == "too_large" {
			p.ID = "" // nobody reads a proof before the body
		}
		request := httptest.NewRequest(one.method, publicURL+one.path, strings.NewReader(one.body))
		request.Header.Set("DPoP", r.sign(p))
		answer := httptest.NewRecorder()
		r.handler.ServeHTTP(answer, request)
		r.verify(answer, p.ID)
		r.nonce = answer.Header().Get("DPoP-Nonce")
		if allow := answer.Header().Get("Allow"); one.status == http.StatusMethodNotAllowed && allow != "POST" {
			t.Errorf("%s %s: the answer allows %q", one.method, one.path, allow)
		}
		if answer.Code != one.status || problemCode(answer) != one.code {
			t.Errorf("%s %s: answered %d %q %s", one.method, one.path, answer.Code, problemCode(answer), answer.Body)
		}
	}
}
