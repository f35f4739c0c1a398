package sync

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"countersign/sync/api"
)

// Upstream is a hub's line to the cloud: what it asks for the terminals of its store, and the feed that it copies. Of is the key of the
// terminal it asks for.
type Upstream struct {
	client  *Client
	breaker *Breaker
}

// NewUpstream makes the line.
func NewUpstream(client *Client, breaker *Breaker) *Upstream { return &Upstream{client, breaker} }

// Online reports whether the cloud answered last, as far as anybody here asked.
func (u *Upstream) Online() bool {
	line := u.breaker.Line()
	return line.Failures == 0 && !line.Contact.IsZero()
}

// errOffline says that the cloud is not asked for a scan now.
var errOffline = noAnswer(errors.New("the hub has no line to the cloud"), 0)

// forward asks for a scan, which waits: only while the line is up, and for at most limit.
func (u *Upstream) forward(ctx context.Context, of ed25519.PublicKey, limit time.Duration, ask func(context.Context) error) error {
	if !u.Online() {
		u.breaker.want()
		return errOffline
	}
	limited, cancel := context.WithTimeout(context.WithValue(ctx, behalfKey{}, of), limit)
	defer cancel()
	err := ask(limited)
	if ctx.Err() == nil {
		u.breaker.settle(u.client, err)
	}
	return err
}

// Claim forwards a claim.
func (u *Upstream) Claim(ctx context.Context, of ed25519.PublicKey, limit time.Duration, request api.ClaimRequest) (answer *api.ClaimAnswer, err error) {
	err = u.forward(ctx, of, limit, func(ctx context.Context) error {
		answer, err = u.client.claim(ctx, request)
		return err
	})
	return answer, err
}

// Lookup forwards a lookup.
func (u *Upstream) Lookup(ctx context.Context, of ed25519.PublicKey, limit time.Duration, request api.LookupRequest) (rows []api.Row, err error) {
	err = u.forward(ctx, of, limit, func(ctx context.Context) error {
		rows, err = u.client.lookup(ctx, request.Lookups)
		return err
	})
	return rows, err
}

// Redemption forwards the question for a redemption.
func (u *Upstream) Redemption(ctx context.Context, of ed25519.PublicKey, limit time.Duration, request api.RedemptionRequest) (answer *api.RedemptionAnswer, err error) {
	err = u.forward(ctx, of, limit, func(ctx context.Context) error {
		answer, err = u.client.redemption(ctx, request.Uid)
		return err
	})
	return answer, err
}

// Push forwards what a terminal handed over. It is tried whatever the line is like.
func (u *Upstream) Push(ctx context.Context, of ed25519.PublicKey, push api.JournalPush) (*api.JournalAck, error) {
	limited, cancel := context.WithTimeout(context.WithValue(ctx, behalfKey{}, of), pumpBudget)
	defer cancel()
	ack, err := u.client.push(limited, push)
	if ctx.Err() == nil {
		u.breaker.settle(u.client, err)
	}
	return ack, err
}

// Pull asks for the page after cursor on the hub's own behalf, waiting up to wait for a change; with a terminal's key, on that one's.
func (u *Upstream) Pull(ctx context.Context, of ed25519.PublicKey, cursor string, wait time.Duration) (*api.FeedPage, error) {
	limited, cancel := context.WithTimeout(ctx, wait+pumpBudget)
	defer cancel()
	if of != nil {
		limited = context.WithValue(limited, behalfKey{}, of)
	}
	page, err := u.client.pull(limited, cursor, "", wait)
	if ctx.Err() == nil {
		u.breaker.settle(u.client, err)
	}
	return page, err
}

// Backlogged is the last entry that the cloud has of a journal, where it refuses a push because it lacks entries before it.
func Backlogged(err error) *api.Head { return gapOf(err) }

// Passing reports that the cloud answers and cannot do what it was asked just now: asking again later makes sense.
func Passing(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.temporary()
}

// CursorUnknown reports that the cloud began its feed anew.
func CursorUnknown(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == "cursor_unknown"
}

// After is how long an error asks to wait.
func After(err error) time.Duration { return afterOf(err) }
