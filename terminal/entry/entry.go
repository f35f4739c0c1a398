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
	"time"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

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

type wireMoney struct {
	_        struct{} `cbor:",toarray"`
	Minor    int64
	Currency string
}

type wireEntry struct {
	Version       uint64      `cbor:"0,keyasint"`
	Merchant      string      `cbor:"1,keyasint,omitempty"`
	Store         string      `cbor:"2,keyasint,omitempty"`
	Terminal      string      `cbor:"3,keyasint,omitempty"`
	Epoch         uint32      `cbor:"4,keyasint,omitempty"`
	Seq           uint64      `cbor:"5,keyasint"`
	UID           []byte      `cbor:"6,keyasint,omitempty"`
	Receipt       uint64      `cbor:"7,keyasint,omitempty"`
	Kind          uint8       `cbor:"8,keyasint,omitempty"`
	Lines         []wireLine  `cbor:"9,keyasint,omitempty"`
	About         []byte      `cbor:"10,keyasint,omitempty"`
	Bill          *wireMoney  `cbor:"11,keyasint,omitempty"`
	Operator      string      `cbor:"12,keyasint,omitempty"`
	Approver      string      `cbor:"13,keyasint,omitempty"`
	Assurance     string      `cbor:"14,keyasint,omitempty"`
	Claim         string      `cbor:"15,keyasint,omitempty"`
	Lease         string      `cbor:"16,keyasint,omitempty"`
	Reason        string      `cbor:"17,keyasint,omitempty"`
	Reasons       []string    `cbor:"18,keyasint,omitempty"`
	Note          string      `cbor:"19,keyasint,omitempty"`
	Wall          *int64      `cbor:"20,keyasint,omitempty"`
	Offset        int64       `cbor:"21,keyasint,omitempty"`
	Lower         *int64      `cbor:"22,keyasint,omitempty"`
	Upper         *int64      `cbor:"23,keyasint,omitempty"`
	Boot          string      `cbor:"24,keyasint,omitempty"`
	Monotonic     int64       `cbor:"25,keyasint,omitempty"`
	BusinessDay   string      `cbor:"26,keyasint,omitempty"`
	Cursor        string      `cbor:"27,keyasint,omitempty"`
	KnownHead     uint64      `cbor:"28,keyasint,omitempty"`
	PolicyVersion int64       `cbor:"29,keyasint,omitempty"`
	Heads         [][]byte    `cbor:"30,keyasint,omitempty"`
	Totals        *wireTotals `cbor:"31,keyasint,omitempty"`
}

type wireLine struct {
	Voucher  []byte     `cbor:"1,keyasint,omitempty"`
	Campaign string     `cbor:"2,keyasint,omitempty"`
	Kind     string     `cbor:"3,keyasint,omitempty"`
	Part     string     `cbor:"4,keyasint,omitempty"`
	Units    int64      `cbor:"5,keyasint,omitempty"`
	Amount   *wireMoney `cbor:"6,keyasint,omitempty"`
	Discount *wireMoney `cbor:"7,keyasint,omitempty"`
	Price    *wireMoney `cbor:"8,keyasint,omitempty"`
	Value    *wireMoney `cbor:"9,keyasint,omitempty"`
	Left     int64      `cbor:"10,keyasint,omitempty"`
	Proof    []byte     `cbor:"11,keyasint,omitempty"`
	Lookup   []byte     `cbor:"12,keyasint,omitempty"`
	Masked   string     `cbor:"13,keyasint,omitempty"`
	Original uint64     `cbor:"14,keyasint,omitempty"`
	Reasons  []string   `cbor:"15,keyasint,omitempty"`
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
		MaxNestedLevels:   8,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}()

// Encode returns the bytes of an entry, or ErrUnencodable. Times are cut to microseconds, the wall's offset to minutes.
func Encode(e terminal.Entry) ([]byte, error) {
	wire, err := toWire(e)
	if err != nil {
		return nil, err
	}
	raw, err := encoding.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnencodable, err)
	}
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: it would take %d bytes and %d are the most", ErrUnencodable, len(raw), MaxBytes)
	}
	if !utf8Throughout(e) {
		return nil, fmt.Errorf("%w: one of its texts is not UTF-8", ErrUnencodable)
	}
	return raw, nil
}

// Decode reads what Encode wrote and nothing else, or answers ErrMalformed. Wall comes back in a fixed zone of the store's offset,
// the other times in UTC.
func Decode(raw []byte) (terminal.Entry, error) {
	if len(raw) > MaxBytes {
		return terminal.Entry{}, fmt.Errorf("%w: %d bytes are more than the %d allowed", ErrMalformed, len(raw), MaxBytes)
	}
	var wire wireEntry
	if err := decoding.Unmarshal(raw, &wire); err != nil {
		return terminal.Entry{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if wire.Version != Version {
		return terminal.Entry{}, fmt.Errorf("%w of a known version: it is version %d", ErrMalformed, wire.Version)
	}
	e, err := fromWire(wire)
	if err != nil {
		return terminal.Entry{}, err
	}
	again, err := Encode(e)
	if err != nil || !bytes.Equal(again, raw) {
		return terminal.Entry{}, fmt.Errorf("%w: it is not in its only allowed encoding", ErrMalformed)
	}
	return e, nil
}

func toWire(e terminal.Entry) (wireEntry, error) {
	switch {
	case e.Seq == 0 || e.Epoch == 0 || e.Kind == 0:
		return wireEntry{}, fmt.Errorf("%w: sequence number, epoch and kind are needed", ErrUnencodable)
	case e.Receipt.Number != 0 && e.Receipt.Epoch != e.Epoch:
		return wireEntry{}, fmt.Errorf("%w: its receipt number is of another epoch", ErrUnencodable)
	case e.Receipt.Number == 0 && e.Receipt.Epoch != 0:
		return wireEntry{}, fmt.Errorf("%w: its receipt number has an epoch and no number", ErrUnencodable)
	}
	wire := wireEntry{
		Version: Version, Merchant: e.Merchant, Store: e.Store, Terminal: e.Terminal, Epoch: e.Epoch, Seq: e.Seq,
		UID: idBytes(e.UID), Receipt: e.Receipt.Number, Kind: uint8(e.Kind), About: idBytes(e.About), Bill: moneyToWire(e.Bill),
		Operator: e.Operator, Approver: e.Approver, Assurance: string(e.Assurance), Claim: e.Claim, Lease: e.Lease,
		Reason: string(e.Reason), Note: e.Note, Wall: instant(e.Wall), Lower: instant(e.Lower), Upper: instant(e.Upper),
		Boot: e.Boot, Monotonic: e.Monotonic.Microseconds(), Cursor: e.Cursor, KnownHead: e.KnownHead,
		PolicyVersion: e.PolicyVersion,
	}
	var err error
	if wire.Totals, err = totalsToWire(e.Totals); err != nil {
		return wireEntry{}, err
	}
	if wire.Wall != nil {
		_, seconds := e.Wall.Zone()
		wire.Offset = int64(seconds / 60)
	}
	if e.BusinessDay != (terminal.Date{}) {
		wire.BusinessDay = e.BusinessDay.String()
	}
	for _, reason := range e.Reasons {
		wire.Reasons = append(wire.Reasons, string(reason))
	}
	for _, head := range e.Heads {
		if len(head) != 32 {
			return wireEntry{}, fmt.Errorf("%w: a head has %d bytes instead of 32", ErrUnencodable, len(head))
		}
		wire.Heads = append(wire.Heads, head)
	}
	for i, line := range e.Lines {
		encoded, err := lineToWire(line)
		if err != nil {
			return wireEntry{}, fmt.Errorf("line %d: %w", i, err)
		}
		wire.Lines = append(wire.Lines, encoded)
	}
	return wire, nil
}

func fromWire(wire wireEntry) (terminal.Entry, error) {
	e := terminal.Entry{
		Merchant: wire.Merchant, Store: wire.Store, Terminal: wire.Terminal, Epoch: wire.Epoch, Seq: wire.Seq,
		Kind: terminal.EntryKind(wire.Kind), Bill: moneyFromWire(wire.Bill), Operator: wire.Operator, Approver: wire.Approver,
		Assurance: terminal.Assurance(wire.Assurance), Claim: wire.Claim, Lease: wire.Lease, Reason: terminal.Reason(wire.Reason),
		Note: wire.Note, Lower: fromInstant(wire.Lower, 0), Upper: fromInstant(wire.Upper, 0), Boot: wire.Boot,
		Cursor: wire.Cursor, KnownHead: wire.KnownHead, PolicyVersion: wire.PolicyVersion, Heads: wire.Heads,
	}
	var err error
	if e.Totals, err = totalsFromWire(wire.Totals); err != nil {
		return e, err
	}
	if wire.Receipt != 0 {
		e.Receipt = terminal.ReceiptNumber{Epoch: wire.Epoch, Number: wire.Receipt}
	}
	if wire.Offset < -maxOffset || wire.Offset > maxOffset {
		return e, fmt.Errorf("%w: %d minutes are no zone's offset", ErrMalformed, wire.Offset)
	}
	e.Wall = fromInstant(wire.Wall, wire.Offset)
	e.Monotonic = time.Duration(wire.Monotonic) * time.Microsecond
	if wire.BusinessDay != "" {
		day, err := terminal.ParseDate(wire.BusinessDay)
		if err != nil {
			return e, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		e.BusinessDay = day
	}
	for _, reason := range wire.Reasons {
		e.Reasons = append(e.Reasons, terminal.Reason(reason))
	}
	if err := exactly(e.UID[:], wire.UID, "uid"); err != nil {
		return e, err
	}
	if err := exactly(e.About[:], wire.About, "uid of another entry"); err != nil {
		return e, err
	}
	for i, line := range wire.Lines {
		decoded, err := lineFromWire(line)
		if err != nil {
			return e, fmt.Errorf("line %d: %w", i, err)
		}
		e.Lines = append(e.Lines, decoded)
	}
	return e, nil
}

// utf8Throughout reports that every text of e is UTF-8: what is not could be written and never read again.
func utf8Throughout(e terminal.Entry) bool {
	texts := []string{e.Merchant, e.Store, e.Terminal, e.Operator, e.Approver, string(e.Assurance), e.Claim, e.Lease,
		string(e.Reason), e.Note, e.Boot, e.Cursor, currency(e.Bill)}
	for _, reason := range e.Reasons {
		texts = append(texts, string(reason))
	}
	for _, l := range e.Lines {
		texts = append(texts, l.Campaign, string(l.Kind), l.Part, l.Masked,
			currency(l.Amount), currency(l.Discount), currency(l.Price), currency(l.Value))
		for _, reason := range l.Reasons {
			texts = append(texts, string(reason))
		}
	}
	texts = append(texts, totalsTexts(e.Totals)...)
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return false
		}
	}
	return true
}
