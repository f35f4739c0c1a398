package conformance

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

var limitTests = []test{
	{"a customer's limit counts entries, holds and reversals", customerLimit},
	{"a campaign's limit counts by store or everywhere", campaignLimit},
	{"a payment of a balance counts once", paymentsCount},
	{"counts reach the terminals they concern", countsInFeed},
	{"a limit that comes later counts what was used before", laterLimit},
	{"claims at once never exceed a limit", limitRace},
	{"one code proves its whole order, and nothing else", orderProof},
	{"limits that were exceeded apart are exceptions", overLimits},
	{"a reversal pays an exceeded limit off", overLimitPaidOff},
	{"an exceeded limit of payments", overLimitOfPayments},
	{"a redemption can be read by other terminals of the merchant", readRedemption},
}

// limited adds a campaign with limits to the merchant.
func (w *world) limited(id string, kind terminal.Kind, rules terminal.Rules) terminal.Campaign {
	w.Helper()
	c := lakeside()
	campaign := terminal.Campaign{ID: id, Name: text(id), Kind: kind, Currency: "EUR", Value: &terminal.Money{Minor: 5000, Currency: "EUR"}, Rules: rules}
	c.Campaigns = append(c.Campaigns, campaign)
	w.apply(c)
	return campaign
}

func (w *world) issueOf(campaign terminal.Campaign, facts cloud.Facts) ticket {
	w.Helper()
	issued, err := cloud.Prepare(w.Context(), w.storage, merchantID, campaign, facts, 1, rand.Reader, w.now)
	if err == nil {
		err = cloud.Store(w.Context(), w.storage, merchantID, issued)
	}
	if err != nil {
		w.Fatal(err)
	}
	return ticket{issued[0], token.LookupOf(w.key, issued[0].Code), token.InnerOf(w.key, issued[0].Code), campaign.Kind}
}

func onePerDay() terminal.Rules {
	return terminal.Rules{PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerDay}}
}

func customerLimit(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	spa := w.limited("spa", terminal.KindProduct, onePerDay())
	first, second := w.issueOf(spa, cloud.Facts{Customer: "ann"}), w.issueOf(spa, cloud.Facts{Customer: "ann"})
	others, nobodys := w.issueOf(spa, cloud.Facts{Customer: "ben"}), w.issueOf(spa, cloud.Facts{})
	uid := w.uid()
	w.expect("the first is held", a.claim(first, 1, uid).Granted, true)
	a.open = append(a.open, uid)
	w.expect("a hold counts", reason(b.claim(second, 1, w.uid())), terminal.CustomerLimit)
	w.expect("not for others", []bool{b.claim(others, 1, w.uid()).Granted, b.claim(nobodys, 1, w.uid()).Granted}, []bool{true, true})
	e := a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{a.line(first, 1, uid, "")}})
	a.last()
	refused := b.claim(second, 1, w.uid())
	w.expect("an entry counts", reason(refused), terminal.CustomerLimit)
	facts := refused.Findings[0].Facts
	w.expect("facts", []any{facts["count"], facts["per"], facts["used"]}, []any{1, "day", 1})
	third, fourth, bill := w.issueOf(spa, cloud.Facts{Customer: "cem"}), w.issueOf(spa, cloud.Facts{Customer: "cem"}), w.uid()
	w.expect("both lines of one claim count", reason(b.claimLines(bill, w.line(third, bill), w.line(fourth, bill))), terminal.CustomerLimit)
	a.reverse(e, 1)
	a.last()
	w.expect("what was reversed does not", b.claim(second, 1, w.uid()).Granted, true)
}

// line asks for one unit of a voucher whose code was shown.
func (w *world) line(t ticket, uid terminal.UID) terminal.ClaimLine {
	return terminal.ClaimLine{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}
}

func campaignLimit(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	here := w.limited("here", terminal.KindProduct, terminal.Rules{PerDay: &terminal.DayLimit{Count: 1, Store: true}})
	a.redeem(w.issueOf(here, cloud.Facts{}), 1)
	a.last()
	w.expect("in this store", reason(a.claim(w.issueOf(here, cloud.Facts{}), 1, w.uid())), terminal.CampaignLimit)
	w.expect("in another", b.claim(w.issueOf(here, cloud.Facts{}), 1, w.uid()).Granted, true)
	anywhere := w.limited("anywhere", terminal.KindProduct, terminal.Rules{PerDay: &terminal.DayLimit{Count: 1}})
	a.redeem(w.issueOf(anywhere, cloud.Facts{}), 1)
	a.last()
	w.expect("everywhere", reason(b.claim(w.issueOf(anywhere, cloud.Facts{}), 1, w.uid())), terminal.CampaignLimit)
}

func paymentsCount(w *world) {
	a := w.counter(quay)
	card := w.limited("gift", terminal.KindBalance, terminal.Rules{PerCustomer: &terminal.Limit{Count: 2, Per: terminal.PerEver}})
	t := w.issueOf(card, cloud.Facts{Customer: "ann"})
	e := a.redeem(t, 700)
	a.last()
	a.redeem(t, 800)
	a.last()
	w.expect("a third payment", reason(a.claim(t, 1, w.uid())), terminal.CustomerLimit)
	a.reverse(e, 300)
	a.last()
	w.expect("while a part of it stands", reason(a.claim(t, 1, w.uid())), terminal.CustomerLimit)
	a.reverse(e, 400)
	a.last()
	w.expect("once nothing of it stands", a.claim(t, 1, w.uid()).Granted, true)
}

func countsInFeed(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	rules := onePerDay()
	rules.PerDay = &terminal.DayLimit{Count: 5, Store: true}
	spa := w.limited("spa", terminal.KindProduct, rules)
	t := w.issueOf(spa, cloud.Facts{Customer: "ann", Order: "o1"})
	other := w.issueOf(spa, cloud.Facts{Customer: "ann", Order: "o1"})
	a.redeem(t, 1)
	a.last()
	counts := func(c *counter) (all []terminal.Count) {
		for _, record := range c.pull("", 2000).Records {
			if record.Count != nil {
				all = append(all, *record.Count)
			}
		}
		return all
	}
	day := terminal.Date{Year: 2026, Month: 11, Day: 21}
	anns := terminal.Count{Campaign: "spa", Customer: "ann", Day: day, Units: 1}
	quays := terminal.Count{Campaign: "spa", Store: quay, Day: day, Units: 1}
	w.expect("at the quay", counts(a), []terminal.Count{anns, quays})
	w.expect("at the harbour", counts(b), []terminal.Count{anns})
	row := b.row(t)
	w.expect("with a row", row.Counts, []terminal.Count{anns, quays})
	w.expect("siblings", row.Siblings, []terminal.VoucherID{other.Voucher.ID})
	w.expect("the order", row.Order, []terminal.Lookup{other.lookup})
}

func laterLimit(w *world) {
	a := w.counter(quay)
	spa := w.limited("spa", terminal.KindProduct, terminal.Rules{})
	a.redeem(w.issueOf(spa, cloud.Facts{Customer: "ann"}), 1)
	a.last()
	cursor := a.pull("", 2000).Cursor
	w.limited("spa", terminal.KindProduct, onePerDay())
	w.expect("the claim", reason(a.claim(w.issueOf(spa, cloud.Facts{Customer: "ann"}), 1, w.uid())), terminal.CustomerLimit)
	found := false
	for _, record := range a.pull(cursor, 2000).Records {
		found = found || (record.Count != nil && record.Count.Customer == "ann" && record.Count.Units == 1)
	}
	w.expect("the count is told", found, true)
}

func limitRace(w *world) {
	spa := w.limited("spa", terminal.KindProduct, terminal.Rules{PerCustomer: &terminal.Limit{Count: 3, Per: terminal.PerDay}})
	const counters = 8
	var claims [counters]func() bool
	for i := range claims {
		c, t, uid := w.counter(quay), w.issueOf(spa, cloud.Facts{Customer: "ann"}), w.uid()
		claims[i] = func() bool {
			answer, err := w.storage.Claim(w.Context(), c.Terminal, cloud.Claim{Claim: terminal.Claim{UID: uid,
				Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}}},
				Standing: cloud.Standing{Instance: c.instance, Counter: 1}, At: w.now})
			return err == nil && answer.Granted
		}
	}
	var group sync.WaitGroup
	var granted [counters]bool
	for i, claim := range claims {
		group.Go(func() { granted[i] = claim() })
	}
	group.Wait()
	sum := 0
	for _, yes := range granted {
		if yes {
			sum++
		}
	}
	w.expect("granted", sum, 3)
}

func orderProof(w *world) {
	a := w.counter(quay)
	shown, mate := w.issue("dinner", cloud.Facts{Order: "o1"}), w.issue("dinner", cloud.Facts{Order: "o1"})
	stranger := w.issue("dinner", cloud.Facts{Order: "o2"})
	alone := w.issue("dinner", cloud.Facts{})
	line := func(t ticket, by ticket, uid terminal.UID) terminal.ClaimLine {
		return terminal.ClaimLine{Lookup: t.lookup, Units: 1, Proof: token.Proof(by.inner, uid)}
	}
	for _, bad := range []ticket{stranger, alone} {
		uid := w.uid()
		w.expect("another order", reason(a.claimLines(uid, line(shown, shown, uid), line(bad, shown, uid))), terminal.BadSignature)
	}
	uid := w.uid()
	w.expect("without the code that was shown", reason(a.claimLines(uid, line(mate, shown, uid))), terminal.BadSignature)
	uid = w.uid()
	w.expect("together", a.claimLines(uid, line(shown, shown, uid), line(mate, shown, uid)).Granted, true)
	under := func(t, by ticket) terminal.EntryLine {
		l := a.line(t, 1, uid, "")
		l.Proof = token.Proof(by.inner, uid)
		return l
	}
	a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{under(shown, shown), under(mate, shown), under(stranger, shown)}})
	verdicts := a.push(a.place.Seq).Verdicts
	lines := verdicts[len(verdicts)-1].Lines
	w.expect("the entry", []int64{lines[0].Accepted, lines[1].Accepted, lines[2].Invalid}, []int64{1, 1, 1})
}

func readRedemption(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("swim", cloud.Facts{})
	e := a.redeem(t, 3)
	a.reverse(e, 1)
	if _, _, err := w.storage.Redemption(w.Context(), b.Terminal, e.UID); !errors.Is(err, cloud.ErrUnknown) {
		w.Fatalf("before it arrived: %v", err)
	}
	a.push(1)
	bytes, reversed, err := w.storage.Redemption(w.Context(), b.Terminal, e.UID)
	if err != nil {
		w.Fatal(err)
	}
	w.expect("the bytes", string(bytes), string(a.sealed[0].Bytes))
	w.expect("reversed", reversed, []int64{1})
	b.reverse(e, 2)
	b.last()
	w.expect("what others took back of it", []any{a.row(t).Undone, b.row(t).Undone}, []any{map[string]int64{"": 2}, map[string]int64(nil)})
}

// limitsOf are the exceptions about limits, as kind, state, units and what is paid off.
func (w *world) limitsOf() (all []string) {
	for _, x := range w.exceptions(false) {
		if x.Limit != nil {
			all = append(all, fmt.Sprintf("%s %s %d/%d used %d of %d", x.Kind, x.State, x.Paid, x.Units, x.Limit.Used, x.Limit.Count))
		}
	}
	return all
}

func overLimits(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	rules := onePerDay()
	rules.PerDay = &terminal.DayLimit{Count: 2}
	spa := w.limited("spa", terminal.KindProduct, rules)
	first := a.redeem(w.issueOf(spa, cloud.Facts{Customer: "ann"}), 1)
	a.last()
	w.expect("within", len(w.exceptions(false)), 0)
	shared := w.issueOf(spa, cloud.Facts{Customer: "ann"})
	second := b.redeem(shared, 1)
	w.expect("the verdict is about the voucher", b.last(), terminal.LineVerdict{Accepted: 1})
	w.expect("the customer's", w.limitsOf(), []string{"customer_limit open 0/1 used 2 of 1"})
	x := w.exceptions(true)[0]
	w.expect("both sides", []terminal.UID{x.Uses[0].Uid, x.Uses[1].Uid}, []terminal.UID{first.UID, second.UID})
	w.expect("worth", *x.AtRisk, terminal.Money{Minor: 3990, Currency: "EUR"})
	for _, c := range []*counter{a, b} {
		told := slices.ContainsFunc(c.pull("", 2000).Records, func(r api.FeedRecord) bool { return r.Exception != nil && r.Exception.Id == x.Id })
		w.expect(c.Store+" is told", told, true)
	}
	b.redeem(w.issueOf(spa, cloud.Facts{Customer: "ben"}), 1)
	b.last()
	w.expect("the campaign's", w.limitsOf()[1:], []string{"campaign_limit open 0/1 used 3 of 2"})
	a.redeem(shared, 1) // the same voucher again: one exception says it all
	verdict := a.last()
	w.expect("overrun", verdict.Overrun, 1)
	w.expect("no third about limits", len(w.limitsOf()), 2)
	var sum terminal.LineVerdict
	for _, r := range w.redemptions() {
		sum.Accepted, sum.Overrun = sum.Accepted+r.Lines[0].Accepted, sum.Overrun+r.Lines[0].Overrun
	}
	w.expect("every unit is accounted for", sum, terminal.LineVerdict{Accepted: 3, Overrun: 1})
}

func overLimitPaidOff(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	spa := w.limited("spa", terminal.KindProduct, terminal.Rules{PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerEver}})
	anns := func() ticket { return w.issueOf(spa, cloud.Facts{Customer: "ann"}) }
	first := a.redeem(anns(), 1)
	a.push(1)
	second, third := b.redeem(anns(), 1), b.redeem(anns(), 1)
	b.push(1)
	w.expect("two exceed it", w.limitsOf(), []string{"customer_limit open 0/1 used 2 of 1", "customer_limit open 0/1 used 3 of 1"})
	b.reverse(third, 1)
	b.last()
	w.expect("its own first", w.limitsOf(), []string{"customer_limit open 0/1 used 2 of 1", "customer_limit closed 1/1 used 3 of 1"})
	a.reverse(first, 1)
	a.last()
	w.expect("and any that keeps the limit again", w.limitsOf()[0], "customer_limit closed 1/1 used 2 of 1")
	b.reverse(second, 1)
	b.last()
	w.expect("nothing is paid twice", w.limitsOf()[0], "customer_limit closed 1/1 used 2 of 1")
}

func overLimitOfPayments(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	card := w.limited("gift", terminal.KindBalance, terminal.Rules{PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerDay}})
	t := w.issueOf(card, cloud.Facts{Customer: "ann"})
	a.redeem(t, 700)
	a.last()
	e := b.redeem(t, 800)
	w.expect("the card had it", b.last(), terminal.LineVerdict{Accepted: 800})
	w.expect("one payment too many", w.limitsOf(), []string{"customer_limit open 0/1 used 2 of 1"})
	b.reverse(e, 300)
	b.last()
	w.expect("while a part of it stands", w.limitsOf(), []string{"customer_limit open 0/1 used 2 of 1"})
	b.reverse(e, 500)
	b.last()
	w.expect("once nothing of it does", w.limitsOf(), []string{"customer_limit closed 1/1 used 2 of 1"})
}
