package entry

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countersign/terminal"
)

var update = flag.Bool("update", false, "write the golden vectors anew; only ever right before they have landed")

// vector is one entry of testdata/vectors.json.
type vector struct {
	Name      string `json:"name"`
	Bytes     string `json:"bytes"` // hexadecimal, like all others
	Prev      string `json:"prev"`
	Hash      string `json:"hash"`
	Signature string `json:"signature"`
}

// hostile is bytes that no decoder may take.
type hostile struct {
	Name  string `json:"name"`
	Bytes string `json:"bytes"`
}

type vectors struct {
	Seed    string    `json:"seed"` // of the signing key, RFC 8032
	Public  string    `json:"public"`
	Genesis string    `json:"genesis"`
	Chain   []vector  `json:"chain"`
	Refused []hostile `json:"refused"`
}

var testKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))

func public() ed25519.PublicKey { return testKey.Public().(ed25519.PublicKey) }

func money(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

func uid(n byte) terminal.UID { return terminal.UID{0: 0xa5, 15: n} }

var berlin = time.FixedZone("", 3600)

// samples are entries of every kind, with every field somewhere.
func samples() []terminal.Entry {
	wall := time.Date(2026, 12, 24, 11, 59, 58, 123456000, berlin)
	at := func(seq uint64, kind terminal.EntryKind) terminal.Entry {
		return terminal.Entry{Merchant: "m1", Store: "s1", Terminal: "counter-1", Epoch: 1, Seq: seq, UID: uid(byte(seq)), Kind: kind,
			Operator: "li", Wall: wall, Lower: wall.UTC(), Upper: wall.Add(time.Second).UTC(), Boot: "b0", Monotonic: 90 * time.Second,
			BusinessDay: terminal.Date{Year: 2026, Month: 12, Day: 24}, Cursor: "g1:42", KnownHead: seq - 1, PolicyVersion: 3}
	}
	redeem := at(1, terminal.EntryRedeem)
	redeem.Receipt = terminal.ReceiptNumber{Epoch: 1, Number: 1}
	redeem.Assurance, redeem.Claim, redeem.Lease, redeem.Bill, redeem.Approver = terminal.Confirmed, "c-1", "l-1", money(8000), "mia"
	redeem.Lines = []terminal.EntryLine{
		{Voucher: 0x0102030405060708, Campaign: "lunch", Kind: terminal.KindPass, Units: 2, Price: money(1800), Value: money(2400), Left: 8,
			Proof: bytes.Repeat([]byte{9}, 32), Lookup: &terminal.Lookup{1, 2, 3}, Masked: "2H-Q"},
		{Voucher: 0xfffffffffffffffe, Campaign: "送货", Kind: terminal.KindDiscount, Part: "a", Units: 1, Amount: money(0), Discount: money(-500)},
	}
	reverse := at(2, terminal.EntryReverse)
	reverse.Receipt, reverse.About, reverse.Note = terminal.ReceiptNumber{Epoch: 1, Number: 2}, redeem.UID, "wrong table – sorry"
	reverse.Lines = []terminal.EntryLine{{Voucher: 0xfffffffffffffffe, Campaign: "送货", Kind: terminal.KindDiscount, Part: "a", Units: 1, Original: 1}}
	decline := at(3, terminal.EntryDecline)
	decline.Reason, decline.Reasons = terminal.Expired, []terminal.Reason{terminal.Expired, terminal.WrongStore}
	decline.Lines = []terminal.EntryLine{{Lookup: &terminal.Lookup{15: 1}, Masked: "7T"}}
	clock := at(8, terminal.EntryClock)
	clock.Wall = time.UnixMicro(0).UTC() // 1970 is a time like any other
	epoch := at(9, terminal.EntryEpoch)
	epoch.Epoch, epoch.Heads = 2, [][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)}
	dayClose := at(7, terminal.EntryDayClose)
	dayClose.Receipt = terminal.ReceiptNumber{Epoch: 1, Number: 3}
	dayClose.Totals = &terminal.DayTotals{Number: 12, First: redeem.Receipt, Last: reverse.Receipt, Redemptions: 1, Reversals: 1, Declines: 1,
		Late: 2, Assurances: []terminal.AssuranceTotal{{Assurance: terminal.Confirmed, Redemptions: 1}, {Assurance: terminal.Offline, Redemptions: 3}},
		Campaigns: []terminal.CampaignTotal{
			{Campaign: "lunch", Kind: terminal.KindPass, Redeemed: terminal.Tally{Lines: 1, Units: 2, Price: money(1800), Value: money(2400)}},
			{Campaign: "送货", Kind: terminal.KindDiscount, Redeemed: terminal.Tally{Lines: 1, Units: 1, Amount: money(0), Discount: money(-500)},
				Reversed: terminal.Tally{Lines: 1, Units: 1}}}}
	bare := terminal.Entry{Epoch: 2, Seq: 10, UID: uid(10), Kind: terminal.EntryDrawer}
	bill := at(11, terminal.EntryDecline)
	bill.Epoch, bill.Reason, bill.Reasons = 2, terminal.AlreadyRedeemed, []terminal.Reason{terminal.AlreadyRedeemed, terminal.Expired}
	bill.Lines = []terminal.EntryLine{{Voucher: 1, Campaign: "lunch", Kind: terminal.KindPass, Units: 1, Reasons: []terminal.Reason{terminal.Expired}},
		{Voucher: 2, Campaign: "lunch", Kind: terminal.KindPass, Units: 1},
		{Voucher: 3, Campaign: "lunch", Kind: terminal.KindPass, Units: 1, Reasons: bill.Reasons}}
	return []terminal.Entry{redeem, reverse, decline, at(4, terminal.EntryApprove), at(5, terminal.EntryReprint), at(6, terminal.EntryDrawer),
		dayClose, clock, epoch, bare, bill}
}

func sealAll(t testing.TB, entries []terminal.Entry) []Sealed {
	t.Helper()
	prev := Genesis(public())
	var all []Sealed
	for _, e := range entries {
		s, err := Seal(testKey, prev, e)
		if err != nil {
			t.Fatal(err)
		}
		all, prev = append(all, s), s.Hash
	}
	return all
}

const vectorFile = "testdata/vectors.json"

func TestGoldenVectors(t *testing.T) {
	// If this fails, journals that shops have written can be read and verified no more, nor clouds of others read ours.
	if *update {
		writeVectors(t)
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var want vectors
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	genesis := Genesis(public())
	if hex.EncodeToString(public()) != want.Public || hex.EncodeToString(genesis[:]) != want.Genesis {
		t.Fatal("the genesis of the chain changed")
	}
	entries := samples()
	if len(want.Chain) != len(entries) {
		t.Fatalf("%d vectors for %d entries", len(want.Chain), len(entries))
	}
	for i, s := range sealAll(t, entries) {
		v := want.Chain[i]
		if hex.EncodeToString(s.Bytes) != v.Bytes || hex.EncodeToString(s.Hash[:]) != v.Hash || hex.EncodeToString(s.Signature) != v.Signature {
			t.Errorf("%s is written differently:\n%x", v.Name, s.Bytes)
		}
		decoded, err := Decode(s.Bytes)
		if diff := cmp.Diff(entries[i], decoded, cmp.Comparer(sameTime)); err != nil || diff != "" {
			t.Errorf("%s reads back differently: %v\n%s", v.Name, err, diff)
		}
	}
	for _, h := range want.Refused {
		bad, err := hex.DecodeString(h.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := Decode(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s was taken: %+v, %v", h.Name, e, err)
		}
	}
}

// sameTime compares the instant and what the wall showed.
func sameTime(a, b time.Time) bool {
	_, offsetA := a.Zone()
	_, offsetB := b.Zone()
	return a.Equal(b) && offsetA == offsetB
}

func writeVectors(t *testing.T) {
	genesis := Genesis(public())
	out := vectors{Seed: hex.EncodeToString(testKey.Seed()), Public: hex.EncodeToString(public()), Genesis: hex.EncodeToString(genesis[:])}
	prev := genesis
	entries := samples()
	for i, s := range sealAll(t, entries) {
		out.Chain = append(out.Chain, vector{Name: entries[i].Kind.String(), Bytes: hex.EncodeToString(s.Bytes),
			Prev: hex.EncodeToString(prev[:]), Hash: hex.EncodeToString(s.Hash[:]), Signature: hex.EncodeToString(s.Signature)})
		prev = s.Hash
	}
	// a5 is a map of five pairs: 0 version, 4 epoch, 5 seq, 6 uid, 8 kind.
	const uid16 = "50a500000000000000000000000000000a"
	out.Refused = []hostile{
		{"nothing", ""},
		{"a map without anything", "a0"},
		{"an unknown version", "a500020402050a06" + uid16 + "0806"},
		{"an unknown key", "a600010402050a06" + uid16 + "0806183f01"},
		{"a key that is text", "a600010402050a06" + uid16 + "0806616101"},
		{"a key twice", "a600010402050a06" + uid16 + "08060806"},
		{"keys out of order", "a50402000105" + "0a06" + uid16 + "0806"},
		{"a long integer", "a500010402050a06" + uid16 + "081806"},
		{"an indefinite map", "bf00010402050a06" + uid16 + "0806ff"},
		{"an indefinite text", "a6000101" + "7f616dff" + "0402050a06" + uid16 + "0806"},
		{"a byte behind", "a500010402050a06" + uid16 + "080600"},
		{"a byte missing", "a500010402050a06" + uid16 + "08"},
		{"a tag around it", "d9d9f7a500010402050a06" + uid16 + "0806"},
		{"null for a text", "a6000101f60402050a06" + uid16 + "0806"},
		{"an empty text", "a60001016004" + "02050a06" + uid16 + "0806"},
		{"a float for a number", "a5000104f94000050a06" + uid16 + "0806"},
		{"a short uid", "a500010402050a064fa50000000000000000000000000000" + "0806"},
		{"a uid of nothing but zeros", "a500010402050a0650" + "00000000000000000000000000000000" + "0806"},
		{"text that is not UTF-8", "a6000101" + "61ff" + "0402050a06" + uid16 + "0806"},
		{"no epoch", "a40001050a06" + uid16 + "0806"},
		{"no kind", "a400010402050a06" + uid16},
		{"seq 0", "a500010402050006" + uid16 + "0806"},
		{"a kind above 255", "a500010402050a06" + uid16 + "08190100"},
		{"an offset of two days", "a700010402050a06" + uid16 + "0806140115190b40"},
		{"an offset without a wall", "a600010402050a06" + uid16 + "080615183c"},
		{"a day that does not exist", "a600010402050a06" + uid16 + "0806181a6a323032362d30322d3330"},
		{"money of one element", "a600010402050a06" + uid16 + "08060b8101"},
		{"money of three elements", "a600010402050a06" + uid16 + "08060b830163455552f4"},
		{"a proof of 31 bytes", "a600010402050a06" + uid16 + "08060981a10b581f" + hex.EncodeToString(make([]byte, 31))},
		{"totals without anything", "a600010402050a06" + uid16 + "0807181fa101" + "00"},
		{"totals that count more than there can be", "a600010402050a06" + uid16 + "0807181fa104" + "1bffffffffffffffff"},
		{"an assurance without its count", "a600010402050a06" + uid16 + "0807181fa1088181676f66666c696e65"},
		{"a head of 31 bytes", "a600010402050a06" + uid16 + "0806181e81581f" + hex.EncodeToString(make([]byte, 31))},
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	// If this fails, the journal holds something else than what happened at the counter.
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		raw, err := Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, decoded, cmp.Comparer(sameTime)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func drawEntry(t *rapid.T) terminal.Entry {
	text := func(name string) string { return rapid.StringN(0, 12, 40).Draw(t, name) }
	number := func(name string) int64 { return rapid.Int64().Draw(t, name) }
	moment := func(name string, zone *time.Location) time.Time {
		if rapid.Bool().Draw(t, name+" is missing") {
			return time.Time{}
		}
		return time.UnixMicro(rapid.Int64Range(-1<<52, 1<<52).Draw(t, name)).In(zone)
	}
	cash := func(name string) *terminal.Money {
		if rapid.Bool().Draw(t, name+" is missing") {
			return nil
		}
		return &terminal.Money{Minor: number(name), Currency: rapid.StringMatching("[A-Z]{3}").Draw(t, name+" currency")}
	}
	fixed := func(name string, n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, name) }
	e := terminal.Entry{Merchant: text("merchant"), Store: text("store"), Terminal: text("terminal"),
		Epoch: rapid.Uint32Min(1).Draw(t, "epoch"), Seq: rapid.Uint64Min(1).Draw(t, "seq"), UID: terminal.UID(fixed("uid", 16)),
		Kind: terminal.EntryKind(rapid.Uint8Min(1).Draw(t, "kind")), About: terminal.UID(fixed("about", 16)), Bill: cash("bill"),
		Operator: text("operator"), Approver: text("approver"), Assurance: terminal.Assurance(text("assurance")), Claim: text("claim"),
		Lease: text("lease"), Reason: terminal.Reason(text("reason")), Note: text("note"),
		Wall:  moment("wall", time.FixedZone("", 60*rapid.IntRange(-maxOffset, maxOffset).Draw(t, "offset"))),
		Lower: moment("lower", time.UTC), Upper: moment("upper", time.UTC), Boot: text("boot"),
		Monotonic: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "monotonic")) * time.Microsecond, Cursor: text("cursor"),
		KnownHead: rapid.Uint64().Draw(t, "head"), PolicyVersion: number("policy")}
	if rapid.Bool().Draw(t, "receipt") {
		e.Receipt = terminal.ReceiptNumber{Epoch: e.Epoch, Number: rapid.Uint64Min(1).Draw(t, "receipt number")}
	}
	if rapid.Bool().Draw(t, "day") {
		e.BusinessDay = terminal.Date{Year: 2020, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 40000).Draw(t, "days"))
	}
	if rapid.Bool().Draw(t, "totals") {
		e.Totals = drawTotals(t, text, cash)
	}
	for range rapid.IntRange(0, 3).Draw(t, "reasons") {
		e.Reasons = append(e.Reasons, terminal.Reason(text("one reason")))
	}
	for range rapid.IntRange(0, 3).Draw(t, "heads") {
		e.Heads = append(e.Heads, fixed("head", 32))
	}
	for range rapid.IntRange(0, 4).Draw(t, "lines") {
		line := terminal.EntryLine{Voucher: terminal.VoucherID(rapid.Uint64().Draw(t, "voucher")), Campaign: text("campaign"),
			Kind: terminal.Kind(text("kind of voucher")), Part: text("part"), Units: number("units"), Amount: cash("amount"),
			Discount: cash("discount"), Price: cash("price"), Value: cash("value"), Left: number("left"), Masked: text("masked"),
			Original: rapid.IntRange(0, 1000).Draw(t, "original")}
		for range rapid.IntRange(0, 2).Draw(t, "reasons of a line") {
			line.Reasons = append(line.Reasons, terminal.Reason(text("one of a line's reasons")))
		}
		if rapid.Bool().Draw(t, "proven") {
			line.Proof = fixed("proof", 32)
		}
		if rapid.Bool().Draw(t, "looked up") {
			line.Lookup = (*terminal.Lookup)(fixed("lookup", 16))
		}
		e.Lines = append(e.Lines, line)
	}
	return e
}

func drawTotals(t *rapid.T, text func(string) string, cash func(string) *terminal.Money) *terminal.DayTotals {
	count := func(name string) int64 { return rapid.Int64Min(0).Draw(t, name) }
	tally := func(name string) terminal.Tally {
		return terminal.Tally{Lines: count(name), Units: rapid.Int64().Draw(t, name), Price: cash(name), Value: cash(name), Amount: cash(name),
			Discount: cash(name)}
	}
	receipt := func(name string) terminal.ReceiptNumber {
		return terminal.ReceiptNumber{Epoch: rapid.Uint32().Draw(t, name), Number: rapid.Uint64().Draw(t, name)}
	}
	totals := &terminal.DayTotals{Number: rapid.Uint64().Draw(t, "number"), First: receipt("first"), Last: receipt("last"),
		Redemptions: count("redemptions"), Reversals: count("reversals"), Declines: count("declines"), Late: count("late")}
	for range rapid.IntRange(0, 3).Draw(t, "assurances") {
		totals.Assurances = append(totals.Assurances, terminal.AssuranceTotal{Assurance: terminal.Assurance(text("assurance")), Redemptions: count("n")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "campaigns") {
		totals.Campaigns = append(totals.Campaigns, terminal.CampaignTotal{Campaign: text("campaign"), Kind: terminal.Kind(text("kind")),
			Redeemed: tally("redeemed"), Reversed: tally("reversed")})
	}
	return totals
}

func TestEncodeRefuses(t *testing.T) {
	// If this fails, an entry is written that nobody can read again, and the journal ends there.
	base := samples()[0]
	for name, spoil := range map[string]func(*terminal.Entry){
		"no seq":                     func(e *terminal.Entry) { e.Seq = 0 },
		"no epoch":                   func(e *terminal.Entry) { e.Epoch = 0 },
		"no kind":                    func(e *terminal.Entry) { e.Kind = 0 },
		"a receipt of another epoch": func(e *terminal.Entry) { e.Receipt.Epoch = 7 },
		"a receipt without a number": func(e *terminal.Entry) { e.Receipt.Number = 0 },
		"a short proof":              func(e *terminal.Entry) { e.Lines[0].Proof = []byte{1} },
		"a line before the first":    func(e *terminal.Entry) { e.Lines[0].Original = -1 },
		"a negative count":           func(e *terminal.Entry) { e.Totals = &terminal.DayTotals{Late: -1} },
		"a campaign not in UTF-8": func(e *terminal.Entry) {
			e.Totals = &terminal.DayTotals{Campaigns: []terminal.CampaignTotal{{Campaign: "\xff"}}}
		},
		"a short head":                func(e *terminal.Entry) { e.Heads = [][]byte{{1}} },
		"text that is not UTF-8":      func(e *terminal.Entry) { e.Note = "\xff" },
		"a currency that is not text": func(e *terminal.Entry) { e.Lines[1].Amount = &terminal.Money{Currency: "\xc3"} },
		"more than fits":              func(e *terminal.Entry) { e.Note = string(bytes.Repeat([]byte{'x'}, MaxBytes)) },
	} {
		e := base
		e.Lines = append([]terminal.EntryLine{}, base.Lines...)
		spoil(&e)
		if raw, err := Encode(e); !errors.Is(err, ErrUnencodable) {
			t.Errorf("%s was written: %x, %v", name, raw, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	// If this fails, hostile bytes crash a cloud, or two parties read one entry differently.
	for _, s := range sealAll(f, samples()) {
		f.Add(s.Bytes)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Decode(raw)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("the error is of no known kind: %v", err)
			}
			return
		}
		again, err := Encode(e)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x is read and written again as %x: %v", raw, again, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	e := samples()[0]
	prev := Genesis(public())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Seal(testKey, prev, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	raw, err := Encode(samples()[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
