package entry

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"countersign/terminal"
)

// maxOffset is the largest offset that RFC 3339 can write, in minutes.
const maxOffset = 24*60 - 1

func lineToWire(l terminal.EntryLine) (wireLine, error) {
	if len(l.Proof) != 0 && len(l.Proof) != 32 {
		return wireLine{}, fmt.Errorf("%w: a proof has %d bytes instead of 32", ErrUnencodable, len(l.Proof))
	}
	if l.Original < 0 {
		return wireLine{}, fmt.Errorf("%w: lines are counted from 0", ErrUnencodable)
	}
	wire := wireLine{
		Campaign: l.Campaign, Kind: string(l.Kind), Part: l.Part, Units: l.Units, Amount: moneyToWire(l.Amount),
		Discount: moneyToWire(l.Discount), Price: moneyToWire(l.Price), Value: moneyToWire(l.Value), Left: l.Left,
		Proof: l.Proof, Masked: l.Masked, Original: uint64(l.Original),
	}
	for _, reason := range l.Reasons {
		wire.Reasons = append(wire.Reasons, string(reason))
	}
	if l.Voucher != 0 {
		wire.Voucher = binary.BigEndian.AppendUint64(nil, uint64(l.Voucher))
	}
	if l.Lookup != nil {
		wire.Lookup = append([]byte(nil), l.Lookup[:]...)
	}
	return wire, nil
}

func lineFromWire(wire wireLine) (terminal.EntryLine, error) {
	l := terminal.EntryLine{
		Campaign: wire.Campaign, Kind: terminal.Kind(wire.Kind), Part: wire.Part, Units: wire.Units,
		Amount: moneyFromWire(wire.Amount), Discount: moneyFromWire(wire.Discount), Price: moneyFromWire(wire.Price),
		Value: moneyFromWire(wire.Value), Left: wire.Left, Masked: wire.Masked,
	}
	if wire.Original > math.MaxInt32 {
		return l, fmt.Errorf("%w: no entry has a line %d", ErrMalformed, wire.Original)
	}
	l.Original = int(wire.Original)
	for _, reason := range wire.Reasons {
		l.Reasons = append(l.Reasons, terminal.Reason(reason))
	}
	var voucher [8]byte
	if err := exactly(voucher[:], wire.Voucher, "voucher id"); err != nil {
		return l, err
	}
	l.Voucher = terminal.VoucherID(binary.BigEndian.Uint64(voucher[:]))
	if len(wire.Proof) != 0 {
		l.Proof = make([]byte, 32)
		if err := exactly(l.Proof, wire.Proof, "proof"); err != nil {
			return l, err
		}
	}
	if len(wire.Lookup) != 0 {
		l.Lookup = new(terminal.Lookup)
		if err := exactly(l.Lookup[:], wire.Lookup, "lookup"); err != nil {
			return l, err
		}
	}
	return l, nil
}

// exactly copies from into into, which it must fill, or be left out altogether.
func exactly(into, from []byte, name string) error {
	if len(from) != 0 && len(from) != len(into) {
		return fmt.Errorf("%w: its %s has %d bytes instead of %d", ErrMalformed, name, len(from), len(into))
	}
	copy(into, from)
	return nil
}

func idBytes(u terminal.UID) []byte {
	if u.IsZero() {
		return nil
	}
	return append([]byte(nil), u[:]...)
}

func moneyToWire(m *terminal.Money) *wireMoney {
	if m == nil {
		return nil
	}
	return &wireMoney{Minor: m.Minor, Currency: m.Currency}
}

func moneyFromWire(m *wireMoney) *terminal.Money {
	if m == nil {
		return nil
	}
	return &terminal.Money{Minor: m.Minor, Currency: m.Currency}
}

func currency(m *terminal.Money) string {
	if m == nil {
		return ""
	}
	return m.Currency
}

// instant is t in microseconds since 1970, or nil for the zero time: 1970 itself is a time like any other.
func instant(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	micros := t.UnixMicro()
	return &micros
}

func fromInstant(micros *int64, offsetMinutes int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	t := time.UnixMicro(*micros).UTC()
	if offsetMinutes != 0 {
		t = t.In(time.FixedZone("", int(offsetMinutes)*60))
	}
	return t
}
