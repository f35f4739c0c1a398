package catalogue

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
)

func (t *table) campaign(stores []string) terminal.Campaign {
	c := terminal.Campaign{
		ID: t.id(), Name: t.words("name", true), Kind: terminal.Kind(t.oneOf("kind", "?", kindNames()...)), Currency: t.currency,
		Price: t.money("price"), Value: t.money("value"), Terms: t.words("terms", false), Extract: t.pattern("extract"),
		State: terminal.CampaignLive, Units: t.number("units", 1, terminal.UnitsMost), Discount: t.discount(), Rules: t.rules(stores),
		Reversal: t.reversal(), Offline: t.offline(),
	}
	t.kindFits(c)
	t.done("[[campaign]]")
	return c
}

// kindFits refuses what a kind needs and has not, or has and cannot use.
func (t *table) kindFits(c terminal.Campaign) {
	switch {
	case c.Kind == "": // said already
	case c.Kind == terminal.KindPass && !t.has("units"):
		t.fault("", "campaign %q is a pass and has no units: how many uses has one?", c.ID)
	case c.Kind != terminal.KindPass && t.has("units"):
		t.fault("units", "only a pass has units, and campaign %q is a %s", c.ID, c.Kind)
	case c.Kind == terminal.KindDiscount && !t.has("discount"):
		t.fault("", "campaign %q is a discount and does not say which: discount = { percent = \"20\" }", c.ID)
	case c.Kind != terminal.KindPass && t.has("units_at_once"):
		t.fault("units_at_once", "only a pass has units, and campaign %q is a %s", c.ID, c.Kind)
	case c.Kind != terminal.KindDiscount && t.has("discount"):
		t.fault("discount", "only a discount has a discount, and campaign %q is a %s", c.ID, c.Kind)
	case c.Kind != terminal.KindBooking && t.has("slot"):
		t.fault("slot", "only a booking has a slot, and campaign %q is a %s", c.ID, c.Kind)
	}
}

// words reads a short text in several languages.
func (t *table) words(key string, needed bool) terminal.Text {
	if !t.has(key) {
		t.take(key)
		if needed {
			t.fault("", "%q is missing", key)
		}
		return nil
	}
	inner := t.within(key)
	if inner == nil {
		return nil
	}
	text := terminal.Text{}
	for tag := range inner.values {
		t.language(join(key, tag), tag)
		text[tag] = inner.text(tag, true)
		if key == "name" {
			inner.legible(tag, text[tag])
		}
	}
	if len(text) == 0 {
		t.fault(key, "%q has no language: { en = \"…\" }", key)
	}
	return text
}

func (t *table) pattern(key string) string {
	pattern := t.text(key, false)
	if pattern == "" {
		return ""
	}
	if compiled, err := regexp.Compile(pattern); err != nil {
		t.fault(key, "%q is not a pattern: %v", key, err)
	} else if compiled.NumSubexp() < 1 {
		t.fault(key, "%q needs a group in parentheses around the code", key)
	}
	return pattern
}

func (t *table) discount() *terminal.Discount {
	inner := t.within("discount")
	if inner == nil {
		return nil
	}
	d := &terminal.Discount{Cap: inner.something("cap"), Amount: inner.something("amount"), BasisPoints: inner.percent("percent")}
	switch {
	case inner.has("percent") == inner.has("amount"):
		t.fault("discount", "a discount is either { percent = \"20\" } or { amount = \"5.00\" }")
	case inner.has("cap") && !inner.has("percent"):
		t.fault("discount", "only a discount in percent has a cap")
	}
	inner.done("discount")
	return d
}

// percent reads "20" or "12.5" as hundredths of a percent.
func (t *table) percent(key string) int64 {
	text := t.text(key, false)
	if text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(text, ".")
	points, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || len(part) > 2 || points < 1 || points > 10000 || strings.ContainsAny(text, "+-_") {
		t.fault(key, "%q has to be a percentage such as \"20\" or \"12.5\", from 0.01 to 100, and is %q", key, text)
		return 0
	}
	return points
}

func (t *table) rules(stores []string) terminal.Rules {
	r := terminal.Rules{
		ValidFrom: t.moment("valid_from"), ValidUntil: t.moment("valid_until"), Hours: t.hours(), Blackout: t.dates("blackout"),
		Stores: t.references("stores", "store", stores), Terminals: t.some("terminals", "every terminal"),
		UnitsAtOnce: t.number("units_at_once", 1, terminal.UnitsMost),
		MinimumBill: t.minimumBill(), PerCustomer: t.perCustomer(), PerDay: t.perDay(), Exclusive: !t.boolean("combinable", true),
		Slot: t.slot(), Role: terminal.Role(t.oneOf("role", "", "cashier", "manager")), ApprovalAbove: t.money("approval_above"),
	}
	if from, until := r.ValidFrom, r.ValidUntil; from != nil && until != nil && from.Local == until.Local {
		if until.Civil.Before(from.Civil) || until.Instant.Before(from.Instant) {
			t.fault("valid_until", "valid_until is before valid_from")
		}
	}
	return r
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (t *table) hours() []terminal.Hours {
	var all []terminal.Hours
	t.notEmpty("hours", "every hour")
	for _, inner := range t.tables("hours") {
		h := terminal.Hours{From: inner.minutes("from", true), Until: inner.minutes("until", true)}
		for _, day := range inner.some("days", "every day") {
			number := slices.Index(weekdays, day)
			if number < 0 {
				inner.fault("days", "%q is not a weekday: mon, tue, wed, thu, fri, sat and sun are", day)
				continue
			}
			h.Days = append(h.Days, time.Weekday(number))
		}
		if h.From >= 24*60 {
			inner.fault("from", "hours cannot begin at 24:00: \"00:00\" of the next day is meant")
		}
		if h.Until == 24*60 {
			h.Until = 0 // midnight, where the day began on ends
		}
		inner.done("hours")
		all = append(all, h)
	}
	return all
}

func (t *table) minimumBill() *terminal.MinimumBill {
	inner := t.within("minimum_bill")
	if inner == nil {
		return nil
	}
	amount := inner.money("amount")
	if amount == nil {
		if !inner.has("amount") {
			t.fault("minimum_bill", "minimum_bill has no amount")
		}
		amount = &terminal.Money{}
	}
	m := &terminal.MinimumBill{Amount: *amount, After: inner.oneOf("basis", "before", "before", "after") == "after"}
	inner.done("minimum_bill")
	return m
}

func (t *table) perCustomer() *terminal.Limit {
	inner := t.within("per_customer")
	if inner == nil {
		return nil
	}
	l := &terminal.Limit{Count: inner.count(), Per: terminal.Period(inner.oneOf("per", "?", "day", "week", "month", "ever"))}
	inner.done("per_customer")
	return l
}

func (t *table) perDay() *terminal.DayLimit {
	inner := t.within("per_day")
	if inner == nil {
		return nil
	}
	l := &terminal.DayLimit{Count: inner.count(), Store: inner.oneOf("scope", "campaign", "store", "campaign") == "store"}
	inner.done("per_day")
	return l
}

func (t *table) count() int64 {
	if !t.has("count") {
		t.fault("", "%q is missing", "count")
	}
	return t.number("count", 1, 1_000_000_000)
}

const week = 7 * 24 * time.Hour

func (t *table) slot() *terminal.SlotGrace {
	inner := t.within("slot")
	if inner == nil {
		return nil
	}
	s := &terminal.SlotGrace{EarlySeconds: inner.seconds("early", week), LateSeconds: inner.seconds("late", week),
		ApprovalSeconds: inner.seconds("approval", week)}
	inner.done("slot")
	return s
}

func (t *table) reversal() terminal.ReversalPolicy {
	inner := t.within("reversal")
	if inner == nil {
		return terminal.ReversalPolicy{}
	}
	p := terminal.ReversalPolicy{Cashier: inner.window("cashier"), Manager: inner.window("manager")}
	if tighter(p) {
		inner.fault("manager", "a manager may undo whatever a cashier may, so that the manager's window cannot end before the cashier's: "+
			"give \"manager\" as long at least, or leave it out for the business day")
	}
	inner.done("reversal")
	return p
}

// tighter reports that a manager's window would end before a cashier's. A cashier's of some hours can run beyond the end of the business
// day: that is nobody's mistake, and the longer one holds.
func tighter(p terminal.ReversalPolicy) bool {
	switch {
	case p.Cashier.Never:
		return false
	case p.Manager.Never:
		return true
	case p.Manager.Seconds > 0 && p.Cashier.Day:
		return p.Manager.Seconds < int64((24 * time.Hour).Seconds())
	case p.Manager.Seconds > 0:
		return p.Manager.Seconds < cmp.Or(p.Cashier.Seconds, int64(time.Hour.Seconds()))
	}
	return false
}

// window reads a time span, "day" or "never".
func (t *table) window(key string) terminal.ReversalWindow {
	switch t.values[key] {
	case "day":
		t.take(key)
		return terminal.ReversalWindow{Day: true}
	case "never":
		t.take(key)
		return terminal.ReversalWindow{Never: true}
	}
	seconds := t.seconds(key, 366*24*time.Hour)
	if seconds == 0 && t.has(key) {
		if text, ok := t.values[key].(string); ok && strings.HasPrefix(text, "0") {
			return terminal.ReversalWindow{Never: true}
		}
	}
	return terminal.ReversalWindow{Seconds: seconds}
}

func (t *table) offline() *terminal.OfflinePolicy {
	inner := t.within("offline")
	if inner == nil {
		return nil
	}
	p := &terminal.OfflinePolicy{
		Mode:          terminal.OfflineMode(inner.oneOf("mode", "?", "allow", "limit", "approval", "never")),
		PerRedemption: inner.money("per_redemption"), PerTerminal: inner.money("per_terminal"), Count: inner.number("count", 1, 1_000_000),
		CacheAgeSeconds: inner.seconds("cache_age", week), Lease: inner.number("lease", 1, 500),
	}
	for _, key := range []string{"per_redemption", "per_terminal", "count"} {
		if inner.has(key) && p.Mode != terminal.ModeLimit && p.Mode != terminal.ModeApproval {
			inner.fault(key, "%s", fmt.Sprintf("%q limits nothing in mode %q: mode = \"limit\" may be meant", key, p.Mode))
		}
	}
	inner.done("offline")
	return p
}
