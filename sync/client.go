// Package sync is the terminal's side of the line to the cloud: it asks before a redemption (Authority), hands over the journal and
// fills the cache (Pump), and enrols the terminal (Enrol). No redemption waits for it longer than Budget, and nothing that a terminal
// recorded is dropped because of what a server answers.
//
// Other packages import it as cloudsync. What terminals and cloud say to each other is in openapi.yaml; package api is generated
// from it.
package sync

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// Config says how to reach the cloud and as whom.
type Config struct {
	URL    string        // the cloud's public URL, as the join code gave it
	Key    crypto.Signer // the terminal's own key, Ed25519
	Trust  *Trust        // what verifies answers
	CAFile string        // PEM certificates to trust besides the system's; "" for none
	Proxy  string        // "http://proxy.example:3128", "none", or "" for the environment's and then the system's
	// Transport replaces the connection to the network in tests; nil makes one.
	Transport http.RoundTripper
	Nonce     string // of an earlier start, or ""

	keys keyFinder // instead of Trust's
}

// Client asks the cloud. It is safe for concurrent use. Its errors are *NoAnswer, *Refusal, or the context's.
type Client struct {
	api   *api.ClientWithResponses
	doer  *doer
	trust *Trust
	base  string

	// heard is told each server time that came in a verified answer.
	mu    sync.Mutex
	heard func(time.Time)
}

// NewClient makes a client; it does not connect yet.
func NewClient(config Config) (*Client, error) {
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, fmt.Errorf("the cloud's address %q cannot be read: %w", config.URL, err)
	}
	if err := checkBase(base); err != nil {
		return nil, err
	}
	prover, err := newProver(config.Key)
	if err != nil {
		return nil, err
	}
	transport := config.Transport
	if transport == nil {
		if transport, err = newTransport(config.CAFile, config.Proxy); err != nil {
			return nil, err
		}
	}
	client := &Client{trust: config.Trust, base: config.URL, heard: func(time.Time) {}}
	keys := config.keys
	if keys == nil {
		keys = config.Trust.answerKey
	}
	client.doer = &doer{
		client: &http.Client{Transport: transport, CheckRedirect: noRedirect},
		prover: prover,
		keys:   keys,
		nonce:  config.Nonce,
	}
	client.api, err = api.NewClientWithResponses(config.URL, api.WithHTTPClient(client.doer))
	return client, err
}

// noRedirect keeps a redirect as the answer: the cloud never redirects, but a hotel's network does.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// OnHeard has heard called with the server's time of each verified answer. It is set before the client is used.
func (c *Client) OnHeard(heard func(time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = heard
}

// Nonce is the newest nonce, for the next start.
func (c *Client) Nonce() string { return c.doer.lastNonce() }

func (c *Client) hear(at time.Time) {
	c.mu.Lock()
	heard := c.heard
	c.mu.Unlock()
	heard(at)
}

// lookup asks for rows.
func (c *Client) lookup(ctx context.Context, lookups []terminal.Lookup) ([]api.Row, error) {
	answer, err := c.api.LookupWithResponse(ctx, api.LookupRequest{Lookups: lookups})
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200.Rows, nil
}

// claim asks to hold units.
func (c *Client) claim(ctx context.Context, request api.ClaimRequest) (*api.ClaimAnswer, error) {
	answer, err := c.api.ClaimWithResponse(ctx, request)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200, nil
}

// lease gives leases back, asks for others, and returns those that are open.
func (c *Client) lease(ctx context.Context, request api.LeaseRequest) ([]api.OpenLease, error) {
	answer, err := c.api.LeaseWithResponse(ctx, request)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200.Leases, nil
}

// redemption asks for a redemption that another terminal made.
func (c *Client) redemption(ctx context.Context, uid terminal.UID) (*api.RedemptionAnswer, error) {
	answer, err := c.api.RedemptionWithResponse(ctx, api.RedemptionRequest{Uid: uid})
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200, nil
}

// hub asks for a hub's sign of life.
func (c *Client) hub(ctx context.Context, heard *api.HubParams) (*api.HubState, error) {
	answer, err := c.api.HubWithResponse(ctx, heard)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	return answer.JSON200, nil
}

// tellHub hands a hub an appointment, and returns the highest term that it knows now.
func (c *Client) tellHub(ctx context.Context, signed string) (term int64, err error) {
	answer, err := c.api.TellHubWithResponse(ctx, api.HubNews{Appointment: signed})
	if err != nil {
		return 0, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return 0, refusal(answer.HTTPResponse, answer.Body)
	}
	return answer.JSON200.Term, nil
}

// push hands over a batch of the journal.
func (c *Client) push(ctx context.Context, batch api.JournalPush) (*api.JournalAck, error) {
	answer, err := c.api.PushJournalWithResponse(ctx, batch)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200, nil
}

// pull asks for the page after cursor, waiting up to wait for a change. instance is the start of the program that asks; "" for none of the
// terminal's own.
func (c *Client) pull(ctx context.Context, cursor, instance string, wait time.Duration) (*api.FeedPage, error) {
	params := &api.PullFeedParams{}
	if instance != "" {
		params.Instance = &instance
	}
	if cursor != "" {
		params.Cursor = &cursor
	}
	if seconds := int(wait / time.Second); seconds > 0 {
		params.Wait = &seconds
	}
	answer, err := c.api.PullFeedWithResponse(ctx, params)
	if err != nil {
		return nil, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return nil, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200, nil
}

// refreshTrust fetches the trust list and takes it if it is signed by the root key and not older than the one at hand.
func (c *Client) refreshTrust(ctx context.Context) error {
	answer, err := c.api.TrustWithResponse(ctx)
	if err != nil {
		return asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return c.trust.Take(answer.JSON200.Trust)
}

// refusal turns a verified answer that is not the one hoped for into an error.
func refusal(answer *http.Response, body []byte) error {
	refused := &Refusal{After: retryAfter(answer.Header), Status: answer.StatusCode}
	var problem api.Problem
	if json.Unmarshal(body, &problem) == nil {
		refused.Code, refused.Title, refused.Detail, refused.Head = problem.Code, problem.Title, problem.Detail, problem.Head
	}
	return refused
}

// asNoAnswer keeps what the doer said, and calls what went wrong outside of it (an answer that does not parse) no answer, too. The
// caller's own cancellation stays what it is.
func asNoAnswer(ctx context.Context, err error) error {
	if cause := ctx.Err(); errors.Is(cause, context.Canceled) {
		return cause
	}
	var none *NoAnswer
	if errors.As(err, &none) {
		return none
	}
	return noAnswer(err, 0)
}

// Probe asks the cloud for its trust list, takes a newer one, and so proves the line from end to end.
func (c *Client) Probe(ctx context.Context) error { return c.refreshTrust(ctx) }
