package terminal

import "slices"

// Reason is the stable code of why a voucher was declined. Each has one precise cause; screens show its title, facts and next
// step, in words, from the translations (keys reason.CODE.title, reason.CODE.fact, reason.CODE.next).
type Reason string

// The reasons, in the published total order: when several apply, the first of them is the one shown, and the others are listed.
const (
	// The code or token.
	MalformedCode Reason = "malformed_code"
	ScannerLayout Reason = "scanner_layout"
	BadSignature  Reason = "bad_signature"
	UnknownIssuer Reason = "unknown_issuer"
	NotFound      Reason = "not_found"
	// Refunded, revoked or otherwise withdrawn.
	VoucherIsRefunded Reason = "refunded"
	VoucherIsRevoked  Reason = "revoked"
	VoucherIsDisabled Reason = "disabled"
	CampaignIsPaused  Reason = "campaign_paused"
	// Used.
	AlreadyRedeemed     Reason = "already_redeemed"
	UsesExhausted       Reason = "uses_exhausted"
	InsufficientBalance Reason = "insufficient_balance"
	HeldElsewhere       Reason = "held_elsewhere"
	AlreadyReversed     Reason = "already_reversed"
	// Expired, or not begun.
	Expired     Reason = "expired"
	NotYetValid Reason = "not_yet_valid"
	// Place.
	WrongStore      Reason = "wrong_store"
	WrongTerminal   Reason = "wrong_terminal"
	NotThisTerminal Reason = "not_this_terminal"
	// Time.
	Blackout        Reason = "blackout"
	OutsideHours    Reason = "outside_hours"
	SlotTooEarly    Reason = "slot_too_early"
	SlotTooLate     Reason = "slot_too_late"
	ReversalTooLate Reason = "reversal_too_late"
	// Limits.
	UnitsLimit    Reason = "units_limit"
	CustomerLimit Reason = "customer_limit"
	CampaignLimit Reason = "campaign_limit"
	// The bill.
	AmountInvalid Reason = "amount_invalid"
	WrongCurrency Reason = "wrong_currency"
	MinimumSpend  Reason = "minimum_spend"
	NotCombinable Reason = "not_combinable"
	// The operator.
	WrongPIN           Reason = "wrong_pin"
	PINLocked          Reason = "pin_locked"
	OperatorNotAllowed Reason = "operator_not_allowed"
	ApprovalRequired   Reason = "approval_required"
	// The device.
	TerminalSuspended Reason = "terminal_suspended"
	ClockUntrusted    Reason = "clock_untrusted"
	CacheTooOld       Reason = "cache_too_old"
	OfflineNotAllowed Reason = "offline_not_allowed"
	OfflineLimit      Reason = "offline_limit"
)

// Reasons lists every reason in the published order.
var Reasons = []Reason{
	MalformedCode, ScannerLayout, BadSignature, UnknownIssuer, NotFound,
	VoucherIsRefunded, VoucherIsRevoked, VoucherIsDisabled, CampaignIsPaused,
	AlreadyRedeemed, UsesExhausted, InsufficientBalance, HeldElsewhere, AlreadyReversed,
	Expired, NotYetValid,
	WrongStore, WrongTerminal, NotThisTerminal,
	Blackout, OutsideHours, SlotTooEarly, SlotTooLate, ReversalTooLate,
	UnitsLimit, CustomerLimit, CampaignLimit,
	AmountInvalid, WrongCurrency, MinimumSpend, NotCombinable,
	WrongPIN, PINLocked, OperatorNotAllowed, ApprovalRequired,
	TerminalSuspended, ClockUntrusted, CacheTooOld, OfflineNotAllowed, OfflineLimit,
}

var reasonRank = func() map[Reason]int {
	rank := make(map[Reason]int, len(Reasons))
	for i, reason := range Reasons {
		rank[reason] = i
	}
	return rank
}()

// Finding is one reason with the facts behind it: what the sentence on the screen is made of. The keys of Facts are those of
// the reason's translations; values are strings, int64, Money, time.Time, Date or []string.
type Finding struct {
	Reason Reason         `json:"reason"`
	Facts  map[string]any `json:"facts,omitempty"`
	// Own says that this terminal's own journal is the source: who has never heard of the voucher does not know better.
	Own bool `json:"-"`
	// Approvable says that a manager may approve this one, of a reason that is not approvable as such: see SlotGrace.
	Approvable bool `json:"-"`
}

// titled are the variants that have a title of their own.
var titled = []string{"lines.unknown.", "lines.several.", "discount.nothing.", "undo.cashier.", "undo.never.",
	"limit.bill.customer.", "limit.rest.customer.", "limit.bill.campaign.", "limit.rest.campaign."}

// Title, Fact and Next are the three sentences of a finding.
func (f Finding) Title() Saying {
	if cause := f.keyTrouble(); cause != "" {
		return Saying{"issuer." + cause, f.Facts}
	}
	if cause := f.journalTrouble(); cause != "" {
		return Saying{"barred." + cause, f.Facts}
	}
	if variant := f.variant(); slices.Contains(titled, variant) {
		return Saying{variant + "title", f.Facts}
	}
	return Saying{"reason." + string(f.Reason) + ".title", f.Facts}
}

// Fact says what is known: "Used today at 12:04 at counter 2, by Li".
func (f Finding) Fact() Saying {
	switch {
	case f.nobody():
		return Saying{"operator.unknown", f.Facts}
	case f.noApprover():
		return Saying{"operator.no_approver", f.Facts}
	}
	if cause := f.keyTrouble(); cause != "" {
		return Saying{"issuer." + cause + ".fact", f.Facts}
	}
	if cause := f.journalTrouble(); cause != "" {
		return Saying{"barred." + cause + ".fact", f.Facts}
	}
	if variant := f.variant(); variant != "" {
		return Saying{variant + "fact", f.Facts}
	}
	if _, order := f.Facts["lines"]; order && f.Reason == AlreadyRedeemed {
		return Saying{"lines.collected", f.Facts}
	}
	return Saying{"reason." + string(f.Reason) + ".fact", f.Facts}
}

// Next says what the cashier does now: "Ask the customer for …".
func (f Finding) Next() Saying {
	switch {
	case f.nobody():
		return Saying{"operator.unknown.next", f.Facts}
	case f.noApprover():
		return Saying{"operator.no_approver.next", f.Facts}
	}
	if cause := f.keyTrouble(); cause != "" {
		return Saying{"issuer." + cause + ".next", f.Facts}
	}
	if cause := f.journalTrouble(); cause != "" {
		return Saying{"barred." + cause + ".next", f.Facts}
	}
	if variant := f.variant(); variant != "" {
		return Saying{variant + "next", f.Facts}
	}
	switch _, again := f.Facts["again"]; {
	case f.Approvable && f.Reason == OperatorNotAllowed:
		return Saying{"operator.approve.next", f.Facts}
	case again && f.Reason == SlotTooEarly && !f.Approvable:
		return Saying{"slot.another_day.next", f.Facts}
	case f.Reason == PINLocked && f.Facts["approval"] != nil:
		return Saying{"pin.second.next", f.Facts}
	case f.Facts["over"] != nil && f.Reason == ReversalTooLate:
		return Saying{"undo.over.next", f.Facts}
	}
	if f.Approvable {
		return Saying{"slot.approve.next", f.Facts}
	}
	if _, open := f.Facts["open"]; open && f.Reason == AlreadyRedeemed {
		return Saying{"lines.open.next", f.Facts}
	}
	return Saying{"reason." + string(f.Reason) + ".next", f.Facts}
}

// variant is how a reason is told where the cashier has to do something else than mostly, or "".
func (f Finding) variant() string {
	has := func(fact string) bool { _, there := f.Facts[fact]; return there }
	switch {
	case f.Reason == UnitsLimit && has("bill"):
		return "units.twice."
	case f.Reason == UnitsLimit && has("kind"):
		return "units.amount."
	case f.Reason == ReversalTooLate && has("never"):
		if f.Facts["never"] == string(RoleCashier) {
			return "undo.cashier."
		}
		return "undo.never."
	case f.Reason == OperatorNotAllowed && has("by"):
		return "undo.others."
	case f.Reason == AmountInvalid && has("several"):
		return "lines.several."
	case f.Reason == AmountInvalid && has("lines"):
		return "lines.unknown."
	case f.Reason == AmountInvalid && has("discount"):
		return "discount.nothing."
	case f.Reason == UnknownIssuer && f.Facts["line"] == "down":
		return "issuer.offline."
	case f.Reason == ApprovalRequired && f.Facts["line"] == "down":
		return "approval.offline."
	case f.Reason == OutsideHours && has("until"):
		return "hours.over."
	case f.Reason == CustomerLimit && has("bill"):
		return "limit.bill.customer."
	case f.Reason == CustomerLimit && has("left"):
		return "limit.rest.customer."
	case f.Reason == CampaignLimit && has("reserved"):
		return "reserved.campaign."
	case f.Reason == HeldElsewhere && has("reserved") && has("seen"):
		return "reserved.silent."
	case f.Reason == HeldElsewhere && has("reserved"):
		return "reserved.voucher."
	case f.Reason == CampaignLimit && has("bill"):
		return "limit.bill.campaign."
	case f.Reason == CampaignLimit && has("left"):
		return "limit.rest.campaign."
	}
	return ""
}

// keyTrouble says what is wrong with the key of a token whose issuer is known: "revoked", when nothing under the key is honoured any
// more, "issued_at", when the token says it was issued outside of the key's time, or "".
func (f Finding) keyTrouble() string {
	if cause := f.Facts["cause"]; f.Reason == UnknownIssuer && (cause == "revoked" || cause == "issued_at") {
		return cause.(string)
	}
	return ""
}

// newerKey reports that a token names a key that is not in the trust list here: it may have come with a rotation since the last sync. A
// key that is there and revoked, or out of its time, is known well enough.
func (f Finding) newerKey() bool {
	return f.Reason == UnknownIssuer && f.Facts["cause"] == "issuer"
}

// journalTrouble says why this terminal honours nothing alone, whatever the campaign allows, or nothing at all: one of the Barred… strings;
// "refused" where a manager said that another machine with the same key is the real one, "fork" where the journal has to begin a new
// epoch first; or "".
func (f Finding) journalTrouble() string {
	switch cause := f.Facts["cause"]; {
	case f.Reason == OfflineNotAllowed && (cause == BarredRestored || cause == BarredCloned || cause == BarredGap || cause == BarredDamaged || cause == BarredCloud):
		return cause.(string)
	case f.Reason == TerminalSuspended && cause == "clone":
		return "refused"
	case f.Reason == TerminalSuspended && cause == "fork":
		return "fork"
	}
	return ""
}

// nobody reports that the one who may not do this is not known here at all, which takes another step than asking somebody else.
func (f Finding) nobody() bool {
	_, unknown := f.Facts["unknown"]
	return f.Reason == OperatorNotAllowed && unknown
}

// noApprover reports that the second person is not one who may approve, which asking the first to sign in anew would not mend.
func (f Finding) noApprover() bool {
	_, named := f.Facts["approver"]
	return f.Reason == OperatorNotAllowed && named
}

// mayHaveChanged lists the reasons that a newer row could lift: the cloud is asked before such a decline is final. All others
// are the terminal's own knowledge and are answered at once.
var mayHaveChanged = map[Reason]bool{
	NotFound: true, VoucherIsRefunded: true, VoucherIsRevoked: true, VoucherIsDisabled: true, CampaignIsPaused: true,
	AlreadyRedeemed: true, UsesExhausted: true, InsufficientBalance: true, HeldElsewhere: true,
	CustomerLimit: true, CampaignLimit: true,
}
