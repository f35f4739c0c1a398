// Package snapshot is the form of a first fill: all vouchers of a merchant in one immutable file, in the order of their lookups,
// compressed with Zstandard (RFC 8878). The cloud writes it once, every terminal of the merchant reads the same bytes.
//
// Inside the compression lies a header and then blocks, each with its length in front (4 bytes, big-endian), in deterministic CBOR.
// A block holds up to BlockRows vouchers column by column, and its binary columns byte by byte (all first bytes, then all second
// ones): sorted lookups and ids that were handed out in a row share their first bytes, which then cost nothing. What remains of a
// voucher on the wire is its lookup, which is random, and its place among the ids.
package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"countersign/terminal"
)

// Form is the version of the file's form. A reader refuses one that it does not know.
const Form = 1

// BlockRows is how many vouchers a block holds, but for the last.
const BlockRows = 4096

const (
	blockMost  = 64 << 20 // bytes of a block, before it is believed
	memoryMost = 16 << 20 // of a window that a file may ask for
)

// ErrForm says that a file is of a form which this program does not know, or none at all.
var ErrForm = errors.New("the first fill is of a form that this program does not know: update the program")

// header says what the file is.
type header struct {
	Form     int    `cbor:"1,keyasint"`
	Merchant string `cbor:"2,keyasint"`
}

// block is a stretch of vouchers by column; all columns have as many values as there are rows, but for rest.
type block struct {
	Rows      int      `cbor:"1,keyasint"`
	Lookups   []byte   `cbor:"2,keyasint"` // 16 bytes each, byte by byte
	IDs       []byte   `cbor:"3,keyasint"` // 8 bytes each, byte by byte
	Campaigns []string `cbor:"4,keyasint"` // those of this block
	Campaign  []byte   `cbor:"5,keyasint"` // their numbers: uvarints
	State     []byte   `cbor:"6,keyasint"` // of states
	Units     []byte   `cbor:"7,keyasint"` // varints
	Used      []byte   `cbor:"8,keyasint"` // varints
	Version   []byte   `cbor:"9,keyasint"` // varints
	Holder    []string `cbor:"10,keyasint,omitempty"`
	Customer  []string `cbor:"11,keyasint,omitempty"`
	Order     []string `cbor:"12,keyasint,omitempty"`
	RestAt    []byte   `cbor:"13,keyasint,omitempty"` // which rows have a rest: uvarints, each the distance from the one before
	Rest      [][]byte `cbor:"14,keyasint,omitempty"` // JSON of rest
}

// rest is what few vouchers have.
type rest struct {
	StateAt *time.Time           `json:"state_at,omitempty"`
	LastUse *terminal.LastUse    `json:"last_use,omitempty"`
	Price   *terminal.Money      `json:"price,omitempty"`
	Value   *terminal.Money      `json:"value,omitempty"`
	Slot    *terminal.Slot       `json:"slot,omitempty"`
	Lines   []terminal.OrderLine `json:"lines,omitempty"`
	Rules   *terminal.Rules      `json:"rules,omitempty"`
}

func (r rest) empty() bool {
	return r.StateAt == nil && r.LastUse == nil && r.Price == nil && r.Value == nil && r.Slot == nil && len(r.Lines) == 0 && r.Rules == nil
}

// states numbers the states of a voucher in the file. The order never changes.
var states = []terminal.VoucherState{terminal.VoucherActive, terminal.VoucherRefunded, terminal.VoucherRevoked, terminal.VoucherDisabled}

// Writer makes a file.
type Writer struct {
	into    *zstd.Encoder
	encode  cbor.EncMode
	waiting []terminal.Voucher
	last    terminal.Lookup
	rows    int64
}

// NewWriter begins the file of a merchant.
func NewWriter(into io.Writer, merchant string) (*Writer, error) {
	encode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	compressed, err := zstd.NewWriter(into, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	w := &Writer{into: compressed, encode: encode}
	return w, w.frame(header{Form: Form, Merchant: merchant})
}

// Add adds vouchers, whose lookups are above all before.
func (w *Writer) Add(vouchers ...terminal.Voucher) error {
	for _, v := range vouchers {
		if w.rows > 0 && string(v.Lookup[:]) <= string(w.last[:]) {
			return fmt.Errorf("voucher %s is not in the order of lookups", v.ID)
		}
		w.last = v.Lookup
		w.rows++
		if w.waiting = append(w.waiting, v); len(w.waiting) == BlockRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Rows is how many vouchers were added.
func (w *Writer) Rows() int64 { return w.rows }

// Close ends the file; it does not close what it was written into.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.into.Close()
}

// Abort gives the file up, and what it holds of memory.
func (w *Writer) Abort() { w.into.Close() }

func (w *Writer) flush() error {
	if len(w.waiting) == 0 {
		return nil
	}
	b, err := pack(w.waiting)
	if err != nil {
		return err
	}
	w.waiting = w.waiting[:0]
	return w.frame(b)
}

func (w *Writer) frame(value any) error {
	raw, err := w.encode.Marshal(value)
	if err != nil {
		return err
	}
	if _, err := w.into.Write(binary.BigEndian.AppendUint32(nil, uint32(len(raw)))); err != nil {
		return err
	}
	_, err = w.into.Write(raw)
	return err
}

// pack puts vouchers into columns.
func pack(vouchers []terminal.Voucher) (block, error) {
	n := len(vouchers)
	b := block{Rows: n, Lookups: make([]byte, 16*n), IDs: make([]byte, 8*n), State: make([]byte, n)}
	numbers, previous := map[string]int{}, 0
	for i := range vouchers {
		v := &vouchers[i]
		for k, c := range v.Lookup {
			b.Lookups[k*n+i] = c
		}
		for k := range 8 {
			b.IDs[k*n+i] = byte(v.ID >> (56 - 8*k))
		}
		number, known := numbers[v.Campaign]
		if !known {
			number = len(b.Campaigns)
			numbers[v.Campaign] = number
			b.Campaigns = append(b.Campaigns, v.Campaign)
		}
		b.Campaign = binary.AppendUvarint(b.Campaign, uint64(number))
		state := stateNumber(v.State)
		if state < 0 {
			return b, fmt.Errorf("voucher %s has the state %q, which no first fill can hold", v.ID, v.State)
		}
		b.State[i] = byte(state)
		b.Units = binary.AppendVarint(b.Units, v.Units)
		b.Used = binary.AppendVarint(b.Used, v.Used)
		b.Version = binary.AppendVarint(b.Version, v.Version)
		text(&b.Holder, v.Holder, i, n)
		text(&b.Customer, v.Customer, i, n)
		text(&b.Order, v.Order, i, n)
		if r := (rest{v.StateAt, v.LastUse, v.Price, v.Value, v.Slot, v.Lines, v.Rules}); !r.empty() {
			raw, err := json.Marshal(r)
			if err != nil {
				return b, fmt.Errorf("voucher %s: %w", v.ID, err)
			}
			b.RestAt = binary.AppendUvarint(b.RestAt, uint64(i-previous))
			b.Rest = append(b.Rest, raw)
			previous = i
		}
	}
	return b, nil
}

// text puts a value into a column that is left out where nobody has one.
func text(column *[]string, value string, at, rows int) {
	if value != "" && *column == nil {
		*column = make([]string, rows)
	}
	if *column != nil {
		(*column)[at] = value
	}
}

func stateNumber(state terminal.VoucherState) int {
	for i, s := range states {
		if s == state {
			return i
		}
	}
	return -1
}
