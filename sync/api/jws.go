package api

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// JWSHeader is the protected header of a compact JWS (RFC 7515) by an Ed25519 key (RFC 8037): of a request's proof Type and Key, of an
// answer's signature KeyID, Request and Status.
type JWSHeader struct {
	Algorithm string          `json:"alg"`
	Key       *JWK            `json:"jwk,omitempty"`
	KeyID     string          `json:"kid,omitempty"`
	Request   *string         `json:"jti,omitempty"`
	Status    float64         `json:"sts,omitempty"`
	Type      string          `json:"typ,omitempty"`
	Critical  json.RawMessage `json:"crit,omitempty"` // what a reader has to understand: nothing that there is
}

// JWK is a public Ed25519 key as RFC 8037 writes it.
type JWK struct {
	Type    string `json:"kty"`
	Curve   string `json:"crv"`
	X       string `json:"x"`
	Private string `json:"d,omitempty"`
}

const (
	jwsAlgorithm = "EdDSA"
	jwkType      = "OKP"
	jwkCurve     = "Ed25519"
)

// KeyJWK is a key's JWK.
func KeyJWK(key ed25519.PublicKey) *JWK {
	return &JWK{Type: jwkType, Curve: jwkCurve, X: base64.RawURLEncoding.EncodeToString(key)}
}

// Public is the key, or nil where it is none, or is not alone.
func (j *JWK) Public() ed25519.PublicKey {
	if j == nil || j.Type != jwkType || j.Curve != jwkCurve || j.Private != "" {
		return nil
	}
	key, err := base64.RawURLEncoding.Strict().DecodeString(j.X)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil
	}
	return key
}

// JWS is one that was read, and not verified yet.
type JWS struct {
	Header  JWSHeader
	Payload []byte

	signed    string
	signature []byte
}

var errJWS = errors.New("it is no compact JWS by an Ed25519 key")

// ReadJWS reads header.payload.signature; where the payload is detached (appendix F), as header..signature, it is given.
func ReadJWS(text string, detached []byte) (j JWS, err error) {
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, whole := strings.Cut(rest, ".")
	strict := base64.RawURLEncoding.Strict()
	if !whole || (detached != nil) != (payload == "") {
		return j, errJWS
	}
	raw, err := strict.DecodeString(header)
	if err != nil || json.Unmarshal(raw, &j.Header) != nil || j.Header.Algorithm != jwsAlgorithm || j.Header.Critical != nil {
		return j, errJWS
	}
	if j.signature, err = strict.DecodeString(signature); err != nil {
		return j, errJWS
	}
	if j.Payload = detached; detached == nil {
		if j.Payload, err = strict.DecodeString(payload); err != nil {
			return j, errJWS
		}
	} else {
		payload = strict.EncodeToString(detached)
	}
	j.signed = header + "." + payload
	return j, nil
}

// Verify reports whether the key made it.
func (j JWS) Verify(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, []byte(j.signed), j.signature)
}

// JWSSigner makes compact JWS whose header is always the same.
type JWSSigner struct {
	header string
	key    crypto.Signer
}

// NewJWSSigner is for a key that is, or stands for, an Ed25519 key.
func NewJWSSigner(header JWSHeader, key crypto.Signer) (JWSSigner, error) {
	header.Algorithm = jwsAlgorithm
	raw, err := json.Marshal(header)
	return JWSSigner{base64.RawURLEncoding.EncodeToString(raw), key}, err
}

// Sign returns the whole JWS, or without its payload where that is detached.
func (s JWSSigner) Sign(payload []byte, detached bool) (string, error) {
	encoded := base64.RawURLEncoding.EncodeToString(payload)
	signature, err := s.key.Sign(rand.Reader, []byte(s.header+"."+encoded), crypto.Hash(0))
	if err != nil {
		return "", err
	}
	if detached {
		encoded = ""
	}
	return s.header + "." + encoded + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
