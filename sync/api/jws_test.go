package api

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// A cloud or a terminal that somebody else builds with a JOSE library could not read what this one signs, nor be read.
func TestOtherLibrariesReadAndWriteTheSame(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := "7"
	for _, detached := range []bool{false, true} {
		ours, err := NewJWSSigner(JWSHeader{Type: "dpop+jwt", Key: KeyJWK(public), Request: &id, Status: 200}, private)
		if err != nil {
			t.Fatal(err)
		}
		text, err := ours.Sign([]byte("payload"), detached)
		if err != nil {
			t.Fatal(err)
		}
		var theirs *jose.JSONWebSignature
		if detached {
			theirs, err = jose.ParseDetached(text, []byte("payload"), []jose.SignatureAlgorithm{jose.EdDSA})
		} else {
			theirs, err = jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
		}
		if err != nil {
			t.Fatal(err)
		}
		header := theirs.Signatures[0].Protected
		if err := theirs.DetachedVerify([]byte("payload"), header.JSONWebKey.Key); err != nil || header.ExtraHeaders["jti"] != id ||
			header.ExtraHeaders["sts"] != 200.0 || header.ExtraHeaders["typ"] != "dpop+jwt" {
			t.Errorf("detached %v: %v, %+v", detached, err, header)
		}
		options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt").WithHeader("jti", id).WithHeader("sts", 200)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, options)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signer.Sign([]byte("payload"))
		if err != nil {
			t.Fatal(err)
		}
		var payload []byte
		if text, err = signed.CompactSerialize(); detached {
			payload = []byte("payload")
			text, err = signed.DetachedCompactSerialize()
		}
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadJWS(text, payload)
		if err != nil || !read.Verify(read.Header.Key.Public()) || string(read.Payload) != "payload" || *read.Header.Request != id ||
			read.Header.Status != 200 || read.Header.Type != "dpop+jwt" {
			t.Errorf("detached %v: %v, %+v", detached, err, read)
		}
	}
}

// Whoever can spoil a signature, or make one that says how it wants to be read, would be believed.
func TestWhatIsNoJWSIsNotRead(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	made := func(header, payload string) string {
		signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(signed)))
	}
	good := made(`{"alg":"EdDSA"}`, "payload")
	if read, err := ReadJWS(good, nil); err != nil || !read.Verify(public) {
		t.Fatalf("a good one: %v", err)
	}
	header, rest, _ := strings.Cut(good, ".")
	for what, text := range map[string]string{
		"nothing":           "",
		"no signature":      header + ".cGF5bG9hZA",
		"too much":          good + ".AAAA",
		"padding":           good + "=",
		"no payload":        header + "." + rest[strings.Index(rest, "."):],
		"another algorithm": made(`{"alg":"HS256"}`, "payload"),
		"none":              made(`{"alg":"none"}`, "payload"),
		"critical":          made(`{"alg":"EdDSA","crit":["b64"],"b64":false}`, "payload"),
		"no header":         made(`7`, "payload"),
	} {
		if read, err := ReadJWS(text, nil); err == nil && read.Verify(public) {
			t.Errorf("%s: read", what)
		}
	}
	if read, err := ReadJWS(made(`{"alg":"EdDSA"}`, "another"), []byte("payload")); err == nil && read.Verify(public) {
		t.Error("one with a payload of its own is read as a detached one")
	}
	other := made(`{"alg":"EdDSA"}`, "another")
	if read, err := ReadJWS(header+"."+strings.Split(good, ".")[1]+"."+strings.Split(other, ".")[2], nil); err != nil || read.Verify(public) {
		t.Errorf("another's signature: %v", err)
	}
	whole := KeyJWK(public)
	whole.Private = "c2VjcmV0"
	for what, key := range map[string]*JWK{"none": nil, "a private one": whole, "of another curve": {Type: "OKP", Curve: "Ed448", X: whole.X},
		"a short one": {Type: "OKP", Curve: "Ed25519", X: whole.X[:20]}} {
		if key.Public() != nil {
			t.Errorf("%s is a public Ed25519 key", what)
		}
	}
}
