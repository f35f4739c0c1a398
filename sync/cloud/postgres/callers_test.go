package postgres_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// One counter would be taken for another, or a stranger for a counter, when many ask at the same moment.
func TestManyWhoAskAtOnceAreToldApart(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	lakeside := cloud.Catalogue{Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{{ID: "quay", Name: "Quay", Zone: "Europe/Berlin", Language: "en"}}}
	if _, err := s.Apply(t.Context(), lakeside); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	var keys []ed25519.PublicKey
	now := time.Now()
	for i := range 20 {
		key, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		if i%4 == 3 {
			continue // a stranger
		}
		secret := cloud.SecretHash(rand.Text())
		err = s.Invite(t.Context(), []cloud.Invitation{{Merchant: "lakeside", Store: "quay", SecretHash: secret, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		names[string(key)] = fmt.Sprintf("till-%d", i)
		_, err = s.Enrol(t.Context(), cloud.Enrolment{SecretHash: secret, Key: key, SealKey: make([]byte, 32), Name: names[string(key)], ProgramVersion: "1", At: now})
		if err != nil {
			t.Fatal(err)
		}
	}
	var asking sync.WaitGroup
	for range 10 {
		for _, key := range keys {
			asking.Go(func() {
				found, err := s.TerminalByKey(t.Context(), key)
				name, enrolled := names[string(key)]
				if found.Name != name || errors.Is(err, cloud.ErrUnknown) == enrolled || (enrolled && (err != nil || !found.Key.Equal(key))) {
					t.Errorf("the key of %q was found to be of %q, %v", name, found.Name, err)
				}
			})
		}
	}
	asking.Wait()
	if _, err := s.Suspend(t.Context(), "lakeside", "quay", "till-0", true); err != nil {
		t.Fatal(err)
	}
	if found, err := s.TerminalByKey(t.Context(), keys[0]); err != nil || !found.Suspended {
		t.Errorf("a terminal that was suspended just before was found to be %+v, %v", found, err)
	}
}
