package cloud

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proven is a claim's body with its proof, as a terminal sends them, and the key that the nonce was made with.
func proven(b *testing.B) (header http.Header, body, nonceKey []byte, now time.Time) {
	b.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	nonceKey, now, body = make([]byte, 32), time.Now(), []byte(strings.Repeat("a claim of some 600 bytes. ", 22))
	digest := sha256.Sum256(body)
	payload, err := json.Marshal(proofClaims{ID: rand.Text(), Method: http.MethodPost, URL: "https://cloud.example/v1/claims", Nonce: newNonce(nonceKey, now),
		Body: base64.RawURLEncoding.EncodeToString(digest[:])})
	if err != nil {
		b.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		b.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		b.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		b.Fatal(err)
	}
	return http.Header{http.CanonicalHeaderKey(proofHeader): {text}}, body, nonceKey, now
}

// BenchmarkCheckProof is what finding out who asks takes before anything is looked up.
func BenchmarkCheckProof(b *testing.B) {
	header, body, nonceKey, now := proven(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := checkProof(header, http.MethodPost, "https://cloud.example/v1/claims", body, nonceKey, now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareCheck is its reference: the signature of such a proof alone.
func BenchmarkBareCheck(b *testing.B) {
	header, _, _, _ := proven(b)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(header.Get(proofHeader))
	signature := ed25519.Sign(private, text)
	b.ReportAllocs()
	for b.Loop() {
		if !ed25519.Verify(public, text, signature) {
			b.Fatal("a good signature does not verify")
		}
	}
}

// BenchmarkSignAnswer is the signing of a claim's answer.
func BenchmarkSignAnswer(b *testing.B) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	key, body := FeedKey{ID: "f1", Key: private}, []byte(strings.Repeat("an answer of 1,500 bytes. ", 58))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signAnswer(key, body, "an id", http.StatusOK); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareSign is its reference: the signature alone.
func BenchmarkBareSign(b *testing.B) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(strings.Repeat("an answer of 1,500 bytes. ", 58))
	b.ReportAllocs()
	for b.Loop() {
		ed25519.Sign(private, body)
	}
}
