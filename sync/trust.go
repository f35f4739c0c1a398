package sync

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
)

// trustType is the typ header of a signed trust list.
const trustType = "countersign-trust+jws"

// Trust is what verifies the cloud: the root key that enrolment pinned, and the newest trust list under it. It is safe for concurrent
// use.
type Trust struct {
	root ed25519.PublicKey
	keep func(signed string) error

	mu     sync.Mutex
	list   api.TrustList
	signed string // the list, as it came
}

// NewTrust opens a trust list. keep stores a newer one for the next start, and may be nil.
func NewTrust(root ed25519.PublicKey, signed string, keep func(signed string) error) (*Trust, error) {
	list, err := openTrustList(root, signed)
	if err != nil {
		return nil, err
	}
	return &Trust{root: root, keep: keep, list: list, signed: signed}, nil
}

// errTrustNotKept says that a good list could not be stored here.
var errTrustNotKept = errors.New("the new trust list could not be stored")

// Take replaces the list by signed, if the root key signed it for the same merchant and its version is not lower.
func (t *Trust) Take(signed string) error {
	list, err := openTrustList(t.root, signed)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// Whoever found its cloud again has the part that all merchants share, whatever its version: any merchant's own is more than that.
	if shared := t.list.Merchant == "" && list.Merchant != ""; !shared {
		if list.Version < t.list.Version {
			return fmt.Errorf("the cloud's trust list %d is older than the %d that is known here", list.Version, t.list.Version)
		}
		if list.Version == t.list.Version {
			return nil
		}
		if list.Merchant != t.list.Merchant {
			return fmt.Errorf("the cloud's trust list is for merchant %q, and this terminal is %q's", list.Merchant, t.list.Merchant)
		}
	}
	if t.keep != nil {
		if err := t.keep(signed); err != nil {
			return fmt.Errorf("%w: %w", errTrustNotKept, err)
		}
	}
	t.list, t.signed = list, signed
	return nil
}

// Signed is the list at hand as the root key signed it.
func (t *Trust) Signed() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.signed
}

// Version is the version of the list at hand.
func (t *Trust) Version() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list.Version
}

// IssuerKeys are the keys that sign the merchant's tokens, as the list at hand holds them: live, retired and revoked ones. Whoever
// uses them holds each against its window.
func (t *Trust) IssuerKeys() []api.TrustedKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.list.IssuerKeys)
}

// errUnknownKey says that a key is not in the trust list: perhaps a newer one has it.
var errUnknownKey = errors.New("an answer is signed by a key that is not in the trust list")

// answerKey is a keyFinder. Where the list at hand does not know the key, a newer list in the answer itself may, since the root key
// vouches for it: so a terminal that was off while the cloud changed its keys can fetch the new list.
func (t *Trust) answerKey(kid string, body []byte) (ed25519.PublicKey, error) {
	t.mu.Lock()
	list := t.list
	t.mu.Unlock()
	key, err := feedKey(list, kid, time.Now())
	if !errors.Is(err, errUnknownKey) {
		return key, err
	}
	var carried struct {
		Trust string `json:"trust"`
	}
	if json.Unmarshal(body, &carried) != nil || carried.Trust == "" {
		return nil, err
	}
	newer, openErr := openTrustList(t.root, carried.Trust)
	if openErr != nil || newer.Version < list.Version {
		return nil, err
	}
	return feedKey(newer, kid, time.Now())
}

// feedKey finds the key that signs answers. Windows are held against this machine's clock with a day of grace, since a terminal whose
// clock is wrong must still be able to hear the right time.
func feedKey(list api.TrustList, kid string, now time.Time) (ed25519.PublicKey, error) {
	const grace = 24 * time.Hour
	for _, key := range list.FeedKeys {
		if key.Kid != kid {
			continue
		}
		switch {
		case key.State == api.KeyRevoked:
			return nil, errors.New("an answer is signed by a key that was revoked")
		case key.State == api.KeyRetired, key.Until != nil && now.After(key.Until.Add(grace)):
			return nil, ErrDate
		case len(key.Key) != ed25519.PublicKeySize:
			return nil, errors.New("the trust list holds a key that is none")
		}
		return key.Key, nil
	}
	return nil, errUnknownKey
}

// openTrustList verifies a signed trust list.
func openTrustList(root ed25519.PublicKey, signed string) (api.TrustList, error) {
	var list api.TrustList
	parsed, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return list, fmt.Errorf("the trust list cannot be read: %w", err)
	}
	if typ, _ := parsed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != trustType {
		return list, errors.New("what should be a trust list is something else")
	}
	payload, err := parsed.Verify(root)
	if err != nil {
		return list, errors.New("the trust list is not signed by the root key that the join code named")
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	if err := decoder.Decode(&list); err != nil {
		return list, fmt.Errorf("the trust list cannot be read: %w", err)
	}
	return list, nil
}
