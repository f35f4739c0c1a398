// Package cloud is the server that terminals report to: it takes their journals over, gives verdicts, answers claims and feeds
// them what changed. What it knows it keeps in a Storage; how units are judged is pure arithmetic (Account), the same on
// every engine.
package cloud

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"countersign/sync/api"
)

// bodyMost is the largest request: 256 KiB of entries in base64, and what goes with them.
const bodyMost = 1 << 20

// adminBodyMost is the largest request of the merchant's side: a file to import.
const adminBodyMost = 64 << 20

// seenEvery is how often a terminal that only reads is noted as seen.
const seenEvery = time.Minute

// Options are what New needs beside the storage.
type Options struct {
	// PublicURL is what terminals call, and what a proof's htu begins with: "https://cloud.example".
	PublicURL string
	// Log gets what went wrong; nil is nobody.
	Log *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// Stopping closes when the program is about to stop: long polls are answered at once then.
	Stopping <-chan struct{}
	// SnapshotFrom is how many vouchers a merchant has at least for a first fill in one file; 0 is the usual number.
	SnapshotFrom int64
	// OpenMetrics lets who asks on this machine read /metrics without a token. Behind a proxy everybody asks on this machine.
	OpenMetrics bool
	// Of a hub, which is this server over a storage of its own: its state, the trust list that the cloud gave it, and that nobody enrols.
	Hub   func(context.Context) (api.HubState, error)
	Trust func(context.Context) (string, error)
}

// server answers terminals.
type server struct {
	storage Storage
	keys    Keys
	options Options
	prefix  string // the path of the public URL
	public  string // scheme and host of it
	mux     http.Handler

	feeds     feedKeys
	snapshots snapshotsMade
	metrics   *metrics
	lines     seldom // of the log
}

// New returns the handler of the cloud: everything that openapi.yaml describes.
func New(ctx context.Context, storage Storage, options Options) (http.Handler, error) {
	public, err := url.Parse(options.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != "https" && public.Scheme != "http") {
		return nil, fmt.Errorf("%q is not a public URL: it looks like https://cloud.example", options.PublicURL)
	}
	keys, err := storage.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("the cloud's keys cannot be read: %w", err)
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.SnapshotFrom == 0 {
		options.SnapshotFrom = snapshotFrom
	}
	s := &server{storage: storage, keys: keys, options: options, metrics: newMetrics(storage, options.Log, options.Now)}
	s.prefix = strings.TrimSuffix(public.EscapedPath(), "/")
	s.public = public.Scheme + "://" + public.Host + s.prefix
	if options.Hub == nil { // what a hub finds of its copy is for the cloud to say
		storage.Tell(s.alarmed)
	}
	strict := api.NewStrictHandlerWithOptions(s, nil, api.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			s.fail(w, r, asRequestProblem(err))
		},
		ResponseErrorHandlerFunc: s.fail,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if allowed := otherMethods(mux, r); len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.fail(w, r, problem(http.StatusMethodNotAllowed, "method_not_allowed", fmt.Sprintf("This address takes no %s: use %s.", r.Method, strings.Join(allowed, " or "))))
			return
		}
		s.fail(w, r, problem(http.StatusNotFound, "not_found", "There is no such address here: check the cloud's URL."))
	})
	s.pageHandlers(mux)
	s.mux = api.HandlerWithOptions(strict, api.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
		s.fail(w, r, asRequestProblem(err))
	}})
	return s, nil
}

// otherMethods are those by which the address of a request can be asked, where its own is none of them.
func otherMethods(mux *http.ServeMux, r *http.Request) (allowed []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

func asRequestProblem(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return problem(http.StatusBadRequest, "malformed_request", "The request is not as the API describes it: "+err.Error()+".")
}

// caller is who made a request, once its proof was checked.
type caller struct {
	key      ed25519.PublicKey
	terminal Terminal
	nonce    time.Time // when the nonce of its proof was made
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// ServeHTTP checks the request's proof, answers, and signs the answer.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := &recorder{header: http.Header{}}
	begun := time.Now()
	defer func() { s.metrics.answered(answer.pattern, answer.status, time.Since(begun)) }()
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, s.prefix+"/"); ok { // a proxy may have taken the prefix off already
		path = "/" + rest
	}
	jti, err := s.serve(answer, r, path)
	if err != nil {
		s.fail(answer, r, err)
	}
	if answer.told != nil {
		s.refused(r, path, answer.told)
	}
	if strings.HasPrefix(path, "/v1/") {
		answer.header.Set(nonceHeader, newNonce(s.keys.Nonce, s.options.Now()))
	}
	if path == "/v1/enrol" && answer.status >= 400 && s.options.Hub == nil {
		s.pinProblem(r, answer)
	}
	if err := answer.send(w, s.feedKey(r.Context()), jti); err != nil {
		s.options.Log.Debug("an answer was not delivered", "path", path, "error", err)
	}
}

// serve answers a request into answer. jti is the id of the request's proof as far as it could be read.
func (s *server) serve(answer *recorder, r *http.Request, path string) (jti string, err error) {
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = path, ""
	if isMetrics(path) {
		return "", s.serveMetrics(answer, inner)
	}
	if s.options.Hub != nil && !hubServes[path] {
		return "", problem(http.StatusNotFound, "not_found", "A hub does not answer this: ask the cloud.")
	}
	if !strings.HasPrefix(path, "/v1/") {
		s.route(answer, inner)
		return "", nil
	}
	if strings.HasPrefix(path, adminPrefix) {
		return "", s.serveAdmin(answer, inner)
	}
	body, err := io.ReadAll(http.MaxBytesReader(answer, r.Body, bodyMost))
	if err != nil {
		return "", err
	}
	key, claims, err := checkProof(r.Header, r.Method, s.public+path, body, s.keys.Nonce, s.options.Now())
	if errors.Is(err, errNonce) {
		return claims.ID, problem(http.StatusUnauthorized, "use_dpop_nonce", err.Error()+".")
	}
	if err != nil {
		return claims.ID, problem(http.StatusUnauthorized, "invalid_proof", err.Error()+".")
	}
	who := caller{key: key, nonce: madeAt(claims.Nonce)}
	if path != "/v1/enrol" {
		if who.terminal, err = s.terminal(r.Context(), key); err != nil {
			return claims.ID, err
		}
		if claims.For != "" {
			if who.terminal, err = s.onBehalf(r.Context(), who.terminal, claims.For); err != nil {
				return claims.ID, err
			}
			who.nonce = time.Time{} // the hub's, and nothing says how old what it forwards is
		}
	}
	inner = inner.WithContext(context.WithValue(r.Context(), callerKey{}, who))
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	s.route(answer, inner)
	return claims.ID, nil
}

// route answers by the contract, and notes which operation that was.
func (s *server) route(answer *recorder, r *http.Request) {
	s.mux.ServeHTTP(answer, r)
	answer.pattern = r.Pattern
}

// serveAdmin answers a request of the merchant's side.
func (s *server) serveAdmin(answer *recorder, r *http.Request) error {
	held, err := s.admin(r)
	if err != nil {
		answer.header.Set("WWW-Authenticate", "Bearer")
		return err
	}
	r.Body = http.MaxBytesReader(answer, r.Body, adminBodyMost)
	s.route(answer, r.WithContext(context.WithValue(r.Context(), adminKey{}, held)))
	return nil
}

func (s *server) terminal(ctx context.Context, key ed25519.PublicKey) (Terminal, error) {
	t, err := s.storage.TerminalByKey(ctx, key)
	if errors.Is(err, ErrUnknown) {
		return t, problem(http.StatusForbidden, "not_enrolled", "This machine's key is not enrolled here: join with a new join code.")
	}
	if err != nil {
		return t, err
	}
	if t.Suspended {
		s.heardSuspended(t)
	}
	if now := s.options.Now(); now.Sub(t.LastSeen) > seenEvery {
		if err := s.storage.Seen(ctx, t, now); err != nil && !hungUp(ctx, err) {
			s.options.Log.Warn("a terminal could not be noted as seen", "terminal", t.Name, "error", err)
		}
	}
	return t, nil
}

// statusHungUp is what is counted where who asked has gone and nobody reads the answer; RFC 9110 has no number for it, nginx has this.
const statusHungUp = 499

// fail answers with a problem. Faults of the machine go to the log in full; the answer tells none of it.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if p.Status >= 500 && hungUp(r.Context(), err) {
		s.options.Log.Debug("who asked did not wait for the answer", "method", r.Method, "path", r.URL.Path, "error", err)
		p.Status = statusHungUp
	}
	if p.Status >= 500 {
		s.options.Log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	answer := w.(*recorder) // every handler below ServeHTTP writes into one
	if p.Status == http.StatusServiceUnavailable {
		answer.header.Set("Retry-After", "2")
	}
	answer.problem(p)
}

// pinProblem adds the root key and the trust list to a problem about an enrolment: nothing but the join code can verify it.
func (s *server) pinProblem(r *http.Request, answer *recorder) {
	p, err := decodeProblem(answer.body.Bytes())
	if err != nil {
		s.options.Log.Error("a problem cannot be read back", "error", err)
		return
	}
	trust, err := SignTrust(s.keysNow(r.Context()), "", TokenKeys{})
	if err != nil {
		s.options.Log.Error("the trust list cannot be signed", "error", err)
		return
	}
	root := []byte(s.keys.Root.Public().(ed25519.PublicKey))
	p.RootKey, p.Trust = &root, &trust
	answer.problem(&Problem{p})
}
