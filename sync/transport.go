package sync

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"countersign/sync/api"
)

// errPlain refuses to send anything over a network unencrypted.
var errPlain = errors.New("the cloud's address must begin with https://; plain http is for this computer only")

// ErrAuthorities says that the file with a network's own certificate authorities is of no use.
var ErrAuthorities = errors.New("the file of certificate authorities cannot be used")

// checkBase refuses addresses that are not HTTPS, but for this very machine.
func checkBase(base *url.URL) error {
	if base.Scheme == "https" && base.Host != "" {
		return nil
	}
	if base.Scheme == "http" && api.Loopback(base.Hostname()) {
		return nil
	}
	return errPlain
}

// newTransport makes the connections: through the proxy that is named (see findProxy), trusting the system's
// authorities and those of caFile, where a shop's network has its own.
func newTransport(caFile, proxy string) (*http.Transport, error) {
	through, err := findProxy(proxy)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAuthorities, err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil { // a system without a list of its own
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: %s holds no certificate in PEM form", ErrAuthorities, caFile)
		}
		settings.RootCAs = pool
	}
	return &http.Transport{
		Proxy: through,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
			return proxyAnswer(answer)
		},
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       settings,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// A connection that died without a word would hold up what is sent over it for minutes after the line is back.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}, nil
}
