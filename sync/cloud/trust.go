package cloud

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/json"
	"fmt"
	"time"

	"countersign/sync/api"
)

// trustType is the typ of a signed trust list.
const trustType = "countersign-trust+jws"

// TokenKey is a key that signs a merchant's tokens.
type TokenKey struct {
	ID    string
	Key   ed25519.PrivateKey
	From  time.Time
	Until time.Time // the last moment at which what it signs counts; zero while it is open
	State api.TrustedKeyState
}

// CanSign reports whether what the key signs at the time is good.
func (k TokenKey) CanSign(at time.Time) bool {
	return k.State == api.KeyLive && !at.Before(k.From) && (k.Until.IsZero() || at.Before(k.Until))
}

// StateAt is the key's state, a key whose time is over being retired.
func (k TokenKey) StateAt(at time.Time) api.TrustedKeyState {
	if k.State == api.KeyLive && !k.Until.IsZero() && !at.Before(k.Until) {
		return api.KeyRetired
	}
	return k.State
}

// TokenKeys are all keys that ever signed a merchant's tokens, the newest first, and the version of the trust list that holds them.
type TokenKeys struct {
	Version   int64
	ChangedAt time.Time
	Keys      []TokenKey
}

// Signing is the newest key that can sign at the time, or ErrUnknown.
func (k TokenKeys) Signing(at time.Time) (TokenKey, error) {
	for _, key := range k.Keys {
		if key.CanSign(at) {
			return key, nil
		}
	}
	return TokenKey{}, fmt.Errorf("a key that signs tokens now: %w", ErrUnknown)
}

// SignTrust makes the trust list of a merchant, signed by the root key; with the merchant "", the part that all share. The same
// keys always make the same list.
func SignTrust(keys Keys, merchant string, issuers TokenKeys) (string, error) {
	list := api.TrustList{
		Version: max(issuers.Version, 1), Merchant: merchant, IssuedAt: issuers.ChangedAt.UTC(), IssuerKeys: []api.TrustedKey{},
		FeedKeys: keys.feedKeys(),
	}
	if list.IssuedAt.IsZero() {
		list.IssuedAt = keys.Feed.From.UTC()
	}
	for _, key := range issuers.Keys {
		trusted := api.TrustedKey{Kid: key.ID, Key: key.Key.Public().(ed25519.PublicKey), From: key.From, State: key.State}
		if !key.Until.IsZero() {
			trusted.Until = &key.Until
		}
		list.IssuerKeys = append(list.IssuerKeys, trusted)
	}
	payload, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	return signByRoot(keys.Root, trustType, payload)
}

// trust is the trust list of a merchant as it is now.
func (s *server) trust(ctx context.Context, merchant string, now time.Time) (string, error) {
	if s.options.Trust != nil {
		return s.options.Trust(ctx)
	}
	issuers, err := s.storage.TokenKeys(ctx, merchant, now)
	if err != nil {
		return "", err
	}
	return SignTrust(s.keysNow(ctx), merchant, issuers)
}

// sealLookupKey seals the merchant's lookup key to a terminal's seal key (RFC 9180, base mode).
func sealLookupKey(sealKey, lookupKey []byte) (api.SealedKey, error) {
	public, err := ecdh.X25519().NewPublicKey(sealKey)
	if err != nil {
		return api.SealedKey{}, fmt.Errorf("the seal key is not an X25519 key: %w", err)
	}
	recipient, err := hpke.NewDHKEMPublicKey(public)
	if err != nil {
		return api.SealedKey{}, err
	}
	enc, sender, err := hpke.NewSender(recipient, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(api.LookupKeyInfo))
	if err != nil {
		return api.SealedKey{}, err
	}
	ciphertext, err := sender.Seal(nil, lookupKey)
	return api.SealedKey{Enc: enc, Ciphertext: ciphertext}, err
}
