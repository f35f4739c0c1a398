package sync

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proofClaims is the payload of a request proof: RFC 9449 (DPoP), and bh, the base64url SHA-256 of the request's body, so that a
// proof cannot be lifted onto another body.
type proofClaims struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	URL      string `json:"htu"` // without query and fragment
	IssuedAt int64  `json:"iat"`
	Nonce    string `json:"nonce,omitempty"`
	Body     string `json:"bh"`
	For      string `json:"for,omitempty"` // of a hub: the key of the terminal that it forwards for
}

// prover makes request proofs with the terminal's own key, which may live where only signing is possible.
type prover struct {
	signer jose.Signer
	key    crypto.Signer
	// header is the first part of every proof, encoded, once one was made: it says only which key signs.
	header atomic.Pointer[string]
}

func newProver(key crypto.Signer) (*prover, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the terminal's key is not an Ed25519 key: join again")
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: keySigner{key, public}},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		return nil, fmt.Errorf("the terminal's key cannot sign requests: %w", err)
	}
	return &prover{signer: signer, key: key}, nil
}

// behalfKey is where a request's context keeps the key of the terminal that a hub forwards for.
type behalfKey struct{}

// prove returns the proof for one request and its id. onBehalf is the key of the terminal it is made for, nil for its own.
func (p *prover) prove(method, url string, body []byte, nonce string, onBehalf ed25519.PublicKey) (proof, id string, err error) {
	digest := sha256.Sum256(body)
	claims := proofClaims{
		ID: rand.Text(), Method: method, URL: url, IssuedAt: time.Now().Unix(), Nonce: nonce,
		Body: base64.RawURLEncoding.EncodeToString(digest[:]), For: base64.RawURLEncoding.EncodeToString(onBehalf),
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", "", err
	}
	proof, err = p.sign(payload)
	if err != nil {
		return "", "", fmt.Errorf("the request cannot be signed: %w", err)
	}
	return proof, claims.ID, nil
}

// sign makes the compact JWS of a payload (RFC 7515, 7.1): the first with go-jose, the others with the header of the first.
func (p *prover) sign(payload []byte) (string, error) {
	if header := p.header.Load(); header != nil {
		signing := *header + "." + base64.RawURLEncoding.EncodeToString(payload)
		signature, err := p.key.Sign(rand.Reader, []byte(signing), crypto.Hash(0))
		return signing + "." + base64.RawURLEncoding.EncodeToString(signature), err
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	proof, err := signed.CompactSerialize()
	if header, _, found := strings.Cut(proof, "."); err == nil && found {
		p.header.Store(&header)
	}
	return proof, err
}

// keySigner lets go-jose sign with a key that never leaves its store.
type keySigner struct {
	key    crypto.Signer
	public ed25519.PublicKey
}

func (k keySigner) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: k.public} }

func (k keySigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.EdDSA} }

func (k keySigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return k.key.Sign(rand.Reader, payload, crypto.Hash(0))
}
