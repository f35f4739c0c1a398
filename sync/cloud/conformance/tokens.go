package conformance

import (
	"crypto/ed25519"
	"errors"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

var tokenTests = []test{
	{"a key that signs is there from the first time it is asked for", firstTokenKey},
	{"a rotation retires what signed before", rotation},
	{"a rotation can be told beforehand", rotationAhead},
	{"a revoked key stays revoked", revokedKey},
	{"every change of a key is told to every terminal, in a newer list", keysTold},
	{"a token's voucher is a voucher as any other", tokenVoucher},
	{"a key that is revoked takes its vouchers with it", tokenOfRevokedKey},
	{"a token's voucher that is withdrawn is told before anybody saw it", tokenRevoked},
	{"what a token cannot say of a voucher is not lost", tokenNarrowed},
}

func (w *world) tokenKeys(at time.Time) cloud.TokenKeys {
	w.Helper()
	keys, err := w.storage.TokenKeys(w.Context(), merchantID, at)
	if err != nil {
		w.Fatal(err)
	}
	return keys
}

func (w *world) signing(at time.Time) cloud.TokenKey {
	w.Helper()
	key, err := w.tokenKeys(at).Signing(at)
	if err != nil {
		w.Fatal(err)
	}
	return key
}

func (w *world) rotate(from time.Time) cloud.TokenKey {
	w.Helper()
	key, err := w.storage.RotateTokenKey(w.Context(), merchantID, from, w.now)
	if err != nil {
		w.Fatal(err)
	}
	return key
}

func (w *world) endKey(kid string, state api.TrustedKeyState) bool {
	w.Helper()
	changed, err := w.storage.EndTokenKey(w.Context(), merchantID, kid, state, w.tick())
	if err != nil {
		w.Fatal(err)
	}
	return changed
}

// states are the keys' states by id.
func (w *world) keyStates(at time.Time) map[string]api.TrustedKeyState {
	states := map[string]api.TrustedKeyState{}
	for _, key := range w.tokenKeys(at).Keys {
		states[key.ID] = key.StateAt(at)
	}
	return states
}

func firstTokenKey(w *world) {
	const askers = 4
	var wait sync.WaitGroup
	found := make([]cloud.TokenKeys, askers)
	failed := make([]error, askers)
	for i := range askers {
		wait.Go(func() { found[i], failed[i] = w.storage.TokenKeys(w.Context(), merchantID, w.now) })
	}
	wait.Wait()
	for i := range askers {
		if failed[i] != nil || len(found[i].Keys) != 1 || found[i].Keys[0].ID != found[0].Keys[0].ID {
			w.Fatalf("asked at once: %+v, %v", found[i], failed[i])
		}
	}
	w.expect("the next time", w.signing(w.tick()).ID, found[0].Keys[0].ID)
	w.expect("the version", w.tokenKeys(w.now).Version, found[0].Version)
	if _, err := w.storage.TokenKeys(w.Context(), "nobody", w.now); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("the keys of no merchant: %v", err)
	}
}

func rotation(w *world) {
	old := w.signing(w.now)
	fresh := w.rotate(w.tick())
	w.expect("who signs", w.signing(w.now).ID, fresh.ID)
	w.expect("the states", w.keyStates(w.now), map[string]api.TrustedKeyState{old.ID: api.KeyRetired, fresh.ID: api.KeyLive})
	for _, key := range w.tokenKeys(w.now).Keys {
		if key.ID == old.ID {
			w.expect("the old key's end", key.Until, fresh.From.UTC())
		}
	}
}

func rotationAhead(w *world) {
	old := w.signing(w.now)
	begin := w.now.Add(24 * time.Hour)
	fresh := w.rotate(begin)
	w.expect("until then the old one signs", w.signing(begin.Add(-time.Second)).ID, old.ID)
	w.expect("then the new one does", w.signing(begin).ID, fresh.ID)
	w.expect("the states then", w.keyStates(begin), map[string]api.TrustedKeyState{old.ID: api.KeyRetired, fresh.ID: api.KeyLive})
}

func revokedKey(w *world) {
	key := w.signing(w.now)
	w.expect("revoked", w.endKey(key.ID, api.KeyRevoked), true)
	w.expect("again", w.endKey(key.ID, api.KeyRevoked), false)
	w.expect("retired after that", w.endKey(key.ID, api.KeyRetired), false)
	w.expect("its state", w.keyStates(w.now)[key.ID], api.KeyRevoked)
	if next := w.signing(w.tick()); next.ID == key.ID || string(next.Key) == string(key.Key) {
		w.Error("a revoked key signs")
	}
	w.rotate(w.tick())
	w.expect("its state after a rotation", w.keyStates(w.now)[key.ID], api.KeyRevoked)
	if _, err := w.storage.EndTokenKey(w.Context(), merchantID, "k-nobody", api.KeyRevoked, w.now); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a key that there is not: %v", err)
	}
}

func keysTold(w *world) {
	c := w.counter(harbour)
	cursor, version := "", int64(0)
	first := w.signing(w.now)
	changes := []func(){
		func() {},
		func() { w.rotate(w.tick()) },
		func() { w.endKey(first.ID, api.KeyRevoked) },
	}
	for i, change := range changes {
		change()
		page := c.pull(cursor, 2000)
		cursor = page.Cursor
		var told []string
		for _, r := range page.Records {
			if r.Trust != nil {
				told = append(told, *r.Trust)
			}
		}
		w.expect("lists told", len(told), 1)
		now := w.tokenKeys(w.now)
		if now.Version <= version {
			w.Errorf("change %d: version %d after %d", i, now.Version, version)
		}
		version = now.Version
		keys, err := w.storage.Keys(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		whole, err := cloud.SignTrust(keys, merchantID, now)
		w.expect("signing it again", err, nil)
		if len(told) == 1 && told[0] != whole {
			w.Errorf("change %d: the feed tells another list than the cloud has", i)
		}
	}
	w.expect("nothing more", len(c.pull(cursor, 2000).Records), 0)
}

// issueToken issues a signed token.
func (w *world) issueToken(campaign string, facts cloud.Facts) (ticket, error) {
	w.Helper()
	for _, c := range lakeside().Campaigns {
		if c.ID != campaign {
			continue
		}
		issued, err := cloud.PrepareTokens(w.Context(), w.storage, merchantID, c, facts, 1, time.UTC, w.now)
		if err != nil {
			return ticket{}, err
		}
		if err := cloud.Store(w.Context(), w.storage, merchantID, issued); err != nil {
			w.Fatal(err)
		}
		return ticket{issued[0], token.LookupOfVoucher(w.key, issued[0].Voucher.ID), token.InnerOf(w.key, issued[0].Code), c.Kind}, nil
	}
	w.Fatalf("no campaign %s", campaign)
	return ticket{}, nil
}

func (w *world) mustToken(campaign string, facts cloud.Facts) ticket {
	w.Helper()
	t, err := w.issueToken(campaign, facts)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

// presented is the token as a terminal of the merchant reads it.
func (w *world) presented(t ticket) terminal.Presented {
	w.Helper()
	reader := &token.Reader{LookupKey: w.key, Merchant: merchantID, Issuers: func() (all []token.Issuer) {
		for _, key := range w.tokenKeys(w.now).Keys {
			all = append(all, token.Issuer{ID: key.ID, Key: key.Key.Public().(ed25519.PublicKey), From: key.From, Until: key.Until,
				Revoked: key.State == api.KeyRevoked})
		}
		return all
	}}
	presented, finding := reader.Read(terminal.Scan{Code: t.Code, Source: terminal.SourcePicture})
	if finding != nil || presented.Token == nil {
		w.Fatalf("the token reads as %+v, %+v", presented, finding)
	}
	return presented
}

func tokenVoucher(w *world) {
	c := w.counter(quay)
	t := w.mustToken("dinner", cloud.Facts{})
	presented := w.presented(t)
	w.expect("the row that it meets", c.row(ticket{lookup: presented.Candidates[0].Lookup}).Voucher.ID, presented.Token.Voucher)
	t.inner = presented.Candidates[0].Inner
	thief := t
	thief.inner = [32]byte{1}
	c.redeem(thief, 1)
	w.expect("who saw the row and not the token", c.last(), terminal.LineVerdict{Invalid: 1})
	w.expect("the same before", c.claim(thief, 1, w.uid()).Granted, false)
	uid := w.uid()
	w.expect("who saw the token", c.claim(t, 1, uid).Granted, true)
	c.open = append(c.open, uid)
	c.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{c.line(t, 1, uid, "")}})
	w.expect("the verdict", c.last(), terminal.LineVerdict{Accepted: 1})
	c.redeem(t, 1)
	w.expect("a second time", c.last().Overrun, 1)
}

// tokenOfRevokedKey redeems under a key after it was revoked, at a counter that has not heard of it.
func tokenOfRevokedKey(w *world) {
	c := w.counter(quay)
	forged, held, other := w.mustToken("dinner", cloud.Facts{}), w.mustToken("dinner", cloud.Facts{}), w.signing(w.now)
	for _, t := range []*ticket{&forged, &held} {
		t.inner = w.presented(*t).Candidates[0].Inner
	}
	uid := w.uid()
	w.expect("a claim before", c.claim(held, 1, uid).Granted, true)
	c.open = append(c.open, uid)
	w.endKey(other.ID, api.KeyRevoked)
	answer := c.claim(forged, 1, w.uid())
	if answer.Granted || len(answer.Findings) != 1 || answer.Findings[0].Reason != terminal.UnknownIssuer || answer.Findings[0].Facts["cause"] != "revoked" {
		w.Errorf("a claim under the revoked key: %v, %v", answer.Granted, answer.Findings)
	}
	c.redeem(forged, 1)
	w.expect("the verdict", c.last(), terminal.LineVerdict{Revoked: 1})
	c.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{c.line(held, 1, uid, "")}})
	w.expect("of what was granted before", c.last(), terminal.LineVerdict{Accepted: 1})
	fresh := w.mustToken("dinner", cloud.Facts{})
	fresh.inner = w.presented(fresh).Candidates[0].Inner
	c.redeem(fresh, 1)
	w.expect("under the next key", c.last(), terminal.LineVerdict{Accepted: 1})
}

func tokenRevoked(w *world) {
	c := w.counter(quay)
	t := w.mustToken("dinner", cloud.Facts{})
	w.revoke(t)
	for _, r := range c.pull("", 2000).Records {
		if r.Voucher != nil && r.Voucher.Lookup == w.presented(t).Candidates[0].Lookup {
			w.expect("its state", r.Voucher.State, terminal.VoucherRevoked)
			return
		}
	}
	w.Error("the deny list does not have it")
}

func tokenNarrowed(w *world) {
	until := terminal.Moment{Local: true, Civil: w.now.Add(48 * time.Hour).Truncate(time.Second)}
	t := w.mustToken("card", cloud.Facts{Amount: &terminal.Money{Minor: 5000, Currency: "EUR"}, ValidUntil: &until, Store: harbour})
	says := w.presented(t).Token
	w.expect("what it says", []any{says.Units, says.Currency, says.Store, says.Expires.Truncate(time.Second)},
		[]any{5000, "EUR", harbour, until.Civil})
	w.expect("what the row says", []any{t.Voucher.Units, t.Voucher.Rules.Stores, t.Voucher.Rules.ValidUntil.Civil}, []any{5000, []string{harbour}, until.Civil})
	for name, facts := range map[string]cloud.Facts{
		"order":  {Lines: []terminal.OrderLine{{ID: "a", Name: "Bread", Quantity: 1}}},
		"dinner": {State: terminal.VoucherDisabled},
	} {
		if _, err := w.issueToken(name, facts); !errors.Is(err, cloud.ErrNoToken) {
			w.Errorf("a token of %s that says too little: %v", name, err)
		}
	}
}
