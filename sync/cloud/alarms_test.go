package cloud_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// lockedLog keeps what is logged.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// since returns the lines that were logged after the first n bytes, and where the log ends now.
func (r *rig) since(n int) (lines []map[string]any, end int) {
	r.Helper()
	text := r.log.String()
	for _, raw := range strings.Split(strings.TrimSpace(text[n:]), "\n") {
		if raw == "" {
			continue
		}
		line := map[string]any{}
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			r.Fatalf("%q is no line of JSON: %v", raw, err)
		}
		lines = append(lines, line)
	}
	return lines, len(text)
}

// logged checks that one line was logged since n, with these members.
func (r *rig) logged(n int, words string, members map[string]any) int {
	r.Helper()
	lines, end := r.since(n)
	if len(lines) != 1 || lines[0]["msg"] != words {
		r.Fatalf("one line %q was expected, not %v", words, lines)
	}
	for name, want := range members {
		if lines[0][name] != want {
			r.Errorf("%q says %v of %s instead of %v", words, lines[0][name], name, want)
		}
	}
	return end
}

func (r *rig) quiet(n int, what string) {
	r.Helper()
	if lines, _ := r.since(n); len(lines) > 0 {
		r.Errorf("%s left lines in the log: %v", what, lines)
	}
}

func (r *rig) withToken(method, path, secret, body string) *httptest.ResponseRecorder {
	r.Helper()
	request := httptest.NewRequestWithContext(r.Context(), method, publicURL+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	r.handler.ServeHTTP(answer, request)
	return answer
}

// Somebody could try tokens and proofs for weeks, and a stolen counter ask, and IT would find nothing of it in the log; or find the secrets there.
func TestLogSaysWhoWasRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.join()
	at := r.logged(0, "a terminal joined", map[string]any{"merchant": e.Merchant, "store": e.Store, "terminal": e.Terminal})
	var page api.FeedPage
	r.ask("GET", "/v1/feed", nil, &page)
	r.quiet(at, "an ordinary request")
	wrong, _ := cloud.NewAdminToken()
	for range 5 {
		if answer := r.withToken("GET", "/v1/admin/merchants", wrong, ""); answer.Code != http.StatusUnauthorized {
			t.Fatalf("a wrong token was answered %d", answer.Code)
		}
	}
	at = r.logged(at, "a request of the merchant's side was refused", map[string]any{"code": "invalid_token", "from": "192.0.2.1", "path": "/v1/admin/merchants"})
	r.now = r.now.Add(2 * time.Minute)
	r.withToken("GET", "/v1/admin/merchants", wrong, "")
	at = r.logged(at, "a request of the merchant's side was refused", map[string]any{"times_since_last_line": 4.0})
	if strings.Contains(r.log.String(), wrong) || strings.Contains(r.log.String(), wrong[4:]) {
		t.Error("the token that was refused is in the log")
	}
	r.ask("GET", "/v1/feed", nil, &page)
	spoilt := r.proof("GET", "/v1/trust", nil)
	spoilt.Method = "POST"
	r.send("GET", "/v1/trust", nil, spoilt)
	at = r.logged(at, "a request was refused: its proof is not good", map[string]any{"code": "invalid_proof", "path": "/v1/trust", "why": "The proof is for another method."})
	stranger := r.proof("GET", "/v1/trust", nil)
	_, stranger.key, _ = ed25519.GenerateKey(rand.Reader)
	r.send("GET", "/v1/trust", nil, stranger)
	at = r.logged(at, "a machine was refused that is not enrolled", map[string]any{"code": "not_enrolled"})
	var p api.Problem
	r.ask("POST", "/v1/enrol", api.EnrolRequest{Code: "K7QWRONGCODE", PublicKey: r.public, SealKey: r.seal.PublicKey().Bytes(), ProgramVersion: "1"}, &p)
	at = r.logged(at, "a machine was refused that wanted to join", map[string]any{"code": "join_code_unknown"})
	if strings.Contains(r.log.String(), "K7QWRONGCODE") {
		t.Error("the join code that was refused is in the log")
	}
	secret, hash := cloud.NewAdminToken()
	if err := r.storage.NewAdminToken(t.Context(), cloud.AdminToken{Name: "office", CreatedAt: r.now}, hash); err != nil {
		t.Fatal(err)
	}
	path := "/v1/admin/merchants/lakeside/terminals/quay/" + e.Terminal + "/suspension"
	r.withToken("POST", path, secret, `{"suspended":true}`)
	at = r.logged(at, "a terminal was suspended", map[string]any{"store": "quay", "terminal": e.Terminal, "token": "office"})
	for range 3 {
		r.ask("GET", "/v1/feed", nil, &page)
	}
	at = r.logged(at, "a suspended terminal asks: it is granted nothing", map[string]any{"terminal": e.Terminal})
	r.withToken("POST", path, secret, `{"suspended":false}`)
	at = r.logged(at, "a terminal was readmitted", map[string]any{"terminal": e.Terminal})
	r.withToken("GET", "/v1/admin/merchants", secret, "")
	r.quiet(at, "an ordinary request of the merchant's side")
}

// A double that costs money would wait for somebody who happens to look at the list.
func TestLogSaysThatAnExceptionWasOpened(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.join()
	_, at := r.since(0)
	genesis := entry.Genesis(r.public)
	sealed, err := entry.Seal(r.private, genesis, terminal.Entry{Merchant: e.Merchant, Store: e.Store, Terminal: e.Terminal, Epoch: 1, Seq: 1, UID: terminal.UID{7},
		Kind: terminal.EntryRedeem, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 1}, Assurance: terminal.Offline, Wall: r.now, BusinessDay: terminal.Date{Year: 2026, Month: 1, Day: 2},
		Lines: []terminal.EntryLine{{Voucher: 7, Campaign: "dinner", Kind: terminal.KindProduct, Units: 1, Price: &terminal.Money{Minor: 3990, Currency: "EUR"}}}})
	if err != nil {
		t.Fatal(err)
	}
	push := api.JournalPush{Instance: "instance-1", Open: []terminal.UID{}, Epoch: 1, FromSeq: 1, PrevHash: genesis[:],
		Entries: []api.SealedEntry{{Bytes: sealed.Bytes, Signature: sealed.Signature}}}
	for range 2 { // a voucher that nobody issued
		var ack api.JournalAck
		if code := r.ask("POST", "/v1/journal", push, &ack); code != http.StatusOK || ack.Verdicts[0].Verdict != terminal.Invalid {
			t.Fatalf("the push was answered %d %+v", code, ack)
		}
	}
	r.logged(at, "an exception was opened", map[string]any{"kind": "invalid", "merchant": "lakeside", "campaign": "dinner", "units": 1.0, "level": "WARN", "at_risk": "39.90 EUR"})
}

// hungUp is a storage whose client hangs up in the middle of what it reads.
type hungUp struct {
	cloud.Storage
	hangUp context.CancelFunc
	fault  error
}

func (h *hungUp) Merchants(ctx context.Context) ([]terminal.Merchant, error) {
	if h.fault != nil {
		return nil, h.fault
	}
	h.hangUp()
	<-ctx.Done()
	return h.Storage.Merchants(ctx)
}

// Each counter that loses its line would raise an alarm about the database in the middle of the night, and the one that is real would drown.
func TestHangingUpIsNoFault(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	faulty := &hungUp{Storage: r.storage, hangUp: hangUp}
	handler, err := cloud.New(t.Context(), faulty, cloud.Options{PublicURL: publicURL, Log: r.logger()})
	if err != nil {
		t.Fatal(err)
	}
	secret, hash := cloud.NewAdminToken()
	if err := r.storage.NewAdminToken(t.Context(), cloud.AdminToken{Name: "office", CreatedAt: r.now}, hash); err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context) int {
		request := httptest.NewRequestWithContext(ctx, "GET", publicURL+"/v1/admin/merchants", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+secret)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer.Code
	}
	if code := ask(ctx); code != 499 {
		t.Errorf("who hung up is counted as %d", code)
	}
	r.quiet(0, "a client that hung up")
	faulty.fault = context.DeadlineExceeded // of the database's own
	if code := ask(t.Context()); code != http.StatusInternalServerError {
		t.Errorf("a fault was answered %d", code)
	}
	r.logged(0, "a request failed", map[string]any{"level": "ERROR", "method": "GET"})
}

// A token that was ended because it had got into wrong hands lets in again after the database was put back, and nobody would think of it.
func TestARestoreNamesTheTokensThatLetIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.join()
	for _, name := range []string{"shop-system", "leaked", "elsewhere"} {
		_, hash := cloud.NewAdminToken()
		made := cloud.AdminToken{Name: name, CreatedAt: r.now}
		if name == "elsewhere" {
			made.Merchant = "another"
		}
		if err := r.storage.NewAdminToken(t.Context(), made, hash); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.storage.EndAdminToken(t.Context(), "leaked", r.now); err != nil {
		t.Fatal(err)
	}
	var page api.FeedPage
	r.ask("GET", "/v1/feed", nil, &page)
	_, at := r.since(0)
	r.ask("GET", "/v1/feed?cursor="+page.Cursor[:strings.LastIndexByte(page.Cursor, '.')]+".zzz", nil, &api.Problem{})
	lines, _ := r.since(at)
	if len(lines) != 2 || lines[0]["kind"] != "cloud_restore" || lines[1]["merchant"] != e.Merchant {
		t.Fatalf("the log says %v", lines)
	}
	if names, _ := lines[1]["tokens"].([]any); len(names) != 1 || names[0] != "shop-system" || !strings.Contains(lines[1]["next"].(string), "token end") {
		t.Errorf("the tokens that let in are told as %v", lines[1])
	}
	if said, _ := lines[1]["msg"].(string); !strings.HasPrefix(said, "these admin tokens let in now") || strings.Contains(said, "were ended") {
		t.Errorf("%q says of all that they had been ended", said)
	}
}
