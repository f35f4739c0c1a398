// Package entry turns journal entries into bytes, hashes and signatures, and back. It is the one codec of journal, sync and
// cloud, and fixed for ever: entries that shops have written cannot be written again.
//
// # Bytes
//
// An entry is one CBOR map (RFC 8949) in core deterministic encoding (section 4.2.1: shortest integers, definite lengths, keys
// sorted bytewise), without tags, floats, null or undefined. Every key is a small unsigned integer and present only when its
// value is not empty or zero, save 0 and 5. A decoder refuses unknown keys, repeated keys, trailing bytes, text that is not
// UTF-8, and every encoding that is not the one this package would have written.
//
//	 0  version        uint, 1
//	 1  merchant       text
//	 2  store          text
//	 3  terminal       text
//	 4  epoch          uint, from 1
//	 5  seq            uint, from 1, through all epochs
//	 6  uid            bytes, 16
//	 7  receipt        uint, from 1 in each epoch; its epoch is key 4
//	 8  kind           uint: 1 redeem 2 reverse 3 decline 4 approve 5 reprint 6 drawer 7 day_close 8 clock 9 epoch
//	 9  lines          array of maps, see below
//	10  about          bytes, 16: the uid of the entry that is reversed or printed again
//	11  bill           money
//	12  operator       text
//	13  approver       text
//	14  assurance      text: confirmed, store, leased, offline
//	15  claim          text
//	16  lease          text
//	17  reason         text
//	18  reasons        array of text
//	19  note           text
//	20  wall           int, microseconds since 1970-01-01T00:00:00Z
//	21  offset         int, minutes east of UTC of the store's zone at wall
//	22  lower          int, microseconds like wall
//	23  upper          int, microseconds like wall
//	24  boot           text
//	25  monotonic      int, microseconds since boot
//	26  business day   text, "2026-12-24"
//	27  cursor         text
//	28  known head     uint
//	29  policy version int
//	30  heads          array of bytes, 32 each
//	31  totals         map, of a day close, see below
//
// A line is a map too:
//
//	 1  voucher        bytes, 8, big-endian
//	 2  campaign       text
//	 3  kind           text: product, pass, balance, discount, booking, pickup
//	 4  part           text
//	 5  units          int
//	 6  amount         money
//	 7  discount       money
//	 8  price          money
//	 9  value          money
//	10  left           int
//	11  proof          bytes, 32
//	12  lookup         bytes, 16
//	13  masked         text
//	14  original       uint
//	15  reasons        array of text
//
// Money is an array of two: int minor units, text ISO 4217 code.
//
// The totals of a day close are a map:
//
//	1  number         uint, of this terminal's closes
//	2  first          array of two: uint epoch and uint number of the first receipt counted
//	3  last           the same, of the last
//	4  redemptions    uint, entries
//	5  reversals      uint, entries
//	6  declines       uint, entries
//	7  late           uint: of all of these, those of an earlier business day
//	8  assurances     array of arrays of two: text assurance, uint redemptions
//	9  campaigns      array of maps: 1 campaign text, 2 kind text, 3 redeemed, 4 reversed
//
// Redeemed and reversed are maps: 1 lines uint, 2 units int, 3 price, 4 value, 5 amount, 6 discount, each money.
//
// # Hash and signature
//
//	genesis   = SHA-256("countersign journal genesis 1\n" ‖ public key)
//	hash      = SHA-256("countersign journal entry 1\n" ‖ hash of the entry before, or genesis ‖ bytes)
//	signature = Ed25519 (RFC 8032) over "countersign journal signature 1\n" ‖ hash
package entry

import (
	"bytes"
	"errors"
	"fmt"

	"countersign/terminal"
)

// Version is the version of the encoding, the value of key 0.
const Version = 1

// MaxBytes is the most that one entry may take: a quarter of the least that a server takes in one push.
const MaxBytes = 64 << 10

// Errors of the codec. They are wrapped with what exactly is wrong.
var (
	// ErrMalformed says that bytes are not an entry, or not in the one encoding that is allowed.
	ErrMalformed = errors.New("not a journal entry")
	// ErrUnencodable says that an entry holds what the encoding has no place for.
	ErrUnencodable = errors.New("the entry cannot be written")
)

// Encode returns the bytes of an entry, or ErrUnencodable. Times are cut to microseconds, the wall's offset to minutes.
func Encode(e terminal.Entry) ([]byte, error) {
	w := writer{out: make([]byte, 0, 512)}
	return w.encode(&e)
}

func (w *writer) encode(e *terminal.Entry) ([]byte, error) {
	w.entry(e)
	if len(w.out) > MaxBytes {
		w.refuse("it would take %d bytes and %d are the most", len(w.out), MaxBytes)
	}
	if w.bad != nil {
		return nil, w.bad
	}
	return w.out, nil
}

// Decode reads what Encode wrote and nothing else, or answers ErrMalformed. Wall comes back in a fixed zone of the store's offset,
// the other times in UTC.
func Decode(raw []byte) (terminal.Entry, error) {
	if len(raw) > MaxBytes {
		return terminal.Entry{}, fmt.Errorf("%w: %d bytes are more than the %d allowed", ErrMalformed, len(raw), MaxBytes)
	}
	var e terminal.Entry
	r := reader{rest: raw}
	r.entry(&e)
	if r.bad == nil && len(r.rest) > 0 {
		r.refuse("something follows it")
	}
	if r.bad != nil {
		return terminal.Entry{}, r.bad
	}
	again := writer{out: make([]byte, 0, len(raw))}
	if written, err := again.encode(&e); err != nil || !bytes.Equal(written, raw) {
		return terminal.Entry{}, fmt.Errorf("%w: it is not in its only allowed encoding", ErrMalformed)
	}
	return e, nil
}
