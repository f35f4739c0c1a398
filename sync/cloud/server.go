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
	// Lobby takes the connections of long polls while they wait; nil has them wait in the server that serves them, at its expense.
	Lobby *Lobby
	// OpenMetrics lets who asks on this machine read /metrics without a token. Behind a proxy everybody asks on this machine.
	OpenMetrics bool
	// Of a hub, which is this server over a storage of its own: its state, the trust list that the cloud gave it, and that nobody enrols.
	Hub   func(ctx context.Context, heard api.HubParams) (api.HubState, error)
	Trust func(context.Context) (string, error)
	// Appointed is told, of a hub, an appointment that somebody handed it, and returns the highest term that is known then. What it does not
	// take is a *NotAppointed, or a *Problem.
	Appointed func(ctx context.Context, signed string) (term int64, err error)
}

// server answers terminals.
type server struct {
	storage Storage
	keys    Keys
	options Options
	prefix  string // the path of the public URL
	public  string // scheme and host of it
	mux     *http.ServeMux

	feeds     feedKeys
	snapshots snapshotsMade
	metrics   *metrics
	lines     seldom // of the log
	room      room
	stopping  stopping
	turns     chan struct{} // see herd
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
	s := &server{storage: storage, keys: keys, options: options, metrics: newMetrics(storage, options.Log, options.Now),
		turns: make(chan struct{}, atWork)}
	s.stopping.signal = options.Stopping
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
	s.mux = mux
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
		s.fail(w, r, asRequestProblem(err))
	}})
	return s, nil
}

// nowhere reports that no operation has the address of a request, by whatever method.
func (s *server) nowhere(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return (pattern == "" || pattern == "/") && len(otherMethods(s.mux, r)) == 0
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
	a := &answering{recorder: recorder{header: http.Header{}}, begun: time.Now(), path: r.URL.EscapedPath()}
	if rest, ok := strings.CutPrefix(a.path, s.prefix+"/"); ok { // a proxy may have taken the prefix off already
		a.path = "/" + rest
	}
	body, err := a.read(r)
	s.step(r.Context(), w, r, a, func() {
		if err == nil {
			err = s.answer(a, r, body)
		}
		if err != nil {
			s.fail(&a.recorder, r, err)
		}
	})
	if a.poll.waits && s.leave(w, r, a) {
		return
	}
	s.stay(r.Context(), w, r, a)
}

// step does work for an answer, and sends the answer if there is one now.
func (s *server) step(ctx context.Context, w http.ResponseWriter, r *http.Request, a *answering, work func()) {
	s.apart(a.path, func() {
		if work(); !a.poll.waits {
			s.finish(ctx, r, a)
		}
	})
	if a.poll.waits {
		return
	}
	if err := a.recorder.send(w); err != nil {
		s.options.Log.Debug("an answer was not delivered", "path", a.path, "error", err)
	}
}

// stay waits until there is an answer.
func (s *server) stay(ctx context.Context, w http.ResponseWriter, r *http.Request, a *answering) {
	for a.poll.waits {
		s.await(ctx, &a.poll)
		s.step(ctx, w, r, a, func() { s.route(&a.recorder, a.inner) })
	}
	s.metrics.answered(a.pattern, a.status, time.Since(a.begun))
}

// answering is a request while it is answered.
type answering struct {
	recorder
	begun time.Time
	path  string        // without the prefix of the public URL
	jti   string        // the id of the request's proof as far as it could be read
	inner *http.Request // as it is routed
	poll  poll
}

// read reads the body of a request that a proof is made for.
func (a *answering) read(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(a.path, "/v1/") || strings.HasPrefix(a.path, adminPrefix) {
		return nil, nil
	}
	return io.ReadAll(http.MaxBytesReader(a, r.Body, bodyMost))
}

// finish makes what is recorded the answer, signed.
func (s *server) finish(ctx context.Context, r *http.Request, a *answering) {
	if a.told != nil {
		s.refused(r, a.path, a.told)
	}
	if strings.HasPrefix(a.path, "/v1/") {
		a.header.Set(nonceHeader, newNonce(s.keys.Nonce, s.options.Now()))
	}
	if a.path == "/v1/enrol" && a.status >= 400 && s.options.Hub == nil {
		s.pinProblem(ctx, &a.recorder)
	}
	if err := a.recorder.sign(s.feedKey(ctx), a.jti); err != nil {
		s.options.Log.Error("an answer could not be signed", "path", a.path, "error", err)
	}
}

// answer checks a request and has it answered by the contract, or finds that it has to wait.
func (s *server) answer(a *answering, r *http.Request, body []byte) error {
	inner := r.WithContext(r.Context()) // a copy, without the headers'
	inner.URL = &url.URL{Path: a.path, RawQuery: r.URL.RawQuery}
	if isMetrics(a.path) {
		return s.serveMetrics(&a.recorder, inner)
	}
	if s.options.Hub != nil && !hubServes[a.path] {
		return problem(http.StatusNotFound, "not_found", "A hub does not answer this: ask the cloud.")
	}
	if !strings.HasPrefix(a.path, "/v1/") {
		s.route(&a.recorder, inner)
		return nil
	}
	if r.Header.Get("DPoP") == "" && s.nowhere(inner) { // which addresses there are is no secret: /api lists them
		s.route(&a.recorder, inner)
		return nil
	}
	if strings.HasPrefix(a.path, adminPrefix) {
		return s.serveAdmin(&a.recorder, inner)
	}
	key, claims, err := checkProof(r.Header, r.Method, s.public+a.path, body, s.keys.Nonce, s.options.Now())
	a.jti = strings.Clone(claims.ID)
	if errors.Is(err, errNonce) {
		return problem(http.StatusUnauthorized, "use_dpop_nonce", err.Error()+".")
	}
	if err != nil {
		return problem(http.StatusUnauthorized, "invalid_proof", err.Error()+".")
	}
	who := caller{key: key, nonce: madeAt(claims.Nonce)}
	if a.path != "/v1/enrol" && !isHubNews(r.Method, a.path) {
		if who.terminal, err = s.terminal(r.Context(), key); err != nil {
			return err
		}
		if claims.For != "" {
			if who.terminal, err = s.onBehalf(r.Context(), who.terminal, claims.For); err != nil {
				return err
			}
			who.nonce = time.Time{} // the hub's, and nothing says how old what it forwards is
		}
	}
	ctx := context.WithValue(context.WithValue(r.Context(), callerKey{}, who), pollKey{}, &a.poll)
	a.inner = inner.WithContext(ctx)
	a.inner.Body, a.inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	s.route(&a.recorder, a.inner)
	return nil
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
	if err := keepsContract(r); err != nil {
		return err
	}
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
	p := s.asProblem(err)
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
func (s *server) pinProblem(ctx context.Context, answer *recorder) {
	p, err := decodeProblem(answer.body.Bytes())
	if err != nil {
		s.options.Log.Error("a problem cannot be read back", "error", err)
		return
	}
	trust, err := SignTrust(s.keysNow(ctx), "", TokenKeys{})
	if err != nil {
		s.options.Log.Error("the trust list cannot be signed", "error", err)
		return
	}
	root := []byte(s.keys.Root.Public().(ed25519.PublicKey))
	p.RootKey, p.Trust = &root, &trust
	answer.problem(&Problem{p})
}
