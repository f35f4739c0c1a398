package terminal

import (
	"cmp"
	"slices"
)

// Count is how many units of a campaign were used on one business day: by one customer in all stores, or by everybody in one store.
// Units count as Kind.Counted says; what a reversal takes back is taken off the day of the redemption.
type Count struct {
	Campaign string `json:"campaign"`
	Customer string `json:"customer,omitempty"` // as Voucher.Counted says; "" counts everybody
	Store    string `json:"store,omitempty"`    // "" of a customer's
	Day      Date   `json:"day"`
	Units    int64  `json:"units"`
}

// Counted is whom a voucher's uses are counted for: its customer, or, where nobody knows him, the voucher itself.
func (v Voucher) Counted() string {
	if v.Customer != "" {
		return v.Customer
	}
	return v.ID.String()
}

// Counted is what units of the kind count under a limit: of a balance each payment counts once, however much it was.
func (k Kind) Counted(units int64) int64 {
	if k == KindBalance {
		return min(1, units)
	}
	return units
}

// Days are business days in a row, the first and the last among them. A zero From is the beginning of all.
type Days struct{ From, Through Date }

// Hold reports whether day is one of them.
func (d Days) Hold(day Date) bool {
	return day.compare(d.From) >= 0 && day.compare(d.Through) <= 0
}

func (d Date) compare(other Date) int {
	for _, pair := range [][2]int{{d.Year, other.Year}, {int(d.Month), int(other.Month)}, {d.Day, other.Day}} {
		if pair[0] != pair[1] {
			return pair[0] - pair[1]
		}
	}
	return 0
}

// Days are the business days that a period has when today is one of them: the day, the week from Monday to Sunday, the calendar
// month, or every day until today.
func (p Period) Days(today Date) Days {
	switch p {
	case PerDay:
		return Days{today, today}
	case PerWeek:
		monday := today.AddDays(-(int(today.Weekday()) + 6) % 7)
		return Days{monday, monday.AddDays(6)}
	case PerMonth:
		first := Date{today.Year, today.Month, 1}
		return Days{first, Date{today.Year, today.Month + 1, 0}.AddDays(0)}
	}
	return Days{Through: today}
}

// Quota is one limit that a voucher stands under on a business day: at most Count units of its campaign in Days, of its customer or
// of everybody.
type Quota struct {
	Reason   Reason // CustomerLimit or CampaignLimit
	Count    int64
	Per      Period
	Campaign string
	Customer string // of CustomerLimit
	Store    string // of a CampaignLimit that holds for one store
	Days     Days
}

// Quotas are the limits of a voucher in a store on a business day: its campaign's, and its own.
func (r Row) Quotas(store string, today Date) []Quota {
	all := []Rules{r.Campaign.Rules}
	if r.Voucher.Rules != nil {
		all = append(all, *r.Voucher.Rules)
	}
	var quotas []Quota
	for _, rules := range all {
		if limit := rules.PerCustomer; limit != nil {
			quotas = append(quotas, Quota{Reason: CustomerLimit, Count: limit.Count, Per: limit.Per, Campaign: r.Campaign.ID,
				Customer: r.Voucher.Counted(), Days: limit.Per.Days(today)})
		}
		if limit := rules.PerDay; limit != nil {
			quota := Quota{Reason: CampaignLimit, Count: limit.Count, Per: PerDay, Campaign: r.Campaign.ID, Days: PerDay.Days(today)}
			if limit.Store {
				quota.Store = store
			}
			quotas = append(quotas, quota)
		}
	}
	return quotas
}

// Limited reports whether there is any quota at all.
func (r Row) Limited() bool {
	rules, own := r.Campaign.Rules, r.Voucher.Rules
	return rules.PerCustomer != nil || rules.PerDay != nil || (own != nil && (own.PerCustomer != nil || own.PerDay != nil))
}

// Counts reports whether the quota counts c.
func (q Quota) Counts(c Count) bool {
	return c.Campaign == q.Campaign && c.Customer == q.Customer && (q.Store == "" || c.Store == q.Store) && q.Days.Hold(c.Day)
}

// Finding says that asked units are too many where used were used before, and earlier lines of the same bill take onBill; nil where they
// are not. Where the limit is not reached yet, Facts tell what is "left" of it, and what is "asked" for or, where it is all lines of the
// bill together that are too many, how many the "bill" holds.
func (q Quota) Finding(used, onBill, asked int64) *Finding {
	used = max(0, used)
	if used+onBill+asked <= q.Count {
		return nil
	}
	facts := map[string]any{"count": q.Count, "per": string(q.Per), "used": used}
	if q.Per != PerEver && asked <= q.Count {
		facts["again"] = q.Days.Through.AddDays(1)
	}
	if left := q.Count - used; left > 0 {
		facts["left"] = left
		if facts["asked"] = asked; onBill > 0 {
			delete(facts, "again")
			delete(facts, "asked")
			facts["bill"] = onBill + asked
		}
	}
	return &Finding{Reason: q.Reason, Facts: facts}
}

// UsedQuota is a quota with what was used of it before, and what earlier lines of the same bill take.
type UsedQuota struct {
	Quota
	Used, OnBill int64
}

// left is what is left of the quota for the line that is judged.
func (q UsedQuota) left() int64 { return q.Count - max(0, q.Used) - q.OnBill }

// used adds up what is known of a row's quotas: what the row counts, and this terminal's own entries that the row does not know.
func (r Row) used(own past, store string, today Date) ([]UsedQuota, error) {
	var quotas []UsedQuota
	for _, quota := range r.Quotas(store, today) {
		var vouchers []VoucherID
		if quota.Reason == CustomerLimit {
			vouchers = append(slices.Clone(r.Siblings), r.Voucher.ID)
		}
		used, err := own.Counted(quota.Campaign, vouchers, quota.Days, r.Included)
		if err != nil {
			return nil, err
		}
		for _, count := range r.Counts {
			if quota.Counts(count) {
				used += count.Units
			}
		}
		quotas = append(quotas, UsedQuota{Quota: quota, Used: used})
	}
	return quotas, nil
}

// countEarlier adds what earlier lines of the same bill use of an item's quotas.
func countEarlier(item Item, earlier []OutcomeLine) []UsedQuota {
	quotas := slices.Clone(item.Quotas)
	for i := range quotas {
		for _, line := range earlier {
			if line.Campaign.ID == quotas[i].Campaign && (quotas[i].Customer == "" || line.Voucher.Counted() == quotas[i].Customer) {
				quotas[i].OnBill += line.Campaign.Kind.Counted(line.Units)
			}
		}
	}
	return quotas
}

// judgeQuotas holds the units of a line against its quotas. A line whose units are still to be asked for takes at least one.
// last is the voucher's last use, which is told where it is one of those that count. Of several quotas for the same reason, the one that
// leaves least is told.
func judgeQuotas(line OutcomeLine, quotas []UsedQuota, last *LastUse, at Situation) []Finding {
	var findings []Finding
	quotas = slices.Clone(quotas)
	slices.SortStableFunc(quotas, func(a, b UsedQuota) int { return cmp.Compare(a.left(), b.left()) })
	for _, quota := range quotas {
		if finding := quota.Finding(quota.Used, quota.OnBill, line.Campaign.Kind.Counted(max(1, line.Units))); finding != nil {
			if last != nil && quota.Days.Hold(BusinessDay(last.At, at.Zone, at.Settings.Store.BusinessDayStarts)) {
				finding.Facts["at"] = last.At.In(at.Zone)
			}
			findings = append(findings, *finding)
		}
	}
	return dedupe(findings)
}

// mostOf is how many units quotas still leave, at most most. Where one leaves nothing, it is what declines.
func mostOf(most int64, quotas []UsedQuota) int64 {
	for _, quota := range quotas {
		if rest := quota.left(); rest > 0 {
			most = min(most, rest)
		}
	}
	return most
}
