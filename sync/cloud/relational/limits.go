package relational

import (
	"context"
	"encoding/json"
	"fmt"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// standing is what a line of a redemption still counts, as terminal.Kind.Counted says. The first parameter is whether a balance is.
const standing = "CASE WHEN ?1 THEN CASE WHEN units > reversed THEN 1 ELSE 0 END ELSE units - reversed END"

// usedOf is what redemptions used of a quota of a merchant.
func usedOf(q Querier, merchant string, kind terminal.Kind, quota terminal.Quota) (used int64, err error) {
	query := "SELECT coalesce(sum(" + standing + `), 0) FROM line
		WHERE kind = 1 AND invalid = 0 AND merchant = ?2 AND campaign = ?3 AND day BETWEEN ?4 AND ?5`
	err = q.QueryRow(query+of(quota), kind == terminal.KindBalance, merchant, quota.Campaign, quota.Days.From.String(),
		quota.Days.Through.String(), either(quota.Customer, quota.Store)).Scan(&used)
	if err != nil {
		return 0, err
	}
	// At a hub the lines are only those that the cloud does not count yet.
	var counted int64
	query = "SELECT coalesce(sum(units), 0) FROM counted WHERE ?1 = 0 AND merchant = ?2 AND campaign = ?3 AND day BETWEEN ?4 AND ?5"
	if quota.Customer == "" {
		query += " AND customer = ''"
	}
	err = q.QueryRow(query+of(quota), 0, merchant, quota.Campaign, quota.Days.From.String(),
		quota.Days.Through.String(), either(quota.Customer, quota.Store)).Scan(&counted)
	return used + counted, err
}

// heldOf is what claims for other entries hold of a quota, and what is leased of it to others than a lessee.
func heldOf(q Querier, merchant string, kind terminal.Kind, quota terminal.Quota, by lessee, uid terminal.UID) (used int64, err error) {
	query := `SELECT coalesce(sum(CASE WHEN ?1 THEN CASE WHEN units > 0 THEN 1 ELSE 0 END ELSE units END), 0) FROM hold
		WHERE campaign <> '' AND reverse IS NULL AND merchant = ?2 AND campaign = ?3 AND day BETWEEN ?4 AND ?5`
	err = q.QueryRow(query+of(quota)+" AND NOT (terminal = ?7 AND uid = ?8)", kind == terminal.KindBalance, merchant, quota.Campaign,
		quota.Days.From.String(), quota.Days.Through.String(), either(quota.Customer, quota.Store), by.terminal, uid[:]).Scan(&used)
	if err != nil {
		return 0, err
	}
	leased, err := leasedOf(q, merchant, quota, by)
	return used + leased, err
}

func of(quota terminal.Quota) string {
	switch {
	case quota.Customer != "":
		return " AND customer = ?6"
	case quota.Store != "":
		return " AND store = ?6"
	}
	return " AND ?6 = ''"
}

func either(customer, store string) string {
	if customer != "" {
		return customer
	}
	return store
}

// dayAt is the business day of a store at the time of a claim.
func (g *claiming) dayAt() (terminal.Date, error) {
	if g.day != (terminal.Date{}) {
		return g.day, nil
	}
	var body []byte
	var store terminal.Store
	err := g.QueryRow("SELECT body FROM store WHERE merchant = ? AND id = ?", g.terminal.Merchant, g.terminal.Store).Scan(&body)
	if err != nil {
		return g.day, err
	}
	if err := json.Unmarshal(body, &store); err != nil {
		return g.day, err
	}
	zone, err := store.Location()
	if err == nil {
		g.day = terminal.BusinessDay(g.claim.At, zone, store.BusinessDayStarts)
	}
	return g.day, err
}

// judgeQuotas holds a line of a claim against the limits of its voucher: what was used, what others hold, and the lines before it.
func (g *claiming) judgeQuotas(v held, campaign terminal.Campaign, units int64) (limited, error) {
	row := terminal.Row{Voucher: v.Voucher, Campaign: campaign}
	if len(row.Quotas("", terminal.Date{})) == 0 {
		return limited{}, nil
	}
	day, err := g.dayAt()
	if err != nil {
		return limited{}, err
	}
	asked := limited{g.terminal.Merchant, campaign.ID, v.Counted(), g.terminal.Store, day.String(), campaign.Kind.Counted(units)}
	said := map[terminal.Reason]bool{}
	for _, quota := range row.Quotas(g.terminal.Store, day) {
		used, err := usedOf(g, g.terminal.Merchant, campaign.Kind, quota)
		if err != nil {
			return asked, err
		}
		held, err := heldOf(g, g.terminal.Merchant, campaign.Kind, quota, g.asking, g.claim.UID)
		if err != nil {
			return asked, err
		}
		onBill := int64(0)
		for _, earlier := range g.limited {
			if earlier.campaign == quota.Campaign && (quota.Customer == "" || earlier.customer == quota.Customer) {
				onBill += earlier.units
			}
		}
		finding := quota.Finding(used+held, onBill, asked.units)
		if finding == nil || said[finding.Reason] {
			continue
		}
		leased, err := g.wantOf(g.terminal.Merchant, quota, g.asking)
		if err != nil {
			return asked, err
		}
		if leased > 0 && quota.Finding(used+held-leased, onBill, asked.units) == nil {
			finding.Facts = map[string]any{"count": quota.Count, "per": string(quota.Per), "used": used + held - leased, "reserved": leased}
		}
		said[finding.Reason] = true
		g.refuse(*finding)
	}
	return asked, nil
}

// limited is what a hold counts under limits; the zero value counts under none.
type limited struct {
	merchant, campaign, customer, store, day string
	units                                    int64
}

// publishCounts tells the terminals what a line that was redeemed or reversed changed under limits.
func (s *settling) publishCounts(v held, store string, day string) error {
	campaign, err := s.campaign(v.merchant, v.Campaign)
	if err != nil {
		return err
	}
	row := terminal.Row{Voucher: v.Voucher, Campaign: campaign}
	if !row.Limited() {
		return nil
	}
	date, err := terminal.ParseDate(day)
	if err != nil {
		return nil // an entry with a day that is none counts under no limit
	}
	for _, quota := range row.Quotas(store, date) {
		count := terminal.Count{Campaign: campaign.ID, Customer: quota.Customer, Day: date}
		if quota.Customer == "" {
			count.Store = store
		}
		ref, err := json.Marshal(count)
		if err != nil {
			return err
		}
		if err := s.Publish(v.merchant, "count", string(ref), quota.Store, 0); err != nil {
			return err
		}
	}
	return nil
}

// sameLimits reports whether two sets of rules count the same.
func sameLimits(a, b terminal.Rules) bool {
	if (a.PerCustomer == nil) != (b.PerCustomer == nil) || (a.PerDay == nil) != (b.PerDay == nil) {
		return false
	}
	return a.PerDay == nil || a.PerDay.Store == b.PerDay.Store
}

// publishAllCounts tells the terminals what was used before a campaign got its limits.
func (c *change) publishAllCounts(merchant string, campaign terminal.Campaign) error {
	for _, quota := range (terminal.Row{Campaign: campaign}).Quotas("", terminal.Date{}) {
		column := "customer"
		if quota.Reason == terminal.CampaignLimit {
			column = "store"
		}
		var counts []terminal.Count
		err := each(c, func(rows Rows) error {
			var who, day string
			if err := rows.Scan(&who, &day); err != nil {
				return err
			}
			date, err := terminal.ParseDate(day)
			count := terminal.Count{Campaign: campaign.ID, Customer: who, Day: date}
			if column == "store" {
				count.Customer, count.Store = "", who
			}
			counts = append(counts, count)
			return err
		}, "SELECT DISTINCT "+column+", day FROM line WHERE kind = 1 AND invalid = 0 AND merchant = ? AND campaign = ?", merchant, campaign.ID)
		if err != nil {
			return err
		}
		for _, count := range counts {
			ref, err := json.Marshal(count)
			if err != nil {
				return err
			}
			store := ""
			if limit := campaign.Rules.PerDay; limit != nil && limit.Store {
				store = count.Store
			}
			if err := c.Publish(merchant, "count", string(ref), store, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadCount is the state of a count now.
func loadCount(q Querier, merchant, ref string) (count terminal.Count, err error) {
	if err := json.Unmarshal([]byte(ref), &count); err != nil {
		return count, fmt.Errorf("the outbox holds the count %q: %w", ref, err)
	}
	campaign, err := loadCampaign(q, merchant, count.Campaign)
	if err != nil {
		return count, err
	}
	quota := terminal.Quota{Campaign: count.Campaign, Customer: count.Customer, Store: count.Store, Days: terminal.Days{From: count.Day, Through: count.Day}}
	count.Units, err = usedOf(q, merchant, campaign.Kind, quota)
	return count, err
}

// addRelated adds to a row the rest of its order, and what limits count.
func addRelated(q Querier, merchant string, row *terminal.Row) error {
	v := row.Voucher
	if v.Order != "" {
		err := each(q, func(rows Rows) error {
			var raw []byte
			var lookup terminal.Lookup
			err := rows.Scan(&raw)
			copy(lookup[:], raw)
			row.Order = append(row.Order, lookup)
			return err
		}, "SELECT lookup FROM voucher WHERE merchant = ? AND json_extract(body, '$.order') = ? AND id <> ? ORDER BY id", merchant, v.Order, int64(v.ID))
		if err != nil {
			return err
		}
	}
	customers, days := false, false
	for _, quota := range row.Quotas("", terminal.Date{}) {
		customers, days = customers || quota.Customer != "", days || quota.Customer == ""
	}
	if customers && v.Customer != "" {
		err := each(q, func(rows Rows) error {
			var id int64
			err := rows.Scan(&id)
			row.Siblings = append(row.Siblings, terminal.VoucherID(id))
			return err
		}, "SELECT id FROM voucher WHERE merchant = ? AND campaign = ? AND json_extract(body, '$.customer') = ? AND id <> ?",
			merchant, v.Campaign, v.Customer, int64(v.ID))
		if err != nil {
			return err
		}
	}
	if customers {
		if err := addCounts(q, merchant, row, "customer, '', day", "customer = ?4", v.Counted()); err != nil {
			return err
		}
	}
	if !days {
		return nil
	}
	// A terminal asks about its own business day, which is one of the newest three whatever its zone.
	return addCounts(q, merchant, row, "'', store, day", `?4 = '' AND day >= coalesce((SELECT min(day) FROM (SELECT DISTINCT day FROM line
		WHERE kind = 1 AND invalid = 0 AND merchant = ?2 AND campaign = ?3 ORDER BY day DESC LIMIT 3) AS newest), '')`, "")
}

// addUndone adds what other terminals reversed of the terminal's own redemptions of a voucher.
func addUndone(q Querier, t cloud.Terminal, v held, row *terminal.Row) error {
	if v.reversed == 0 {
		return nil
	}
	type undo struct {
		part  string
		units int64
		about terminal.UID
	}
	var undone []undo
	err := each(q, func(rows Rows) error {
		var raw []byte
		var u undo
		if err := rows.Scan(&raw, &u.part, &u.units); err != nil {
			return err
		}
		e, err := entry.Decode(raw)
		u.about = e.About
		undone = append(undone, u)
		return err
	}, `SELECT e.bytes, l.part, l.accepted FROM line l JOIN entry e ON e.ordinal = l.entry
		WHERE l.voucher = ? AND l.kind = `+kindReverse+` AND e.terminal <> ?`, int64(v.ID), t.ID)
	if err != nil {
		return err
	}
	for _, u := range undone {
		var own bool
		err := q.QueryRow("SELECT EXISTS (SELECT 1 FROM entry WHERE uid = ? AND terminal = ? AND kind = "+kindRedeem+")", u.about[:], t.ID).Scan(&own)
		if err != nil {
			return err
		}
		if own {
			if row.Undone == nil {
				row.Undone = map[string]int64{}
			}
			row.Undone[u.part] += u.units
		}
	}
	return nil
}

func addCounts(q Querier, merchant string, row *terminal.Row, by, where, value string) error {
	add := func(rows Rows) error {
		count := terminal.Count{Campaign: row.Campaign.ID}
		var day string
		err := rows.Scan(&count.Customer, &count.Store, &day, &count.Units)
		if err == nil {
			count.Day, err = terminal.ParseDate(day)
		}
		for i, known := range row.Counts {
			if known.Customer == count.Customer && known.Store == count.Store && known.Day == count.Day {
				row.Counts[i].Units += count.Units
				return err
			}
		}
		row.Counts = append(row.Counts, count)
		return err
	}
	err := each(q, add, "SELECT customer, store, day, units FROM counted WHERE merchant = ? AND campaign = ? AND customer = ?",
		merchant, row.Campaign.ID, value)
	if err != nil {
		return err
	}
	return each(q, add, "SELECT "+by+", sum("+standing+`) FROM line WHERE kind = 1 AND invalid = 0 AND merchant = ?2 AND campaign = ?3 AND `+where+`
		GROUP BY 1, 2, 3`, row.Campaign.Kind == terminal.KindBalance, merchant, row.Campaign.ID, value)
}

// Redemption implements cloud.Storage.
func (s *Storage) Redemption(ctx context.Context, t cloud.Terminal, uid terminal.UID) (bytes []byte, reversed []int64, err error) {
	err = s.read(ctx, func(q Querier) error {
		var ordinal int64
		bytes, reversed = nil, nil
		err := q.QueryRow(`SELECT e.ordinal, e.bytes FROM entry e JOIN terminal t ON t.id = e.terminal
			WHERE e.uid = ? AND t.merchant = ? AND e.kind = `+kindRedeem+` ORDER BY e.ordinal LIMIT 1`, uid[:], t.Merchant).
			Scan(&ordinal, &bytes)
		if err != nil {
			return unknown(err, "the redemption")
		}
		return each(q, func(rows Rows) error {
			var units int64
			err := rows.Scan(&units)
			reversed = append(reversed, units)
			return err
		}, "SELECT reversed FROM line WHERE entry = ? ORDER BY line", ordinal)
	})
	return bytes, reversed, err
}
