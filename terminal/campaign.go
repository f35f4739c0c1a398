package terminal

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what a voucher gives, and so what the cashier is asked.
type Kind string

// The kinds of voucher. A unit is one use, except for KindBalance, whose units are minor units of its currency, and
// KindPickup, whose units are the lines of the order.
const (
	KindProduct  Kind = "product"  // a prepaid product or service; a free item has price 0
	KindPass     Kind = "pass"     // several uses of the same thing
	KindBalance  Kind = "balance"  // stored value, spent part by part
	KindDiscount Kind = "discount" // a percentage or an amount off a bill
	KindBooking  Kind = "booking"  // a reserved slot
	KindPickup   Kind = "pickup"   // an order to collect, line by line
)

// Kinds lists every kind in the order in which they are documented.
var Kinds = []Kind{KindProduct, KindPass, KindBalance, KindDiscount, KindBooking, KindPickup}

// Text is a short text in several languages, keyed by BCP 47 tag ("en", "zh-Hans", "de").
type Text map[string]string

// In returns the text in language, else in English, else in whichever language it has (the first in alphabetical order).
func (t Text) In(language string) string {
	if text, ok := t[language]; ok {
		return text
	}
	if text, ok := t["en"]; ok {
		return text
	}
	first := ""
	for tag := range t {
		if first == "" || tag < first {
			first = tag
		}
	}
	return t[first]
}

// CampaignState says whether an offer is honoured at all.
type CampaignState string

// A paused campaign declines with campaign_paused until it is resumed.
const (
	CampaignLive   CampaignState = "live"
	CampaignPaused CampaignState = "paused"
)

// Campaign is an offer: what its vouchers give, and the rules for it.
type Campaign struct {
	ID            string         `json:"id"`
	Name          Text           `json:"name"`
	Kind          Kind           `json:"kind"`
	Currency      string         `json:"currency"`
	Price         *Money         `json:"price,omitempty"` // what the customer paid online
	Value         *Money         `json:"value,omitempty"` // what it is worth at the counter
	Terms         Text           `json:"terms,omitempty"`
	Extract       string         `json:"extract,omitempty"` // RE2 with one group: the code inside a scanned URL
	State         CampaignState  `json:"state"`
	PausedStores  []string       `json:"paused_stores,omitempty"` // "sold out today" in these stores only
	Units         int64          `json:"units,omitempty"`         // uses in one pass
	Discount      *Discount      `json:"discount,omitempty"`
	Rules         Rules          `json:"rules"`
	Reversal      ReversalPolicy `json:"reversal"`
	Offline       *OfflinePolicy `json:"offline,omitempty"` // nil: the tiers of OfflineTiers
	PolicyVersion int64          `json:"policy_version"`    // goes up with each change
}

// Discount is what a discount voucher takes off a bill: a percentage in hundredths of a percent with an optional cap, or an
// amount. Exactly one of BasisPoints and Amount is set.
type Discount struct {
	BasisPoints int64  `json:"basis_points,omitempty"` // 2000 is 20 %
	Cap         *Money `json:"cap,omitempty"`
	Amount      *Money `json:"amount,omitempty"`
}

// Rules are the conditions that a campaign or a single voucher can carry. The zero value restricts nothing. Where both carry
// rules, both must hold: a voucher narrows its campaign and never widens it.
type Rules struct {
	ValidFrom     *Moment      `json:"valid_from,omitempty"`
	ValidUntil    *Moment      `json:"valid_until,omitempty"` // the last moment that still counts
	Hours         []Hours      `json:"hours,omitempty"`
	Blackout      []Date       `json:"blackout,omitempty"` // business days
	Stores        []string     `json:"stores,omitempty"`
	Terminals     []string     `json:"terminals,omitempty"`
	UnitsAtOnce   int64        `json:"units_at_once,omitempty"`
	MinimumBill   *MinimumBill `json:"minimum_bill,omitempty"`
	PerCustomer   *Limit       `json:"per_customer,omitempty"`
	PerDay        *DayLimit    `json:"per_day,omitempty"`
	Exclusive     bool         `json:"exclusive,omitempty"` // not with any other voucher on the same bill
	Slot          *SlotGrace   `json:"slot,omitempty"`
	Role          Role         `json:"role,omitempty"` // the least role that may redeem
	ApprovalAbove *Money       `json:"approval_above,omitempty"`
}

// Hours is one stretch of the week in the store's wall-clock time, from From (inclusive) until Until (exclusive), in minutes
// since midnight. Where Until <= From it runs past midnight and belongs to the weekday it began on; the two equal mean the whole
// day from From on.
type Hours struct {
	Days  []time.Weekday `json:"days,omitempty"` // none means every day
	From  int            `json:"from"`
	Until int            `json:"until"`
}

// MinimumBill is the least bill for which a voucher counts, stated before or after other discounts on the same bill.
type MinimumBill struct {
	Amount Money `json:"amount"`
	After  bool  `json:"after,omitempty"`
}

// Period is the stretch of time over which uses by one customer are counted. Days and weeks (from Monday) are business days.
type Period string

// The periods of a customer limit.
const (
	PerDay   Period = "day"
	PerWeek  Period = "week"
	PerMonth Period = "month"
	PerEver  Period = "ever"
)

// Limit is at most Count units per customer and period.
type Limit struct {
	Count int64  `json:"count"`
	Per   Period `json:"per"`
}

// DayLimit is at most Count units per business day, in one store or over the whole campaign.
type DayLimit struct {
	Count int64 `json:"count"`
	Store bool  `json:"store,omitempty"`
}

// SlotGrace is how long before and after the beginning of its slot a booking is still honoured, in seconds, and how far beyond
// either a manager may approve it.
type SlotGrace struct {
	EarlySeconds    int64 `json:"early_seconds"`
	LateSeconds     int64 `json:"late_seconds"`
	ApprovalSeconds int64 `json:"approval_seconds,omitempty"`
}

// ReversalPolicy says until when a redemption can be taken back, by role.
type ReversalPolicy struct {
	Cashier ReversalWindow `json:"cashier"`
	Manager ReversalWindow `json:"manager"`
}

// ReversalWindow is a number of seconds after the redemption, or the rest of its business day, or never. The zero value means
// the default of the role: 60 minutes for a cashier's own, the same business day for a manager.
type ReversalWindow struct {
	Seconds int64 `json:"seconds,omitempty"`
	Day     bool  `json:"day,omitempty"`
	Never   bool  `json:"never,omitempty"`
}

// OfflineMode says what a terminal may do alone.
type OfflineMode string

// The modes of an offline policy.
const (
	ModeAllow    OfflineMode = "allow"    // without limit
	ModeLimit    OfflineMode = "limit"    // within the limits
	ModeApproval OfflineMode = "approval" // only with a manager's PIN
	ModeNever    OfflineMode = "never"    // only with a yes from the cloud, a hub or a lease
)

// OfflinePolicy is what a terminal may honour without an answer. Zero limits do not limit.
type OfflinePolicy struct {
	Mode            OfflineMode `json:"mode"`
	PerRedemption   *Money      `json:"per_redemption,omitempty"`
	PerTerminal     *Money      `json:"per_terminal,omitempty"` // the sum not yet acknowledged by the cloud
	Count           int64       `json:"count,omitempty"`        // redemptions not yet acknowledged
	CacheAgeSeconds int64       `json:"cache_age_seconds,omitempty"`
	// Lease is how much one terminal asks the cloud to reserve for it while it has a line: of vouchers that are for its store alone so
	// many, and, under a limit per day, so many units of that.
	Lease int64 `json:"lease,omitempty"`
}

// VoucherState is what the issuer says of a voucher apart from its uses.
type VoucherState string

// The states of a voucher.
const (
	VoucherActive   VoucherState = "active"
	VoucherRefunded VoucherState = "refunded"
	VoucherRevoked  VoucherState = "revoked"
	VoucherDisabled VoucherState = "disabled"
)

// Voucher is one right to claim goods, a service or money under a campaign, as the cloud knows it.
type Voucher struct {
	ID       VoucherID    `json:"id"`
	Lookup   Lookup       `json:"lookup"`
	Campaign string       `json:"campaign"`
	State    VoucherState `json:"state"`
	StateAt  *time.Time   `json:"state_at,omitempty"` // when it left VoucherActive
	Units    int64        `json:"units"`              // all units it was issued with
	Used     int64        `json:"used"`               // net units redeemed, as far as the cloud knew
	LastUse  *LastUse     `json:"last_use,omitempty"`
	Order    string       `json:"order,omitempty"`    // vouchers of one order can be redeemed together
	Customer string       `json:"customer,omitempty"` // opaque
	Holder   string       `json:"holder,omitempty"`   // a short display name: "M. Chen"
	Price    *Money       `json:"price,omitempty"`    // where it differs from the campaign's
	Value    *Money       `json:"value,omitempty"`
	Slot     *Slot        `json:"slot,omitempty"`
	Lines    []OrderLine  `json:"lines,omitempty"`
	Rules    *Rules       `json:"rules,omitempty"` // narrows the campaign's
	Version  int64        `json:"version"`         // goes up with each change
}

// LastUse says when and where a voucher was used last, for the sentence on the cashier's screen.
type LastUse struct {
	At       time.Time `json:"at"`
	Store    string    `json:"store"`
	Terminal string    `json:"terminal"`
	Operator string    `json:"operator,omitempty"`
}

// Slot is a booked stretch of time and its party.
type Slot struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Party int       `json:"party,omitempty"`
}

// in is the slot as the clocks of a zone show it; nil is none.
func (s *Slot) in(zone *time.Location) *Slot {
	if s == nil {
		return nil
	}
	return &Slot{s.From.In(zone), s.Until.In(zone), s.Party}
}

// OrderLine is one line of an order to collect.
type OrderLine struct {
	ID        string `json:"id"` // "a", "b", … within the voucher
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	Collected bool   `json:"collected,omitempty"`
}

// Moment is a point in time that a rule names: an instant, or a wall-clock time that each store reads in its own zone.
type Moment struct {
	Instant time.Time // when not Local
	Local   bool
	Civil   time.Time // when Local: the wall clock, held in UTC
}

const civilLayout = "2006-01-02T15:04:05"

// MarshalJSON writes an instant as RFC 3339 with offset, a wall-clock time without one.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.Local {
		return json.Marshal(m.Civil.Format(civilLayout))
	}
	return json.Marshal(m.Instant.Format(time.RFC3339Nano))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Moment) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if civil, err := time.Parse(civilLayout, text); err == nil {
		*m = Moment{Local: true, Civil: civil}
		return nil
	}
	instant, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%q is not a time such as 2026-12-31T23:59:59 or the same with an offset", text)
	}
	*m = Moment{Instant: instant}
	return nil
}

// Earliest is the moment as the first instant it can mean in zone: where clocks go back and a wall-clock time comes twice, the
// first; where they go forward and it never comes, the instant of the change. It is how valid_from is read.
func (m Moment) Earliest(zone *time.Location) time.Time {
	first, _ := m.in(zone)
	return first
}

// Latest is the moment as the last instant it can mean in zone: of a time that comes twice, the second; of one that never
// comes, the instant of the change. It is how valid_until is read: the doubtful hour is the customer's at both ends.
func (m Moment) Latest(zone *time.Location) time.Time {
	_, last := m.in(zone)
	return last
}

func (m Moment) in(zone *time.Location) (first, last time.Time) {
	if !m.Local {
		return m.Instant, m.Instant
	}
	// No zone changes its clocks twice in two days, so that the offsets a day before and after are the only candidates.
	seconds := m.Civil.Unix()
	_, before := time.Unix(seconds-86400, 0).In(zone).Zone()
	_, after := time.Unix(seconds+86400, 0).In(zone).Zone()
	nanos := int64(m.Civil.Nanosecond())
	candidates := []time.Time{}
	for _, offset := range []int{max(before, after), min(before, after)} { // the larger offset is the earlier instant
		at := time.Unix(seconds-int64(offset), nanos)
		if _, actual := at.In(zone).Zone(); actual == offset {
			candidates = append(candidates, at)
		}
	}
	if len(candidates) == 0 { // in a gap: the instant of the change is where the later reading's zone bounds begin
		_, end := time.Unix(seconds-int64(max(before, after)), 0).In(zone).ZoneBounds()
		return end, end
	}
	return candidates[0], candidates[len(candidates)-1]
}
