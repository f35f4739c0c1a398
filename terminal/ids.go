package terminal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// VoucherID is a voucher's number, 8 bytes, the same at every party. It is no secret and gives nobody the voucher: only the
// code does.
type VoucherID uint64

// String writes the id as "v" and 16 hexadecimal digits.
func (v VoucherID) String() string { return fmt.Sprintf("v%016x", uint64(v)) }

// MarshalText implements encoding.TextMarshaler.
func (v VoucherID) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *VoucherID) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(string(text), "v"))
	if err != nil || len(raw) != 8 || text[0] != 'v' {
		return fmt.Errorf("%q is not a voucher id", text)
	}
	*v = 0
	for _, b := range raw {
		*v = *v<<8 | VoucherID(b)
	}
	return nil
}

// Lookup is what a code is found by: the first 16 bytes of HMAC-SHA-256(lookup key of the merchant, canonical code).
type Lookup [16]byte

// String writes the lookup as 32 hexadecimal digits.
func (l Lookup) String() string { return hex.EncodeToString(l[:]) }

// MarshalText implements encoding.TextMarshaler.
func (l Lookup) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Lookup) UnmarshalText(text []byte) error { return unhex(l[:], text) }

// UID identifies one journal entry and, before it, the claim for it: 16 random bytes made by the terminal.
type UID [16]byte

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// String writes the uid as 26 symbols of Crockford Base32, which a QR holds in alphanumeric mode.
func (u UID) String() string {
	out := make([]byte, 26)
	// 128 bits are 25.6 symbols: the first symbol carries the top 3 bits, every other one 5.
	for i := range out {
		value := 0
		for bit := 0; bit < 5; bit++ {
			value <<= 1
			if at := i*5 + bit - 2; at >= 0 {
				value |= int(u[at/8]>>(7-at%8)) & 1
			}
		}
		out[i] = crockford[value]
	}
	return string(out)
}

// IsZero reports that the uid was never set.
func (u UID) IsZero() bool { return u == UID{} }

// MarshalText implements encoding.TextMarshaler.
func (u UID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// ErrUID says that a text is not a uid.
var ErrUID = errors.New("not a redemption id: 26 letters and digits are needed")

// ParseUID reads what UID.String wrote, in any case.
func ParseUID(text string) (UID, error) {
	var u UID
	if len(text) != 26 {
		return u, ErrUID
	}
	for i, r := range strings.ToUpper(text) {
		value := strings.IndexRune(crockford, r)
		if value < 0 || (i == 0 && value > 7) {
			return UID{}, ErrUID
		}
		for bit := 0; bit < 5; bit++ {
			if at := i*5 + bit - 2; at >= 0 && value>>(4-bit)&1 == 1 {
				u[at/8] |= 1 << (7 - at%8)
			}
		}
	}
	return u, nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *UID) UnmarshalText(text []byte) (err error) {
	*u, err = ParseUID(string(text))
	return err
}

func unhex(into, text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(into) {
		return fmt.Errorf("%q is not %d hexadecimal digits", text, 2*len(into))
	}
	copy(into, raw)
	return nil
}

// ReceiptNumber numbers a terminal's slips without a gap, within one epoch of its journal. The first is 1.
type ReceiptNumber struct {
	Epoch  uint32
	Number uint64
}

// String writes "EPOCH-NUMBER", the number with at least six digits: "1-000042". The zero number is "".
func (r ReceiptNumber) String() string {
	if r.Number == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%06d", r.Epoch, r.Number)
}

// MarshalText implements encoding.TextMarshaler.
func (r ReceiptNumber) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseReceiptNumber reads what String wrote; leading zeros may be left out.
func ParseReceiptNumber(text string) (ReceiptNumber, error) {
	var r ReceiptNumber
	if n, err := fmt.Sscanf(text+"\n", "%d-%d\n", &r.Epoch, &r.Number); err != nil || n != 2 || r.Number == 0 {
		return ReceiptNumber{}, fmt.Errorf("%q is not a receipt number such as 1-000042", text)
	}
	return r, nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *ReceiptNumber) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*r = ReceiptNumber{}
		return nil
	}
	*r, err = ParseReceiptNumber(string(text))
	return err
}
