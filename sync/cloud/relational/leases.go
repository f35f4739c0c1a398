package relational

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// A lease is spent by whatever its terminal redeems of the voucher, or of the campaign on that day, in entries after the one that was its
// newest when it asked. Terminal and cloud count that from the same entries, so that they cannot disagree about what is left. What is
// open and not spent is held from everybody else as a claim's units are; its own terminal's claims may draw on it. A journal that goes on in
// a new epoch has no leases: it is a restored or a copied one, and what the line that it left spent is known to none who write it. That may
// be on its way, in the hub's hands or on a disk that comes back: so what was leased in an earlier epoch is held from the new one as well,
// until somebody writes it off.

// lessee is who may spend what is leased to a terminal: its journal in one epoch.
type lessee struct {
	terminal int64
	epoch    uint32
}

// nobody has leased anything.
var nobody = lessee{}

// lessee is the terminal as of its newest epoch here, or of the later one that it says it is in.
func (c *change) lessee(t cloud.Terminal, standing cloud.Standing) (l lessee, err error) {
	l.terminal = t.ID
	err = first(c, askEpoch(t)).Scan(&l.epoch)
	if standing.Journal != nil {
		l.epoch = max(l.epoch, standing.Journal.Epoch)
	}
	return l, err
}

// lease is an open one.
type lease struct {
	id       string
	terminal int64
	voucher  terminal.VoucherID
	part     string
	campaign string
	store    string
	day      string
	units    int64
	spent    int64
	epoch    uint32
	after    uint64
	wanted   bool
	granted  time.Time
	expires  time.Time
}

func (l lease) left() int64 { return max(0, l.units-l.spent) }

const leaseColumns = "id, terminal, voucher, part, campaign, store, day, units, spent, epoch, after, wanted <> 0, granted_at, expires_at"

// openLeases are the open leases that condition picks.
func openLeases(q Querier, condition string, args ...any) (all []lease, err error) {
	err = each(q, func(rows Rows) error {
		var l lease
		var voucher, granted, expires int64
		err := rows.Scan(&l.id, &l.terminal, &voucher, &l.part, &l.campaign, &l.store, &l.day, &l.units, &l.spent, &l.epoch, &l.after, &l.wanted,
			&granted, &expires)
		l.voucher, l.granted, l.expires = terminal.VoucherID(voucher), fromMicros(granted), fromMicros(expires)
		all = append(all, l)
		return err
	}, "SELECT "+leaseColumns+" FROM lease WHERE state = 'open' AND "+condition+" ORDER BY granted_at, id", args...)
	return all, err
}

// Lease implements cloud.Storage.
func (s *Storage) Lease(ctx context.Context, t cloud.Terminal, request cloud.LeaseRequest) (open []cloud.Lease, err error) {
	err = s.write(ctx, func(c *change) error {
		open = nil
		from, err := c.heardAs(t, request.Standing.Instance)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if cloned, err := cloned(c, t.ID); err != nil || cloned || from.refused {
			return err // of two machines with one key each would spend all of it, or give up what the other counts on
		}
		head, err := c.head(t)
		if err != nil {
			return err
		}
		// What the terminal wrote before it asked must be judged first: it may have used what it asks for, or what it gives up. And one
		// whose journal ends elsewhere is a copy, or wrote more meanwhile.
		end := request.Standing.Journal
		if end == nil || end.Seq != head.Seq || end.Epoch != head.Epoch || (head.Seq > 0 && !bytes.Equal(end.Hash, head.Hash[:])) {
			return cloud.ErrBehind
		}
		before, err := openLeases(c, "terminal = ? AND epoch = ?", t.ID, head.Epoch)
		if err != nil {
			return err
		}
		if err := c.returnGivenUp(t, request); err != nil {
			return err
		}
		if awaited, err := unheard(c, t, request.At); err != nil {
			return err
		} else if awaited > 0 { // what is free here may be used elsewhere
			request.Want = nil
		}
		leasing := leasing{change: c, terminal: t, request: request, epoch: head.Epoch}
		for _, want := range request.Want {
			if err := leasing.grant(want); err != nil {
				return err
			}
		}
		all, err := openLeases(c, "terminal = ? AND epoch = ?", t.ID, head.Epoch)
		if err == nil && !slices.EqualFunc(before, all, func(a, b lease) bool { return a.id == b.id }) {
			err = c.tellHub(t.Merchant, t.Store) // it must not grant to others what is leased
		}
		if err != nil {
			return err
		}
		for _, l := range all {
			date, err := terminal.ParseDate(l.day)
			if err != nil {
				return err
			}
			open = append(open, cloud.Lease{Wanted: l.wanted, Lease: terminal.Lease{ID: l.id, Voucher: l.voucher, Part: l.part, Campaign: l.campaign,
				Day: date, Units: l.units, Expires: l.expires, Epoch: l.epoch, After: l.after, Spent: l.spent}})
		}
		return err
	})
	return open, err
}

// leasing is one request while it is decided.
type leasing struct {
	*change
	terminal cloud.Terminal
	request  cloud.LeaseRequest
	epoch    uint32
	store    *terminal.Store
	zone     *time.Location
}

func (g *leasing) lessee() lessee { return lessee{g.terminal.ID, g.epoch} }

// today is the store's business day, and when it ends.
func (g *leasing) today() (day terminal.Date, ends time.Time, err error) {
	if g.store == nil {
		var body []byte
		var store terminal.Store
		err := g.QueryRow("SELECT body FROM store WHERE merchant = ? AND id = ?", g.terminal.Merchant, g.terminal.Store).Scan(&body)
		if err == nil {
			err = json.Unmarshal(body, &store)
		}
		if err == nil {
			g.zone, err = store.Location()
		}
		if err != nil {
			return day, ends, err
		}
		g.store = &store
	}
	day = terminal.BusinessDay(g.request.At, g.zone, g.store.BusinessDayStarts)
	return day, day.AddDays(1).Begin(g.zone, g.store.BusinessDayStarts), nil
}

// grant leases what a terminal wants, as far as it is free, allowed and not more than the campaign says. What it cannot have it is not
// told of: it asks again when it needs it.
func (g *leasing) grant(want cloud.LeaseWant) error {
	if want.Units < 1 {
		return nil
	}
	var suspended bool
	if err := g.QueryRow("SELECT suspended FROM terminal WHERE id = ?", g.terminal.ID).Scan(&suspended); err != nil || suspended {
		return err
	}
	if want.Voucher == 0 {
		return g.grantLimit(want)
	}
	v, err := voucher(g, "id = ? AND merchant = ?", int64(want.Voucher), g.terminal.Merchant)
	if isUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	account, campaign, err := g.account(v, want.Part, g.lessee(), terminal.UID{})
	if err != nil || campaign.Offline == nil || account.Withdrawn || len(stateFindings(v.Voucher, campaign, g.terminal.Store)) > 0 {
		return err
	}
	mine, err := openLeases(g, "terminal = ? AND epoch = ? AND campaign = ? AND voucher <> 0", g.terminal.ID, g.epoch, campaign.ID)
	if err != nil {
		return err
	}
	has := slices.ContainsFunc(mine, func(l lease) bool { return l.voucher == v.ID && l.part == want.Part })
	if has || int64(len(mine)) >= campaign.Offline.Lease {
		return nil
	}
	units, err := g.free(v, campaign, min(want.Units, account.Free()))
	if err == nil && campaign.Rules.PerDay != nil {
		units, err = g.underLimit(campaign, mine, units)
	}
	if err != nil || units < 1 {
		return err
	}
	return g.insert(lease{voucher: v.ID, part: want.Part, campaign: campaign.ID, units: units}, v.Counted())
}

// free is how many of units the limits of a voucher leave.
func (g *leasing) free(v held, campaign terminal.Campaign, units int64) (int64, error) {
	row := terminal.Row{Voucher: v.Voucher, Campaign: campaign}
	day, _, err := g.today()
	if err != nil {
		return 0, err
	}
	for _, quota := range row.Quotas(g.terminal.Store, day) {
		if campaign.Kind == terminal.KindBalance {
			return 0, nil // of a balance each payment counts, and nobody knows how many there will be
		}
		if quota.Reason == terminal.CampaignLimit {
			continue // it is leased by itself
		}
		left, err := g.quotaLeft(campaign.Kind, quota)
		if err != nil {
			return 0, err
		}
		units = min(units, left)
	}
	return units, nil
}

// underLimit is how many of units the terminal could spend of its own lease of the campaign's limit, besides those of the vouchers that it has:
// a voucher reserves nothing of the limit, and more than that could be spent by nobody.
func (g *leasing) underLimit(campaign terminal.Campaign, mine []lease, units int64) (int64, error) {
	day, _, err := g.today()
	if err != nil {
		return 0, err
	}
	limits, err := openLeases(g, "terminal = ? AND epoch = ? AND campaign = ? AND voucher = 0 AND day = ?", g.terminal.ID, g.epoch, campaign.ID, day.String())
	return min(units, leftOf(limits)-leftOf(mine)), err
}

// quotaLeft is what is neither used of a quota, nor held, nor leased to others, nor to this terminal.
func (g *leasing) quotaLeft(kind terminal.Kind, quota terminal.Quota) (int64, error) {
	used, err := usedOf(g, g.terminal.Merchant, kind, quota)
	if err != nil {
		return 0, err
	}
	held, err := heldOf(g, g.terminal.Merchant, kind, quota, nobody, terminal.UID{})
	return quota.Count - used - held, err
}

// grantLimit leases units of a campaign's limit per day.
func (g *leasing) grantLimit(want cloud.LeaseWant) error {
	campaign, err := loadCampaign(g, g.terminal.Merchant, want.Campaign)
	if isUnknown(err) {
		return nil
	}
	if err != nil || campaign.Offline == nil || campaign.Rules.PerDay == nil ||
		len(stateFindings(terminal.Voucher{}, campaign, g.terminal.Store)) > 0 {
		return err
	}
	day, _, err := g.today()
	if err != nil {
		return err
	}
	mine, err := openLeases(g, "terminal = ? AND epoch = ? AND campaign = ? AND voucher = 0 AND day = ?", g.terminal.ID, g.epoch, campaign.ID, day.String())
	if err != nil {
		return err
	}
	units := min(want.Units, campaign.Offline.Lease)
	for _, l := range mine {
		units -= l.left()
	}
	for _, quota := range (terminal.Row{Campaign: campaign}).Quotas(g.terminal.Store, day) {
		if quota.Reason != terminal.CampaignLimit {
			continue
		}
		left, err := g.quotaLeft(campaign.Kind, quota)
		if err != nil {
			return err
		}
		units = min(units, left)
	}
	if units < 1 {
		return nil
	}
	return g.insert(lease{campaign: campaign.ID, units: units}, "")
}

func (g *leasing) insert(l lease, customer string) error {
	day, ends, err := g.today()
	if err != nil {
		return err
	}
	expires := g.request.At.Add(cloud.LeaseLife)
	if ends.Before(expires) {
		expires = ends
	}
	_, err = g.Exec(`INSERT INTO lease (id, merchant, terminal, voucher, part, campaign, customer, store, day, units, epoch, after, granted_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, "l"+rand.Text()[:16], g.terminal.Merchant, g.terminal.ID, int64(l.voucher), l.part,
		l.campaign, customer, g.terminal.Store, day.String(), l.units, g.epoch, int64(g.request.Standing.Journal.Seq), micros(g.request.At), micros(expires))
	return err
}

// returnGivenUp takes back what a terminal says it will spend nothing of. Its journal up to its word is here.
func (c *change) returnGivenUp(t cloud.Terminal, request cloud.LeaseRequest) error {
	if len(request.GivenUp) == 0 {
		return nil
	}
	mine, err := openLeases(c, "terminal = ? AND epoch = ?", t.ID, request.Standing.Journal.Epoch)
	if err != nil {
		return err
	}
	for _, l := range mine {
		if slices.Contains(request.GivenUp, l.id) {
			if err := c.endLease(l, "returned", request.At); err != nil {
				return err
			}
		}
	}
	return nil
}

// returnPast takes back the leases of a terminal that nothing after its entry e can be spent of: it was written after they expired. Everything
// before it is here.
func (c *change) returnPast(t cloud.Terminal, e terminal.Entry, at time.Time) error {
	if none, err := c.noLeases(t.Merchant); err != nil || none {
		return err
	}
	past, err := openLeases(c, "terminal = ? AND epoch = ? AND expires_at < ?", t.ID, e.Epoch, micros(e.Lower))
	if err != nil {
		return err
	}
	for _, l := range past {
		if err := c.endLease(l, "returned", at); err != nil {
			return err
		}
	}
	return nil
}

// endLease gives everybody what was not spent of a lease, and excuses what only it had made too much.
func (c *change) endLease(l lease, state string, at time.Time) error {
	if _, err := c.Exec("UPDATE lease SET state = ?, closed_at = ? WHERE id = ?", state, micros(at), l.id); err != nil {
		return err
	}
	if l.voucher == 0 || l.left() == 0 {
		return nil
	}
	return c.relieve(l.voucher, l.part, at)
}

// leasedBut is what is leased of a voucher, or of a part of it, to others than a lessee, and not spent. A terminal's own lease is not held from
// its own claim: what is redeemed of that is spent of the lease.
func leasedBut(q Querier, v terminal.VoucherID, part string, but lessee) (units int64, err error) {
	err = q.QueryRow(`SELECT coalesce(sum(CASE WHEN units > spent THEN units - spent ELSE 0 END), 0) FROM lease
		WHERE state = 'open' AND voucher = ? AND part = ? AND (terminal <> ? OR epoch < ?)`, int64(v), part, but.terminal, but.epoch).Scan(&units)
	return units, err
}

// leasedOf is what others than a lessee have leased of a quota: of a customer's, the vouchers that count under it; of a campaign's limit per day,
// what is leased of the limit itself. What a voucher's lease is spent for comes out of that, and must not be counted twice.
func leasedOf(q Querier, merchant string, quota terminal.Quota, but lessee) (units int64, err error) {
	query := `SELECT coalesce(sum(CASE WHEN units > spent THEN units - spent ELSE 0 END), 0) FROM lease WHERE `
	err = q.QueryRow(query+leasesOf(quota), but.terminal, merchant, quota.Campaign, quota.Days.From.String(), quota.Days.Through.String(),
		either(quota.Customer, quota.Store), but.epoch).Scan(&units)
	return units, err
}

// leasesOf picks the open leases of others than a lessee (?1 in epoch ?7) that a quota counts.
func leasesOf(quota terminal.Quota) string {
	picked := "state = 'open' AND (terminal <> ?1 OR epoch < ?7) AND merchant = ?2 AND campaign = ?3 AND day BETWEEN ?4 AND ?5" + of(quota)
	if quota.Customer == "" {
		picked += " AND voucher = 0"
	}
	return picked
}

// spending are the leases that a line of a redemption is spent of: of its voucher, and of its campaign's limit that day. idle is what else
// of the voucher is leased to its terminal, and not for this entry.
func (s *settling) spending(line terminal.EntryLine) (ofVoucher, ofLimit []lease, idle int64, err error) {
	if none, err := s.noLeases(s.terminal.Merchant); err != nil || none {
		return nil, nil, 0, err
	}
	mine, err := openLeases(s, "terminal = ? AND epoch >= ? AND (voucher = ? OR voucher = 0)", s.terminal.ID, s.entry.Epoch, int64(line.Voucher))
	for _, l := range mine {
		spends := !s.refused && l.epoch == s.entry.Epoch && l.after < s.entry.Seq && l.left() > 0
		// Its word that a lease had not expired counts only where its clock agrees.
		spends = spends && (s.entry.Assurance != terminal.Leased || !s.entry.Upper.After(l.expires))
		switch {
		case l.voucher == 0 && spends && l.campaign == line.Campaign && l.day == s.entry.BusinessDay.String():
			ofLimit = append(ofLimit, l)
		case l.voucher == 0 || l.part != line.Part:
		case spends:
			ofVoucher = append(ofVoucher, l)
		default:
			idle += l.left()
		}
	}
	return ofVoucher, ofLimit, idle, err
}

// leftOf is what is left of leases together.
func leftOf(leases []lease) (units int64) {
	for _, l := range leases {
		units += l.left()
	}
	return units
}

// spend takes units out of leases, the oldest first.
func (c *change) spend(leases []lease, units int64) error {
	for _, l := range leases {
		taken := min(units, l.left())
		if taken < 1 {
			continue
		}
		units -= taken
		if _, err := c.Exec("UPDATE lease SET spent = spent + ? WHERE id = ?", taken, l.id); err != nil {
			return err
		}
	}
	return nil
}

// want notes that a terminal was refused what others have leased.
func (c *change) want(v terminal.VoucherID, part string, asking lessee) error {
	_, err := c.Exec("UPDATE lease SET wanted = 1 WHERE state = 'open' AND wanted = 0 AND voucher = ? AND part = ? AND (terminal <> ? OR epoch < ?)",
		int64(v), part, asking.terminal, asking.epoch)
	return err
}

// wantOf notes that a terminal was refused what others have leased of a quota, and returns how much that is.
func (c *change) wantOf(merchant string, quota terminal.Quota, asking lessee) (units int64, err error) {
	if units, err = leasedOf(c, merchant, quota, asking); err != nil || units == 0 {
		return 0, err
	}
	_, err = c.Exec("UPDATE lease SET wanted = 1 WHERE "+leasesOf(quota), asking.terminal, merchant, quota.Campaign, quota.Days.From.String(),
		quota.Days.Through.String(), either(quota.Customer, quota.Store), asking.epoch)
	return units, err
}

// Leases implements cloud.Storage.
func (s *Storage) Leases(ctx context.Context, merchant string) (all []cloud.LeaseReport, err error) {
	err = s.read(ctx, func(q Querier) error {
		all = nil
		open, err := openLeases(q, "merchant = ?", merchant)
		if err != nil {
			return err
		}
		for _, l := range open {
			t, err := terminalBy(q, "id = ?", l.terminal)
			if err != nil {
				return err
			}
			day, err := terminal.ParseDate(l.day)
			if err != nil {
				return err
			}
			report := cloud.LeaseReport{ID: l.id, Store: t.Store, Terminal: t.Name, Campaign: l.campaign, Voucher: l.voucher, Part: l.part,
				Day: day, Units: l.units, Spent: l.spent, GrantedAt: l.granted, ExpiresAt: l.expires}
			var epoch uint32
			if err := first(q, askEpoch(t)).Scan(&epoch); err != nil {
				return err
			}
			if !t.Suspended && epoch == l.epoch && !t.LastSeen.IsZero() {
				report.HeardAt = &t.LastSeen
			}
			all = append(all, report)
		}
		return nil
	})
	return all, err
}

// WriteOffLease implements cloud.Storage.
func (s *Storage) WriteOffLease(ctx context.Context, merchant, id string, at time.Time) error {
	return s.write(ctx, func(c *change) error {
		open, err := openLeases(c, "merchant = ? AND id = ?", merchant, id)
		if err != nil {
			return err
		}
		if len(open) == 0 {
			return fmt.Errorf("lease %s: %w", id, cloud.ErrUnknown)
		}
		if err := c.endLease(open[0], "written_off", at); err != nil {
			return err
		}
		t, err := terminalBy(c, "id = ?", open[0].terminal)
		if err != nil {
			return err
		}
		// It may be heard all the same: then it must not spend what others may have from now on, and the store's hub must grant that.
		if err := c.Publish(merchant, "lease", id, t.Store, t.ID); err != nil {
			return err
		}
		return c.tellHub(merchant, t.Store)
	})
}
