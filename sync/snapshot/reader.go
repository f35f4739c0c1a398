package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"countersign/terminal"
)

// Reader reads a file block by block: its memory does not grow with the file.
type Reader struct {
	from *zstd.Decoder
	raw  []byte
}

// NewReader opens the file of a merchant.
func NewReader(from io.Reader, merchant string) (*Reader, error) {
	plain, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(memoryMost), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	r := &Reader{from: plain}
	var h header
	if err := r.frame(&h); err != nil {
		plain.Close()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if h.Form != Form {
		plain.Close()
		return nil, ErrForm
	}
	if h.Merchant != merchant {
		plain.Close()
		return nil, fmt.Errorf("the first fill is of merchant %q and not of %q", h.Merchant, merchant)
	}
	return r, nil
}

// Next returns the next vouchers in the order of their lookups, or io.EOF. They are valid until the next call.
func (r *Reader) Next() ([]terminal.Voucher, error) {
	var b block
	if err := r.frame(&b); err != nil {
		return nil, err
	}
	return b.unpack()
}

// Close frees the reader's memory; it does not close what it read from.
func (r *Reader) Close() { r.from.Close() }

// frame reads one frame, or io.EOF at the end of the file.
func (r *Reader) frame(into any) error {
	var length [4]byte
	if _, err := io.ReadFull(r.from, length[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > blockMost {
		return errBroken
	}
	if uint32(cap(r.raw)) < size {
		r.raw = make([]byte, size)
	}
	r.raw = r.raw[:size]
	if _, err := io.ReadFull(r.from, r.raw); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return cbor.Unmarshal(r.raw, into)
}

var errBroken = errors.New("the first fill is not as it should be")

// unpack makes vouchers of columns.
func (b *block) unpack() ([]terminal.Voucher, error) {
	n := b.Rows
	if n < 1 || n > BlockRows || len(b.Lookups) != 16*n || len(b.IDs) != 8*n || len(b.State) != n || len(b.Rest) > n {
		return nil, errBroken
	}
	for _, column := range [][]string{b.Holder, b.Customer, b.Order} {
		if len(column) != 0 && len(column) != n {
			return nil, errBroken
		}
	}
	vouchers := make([]terminal.Voucher, n)
	campaign, units, used, version := numbers{b.Campaign}, numbers{b.Units}, numbers{b.Used}, numbers{b.Version}
	for i := range vouchers {
		v := &vouchers[i]
		for k := range v.Lookup {
			v.Lookup[k] = b.Lookups[k*n+i]
		}
		for k := range 8 {
			v.ID = v.ID<<8 | terminal.VoucherID(b.IDs[k*n+i])
		}
		number, ok := campaign.unsigned()
		if !ok || number >= uint64(len(b.Campaigns)) || int(b.State[i]) >= len(states) {
			return nil, errBroken
		}
		v.Campaign, v.State = b.Campaigns[number], states[b.State[i]]
		var u, d, e bool
		v.Units, u = units.signed()
		v.Used, d = used.signed()
		v.Version, e = version.signed()
		if !u || !d || !e {
			return nil, errBroken
		}
		v.Holder, v.Customer, v.Order = at(b.Holder, i), at(b.Customer, i), at(b.Order, i)
	}
	return vouchers, b.unpackRest(vouchers)
}

func (b *block) unpackRest(vouchers []terminal.Voucher) error {
	places, row := numbers{b.RestAt}, uint64(0)
	for _, raw := range b.Rest {
		step, ok := places.unsigned()
		if row += step; !ok || step > uint64(len(vouchers)) || row >= uint64(len(vouchers)) {
			return errBroken
		}
		var r rest
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		v := &vouchers[row]
		v.StateAt, v.LastUse, v.Price, v.Value, v.Slot, v.Lines, v.Rules = r.StateAt, r.LastUse, r.Price, r.Value, r.Slot, r.Lines, r.Rules
	}
	return nil
}

func at(column []string, i int) string {
	if len(column) == 0 {
		return ""
	}
	return column[i]
}

// numbers is a column of varints.
type numbers struct{ rest []byte }

func (c *numbers) unsigned() (uint64, bool) {
	value, size := binary.Uvarint(c.rest)
	if size <= 0 {
		return 0, false
	}
	c.rest = c.rest[size:]
	return value, true
}

func (c *numbers) signed() (int64, bool) {
	value, size := binary.Varint(c.rest)
	if size <= 0 {
		return 0, false
	}
	c.rest = c.rest[size:]
	return value, true
}
