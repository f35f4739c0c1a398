package sync

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	signatureHeader = "Countersign-Signature"
	nonceHeader     = "DPoP-Nonce"
	proofHeader     = "DPoP"

	// bodyMost is the longest answer that is read: a full page of the feed has 2,000 rows of less than 2 KiB.
	bodyMost = 8 << 20
)

// keyFinder returns the key that may sign an answer, by its id. It sees the body, since the answer to an enrolment brings its keys
// along, under the root key that the join code pinned.
type keyFinder func(kid string, body []byte) (ed25519.PublicKey, error)

// doer sends requests with their proof and lets only those answers through that the cloud itself signed for this very request: a
// hotel's login page, a proxy's error, a truncated body or a recorded answer are no answer. It implements the generated
// client's HttpRequestDoer.
type doer struct {
	client *http.Client
	prover *prover
	keys   keyFinder

	mu    sync.Mutex
	nonce string
}

// Do implements api.HttpRequestDoer. Every error is ErrNoAnswer in the sense of errors.Is.
func (d *doer) Do(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body.Close()
	}
	answer, got, err := d.once(request, body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusUnauthorized && problemCode(got) == "use_dpop_nonce" {
		if answer, got, err = d.once(request, body); err != nil {
			return nil, err
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(got))
	return answer, nil
}

// once makes one attempt and returns the verified answer and its body.
func (d *doer) once(request *http.Request, body []byte) (*http.Response, []byte, error) {
	d.mu.Lock()
	nonce := d.nonce
	d.mu.Unlock()
	onBehalf, _ := request.Context().Value(behalfKey{}).(ed25519.PublicKey)
	proof, id, err := d.prover.prove(request.Method, proofURL(request.URL), body, nonce, onBehalf)
	if err != nil {
		return nil, nil, err
	}
	attempt := request.Clone(request.Context())
	attempt.Body, attempt.GetBody, attempt.ContentLength = nil, nil, 0
	if body != nil {
		attempt.Body = io.NopCloser(bytes.NewReader(body))
		attempt.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		attempt.ContentLength = int64(len(body))
	}
	attempt.Header.Set(proofHeader, proof)
	answer, err := d.client.Do(attempt)
	if err != nil {
		return nil, nil, noAnswer(plainCause(err), 0)
	}
	defer answer.Body.Close()
	got, err := readAnswer(answer)
	if err != nil {
		return nil, nil, noAnswer(err, retryAfter(answer.Header))
	}
	if err := verifyAnswer(answer, got, id, d.keys); err != nil {
		if fresh := answer.Header.Get(nonceHeader); fresh != "" && errors.Is(err, errUnknownKey) {
			// A terminal that was off while the cloud changed its keys would else ask for the new list with its old nonce for ever. A nonce
			// proves nothing of who gave it: a wrong one costs one more attempt.
			d.mu.Lock()
			d.nonce = fresh
			d.mu.Unlock()
		}
		return nil, nil, noAnswer(err, retryAfter(answer.Header))
	}
	if fresh := answer.Header.Get(nonceHeader); fresh != "" {
		d.mu.Lock()
		d.nonce = fresh
		d.mu.Unlock()
	}
	return answer, got, nil
}

func (d *doer) lastNonce() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nonce
}

// proofURL is the htu claim: the address without query and fragment (RFC 9449, section 4.2).
func proofURL(address *url.URL) string {
	bare := *address
	bare.RawQuery, bare.Fragment, bare.RawFragment = "", "", ""
	return bare.String()
}

// readAnswer reads a whole body of the right type.
func readAnswer(answer *http.Response) ([]byte, error) {
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return nil, &hindered{kind: HindrancePortal,
			text: fmt.Sprintf("something on the way redirects to %s: perhaps this network wants somebody to log in", redirectHost(answer))}
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil || (kind != "application/json" && kind != "application/problem+json" && kind != "application/octet-stream") {
		if answer.StatusCode >= 500 {
			return nil, inFront(answer)
		}
		return nil, &hindered{kind: HindrancePortal, text: fmt.Sprintf(
			"something on the way answers in the cloud's place (HTTP %d, %q): perhaps this network wants somebody to log in",
			answer.StatusCode, answer.Header.Get("Content-Type"))}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyMost+1))
	if err != nil {
		return nil, fmt.Errorf("the connection broke in the middle of an answer: %w", plainCause(err))
	}
	if len(body) > bodyMost {
		return nil, fmt.Errorf("an answer is longer than %d bytes", bodyMost)
	}
	return body, nil
}

func redirectHost(answer *http.Response) string {
	if target, err := answer.Location(); err == nil {
		return target.Host
	}
	return "another place"
}

// inFront is what is said of an answer that the cloud did not sign and that is no page for people either: of a server before the cloud, that
// does not reach it, or of another program at its address.
func inFront(answer *http.Response) error {
	return &hindered{kind: HindranceFront, text: fmt.Sprintf("something on the way answers in the cloud's place (HTTP %d without a signature)", answer.StatusCode)}
}

// verifyAnswer checks the detached JWS (RFC 7515, appendix F) over an answer's body: by a key of the trust list, for this request
// (jti) and with this status (sts).
func verifyAnswer(answer *http.Response, body []byte, id string, keys keyFinder) error {
	text := answer.Header.Get(signatureHeader)
	if text == "" {
		return inFront(answer)
	}
	if body == nil {
		body = []byte{}
	}
	signed, err := jose.ParseDetached(text, body, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(signed.Signatures) != 1 {
		return errors.New("the signature of an answer cannot be read")
	}
	header := signed.Signatures[0].Protected
	key, err := keys(header.KeyID, body)
	if err != nil {
		return err
	}
	if err := signed.DetachedVerify(body, key); err != nil {
		return errors.New("the signature of an answer is not the cloud's")
	}
	if jti, _ := header.ExtraHeaders["jti"].(string); jti != id {
		return errors.New("an answer belongs to another request")
	}
	if status, _ := header.ExtraHeaders["sts"].(float64); int(status) != answer.StatusCode {
		return errors.New("the status of an answer was changed on the way")
	}
	return nil
}

// problemCode is the code member of an RFC 9457 problem, or "".
func problemCode(body []byte) string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3), in either form; at most an hour, since one answer must not silence a
// terminal for a day.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), time.Hour)
}

// What usually stands between a terminal and its cloud, as the cause of a NoAnswer.
var (
	ErrSlow        = errors.New("the cloud did not answer in time")
	ErrCutOff      = errors.New("the connection was closed before the answer")
	ErrNobody      = errors.New("nothing listens at the cloud's address")
	ErrUnreachable = errors.New("this computer has no way to the cloud's address")
)

// plainCause turns the errors of the network into one short sentence without addresses of the library's making.
func plainCause(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return ErrSlow
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrCutOff
	}
	var dialled *net.OpError
	through := errors.As(err, &dialled) && dialled.Op == "proxyconnect"
	switch text := err.Error(); {
	case through && refusedByPeer(text):
		return &hindered{kind: HindranceProxyAway, text: "nothing listens at the proxy's address", cause: err}
	case through:
		return &hindered{kind: HindranceProxyAway, text: fmt.Sprintf("the proxy cannot be reached: %v", dialled.Err), cause: err}
	case text == http.StatusText(http.StatusProxyAuthRequired):
		return &hindered{kind: HindranceProxyPassword, text: errProxyPassword}
	case notTLS(err):
		return &hindered{kind: HindranceNotTLS, text: "whoever answers at the cloud's address does not speak TLS", cause: err}
	case refusedByPeer(text):
		return ErrNobody
	case strings.Contains(text, "unreachable"): // of a network or a host, on every system
		return ErrUnreachable
	}
	return err
}

// refusedByPeer reports whether an error's text is that of a machine which takes no connection: Windows has words of its own for it.
func refusedByPeer(text string) bool {
	return strings.Contains(text, "connection refused") || strings.Contains(text, "actively refused")
}
