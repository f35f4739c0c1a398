package cloud

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Headers of the contract.
const (
	proofHeader     = "DPoP"
	nonceHeader     = "DPoP-Nonce"
	signatureHeader = "Countersign-Signature"
)

// nonceLife is how long a nonce is good. It bounds how long a recorded request could be sent again, and every request may be sent
// again without harm.
const nonceLife = 5 * time.Minute

// proofClaims is the payload of a request proof.
type proofClaims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URL    string `json:"htu"`
	Nonce  string `json:"nonce"`
	Body   string `json:"bh"`
	For    string `json:"for"` // of a hub: the key of the terminal it forwards for
}

var errNonce = errors.New("the nonce of the proof is missing or too old: prove the request again with the nonce of this answer")

// checkProof verifies a request's proof and returns the key that made it. claims is what could be read, also beside an error. iat
// is not held against the clock: terminals have wrong ones, and the nonce tells the age better.
func checkProof(header http.Header, method, url string, body, nonceKey []byte, now time.Time) (key ed25519.PublicKey, claims proofClaims, err error) {
	proofs := header.Values(proofHeader)
	if len(proofs) != 1 {
		return nil, claims, errors.New("the request needs exactly one DPoP header")
	}
	signed, err := jose.ParseSignedCompact(proofs[0], []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, claims, errors.New("the DPoP header is no JWS by an Ed25519 key")
	}
	protected := signed.Signatures[0].Protected
	if kind, _ := protected.ExtraHeaders[jose.HeaderType].(string); kind != "dpop+jwt" {
		return nil, claims, errors.New("the proof's typ is not dpop+jwt")
	}
	if protected.JSONWebKey == nil || !protected.JSONWebKey.IsPublic() {
		return nil, claims, errors.New("the proof holds no public key")
	}
	key, ok := protected.JSONWebKey.Key.(ed25519.PublicKey)
	if !ok {
		return nil, claims, errors.New("the proof's key is not an Ed25519 key")
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return nil, claims, errors.New("the proof's signature does not verify")
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, claims, errors.New("the proof's claims cannot be read")
	}
	digest := sha256.Sum256(body)
	switch {
	case claims.ID == "" || len(claims.ID) > 128:
		return nil, claims, errors.New("the proof has no jti")
	case claims.Method != method:
		return nil, claims, errors.New("the proof is for another method")
	case claims.URL != url:
		return nil, claims, errors.New("the proof is for another address: " + claims.URL + " instead of " + url)
	case claims.Body != base64.RawURLEncoding.EncodeToString(digest[:]):
		return nil, claims, errors.New("the proof is for another body")
	case !goodNonce(nonceKey, claims.Nonce, now):
		return nil, claims, errNonce
	}
	return key, claims, nil
}

// newNonce makes a nonce that says itself when it was made: any process with the same key can check it.
func newNonce(key []byte, now time.Time) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(raw, nonceMAC(key, raw)...))
}

func goodNonce(key []byte, nonce string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != 24 || !hmac.Equal(raw[8:], nonceMAC(key, raw[:8])) {
		return false
	}
	age := now.Sub(time.UnixMicro(int64(binary.BigEndian.Uint64(raw))))
	return age <= nonceLife && age >= -nonceLife // the other process's clock may be ahead
}

// madeAt is when a good nonce was made.
func madeAt(nonce string) time.Time {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != 24 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)))
}

func nonceMAC(key, raw []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("countersign nonce 1\n"))
	mac.Write(raw)
	return mac.Sum(nil)[:16]
}
