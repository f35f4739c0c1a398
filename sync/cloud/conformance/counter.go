package conformance

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/token"
)

const (
	merchantID = "lakeside"
	quay       = "quay"
	harbour    = "harbour"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// world is a merchant with two stores, a campaign of each kind that is counted differently, and the storage under test.
type world struct {
	*testing.T
	storage cloud.Storage
	key     []byte
	now     time.Time
	uids    uint64
}

func text(en string) terminal.Text { return terminal.Text{"en": en} }

func lakeside() cloud.Catalogue {
	store := func(id string) terminal.Store {
		return terminal.Store{ID: id, Name: "Lakeside " + id, Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInShift, Print: "always", Copies: 1}
	}
	campaign := func(id string, kind terminal.Kind) terminal.Campaign {
		return terminal.Campaign{ID: id, Name: text(id), Kind: kind, Currency: "EUR", Price: &terminal.Money{Minor: 3990, Currency: "EUR"}}
	}
	pass := campaign("swim", terminal.KindPass)
	pass.Units = 10
	return cloud.Catalogue{
		Merchant: terminal.Merchant{ID: merchantID, Name: "Lakeside Group", Currency: "EUR", Languages: []string{"en"}},
		Stores:   []terminal.Store{store(quay), store(harbour)},
		Operators: []cloud.CatalogueOperator{
			{Operator: terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, Stores: []string{quay}, Active: true}},
			{Operator: terminal.Operator{ID: "mo", Name: "Mo", Role: terminal.RoleManager, Stores: []string{harbour}, Active: true}},
			{Operator: terminal.Operator{ID: "ida", Name: "Ida", Role: terminal.RoleManager, Active: true}},
		},
		Campaigns: []terminal.Campaign{campaign("dinner", terminal.KindProduct), pass, campaign("card", terminal.KindBalance),
			campaign("order", terminal.KindPickup)},
	}
}

func newWorld(t *testing.T, open func(t *testing.T) cloud.Storage) *world {
	t.Helper()
	w := &world{T: t, storage: open(t), now: start}
	if _, err := w.storage.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.apply(lakeside())
	var err error
	if w.key, err = w.storage.LookupKey(t.Context(), merchantID); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) apply(c cloud.Catalogue) []cloud.Change {
	w.Helper()
	changes, err := w.storage.Apply(w.Context(), c)
	if err != nil {
		w.Fatal(err)
	}
	return changes
}

// tick is the time, later each time it is asked for.
func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Second)
	return w.now
}

func (w *world) uid() (u terminal.UID) {
	w.uids++
	binary.BigEndian.PutUint64(u[8:], w.uids)
	u[0] = 1
	return u
}

// ticket is a voucher with its code.
type ticket struct {
	cloud.Issued
	lookup terminal.Lookup
	inner  [32]byte
	kind   terminal.Kind
}

func (w *world) issue(campaign string, facts cloud.Facts) ticket {
	w.Helper()
	for _, c := range lakeside().Campaigns {
		if c.ID != campaign {
			continue
		}
		issued, err := cloud.Prepare(w.Context(), w.storage, merchantID, c, facts, 1, rand.Reader, w.now)
		if err == nil {
			err = cloud.Store(w.Context(), w.storage, merchantID, issued)
		}
		if err != nil {
			w.Fatal(err)
		}
		return ticket{issued[0], token.LookupOf(w.key, issued[0].Code), token.InnerOf(w.key, issued[0].Code), c.Kind}
	}
	w.Fatalf("no campaign %s", campaign)
	return ticket{}
}

func (w *world) revoke(t ticket) {
	w.Helper()
	if _, err := w.storage.SetVoucherState(w.Context(), merchantID, []terminal.VoucherID{t.Voucher.ID}, terminal.VoucherRevoked, w.tick()); err != nil {
		w.Fatal(err)
	}
}

// counter is a terminal with its key and journal, which sends what a real one would.
// today is the business day of what counters write.
var today = terminal.Date{Year: 2026, Month: 11, Day: 21}

type counter struct {
	*world
	cloud.Terminal
	private  ed25519.PrivateKey
	place    entry.Place
	sealed   []entry.Sealed // all of the journal
	places   []entry.Place  // before each
	instance string
	previous []string // the starts before this one, until one answer came; then nil
	restored bool
	claims   int64
	open     []terminal.UID
	tellsEnd bool // says where its journal ends
}

func (w *world) counter(store string) *counter {
	w.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	hash := cloud.SecretHash(rand.Text())
	err = w.storage.Invite(w.Context(), []cloud.Invitation{{Merchant: merchantID, Store: store, SecretHash: hash, CreatedAt: w.now, ExpiresAt: w.now.Add(24 * time.Hour)}})
	if err != nil {
		w.Fatal(err)
	}
	t, err := w.storage.Enrol(w.Context(), cloud.Enrolment{SecretHash: hash, Key: public, SealKey: make([]byte, 32), ProgramVersion: "test", At: w.now})
	if err != nil {
		w.Fatal(err)
	}
	return &counter{world: w, Terminal: t, private: private, place: entry.Start(public), instance: rand.Text(), previous: []string{}}
}

func (c *counter) line(t ticket, units int64, uid terminal.UID, part string) terminal.EntryLine {
	return terminal.EntryLine{Voucher: t.Voucher.ID, Campaign: t.Voucher.Campaign, Kind: t.kind, Part: part, Units: units,
		Price: &terminal.Money{Minor: 3990 * units, Currency: "EUR"}, Proof: token.Proof(t.inner, uid), Lookup: &t.lookup}
}

// write adds an entry to the journal without sending it.
func (c *counter) write(e terminal.Entry) terminal.Entry {
	c.Helper()
	e.Merchant, e.Store, e.Terminal = c.Merchant, c.Store, c.Name
	e.Epoch, e.Seq = c.place.Epoch, c.place.Seq+1
	if e.UID.IsZero() {
		e.UID = c.uid()
	}
	if e.Operator == "" {
		e.Operator = "li"
	}
	if e.Assurance == "" {
		e.Assurance = terminal.Offline
	}
	e.Wall = c.tick()
	if e.BusinessDay == (terminal.Date{}) {
		e.BusinessDay = today
	}
	if e.Kind == terminal.EntryRedeem || e.Kind == terminal.EntryReverse {
		e.Receipt = terminal.ReceiptNumber{Epoch: e.Epoch, Number: c.place.Receipt + 1}
	}
	sealed, err := entry.Seal(c.private, c.place.Hash, e)
	if err != nil {
		c.Fatal(err)
	}
	next, _, err := c.place.Follow(sealed)
	if err != nil {
		c.Fatal(err)
	}
	c.sealed, c.places, c.place = append(c.sealed, sealed), append(c.places, c.place), next
	return e
}

// redeem writes a redemption of one voucher.
func (c *counter) redeem(t ticket, units int64) terminal.Entry {
	c.Helper()
	uid := c.uid()
	return c.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{c.line(t, units, uid, "")}})
}

// redeemPart writes the redemption of one line of an order.
func (c *counter) redeemPart(t ticket, part string) terminal.Entry {
	c.Helper()
	uid := c.uid()
	return c.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{c.line(t, 1, uid, part)}})
}

// reverse writes the reversal of units of a redemption's first line.
func (c *counter) reverse(original terminal.Entry, units int64) terminal.Entry {
	c.Helper()
	line := original.Lines[0]
	line.Units, line.Proof, line.Original = units, nil, 0
	return c.write(terminal.Entry{Kind: terminal.EntryReverse, About: original.UID, Lines: []terminal.EntryLine{line}})
}

// batch is the part of the journal from the entry with sequence number from on.
func (c *counter) batch(from uint64) cloud.Push {
	c.tick()
	push := cloud.Push{Standing: c.standing(), Epoch: c.place.Epoch, FromSeq: from, Prev: c.place.Hash, At: c.now}
	if int(from) <= len(c.sealed) {
		push.Prev, push.Entries = c.places[from-1].Hash, c.sealed[from-1:]
	}
	return push
}

func (c *counter) standing() cloud.Standing {
	standing := cloud.Standing{Instance: c.instance, Counter: c.claims, Open: c.open, Previous: c.previous, Restored: c.restored, Nonce: c.now}
	if c.tellsEnd {
		standing.Journal = &api.Head{Epoch: c.place.Epoch, Seq: c.place.Seq, Hash: c.place.Hash[:]}
	}
	return standing
}

// push sends the journal from the entry with sequence number from on.
func (c *counter) push(from uint64) cloud.Ack {
	c.Helper()
	ack, err := c.storage.ApplyJournal(c.Context(), c.Terminal, c.batch(from))
	if err != nil {
		c.Fatalf("push from %d: %v", from, err)
	}
	c.previous = nil // the answer acknowledged this start
	return ack
}

// last sends the last entry and returns the verdict on its first line.
func (c *counter) last() terminal.LineVerdict {
	c.Helper()
	ack := c.push(c.place.Seq)
	if len(ack.Verdicts) != 1 || len(ack.Verdicts[0].Lines) == 0 {
		c.Fatalf("one verdict was expected, not %+v", ack.Verdicts)
	}
	return ack.Verdicts[0].Lines[0]
}

// claim asks to hold units of a voucher for uid.
func (c *counter) claim(t ticket, units int64, uid terminal.UID) cloud.ClaimAnswer {
	c.Helper()
	return c.claimLines(uid, terminal.ClaimLine{Lookup: t.lookup, Units: units, Proof: token.Proof(t.inner, uid)})
}

func (c *counter) claimLines(uid terminal.UID, lines ...terminal.ClaimLine) cloud.ClaimAnswer {
	c.Helper()
	c.claims++
	answer, err := c.storage.Claim(c.Context(), c.Terminal, cloud.Claim{
		Claim: terminal.Claim{UID: uid, Operator: "li", Lines: lines}, Standing: c.standing(), At: c.tick()})
	if err != nil {
		c.Fatal(err)
	}
	c.previous = nil
	return answer
}

// row is the voucher as the cloud tells this counter.
func (c *counter) row(t ticket) terminal.Row {
	c.Helper()
	rows, err := c.storage.Lookup(c.Context(), c.Terminal, []terminal.Lookup{t.lookup})
	if err != nil || len(rows) != 1 {
		c.Fatalf("one row was expected, not %+v (%v)", rows, err)
	}
	return rows[0]
}

// pull reads the feed from cursor to its end, in pages of limit.
func (c *counter) pull(cursor string, limit int) cloud.Page {
	c.Helper()
	var all cloud.Page
	for {
		page, err := c.storage.Feed(c.Context(), c.Terminal, cursor, limit)
		if err != nil {
			c.Fatal(err)
		}
		all.Records = append(all.Records, page.Records...)
		all.Cursor, all.AtEnd, all.Included, cursor = page.Cursor, page.AtEnd, page.Included, page.Cursor
		if page.AtEnd {
			return all
		}
	}
}
