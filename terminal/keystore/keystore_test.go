package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newStore(t *testing.T) (string, Keys) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	keys, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, keys
}

func TestKeysComeBack(t *testing.T) {
	// If this fails, a terminal cannot sign after a restart, or not as itself.
	path, made := newStore(t)
	if len(made.Cache) != CacheBytes || made.Lookup != nil {
		t.Fatalf("%d bytes of cache key, %d of lookup key", len(made.Cache), len(made.Lookup))
	}
	lookup := bytes.Repeat([]byte{5}, LookupBytes)
	for range 2 { // a join that is repeated
		if _, err := SetLookup(path, lookup); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := Load(path)
	if err != nil || !loaded.Sign.Equal(made.Sign) || !bytes.Equal(loaded.Cache, made.Cache) || !bytes.Equal(loaded.Lookup, lookup) {
		t.Fatalf("other keys came back: %v", err)
	}
	if !loaded.Public().Equal(made.Sign.Public()) {
		t.Fatal("the public key is another")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v is left beside the key file: %v", entries, err)
	}
}

func TestKeysAreNeverReplaced(t *testing.T) {
	// If this fails, a second join destroys the key that signed what was sold.
	path, made := newStore(t)
	if _, err := Create(path); !errors.Is(err, ErrExists) {
		t.Fatalf("created again: %v", err)
	}
	if _, err := SetLookup(path, bytes.Repeat([]byte{5}, LookupBytes)); err != nil {
		t.Fatal(err)
	}
	if _, err := SetLookup(path, bytes.Repeat([]byte{6}, LookupBytes)); !errors.Is(err, ErrOtherLookup) {
		t.Fatalf("another merchant: %v", err)
	}
	if _, err := SetLookup(path, []byte("short")); err == nil {
		t.Fatal("a short lookup key was taken")
	}
	if loaded, err := Load(path); err != nil || !loaded.Sign.Equal(made.Sign) || loaded.Lookup[0] != 5 {
		t.Fatalf("the keys changed: %v", err)
	}
}

func TestOneOfManyCreates(t *testing.T) {
	// If this fails, two programs that start at once sign with two keys, and one of them with a key that is lost.
	path := filepath.Join(t.TempDir(), "keys")
	var group sync.WaitGroup
	made := make(chan Keys, 8)
	for range cap(made) {
		group.Go(func() {
			keys, err := Create(path)
			if err == nil {
				made <- keys
			} else if !errors.Is(err, ErrExists) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	close(made)
	winner := <-made
	if loaded, err := Load(path); err != nil || !loaded.Sign.Equal(winner.Sign) {
		t.Fatalf("the file holds another key than the one that was handed out: %v", err)
	}
	if _, more := <-made; more {
		t.Fatal("two were handed out")
	}
}

func TestUnreadableFilesSayWhatToDo(t *testing.T) {
	// If this fails, whoever stands at the counter gets a riddle instead of a sentence.
	if _, err := Load(filepath.Join(t.TempDir(), "keys")); !errors.Is(err, ErrMissing) {
		t.Fatalf("no file: %v", err)
	}
	if _, err := SetLookup(filepath.Join(t.TempDir(), "keys"), make([]byte, LookupBytes)); !errors.Is(err, ErrMissing) {
		t.Fatalf("no file: %v", err)
	}
	path, _ := newStore(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole { // cut off anywhere
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestKeysStayOutOfLogs(t *testing.T) {
	// If this fails, a log or an error message gives a terminal's keys away.
	_, keys := newStore(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, keys); text != "keys of terminal" {
			t.Errorf("%s prints %d characters: %s", format, len(text), strings.Repeat("…", 3))
		}
	}
}
