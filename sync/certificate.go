package sync

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"time"

	"countersign/sync/api"
)

// Certificate returns the certificate that the cloud's server shows for itself, or what a proxy that opens the line puts in its place; nil
// where the line is plain, on this very machine.
func (c *Client) Certificate(ctx context.Context) (*x509.Certificate, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.base, "/")+"/healthz", nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.doer.client.Do(request)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)); err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.TLS == nil || len(answer.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	return answer.TLS.PeerCertificates[0], nil
}

// GoodUntil says until when the list at hand has a key that may sign the cloud's answers; the zero time where one has no end. good is false
// where no key is good now: then nothing that the cloud says is believed.
func (t *Trust) GoodUntil(now time.Time) (until time.Time, good bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range t.list.FeedKeys {
		switch {
		case key.State == api.KeyRevoked, key.State == api.KeyRetired, key.Until != nil && now.After(*key.Until):
		case key.Until == nil:
			return time.Time{}, true
		case key.Until.After(until):
			until, good = *key.Until, true
		}
	}
	return until, good
}
