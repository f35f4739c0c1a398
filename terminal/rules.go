package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Situation is the place, the time and the people of a decision: everything but the vouchers.
type Situation struct {
	Settings  Settings
	Zone      *time.Location
	Now       Reading
	Operator  *Operator         // nil where the store asks nobody to sign in
	Approver  *Operator         // the second person
	Operators map[string]string // display names by id
}

// Time is the wall clock as far as it can be believed: moved outside the bounds of the true time, it counts as the nearer bound.
// Hours, weekdays and business days are read off it.
func (s Situation) Time() time.Time {
	return s.Now.Believed().In(s.Zone)
}

// Believed is the wall clock, held within the bounds of the true time.
func (r Reading) Believed() time.Time {
	switch {
	case r.Wall.Before(r.Lower):
		return r.Lower
	case r.Wall.After(r.Upper):
		return r.Upper
	}
	return r.Wall
}

// mustSignIn reports that somebody has to sign in first.
func (s Situation) mustSignIn() bool {
	return s.Operator == nil && s.Settings.Store.SignIn != SignInNone && s.Settings.Store.SignIn != ""
}

// Day is the store's business day.
func (s Situation) Day() Date {
	return BusinessDay(s.Time(), s.Zone, s.Settings.Store.BusinessDayStarts)
}

// storeName is what people call a store.
func (s Situation) storeName(id string) string {
	if name, ok := s.Settings.Stores[id]; ok {
		return name
	}
	return id
}

// useFacts are the facts of a voucher's last use, in names rather than ids.
func (s Situation) useFacts(use *LastUse) map[string]any {
	if use == nil {
		return map[string]any{}
	}
	facts := map[string]any{"at": use.At.In(s.Zone), "store": s.storeName(use.Store), "terminal": use.Terminal}
	if name, ok := s.Operators[use.Operator]; ok {
		facts["operator"] = name
	} else if use.Operator != "" {
		facts["operator"] = use.Operator
	}
	return facts
}

// judgeRules holds one set of rules, of a campaign or of a voucher, against the situation: place, time and role. What depends on
// units or on the bill is judged with those.
func judgeRules(rules Rules, slot *Slot, at Situation) []Finding {
	findings := judgeValidity(rules, at)
	if len(rules.Stores) > 0 && !slices.Contains(rules.Stores, at.Settings.Store.ID) {
		names := make([]string, len(rules.Stores))
		for i, id := range rules.Stores {
			names[i] = at.storeName(id)
		}
		findings = append(findings, Finding{Reason: WrongStore, Facts: map[string]any{
			"stores": names, "store": at.storeName(at.Settings.Store.ID)}})
	}
	if len(rules.Terminals) > 0 && !slices.Contains(rules.Terminals, at.Settings.Terminal) {
		findings = append(findings, Finding{Reason: WrongTerminal, Facts: map[string]any{
			"terminals": rules.Terminals, "terminal": at.Settings.Terminal}})
	}
	if day := at.Day(); slices.Contains(rules.Blackout, day) {
		findings = append(findings, Finding{Reason: Blackout, Facts: map[string]any{"day": day}})
	}
	if len(rules.Hours) > 0 && !slices.ContainsFunc(rules.Hours, func(h Hours) bool { return h.hold(at.Time()) }) {
		findings = append(findings, Finding{Reason: OutsideHours, Facts: hoursFacts(rules.Hours, at.Time())})
	}
	findings = append(findings, judgeSlot(rules.Slot, slot, at)...)
	return append(findings, judgeRole(rules.Role, at)...)
}

// judgeRole holds who is signed in against the least role that may redeem. What takes a manager, one may approve; a technician does not
// redeem, whoever agrees.
func judgeRole(least Role, at Situation) []Finding {
	if at.Operator == nil || at.Operator.Role.Covers(least) {
		return nil
	}
	technician := at.Operator.Role == RoleTechnician
	if !technician && at.Approver != nil && at.Approver.Role.Covers(least) {
		return nil
	}
	return []Finding{{Reason: OperatorNotAllowed, Approvable: !technician && least == RoleManager, Facts: map[string]any{
		"operator": at.Operator.Name, "role": string(cmp.Or(least, RoleCashier))}}}
}

// judgeValidity tests valid_from and valid_until at both bounds of the true time. What holds at one and not at the other cannot
// be decided by this clock.
func judgeValidity(rules Rules, at Situation) []Finding {
	var findings []Finding
	uncertain := false
	if rules.ValidUntil != nil {
		until := rules.ValidUntil.Latest(at.Zone)
		late, certain := at.Now.Upper.After(until), at.Now.Lower.After(until)
		if certain {
			findings = append(findings, Finding{Reason: Expired, Facts: map[string]any{"until": until.In(at.Zone)}})
		}
		uncertain = uncertain || late != certain
	}
	if rules.ValidFrom != nil {
		from := rules.ValidFrom.Earliest(at.Zone)
		early, certain := at.Now.Lower.Before(from), at.Now.Upper.Before(from)
		if certain {
			findings = append(findings, Finding{Reason: NotYetValid, Facts: map[string]any{"from": from.In(at.Zone)}})
		}
		uncertain = uncertain || early != certain
	}
	if uncertain {
		findings = append(findings, Finding{Reason: ClockUntrusted, Facts: map[string]any{
			"wall": at.Now.Wall.In(at.Zone), "from": at.Now.Lower.In(at.Zone), "until": at.Now.Upper.In(at.Zone)}})
	}
	return findings
}

// hold reports whether the stretch contains the wall-clock time local.
func (h Hours) hold(local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	today, yesterday := local.Weekday(), (local.Weekday()+6)%7
	on := func(day time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, day) }
	if h.From < h.Until {
		return on(today) && minute >= h.From && minute < h.Until
	}
	return (on(today) && minute >= h.From) || (on(yesterday) && minute < h.Until)
}

// String writes the stretch without its days: "17:00–02:00".
func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d–%02d:%02d", h.From/60, h.From%60, h.Until/60, h.Until%60)
}

// hoursFacts says when the voucher can be used: the stretches that begin today, and the next beginning.
func hoursFacts(hours []Hours, local time.Time) map[string]any {
	facts := map[string]any{}
	var today []string
	var next time.Time
	for _, h := range hours {
		from := func(ahead int) Moment {
			day := time.Date(local.Year(), local.Month(), local.Day()+ahead, 0, 0, 0, 0, time.UTC)
			return Moment{Local: true, Civil: day.Add(time.Duration(h.From) * time.Minute)}
		}
		// On the night the clocks go forward, a stretch within the missing hour never comes.
		if (len(h.Days) == 0 || slices.Contains(h.Days, local.Weekday())) && h.hold(from(0).Earliest(local.Location()).In(local.Location())) {
			today = append(today, h.String())
		}
		for ahead := range 8 {
			day := time.Date(local.Year(), local.Month(), local.Day()+ahead, 0, 0, 0, 0, time.UTC)
			if len(h.Days) > 0 && !slices.Contains(h.Days, day.Weekday()) {
				continue
			}
			for _, begin := range []time.Time{from(ahead).Earliest(local.Location()), from(ahead).Latest(local.Location())} {
				next = sooner(next, begin, h, local) // where the clocks go back, a time comes twice
			}
		}
		// Where the clocks go back, a stretch that is over can begin once more.
		if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(local.AddDate(0, 0, 8)) {
			next = sooner(next, change, h, local)
		}
	}
	if len(today) > 0 {
		facts["hours"] = today
	}
	if !next.IsZero() {
		facts["next"] = next.In(local.Location())
	}
	return facts
}

// sooner is the sooner of next and begin, where begin is still to come and the stretch does begin then: on the night the clocks
// go forward, one within the missing hour does not.
func sooner(next, begin time.Time, h Hours, local time.Time) time.Time {
	if !begin.After(local) || !h.hold(begin.In(local.Location())) || (!next.IsZero() && !begin.Before(next)) {
		return next
	}
	return begin
}

// judgeSlot holds a booking's slot against the time, with the grace that the rules give.
func judgeSlot(grace *SlotGrace, slot *Slot, at Situation) []Finding {
	if slot == nil || grace == nil {
		return nil
	}
	now := at.Time()
	facts := map[string]any{"from": slot.From.In(at.Zone), "until": slot.Until.In(at.Zone)}
	opens := slot.From.Add(-time.Duration(grace.EarlySeconds) * time.Second)
	closes := slot.From.Add(time.Duration(grace.LateSeconds) * time.Second)
	leave := time.Duration(grace.ApprovalSeconds) * time.Second
	switch {
	case now.Before(opens):
		facts["opens"] = opens.In(at.Zone)
		facts["by"] = int64(slot.From.Sub(now).Minutes())
		if opens.In(at.Zone).Format(time.DateOnly) != now.Format(time.DateOnly) {
			facts["again"] = opens.In(at.Zone)
		}
		return []Finding{{Reason: SlotTooEarly, Facts: facts, Approvable: leave > 0 && !now.Before(opens.Add(-leave))}}
	case now.After(closes):
		facts["by"] = int64(now.Sub(slot.From).Minutes())
		return []Finding{{Reason: SlotTooLate, Facts: facts, Approvable: leave > 0 && !now.After(closes.Add(leave))}}
	}
	return nil
}
