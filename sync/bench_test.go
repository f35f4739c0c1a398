package sync

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// BenchmarkProve is the proof that goes with each request.
func BenchmarkProve(b *testing.B) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	prover, err := newProver(private)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(strings.Repeat("a claim of some 600 bytes. ", 22))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := prover.prove(http.MethodPost, "https://cloud.example/v1/claims", body, "a nonce of 32 characters, nearly", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyAnswer is what a terminal does before it believes a claim's answer.
func BenchmarkVerifyAnswer(b *testing.B) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(strings.Repeat("an answer of 1,500 bytes. ", 58))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: "f1"}},
		(&jose.SignerOptions{}).WithHeader("jti", "an id").WithHeader("sts", http.StatusOK))
	if err != nil {
		b.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		b.Fatal(err)
	}
	text, err := signed.DetachedCompactSerialize()
	if err != nil {
		b.Fatal(err)
	}
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{http.CanonicalHeaderKey(signatureHeader): {text}}}
	keys := func(string, []byte) (ed25519.PublicKey, error) { return public, nil }
	b.ReportAllocs()
	for b.Loop() {
		if err := verifyAnswer(answer, body, "an id", keys); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareVerify is its reference: the signature alone.
func BenchmarkBareVerify(b *testing.B) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(strings.Repeat("an answer of 1,500 bytes. ", 58))
	signature := ed25519.Sign(private, body)
	b.ReportAllocs()
	for b.Loop() {
		if !ed25519.Verify(public, body, signature) {
			b.Fatal("a good signature does not verify")
		}
	}
}
