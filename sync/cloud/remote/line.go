package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// limits are how long somebody in front of a console waits before the line is to blame.
type limits struct {
	connect time.Duration // to the cloud, and again until TLS stands
	answer  time.Duration // until an answer begins, once the request is sent
	whole   time.Duration // until it is here
	work    time.Duration // until the answer to a request of many rows is here: see long
}

var ordinary = limits{connect: 10 * time.Second, answer: 30 * time.Second, whole: time.Minute, work: 10 * time.Minute}

// longKey marks the context of a request that the cloud may work on for minutes.
type longKey struct{}

// long is ctx for a request whose work grows with what it brings: thousands of vouchers, PINs or join codes. Each command asks for something
// ordinary first, so that a network that swallows everything is noticed all the same.
func long(ctx context.Context) context.Context { return context.WithValue(ctx, longKey{}, true) }

// line carries requests, and says of one that failed what a person can do.
type line struct {
	limits
	brief, patient *http.Client
}

func newLine(l limits) *line {
	carry := func(answer, whole time.Duration) *http.Client {
		return &http.Client{Timeout: whole, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			DialContext: (&net.Dialer{Timeout: l.connect}).DialContext, TLSHandshakeTimeout: l.connect, ResponseHeaderTimeout: answer,
		}}
	}
	return &line{l, carry(l.answer, l.whole), carry(0, l.work)}
}

// Do implements api.HttpRequestDoer. The answer's body is here when it returns.
func (l *line) Do(r *http.Request) (*http.Response, error) {
	client := l.brief
	if r.Context().Value(longKey{}) != nil {
		client = l.patient
	}
	begun := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return nil, l.plain(r, err, time.Since(begun))
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, l.plain(r, err, time.Since(begun))
	}
	if strings.Contains(answer.Header.Get("Content-Type"), "json") && !json.Valid(body) {
		return nil, noCloud(answer.StatusCode)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// plain says in a sentence that nothing came; other errors come back as they are.
func (l *line) plain(r *http.Request, err error, after time.Duration) error {
	var timed interface{ Timeout() bool }
	if r.Context().Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded) && (!errors.As(err, &timed) || !timed.Timeout()) {
		return err
	}
	return fmt.Errorf("nothing came from %s within %s: check --url, this computer's line and its proxy, then try again", r.URL.Host, after.Round(time.Second))
}

// noCloud says that something else answers, such as a hotel's login page.
func noCloud(status int) error {
	return fmt.Errorf("whatever answers at the cloud's address is no cloud (HTTP %d): check --url", status)
}
