package entry

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"countersign/terminal"
)

// The major types of CBOR that an entry is made of (RFC 8949, section 3.1).
const (
	unsigned byte = iota << 5
	negative
	blob
	text
	list
	table
)

// maxOffset is the largest offset that RFC 3339 can write, in minutes.
const maxOffset = 24*60 - 1

// writer writes an entry by hand: a general encoder that finds its way by reflection took ten times as long, twice in each redemption and
// once more for each entry that is verified.
type writer struct {
	out []byte
	bad error // the first thing that there is no place for
}

func (w *writer) refuse(format string, args ...any) {
	if w.bad == nil {
		w.bad = fmt.Errorf("%w: "+format, append([]any{ErrUnencodable}, args...)...)
	}
}

// head writes a major type and its number in the shortest form.
func (w *writer) head(major byte, n uint64) {
	switch {
	case n < 24:
		w.out = append(w.out, major|byte(n))
	case n <= math.MaxUint8:
		w.out = append(w.out, major|24, byte(n))
	case n <= math.MaxUint16:
		w.out = binary.BigEndian.AppendUint16(append(w.out, major|25), uint16(n))
	case n <= math.MaxUint32:
		w.out = binary.BigEndian.AppendUint32(append(w.out, major|26), uint32(n))
	default:
		w.out = binary.BigEndian.AppendUint64(append(w.out, major|27), n)
	}
}

func (w *writer) integer(n int64) {
	if n < 0 {
		w.head(negative, uint64(-1-n))
		return
	}
	w.head(unsigned, uint64(n))
}

func (w *writer) text(s string) {
	if !utf8.ValidString(s) { // it could be written and never read again
		w.refuse("one of its texts is not UTF-8")
	}
	w.head(text, uint64(len(s)))
	w.out = append(w.out, s...)
}

func (w *writer) blob(b []byte) {
	w.head(blob, uint64(len(b)))
	w.out = append(w.out, b...)
}

func (w *writer) money(m terminal.Money) {
	w.head(list, 2)
	w.integer(m.Minor)
	w.text(m.Currency)
}

// fields is a map on the way. Keys come in rising order, and only for what is not empty.
type fields struct {
	*writer
	at    int    // of its head in out
	count uint64 // of its keys
}

// table begins a map of fewer than 24 keys, whose head is one byte; wide ones take two, of which end takes one away where it is not needed.
func (w *writer) table() fields {
	f := fields{writer: w, at: len(w.out)}
	w.out = append(w.out, 0)
	return f
}

func (f *fields) end() { f.out[f.at] = table | byte(f.count) }

func (f *fields) key(key uint64) {
	f.count++
	f.head(unsigned, key)
}

func (f *fields) textAt(key uint64, s string) {
	if s != "" {
		f.key(key)
		f.text(s)
	}
}

func (f *fields) numberAt(key, n uint64) {
	if n != 0 {
		f.key(key)
		f.head(unsigned, n)
	}
}

func (f *fields) integerAt(key uint64, n int64) {
	if n != 0 {
		f.key(key)
		f.integer(n)
	}
}

func (f *fields) blobAt(key uint64, b []byte) {
	if len(b) != 0 {
		f.key(key)
		f.blob(b)
	}
}

func (f *fields) moneyAt(key uint64, m *terminal.Money) {
	if m != nil {
		f.key(key)
		f.money(*m)
	}
}

// instantAt writes microseconds since 1970, and nothing for the zero time: 1970 itself is a time like any other.
func (f *fields) instantAt(key uint64, t time.Time) {
	if !t.IsZero() {
		f.key(key)
		f.integer(t.UnixMicro())
	}
}

func (f *fields) reasonsAt(key uint64, reasons []terminal.Reason) {
	if len(reasons) == 0 {
		return
	}
	f.key(key)
	f.head(list, uint64(len(reasons)))
	for _, reason := range reasons {
		f.text(string(reason))
	}
}

func idBytes(u *terminal.UID) []byte {
	if u.IsZero() {
		return nil
	}
	return u[:]
}

func (w *writer) entry(e *terminal.Entry) {
	switch {
	case e.Seq == 0 || e.Epoch == 0 || e.Kind == 0:
		w.refuse("sequence number, epoch and kind are needed")
	case e.Receipt.Number != 0 && e.Receipt.Epoch != e.Epoch:
		w.refuse("its receipt number is of another epoch")
	case e.Receipt.Number == 0 && e.Receipt.Epoch != 0:
		w.refuse("its receipt number has an epoch and no number")
	}
	w.out = append(w.out, 0) // for a head of two bytes, of which few entries need the second
	f := w.table()
	f.key(0)
	f.head(unsigned, Version)
	f.textAt(1, e.Merchant)
	f.textAt(2, e.Store)
	f.textAt(3, e.Terminal)
	f.numberAt(4, uint64(e.Epoch))
	f.key(5)
	f.head(unsigned, e.Seq)
	f.blobAt(6, idBytes(&e.UID))
	f.numberAt(7, e.Receipt.Number)
	f.numberAt(8, uint64(e.Kind))
	f.lines(e.Lines)
	f.blobAt(10, idBytes(&e.About))
	f.moneyAt(11, e.Bill)
	f.textAt(12, e.Operator)
	f.textAt(13, e.Approver)
	f.textAt(14, string(e.Assurance))
	f.textAt(15, e.Claim)
	f.textAt(16, e.Lease)
	f.textAt(17, string(e.Reason))
	f.reasonsAt(18, e.Reasons)
	f.textAt(19, e.Note)
	f.instantAt(20, e.Wall)
	if !e.Wall.IsZero() {
		_, seconds := e.Wall.Zone()
		f.integerAt(21, int64(seconds/60))
	}
	f.instantAt(22, e.Lower)
	f.instantAt(23, e.Upper)
	f.textAt(24, e.Boot)
	f.integerAt(25, e.Monotonic.Microseconds())
	if e.BusinessDay != (terminal.Date{}) {
		f.textAt(26, e.BusinessDay.String())
	}
	f.textAt(27, e.Cursor)
	f.numberAt(28, e.KnownHead)
	f.integerAt(29, e.PolicyVersion)
	f.heads(e.Heads)
	if e.Totals != nil {
		f.key(31)
		w.totals(e.Totals)
	}
	if f.count < 24 {
		f.end()
		w.out = append(w.out[:f.at-1], w.out[f.at:]...)
		return
	}
	w.out[f.at-1], w.out[f.at] = table|24, byte(f.count)
}

func (f *fields) heads(heads [][]byte) {
	if len(heads) == 0 {
		return
	}
	f.key(30)
	f.head(list, uint64(len(heads)))
	for _, head := range heads {
		if len(head) != 32 {
			f.refuse("a head has %d bytes instead of 32", len(head))
		}
		f.blob(head)
	}
}

func (f *fields) lines(lines []terminal.EntryLine) {
	if len(lines) == 0 {
		return
	}
	f.key(9)
	f.head(list, uint64(len(lines)))
	for i := range lines {
		f.line(i, &lines[i])
	}
}

func (w *writer) line(i int, l *terminal.EntryLine) {
	if len(l.Proof) != 0 && len(l.Proof) != 32 {
		w.refuse("line %d: a proof has %d bytes instead of 32", i, len(l.Proof))
	}
	if l.Original < 0 {
		w.refuse("line %d: lines are counted from 0", i)
	}
	f := w.table()
	if l.Voucher != 0 {
		f.key(1)
		f.blob(binary.BigEndian.AppendUint64(make([]byte, 0, 8), uint64(l.Voucher)))
	}
	f.textAt(2, l.Campaign)
	f.textAt(3, string(l.Kind))
	f.textAt(4, l.Part)
	f.integerAt(5, l.Units)
	f.moneyAt(6, l.Amount)
	f.moneyAt(7, l.Discount)
	f.moneyAt(8, l.Price)
	f.moneyAt(9, l.Value)
	f.integerAt(10, l.Left)
	f.blobAt(11, l.Proof)
	if l.Lookup != nil {
		f.blobAt(12, l.Lookup[:])
	}
	f.textAt(13, l.Masked)
	f.numberAt(14, uint64(l.Original))
	f.reasonsAt(15, l.Reasons)
	f.end()
}

// countAt writes a number of things.
func (f *fields) countAt(key uint64, n int64) {
	if n < 0 {
		f.refuse("a day's totals count %d", n)
	}
	f.numberAt(key, uint64(n))
}

func (w *writer) totals(t *terminal.DayTotals) {
	f := w.table()
	f.numberAt(1, t.Number)
	for i, receipt := range []terminal.ReceiptNumber{t.First, t.Last} {
		if receipt != (terminal.ReceiptNumber{}) {
			f.key(2 + uint64(i))
			f.head(list, 2)
			f.head(unsigned, uint64(receipt.Epoch))
			f.head(unsigned, receipt.Number)
		}
	}
	f.countAt(4, t.Redemptions)
	f.countAt(5, t.Reversals)
	f.countAt(6, t.Declines)
	f.countAt(7, t.Late)
	if len(t.Assurances) > 0 {
		f.key(8)
		f.head(list, uint64(len(t.Assurances)))
	}
	for _, a := range t.Assurances {
		if a.Redemptions < 0 {
			f.refuse("a day's totals count %d", a.Redemptions)
		}
		f.head(list, 2)
		f.text(string(a.Assurance))
		f.head(unsigned, uint64(a.Redemptions))
	}
	if len(t.Campaigns) > 0 {
		f.key(9)
		f.head(list, uint64(len(t.Campaigns)))
	}
	for _, c := range t.Campaigns {
		campaign := w.table()
		campaign.textAt(1, c.Campaign)
		campaign.textAt(2, string(c.Kind))
		campaign.tallyAt(3, c.Redeemed)
		campaign.tallyAt(4, c.Reversed)
		campaign.end()
	}
	f.end()
}

func (f *fields) tallyAt(key uint64, t terminal.Tally) {
	if t == (terminal.Tally{}) {
		return
	}
	f.key(key)
	tally := f.table()
	tally.countAt(1, t.Lines)
	tally.integerAt(2, t.Units)
	tally.moneyAt(3, t.Price)
	tally.moneyAt(4, t.Value)
	tally.moneyAt(5, t.Amount)
	tally.moneyAt(6, t.Discount)
	tally.end()
}
