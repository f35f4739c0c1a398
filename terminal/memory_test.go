package terminal_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

// The stores below keep what a shop's disk keeps, in memory, so that a test of the domain is about the domain. Each can be told to
// fail the way the real one does.

type memoryCache struct {
	settings  terminal.Settings
	rows      map[terminal.Lookup]terminal.Row
	operators []terminal.Operator
	fresh     terminal.Freshness
}

func (c *memoryCache) Find(_ context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	for _, lookup := range lookups {
		if row, ok := c.rows[lookup]; ok {
			return row, nil
		}
	}
	return terminal.Row{}, terminal.ErrUnknown
}

func (c *memoryCache) Campaign(_ context.Context, id string) (terminal.Campaign, error) {
	for _, row := range c.rows {
		if row.Campaign.ID == id {
			return row.Campaign, nil
		}
	}
	return terminal.Campaign{}, terminal.ErrUnknown
}

func (c *memoryCache) Settings(context.Context) (terminal.Settings, error) {
	if c.settings.Store.ID == "" {
		return terminal.Settings{}, terminal.ErrUnknown
	}
	return c.settings, nil
}

func (c *memoryCache) Operators(context.Context) ([]terminal.Operator, error) {
	return slices.Clone(c.operators), nil
}

func (c *memoryCache) Suspend(context.Context) error {
	c.settings.Suspended = true
	return nil
}

func (c *memoryCache) Freshness(context.Context) (terminal.Freshness, error) { return c.fresh, nil }

type memoryJournal struct {
	records  []terminal.Record
	jobs     []terminal.PrintJob
	receipts uint64
	exposure terminal.Exposure
	wrong    map[string]int
	last     map[string]time.Time
	leases   []terminal.Lease
	full     error  // what a full disk answers
	before   func() // runs inside the write transaction, before anything is read
}

func (j *memoryJournal) Append(_ context.Context, compose func(terminal.Ledger) (terminal.Draft, error)) (terminal.Record, error) {
	if j.before != nil {
		before := j.before
		j.before = nil
		before()
	}
	draft, err := compose((*memoryLedger)(j))
	if err != nil {
		return terminal.Record{}, err
	}
	if j.full != nil {
		return terminal.Record{}, j.full
	}
	record := terminal.Record{Entry: draft.Entry, Verdict: terminal.Pending, Reversed: make([]int64, len(draft.Entry.Lines))}
	if draft.Entry.Receipt.Number > 0 {
		j.receipts++
	}
	if draft.Job != nil {
		j.jobs = append(j.jobs, *draft.Job)
	}
	if draft.AtRisk != nil {
		j.exposure.Count++
		j.exposure.Value.Minor += draft.AtRisk.Minor
	}
	if draft.Entry.Kind == terminal.EntryReverse {
		for i, original := range j.records {
			if original.Entry.UID == draft.Entry.About {
				for _, line := range draft.Entry.Lines {
					j.records[i].Reversed[line.Original] += line.Units
				}
			}
		}
	}
	j.records = append(j.records, record)
	return record, nil
}

func (j *memoryJournal) Written() (uint64, bool) { return uint64(len(j.records)), true }

func (l *memoryLedger) Written() (uint64, bool) { return (*memoryJournal)(l).Written() }

func (j *memoryJournal) Use(_ context.Context, voucher terminal.VoucherID, part string, after uint64) (terminal.Use, error) {
	return (*memoryLedger)(j).Use(voucher, part, after)
}

func (j *memoryJournal) Counted(_ context.Context, campaign string, vouchers []terminal.VoucherID, days terminal.Days, after uint64) (int64, error) {
	return (*memoryLedger)(j).Counted(campaign, vouchers, days, after)
}

func (j *memoryJournal) Leased(_ context.Context, voucher terminal.VoucherID) (uint32, []terminal.Lease, error) {
	return (*memoryLedger)(j).Leased(voucher)
}

func (j *memoryJournal) Exposure(context.Context) (terminal.Exposure, error) { return j.exposure, nil }

func (j *memoryJournal) ByUID(_ context.Context, uid terminal.UID) (terminal.Record, error) {
	return (*memoryLedger)(j).Record(uid)
}

func (j *memoryJournal) ByReceipt(_ context.Context, receipt terminal.ReceiptNumber) (terminal.Record, error) {
	for _, record := range j.records {
		if record.Entry.Receipt == receipt {
			return record, nil
		}
	}
	return terminal.Record{}, terminal.ErrUnknown
}

func (j *memoryJournal) Recent(_ context.Context, limit int) ([]terminal.Record, error) {
	var recent []terminal.Record
	for _, record := range slices.Backward(j.records) {
		if record.Entry.Receipt.Number > 0 && len(recent) < limit {
			recent = append(recent, record)
		}
	}
	return recent, nil
}

func (j *memoryJournal) PINTries(_ context.Context, operator string) (int, time.Time, error) {
	return j.wrong[operator], j.last[operator], nil
}

func (j *memoryJournal) SetPINTries(_ context.Context, operator string, wrong int, last time.Time) error {
	if j.wrong == nil {
		j.wrong, j.last = map[string]int{}, map[string]time.Time{}
	}
	j.wrong[operator], j.last[operator] = wrong, last
	return nil
}

func (j *memoryJournal) count(kind terminal.EntryKind) int {
	n := 0
	for _, record := range j.records {
		if record.Entry.Kind == kind {
			n++
		}
	}
	return n
}

type memoryLedger memoryJournal

func (l *memoryLedger) Next() (uint32, uint64, terminal.ReceiptNumber) {
	return 1, uint64(len(l.records) + 1), terminal.ReceiptNumber{Epoch: 1, Number: l.receipts + 1}
}

func (l *memoryLedger) KnownHead() uint64 { return 0 }

func (l *memoryLedger) Use(voucher terminal.VoucherID, part string, after uint64) (terminal.Use, error) {
	var use terminal.Use
	for _, record := range l.records {
		sign := map[terminal.EntryKind]int64{terminal.EntryRedeem: 1, terminal.EntryReverse: -1}[record.Entry.Kind]
		for n, line := range record.Entry.Lines {
			if sign == 0 || line.Voucher != voucher || (part != "" && line.Part != part) {
				continue
			}
			if _, err := l.Record(record.Entry.About); sign > 0 || err == nil { // reversals of others' redemptions give nothing back here
				use.Net += sign * line.Units
			}
			if record.Entry.Seq > after {
				use.After += sign * line.Units
			}
			if sign > 0 && record.Reversed[n] < line.Units {
				use.Last = &terminal.LastUse{At: record.Entry.Wall, Store: record.Entry.Store, Terminal: record.Entry.Terminal,
					Operator: record.Entry.Operator}
			}
		}
	}
	return use, nil
}

// Counted looks at each redemption as it stood after the entry asked about, and as it stands now.
func (l *memoryLedger) Counted(campaign string, vouchers []terminal.VoucherID, days terminal.Days, after uint64) (int64, error) {
	counted := int64(0)
	for _, record := range l.records {
		if record.Entry.Kind != terminal.EntryRedeem || !days.Hold(record.Entry.BusinessDay) {
			continue
		}
		for n, line := range record.Entry.Lines {
			if line.Campaign != campaign || (len(vouchers) > 0 && !slices.Contains(vouchers, line.Voucher)) {
				continue
			}
			counted += line.Kind.Counted(line.Units - record.Reversed[n])
			if record.Entry.Seq <= after {
				counted -= line.Kind.Counted(line.Units - l.reversedUntil(record.Entry.UID, n, after))
			}
		}
	}
	return counted, nil
}

func (l *memoryLedger) reversedUntil(uid terminal.UID, line int, until uint64) int64 {
	units := int64(0)
	for _, record := range l.records {
		if record.Entry.Kind == terminal.EntryReverse && record.Entry.About == uid && record.Entry.Seq <= until {
			for _, back := range record.Entry.Lines {
				if back.Original == line {
					units += back.Units
				}
			}
		}
	}
	return units
}

func (l *memoryLedger) Leased(voucher terminal.VoucherID) (uint32, []terminal.Lease, error) {
	var held []terminal.Lease
	for _, lease := range l.leases {
		if lease.Voucher != voucher && lease.Voucher != 0 {
			continue
		}
		for _, record := range l.records {
			for _, line := range record.Entry.Lines {
				if record.Entry.Kind == terminal.EntryRedeem && record.Entry.Seq > lease.After &&
					(lease.Voucher == 0 && line.Campaign == lease.Campaign || line.Voucher == lease.Voucher && line.Part == lease.Part) {
					lease.Spent += line.Units
				}
			}
		}
		held = append(held, lease)
	}
	return 1, held, nil
}

func (l *memoryLedger) Exposure() (terminal.Exposure, error) { return l.exposure, nil }

func (l *memoryLedger) Record(uid terminal.UID) (terminal.Record, error) {
	for _, record := range l.records {
		if record.Entry.UID == uid {
			return record, nil
		}
	}
	return terminal.Record{}, terminal.ErrUnknown
}

func (l *memoryLedger) Booked(voucher terminal.VoucherID) (price, value int64, err error) {
	for _, record := range l.records {
		sign := map[terminal.EntryKind]int64{terminal.EntryRedeem: 1, terminal.EntryReverse: -1}[record.Entry.Kind]
		if _, err := l.Record(record.Entry.About); sign < 0 && err != nil {
			continue
		}
		for _, line := range record.Entry.Lines {
			if line.Voucher == voucher && line.Price != nil {
				price += sign * line.Price.Minor
			}
			if line.Voucher == voucher && line.Value != nil {
				value += sign * line.Value.Minor
			}
		}
	}
	return price, value, nil
}

func (l *memoryLedger) Reprints(uid terminal.UID) (int, error) {
	n := 0
	for _, record := range l.records {
		if record.Entry.Kind == terminal.EntryReprint && record.Entry.About == uid {
			n++
		}
	}
	return n, nil
}

// memoryAuthority answers as it is told; the zero value is a cut cable.
type memoryAuthority struct {
	ask      func([]terminal.Lookup) (terminal.Row, error)
	claim    func(terminal.Claim) (terminal.ClaimAnswer, error)
	sold     map[terminal.UID]terminal.Record // by other terminals; nil is a cut cable
	asked    int
	claims   []terminal.Claim
	released []terminal.UID
}

func (a *memoryAuthority) Ask(_ context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	a.asked++
	if a.ask == nil {
		return terminal.Row{}, terminal.ErrNoAnswer
	}
	return a.ask(lookups)
}

func (a *memoryAuthority) Claim(_ context.Context, claim terminal.Claim) (terminal.ClaimAnswer, error) {
	a.claims = append(a.claims, claim)
	if a.claim == nil {
		return terminal.ClaimAnswer{}, terminal.ErrNoAnswer
	}
	return a.claim(claim)
}

func (a *memoryAuthority) Redemption(_ context.Context, uid terminal.UID) (terminal.Record, error) {
	if a.sold == nil {
		return terminal.Record{}, terminal.ErrNoAnswer
	}
	if record, ok := a.sold[uid]; ok {
		return record, nil
	}
	return terminal.Record{}, terminal.ErrUnknown
}

func (a *memoryAuthority) Release(uid terminal.UID) { a.released = append(a.released, uid) }

func granted(terminal.Claim) (terminal.ClaimAnswer, error) {
	return terminal.ClaimAnswer{Granted: true, ID: "hold-1", Assurance: terminal.Confirmed}, nil
}

// plainCodes reads a code as its own lookup: reading codes is package token's business.
type plainCodes struct{}

func (plainCodes) Read(scan terminal.Scan) (terminal.Presented, *terminal.Finding) {
	if scan.Code == "" {
		return terminal.Presented{}, &terminal.Finding{Reason: terminal.MalformedCode}
	}
	candidate := terminal.Candidate{Lookup: lookupOf(scan.Code)}
	copy(candidate.Inner[:], scan.Code)
	return terminal.Presented{Candidates: []terminal.Candidate{candidate}, Masked: scan.Code[max(0, len(scan.Code)-2):]}, nil
}

func lookupOf(code string) (lookup terminal.Lookup) {
	copy(lookup[:], code)
	return lookup
}

type plainSlips struct {
	err      error
	composed []terminal.SlipFacts
}

func (s *plainSlips) Compose(facts terminal.SlipFacts) (terminal.PrintJob, error) {
	s.composed = append(s.composed, facts)
	return terminal.PrintJob{Kind: facts.Kind, Bytes: []byte(facts.Entry.Receipt.String())}, s.err
}

type plainPINs struct{}

func (plainPINs) Matches(pin, hash string) bool { return pin == hash }

type testClock struct{ reading terminal.Reading }

func (c *testClock) Read() terminal.Reading { return c.reading }

// set makes the clock a trusted one that shows at.
func (c *testClock) set(at time.Time) {
	c.reading.Wall, c.reading.Lower, c.reading.Upper = at, at, at
}

func (c *testClock) advance(by time.Duration) {
	c.reading.Monotonic += by
	c.set(c.reading.Wall.Add(by))
}

type countingRandom uint64

func (r *countingRandom) UID() (uid terminal.UID) {
	*r++
	binary.BigEndian.PutUint64(uid[8:], uint64(*r))
	return uid
}

// counter is a terminal at the quay with all its parts within reach.
type counter struct {
	*terminal.Terminal
	cache     *memoryCache
	journal   *memoryJournal
	authority *memoryAuthority
	clock     *testClock
	slips     *plainSlips
}

var errDiskFull = errors.New("the disk is full")

// noon is a Tuesday at noon in Berlin.
var noon = time.Date(2026, 6, 16, 12, 0, 0, 0, berlin())

func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}

func euros(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

func newCounter(t testing.TB) *counter {
	t.Helper()
	c := &counter{
		cache: &memoryCache{
			settings: terminal.Settings{
				Merchant: terminal.Merchant{ID: "lakeside", Currency: "EUR"},
				Store:    terminal.Store{ID: "quay", Zone: "Europe/Berlin", BusinessDayStarts: 4 * 60, SignIn: terminal.SignInNone},
				Terminal: "counter-1", Stores: map[string]string{"quay": "Lakeside Quay", "hill": "Lakeside Hill"},
			},
			rows:  map[terminal.Lookup]terminal.Row{},
			fresh: terminal.Freshness{ReachedEnd: noon},
			operators: []terminal.Operator{
				{ID: "li", Name: "Li", Role: terminal.RoleCashier, PINHash: "4821", Active: true},
				{ID: "mia", Name: "Mia", Role: terminal.RoleManager, PINHash: "1357", Active: true},
				{ID: "tom", Name: "Tom", Role: terminal.RoleTechnician, PINHash: "2468", Active: true},
				{ID: "zoe", Name: "Zoe", Role: terminal.RoleCashier, PINHash: "8642", Active: true, Stores: []string{"hill"}},
			},
		},
		journal: &memoryJournal{exposure: terminal.Exposure{Value: *euros(0)}}, authority: &memoryAuthority{claim: granted},
		clock: &testClock{terminal.Reading{Boot: "boot-1"}}, slips: &plainSlips{},
	}
	c.clock.set(noon)
	c.Terminal = terminal.New(terminal.Parts{Codes: plainCodes{}, Cache: c.cache, Journal: c.journal, Authority: c.authority,
		Slips: c.slips, PINs: plainPINs{}, Clock: c.clock, Random: new(countingRandom)})
	return c
}

// stock puts a voucher with this code into the cache; change sets it apart from a plain product voucher worth 68.00.
func (c *counter) stock(code string, change func(*terminal.Row)) terminal.Row {
	row := terminal.Row{
		Voucher: terminal.Voucher{ID: terminal.VoucherID(len(c.cache.rows) + 1), Lookup: lookupOf(code), Campaign: "dinner",
			State: terminal.VoucherActive, Units: 1},
		Campaign: terminal.Campaign{ID: "dinner", Name: terminal.Text{"en": "Dinner for two"}, Kind: terminal.KindProduct,
			Currency: "EUR", Price: euros(3990), Value: euros(6800), State: terminal.CampaignLive},
	}
	if change != nil {
		change(&row)
	}
	c.cache.rows[row.Voucher.Lookup] = row
	return row
}

func scanOf(codes ...string) terminal.Request {
	var req terminal.Request
	for _, code := range codes {
		req.Scans = append(req.Scans, terminal.Scan{Code: code, Source: terminal.SourceScanner})
	}
	return req
}

func (c *counter) redeem(t testing.TB, req terminal.Request) terminal.Outcome {
	t.Helper()
	outcome, err := c.Redeem(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
