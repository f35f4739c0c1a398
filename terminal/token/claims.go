package token

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"countersign/terminal"
)

// Claims are what an issuer signs: a voucher, and when it was issued.
type Claims struct {
	terminal.Token
	// IssuedAt decides whether the issuer's key was valid. Whole seconds.
	IssuedAt time.Time
}

// clockLeeway is how far before its issue a token without a NotBefore counts: the issuer's clock may be ahead of the terminal's.
const clockLeeway = 5 * time.Minute

// unitsMost is more than any voucher has.
const unitsMost = 1 << 50

// timeMost is the last second that RFC 3339 can write.
const timeMost = 253402300799

// textMost is the longest id, in bytes, that a claim may hold.
const textMost = 64

// wireClaims are the claims as RFC 8392 numbers them. The keys below -65536 are for private use; kinds count from 1 in the order
// of terminal.Kinds. Only a pass says its units and only a balance its amount; every other kind is one unit.
type wireClaims struct {
	Issuer    string  `cbor:"1,keyasint"`
	Expires   *int64  `cbor:"4,keyasint,omitempty"` // the first second that no longer counts
	NotBefore *int64  `cbor:"5,keyasint,omitempty"`
	IssuedAt  *int64  `cbor:"6,keyasint"`
	Voucher   []byte  `cbor:"7,keyasint"` // 8 bytes, big-endian
	Campaign  string  `cbor:"-65537,keyasint"`
	Kind      uint64  `cbor:"-65538,keyasint"`
	Units     *int64  `cbor:"-65539,keyasint,omitempty"`
	Amount    *int64  `cbor:"-65540,keyasint,omitempty"` // minor units
	Currency  *string `cbor:"-65541,keyasint,omitempty"`
	Store     *string `cbor:"-65542,keyasint,omitempty"`
}

var encoding = func() cbor.EncMode {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}()

var decoding = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   4,
		MaxArrayElements:  16,
		MaxMapPairs:       16,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}()

// toWire writes claims, whose times are cut to seconds. Expires is the last instant that counts, and the claim the second after.
func toWire(c Claims, merchant string) wireClaims {
	wire := wireClaims{
		Issuer: merchant, IssuedAt: seconds(c.IssuedAt), Campaign: c.Campaign,
		Voucher: binary.BigEndian.AppendUint64(nil, uint64(c.Voucher)),
		Kind:    uint64(slices.Index(terminal.Kinds, c.Kind) + 1),
	}
	if !c.NotBefore.IsZero() {
		wire.NotBefore = seconds(c.NotBefore)
	}
	if !c.Expires.IsZero() {
		wire.Expires = seconds(c.Expires.Add(time.Second))
	}
	if c.Store != "" {
		wire.Store = &c.Store
	}
	switch c.Kind {
	case terminal.KindPass:
		wire.Units = &c.Units
	case terminal.KindBalance:
		wire.Amount, wire.Currency = &c.Units, &c.Currency
	}
	return wire
}

func seconds(at time.Time) *int64 {
	unix := at.Unix()
	return &unix
}

// claims reads wire claims that toWire can have written, but for their issuer.
func (w wireClaims) claims() (Claims, error) {
	if err := w.check(); err != nil {
		return Claims{}, err
	}
	c := Claims{IssuedAt: time.Unix(*w.IssuedAt, 0).UTC(), Token: terminal.Token{
		Voucher: terminal.VoucherID(binary.BigEndian.Uint64(w.Voucher)), Campaign: w.Campaign,
		Kind: terminal.Kinds[w.Kind-1], Units: 1,
	}}
	if c.NotBefore = c.IssuedAt.Add(-clockLeeway); w.NotBefore != nil {
		c.NotBefore = time.Unix(*w.NotBefore, 0).UTC()
	}
	if w.Expires != nil {
		c.Expires = time.Unix(*w.Expires, 0).Add(-1).UTC()
	}
	switch {
	case w.Units != nil:
		c.Units = *w.Units
	case w.Amount != nil:
		c.Units, c.Currency = *w.Amount, *w.Currency
	}
	if w.Store != nil {
		c.Store = *w.Store
	}
	return c, nil
}

// check holds claims against their form.
func (w wireClaims) check() error {
	if w.Kind < 1 || w.Kind > uint64(len(terminal.Kinds)) {
		return fmt.Errorf("there is no kind of voucher %d", w.Kind)
	}
	kind := terminal.Kinds[w.Kind-1]
	if len(w.Voucher) != 8 || binary.BigEndian.Uint64(w.Voucher) == 0 {
		return errors.New("a voucher id has 8 bytes and is not 0")
	}
	if !isID(w.Campaign) || (w.Store != nil && !isID(*w.Store)) {
		return errors.New("the ids of campaign and store have 1 to 64 printable characters")
	}
	if w.IssuedAt == nil {
		return errors.New("the time of issue is missing")
	}
	for _, at := range []*int64{w.IssuedAt, w.NotBefore, w.Expires} {
		if at != nil && (*at < 1 || *at > timeMost) {
			return errors.New("a time is out of range")
		}
	}
	if (w.Units != nil) != (kind == terminal.KindPass) {
		return errors.New("a pass has units, and no other kind")
	}
	if (w.Amount != nil) != (kind == terminal.KindBalance) || (w.Currency != nil) != (kind == terminal.KindBalance) {
		return errors.New("a balance has an amount and its currency, and no other kind")
	}
	for _, units := range []*int64{w.Units, w.Amount} {
		if units != nil && (*units < 1 || *units > unitsMost) {
			return errors.New("the units are out of range")
		}
	}
	if w.Currency != nil && !isCurrency(*w.Currency) {
		return errors.New("a currency has three capital letters")
	}
	return nil
}

func isID(text string) bool {
	return len(text) >= 1 && len(text) <= textMost &&
		!slices.ContainsFunc([]byte(text), func(b byte) bool { return b <= ' ' || b > '~' })
}

func isCurrency(text string) bool {
	return len(text) == 3 && !slices.ContainsFunc([]byte(text), func(b byte) bool { return b < 'A' || b > 'Z' })
}
