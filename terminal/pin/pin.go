// Package pin hashes and checks operators' PINs with Argon2id, so that a copied cache does not give the PINs away at once. A PIN
// of four digits cannot withstand whoever owns both the hashes and time: the hashes are encrypted at rest beside this, and wrong
// tries are counted by the journal.
package pin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2id parameters: 19 MiB, 2 passes, 1 lane, the least that the OWASP Password Storage Cheat Sheet recommends. More would keep a
// queue waiting on an old counter PC, and four digits would still fall to whoever may try them all.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	threads   = 1
	keyBytes  = 32
	saltBytes = 16
	// The most that a hash from the cloud may ask this machine to spend.
	memoryMostKiB = 256 * 1024
	passesMost    = 10
)

// ErrPIN says that a PIN cannot be used.
var ErrPIN = errors.New("a PIN has 4 to 12 digits")

// Hash returns the PHC string ($argon2id$v=19$m=…,t=…,p=…$salt$key) of a PIN of 4 to 12 digits.
func Hash(pin string) (string, error) {
	if len(pin) < 4 || len(pin) > 12 || strings.Trim(pin, "0123456789") != "" {
		return "", ErrPIN
	}
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key := argon2.IDKey([]byte(pin), salt, passes, memoryKiB, threads, keyBytes)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, threads, encode(salt), encode(key)), nil
}

// Valid reports whether hash is one that Matches can check.
func Valid(hash string) bool {
	_, _, _, _, _, err := parse(hash)
	return err == nil
}

// Matches reports whether pin is the one that hash was made from. A hash that cannot be read matches nothing.
func Matches(pin, hash string) bool {
	salt, key, memory, time, lanes, err := parse(hash)
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare(key, argon2.IDKey([]byte(pin), salt, time, memory, lanes, uint32(len(key)))) == 1
}

// Checker implements terminal.PINs.
type Checker struct{}

// Matches implements terminal.PINs.
func (Checker) Matches(pin, hash string) bool { return Matches(pin, hash) }

func parse(hash string) (salt, key []byte, memory, time uint32, lanes uint8, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, 0, 0, 0, errors.New("not an Argon2id hash in PHC form")
	}
	if _, err = fmt.Sscanf(parts[3]+"\n", "m=%d,t=%d,p=%d\n", &memory, &time, &lanes); err != nil {
		return nil, nil, 0, 0, 0, fmt.Errorf("the parameters of the hash cannot be read: %w", err)
	}
	if memory < 8 || memory > memoryMostKiB || time < 1 || time > passesMost || lanes < 1 {
		return nil, nil, 0, 0, 0, errors.New("the parameters of the hash are out of range")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return nil, nil, 0, 0, 0, errors.New("the salt of the hash cannot be read")
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return nil, nil, 0, 0, 0, errors.New("the key of the hash cannot be read")
	}
	return salt, key, memory, time, lanes, nil
}
