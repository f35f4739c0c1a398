package api_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"countersign/sync/api"
)

// IT would type a join code and reach another address than the one it was made for, or trust whoever answers there.
func TestJoinCodes(t *testing.T) {
	t.Parallel()
	root := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	hash := api.RootHash(root)
	for _, base := range []string{"https://cloud.example/", "https://cloud.example:8443/shops/", "http://127.0.0.1:8080/", "http://localhost:1/", "http://[::1]:8080/"} {
		code := api.JoinCode{Base: base, Secret: "ABC123", RootHash: hash}
		read, err := api.ParseJoinCode("  " + strings.ToLower(code.String()) + "\n")
		if err != nil || read != code {
			t.Errorf("%s became %+v (%v)", code, read, err)
		}
		if !read.Pins(root) || read.Pins(make([]byte, 32)) || read.Pins(nil) {
			t.Errorf("%s pins the wrong key", code)
		}
	}
	for _, bad := range []string{"", "https://cloud.example/#ABC." + hash, "countersign://cloud.example/", "countersign:///#ABC." + hash, "countersign://cloud.example/#." + hash,
		"countersign://cloud.example/#ABC." + hash[1:], "countersign://cloud.example/#A!C." + hash, "countersign://a@cloud.example/#ABC." + hash, "countersign://cloud.example/?q#ABC." + hash} {
		if code, err := api.ParseJoinCode(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, code)
		}
	}
}
