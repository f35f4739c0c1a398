package simulation

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
)

// asked is a request to redeem, as the terminal was while it decided.
type asked struct {
	from, until time.Time
	fresh       terminal.Freshness // of the cache, before it
	doubt       time.Duration      // see counter
}

// approved checks what can be said of an approval when it is shown, of what the terminal was like when it was decided: of one whose writing
// a power cut ended, that was a life before.
func (c *counter) approved(outcome terminal.Outcome, when asked) {
	e := outcome.Record.Entry
	offline := e.Assurance == terminal.Offline
	ctx := context.Background()
	for _, line := range e.Lines {
		v := c.voucherOf(line.Voucher)
		if !v.until.IsZero() && when.until.After(v.until.Add(when.doubt+time.Minute)) {
			c.violate(11, "till %d honoured %s, which had expired %v before (%s)", c.index, line.Voucher, when.until.Sub(v.until), e.Assurance)
		}
		c.world.mu.Lock()
		revoked := v.revoked
		c.world.mu.Unlock()
		switch {
		case offline && c.knew[line.Voucher] && c.world.cloud.awaits():
			c.violate(12, "till %d honoured %s, which it knew to be revoked before the cloud was put back, and not every till is heard", c.index, line.Voucher)
		case revoked.IsZero():
		case (offline || e.Assurance == terminal.Leased) && revoked.Before(when.fresh.ReachedEnd):
			c.violate(12, "till %d honoured %s, whose revocation its cache had", c.index, line.Voucher)
			row, err := c.station.Cache.Find(ctx, []terminal.Lookup{v.lookup})
			c.note("revoked at %v, and the cache, whole until %v, has %s (%v)", revoked, when.fresh.ReachedEnd, text(row.Voucher), err)
		case e.Assurance == terminal.Confirmed && revoked.Before(when.from):
			c.violate(12, "till %d honoured %s as %s after its revocation", c.index, line.Voucher, e.Assurance)
		}
		if offline && v.campaign.Offline != nil && v.campaign.Offline.Mode == terminal.ModeNever {
			c.violate(10, "till %d honoured %s alone", c.index, line.Voucher)
		}
	}
	if e.Assurance == terminal.Leased {
		c.spent(ctx, e, when)
	}
	if !offline {
		return
	}
	if age := when.until.Sub(when.fresh.ReachedEnd); when.fresh.ReachedEnd.IsZero() || age > 7*24*time.Hour+when.doubt+time.Minute {
		c.violate(12, "till %d honoured %s alone with a cache of %v ago", c.index, e.UID, age)
	}
	c.exposed(ctx, e)
}

// exposed holds a till against the policy for cards, from its entries themselves and from what the cloud itself said that it has.
func (c *counter) exposed(ctx context.Context, newest terminal.Entry) {
	if newest.Lines[0].Campaign != "card" {
		return
	}
	counts, err := c.station.Journal.Counts(ctx)
	if err != nil {
		c.failed("counting what is pending", err)
		return
	}
	arrived := uint64(0)
	c.line.set(func() { arrived = c.line.arrived })
	from := newest.Seq - min(newest.Seq, uint64(counts.Pending))
	pending, err := c.station.Journal.Entries(ctx, min(from, arrived), int(newest.Seq-min(newest.Seq, from, arrived))+10)
	if err != nil {
		c.failed("reading what is pending", err)
		return
	}
	sum, number := int64(0), int64(0)
	for _, record := range pending {
		e := record.Entry
		if e.Kind != terminal.EntryRedeem || e.Assurance != terminal.Offline || (record.Acked && e.Seq <= arrived) || e.Seq > newest.Seq || gone(record) {
			continue
		}
		number++
		for _, line := range e.Lines {
			for _, money := range []*terminal.Money{line.Price, line.Value, line.Amount} {
				if money != nil {
					sum += money.Minor
					break
				}
			}
		}
	}
	policy := c.voucherOf(newest.Lines[0].Voucher).campaign.Offline
	if own := newest.Lines[0].Amount.Minor; own > policy.PerRedemption.Minor || sum > policy.PerTerminal.Minor || number > policy.Count {
		c.violate(10, "till %d: %d of its own, %d in all in %d redemptions are at risk", c.index, own, sum, number)
	}
}

// gone reports that nothing of a redemption stands.
func gone(record terminal.Record) bool {
	for i, line := range record.Entry.Lines {
		if i >= len(record.Reversed) || record.Reversed[i] < line.Units {
			return false
		}
	}
	return true
}

func (w *world) voucherOf(id terminal.VoucherID) *voucher {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.vouchers {
		if v.issued.Voucher.ID == id {
			return v
		}
	}
	return &voucher{}
}

// book is everything that all tills recorded.
type book map[terminal.UID]terminal.Entry

// check holds the quiet world against the list.
func (w *world) check() {
	all, rows := book{}, w.rows()
	for _, c := range w.counters {
		c.remember(true)
		c.checkJournal(all)
		c.checkSlips()
		c.checkCache(rows)
	}
	w.checkReports()
	for _, c := range w.counters {
		c.checkGone(all)
	}
	w.checkArrived()
	w.checkAccounts(all, rows)
}

// checkJournal verifies a till's journal, and adds what it honoured to the book.
func (c *counter) checkJournal(all book) {
	ctx := context.Background()
	if _, err := journal.Verify(ctx, filepath.Join(c.folder, station.JournalName), nil); err != nil {
		c.violate(3, "till %d: %v", c.index, err)
	}
	records, err := c.station.Journal.Entries(ctx, 0, 100_000)
	c.must(err)
	net := map[terminal.VoucherID]int64{}
	for _, record := range records {
		e := record.Entry
		sign := map[terminal.EntryKind]int64{terminal.EntryRedeem: 1, terminal.EntryReverse: -1}[e.Kind]
		if sign == 0 {
			continue
		}
		all[e.UID] = e
		for _, line := range e.Lines {
			net[line.Voucher] += sign * line.Units
			if total := c.voucherOf(line.Voucher).issued.Voucher.Units; net[line.Voucher] > total || net[line.Voucher] < 0 {
				c.violate(4, "till %d, entry %d: %d of the %d units of %s are used", c.index, e.Seq, net[line.Voucher], total, line.Voucher)
			}
		}
	}
}

// checkSlips looks for each redemption's slip on the paper.
func (c *counter) checkSlips() {
	paper := c.paper.all()
	for uid := range c.promised {
		if c.restored() && c.backup.waiting[uid] {
			continue // it came out of the printer after the backup, which nobody knows who has only the backup
		}
		jobs, err := c.station.Journal.JobsOf(context.Background(), uid)
		if err != nil || len(jobs) == 0 {
			c.violate(13, "till %d has no slip for %s (%v)", c.index, uid, err)
			continue
		}
		for _, job := range jobs {
			printed := bytes.Count(paper, job.Bytes)
			switch {
			case printed > 1 && (job.Duplicate == 0 || !c.restored()): // who was put back may have printed a second one before
				c.violate(13, "till %d printed slip %d of %s %d times", c.index, job.Duplicate, uid, printed)
			case printed == 0 && (job.State == terminal.JobSent || job.State == terminal.JobPrinted):
				c.violate(13, "till %d says of slip %d of %s that it is %s, and it is not", c.index, job.Duplicate, uid, job.State)
			case printed == 1 && job.State == terminal.JobQueued:
				c.violate(13, "till %d would print slip %d of %s a second time", c.index, job.Duplicate, uid)
			case job.Duplicate > 0 && !bytes.Contains(job.Bytes, []byte("DUPLICATE")):
				c.violate(13, "till %d: the second slip of %s does not say so", c.index, uid)
			}
		}
	}
}

// rows is what the cloud says of each voucher. But for what goes with a terminal's own journal it says the same to all.
func (w *world) rows() map[terminal.VoucherID]terminal.Row {
	ctx := context.Background()
	asks, err := w.cloud.storage.TerminalByKey(ctx, w.counters[0].station.Journal.Identity().PublicKey)
	w.must(err)
	all := map[terminal.VoucherID]terminal.Row{}
	for _, v := range w.vouchers {
		found, err := w.cloud.storage.Lookup(ctx, asks, []terminal.Lookup{v.lookup})
		w.must(err)
		for _, row := range found {
			all[row.Voucher.ID] = row
		}
	}
	return all
}

// checkCache compares a till's cache with the cloud.
func (c *counter) checkCache(cloud map[terminal.VoucherID]terminal.Row) {
	for _, v := range c.vouchers {
		row, err := c.station.Cache.Find(context.Background(), []terminal.Lookup{v.lookup})
		known, ok := cloud[v.issued.Voucher.ID]
		if err != nil || !ok {
			c.violate(8, "till %d does not know %s (%v), or the cloud does not", c.index, v.issued.Voucher.ID, err)
			continue
		}
		here, there := text(row.Voucher)+text(row.Campaign), text(known.Voucher)+text(known.Campaign)
		if here != there {
			c.violate(8, "till %d knows\n  %s\nand the cloud\n  %s", c.index, here, there)
		}
	}
}

func text(of any) string {
	raw, err := json.Marshal(of)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// checkArrived compares the heads: a head's hash is that of all before it.
func (w *world) checkArrived() {
	ctx := context.Background()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.cloud.folder, sqlite.FileName)+"?mode=ro")
	w.must(err)
	defer db.Close()
	for _, c := range w.counters {
		head, err := c.station.Journal.Head(ctx)
		w.must(err)
		identity := c.station.Journal.Identity()
		var there entry.Place
		var hash []byte
		var entries, uids uint64
		asides := 1
		if c.restored() {
			asides = 0 // what it left behind is kept beside what goes on
		}
		w.must(db.QueryRow("SELECT head_seq, head_hash FROM terminal WHERE public_key = ?", []byte(identity.PublicKey)).Scan(&there.Seq, &hash))
		w.must(db.QueryRow(`SELECT count(*), count(DISTINCT uid) FROM entry e JOIN terminal t ON t.id = e.terminal
			WHERE public_key = ? AND aside <= ?`, []byte(identity.PublicKey), asides).Scan(&entries, &uids))
		if there.Seq != head.Seq || !bytes.Equal(hash, head.Hash[:]) || entries != head.Seq || uids != head.Seq {
			w.violate(2, "till %d has %d entries; the cloud says %d, and has %d with %d uids", c.index, head.Seq, there.Seq, entries, uids)
		}
	}
}

// account is what was honoured of one voucher, of one campaign, or on one business day.
type account struct{ redeemed, accepted, overrun, revoked, invalid, reversed int64 }

// checkAccounts holds what the cloud reports against what the tills recorded.
func (w *world) checkAccounts(all book, rows map[terminal.VoucherID]terminal.Row) {
	here, there := map[string]*account{}, map[string]*account{}
	add := func(to map[string]*account, line terminal.EntryLine, day terminal.Date, change func(*account)) {
		for _, key := range []string{line.Voucher.String(), line.Campaign, day.String()} {
			if to[key] == nil {
				to[key] = &account{}
			}
			change(to[key])
		}
	}
	for _, e := range all {
		for _, line := range e.Lines {
			add(here, line, e.BusinessDay, func(a *account) {
				if e.Kind == terminal.EntryRedeem {
					a.redeemed += line.Units
				} else {
					a.reversed += line.Units
				}
			})
		}
	}
	seen := map[terminal.UID]int{}
	reversible, broken := map[terminal.VoucherID]bool{}, map[terminal.VoucherID]bool{}
	err := w.cloud.storage.Redemptions(context.Background(), cloud.RedemptionFilter{Merchant: merchantID}, func(r cloud.Redemption) error {
		seen[r.UID]++
		for _, line := range r.Lines {
			asLine := terminal.EntryLine{Voucher: line.Voucher, Campaign: line.Campaign}
			if r.Kind == terminal.EntryReverse {
				reversible[line.Voucher] = true
				add(there, asLine, r.BusinessDay, func(a *account) { a.reversed += line.Units })
				continue
			}
			add(there, asLine, r.BusinessDay, func(a *account) {
				a.redeemed += line.Units
				a.accepted, a.overrun, a.revoked, a.invalid = a.accepted+line.Accepted, a.overrun+line.Overrun, a.revoked+line.Revoked, a.invalid+line.Invalid
			})
			if line.Accepted+line.Overrun+line.Revoked+line.Invalid != line.Units || line.Invalid > 0 || line.Reversed > line.Units {
				w.violate(7, "redemption %s: of %d units %d accepted, %d overrun, %d revoked, %d invalid, %d reversed",
					r.UID, line.Units, line.Accepted, line.Overrun, line.Revoked, line.Invalid, line.Reversed)
			}
			if r.Assurance == terminal.Confirmed && !w.forgot(r.UID) && line.Accepted != line.Units {
				broken[line.Voucher] = true
				w.violate(5, "redemption %s of %s was confirmed, and is %d accepted, %d overrun, %d revoked", r.UID, line.Voucher, line.Accepted, line.Overrun, line.Revoked)
			}
			if r.Assurance == terminal.Leased && !w.forgot(r.UID) && !w.forgotLease(all[r.UID]) && line.Overrun > 0 {
				broken[line.Voucher] = true
				w.violate(6, "redemption %s of %s was leased, and %d units of it are overrun", r.UID, line.Voucher, line.Overrun)
			}
			w.count("verdict " + string(r.Verdict))
		}
		return nil
	})
	w.must(err)
	w.tellRedemptions(broken)
	for uid, e := range all {
		for _, line := range e.Lines {
			if broken[line.Voucher] {
				w.note("of %s %s %s %s, claim %q, lease %q", line.Voucher, line.Part, e.Kind, uid, e.Claim, e.Lease)
			}
		}
	}
	if len(seen) != len(all) {
		w.violate(2, "the tills made %d redemptions and reversals, the cloud lists %d", len(all), len(seen))
	}
	for uid, times := range seen {
		if times != 1 {
			w.violate(2, "%s is listed %d times", uid, times)
		}
	}
	for key, a := range here {
		b := there[key]
		if b == nil || a.redeemed != b.redeemed || a.reversed != b.reversed || b.redeemed != b.accepted+b.overrun+b.revoked+b.invalid {
			w.violate(7, "%s: the tills say %+v, the cloud %+v", key, *a, b)
		}
	}
	w.checkExceptions(there, reversible)
	w.checkLeft(all, rows)
	w.checkHub(all, reversible)
	if !w.cloud.wasBack {
		w.checkLeases(all, reversible)
	}
}

// tellRedemptions notes, for whoever looks for the cause, all that the cloud has of vouchers.
func (w *world) tellRedemptions(of map[terminal.VoucherID]bool) {
	if len(of) == 0 {
		return
	}
	w.must(w.cloud.storage.Redemptions(context.Background(), cloud.RedemptionFilter{Merchant: merchantID}, func(r cloud.Redemption) error {
		for _, line := range r.Lines {
			if of[line.Voucher] {
				w.note("of %s %s the cloud has %v %s by %s, %s: %d units, %d accepted, %d overrun, %d reversed", line.Voucher, line.Part, r.Kind, r.UID, r.Terminal,
					r.Assurance, line.Units, line.Accepted, line.Overrun, line.Reversed)
			}
		}
		return nil
	}))
	for id, l := range w.leases() {
		if of[l.voucher] {
			w.note("of %s lease %s of %d units by %s, %d spent, open %t, from %v until %v", l.voucher, id, l.units, l.terminal, l.spent, l.open, l.at, l.expires)
		}
	}
}

// checkReports finds what the cloud reports of journals that were copied or put back, and none that were not.
func (w *world) checkReports() {
	exceptions, err := w.cloud.storage.Exceptions(context.Background(), merchantID, false)
	w.must(err)
	for _, x := range exceptions {
		if !strings.HasPrefix(string(x.Kind), "journal_") && x.Kind != api.ExceptionClone {
			continue
		}
		for _, c := range w.counters {
			if x.Terminal == nil || *x.Terminal != c.name || x.Store == nil || *x.Store != c.store {
				continue
			}
			c.reported = true
			w.count(string(x.Kind))
			if !c.restored() {
				w.violate(3, "nobody copied or restored anything of till %d, and the cloud reports %s", c.index, x.Kind)
				w.note("what it reports: %s", text(x))
			}
		}
	}
}

// checkExceptions finds every overrun unit on the list of exceptions, and no more accepted than there are.
func (w *world) checkExceptions(there map[string]*account, reversed map[terminal.VoucherID]bool) {
	exceptions, err := w.cloud.storage.Exceptions(context.Background(), merchantID, false)
	w.must(err)
	units := map[string]int64{}
	for _, x := range exceptions {
		if x.Kind == api.ExceptionOverrun && x.Voucher != nil {
			units[x.Voucher.String()] += x.Units
		}
	}
	for _, v := range w.vouchers {
		id := v.issued.Voucher.ID
		a := there[id.String()]
		if a == nil {
			continue
		}
		if a.overrun != units[id.String()] {
			w.violate(7, "%s is overrun by %d units, and %d are exceptions", id, a.overrun, units[id.String()])
		}
		if !reversed[id] && a.accepted > v.issued.Voucher.Units {
			w.violate(7, "of the %d units of %s %d are accepted", v.issued.Voucher.Units, id, a.accepted)
		}
	}
}

// checkLeft holds what the cloud says is used of each voucher against what the tills recorded. A till that was put back to its backup may take
// back what it had taken back before: that has no effect beyond what was redeemed.
func (w *world) checkLeft(all book, rows map[terminal.VoucherID]terminal.Row) {
	type place struct {
		uid  terminal.UID
		line int
	}
	reversed, used := map[place]int64{}, map[terminal.VoucherID]int64{}
	for _, e := range all {
		for _, line := range e.Lines {
			if e.Kind == terminal.EntryReverse {
				reversed[place{e.About, line.Original}] += line.Units
			}
		}
	}
	for uid, e := range all {
		for i, line := range e.Lines {
			if e.Kind == terminal.EntryRedeem {
				used[line.Voucher] += max(0, line.Units-reversed[place{uid, i}])
			}
		}
	}
	for id, row := range rows {
		if row.Voucher.Used != used[id] {
			w.violate(7, "of %s the tills used %d units net, and the cloud says %d", id, used[id], row.Voucher.Used)
			w.tellRedemptions(map[terminal.VoucherID]bool{id: true})
		}
	}
}

// checkHub looks for units that a store's hub said yes to twice.
func (w *world) checkHub(all book, reversed map[terminal.VoucherID]bool) {
	granted := map[terminal.VoucherID]int64{}
	for _, e := range all {
		for _, line := range e.Lines {
			if e.Kind == terminal.EntryRedeem && e.Assurance == terminal.ByStore {
				granted[line.Voucher] += line.Units
			}
		}
	}
	for voucher, units := range granted {
		if total := w.voucherOf(voucher).issued.Voucher.Units; units > total && !reversed[voucher] {
			w.violate(5, "the hub said yes to %d of the %d units of %s", units, total, voucher)
		}
	}
}
