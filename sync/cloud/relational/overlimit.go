package relational

import (
	"math"
	"slices"
	"strconv"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A limit of a customer or a campaign that terminals exceeded while they were apart changes no verdict: the voucher itself was used as
// often as it allows. It is an exception of its own, about the units by which a line exceeds the limit in the order in which
// journals arrive. A reversal pays it off: that of its own line first, and any other as far as the limit is kept again.

// limitKinds are the exceptions about limits, by the reason that a claim would have been declined for.
var limitKinds = map[terminal.Reason]api.ExceptionKind{
	terminal.CustomerLimit: api.ExceptionCustomerLimit, terminal.CampaignLimit: api.ExceptionCampaignLimit,
}

// lastDay ends every period that has no end.
var lastDay = terminal.Date{Year: 9999, Month: 12, Day: 31}

// settledQuotas are the limits that a line of a business day counts under. Of what is counted ever, also what later days brought
// before it: journals arrive in any order.
func settledQuotas(v held, campaign terminal.Campaign, store, day string) []terminal.Quota {
	row := terminal.Row{Voucher: v.Voucher, Campaign: campaign}
	if !row.Limited() {
		return nil
	}
	date, err := terminal.ParseDate(day)
	if err != nil {
		return nil // an entry with a day that is none counts under no limit
	}
	quotas := row.Quotas(store, date)
	for i := range quotas {
		if quotas[i].Per == terminal.PerEver {
			quotas[i].Days.Through = lastDay
		}
	}
	return quotas
}

// holdLimits opens an exception for each sort of limit that a line exceeds by units that counted under it and were not leased (reserved) to its
// terminal. What is leased to others counts as used.
func (s *settling) holdLimits(v held, i int, line terminal.EntryLine, counted int64, reserved map[terminal.Reason]int64, day string) error {
	campaign, err := s.campaign(v.merchant, v.Campaign)
	if err != nil {
		return err
	}
	worst := map[terminal.Reason]terminal.UsedQuota{}
	over := map[terminal.Reason]int64{}
	for _, quota := range settledQuotas(v, campaign, s.terminal.Store, day) {
		used, err := usedOf(s, v.merchant, campaign.Kind, quota)
		if err != nil {
			return err
		}
		leased, err := leasedOf(s, v.merchant, quota, lessee{s.terminal.ID, s.entry.Epoch})
		if err != nil {
			return err
		}
		used += leased
		if excess := used - quota.Count; excess > over[quota.Reason] {
			over[quota.Reason], worst[quota.Reason] = excess, terminal.UsedQuota{Quota: quota, Used: used}
		}
	}
	for _, reason := range []terminal.Reason{terminal.CustomerLimit, terminal.CampaignLimit} {
		units := min(over[reason], counted-reserved[reason])
		if units < 1 {
			continue
		}
		if err := s.openLimit(reason, worst[reason], i, line, campaign.Kind, units); err != nil {
			return err
		}
	}
	return nil
}

// openLimit opens the exception of one limit, with the use that had filled it and the one that exceeds it.
func (s *settling) openLimit(reason terminal.Reason, quota terminal.UsedQuota, i int, line terminal.EntryLine, kind terminal.Kind, units int64) error {
	uses := []api.ExceptionUse{}
	earlier, err := s.filledBy(quota.Quota, i)
	if err != nil {
		return err
	}
	if earlier != nil {
		uses = append(uses, *earlier)
	}
	uses = append(uses, s.use(line))
	worth := units
	if kind == terminal.KindBalance { // one payment, whatever it was worth
		worth = line.Units
	}
	body := exceptionBody{Campaign: line.Campaign, AtRisk: cloud.AtRisk(line, worth), Uses: uses,
		Limit: &terminal.ExceptionLimit{Count: quota.Count, Per: quota.Per, Used: quota.Used}}
	return s.newException(s.terminal, limitKinds[reason], s.at, storesOf(uses), body, `entry, line, voucher, part, units`,
		s.ordinal, i, int64(line.Voucher), line.Part, units)
}

// storesOf are the stores that an exception concerns.
func storesOf(uses []api.ExceptionUse) []string {
	stores := []string{}
	for _, use := range uses {
		stores = append(stores, use.Store)
	}
	slices.Sort(stores)
	return slices.Compact(stores)
}

// filledBy is the newest use under a quota before the i-th line of this entry: of another entry, where there is one.
func (s *settling) filledBy(quota terminal.Quota, i int) (*api.ExceptionUse, error) {
	return scanUse(s, s.terminal.Merchant, s.QueryRow(`SELECT e.bytes, l.line, t.store, t.name FROM line l JOIN entry e ON e.ordinal = l.entry
		JOIN terminal t ON t.id = e.terminal
		WHERE l.kind = 1 AND l.invalid = 0 AND l.merchant = ?1 AND l.campaign = ?2 AND l.day BETWEEN ?3 AND ?4 AND l.units > l.reversed`+
		ofLine(quota)+` AND (l.entry <> ?6 OR l.line < ?7)
		ORDER BY CASE WHEN l.entry = ?6 THEN 1 ELSE 0 END, l.entry DESC, l.line DESC LIMIT 1`,
		s.terminal.Merchant, quota.Campaign, quota.Days.From.String(), quota.Days.Through.String(), either(quota.Customer, quota.Store),
		s.ordinal, i))
}

// ofLine narrows lines l to those that a quota counts, by the parameter ?5.
func ofLine(quota terminal.Quota) string {
	switch {
	case quota.Customer != "":
		return " AND l.customer = ?5"
	case quota.Store != "":
		return " AND l.store = ?5"
	}
	return " AND ?5 = ''"
}

// limitDebt is one open exception about a limit.
type limitDebt struct {
	id, entry, voucher int64
	line               int
	store, day         string
	open               int64
}

// payLimits settles the exceptions about limits that a reversal of a line relieves: counted is by how much less the line counts.
func (s *settling) payLimits(v held, ordinal int64, line int, store, day string, counted int64) error {
	campaign, err := s.campaign(v.merchant, v.Campaign)
	if err != nil || counted < 1 {
		return err
	}
	settled := map[terminal.Reason]bool{}
	for _, quota := range settledQuotas(v, campaign, store, day) {
		if settled[quota.Reason] {
			continue
		}
		settled[quota.Reason] = true
		debts, err := s.limitDebts(v.merchant, quota)
		if err != nil {
			return err
		}
		if err := s.payLimit(debts, quota.Reason, campaign, ordinal, line, counted); err != nil {
			return err
		}
	}
	return nil
}

func (s *settling) payLimit(debts []limitDebt, reason terminal.Reason, campaign terminal.Campaign, ordinal int64, line int, counted int64) error {
	open := int64(0)
	for _, debt := range debts {
		open += debt.open
	}
	var payments []cloud.Payment
	pay := func(debt *limitDebt, units int64) {
		if units = min(units, debt.open); units > 0 {
			payments = append(payments, cloud.Payment{ID: strconv.FormatInt(debt.id, 10), Units: units})
			debt.open, open = debt.open-units, open-units
		}
	}
	for i := range debts {
		if debts[i].entry == ordinal && debts[i].line == line {
			pay(&debts[i], counted)
		}
	}
	for i := range debts {
		over, err := s.excess(debts[i], reason, campaign)
		if err != nil {
			return err
		}
		pay(&debts[i], open-over)
	}
	return s.pay(payments, s.at)
}

// excess is by how much the limits that an exception stands under are exceeded now.
func (s *settling) excess(debt limitDebt, reason terminal.Reason, campaign terminal.Campaign) (int64, error) {
	v, err := voucher(s, "id = ?", debt.voucher)
	if err != nil {
		return math.MaxInt64, err
	}
	over := int64(0)
	for _, quota := range settledQuotas(v, campaign, debt.store, debt.day) {
		if quota.Reason != reason {
			continue
		}
		used, err := usedOf(s, v.merchant, campaign.Kind, quota)
		if err != nil {
			return math.MaxInt64, err
		}
		over = max(over, used-quota.Count)
	}
	return over, nil
}

// limitDebts are the open exceptions about lines that a quota counts, the oldest first.
func (s *settling) limitDebts(merchant string, quota terminal.Quota) (debts []limitDebt, err error) {
	err = each(s, func(rows Rows) error {
		var debt limitDebt
		err := rows.Scan(&debt.id, &debt.entry, &debt.line, &debt.voucher, &debt.store, &debt.day, &debt.open)
		debts = append(debts, debt)
		return err
	}, `SELECT x.id, x.entry, x.line, x.voucher, l.store, l.day, x.units - x.paid FROM exception x JOIN line l ON l.entry = x.entry AND l.line = x.line
		WHERE x.state = 'open' AND x.kind = '`+string(limitKinds[quota.Reason])+`' AND l.merchant = ?1 AND l.campaign = ?2 AND l.day BETWEEN ?3 AND ?4`+ofLine(quota)+" ORDER BY x.id",
		merchant, quota.Campaign, quota.Days.From.String(), quota.Days.Through.String(), either(quota.Customer, quota.Store))
	return debts, err
}
