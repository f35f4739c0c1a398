package entry

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"countersign/terminal"
)

// What follows is the codec as it was first written, by a library for CBOR: what journals hold was made by it.

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

// encodeByLibrary returns the bytes of an entry, or ErrUnencodable. Times are cut to microseconds, the wall's offset to minutes.
func encodeByLibrary(e terminal.Entry) ([]byte, error) {
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

// decodeByLibrary reads what encodeByLibrary wrote and nothing else, or answers ErrMalformed. Wall comes back in a fixed zone of the store's offset,
// the other times in UTC.
func decodeByLibrary(raw []byte) (terminal.Entry, error) {
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
	again, err := encodeByLibrary(e)
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
		UID: wireID(e.UID), Receipt: e.Receipt.Number, Kind: uint8(e.Kind), About: wireID(e.About), Bill: moneyToWire(e.Bill),
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

func wireID(u terminal.UID) []byte {
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

type wireTotals struct {
	Number      uint64          `cbor:"1,keyasint,omitempty"`
	First       *wireReceipt    `cbor:"2,keyasint,omitempty"`
	Last        *wireReceipt    `cbor:"3,keyasint,omitempty"`
	Redemptions uint64          `cbor:"4,keyasint,omitempty"`
	Reversals   uint64          `cbor:"5,keyasint,omitempty"`
	Declines    uint64          `cbor:"6,keyasint,omitempty"`
	Late        uint64          `cbor:"7,keyasint,omitempty"`
	Assurances  []wireAssurance `cbor:"8,keyasint,omitempty"`
	Campaigns   []wireCampaign  `cbor:"9,keyasint,omitempty"`
}

type wireReceipt struct {
	_      struct{} `cbor:",toarray"`
	Epoch  uint32
	Number uint64
}

type wireAssurance struct {
	_           struct{} `cbor:",toarray"`
	Assurance   string
	Redemptions uint64
}

type wireCampaign struct {
	Campaign string     `cbor:"1,keyasint,omitempty"`
	Kind     string     `cbor:"2,keyasint,omitempty"`
	Redeemed *wireTally `cbor:"3,keyasint,omitempty"`
	Reversed *wireTally `cbor:"4,keyasint,omitempty"`
}

type wireTally struct {
	Lines    uint64     `cbor:"1,keyasint,omitempty"`
	Units    int64      `cbor:"2,keyasint,omitempty"`
	Price    *wireMoney `cbor:"3,keyasint,omitempty"`
	Value    *wireMoney `cbor:"4,keyasint,omitempty"`
	Amount   *wireMoney `cbor:"5,keyasint,omitempty"`
	Discount *wireMoney `cbor:"6,keyasint,omitempty"`
}

func totalsToWire(t *terminal.DayTotals) (*wireTotals, error) {
	if t == nil {
		return nil, nil
	}
	counts := []int64{t.Redemptions, t.Reversals, t.Declines, t.Late}
	wire := &wireTotals{
		Number: t.Number, First: receiptToWire(t.First), Last: receiptToWire(t.Last), Redemptions: uint64(t.Redemptions),
		Reversals: uint64(t.Reversals), Declines: uint64(t.Declines), Late: uint64(t.Late),
	}
	for _, a := range t.Assurances {
		counts = append(counts, a.Redemptions)
		wire.Assurances = append(wire.Assurances, wireAssurance{Assurance: string(a.Assurance), Redemptions: uint64(a.Redemptions)})
	}
	for _, c := range t.Campaigns {
		counts = append(counts, c.Redeemed.Lines, c.Reversed.Lines)
		wire.Campaigns = append(wire.Campaigns, wireCampaign{Campaign: c.Campaign, Kind: string(c.Kind),
			Redeemed: tallyToWire(c.Redeemed), Reversed: tallyToWire(c.Reversed)})
	}
	for _, count := range counts {
		if count < 0 {
			return nil, fmt.Errorf("%w: a day's totals count %d", ErrUnencodable, count)
		}
	}
	return wire, nil
}

func totalsFromWire(wire *wireTotals) (*terminal.DayTotals, error) {
	if wire == nil {
		return nil, nil
	}
	t := &terminal.DayTotals{
		Number: wire.Number, First: receiptFromWire(wire.First), Last: receiptFromWire(wire.Last), Redemptions: int64(wire.Redemptions),
		Reversals: int64(wire.Reversals), Declines: int64(wire.Declines), Late: int64(wire.Late),
	}
	for _, a := range wire.Assurances {
		t.Assurances = append(t.Assurances, terminal.AssuranceTotal{Assurance: terminal.Assurance(a.Assurance), Redemptions: int64(a.Redemptions)})
	}
	for _, c := range wire.Campaigns {
		t.Campaigns = append(t.Campaigns, terminal.CampaignTotal{Campaign: c.Campaign, Kind: terminal.Kind(c.Kind),
			Redeemed: tallyFromWire(c.Redeemed), Reversed: tallyFromWire(c.Reversed)})
	}
	// A count above the largest int64 came out negative: it cannot be written again.
	if _, err := totalsToWire(t); err != nil {
		return nil, fmt.Errorf("%w: a day's totals count more than there can be", ErrMalformed)
	}
	return t, nil
}

func receiptToWire(r terminal.ReceiptNumber) *wireReceipt {
	if r == (terminal.ReceiptNumber{}) {
		return nil
	}
	return &wireReceipt{Epoch: r.Epoch, Number: r.Number}
}

func receiptFromWire(wire *wireReceipt) terminal.ReceiptNumber {
	if wire == nil {
		return terminal.ReceiptNumber{}
	}
	return terminal.ReceiptNumber{Epoch: wire.Epoch, Number: wire.Number}
}

func tallyToWire(t terminal.Tally) *wireTally {
	if t == (terminal.Tally{}) {
		return nil
	}
	return &wireTally{Lines: uint64(t.Lines), Units: t.Units, Price: moneyToWire(t.Price), Value: moneyToWire(t.Value),
		Amount: moneyToWire(t.Amount), Discount: moneyToWire(t.Discount)}
}

func tallyFromWire(wire *wireTally) terminal.Tally {
	if wire == nil {
		return terminal.Tally{}
	}
	return terminal.Tally{Lines: int64(wire.Lines), Units: wire.Units, Price: moneyFromWire(wire.Price), Value: moneyFromWire(wire.Value),
		Amount: moneyFromWire(wire.Amount), Discount: moneyFromWire(wire.Discount)}
}

// totalsTexts lists every text in a day's totals.
func totalsTexts(t *terminal.DayTotals) []string {
	if t == nil {
		return nil
	}
	var texts []string
	for _, a := range t.Assurances {
		texts = append(texts, string(a.Assurance))
	}
	for _, c := range t.Campaigns {
		texts = append(texts, c.Campaign, string(c.Kind))
		for _, tally := range []terminal.Tally{c.Redeemed, c.Reversed} {
			texts = append(texts, currency(tally.Price), currency(tally.Value), currency(tally.Amount), currency(tally.Discount))
		}
	}
	return texts
}
