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
// units or on the bill is judged with those. all are the rules that the voucher stands under.
func judgeRules(rules Rules, all []Rules, slot *Slot, at Situation) []Finding {
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
		findings = append(findings, Finding{Reason: OutsideHours, Facts: hoursFacts(rules, all, at)})
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
	if h.From < h.Until {
		return h.on(today) && minute >= h.From && minute < h.Until
	}
	return (h.on(today) && minute >= h.From) || (h.on(yesterday) && minute < h.Until)
}

// String writes the stretch without its days: "17:00–02:00".
func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d–%02d:%02d", h.From/60, h.From%60, h.Until/60, h.Until%60)
}

// hoursAhead is how many days the next hours are looked for: longer than the longest holidays.
const hoursAhead = 100

// hoursFacts says when the voucher can be used: the stretches of rules that begin today, and the next time that all of its rules allow,
// which are the campaign's and the voucher's. Where it expires before, it says when.
func hoursFacts(rules Rules, all []Rules, at Situation) map[string]any {
	facts := map[string]any{}
	local, starts := at.Time(), at.Settings.Store.BusinessDayStarts
	black := func(t time.Time) bool {
		day := BusinessDay(t, at.Zone, starts)
		return slices.ContainsFunc(all, func(r Rules) bool { return slices.Contains(r.Blackout, day) })
	}
	var today []string
	for _, h := range rules.Hours {
		begin := h.begins(local, 0).Earliest(at.Zone).In(at.Zone)
		// On the night the clocks go forward, a stretch within the missing hour never comes.
		if h.on(local.Weekday()) && h.hold(begin) && !black(begin) {
			today = append(today, h.String())
		}
	}
	if len(today) > 0 {
		facts["hours"] = today
	}
	next := nextHours(all, local, starts, black)
	for _, r := range all {
		if r.ValidUntil == nil {
			continue
		}
		if until := r.ValidUntil.Latest(at.Zone); !next.IsZero() && next.After(until) && !local.After(until) {
			facts["until"] = until.In(at.Zone)
			return facts
		}
	}
	if !next.IsZero() {
		facts["next"] = next.In(at.Zone)
	}
	return facts
}

// nextHours is the first time after local that is within the hours of all rules and not black; zero where there is none in sight.
func nextHours(all []Rules, local time.Time, starts int, black func(time.Time) bool) time.Time {
	zone := local.Location()
	var next time.Time
	consider := func(begin time.Time) {
		begin = begin.In(zone)
		if !begin.After(local) || (!next.IsZero() && !begin.Before(next)) || black(begin) {
			return
		}
		for _, rules := range all { // on the night the clocks go forward, a stretch within the missing hour does not begin
			if len(rules.Hours) > 0 && !slices.ContainsFunc(rules.Hours, func(h Hours) bool { return h.hold(begin) }) {
				return
			}
		}
		next = begin
	}
	newDay := Hours{From: starts}
	for ahead := range hoursAhead {
		for _, rules := range all {
			for _, h := range rules.Hours {
				consider(h.begins(local, ahead).Earliest(zone)) // where the clocks go back, a time comes twice
				consider(h.begins(local, ahead).Latest(zone))
			}
			if len(rules.Blackout) > 0 { // a stretch can go on when a black day is over
				consider(newDay.begins(local, ahead).Earliest(zone))
			}
		}
		// Where the clocks go back, a stretch that is over can begin once more.
		then := local.Add(time.Duration(ahead) * 24 * time.Hour)
		if _, change := then.ZoneBounds(); !change.IsZero() && change.Before(then.Add(48*time.Hour)) {
			consider(change)
		}
		if !next.IsZero() && next.Before(then) {
			break
		}
	}
	return next
}

// begins is when the stretch begins on the day that is so many days after that of local, by the wall clock.
func (h Hours) begins(local time.Time, ahead int) Moment {
	day := time.Date(local.Year(), local.Month(), local.Day()+ahead, 0, 0, 0, 0, time.UTC)
	return Moment{Local: true, Civil: day.Add(time.Duration(h.From) * time.Minute)}
}

// on reports whether the stretch can begin on a weekday.
func (h Hours) on(day time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, day) }

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
