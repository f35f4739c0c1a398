package main_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// decision is what of an answer these tests look at.
type decision struct {
	Decision, Reason, Assurance, Title, Fact string
	Facts                                    map[string]any
}

// redeem redeems a code and wants this exit code.
func (s *shop) redeem(wanted int, code string) (d decision) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.ctl(wanted, "redeem", code, "--json")), &d); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// token issues one signed token.
func (s *shop) token() string {
	s.t.Helper()
	codes, _, err := s.cloud.issue("dinner", "1", "--token")
	if err != nil {
		s.t.Fatal(err)
	}
	return codes[0]
}

// signs is the key that signs tokens now.
func (s *shop) signs() string {
	s.t.Helper()
	var keys []struct {
		ID    string
		Signs bool
	}
	out, err := s.cloud.run("keys", "list", "--json")
	if err == nil {
		err = json.Unmarshal([]byte(out), &keys)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range keys {
		if key.Signs {
			return key.ID
		}
	}
	s.t.Fatalf("no key signs: %s", out)
	return ""
}

func (s *shop) keys(args ...string) {
	s.t.Helper()
	if _, err := s.cloud.run(append([]string{"keys"}, args...)...); err != nil {
		s.t.Fatal(err)
	}
}

// If a change of keys did not reach the terminals, tokens under a stolen key would be honoured for ever; and if it reached too far,
// every voucher that was ever sold would be worth nothing after a rotation.
func TestKeysOfTokensComeAndGo(t *testing.T) {
	s := openShop(t, "1", nil)
	first := s.signs()
	old, late, stolen := s.token(), s.token(), s.token()
	s.keys("rotate")
	if s.signs() == first {
		t.Fatal("after a rotation the old key signs")
	}
	// Nobody told the terminal of the new key yet, but the cloud can be asked for it.
	if d := s.redeem(0, s.token()); d.Assurance != "confirmed" {
		t.Errorf("a token under a key that came since the last sync: %+v", d)
	}
	s.keys("rotate")
	fresh := s.token()
	s.link.Cut()

	// Nobody told the terminal of the new key yet, and it cannot be asked.
	if d := s.redeem(3, fresh); d.Reason != "unknown_issuer" || d.Facts["cause"] != "issuer" {
		t.Errorf("a token under a key that is not known here: %+v", d)
	}
	s.link.Restore()
	s.drain()
	s.link.Cut()
	if d := s.redeem(0, fresh); d.Assurance != "offline" {
		t.Errorf("a token under the new key: %+v", d)
	}
	if d := s.redeem(0, old); d.Assurance != "offline" {
		t.Errorf("a token that a retired key signed in its time: %+v", d)
	}
	s.link.Restore()
	s.keys("revoke", first)
	if d := s.redeem(0, late); d.Decision != "approved" {
		t.Errorf("before the terminal has heard of the revocation: %+v", d)
	}
	s.drain()
	for _, cut := range []bool{false, true} {
		if cut {
			s.link.Cut()
		}
		if d := s.redeem(3, stolen); d.Reason != "unknown_issuer" || d.Facts["cause"] != "revoked" ||
			d.Title != "Issuer's key withdrawn" || !strings.Contains(d.Fact, first) {
			t.Errorf("under a revoked key, the line cut: %v: %+v", cut, d)
		}
	}
	s.link.Restore()
	s.drain()
	if out, err := s.cloud.run("redemptions", "--format", "json"); err != nil || strings.Count(out, `"accepted"`) < 3 {
		t.Errorf("%v: %s", err, out)
	}
}
