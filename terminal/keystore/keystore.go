// Package keystore keeps a terminal's secrets: the key that signs its journal, made here and never leaving the machine, the
// merchant's lookup key, and the key of the cache. On Windows the file is sealed by machine-scope DPAPI, so that any account that runs the
// counter can open it and no other machine can; on Linux it is a file that others cannot read.
package keystore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Lengths of the keys in bytes.
const (
	LookupBytes = 32
	CacheBytes  = 32
)

// Errors of the key store, each with what to do next.
var (
	// ErrMissing says that there is no key file.
	ErrMissing = errors.New("this terminal has no keys yet; run the join command with a join code")
	// ErrExists says that there is one, and that it was left as it is.
	ErrExists = errors.New("this terminal has its keys already; they are never replaced")
	// ErrRights says that the wrong people can read or write the file, or that this account cannot.
	ErrRights = errors.New("the key file has the wrong rights")
	// ErrDamaged says that the file is not what this package wrote, or was sealed on another machine.
	ErrDamaged = errors.New("the key file cannot be read here; restore it from this machine's backup, or join anew in an empty data folder")
	// ErrOtherLookup says that a lookup key is there already and is another.
	ErrOtherLookup = errors.New("this terminal already belongs to a merchant with another lookup key; use an empty data folder")
)

// Keys are a terminal's secrets.
type Keys struct {
	Sign   ed25519.PrivateKey // signs journal entries and requests
	Lookup []byte             // the merchant's, LookupBytes long; nil before enrolment
	Cache  []byte             // seals what people may not read in the cache; CacheBytes long
}

// Public is the public half of the signing key.
func (k Keys) Public() ed25519.PublicKey { return k.Sign.Public().(ed25519.PublicKey) }

// String keeps the keys out of logs and error messages.
func (k Keys) String() string { return "keys of terminal" }

// GoString keeps them out of %#v.
func (k Keys) GoString() string { return k.String() }

// stored is the file's content before it is sealed.
type stored struct {
	Version int    `json:"version"`
	Seed    []byte `json:"sign"` // RFC 8032's private key
	Lookup  []byte `json:"lookup,omitempty"`
	Cache   []byte `json:"cache"`
}

// Create makes new keys and stores them in path, on disk when it returns. It never replaces a file: where there is one it answers
// ErrExists.
func Create(path string) (Keys, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Keys{}, err
	}
	keys := Keys{Sign: key, Cache: make([]byte, CacheBytes)}
	if _, err := rand.Read(keys.Cache); err != nil {
		return Keys{}, err
	}
	return keys, store(path, keys, false)
}

// Load reads the keys from path, and answers ErrMissing, ErrRights or ErrDamaged where it cannot.
func Load(path string) (Keys, error) {
	if err := checkRights(path); err != nil {
		return Keys{}, err
	}
	sealed, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Keys{}, ErrMissing
	case errors.Is(err, os.ErrPermission):
		return Keys{}, fmt.Errorf("%w: this account may not read it; run the program as the account that joined, or add this one to its group (%w)", ErrRights, err)
	case err != nil:
		return Keys{}, err
	}
	raw, err := unseal(sealed)
	if err != nil {
		return Keys{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var file stored
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&file); err != nil {
		return Keys{}, ErrDamaged // without the decoder's words, which may quote what it read
	}
	if file.Version != 1 || len(file.Seed) != ed25519.SeedSize || len(file.Cache) != CacheBytes ||
		(file.Lookup != nil && len(file.Lookup) != LookupBytes) {
		return Keys{}, fmt.Errorf("%w: a key in it has the wrong length", ErrDamaged)
	}
	return Keys{Sign: ed25519.NewKeyFromSeed(file.Seed), Lookup: file.Lookup, Cache: file.Cache}, nil
}

// SetLookup adds the merchant's lookup key, LookupBytes long, to the keys in path. The same key again changes nothing; another is
// ErrOtherLookup.
func SetLookup(path string, lookup []byte) (Keys, error) {
	if len(lookup) != LookupBytes {
		return Keys{}, fmt.Errorf("a lookup key has %d bytes, not %d; ask for a new join code", LookupBytes, len(lookup))
	}
	keys, err := Load(path)
	if err != nil {
		return Keys{}, err
	}
	switch {
	case bytes.Equal(keys.Lookup, lookup):
		return keys, nil
	case keys.Lookup != nil:
		return Keys{}, ErrOtherLookup
	}
	keys.Lookup = bytes.Clone(lookup)
	return keys, store(path, keys, true)
}

// store writes the keys beside path, brings them to disk, and then gives them the name.
func store(path string, keys Keys, replacing bool) (err error) {
	if _, err := os.Lstat(path); err == nil && !replacing {
		return ErrExists
	}
	raw, err := json.Marshal(stored{Version: 1, Seed: keys.Sign.Seed(), Lookup: keys.Lookup, Cache: keys.Cache})
	if err != nil {
		return err
	}
	sealed, err := seal(raw)
	if err != nil {
		return fmt.Errorf("the keys cannot be sealed: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // 0600
	if err != nil {
		return fmt.Errorf("the keys cannot be stored; check the rights and the space of the data folder: %w", err)
	}
	defer func() {
		if removed := os.Remove(temporary.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	_, err = temporary.Write(sealed)
	if err == nil {
		err = shareRights(temporary, filepath.Dir(path))
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return fmt.Errorf("the keys cannot be stored; check the rights and the space of the data folder: %w", err)
	}
	if replacing {
		return rename(temporary.Name(), path)
	}
	return place(temporary.Name(), path)
}
