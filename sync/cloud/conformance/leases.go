package conformance

import (
	"errors"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var leaseTests = []test{
	{"what is leased others do not get", leasedIsHeld},
	{"what is spent under a lease is accepted, and no more", leaseIsSpent},
	{"an expiry returns nothing, and the journal past it does", leaseExpires},
	{"what is given up is free", leaseGivenUp},
	{"what is written off is free, and what was spent all the same is an overrun", leaseWrittenOff},
	{"who is heard all the same hears of a write-off, with its hub, and nobody else does", writeOffHeard},
	{"a reversal frees what was leased for everybody", leaseReversed},
	{"a claim of its own terminal is spent of the lease", leaseClaimed},
	{"a terminal gets no more leases than the campaign says", leaseMost},
	{"a limit per day is leased", leasedLimit},
	{"what is leased of a limit is counted once", limitCountedOnce},
	{"who is refused for what is only reserved is told so, and gets it back", limitWanted},
	{"a lease is void in another epoch, and what it held stays held until it is written off", leaseEpoch},
	{"nothing is leased before the journal is here", leaseBehind},
	{"a copy of a journal has no leases", leaseOfCopy},
}

// lendable is the catalogue with a campaign of each kind that can be leased from.
func (w *world) lendable() {
	w.Helper()
	c := lakeside()
	for i := range c.Campaigns {
		c.Campaigns[i].Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever, Lease: 2}
		if c.Campaigns[i].ID == "dinner" {
			c.Campaigns[i].Rules.PerDay = &terminal.DayLimit{Count: 5}
		}
	}
	w.apply(c)
}

func (c *counter) ask(want ...cloud.LeaseWant) []cloud.Lease {
	c.Helper()
	return c.lease(cloud.LeaseRequest{Want: want})
}

func (c *counter) lease(request cloud.LeaseRequest) []cloud.Lease {
	c.Helper()
	open, err := c.tryLease(request)
	if err != nil {
		c.Fatal(err)
	}
	return open
}

func (c *counter) tryLease(request cloud.LeaseRequest) ([]cloud.Lease, error) {
	told := c.tellsEnd
	c.tellsEnd = true
	request.Standing, request.At = c.standing(), c.tick()
	c.tellsEnd = told
	return c.storage.Lease(c.Context(), c.Terminal, request)
}

// swims leases units of a new pass of ten to a.
func (c *counter) swims(units int64) (ticket, cloud.Lease) {
	c.Helper()
	c.lendable()
	pass := c.issue("swim", cloud.Facts{})
	open := c.ask(cloud.LeaseWant{Voucher: pass.Voucher.ID, Units: units})
	if len(open) != 1 || open[0].Units != units {
		c.Fatalf("%d units were to be leased, and there is %+v", units, open)
	}
	return pass, open[0]
}

// under writes the redemption of units under a lease, as of a time.
func (c *counter) under(t ticket, units int64, lease cloud.Lease, at time.Time) terminal.Entry {
	c.Helper()
	uid := c.uid()
	return c.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Assurance: terminal.Leased, Lease: lease.ID, Lower: at, Upper: at,
		Lines: []terminal.EntryLine{c.line(t, units, uid, "")}})
}

func leasedIsHeld(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(7)
	w.expect("its day and end", []any{lease.Day, lease.Epoch, lease.After, lease.Expires.After(w.now)}, []any{today, 1, 0, true})
	answer := b.claim(pass, 4, w.uid())
	w.expect("a claim", reason(answer), terminal.HeldElsewhere)
	w.expect("what it says is left", answer.Findings[0].Facts["left"], 3)
	w.expect("the rest", b.claim(pass, 3, w.uid()).Granted, true)
	b.redeem(pass, 4)
	verdict := b.last()
	w.expect("offline over it", []any{verdict.Accepted, verdict.Overrun}, []any{3, 1})
	w.expect("asked again", len(a.ask(cloud.LeaseWant{Voucher: pass.Voucher.ID, Units: 7})), 1)
	w.expect("it is wanted", a.ask()[0].Wanted, true)
}

func leaseIsSpent(w *world) {
	a := w.counter(quay)
	pass, lease := a.swims(3)
	a.under(pass, 2, lease, w.now)
	w.expect("under the lease", a.last(), terminal.LineVerdict{Accepted: 2})
	w.revoke(pass)
	a.under(pass, 2, lease, w.now)
	w.expect("more than is left of it, of a voucher that was revoked", a.last(), terminal.LineVerdict{Accepted: 1, Revoked: 1})
	w.expect("spent", a.ask()[0].Spent, 3)
}

func leaseExpires(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(10)
	late := lease.Expires.Add(time.Minute)
	w.expect("long after", reason(b.claim(pass, 1, w.uid())), terminal.HeldElsewhere)
	a.under(pass, 1, lease, lease.Expires)
	a.write(terminal.Entry{Kind: terminal.EntryDecline, Reason: terminal.NotFound, Reasons: []terminal.Reason{terminal.NotFound}, Lower: late, Upper: late})
	w.expect("spent in time", a.push(1).Verdicts[0].Lines[0], terminal.LineVerdict{Accepted: 1})
	w.expect("open leases", len(a.ask()), 0)
	w.expect("the rest is free", b.claim(pass, 9, w.uid()).Granted, true)
	a.under(pass, 1, lease, late)
	w.expect("spent too late", a.last().Overrun, 1)
}

func leaseGivenUp(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(10)
	b.redeem(pass, 2)
	w.expect("offline meanwhile", b.last().Overrun, 2)
	a.under(pass, 1, lease, w.now)
	if _, err := a.tryLease(cloud.LeaseRequest{GivenUp: []string{lease.ID}}); !errors.Is(err, cloud.ErrBehind) {
		w.Fatalf("units were returned before it was known what was spent of them: %v", err)
	}
	w.expect("the claim", b.claim(pass, 1, w.uid()).Granted, false)
	a.push(1)
	w.expect("open leases", len(a.lease(cloud.LeaseRequest{GivenUp: []string{lease.ID}})), 0)
	w.expect("free", b.claim(pass, 7, w.uid()).Granted, true)
	open, err := w.storage.Exceptions(w.Context(), merchantID, true)
	if err != nil || len(open) != 0 {
		w.Errorf("an overrun that only the lease had made is still open: %+v, %v", open, err)
	}
}

func leaseWrittenOff(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(10)
	listed, err := w.storage.Leases(w.Context(), merchantID)
	if err != nil || len(listed) != 1 || listed[0].ID != lease.ID || listed[0].Terminal != a.Name || listed[0].Units != 10 || listed[0].Voucher != pass.Voucher.ID {
		w.Fatalf("listed are %+v (%v)", listed, err)
	}
	if err := w.storage.WriteOffLease(w.Context(), merchantID, lease.ID, w.now); err != nil {
		w.Fatal(err)
	}
	if err := w.storage.WriteOffLease(w.Context(), merchantID, lease.ID, w.now); !errors.Is(err, cloud.ErrUnknown) {
		w.Fatalf("written off twice: %v", err)
	}
	b.redeem(pass, 10)
	w.expect("another", b.last(), terminal.LineVerdict{Accepted: 10})
	a.under(pass, 1, lease, w.now)
	w.expect("its terminal", a.last().Overrun, 1)
	if told := w.exceptions(true); len(told) != 1 || told[0].Kind != api.ExceptionOverrun {
		w.Errorf("a manager is told of %+v", told)
	}
}

// A counter that was believed lost would go on spending what others may have, or its store's hub would refuse them.
func writeOffHeard(w *world) {
	hub, a, b := w.counter(quay), w.counter(quay), w.counter(quay)
	_, lease := a.swims(10)
	w.appoint(quay, hub.Name, "")
	report := w.leases()[0]
	w.expect("may be in use, as far as it was heard", []any{report.HeardAt != nil, report.InUse(*report.HeardAt), report.InUse(report.HeardAt.Add(time.Hour))}, []any{true, true, false})
	cursors := map[*counter]string{}
	for _, c := range []*counter{hub, a, b} {
		page, err := w.storage.Feed(w.Context(), c.Terminal, "", 2000)
		if err != nil {
			w.Fatal(err)
		}
		cursors[c] = page.Cursor
	}
	if err := w.storage.WriteOffLease(w.Context(), merchantID, lease.ID, w.tick()); err != nil {
		w.Fatal(err)
	}
	ended := map[*counter][]string{}
	for c, cursor := range cursors {
		page, err := w.storage.Feed(w.Context(), c.Terminal, cursor, 2000)
		if err != nil {
			w.Fatal(err)
		}
		for _, record := range page.Records {
			if record.EndedLease != nil {
				ended[c] = append(ended[c], *record.EndedLease)
			}
		}
		if c != hub {
			continue
		}
		w.expect("its hub asks again", hubsIn(page), 1)
		for _, peer := range page.Peers {
			w.expect("leased to "+peer.Terminal+", as the hub is told", len(*peer.Leases), 0)
		}
	}
	w.expect("who hears", []any{ended[a], len(ended)}, []any{[]string{lease.ID}, 1})
	_, lease = a.swims(1)
	if _, err := w.storage.Suspend(w.Context(), merchantID, quay, a.Name, true); err != nil {
		w.Fatal(err)
	}
	if listed := w.leases(); len(listed) != 1 || listed[0].HeardAt != nil {
		w.Errorf("who is suspended spends nothing: %+v", listed)
	}
}

func leaseReversed(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(10)
	sold := a.under(pass, 10, lease, w.now)
	a.last()
	a.reverse(sold, 4)
	a.last()
	w.expect("to others", b.claim(pass, 4, w.uid()).Granted, true)
	a.under(pass, 1, lease, w.now)
	w.expect("under the lease again", a.last().Overrun, 1)
}

func leaseClaimed(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	pass, lease := a.swims(3)
	b.redeem(pass, 7)
	b.last()
	uid := w.uid()
	w.expect("its own claim", a.claim(pass, 3, uid).Granted, true)
	a.open = append(a.open, uid)
	a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{a.line(pass, 3, uid, "")}})
	w.expect("its entry", a.last(), terminal.LineVerdict{Accepted: 3})
	a.under(pass, 1, lease, w.now)
	w.expect("once more under the lease", a.last().Overrun, 1)
	w.expect("used", a.row(pass).Voucher.Used, 11)
}

func leaseMost(w *world) {
	a := w.counter(quay)
	w.lendable()
	var want []cloud.LeaseWant
	for range 3 {
		want = append(want, cloud.LeaseWant{Voucher: w.issue("swim", cloud.Facts{}).Voucher.ID, Units: 1})
	}
	plain := lakeside()
	w.expect("leases", len(a.ask(want...)), 2)
	w.apply(plain)
	dinner := w.issue("dinner", cloud.Facts{})
	w.expect("of a campaign that leases nothing", len(a.ask(cloud.LeaseWant{Voucher: dinner.Voucher.ID, Units: 1})), 2)
	w.expect("of a voucher that nobody has", len(a.ask(cloud.LeaseWant{Voucher: 77, Units: 1}, cloud.LeaseWant{Campaign: "none", Units: 1})), 2)
}

func leasedLimit(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	w.lendable()
	open := a.ask(cloud.LeaseWant{Campaign: "dinner", Units: 9}) // of five a day, two a terminal
	if len(open) != 1 || open[0].Units != 2 || open[0].Voucher != 0 {
		w.Fatalf("%+v", open)
	}
	for range 3 {
		b.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	b.push(1)
	w.expect("the sixth of the day, as far as others can know", reason(b.claim(w.issue("dinner", cloud.Facts{}), 1, w.uid())), terminal.CampaignLimit)
	w.expect("its own", a.claim(w.issue("dinner", cloud.Facts{}), 1, w.uid()).Granted, true)
	b.redeem(w.issue("dinner", cloud.Facts{}), 1) // alone, over what is leased
	b.last()
	a.redeem(w.issue("dinner", cloud.Facts{}), 1)
	a.redeem(w.issue("dinner", cloud.Facts{}), 1)
	a.push(1)
	exceptions, err := w.storage.Exceptions(w.Context(), merchantID, true)
	if err != nil || len(exceptions) != 1 || exceptions[0].Uses[len(exceptions[0].Uses)-1].Terminal != b.Name || exceptions[0].Uses[len(exceptions[0].Uses)-1].Store != harbour {
		w.Errorf("the one who took what was leased is to blame, and nobody else: %+v, %v", exceptions, err)
	}
	w.expect("spent", a.ask()[0].Spent, 2)
}

// capped has the dinner's limit be six a day and four a terminal.
func (w *world) capped() {
	w.Helper()
	c := lakeside()
	c.Campaigns[0].Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever, Lease: 4}
	c.Campaigns[0].Rules.PerDay = &terminal.DayLimit{Count: 6, Store: true}
	w.apply(c)
}

func limitCountedOnce(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	w.capped()
	want := []cloud.LeaseWant{{Campaign: "dinner", Units: 4}}
	var dinners []ticket
	for range 5 {
		dinners = append(dinners, w.issue("dinner", cloud.Facts{}))
		want = append(want, cloud.LeaseWant{Voucher: dinners[len(dinners)-1].Voucher.ID, Units: 1})
	}
	open := a.ask(want...)
	var ofLimit, ofVouchers int64
	for _, l := range open {
		if l.Voucher == 0 {
			ofLimit += l.Units
		} else {
			ofVouchers += l.Units
		}
	}
	w.expect("as many vouchers as of the limit", []any{ofLimit, ofVouchers}, []any{4, 4})
	for range 2 {
		b.open = append(b.open, w.uid())
		w.expect("the rest is free", b.claim(w.issue("dinner", cloud.Facts{}), 1, b.open[len(b.open)-1]).Granted, true)
	}
	third := b.claim(w.issue("dinner", cloud.Facts{}), 1, w.uid())
	w.expect("no more", reason(third), terminal.CampaignLimit)
	for _, t := range dinners[:4] {
		uid := w.uid()
		a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Assurance: terminal.Leased, Lease: open[0].ID, Lower: w.now, Upper: w.now,
			Lines: []terminal.EntryLine{a.line(t, 1, uid, "")}})
		w.expect("spent", a.last(), terminal.LineVerdict{Accepted: 1})
	}
	w.expect("nothing is left", len(a.ask(want...)), len(a.ask()))
	w.expect("and nothing was too much", len(w.exceptions(true)), 0)
}

func limitWanted(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	w.capped()
	lease := a.ask(cloud.LeaseWant{Campaign: "dinner", Units: 4})[0]
	for range 2 {
		b.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	b.push(1)
	dinner := w.issue("dinner", cloud.Facts{})
	refused := b.claim(dinner, 1, w.uid())
	facts := refused.Findings[0].Facts
	w.expect("refused", []any{reason(refused), facts["used"], facts["reserved"], facts["count"]}, []any{terminal.CampaignLimit, 2, 4, 6})
	w.expect("the other hears that it is wanted", a.ask()[0].Wanted, true)
	a.lease(cloud.LeaseRequest{GivenUp: []string{lease.ID}})
	w.expect("free", b.claim(dinner, 1, w.uid()).Granted, true)
	pass, _ := a.swims(10)
	named := b.claim(pass, 1, w.uid()).Findings[0]
	w.expect("a voucher's", []any{named.Reason, named.Facts["reserved"], named.Facts["terminal"], named.Facts["store"]},
		[]any{terminal.HeldElsewhere, 10, a.Name, "Lakeside quay"})
	if _, silent := named.Facts["seen"]; silent || named.Facts["until"] == nil {
		w.Errorf("of who is online it says %v", named.Facts)
	}
	if err := w.storage.Seen(w.Context(), a.Terminal, w.tick()); err != nil {
		w.Fatal(err)
	}
	heard := w.now
	w.now = w.now.Add(20 * time.Hour)
	named = b.claim(pass, 1, w.uid()).Findings[0]
	w.expect("of who was not heard since it was over", []any{named.Reason, named.Facts["until"], named.Facts["seen"]}, []any{terminal.HeldElsewhere, nil, heard})
}

func leaseEpoch(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	w.lendable()
	kept, spent := w.issue("swim", cloud.Facts{}), w.issue("swim", cloud.Facts{})
	leases := a.ask(cloud.LeaseWant{Voucher: kept.Voucher.ID, Units: 10})
	w.expect("leased", len(a.ask(cloud.LeaseWant{Voucher: spent.Voucher.ID, Units: 10})), 2)
	restored := a.copied()
	a.under(spent, 2, cloud.Lease{}, w.now) // after the backup, and only its hub has heard of it
	restored.begin(api.Head{Epoch: restored.place.Epoch, Hash: restored.place.Hash[:]})
	restored.pushAt(1)
	w.expect("open leases", len(restored.ask(cloud.LeaseWant{Voucher: kept.Voucher.ID, Units: 1})), 0)
	for _, asks := range []*counter{restored, b} {
		w.expect("what the line before may have spent",
			[]bool{asks.claimAt(kept).Granted, asks.claimAt(spent).Granted}, []bool{false, false})
	}
	w.expect("what it had spent", a.push(1).Verdicts[0].Verdict, terminal.Accepted)
	w.expect("to be written off", len(w.leases()), 2)
	w.expect("still spent by nobody", []any{w.leases()[0].HeardAt, w.leases()[1].HeardAt}, []any{(*time.Time)(nil), (*time.Time)(nil)})
	if err := w.storage.WriteOffLease(w.Context(), merchantID, leases[0].ID, w.now); err != nil {
		w.Fatal(err)
	}
	w.expect("free once it is written off", b.claim(kept, 10, w.uid()).Granted, true)
}

func (w *world) leases() []cloud.LeaseReport {
	w.Helper()
	all, err := w.storage.Leases(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func leaseBehind(w *world) {
	a := w.counter(quay)
	w.lendable()
	pass := w.issue("swim", cloud.Facts{})
	a.redeem(pass, 10)
	if _, err := a.tryLease(cloud.LeaseRequest{Want: []cloud.LeaseWant{{Voucher: pass.Voucher.ID, Units: 1}}}); !errors.Is(err, cloud.ErrBehind) {
		w.Fatalf("what it has used itself was leased: %v", err)
	}
	a.push(1)
	w.expect("used up", len(a.ask(cloud.LeaseWant{Voucher: pass.Voucher.ID, Units: 1})), 0)
}

func leaseOfCopy(w *world) {
	a := w.counter(quay)
	pass, lease := a.swims(2)
	a.under(pass, 1, lease, w.now)
	a.push(1)
	restored := *a
	restored.instance, restored.place = "another start", a.places[0]
	if open, err := restored.tryLease(cloud.LeaseRequest{}); !errors.Is(err, cloud.ErrBehind) || len(open) != 0 {
		w.Errorf("a journal from an older backup is told of leases: %+v, %v", open, err)
	}
}
