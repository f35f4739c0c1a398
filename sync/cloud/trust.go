package cloud

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
)

// trustType is the typ of a signed trust list.
const trustType = "countersign-trust+jws"

// signTrust makes the trust list of a merchant, "" for the part that all share, signed by the root key.
func signTrust(keys Keys, merchant string, now time.Time) (string, error) {
	list := api.TrustList{
		Version: 1, Merchant: merchant, IssuedAt: now.UTC(), IssuerKeys: []api.TrustedKey{},
		FeedKeys: []api.TrustedKey{{
			Kid: keys.Feed.ID, Key: keys.Feed.Key.Public().(ed25519.PublicKey), From: keys.Feed.From, State: api.KeyLive,
		}},
	}
	payload, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(trustType)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: keys.Root}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
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
