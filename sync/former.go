package sync

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"countersign/sync/api"
)

// A hub whose own line to the cloud is broken does not hear that another one was appointed after it, and would go on granting to itself, and
// to whoever has not heard either, what the new one grants as well. So every terminal that knows better tells it, on the shop's network.

// How a hub of an earlier term is told.
const (
	formerMost  = 3 // terms back
	formerSoon  = 4 * time.Second
	formerWhile = 2 * time.Minute // after which it is only told now and then
	formerLate  = time.Minute
	formerLimit = 5 * time.Second // for one call
)

// TellFormer tells the hubs of earlier terms, until each has heard, that their term is over; until ctx is done. One that does not answer may be
// switched on again at any time, and is looked for again and again.
func (h *HubLine) TellFormer(ctx context.Context) {
	for ctx.Err() == nil {
		newest, changed := h.config.Appointments.Now()
		if h.config.Former != nil {
			h.tellFormer(ctx, newest, changed)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// tellFormer tells those before newest, until all have heard it or changed closes.
func (h *HubLine) tellFormer(ctx context.Context, newest Appointment, changed <-chan struct{}) {
	began, said := time.Now(), map[int64]string{}
	var waiting []int64
	for term := newest.Term - 1; term >= max(1, newest.Term-formerMost); term-- {
		waiting = append(waiting, term)
	}
	for {
		waiting = slices.DeleteFunc(waiting, func(term int64) bool {
			heard, err := h.tellTerm(ctx, newest, term)
			var refusal *Refusal
			if errors.As(err, &refusal) && said[term] != err.Error() {
				said[term] = err.Error()
				h.config.Log.Warn("the hub of an earlier term does not hear that another one was appointed", "term", term, "error", HubTrouble(err))
			}
			return heard
		})
		if len(waiting) == 0 {
			return
		}
		pause := formerSoon
		if time.Since(began) > formerWhile {
			pause = formerLate
		}
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-again.C:
			continue
		}
		again.Stop()
		return
	}
}

// tellTerm tells the hub of a term wherever it may be, and reports whether it has heard.
func (h *HubLine) tellTerm(ctx context.Context, newest Appointment, term int64) (heard bool, err error) {
	name := api.HubName(newest.Merchant, newest.Store, term)
	for _, address := range h.config.Former(ctx, term, name) {
		known, tellErr := h.tell(ctx, newest, term, name, address)
		if tellErr == nil && known >= newest.Term {
			h.config.Log.Info("the hub of an earlier term has heard that another one was appointed", "term", term, "newest", newest.Term, "address", address)
			return true, nil
		}
		err = errors.Join(err, tellErr)
	}
	return false, err
}

// tell hands newest to who listens at address, if that is the hub of the term, and returns the highest term that one knows now.
func (h *HubLine) tell(ctx context.Context, newest Appointment, term int64, name, address string) (known int64, err error) {
	dial := dialOf(h.config)
	var key atomic.Pointer[ed25519.PublicKey]
	transport := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, "tcp", address) },
		TLSClientConfig: formerTLS(h.config.Appointments.root, name, &key), TLSHandshakeTimeout: formerLimit, ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	client, err := NewClient(Config{URL: "https://" + name + "/", Key: h.config.Key, Transport: transport, keys: func(kid string, _ []byte) (ed25519.PublicKey, error) {
		if its := key.Load(); its != nil && kid == api.HubKeyID(term) {
			return *its, nil
		}
		return nil, errors.New("an answer is of the hub of another term")
	}})
	if err != nil {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, formerLimit)
	defer cancel()
	return client.tellHub(limited, newest.signed)
}

// formerTLS verifies the hub called name without its appointment, which may never have come here: by the root key, by the name, which holds the
// store and the term, and by the key that its certificate gives it, which is noted in key. As with every hub no clock is asked.
func formerTLS(root ed25519.PublicKey, name string, key *atomic.Pointer[ed25519.PublicKey]) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: name,
		InsecureSkipVerify: true, // there is no certificate of the root key at hand to begin a chain with: what it would show is looked at below
		VerifyConnection: func(state tls.ConnectionState) error {
			its := state.PeerCertificates[0]
			public, ok := its.PublicKey.(ed25519.PublicKey)
			if !ok || its.SignatureAlgorithm != x509.PureEd25519 || !slices.Equal(its.DNSNames, []string{name}) ||
				!ed25519.Verify(root, its.RawTBSCertificate, its.Signature) {
				return fmt.Errorf("whoever answers there is not %s", name)
			}
			key.Store(&public)
			return nil
		},
	}
}
