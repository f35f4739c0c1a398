package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// weather is how bad a line is.
type weather int

const (
	fair  weather = iota // answers come, soon
	rough                // some are late, lost, doubled or spoilt
	foul                 // most are
)

// line is a counter's way to the cloud. It implements http.RoundTripper. A message that was sent arrives, or not, whatever becomes of
// who sent it: also after its sender gave up or lost its power.
type line struct {
	*world
	of int // the counter's number

	mu      sync.Mutex
	weather weather
	cut     bool
	unwired bool           // not even the shop's other counters
	calls   map[string]int // by endpoint
	heard   time.Time      // when a good answer came last: such a one tells the time
	arrived uint64         // up to which entry the cloud has said that it has the journal, whether or not the counter heard it
	// always says how the n-th call of an endpoint is spoilt; nil leaves that to the seed.
	always func(n int) (how *spoiling, instead bool)
}

var errNoRoute = errors.New("connection refused")

// fate is what becomes of one call.
type fate struct {
	out, back   time.Duration
	lost        bool // the question never arrives
	refused     bool // and that is known at once
	twice       bool // the question arrives again, later
	answerLost  bool
	spoilt      *spoiling // how the answer is spoilt
	instead     bool      // without the cloud having heard of it
	later       time.Duration
	askerLeaves bool // the cloud notices when the asker is gone
}

// call draws what becomes of the next call of an endpoint: each has a generator of its own, so that the order of two calls of different
// endpoints changes neither.
func (l *line) call(endpoint string) (string, fate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.calls[endpoint]
	l.calls[endpoint]++
	name := fmt.Sprintf("%d %s %d", l.of, endpoint, n)
	mix := fnv.New64a()
	fmt.Fprint(mix, "call ", name)
	r := rand.New(rand.NewPCG(l.seed, mix.Sum64()))
	f := fate{out: between(r, 5*time.Millisecond, 120*time.Millisecond), back: between(r, 5*time.Millisecond, 120*time.Millisecond),
		later: between(r, time.Millisecond, 20*time.Second)}
	f.askerLeaves = endpoint == "feed" || r.IntN(2) == 0
	odds := []int{0, 12, 45}[l.weather] // in a hundred, for each of these
	one := func() bool { return r.IntN(100) < odds/2 }
	if one() {
		f.out = between(r, 50*time.Millisecond, 2*time.Second)
	}
	if one() {
		f.back = between(r, 50*time.Millisecond, 2*time.Second)
	}
	if r.IntN(300) < odds {
		f.out = between(r, 2*time.Second, 40*time.Second)
	}
	f.lost, f.answerLost, f.twice, f.refused = one(), one(), one(), one()
	if one() {
		f.spoilt, f.instead = &spoilings[r.IntN(len(spoilings))], r.IntN(2) == 0
	}
	if l.always != nil {
		f.spoilt, f.instead = l.always(n)
	}
	return name, f
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

func (l *line) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut || l.unwired || l.broken.Load()
}

// lastHeard is when a good answer came last.
func (l *line) lastHeard() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

func (l *line) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// answer is what comes back.
type answer struct {
	response *http.Response
	err      error
}

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body.Close()
	}
	name, f := l.call(strings.Split(request.URL.Path, "/")[2])
	answers := make(chan answer, 1)
	l.carried.Go(func() { l.carry(name, f, request, body, answers) })
	select {
	case <-request.Context().Done():
		return nil, request.Context().Err()
	case a := <-answers:
		if a.err == nil && a.response.StatusCode == http.StatusOK && f.spoilt == nil {
			l.set(func() { l.heard = time.Now() })
		}
		return a.response, a.err
	}
}

func (l *line) carry(name string, f fate, request *http.Request, body []byte, answers chan<- answer) {
	pass(f.out)
	switch {
	case f.refused || (l.isCut() && f.back%2 == 0):
		answers <- answer{err: errNoRoute}
		return
	case f.lost || l.isCut():
		return
	case f.spoilt != nil && f.instead:
		l.note("%s: %s in the cloud's place", name, f.spoilt.name)
		answers <- answer{response: f.spoilt.apply(nil)}
		return
	}
	asker := context.WithoutCancel(request.Context())
	if f.askerLeaves {
		asker = request.Context()
	}
	response, err := l.cloud.serve(asker, request, body)
	if f.twice {
		l.carried.Go(func() {
			pass(f.later)
			_, _ = l.cloud.serve(context.WithoutCancel(request.Context()), request, body)
		})
	}
	status := 0
	if err == nil {
		status = response.StatusCode
		l.look(request, response)
	}
	l.note("%s: %d", name, status)
	pass(f.back)
	switch {
	case f.answerLost || l.isCut():
		return
	case err == nil && f.spoilt != nil:
		l.note("%s becomes %s", name, f.spoilt.name)
		response = f.spoilt.apply(response)
	}
	answers <- answer{response, err}
}

// look reads in the cloud's own answer how much of the journal it has.
func (l *line) look(request *http.Request, response *http.Response) {
	if !strings.HasSuffix(request.URL.Path, "/journal") || response.StatusCode != http.StatusOK {
		return
	}
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	var ack struct {
		Head uint64 `json:"head_seq"`
	}
	if err == nil && json.Unmarshal(body, &ack) == nil {
		l.set(func() { l.arrived = max(l.arrived, ack.Head) })
	}
}

// spoiling is what a bad network makes of an answer.
type spoiling struct {
	name  string
	slow  time.Duration // it comes that much later
	spoil func(good *http.Response, body []byte) *http.Response
}

func put(status int, kind, text string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(text))}
}

// something is an answer in the cloud's place.
func something(status int, kind, text string) func(*http.Response, []byte) *http.Response {
	return func(*http.Response, []byte) *http.Response { return put(status, kind, text) }
}

var spoilings = []spoiling{
	{"a login page", 0, something(200, "text/html", "<html>Welcome to the hotel. Log in</html>")},
	{"a proxy's 502", 0, something(502, "text/html", "bad gateway")},
	{"an unsigned 400", 0, something(400, "application/problem+json", `{"code":"malformed_request","status":400,"title":"no"}`)},
	{"an unsigned 403", 0, something(403, "application/problem+json", `{"code":"not_enrolled","status":403,"title":"no"}`)},
	{"an unsigned 410", 0, something(410, "application/problem+json", `{"code":"cursor_unknown","status":410,"title":"no"}`)},
	{"an unsigned yes", 0, something(200, "application/json", `{"head_seq":99,"head_hash":"","granted":true,"rows":[],"records":[],"at_end":true,"verdicts":[]}`)},
	{"a 429", 0, func(*http.Response, []byte) *http.Response {
		later := put(429, "text/plain", "slow down")
		later.Header.Set("Retry-After", "3")
		return later
	}},
	{"a redirect", 0, func(*http.Response, []byte) *http.Response {
		redirect := put(302, "text/html", "")
		redirect.Header.Set("Location", "http://login.example/")
		return redirect
	}},
	{"nothing", 0, something(204, "", "")},
	{"an answer that breaks off", 0, func(good *http.Response, body []byte) *http.Response {
		good.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), brokenOff{}))
		return good
	}},
	{"half an answer", 0, func(good *http.Response, body []byte) *http.Response {
		good.Body = io.NopCloser(bytes.NewReader(body[:len(body)/2]))
		return good
	}},
	{"an answer whose status was changed", 0, func(good *http.Response, _ []byte) *http.Response {
		good.StatusCode = 404
		return good
	}},
	{"an answer of another type", 0, func(good *http.Response, _ []byte) *http.Response {
		good.Header.Set("Content-Type", "application/octet-stream")
		return good
	}},
	{"an answer with a byte changed", 0, func(good *http.Response, body []byte) *http.Response {
		if len(body) > 0 {
			body[len(body)/3] ^= 1
		}
		return good
	}},
	{"an answer that comes too late", 5 * time.Minute, func(good *http.Response, _ []byte) *http.Response { return good }},
}

// apply spoils a good answer, or, where there is none, one that says nothing.
func (s spoiling) apply(good *http.Response) *http.Response {
	pass(s.slow)
	if good == nil {
		good = put(200, "application/json", "{}")
	}
	body, _ := io.ReadAll(good.Body)
	good.Body = io.NopCloser(bytes.NewReader(body))
	return s.spoil(good, body)
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
