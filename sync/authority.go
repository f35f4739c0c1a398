package sync

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Authority asks the cloud before a redemption. It implements terminal.Authority: each question is answered within Budget, and at
// once while the breaker is open.
type Authority struct {
	client  *Client
	breaker gate
	claims  *Claims
	journal ClaimedJournal // nil where nothing is claimed

	mu     sync.Mutex
	issued time.Time // when the cloud last answered for the keys of tokens, asked because of one that is not known here
}

// issuersEvery is how often unknown keys are worth a request: anybody can print a token under a key's name that he made up.
const issuersEvery = time.Minute

// gate says whether a question may be asked, and hears how it ended. A Breaker is one.
type gate interface {
	Allow() (budget time.Duration, ok bool)
	settle(client *Client, err error)
	// shut reports that Allow would allow nothing, and changes nothing.
	shut() bool
}

// ClaimedJournal is what a claim needs of the journal behind it.
type ClaimedJournal interface {
	// Head is where the journal ends: it shows the cloud a copy or a restored backup before anything is granted to it.
	Head(ctx context.Context) (entry.Place, error)
	// Cursor is how far the cache has come in the feed, "" before its first page: a cloud that was restored from an older backup knows by it
	// that it may know less than the terminal.
	Cursor(ctx context.Context) (string, error)
	// CatchUp sends what is pending and reports whether there was anything. It may take longer than ctx.
	CatchUp(ctx context.Context) (bool, error)
}

// Of says whose claims they are.
func (a *Authority) Of(journal ClaimedJournal) { a.journal = journal }

// NewAuthority makes the authority of a terminal that has joined.
func NewAuthority(client *Client, breaker *Breaker, claims *Claims) *Authority {
	return &Authority{client: client, breaker: breaker, claims: claims}
}

// Ask implements terminal.Authority.
func (a *Authority) Ask(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	var found []api.Row
	err := a.try(ctx, func(ctx context.Context) (err error) {
		found, err = a.client.lookup(ctx, lookups)
		return err
	})
	if err != nil {
		return terminal.Row{}, err
	}
	if len(found) == 0 {
		return terminal.Row{}, terminal.ErrUnknown
	}
	return rows(found)[0], nil
}

// Redemption implements terminal.Authority.
func (a *Authority) Redemption(ctx context.Context, uid terminal.UID) (terminal.Record, error) {
	var record terminal.Record
	err := a.try(ctx, func(ctx context.Context) error {
		found, err := a.client.redemption(ctx, uid)
		var refused *Refusal
		if errors.As(err, &refused) && refused.Code == "not_found" {
			return terminal.ErrUnknown
		}
		if err != nil {
			return err
		}
		record.Reversed = found.Reversed
		record.Entry, err = entry.Decode(found.Bytes)
		return err
	})
	return record, err
}

// Claim implements terminal.Authority. The claim counts as open until it is released, or its entry is acknowledged.
func (a *Authority) Claim(ctx context.Context, claim terminal.Claim) (terminal.ClaimAnswer, error) {
	var answer *api.ClaimAnswer
	err := a.try(ctx, func(budget context.Context) (err error) {
		if answer, err = a.claimOnce(ctx, budget, claim); err != nil {
			return err
		}
		if begun, err := a.takeEpoch(ctx, answer); err != nil {
			return err
		} else if begun {
			if answer, err = a.claimOnce(ctx, budget, claim); err != nil {
				return err
			}
		}
		if answer.Granted || !usedUp(findings(answer.Findings)) {
			return nil
		}
		// What this terminal took back a moment ago may still be on its way: the units are usable again at once.
		if a.caughtUp(budget) {
			answer, err = a.claimOnce(ctx, budget, claim)
		}
		return err
	})
	if err != nil {
		return terminal.ClaimAnswer{}, err
	}
	out := terminal.ClaimAnswer{
		Granted: answer.Granted, Assurance: terminal.Confirmed,
		Findings: findings(answer.Findings), Rows: rows(answer.Rows),
	}
	if said := answer.Assurance; said != nil && (*said == terminal.ByStore || *said == terminal.Offline) {
		out.Assurance = *said
	}
	if answer.Id != nil {
		out.ID = *answer.Id
	}
	return out, nil
}

// takeEpoch notes what an answer says of other journals of this terminal, and reports that this one goes on in a new epoch.
func (a *Authority) takeEpoch(ctx context.Context, answer *api.ClaimAnswer) (begun bool, err error) {
	epochs, ok := a.journal.(interface {
		BeginEpoch(ctx context.Context, after uint32, head []byte) error
		Suspect(ctx context.Context, cloned bool) error
	})
	if !ok {
		return false, nil
	}
	if err := epochs.Suspect(ctx, answer.Suspect != nil); err != nil || answer.BeginEpoch == nil {
		return false, err
	}
	return true, epochs.BeginEpoch(ctx, answer.BeginEpoch.Epoch, answer.BeginEpoch.Hash)
}

func (a *Authority) claimOnce(ctx, budget context.Context, claim terminal.Claim) (*api.ClaimAnswer, error) {
	open, err := a.claims.begin(ctx, claim.UID)
	if err != nil {
		return nil, err
	}
	request := claimRequest(claim, open)
	if a.journal != nil {
		head, err := a.journal.Head(ctx)
		if err != nil {
			return nil, err
		}
		request.Journal = &api.Head{Epoch: head.Epoch, Seq: head.Seq, Hash: head.Hash[:]}
		cursor, err := a.journal.Cursor(ctx)
		if err != nil {
			return nil, err
		}
		if cursor != "" {
			request.Cursor = &cursor
		}
	}
	answer, err := a.client.claim(budget, request)
	if err == nil {
		a.claims.heard(ctx, open)
	}
	return answer, err
}

// usedUp reports a no that entries of this terminal could turn into a yes.
func usedUp(findings []terminal.Finding) bool {
	return slices.ContainsFunc(findings, func(f terminal.Finding) bool {
		return slices.Contains([]terminal.Reason{terminal.AlreadyRedeemed, terminal.UsesExhausted, terminal.InsufficientBalance,
			terminal.CustomerLimit, terminal.CampaignLimit}, f.Reason)
	})
}

// caughtUp reports that there were pending entries and the cloud has them now, within the budget.
func (a *Authority) caughtUp(budget context.Context) bool {
	if a.journal == nil {
		return false
	}
	sent := make(chan bool, 1)
	go func() {
		any, err := a.journal.CatchUp(budget)
		sent <- any && err == nil
	}()
	select {
	case ok := <-sent:
		return ok
	case <-budget.Done():
		return false
	}
}

// Unreachable implements terminal.Reach: the breaker is open.
func (a *Authority) Unreachable() bool { return a.breaker.shut() }

// RefreshIssuers implements terminal.Issuers: it fetches the trust list, once in issuersEvery. A try without an answer does not count,
// since the breaker spaces those.
func (a *Authority) RefreshIssuers(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.issued.IsZero() && time.Since(a.issued) < issuersEvery {
		return nil
	}
	err := a.try(ctx, a.client.refreshTrust)
	if err == nil {
		a.issued = time.Now()
	}
	return err
}

// Release implements terminal.Authority. The cloud hears of it with the next push; the nudge comes from whoever redeems.
func (a *Authority) Release(uid terminal.UID) { a.claims.release(uid) }

// try asks within the breaker's budget and tells it how it went.
func (a *Authority) try(ctx context.Context, ask func(context.Context) error) error {
	budget, ok := a.breaker.Allow()
	if !ok {
		return noAnswer(errors.New("the line was down a moment ago and is tried again in the background"), 0)
	}
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	err := ask(limited)
	if errors.Is(err, terminal.ErrUnknown) { // that, too, is an answer
		a.breaker.settle(a.client, nil)
		return err
	}
	a.breaker.settle(a.client, err)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		// A cloud that will not talk to this terminal must not close the counter: it is on its own, and the status says why.
		return noAnswer(refusal, refusal.After)
	}
	return err
}

// settle tells the breaker how a request ended.
func (b *Breaker) settle(client *Client, err error) {
	var refusal *Refusal
	switch {
	case err == nil:
		b.Answered(client.Nonce())
	case errors.As(err, &refusal) && !refusal.temporary():
		b.Answered(client.Nonce())
	case errors.As(err, &refusal), errors.Is(err, terminal.ErrNoAnswer):
		b.Failed(plainNoAnswer(err), afterOf(err))
	}
	// What remains is the caller's own cancellation or a fault of this machine: neither says anything of the line.
}

// plainNoAnswer is the cause of a failure without the words that go before it in an error.
func plainNoAnswer(err error) error {
	var none *NoAnswer
	if errors.As(err, &none) {
		return none.Cause
	}
	return err
}

func claimRequest(claim terminal.Claim, open openClaims) api.ClaimRequest {
	request := ClaimRequestOf(claim, open.instance, open.counter, open.uids, nil)
	request.Previous, request.Restored = open.previous, open.restored
	return request
}

// ClaimRequestOf is a claim as the contract says it: with the start of the program that asks, its count of claims, those that are open, and
// where its journal ends.
func ClaimRequestOf(claim terminal.Claim, instance string, counter int64, open []terminal.UID, journal *api.Head) api.ClaimRequest {
	if open == nil {
		open = []terminal.UID{}
	}
	request := api.ClaimRequest{
		Uid: claim.UID, Bill: claim.Bill, Reverse: claim.Reverse,
		Instance: instance, Counter: counter, Open: open, Journal: journal,
		Lines: make([]api.ClaimLine, len(claim.Lines)),
	}
	if claim.Operator != "" {
		request.Operator = &claim.Operator
	}
	for i, line := range claim.Lines {
		request.Lines[i] = api.ClaimLine{Lookup: line.Lookup, Units: line.Units}
		if line.Part != "" {
			request.Lines[i].Part = &line.Part
		}
		if len(line.Proof) > 0 {
			request.Lines[i].Proof = &line.Proof
		}
	}
	return request
}

var (
	_ terminal.Authority = (*Authority)(nil)
	_ terminal.Reach     = (*Authority)(nil)
	_ terminal.Issuers   = (*Authority)(nil)
)

// Alone is the authority of a terminal that cannot ask anybody: it never answers. Reading commands use it.
type Alone struct{}

// Ask implements terminal.Authority.
func (Alone) Ask(context.Context, []terminal.Lookup) (terminal.Row, error) {
	return terminal.Row{}, terminal.ErrNoAnswer
}

// Redemption implements terminal.Authority.
func (Alone) Redemption(context.Context, terminal.UID) (terminal.Record, error) {
	return terminal.Record{}, terminal.ErrNoAnswer
}

// Claim implements terminal.Authority.
func (Alone) Claim(context.Context, terminal.Claim) (terminal.ClaimAnswer, error) {
	return terminal.ClaimAnswer{}, terminal.ErrNoAnswer
}

// Release implements terminal.Authority.
func (Alone) Release(terminal.UID) {}
