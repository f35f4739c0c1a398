package pin

import (
	"errors"
	"strings"
	"testing"
)

// If a PIN did not match its own hash, or another did, nobody could sign in, or anybody.
func TestMatches(t *testing.T) {
	hash, err := Hash("4821")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || !Valid(hash) {
		t.Errorf("the hash is %s", hash)
	}
	for pin, want := range map[string]bool{"4821": true, "4822": false, "": false, "48210": false} {
		if Matches(pin, hash) != want {
			t.Errorf("%q matches: %v", pin, !want)
		}
	}
	if again, err := Hash("4821"); err != nil || again == hash {
		t.Errorf("the same PIN gives the same hash twice: %v", err)
	}
}

// If any text passed as a PIN, a catalogue's typing error would lock a cashier out on Saturday morning.
func TestHashRefuses(t *testing.T) {
	for _, pin := range []string{"", "123", "1234567890123", "12a4", "１２３４", " 1234"} {
		if _, err := Hash(pin); !errors.Is(err, ErrPIN) {
			t.Errorf("%q: %v", pin, err)
		}
	}
}

// If a hash from outside could ask for any amount of memory, or an odd one matched or crashed, one bad record would stop a counter.
func TestOddHashesMatchNothing(t *testing.T) {
	good := "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"
	if !Valid(good) {
		t.Fatal("the example is not valid")
	}
	for _, odd := range []string{
		"", "4821", "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=4294967295", 1), strings.Replace(good, "t=1", "t=11", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "c2FsdHNhbHQ", "YQ", 1), strings.Replace(good, "AAAAAAAAAAAAAAAAAAAAAA", "", 1), good + "$", "$" + good,
	} {
		if Valid(odd) || Matches("", odd) || Matches("4821", odd) {
			t.Errorf("%q counts as a hash", odd)
		}
	}
}
