// Package token reads what a customer shows: opaque codes of our own, codes of other platforms, and signed tokens.
//
// An opaque code is 12 random symbols of Crockford Base32 (60 bits) and a check symbol, shown as 7K3M-Q9TX-4B2H-Q. It is read
// with or without hyphens and spaces, in any case, O as 0, I and L as 1. Any other text of 6 to 64 printable ASCII characters
// may be a code of another platform and is looked up as it stands, after NFKC, upper-casing and dropping spaces and hyphens.
//
// A signed token is a COSE_Sign1 (RFC 9052) over CWT claims (RFC 8392), made by Sign and read by Verify: EdDSA, the key's id in
// the protected header, the merchant's id as external_aad, in Crockford Base32. Claims, protected header and envelope are
// deterministic CBOR (RFC 8949, section 4.2.1) and nothing else, so that a voucher has one text. It carries what a terminal
// needs to honour a voucher that its cache has never seen.
//
// No code is stored or sent: what is looked up is a keyed hash of its canonical form (LookupOf), and what proves that a code
// was shown is a second one (InnerOf, Proof). Whoever holds the merchant's lookup key can test guesses: 60 random bits withstand
// that, the 12 digits of some platforms do not.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/unicode/norm"

	"countersign/terminal"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Lengths of codes in symbols, without hyphens and spaces.
const (
	OpaqueLength  = 13 // 12 and the check symbol
	ForeignLeast  = 6
	ForeignLength = 64
)

// ErrMalformed says that a text cannot be a code.
var ErrMalformed = errors.New("a code has 6 to 64 letters and digits")

// NewCode makes an opaque code from 60 bits of random, in canonical form: 13 symbols without hyphens.
func NewCode(random io.Reader) (string, error) {
	var raw [12]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", err
	}
	code := make([]byte, 12, OpaqueLength)
	for i, b := range raw {
		code[i] = alphabet[b%32] // 256 is a multiple of 32: every symbol is as likely
	}
	return string(append(code, checkSymbol(string(code)))), nil
}

// Display writes an opaque code as people read it: 7K3M-Q9TX-4B2H-Q. Other codes are shown as they are.
func Display(code string) string {
	if len(code) != OpaqueLength {
		return code
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// checkSymbol is Damm's check over GF(2^5) with x^5+x^2+1: c = 2·(c xor d) for each symbol's value d, from 0. It differs after
// every single wrong symbol and every swap of two neighbours. symbols must be of the alphabet.
func checkSymbol(symbols string) byte {
	c := 0
	for i := range len(symbols) {
		c = (c ^ strings.IndexByte(alphabet, symbols[i])) << 1
		if c >= 32 {
			c ^= 0b100101
		}
	}
	return alphabet[c]
}

// opaqueSymbols reads text as 13 symbols of an opaque code, the look-alikes mended, whatever its check symbol is.
func opaqueSymbols(folded string) (string, bool) {
	if len(folded) != OpaqueLength {
		return "", false
	}
	mended := mendSymbols(folded)
	return mended, strings.Trim(mended, alphabet) == ""
}

// opaque reads text as an opaque code whose check symbol is right.
func opaque(folded string) (string, bool) {
	symbols, ok := opaqueSymbols(folded)
	if !ok || checkSymbol(symbols[:12]) != symbols[12] {
		return "", false
	}
	return symbols, true
}

// Fold is how a text is compared: NFKC, upper case, no spaces and no hyphens.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '-', '\u00ad', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(strings.TrimSpace(text))))
}

// Canonical returns the canonical forms that text can stand for, the likeliest first: as an opaque code where its check symbol
// is right, and as it stands. It returns ErrMalformed for what can be neither.
func Canonical(text string) ([]string, error) {
	if len(text) > textMostRead {
		return nil, ErrMalformed
	}
	folded := Fold(text)
	if len(folded) < ForeignLeast || len(folded) > ForeignLength {
		return nil, ErrMalformed
	}
	for i := range len(folded) {
		if folded[i] <= ' ' || folded[i] > '~' {
			return nil, ErrMalformed
		}
	}
	if code, ok := opaque(folded); ok && code != folded {
		return []string{code, folded}, nil
	}
	return []string{folded}, nil
}

// LookupOf is what the voucher of a canonical code is found by: the first 16 bytes of HMAC-SHA-256(lookup key, code).
func LookupOf(lookupKey []byte, canonical string) terminal.Lookup {
	return terminal.Lookup(keyed(lookupKey, canonical)[:16])
}

// InnerOf is what only a party that saw the code can make: HMAC-SHA-256(lookup key, "shown" ‖ code), 32 bytes.
func InnerOf(lookupKey []byte, canonical string) [32]byte {
	return [32]byte(keyed(lookupKey, "shown"+canonical))
}

// Proof shows, for one redemption, that the code was presented: HMAC-SHA-256(inner, uid), 32 bytes.
func Proof(inner [32]byte, uid terminal.UID) []byte {
	return terminal.Candidate{Inner: inner}.Proof(uid)
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Mask is all of a code that a screen, a slip or a log may show: its last min(4, length/3) symbols. Of a text that is too long for
// any code it is empty.
func Mask(text string) string {
	if len(text) > textMostRead {
		return ""
	}
	folded := []rune(Fold(text))
	return string(folded[len(folded)-min(4, len(folded)/3):])
}
