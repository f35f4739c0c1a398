package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
)

// Problem is an error that is an answer: RFC 9457 with a stable code.
type Problem struct{ api.Problem }

// Error is its one sentence.
func (p *Problem) Error() string { return p.Detail }

var problemTitles = map[string]string{
	"use_dpop_nonce":      "A fresh nonce is needed",
	"invalid_proof":       "The request's proof is not good",
	"not_enrolled":        "The terminal is not enrolled",
	"malformed_request":   "The request cannot be read",
	"too_large":           "The request is too large",
	"join_code_unknown":   "The join code is unknown",
	"join_code_used":      "The join code was used",
	"join_code_expired":   "The join code has expired",
	"already_enrolled":    "The machine is enrolled already",
	"other_journal":       "The machine's journal is another terminal's",
	"terminal_name_taken": "The terminal's name is taken",
	"journal_gap":         "Entries are missing",
	"journal_behind":      "The journal ends elsewhere",
	"journal_chain":       "The journal does not verify",
	"journal_entry":       "An entry cannot be read",
	"cursor_unknown":      "The cursor is of another feed",
	"invalid_token":       "The token is not good",
	"invalid":             "The request does not fit together",
	"no_snapshot":         "There is no first fill",
	"snapshot_expired":    "The first fill has expired",
	"lease_in_use":        "The lease may be in use",
	"which_machine":       "Several machines use one key",
	"not_the_hub":         "The terminal is not the hub",
	"not_found":           "There is nothing here",
	"method_not_allowed":  "The method does not fit the address",
	"unavailable":         "The cloud cannot answer now",
	"disk_full":           "The disk is full",
	"internal":            "The cloud failed",
}

func problem(status int, code, detail string) *Problem {
	detail = strings.ToUpper(detail[:1]) + detail[1:]
	return &Problem{api.Problem{Type: "urn:countersign:problem:" + code, Title: problemTitles[code], Status: status, Code: code, Detail: detail}}
}

// recorder keeps an answer until it can be signed.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	pattern string // of the operation, once that is known
	told    *Problem
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}

// problem replaces whatever was recorded.
func (r *recorder) problem(p *Problem) {
	r.body.Reset()
	r.status, r.told = p.Status, p
	r.header.Set("Content-Type", "application/problem+json")
	encoder := json.NewEncoder(&r.body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p.Problem); err != nil {
		// A problem holds nothing that JSON cannot say.
		panic(err)
	}
}

// sign signs the recorded answer for the request with proof id jti.
func (r *recorder) sign(key FeedKey, jti string) error {
	r.WriteHeader(http.StatusOK)
	signature, err := signAnswer(key, r.body.Bytes(), jti, r.status)
	if err != nil {
		return err
	}
	r.header.Set(signatureHeader, signature)
	r.header.Set("Cache-Control", "no-store")
	r.header.Set("Content-Length", fmt.Sprint(r.body.Len()))
	return nil
}

// send writes the answer, which was signed.
func (r *recorder) send(w http.ResponseWriter) error {
	if r.header.Get(signatureHeader) == "" {
		return errors.New("it has no signature")
	}
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, err := w.Write(r.body.Bytes())
	return err
}

// signAnswer makes the detached JWS over an answer's body (RFC 7515, appendix F).
func signAnswer(key FeedKey, body []byte, jti string, status int) (string, error) {
	options := (&jose.SignerOptions{}).WithHeader("jti", jti).WithHeader("sts", status)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key.Key, KeyID: key.ID}}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", err
	}
	return signed.DetachedCompactSerialize()
}

// kind is what this server is, for whoever reads its problems.
func (s *server) kind() string {
	if s.options.Hub != nil {
		return "hub"
	}
	return "cloud"
}

// asProblem turns any error into an answer. What is the machine's fault is logged by the caller and not told.
func (s *server) asProblem(err error) *Problem {
	var own *Problem
	var journal *JournalError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, ErrProveAlive):
		return problem(http.StatusUnauthorized, "use_dpop_nonce", "A later start of this terminal's program was heard: prove the request again with the nonce of this answer.")
	case errors.As(err, &journal):
		p := problem(http.StatusConflict, journal.Code, journal.Detail)
		p.Head = &journal.Head
		return p
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("More than %d bytes were sent: send fewer entries at once.", tooLarge.Limit))
	case errors.Is(err, ErrCursor):
		return problem(http.StatusGone, "cursor_unknown", "The cursor is not of this feed: empty the cache and begin again without a cursor.")
	case strings.Contains(err.Error(), "disk is full"), strings.Contains(err.Error(), "No space left"): // as SQLite and PostgreSQL say it
		s.room.ranOut()
		return problem(http.StatusServiceUnavailable, "disk_full", fmt.Sprintf("The disk of the %s is full: make room there.", s.kind()))
	case strings.Contains(err.Error(), "database"):
		return problem(http.StatusServiceUnavailable, "unavailable", fmt.Sprintf("The %s's database cannot answer now: try again in a moment.", s.kind()))
	}
	return problem(http.StatusInternalServerError, "internal", fmt.Sprintf("The %s failed to answer: try again in a moment, and look into its log if that lasts.", s.kind()))
}
