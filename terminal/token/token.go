package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/veraison/go-cose"

	"countersign/terminal"
)

// Limits of a token.
const (
	// MaxBytes is the longest token, before it is written in symbols.
	MaxBytes = 1024
	// tokenLeast is the most symbols that a code of any platform has: whatever is longer can only be a token.
	tokenLeast = ForeignLength
	// textMostRead is how much of what was scanned is looked at: a token whose every symbol is followed by two separators.
	textMostRead = 3 * (MaxBytes*8 + 4) / 5
)

// tokenPrefix is how every token begins: tag 18, an array of four, and a byte string of fewer than 64 bytes or one with its length
// before it, of which the symbols show only the first bit of four.
const tokenPrefix = "TA2"

// Issuer is a key that signs a merchant's tokens, as the trust list holds it.
type Issuer struct {
	ID  string // the kid of its tokens
	Key ed25519.PublicKey
	// From and Until bound the times of issue that count; a zero Until is open. A retired key has an Until that is past.
	From, Until time.Time
	// Revoked keys honour nothing, whenever it was issued.
	Revoked bool
}

// validAt reports whether the key could issue at the time.
func (i Issuer) validAt(at time.Time) bool {
	return !at.Before(i.From.Truncate(time.Second)) && (i.Until.IsZero() || !at.After(i.Until))
}

// Refusal says why a text is no token to honour.
type Refusal struct {
	Reason terminal.Reason // malformed_code, bad_signature or unknown_issuer
	Cause  string          // stable: "symbols", "size", "cbor", "header", "claims", "signature", "issuer", "revoked", "issued_at", "merchant"
	KID    string          // of the key that the token names, where it could be read
	detail error
}

// Error is one sentence.
func (r *Refusal) Error() string {
	text := "the token is not honoured (" + string(r.Reason) + ", " + r.Cause + ")"
	if r.detail != nil {
		text += ": " + r.detail.Error()
	}
	return text
}

// Unwrap implements errors.Is and errors.As.
func (r *Refusal) Unwrap() error { return r.detail }

func malformed(cause string, detail error) *Refusal {
	return &Refusal{Reason: terminal.MalformedCode, Cause: cause, detail: detail}
}

// envelope is a COSE_Sign1 (RFC 9052, section 4.2) behind its tag.
type envelope struct {
	_           struct{} `cbor:",toarray"`
	Protected   []byte
	Unprotected struct{}
	Payload     []byte
	Signature   []byte
}

// Sign makes a voucher's token: a COSE_Sign1 over the claims, by the issuer's key and for the merchant, in Crockford's Base32. The
// same claims and key always give the same text. It refuses what Verify would not take.
func Sign(claims Claims, key ed25519.PrivateKey, kid, merchant string) (string, error) {
	wire := toWire(claims, merchant)
	if err := wire.check(); err != nil {
		return "", fmt.Errorf("the token cannot be made: %w", err)
	}
	if !claims.Expires.IsZero() && !claims.Expires.After(claims.IssuedAt) {
		return "", errors.New("the token cannot be made: it would have expired before it was issued")
	}
	if !isID(merchant) || !isID(kid) {
		return "", errors.New("the token cannot be made: merchant and key need ids of 1 to 64 printable characters")
	}
	payload, err := encoding.Marshal(wire)
	if err != nil {
		return "", err
	}
	return seal(payload, key, kid, merchant)
}

// seal signs any payload.
func seal(payload []byte, key ed25519.PrivateKey, kid, merchant string) (string, error) {
	signer, err := cose.NewSigner(cose.AlgorithmEdDSA, key)
	if err != nil {
		return "", err
	}
	raw, err := cose.Sign1(rand.Reader, signer, cose.Headers{Protected: cose.ProtectedHeader{
		cose.HeaderLabelAlgorithm: cose.AlgorithmEdDSA,
		cose.HeaderLabelKeyID:     []byte(kid),
	}}, payload, []byte(merchant))
	if err != nil {
		return "", err
	}
	if len(raw) > MaxBytes {
		return "", fmt.Errorf("the token cannot be made: it would take %d bytes, and %d are the most", len(raw), MaxBytes)
	}
	return encodeSymbols(raw), nil
}

// LookupOfVoucher is what a token's voucher is found by, so that token and row meet: the first 16 bytes of
// HMAC-SHA-256(lookup key, "id" ‖ voucher id). No code has the same, since canonical codes have no small letters.
func LookupOfVoucher(lookupKey []byte, id terminal.VoucherID) terminal.Lookup {
	return LookupOf(lookupKey, "id"+string(binary.BigEndian.AppendUint64(nil, uint64(id))))
}

// symbolsOf returns the canonical text of what begins like a token: capital letters, no separators, look-alikes mended.
func symbolsOf(text string) (string, bool) {
	if len(text) > textMostRead {
		return "", false
	}
	symbols := mendSymbols(Fold(text))
	return symbols, len(symbols) > tokenLeast && strings.HasPrefix(symbols, tokenPrefix)
}

// Verify reads a canonical token text for a merchant under the keys that it trusts. What it returns was signed by one of them, in
// its time. The error is a *Refusal.
func Verify(text, merchant string, issuers []Issuer) (Claims, error) {
	raw, err := decodeSymbols(text)
	if err != nil {
		return Claims{}, malformed("symbols", err)
	}
	if len(raw) > MaxBytes {
		return Claims{}, malformed("size", nil)
	}
	message, kid, err := open(raw)
	if err != nil {
		return Claims{}, err
	}
	issuer, err := signedBy(message, kid, merchant, issuers)
	if err != nil {
		return Claims{}, err
	}
	// From here on the bytes are an issuer's own.
	claims, issuedFor, err := readClaims(message.Payload)
	if err != nil {
		return Claims{}, &Refusal{Reason: terminal.MalformedCode, Cause: "claims", KID: kid, detail: err}
	}
	if issuedFor != merchant {
		return Claims{}, &Refusal{Reason: terminal.UnknownIssuer, Cause: "merchant", KID: kid}
	}
	if !issuer.validAt(claims.IssuedAt) {
		return Claims{}, &Refusal{Reason: terminal.UnknownIssuer, Cause: "issued_at", KID: kid}
	}
	return claims, nil
}

// open reads the envelope of a token in its only allowed encoding, and the key that it names.
func open(raw []byte) (*cose.Sign1Message, string, error) {
	var outer envelope
	if len(raw) == 0 || raw[0] != 0xd2 { // tag 18
		return nil, "", malformed("cbor", nil)
	}
	if err := decoding.Unmarshal(raw[1:], &outer); err != nil {
		return nil, "", malformed("cbor", err)
	}
	if again, err := encoding.Marshal(outer); err != nil || !bytes.Equal(again, raw[1:]) {
		return nil, "", malformed("cbor", err)
	}
	var header any
	if err := decoding.Unmarshal(outer.Protected, &header); err != nil {
		return nil, "", malformed("header", err)
	}
	if again, err := encoding.Marshal(header); err != nil || !bytes.Equal(again, outer.Protected) {
		return nil, "", malformed("header", err)
	}
	message := cose.NewSign1Message()
	if err := message.UnmarshalCBOR(raw); err != nil {
		return nil, "", malformed("cbor", err)
	}
	// No header beyond these two is understood, so that none can be critical.
	_, critical := message.Headers.Protected[cose.HeaderLabelCritical]
	algorithm, err := message.Headers.Protected.Algorithm()
	kid, named := message.Headers.Protected[cose.HeaderLabelKeyID].([]byte)
	if critical || err != nil || algorithm != cose.AlgorithmEdDSA || !named || !isID(string(kid)) {
		return nil, "", malformed("header", err)
	}
	if len(message.Payload) == 0 || len(message.Signature) != ed25519.SignatureSize {
		return nil, "", malformed("cbor", nil)
	}
	return message, string(kid), nil
}

// signedBy returns the trusted key that signed a message.
func signedBy(message *cose.Sign1Message, kid, merchant string, issuers []Issuer) (Issuer, error) {
	refusal := &Refusal{Reason: terminal.UnknownIssuer, Cause: "issuer", KID: kid}
	for _, issuer := range issuers {
		if issuer.ID != kid {
			continue
		}
		if issuer.Revoked {
			return Issuer{}, &Refusal{Reason: terminal.UnknownIssuer, Cause: "revoked", KID: kid}
		}
		if len(issuer.Key) != ed25519.PublicKeySize {
			continue
		}
		verifier, err := cose.NewVerifier(cose.AlgorithmEdDSA, issuer.Key)
		if err != nil {
			continue
		}
		if err := message.Verify([]byte(merchant), verifier); err == nil {
			return issuer, nil
		}
		refusal = &Refusal{Reason: terminal.BadSignature, Cause: "signature", KID: kid}
	}
	return Issuer{}, refusal
}

// readClaims reads a payload in its only allowed encoding.
func readClaims(payload []byte) (Claims, string, error) {
	var wire wireClaims
	if err := decoding.Unmarshal(payload, &wire); err != nil {
		return Claims{}, "", err
	}
	if again, err := encoding.Marshal(wire); err != nil || !bytes.Equal(again, payload) {
		return Claims{}, "", errors.New("they are not in their only allowed encoding")
	}
	claims, err := wire.claims()
	return claims, wire.Issuer, err
}
