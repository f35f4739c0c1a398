package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
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
	calls   map[string]int // by endpoint
}

var errNoRoute = errors.New("connection refused")

// fate is what becomes of one call.
type fate struct {
	out, back   time.Duration
	lost        bool // the question never arrives
	refused     bool // and that is known at once
	twice       bool // the question arrives again, later
	answerLost  bool
	spoilt      int // how the answer is spoilt, 0 for not
	instead     bool
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
		f.spoilt, f.instead = 1+r.IntN(spoilings), r.IntN(2) == 0
	}
	return name, f
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

func (l *line) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut || l.broken.Load()
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
	name, f := l.call(path.Base(request.URL.Path))
	answers := make(chan answer, 1)
	l.carried.Go(func() { l.carry(name, f, request, body, answers) })
	select {
	case <-request.Context().Done():
		return nil, request.Context().Err()
	case a := <-answers:
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
	case f.spoilt > 0 && f.instead:
		response := spoil(f.spoilt, nil)
		l.note("%s: %d in the cloud's place", name, f.spoilt)
		answers <- answer{response: response}
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
	}
	l.note("%s: %d", name, status)
	pass(f.back)
	switch {
	case f.answerLost || l.isCut():
		return
	case err == nil && f.spoilt > 0:
		response = spoil(f.spoilt, response)
	}
	answers <- answer{response, err}
}

// spoilings is how many ways there are to spoil an answer.
const spoilings = 8

// spoil makes of a good answer, nil for none, what a bad network makes of it.
func spoil(how int, good *http.Response) *http.Response {
	if good == nil {
		good = &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte("{}")))}
	}
	body, _ := io.ReadAll(good.Body)
	put := func(status int, kind, text string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader([]byte(text)))}
	}
	switch how {
	case 1:
		return put(200, "text/html", "<html>Welcome to the hotel. Log in</html>")
	case 2:
		return put(502, "text/html", "bad gateway")
	case 3:
		return put(403, "application/problem+json", `{"code":"terminal_suspended","status":403,"title":"no"}`)
	case 4:
		return put(410, "application/problem+json", `{"code":"cursor_unknown","status":410,"title":"no"}`)
	case 5: // broken off
		good.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), brokenOff{}))
		return good
	case 6: // shorter, and whole as far as HTTP can tell
		good.Body = io.NopCloser(bytes.NewReader(body[:len(body)/2]))
		return good
	case 7:
		redirect := put(302, "text/html", "")
		redirect.Header.Set("Location", "http://login.example/")
		return redirect
	}
	good.StatusCode = 404
	good.Body = io.NopCloser(bytes.NewReader(body))
	return good
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
