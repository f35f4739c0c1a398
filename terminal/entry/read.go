package entry

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"countersign/terminal"
)

// reader reads an entry by hand. It takes more than is allowed: numbers that are longer than they need be, keys in any order. Decode writes
// again what was read, and refuses what comes out otherwise.
type reader struct {
	rest []byte
	bad  error // the first thing that is no entry's; nothing is read after it
}

func (r *reader) refuse(format string, args ...any) {
	if r.bad == nil {
		r.bad = fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
	}
	r.rest = nil
}

// head reads a major type and its number.
func (r *reader) head() (major byte, n uint64) {
	if len(r.rest) == 0 {
		r.refuse("it ends too early")
		return 0, 0
	}
	first := r.rest[0]
	major, n, r.rest = first&0xe0, uint64(first&0x1f), r.rest[1:]
	if n < 24 {
		return major, n
	}
	if n > 27 {
		r.refuse("a length is not definite")
		return 0, 0
	}
	size := 1 << (n - 24)
	if len(r.rest) < size {
		r.refuse("it ends too early")
		return 0, 0
	}
	n = 0
	for _, b := range r.rest[:size] {
		n = n<<8 | uint64(b)
	}
	r.rest = r.rest[size:]
	return major, n
}

// of reads the number of a major type.
func (r *reader) of(major byte) uint64 {
	found, n := r.head()
	if found != major {
		r.refuse("something in it has another type than it must")
		return 0
	}
	return n
}

func (r *reader) number() uint64 { return r.of(unsigned) }

// numberUpTo reads a number that has fewer than 64 bits.
func (r *reader) numberUpTo(most uint64) uint64 {
	n := r.number()
	if n > most {
		r.refuse("a number is too large")
		return 0
	}
	return n
}

func (r *reader) integer() int64 {
	major, n := r.head()
	if major > negative || n > math.MaxInt64 {
		r.refuse("something in it is no integer of 64 bits")
		return 0
	}
	if major == negative {
		return -1 - int64(n)
	}
	return int64(n)
}

// stretch reads a text or bytes. They are the entry's own: who keeps them copies them.
func (r *reader) stretch(major byte) []byte {
	n := r.of(major)
	if n > uint64(len(r.rest)) {
		r.refuse("it ends too early")
		return nil
	}
	found := r.rest[:n]
	r.rest = r.rest[n:]
	return found
}

func (r *reader) text() string { return string(r.stretch(text)) }

// exactly fills into with bytes.
func (r *reader) exactly(into []byte, name string) {
	found := r.stretch(blob)
	if r.bad == nil && len(found) != len(into) {
		r.refuse("its %s has %d bytes instead of %d", name, len(found), len(into))
	}
	copy(into, found)
}

// each reads the items of a list. Each of them takes a byte at least: nothing is made for more than there are.
func (r *reader) each(item func()) {
	for n := r.of(list); n > 0 && r.bad == nil; n-- {
		item()
	}
}

// pair reads the head of a list of two.
func (r *reader) pair() {
	if r.of(list) != 2 {
		r.refuse("something in it has not two parts")
	}
}

// table reads a map.
func (r *reader) table(field func(key uint64)) {
	for n := r.of(table); n > 0 && r.bad == nil; n-- {
		field(r.number())
	}
}

func (r *reader) money() *terminal.Money {
	r.pair()
	minor := r.integer()
	return &terminal.Money{Minor: minor, Currency: r.text()}
}

func (r *reader) instant() time.Time { return time.UnixMicro(r.integer()).UTC() }

func (r *reader) reasons() (all []terminal.Reason) {
	r.each(func() { all = append(all, terminal.Reason(r.text())) })
	return all
}

func (r *reader) entry(e *terminal.Entry) {
	var version uint64
	var offset int64
	r.table(func(key uint64) {
		switch key {
		case 0:
			if version = r.number(); r.bad == nil && version != Version {
				r.bad = fmt.Errorf("%w of a known version: it is version %d", ErrMalformed, version)
			}
		case 1:
			e.Merchant = r.text()
		case 2:
			e.Store = r.text()
		case 3:
			e.Terminal = r.text()
		case 4:
			e.Epoch = uint32(r.numberUpTo(math.MaxUint32))
		case 5:
			e.Seq = r.number()
		case 6:
			r.exactly(e.UID[:], "uid")
		case 7:
			e.Receipt.Number = r.number()
		case 8:
			e.Kind = terminal.EntryKind(r.numberUpTo(math.MaxUint8))
		case 9:
			r.each(func() { e.Lines = append(e.Lines, r.line(len(e.Lines))) })
		case 20:
			e.Wall = r.instant()
		case 21:
			offset = r.integer()
		default:
			r.further(key, e)
		}
	})
	if e.Receipt.Number != 0 {
		e.Receipt.Epoch = e.Epoch
	}
	if offset < -maxOffset || offset > maxOffset {
		r.refuse("%d minutes are no zone's offset", offset)
	} else if offset != 0 && !e.Wall.IsZero() {
		e.Wall = e.Wall.In(time.FixedZone("", int(offset)*60))
	}
}

// further reads what comes after the lines, but for the wall clock and its offset.
func (r *reader) further(key uint64, e *terminal.Entry) {
	switch key {
	case 10:
		r.exactly(e.About[:], "uid of another entry")
	case 11:
		e.Bill = r.money()
	case 12:
		e.Operator = r.text()
	case 13:
		e.Approver = r.text()
	case 14:
		e.Assurance = terminal.Assurance(r.text())
	case 15:
		e.Claim = r.text()
	case 16:
		e.Lease = r.text()
	case 17:
		e.Reason = terminal.Reason(r.text())
	case 18:
		e.Reasons = r.reasons()
	case 19:
		e.Note = r.text()
	case 22:
		e.Lower = r.instant()
	case 23:
		e.Upper = r.instant()
	case 24:
		e.Boot = r.text()
	case 25:
		e.Monotonic = time.Duration(r.integer()) * time.Microsecond
	case 26:
		day, err := terminal.ParseDate(string(r.stretch(text)))
		if err != nil {
			r.refuse("%w", err)
		}
		e.BusinessDay = day
	case 27:
		e.Cursor = r.text()
	case 28:
		e.KnownHead = r.number()
	case 29:
		e.PolicyVersion = r.integer()
	case 30:
		r.each(func() { e.Heads = append(e.Heads, append([]byte(nil), r.stretch(blob)...)) })
	case 31:
		e.Totals = r.totals()
	default:
		r.refuse("it has an unknown key %d", key)
	}
}

func (r *reader) line(i int) (l terminal.EntryLine) {
	r.table(func(key uint64) {
		switch key {
		case 1:
			var voucher [8]byte
			r.exactly(voucher[:], "voucher id")
			l.Voucher = terminal.VoucherID(binary.BigEndian.Uint64(voucher[:]))
		case 2:
			l.Campaign = r.text()
		case 3:
			l.Kind = terminal.Kind(r.text())
		case 4:
			l.Part = r.text()
		case 5:
			l.Units = r.integer()
		case 6:
			l.Amount = r.money()
		case 7:
			l.Discount = r.money()
		case 8:
			l.Price = r.money()
		case 9:
			l.Value = r.money()
		case 10:
			l.Left = r.integer()
		case 11:
			l.Proof = make([]byte, 32)
			r.exactly(l.Proof, "proof")
		case 12:
			l.Lookup = new(terminal.Lookup)
			r.exactly(l.Lookup[:], "lookup")
		case 13:
			l.Masked = r.text()
		case 14:
			l.Original = int(r.numberUpTo(math.MaxInt32))
		case 15:
			l.Reasons = r.reasons()
		default:
			r.refuse("line %d has an unknown key %d", i, key)
		}
	})
	return l
}

// count reads a number of things.
func (r *reader) count() int64 { return int64(r.numberUpTo(math.MaxInt64)) }

func (r *reader) receipt() (n terminal.ReceiptNumber) {
	r.pair()
	n.Epoch = uint32(r.numberUpTo(math.MaxUint32))
	n.Number = r.number()
	return n
}

func (r *reader) totals() *terminal.DayTotals {
	t := &terminal.DayTotals{}
	r.table(func(key uint64) {
		switch key {
		case 1:
			t.Number = r.number()
		case 2:
			t.First = r.receipt()
		case 3:
			t.Last = r.receipt()
		case 4:
			t.Redemptions = r.count()
		case 5:
			t.Reversals = r.count()
		case 6:
			t.Declines = r.count()
		case 7:
			t.Late = r.count()
		case 8:
			r.each(func() {
				r.pair()
				assurance := terminal.Assurance(r.text())
				t.Assurances = append(t.Assurances, terminal.AssuranceTotal{Assurance: assurance, Redemptions: r.count()})
			})
		case 9:
			r.each(func() { t.Campaigns = append(t.Campaigns, r.campaign()) })
		default:
			r.refuse("its totals have an unknown key %d", key)
		}
	})
	return t
}

func (r *reader) campaign() (c terminal.CampaignTotal) {
	r.table(func(key uint64) {
		switch key {
		case 1:
			c.Campaign = r.text()
		case 2:
			c.Kind = terminal.Kind(r.text())
		case 3:
			c.Redeemed = r.tally()
		case 4:
			c.Reversed = r.tally()
		default:
			r.refuse("its totals of a campaign have an unknown key %d", key)
		}
	})
	return c
}

func (r *reader) tally() (t terminal.Tally) {
	r.table(func(key uint64) {
		switch key {
		case 1:
			t.Lines = r.count()
		case 2:
			t.Units = r.integer()
		case 3:
			t.Price = r.money()
		case 4:
			t.Value = r.money()
		case 5:
			t.Amount = r.money()
		case 6:
			t.Discount = r.money()
		default:
			r.refuse("a sum of its totals has an unknown key %d", key)
		}
	})
	return t
}
