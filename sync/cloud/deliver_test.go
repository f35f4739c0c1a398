package cloud_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/sync/cloud"
)

// receiver is a merchant's system that answers as its script says, call by call, and then well.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	script []http.HandlerFunc
	calls  []call
	called chan struct{}
}

type call struct {
	id, signature, timestamp string
	body                     []byte
}

func newReceiver(t *testing.T, script ...http.HandlerFunc) *receiver {
	r := &receiver{script: script, called: make(chan struct{}, 100)}
	r.Server = httptest.NewTLSServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	r.calls = append(r.calls, call{request.Header.Get("webhook-id"), request.Header.Get("webhook-signature"), request.Header.Get("webhook-timestamp"), body})
	var answer http.HandlerFunc
	if len(r.script) > 0 {
		answer, r.script = r.script[0], r.script[1:]
	}
	r.mu.Unlock()
	if answer != nil && err == nil {
		answer(w, request)
	}
	r.called <- struct{}{}
}

func (r *receiver) seen() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; n+1 < len(header); n += 2 {
			w.Header().Set(header[n], header[n+1])
		}
		w.WriteHeader(code)
	}
}

// hurry is a clock that runs far ahead each time it is asked to, so that no test waits for a backoff.
type hurry struct {
	mu sync.Mutex
	by time.Duration
}

func (h *hurry) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.by)
}

func (h *hurry) skip(by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by += by
}

// delivering is a rig whose webhooks are called.
type delivering struct {
	*rig
	hurry
	office cloud.Office
	budget time.Duration // for one delivery; 0 is the usual
}

func newDelivering(t *testing.T) *delivering {
	r := newRig(t)
	return &delivering{rig: r, office: cloud.NewOffice(r.storage)}
}

// start runs a deliverer that may call what networks hold, until the test ends.
func (d *delivering) start(networks ...string) {
	deliverer := cloud.Deliverer{Storage: d.storage, Now: d.Now, Budget: d.budget, TLS: &tls.Config{InsecureSkipVerify: true}} // the receiver's certificate is its own
	for _, network := range networks {
		deliverer.Networks = append(deliverer.Networks, netip.MustParsePrefix(network))
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(d.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		deliverer.Run(ctx)
	}()
	d.Cleanup(func() {
		stop()
		<-done
	})
}

func (d *delivering) add(url string) cloud.MadeWebhook {
	d.Helper()
	made, err := d.office.AddWebhook(d.Context(), "lakeside", url, nil)
	if err != nil {
		d.Fatal(err)
	}
	return made
}

// until waits until the webhook is as want says, and lets time pass meanwhile.
func (d *delivering) until(id string, step time.Duration, want func(cloud.Webhook) bool) cloud.Webhook {
	d.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := d.office.Webhooks(d.Context(), "lakeside")
		if err != nil {
			d.Fatal(err)
		}
		at := slices.IndexFunc(all, func(w cloud.Webhook) bool { return w.ID == id })
		if at >= 0 && want(all[at]) {
			return all[at]
		}
		d.skip(step)
		<-tick.C
	}
}

func (d *delivering) queue(id string, n int) {
	d.Helper()
	for range n {
		if _, err := d.office.TestWebhook(d.Context(), "lakeside", id); err != nil {
			d.Fatal(err)
		}
	}
}

// A receiver that fails for an evening would miss what was redeemed meanwhile, or could not tell that the cloud called.
func TestWebhookArrivesWhateverFails(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	elsewhere := newReceiver(t)
	r := newReceiver(t,
		status(http.StatusInternalServerError), status(http.StatusNotFound), status(http.StatusFound, "Location", elsewhere.URL),
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, _ *http.Request) { // a body that breaks off
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("half"))
		},
		func(w http.ResponseWriter, _ *http.Request) { // a login page
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, strings.Repeat("<p>sign in</p>", 20000))
		})
	made := d.add(r.URL + "/hooks?key=s3cret")
	d.start("127.0.0.0/8")
	d.queue(made.ID, 1)
	hook := d.until(made.ID, time.Minute, func(w cloud.Webhook) bool { return w.Delivered == 1 })
	if hook.Waiting != 0 || hook.FailingSince != nil || hook.LastError != "" || hook.GivenUp != 0 {
		t.Errorf("afterwards the webhook is %+v", hook)
	}
	calls := r.seen()
	if len(calls) < 7 || len(elsewhere.seen()) > 0 {
		t.Errorf("%d calls, and %d to where a redirect led", len(calls), len(elsewhere.seen()))
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(made.Secret, "whsec_"))
	if err != nil || len(secret) != 32 {
		t.Fatal(made.Secret, err)
	}
	for _, c := range calls {
		seconds, err := strconv.ParseInt(c.timestamp, 10, 64)
		if err != nil || c.id != calls[0].id || string(c.body) != string(calls[0].body) {
			t.Errorf("a repetition is another message: %q %q %v", c.id, c.body, err)
		}
		if want := cloud.SignDelivery([][]byte{secret}, c.id, time.Unix(seconds, 0), c.body); c.signature != want {
			t.Errorf("the signature is %q and not %q", c.signature, want)
		}
	}
}

// A manager would read an engineer's words, and not what is wrong with the shop system.
func TestWhyAWebhookWasNotReachedIsASentence(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	closed := newReceiver(t)
	closed.Close()
	nobody := d.add(closed.URL)
	silent := newReceiver(t)
	ended := make(chan struct{})
	silent.script = []http.HandlerFunc{func(http.ResponseWriter, *http.Request) { <-ended }}
	slow := d.add(silent.URL)
	t.Cleanup(func() { close(ended) }) // before the receiver closes
	d.budget = 200 * time.Millisecond
	d.start("127.0.0.0/8")
	for hook, want := range map[string]string{nobody.ID: "no answer: nobody listens at its address", slow.ID: "it did not answer within 200ms"} {
		d.queue(hook, 1)
		if got := d.until(hook, 0, func(w cloud.Webhook) bool { return w.LastError != "" }); got.LastError != want {
			t.Errorf("it says %q, and not %q", got.LastError, want)
		}
	}
}

// Receivers in other languages check signatures with the libraries of Standard Webhooks: the example there has to come out.
func TestSignatureOfTheStandard(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := cloud.SignDelivery([][]byte{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

// A receiver that asked for rest would be called on, one that is gone for ever too, and one that never answers well would never be said to fail.
func TestWebhookRestsAndEnds(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	rests := newReceiver(t, status(http.StatusTooManyRequests, "Retry-After", "7200"))
	gone := newReceiver(t, status(http.StatusGone))
	broken := newReceiver(t, slices.Repeat([]http.HandlerFunc{status(http.StatusBadGateway)}, 10000)...)
	resting, going, breaking := d.add(rests.URL), d.add(gone.URL), d.add(broken.URL)
	d.start("127.0.0.0/8")
	d.queue(resting.ID, 1)
	<-rests.called
	d.until(resting.ID, 0, func(w cloud.Webhook) bool { return w.FailingSince != nil })
	d.queue(resting.ID, 1)
	d.skip(119 * time.Minute)
	d.queue(going.ID, 1)
	hook := d.until(going.ID, 0, func(w cloud.Webhook) bool { return w.State == cloud.WebhookDisabled })
	if !strings.Contains(hook.Reason, "410") || hook.Waiting != 1 {
		t.Errorf("the one that is gone: %+v", hook)
	}
	if n := len(rests.seen()); n != 1 {
		t.Errorf("%d calls to the one that rests", n)
	}
	d.skip(2 * time.Minute)
	d.until(resting.ID, time.Minute, func(w cloud.Webhook) bool { return w.Delivered == 2 })
	d.queue(breaking.ID, 3)
	hook = d.until(breaking.ID, time.Hour, func(w cloud.Webhook) bool { return w.State == cloud.WebhookDisabled })
	if hook.Waiting != 3 || !strings.Contains(hook.Reason, "HTTP 502") {
		t.Errorf("the one that fails for days: %+v", hook)
	}
	if _, err := d.office.TestWebhook(d.Context(), "lakeside", breaking.ID); err == nil {
		t.Error("a disabled webhook was tested")
	}
	broken.mu.Lock()
	broken.script = nil
	broken.mu.Unlock()
	if changed, err := d.office.EnableWebhook(d.Context(), "lakeside", breaking.ID); !changed || err != nil {
		t.Fatal(changed, err)
	}
	d.until(breaking.ID, time.Minute, func(w cloud.Webhook) bool { return w.Delivered == 3 && w.Waiting == 0 })
}

// Who may add a webhook would read through the cloud what only the cloud's own machine can reach.
func TestWebhookStaysOutside(t *testing.T) {
	t.Parallel()
	d := newDelivering(t)
	inside := newReceiver(t)
	made := d.add(inside.URL)
	d.start() // no network but the public one
	d.queue(made.ID, 1)
	hook := d.until(made.ID, 0, func(w cloud.Webhook) bool { return w.FailingSince != nil })
	if len(inside.seen()) != 0 || !strings.Contains(hook.LastError, "network that the cloud does not call") {
		t.Errorf("%d calls, and the webhook says %q", len(inside.seen()), hook.LastError)
	}
	for _, url := range []string{"http://shop.example/", "ftp://shop.example/", "https://", "https://u:p@shop.example/", "https://169.254.169.254/", "https://[fe80::1]/",
		"https://0.0.0.0/", "https://224.0.0.1/", "https://shop.example/#x", "shop.example", "https://shop.example/" + strings.Repeat("x", 3000)} {
		if made, err := d.office.AddWebhook(d.Context(), "lakeside", url, nil); err == nil {
			t.Errorf("%s was added: %+v", url, made.Webhook)
		}
	}
	if _, err := d.office.AddWebhook(d.Context(), "lakeside", "https://shop.example/", []string{"nothing"}); err == nil {
		t.Error("an unknown event was taken")
	}
}

// A whole chain of shops that failed at once would come back at once.
func TestBackoffIsSpread(t *testing.T) {
	t.Parallel()
	for failures, bound := range map[int64]time.Duration{0: 5 * time.Second, 3: 40 * time.Second, 12: time.Hour, 100: time.Hour} {
		low, high := bound, time.Duration(0)
		for range 2000 {
			wait := cloud.Backoff(failures)
			low, high = min(low, wait), max(high, wait)
		}
		if low > bound/20 || high > bound || high < bound-bound/20 {
			t.Errorf("after %d failures it waits between %s and %s, up to %s being right", failures, low, high, bound)
		}
	}
}
