package cloud

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// How deliveries are made.
const (
	deliverEvery  = time.Second      // how often the storage is asked
	deliverBudget = 15 * time.Second // for one delivery, from the name to the end of the answer
	deliverLease  = time.Minute      // longer than the budget: nobody else sends meanwhile
	deliverAtOnce = 8                // to one webhook, by one process
	deliverHooks  = 64               // webhooks that one process calls at a time
	answerMost    = 64 << 10         // of an answer; nobody reads more
	backoffFirst  = 5 * time.Second
	backoffMost   = time.Hour
	retryMost     = 24 * time.Hour     // the longest Retry-After that is obeyed
	failMost      = 5 * 24 * time.Hour // after which a webhook is disabled, or a single delivery given up
)

// Deliverer calls webhooks. Several, in any number of processes, share the work: a delivery is claimed for a while before it is sent. Each is
// made at least once, and in no order.
type Deliverer struct {
	Storage Webhooks
	// Networks are those that may be called besides public addresses: the merchant's own, or this computer.
	Networks []netip.Prefix
	Log      *slog.Logger
	// Now tells the time; nil is time.Now.
	Now func() time.Time
	// TLS is for receivers with certificates of their own; nil is the usual.
	TLS *tls.Config
	// Budget is for one delivery; 0 is 15 seconds.
	Budget time.Duration

	client *http.Client
}

// Run delivers until ctx ends; what was begun then is ended first.
func (d *Deliverer) Run(ctx context.Context) {
	d.prepare()
	var running sync.WaitGroup
	defer running.Wait()
	var mu sync.Mutex
	busy := map[string]bool{}
	again := make(chan struct{}, 1)
	look := time.NewTicker(deliverEvery)
	defer look.Stop()
	for {
		due, err := d.Storage.DueWebhooks(ctx, d.Now())
		if err != nil && ctx.Err() == nil {
			d.Log.Error("the webhooks that wait cannot be read", "error", err)
		}
		for _, id := range due {
			mu.Lock()
			free := !busy[id] && len(busy) < deliverHooks
			if free {
				busy[id] = true
			}
			mu.Unlock()
			if !free {
				continue
			}
			running.Go(func() {
				more, err := d.deliver(context.WithoutCancel(ctx), id)
				if err != nil {
					d.Log.Error("deliveries to a webhook cannot be read or settled", "webhook", id, "error", err)
				}
				mu.Lock()
				delete(busy, id)
				mu.Unlock()
				if more {
					select {
					case again <- struct{}{}:
					default:
					}
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-again:
		}
	}
}

func (d *Deliverer) prepare() {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Budget == 0 {
		d.Budget = deliverBudget
	}
	dialer := &net.Dialer{Timeout: d.Budget, ControlContext: d.mayCall}
	// No proxy: it would look the name up by itself, and what it leads to could not be checked.
	d.client = &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: d.TLS, TLSHandshakeTimeout: d.Budget, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: deliverAtOnce, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: answerMost},
		Timeout:       d.Budget,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// notPublic are networks that net/netip has no word for: shared ones behind carriers, of tests and of documents, and those that carry IPv4
// addresses in IPv6.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

// callable reports whether an address is a public one.
func callable(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// mayCall looks at the address that a name led to, at the moment of the call: a name can lead elsewhere each time.
func (d *Deliverer) mayCall(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := target.Addr().Unmap().WithZone("")
	if callable(ip) || slices.ContainsFunc(d.Networks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	return errTarget
}

// result is how one delivery ended.
type result struct {
	err   error
	after time.Duration // what the receiver asked to wait
	gone  bool
}

// deliver makes the due deliveries of one webhook at once, and reports whether there may be more.
func (d *Deliverer) deliver(ctx context.Context, id string) (more bool, err error) {
	now := d.Now()
	target, due, err := d.Storage.ClaimDeliveries(ctx, id, now, now.Add(deliverLease), deliverAtOnce)
	if err != nil || len(due) == 0 {
		return false, err
	}
	results := make([]result, len(due))
	var running sync.WaitGroup
	for n, delivery := range due {
		running.Go(func() { results[n] = d.send(ctx, target, delivery) })
	}
	running.Wait()
	outcome := d.outcome(target, due, results)
	if outcome.Error != "" {
		d.Log.Warn("a webhook was not reached", "webhook", id, "error", outcome.Error, "failures", target.Failures+1)
	}
	return len(outcome.Taken) > 0, d.Storage.SettleDeliveries(ctx, id, outcome)
}

func (d *Deliverer) outcome(target WebhookTarget, due []Delivery, results []result) DeliveryOutcome {
	now := d.Now()
	out := DeliveryOutcome{At: now, DisableIf: now.Add(-failMost)}
	var hold time.Duration
	for n, delivery := range due {
		result := results[n]
		switch {
		case result.err == nil:
			out.Taken = append(out.Taken, delivery.ID)
			continue
		case now.Sub(delivery.CreatedAt) > failMost && delivery.Attempts > 1 && !result.gone && target.Failures == 0:
			out.GivenUp = append(out.GivenUp, delivery.ID)
		default:
			wait := max(Backoff(delivery.Attempts-1), result.after)
			out.Again = append(out.Again, DeliveryAgain{ID: delivery.ID, Lease: delivery.Lease, DueAt: now.Add(wait)})
		}
		out.Error, out.Gone, hold = result.err.Error(), out.Gone || result.gone, max(hold, result.after)
	}
	if len(out.Taken) > 0 {
		out.Error = ""
	}
	if hold > 0 {
		out.ResumeAt = now.Add(hold) // it asked to be left alone, whatever else it took
	} else if len(out.Taken) == 0 {
		out.ResumeAt = now.Add(Backoff(target.Failures))
	}
	return out
}

// Backoff is how long to wait after so many failures, from 0 upwards: at random up to a bound that doubles (full jitter), so that those who
// failed at once do not come back at once.
func Backoff(failures int64) time.Duration {
	bound := backoffMost
	if failures < 20 {
		bound = min(backoffMost, backoffFirst<<failures)
	}
	return rand.N(bound)
}

// send makes one delivery.
func (d *Deliverer) send(ctx context.Context, target WebhookTarget, delivery Delivery) result {
	ctx, cancel := context.WithTimeout(ctx, d.Budget)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, bytes.NewReader(delivery.Payload))
	if err != nil {
		return result{err: err}
	}
	at := d.Now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "countersign-cloud")
	request.Header.Set("webhook-id", delivery.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	request.Header.Set("webhook-signature", SignDelivery(target.Secrets, delivery.ID, at, delivery.Payload))
	answer, err := d.client.Do(request)
	if errors.Is(err, errTarget) {
		return result{err: errTarget}
	}
	if err != nil {
		return result{err: d.noAnswer(err)}
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMost)) // so that the connection can be used again
	switch status := answer.StatusCode; {
	case status >= 200 && status <= 299 && timedOut(err):
		return result{err: fmt.Errorf("it did not end its answer within %s", d.Budget)}
	case status >= 200 && status <= 299 && err != nil:
		return result{err: fmt.Errorf("the answer broke off: %w", err)}
	case status >= 200 && status <= 299:
		return result{}
	default:
		return result{err: fmt.Errorf("HTTP %d", status), gone: status == http.StatusGone, after: retryAfter(answer.Header, at)}
	}
}

func timedOut(err error) bool {
	var slow net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &slow) && slow.Timeout())
}

// noAnswer says why there was none, without the URL, which may hold a secret.
func (d *Deliverer) noAnswer(err error) error {
	var name *net.DNSError
	switch {
	case timedOut(err):
		return fmt.Errorf("it did not answer within %s", d.Budget)
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Errorf("no answer: the name %s is not known", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("no answer: nobody listens at its address")
	}
	return fmt.Errorf("no answer: %w", errors.Unwrap(err))
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3): seconds or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), int64(retryMost/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), retryMost)
}
