package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

var feedTests = []test{
	{"the first fill holds everything that concerns the store", firstFill},
	{"pages of any size hold the same", paging},
	{"a cursor skips nothing that was committed meanwhile", nothingSkipped},
	{"only changes come after the end", onlyChanges},
	{"what is included belongs to the page", includedBelongs},
	{"who left a store leaves its terminals", operatorLeaves},
	{"a cursor of another feed is refused", strangeCursor},
	{"a database that was restored begins a new generation", restoredFeed},
	{"a database that was restored vouches for nothing until all have sent again", restoredAwaits},
	{"a wait ends with the change", waiting},
	{"a verdict that is not accepted is told again", verdictTold},
}

// state is what a cache would hold after it applied records in their order.
func state(records []api.FeedRecord) map[string]string {
	held := map[string]string{}
	for _, r := range records {
		switch {
		case r.Voucher != nil:
			held["voucher "+r.Voucher.ID.String()] = fmt.Sprintf("%d of %d, version %d", r.Voucher.Used, r.Voucher.Units, r.Voucher.Version)
		case r.RemovedVoucher != nil:
			delete(held, "voucher "+r.RemovedVoucher.String())
		case r.Campaign != nil:
			held["campaign "+r.Campaign.ID] = fmt.Sprint(r.Campaign.PolicyVersion, r.Campaign.State)
		case r.Operator != nil:
			held["operator "+r.Operator.ID] = fmt.Sprint(r.Operator.Name, r.Operator.Active)
		case r.RemovedOperator != nil:
			delete(held, "operator "+*r.RemovedOperator)
		case r.Settings != nil:
			held["settings"] = fmt.Sprint(r.Settings.Store.ID, r.Settings.Terminal, r.Settings.Suspended, r.Settings.Stores)
		case r.Exception != nil:
			held["exception "+r.Exception.Id] = fmt.Sprint(r.Exception.State, r.Exception.Paid)
		}
	}
	return held
}

func keys(held map[string]string) []string {
	all := []string{}
	for key := range held {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

func firstFill(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{Holder: "M. Chen"})
	page := c.pull("", 2000)
	w.expect("at the end", page.AtEnd, true)
	w.expect("what is there", keys(state(page.Records)), []string{"campaign card", "campaign dinner", "campaign order", "campaign swim",
		"operator ida", "operator li", "settings", "voucher " + t.Voucher.ID.String()})
	for _, r := range page.Records {
		if r.Settings != nil {
			w.expect("settings", []string{r.Settings.Store.ID, r.Settings.Terminal, r.Settings.Stores[harbour]}, []string{quay, "counter-1", "Lakeside harbour"})
		}
		if r.Voucher != nil {
			w.expect("voucher", []string{r.Voucher.Holder, r.Voucher.Lookup.String(), string(r.Voucher.State)}, []string{"M. Chen", t.lookup.String(), "active"})
		}
	}
}

func paging(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	for range 5 {
		t := w.issue("dinner", cloud.Facts{})
		a.redeem(t, 1)
		b.redeem(t, 1)
	}
	a.push(1)
	b.push(1)
	whole := a.pull("", 2000)
	for _, limit := range []int{1, 2, 3, 7} {
		parts := a.pull("", limit)
		w.expect(fmt.Sprintf("in pages of %d", limit), state(parts.Records), state(whole.Records))
		w.expect("included", parts.Included, whole.Included)
		w.expect("cursor", parts.Cursor, whole.Cursor)
	}
}

func nothingSkipped(w *world) {
	const writers, each = 3, 8
	reader := w.counter(quay)
	var wait sync.WaitGroup
	counters := make([]*counter, writers)
	for i := range counters {
		counters[i] = w.counter(harbour)
		for range each {
			counters[i].redeem(w.issue("dinner", cloud.Facts{}), 1)
		}
	}
	for _, c := range counters {
		wait.Go(func() {
			for seq := range each {
				push := c.batch(uint64(seq + 1))
				push.Entries = push.Entries[:1]
				if _, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push); err != nil {
					w.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	records, cursor := []api.FeedRecord{}, ""
	for running := true; running; {
		select {
		case <-done:
			running = false // one more look, after everything was committed
		default:
		}
		page := reader.pull(cursor, 3)
		records, cursor = append(records, page.Records...), page.Cursor
	}
	w.expect("a cache that kept up", state(records), state(reader.pull("", 2000).Records))
}

func onlyChanges(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	page := c.pull("", 2000)
	w.expect("nothing new", len(c.pull(page.Cursor, 2000).Records), 0)
	w.revoke(t)
	changed, err := w.storage.Pause(w.Context(), merchantID, "swim", nil, true)
	w.expect("paused", []any{changed, err}, []any{true, nil})
	next := c.pull(page.Cursor, 2000)
	w.expect("the changes", keys(state(next.Records)), []string{"campaign swim", "voucher " + t.Voucher.ID.String()})
	w.expect("state", next.Records[0].Voucher.State, terminal.VoucherRevoked)
}

func includedBelongs(w *world) {
	c := w.counter(quay)
	t, later := w.issue("dinner", cloud.Facts{}), w.issue("dinner", cloud.Facts{})
	before := c.pull("", 2000).Cursor
	c.redeem(t, 1)
	c.push(1)
	c.redeem(later, 1)
	c.push(2)
	first, err := w.storage.Feed(w.Context(), c.Terminal, before, 1)
	if err != nil {
		w.Fatal(err)
	}
	w.expect("included in the first page", first.Included, 1)
	w.expect("first row", first.Records[0].Voucher.ID, t.Voucher.ID)
	second := c.pull(first.Cursor, 1)
	w.expect("included in the second", second.Included, 2)
}

func operatorLeaves(w *world) {
	c, other := w.counter(quay), w.counter(harbour)
	page, there := c.pull("", 2000), other.pull("", 2000)
	moved := lakeside()
	moved.Operators[0].Stores = []string{harbour}
	moved.Operators = moved.Operators[:2] // and Ida left the merchant
	changes := w.apply(moved)
	w.expect("changes", changes, []cloud.Change{{What: "operator", ID: "li", Action: "changed"}, {What: "operator", ID: "ida", Action: "removed"}})
	after := state(append(page.Records, c.pull(page.Cursor, 2000).Records...))
	_, li := after["operator li"]
	w.expect("Li at the quay", li, false)
	w.expect("Ida", after["operator ida"], "Idafalse")
	arrived := state(append(there.Records, other.pull(there.Cursor, 2000).Records...))
	w.expect("Li at the harbour", arrived["operator li"], "Litrue")
}

func strangeCursor(w *world) {
	c := w.counter(quay)
	cursor := c.pull("", 2000).Cursor
	for _, strange := range []string{"0", "deadbeef.1", cursor + "0000", "x" + cursor, cursor + " "} {
		if _, err := w.storage.Feed(w.Context(), c.Terminal, strange, 10); !errors.Is(err, cloud.ErrCursor) {
			w.Errorf("the cursor %q was answered %v", strange, err)
		}
		if err := c.claimAfter(strange); !errors.Is(err, cloud.ErrCursor) {
			w.Errorf("the cursor %q of a claim was answered %v", strange, err)
		}
	}
	cursor = c.pull("", 2000).Cursor // the feed has begun anew for some of these
	parts := strings.Split(cursor, ".")
	filled := parts[0] + ".0-" + parts[1] // of a first fill that ends there
	w.issue("dinner", cloud.Facts{})
	for _, good := range []string{"", cursor, parts[0] + ".0", filled, filled + "." + parts[2], c.pull(cursor, 2000).Cursor} {
		if _, err := w.storage.Feed(w.Context(), c.Terminal, good, 10); err != nil {
			w.Errorf("the cursor %q was answered %v", good, err)
		}
		if err := c.claimAfter(good); err != nil {
			w.Errorf("the cursor %q of a claim was answered %v", good, err)
		}
	}
	if err := c.claimAfter(filled + ".zzz"); !errors.Is(err, cloud.ErrCursor) {
		w.Errorf("a claim after a first fill of another history was answered %v", err)
	}
	if err := c.claimAfter(cursor); !errors.Is(err, cloud.ErrCursor) {
		w.Errorf("a claim of before the feed began anew was answered %v", err)
	}
}

// claimAfter asks for a voucher of its own, and says how far the counter has come in the feed.
func (c *counter) claimAfter(cursor string) error {
	voucher, uid := c.issue("dinner", cloud.Facts{}), c.uid()
	answer, err := c.storage.Claim(c.Context(), c.Terminal, cloud.Claim{Claim: terminal.Claim{UID: uid, Operator: "li",
		Lines: []terminal.ClaimLine{{Lookup: voucher.lookup, Units: 1, Proof: token.Proof(voucher.inner, uid)}}},
		Standing: c.standing(), At: c.tick(), Cursor: cursor})
	if err == nil && !answer.Granted {
		return fmt.Errorf("refused: %v", answer.Findings)
	}
	return err
}

func restoredFeed(w *world) {
	c, other := w.counter(quay), w.counter(harbour)
	cursor, others := c.pull("", 2000).Cursor, other.pull("", 2000).Cursor
	before := w.issue("dinner", cloud.Facts{})
	place := cursor[:strings.LastIndexByte(cursor, '.')]
	elsewhere := place + ".zzz" // the same place, reached by another way
	for _, strange := range []string{elsewhere, strings.TrimSuffix(place, ".") + "000"} {
		if _, err := w.storage.Feed(w.Context(), c.Terminal, strange, 10); !errors.Is(err, cloud.ErrCursor) {
			w.Errorf("the cursor %q was answered %v", strange, err)
		}
	}
	uid := w.uid()
	claim := cloud.Claim{Claim: terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Lookup: before.lookup, Units: 1, Proof: token.Proof(before.inner, uid)}}},
		Standing: c.standing(), At: w.now, Cursor: cursor}
	if _, err := w.storage.Claim(w.Context(), c.Terminal, claim); !errors.Is(err, cloud.ErrCursor) {
		w.Errorf("who knows more than the database was answered %v to a claim", err)
	}
	for _, old := range []string{cursor, others} {
		if _, err := w.storage.Feed(w.Context(), other.Terminal, old, 10); !errors.Is(err, cloud.ErrCursor) {
			w.Errorf("the cursor %q of before the restore was answered %v", old, err)
		}
	}
	fresh := c.pull("", 2000)
	claim.Cursor = fresh.Cursor
	if answer, err := w.storage.Claim(w.Context(), c.Terminal, claim); err != nil || !answer.Granted {
		w.Errorf("and once it has begun anew: %+v, %v", answer, err)
	}
	w.expect("all of it again", len(keys(state(fresh.Records))) > 5, true)
	w.expect("and then only what is new", len(c.pull(fresh.Cursor, 2000).Records), 0)
	told := w.of(api.ExceptionCloudRestore, true)
	w.expect("told once", len(told), 1)
	after := w.issue("dinner", cloud.Facts{})
	if gap := int64(after.Voucher.ID) - int64(before.Voucher.ID); gap > -1<<20 && gap < 1<<20 {
		w.Errorf("voucher ids go on at %s after %s: ids of lost vouchers would be given again", after.Voucher.ID, before.Voucher.ID)
	}
	one, two := w.counter(quay), w.counter(quay)
	for _, counter := range []*counter{one, two} {
		counter.redeem(after, 1)
		counter.push(1)
	}
	w.expect("cause of an overrun meanwhile", *w.of(api.ExceptionOverrun, true)[0].Cause, "restore")
}

// forget puts the database back, as far as anybody can tell: c shows it a cursor that it does not know.
func (c *counter) forget() {
	c.Helper()
	cursor := c.pull("", 2000).Cursor
	if _, err := c.storage.Feed(c.Context(), c.Terminal, cursor[:strings.LastIndexByte(cursor, '.')]+".zzz", 10); !errors.Is(err, cloud.ErrCursor) {
		c.Fatalf("a cursor of another history was answered %v", err)
	}
}

func restoredAwaits(w *world) {
	w.now = time.Now()
	w.lendable()
	a, b, off, gone := w.counter(quay), w.counter(harbour), w.counter(harbour), w.counter(quay)
	for _, c := range []*counter{a, b, off, gone} {
		c.tellsEnd = true
	}
	used, fresh := w.issue("dinner", cloud.Facts{}), w.issue("swim", cloud.Facts{})
	original := b.redeem(used, 1)
	b.push(1)
	off.push(1)
	suspend := func(c *counter) { w.suspends(c, true) }
	suspend(gone)
	said := func(what string, want terminal.Assurance) {
		w.Helper()
		uid := w.uid()
		answer := a.claim(fresh, 1, uid)
		w.expect(what, []any{answer.Granted, answer.Assurance}, []any{true, want})
	}
	said("before", "")
	a.forget()
	awaited := func(all ...*counter) (which []bool) {
		for _, c := range all {
			which = append(which, w.report(c).Awaited)
		}
		return which
	}
	w.expect("awaited", awaited(a, b, off, gone), []bool{true, true, true, false})
	parts, _ := w.recoveryStake()
	w.expect("what it may cost at first", parts, []terminal.ExceptionStake{{What: "awaited", Count: 3}})
	said("while others may know more", terminal.Offline)
	uid := w.uid()
	taken, err := w.storage.Claim(w.Context(), a.Terminal, cloud.Claim{Claim: terminal.Claim{UID: uid, Reverse: &original.UID,
		Lines: []terminal.ClaimLine{{Lookup: used.lookup, Units: 1}}}, Standing: a.standing(), At: w.tick()})
	if err != nil || reason(taken) != terminal.NotThisTerminal {
		w.Errorf("who may have been reversed already was answered %+v, %v", taken, err)
	}
	a.push(1)
	w.expect("leased meanwhile", len(a.ask(cloud.LeaseWant{Voucher: fresh.Voucher.ID, Units: 1})), 0)
	b.redeem(used, 1)
	b.redeem(used, 1)
	part := b.batch(2)
	part.Entries = part.Entries[:1] // there is more where that came from
	if _, err := w.storage.ApplyJournal(w.Context(), b.Terminal, part); err != nil {
		w.Fatal(err)
	}
	w.expect("awaited, with a part sent", awaited(a, b, off), []bool{false, true, true})
	w.bringBack(b, used)
	said("while one is off", terminal.Offline)
	for _, c := range []*counter{off, gone} { // one that was suspended while it was awaited, and one that was so before
		suspend(off)
		w.expect("awaited, with the last one suspended", awaited(a, b, off, gone), []bool{false, false, false, false})
		w.suspends(c, false)
		w.expect("awaited, readmitted and not heard", awaited(c), []bool{true})
		said("with one readmitted and not heard", terminal.Offline)
		suspend(c)
	}
	w.expect("awaited in the end", awaited(a, b, off, gone), []bool{false, false, false, false})
	said("with all heard", "")
	w.expect("leased then", len(a.ask(cloud.LeaseWant{Voucher: fresh.Voucher.ID, Units: 1})), 1)
	for _, told := range w.of(api.ExceptionCloudRestore, true) {
		w.expect("who found out", *told.Terminal, a.Name)
	}
	there := 0
	for _, r := range b.pull("", 2000).Records {
		if r.Exception != nil && r.Exception.Kind == api.ExceptionCloudRestore {
			there++
		}
	}
	w.expect("and another store is told", there, 1)
	a.forget()
	said("again", terminal.Offline)
	w.now = w.now.Add(cloud.AwaitedMost + time.Minute)
	said("who is away for a week is awaited no longer", "")
}

// suspends suspends a counter, or readmits it.
func (w *world) suspends(c *counter, suspended bool) {
	w.Helper()
	if _, err := w.storage.Suspend(w.Context(), merchantID, c.Store, c.Name, suspended); err != nil {
		w.Fatal(err)
	}
}

// recoveryStake is what the cloud's having been put back may cost, as its exception says.
func (w *world) recoveryStake() (parts []terminal.ExceptionStake, atRisk *terminal.Money) {
	w.Helper()
	told := w.of(api.ExceptionCloudRestore, true)
	if len(told) != 1 || told[0].Stake == nil {
		w.Fatalf("one exception that says what it may cost was expected, not %+v", told)
	}
	return *told[0].Stake, told[0].AtRisk
}

// bringBack has b send the rest of its journal, with what was granted and leased since the copy was made that the cloud is now.
func (w *world) bringBack(b *counter, used ticket) {
	w.Helper()
	b.open = append(b.open, w.uid())
	lent := w.uid()
	b.write(terminal.Entry{Kind: terminal.EntryRedeem, UID: lent, Assurance: terminal.Leased, Lease: "forgotten", Lines: []terminal.EntryLine{b.line(used, 1, lent, "")}})
	b.push(3)
	parts, atRisk := w.recoveryStake()
	w.expect("what came back", parts, []terminal.ExceptionStake{{What: "resent", Count: 3}, {What: "claims", Count: 1}, {What: "lent", Count: 1, Worth: euros(3990)},
		{What: "awaited", Count: 1}})
	w.expect("and is at risk", atRisk, euros(3990))
}

func waiting(w *world) {
	c := w.counter(quay)
	cursor := c.pull("", 2000).Cursor
	short, cancel := context.WithTimeout(w.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.storage.Await(short, merchantID, cursor); !errors.Is(err, context.DeadlineExceeded) {
		w.Errorf("nothing changed, and the wait ended with %v", err)
	}
	long, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- w.storage.Await(long, merchantID, cursor) }()
	w.issue("dinner", cloud.Facts{})
	if err := <-ended; err != nil {
		w.Errorf("the change was not noticed: %v", err)
	}
	if err := w.storage.Await(long, merchantID, cursor); err != nil {
		w.Errorf("a change that is there already was not noticed: %v", err)
	}
}

func verdictTold(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	a.redeem(t, 1)
	lost := b.redeem(t, 1)
	a.push(1)
	b.push(1) // nobody heard the answer
	told := 0
	for _, r := range b.pull("", 2000).Records {
		if r.Verdict != nil {
			told++
			w.expect("uid", r.Verdict.Uid, lost.UID)
			w.expect("verdict", r.Verdict.Verdict, terminal.Overrun)
		}
	}
	w.expect("verdicts", told, 1)
	for _, r := range a.pull("", 2000).Records {
		if r.Verdict != nil {
			w.Error("another terminal's verdict was told")
		}
	}
}
