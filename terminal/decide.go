package terminal

import (
	"maps"
	"slices"
	"sort"
)

// Item is one voucher of a bill with what the terminal's own journal says of it.
type Item struct {
	Row    Row
	Masked string
	Own    Use
	Parts  map[string]Use // of a pickup: by line
	Quotas []UsedQuota    // the limits that the voucher stands under
}

// total is how many units the voucher was issued with.
func (i Item) total() int64 {
	if i.Row.Campaign.Kind == KindPickup {
		return int64(len(i.Row.Voucher.Lines))
	}
	return i.Row.Voucher.Units
}

// left is how many units can still be redeemed: what the row says less this terminal's own uses that the row does not know yet.
// The terminal's own net use never exceeds the voucher's total, whatever the row says; what another terminal took back of it is
// free once an authority says so.
func (i Item) left() int64 {
	return max(0, min(i.rowLeft(), i.ownLeft()))
}

func (i Item) rowLeft() int64 { return i.total() - i.Row.Voucher.Used - i.Own.After }

func (i Item) ownLeft() int64 {
	left := i.total() - i.Own.Net
	for _, units := range i.Row.Undone {
		left += units
	}
	return left
}

// lastUse is the newest use anybody knows of.
func (i Item) lastUse() *LastUse {
	own, row := i.Own.Last, i.Row.Voucher.LastUse
	if own == nil || (row != nil && row.At.After(own.At)) {
		return row
	}
	return own
}

// approvable is the closed list of what a manager may approve, but for a slot whose rule says how far beyond its grace
// (Finding.Approvable). Nothing else can be overridden by anybody.
var approvable = map[Reason]bool{ApprovalRequired: true, ClockUntrusted: true}

// Decide says what is to be done with the vouchers of one bill: approve, decline with every reason that applies, or ask for what
// is missing. It is pure: the same vouchers, request and situation always get the same answer. All vouchers are approved, or none.
//
// Several discounts on one bill are taken in this order: percentages first, each off what the ones before it left, then amounts,
// then balances, which pay what is left; among the same sort the order of the scans decides. A minimum bill "before" is held
// against the bill as stated, "after" against what the other discounts leave.
func Decide(items []Item, req Request, at Situation) Outcome {
	outcome := Outcome{Bill: req.Bill}
	outcome.Findings = judgeTerminal(at)
	taken, kinds := map[VoucherID]int64{}, map[Kind]int{}
	for _, item := range items {
		kinds[item.Row.Campaign.Kind]++
	}
	for i, item := range items {
		own := req.of(i, kinds[item.Row.Campaign.Kind] == 1)
		item.Quotas, item.Parts = countEarlier(item, outcome.Lines), handedOver(item, outcome.Lines)
		line, asks := judgeItem(item, own, at, taken[item.Row.Voucher.ID])
		if own.Units != nil && *own.Units != 1 && len(items) == 1 && line.Campaign.Kind != KindPass {
			facts := map[string]any{"most": int64(1), "asked": *own.Units}
			if line.Campaign.Kind == KindBalance {
				facts = map[string]any{"kind": string(KindBalance)}
			}
			line.Findings = append(line.Findings, Finding{Reason: UnitsLimit, Facts: facts})
		}
		if len(items) > 1 && (item.Row.Campaign.Rules.Exclusive || (item.Row.Voucher.Rules != nil && item.Row.Voucher.Rules.Exclusive)) {
			line.Findings = append(line.Findings, Finding{Reason: NotCombinable, Facts: map[string]any{"count": int64(len(items))}})
		}
		taken[item.Row.Voucher.ID] += line.Units
		line.now = item.left()
		outcome.Lines = append(outcome.Lines, line)
		for n := range asks {
			if asks[n].Missing == MissingUnits || asks[n].Missing == MissingAmount {
				asks[n].Line, asks[n].Voucher, asks[n].Code = i, item.Row.Voucher.ID, item.Masked
			}
		}
		outcome.Asks = mergeAsks(outcome.Asks, asks)
	}
	settleBill(&outcome, req)
	if left := outcome.LeftToPay; left != nil {
		for i := range outcome.Asks { // nobody pays more than the bill
			if ask := &outcome.Asks[i]; ask.Missing == MissingAmount && left.Minor > 0 {
				ask.Most = min(ask.Most, left.Minor)
			}
		}
	}
	for i := range outcome.Lines {
		line := &outcome.Lines[i]
		line.Findings = append(line.Findings, judgeApproval(*line, outcome.Lines)...)
		sortFindings(line.Findings)
		outcome.Findings = append(outcome.Findings, line.Findings...)
	}
	outcome = conclude(outcome, at)
	if len(items) > 0 {
		outcome.Lead = outcome.lead()
		outcome.Masked = items[outcome.Lead].Masked
	}
	return outcome
}

// judgeTerminal says what keeps this terminal from honouring anything at all.
func judgeTerminal(at Situation) []Finding {
	if at.Settings.Suspended {
		return []Finding{{Reason: TerminalSuspended}}
	}
	return nil
}

// handedOver is what is used of an order's lines once earlier lines of the same bill are counted.
func handedOver(item Item, earlier []OutcomeLine) map[string]Use {
	parts := maps.Clone(item.Parts)
	for _, line := range earlier {
		if line.Voucher.ID != item.Row.Voucher.ID {
			continue
		}
		for _, part := range line.Parts {
			use := parts[part.ID]
			use.Net++
			use.After++
			parts[part.ID] = use
		}
	}
	return parts
}

// conclude turns findings and asks into a choice.
func conclude(outcome Outcome, at Situation) Outcome {
	sortFindings(outcome.Findings)
	approved := at.Approver != nil && at.Approver.Role.Covers(RoleManager)
	approved = approved || (at.Operator != nil && at.Operator.Role.Covers(RoleManager))
	hard := slices.ContainsFunc(outcome.Findings, func(f Finding) bool { return !approvable[f.Reason] && !f.Approvable })
	switch {
	case hard:
		outcome.decline(outcome.Findings)
	case len(outcome.Asks) > 0:
		outcome.Choice = Asking
	case len(outcome.Findings) > 0 && !approved:
		outcome = askApproval(outcome, at)
	default:
		outcome.Choice, outcome.Findings = Approved, nil
	}
	return outcome
}

// askApproval asks for a manager's agreement to the first finding. Where somebody agreed who may not, that is what is said first: the same
// question again would tell nobody what was wrong.
func askApproval(outcome Outcome, at Situation) Outcome {
	outcome.Choice = Asking
	if at.Approver != nil {
		facts := maps.Clone(outcome.Findings[0].Facts)
		if facts == nil {
			facts = map[string]any{}
		}
		facts["approver"] = at.Approver.Name
		outcome.Findings = append([]Finding{{Reason: OperatorNotAllowed, Facts: facts}}, outcome.Findings...)
	}
	outcome.Asks = []Ask{{Missing: MissingApproval, Finding: outcome.Findings[0]}}
	return outcome
}

func sortFindings(findings []Finding) {
	sort.SliceStable(findings, func(i, j int) bool { return reasonRank[findings[i].Reason] < reasonRank[findings[j].Reason] })
}

// mergeAsks adds asks that are not asked yet: one question at a time, of the first voucher that has it.
func mergeAsks(asks, more []Ask) []Ask {
	for _, ask := range more {
		if !slices.ContainsFunc(asks, func(a Ask) bool { return a.Missing == ask.Missing }) {
			asks = append(asks, ask)
		}
	}
	return asks
}

// of is the request as far as it is about the i-th voucher: what was said of its scan, else what was said of the bill. An amount counts
// for one voucher only, alone where it is the only one of its kind: 20.00 that was said once must not leave two cards.
func (r Request) of(i int, alone bool) Request {
	if i >= len(r.Scans) {
		return r // of an order that came along whole
	}
	scan := r.Scans[i]
	if scan.Units != nil {
		r.Units = scan.Units
	}
	if scan.Amount != nil || !alone {
		r.Amount = scan.Amount
	}
	return r
}

// judgeItem judges one voucher but for what depends on the rest of the bill. taken is what earlier lines of the bill use of it.
func judgeItem(item Item, req Request, at Situation, taken int64) (OutcomeLine, []Ask) {
	voucher, campaign := item.Row.Voucher, item.Row.Campaign
	voucher.Slot = voucher.Slot.in(at.Zone)
	line := OutcomeLine{Voucher: voucher, Campaign: campaign, Masked: item.Masked, Left: max(0, item.left()-taken)}
	if voucher.Slot != nil && campaign.Kind == KindBooking {
		late := int64(at.Time().Sub(voucher.Slot.From).Minutes())
		line.Late = &late
	}
	line.Findings = judgeState(voucher, campaign, at)
	line.Findings = append(line.Findings, judgeRules(campaign.Rules, bothRules(line), voucher.Slot, at)...)
	if voucher.Rules != nil {
		narrow := *voucher.Rules
		line.Findings = append(line.Findings, judgeRules(narrow, bothRules(line), voucher.Slot, at)...)
		line.Findings = dedupe(line.Findings)
	}
	var asks []Ask
	var finding *Finding
	switch campaign.Kind {
	case KindBalance:
		asks, finding = judgeBalance(&line, item, req, at)
	case KindPass:
		asks, finding = judgePass(&line, item, req, at)
	case KindPickup:
		finding = judgePickup(&line, item, req, at)
	default:
		finding = judgeSingle(&line, item, at)
	}
	if finding != nil {
		line.Findings = append(line.Findings, *finding)
	}
	line.Findings = append(line.Findings, judgeQuotas(line, item.Quotas, item.lastUse(), at)...)
	line.Left = max(0, line.Left-line.Units)
	if req.Bill == nil && needsBill(line) {
		asks = append(asks, Ask{Missing: MissingBill})
	}
	if at.mustSignIn() || (at.Operator == nil && needsRole(line) && (at.Approver == nil || !at.Approver.Role.Covers(RoleManager))) {
		asks = append(asks, Ask{Missing: MissingOperator})
	}
	return line, asks
}

// dedupe keeps the first finding of each reason: the campaign's, where voucher and campaign say the same. What one of them does not
// let a manager approve stays so.
func dedupe(findings []Finding) []Finding {
	seen := map[Reason]bool{}
	firm := map[Reason]bool{}
	for _, finding := range findings {
		firm[finding.Reason] = firm[finding.Reason] || !finding.Approvable
	}
	return slices.DeleteFunc(findings, func(f Finding) bool {
		if seen[f.Reason] || (f.Approvable && firm[f.Reason]) {
			return true
		}
		seen[f.Reason] = true
		return false
	})
}

func judgeState(voucher Voucher, campaign Campaign, at Situation) []Finding {
	facts := map[string]any{}
	if voucher.StateAt != nil {
		facts["at"] = voucher.StateAt.In(at.Zone)
	}
	var findings []Finding
	switch voucher.State {
	case VoucherRefunded:
		findings = append(findings, Finding{Reason: VoucherIsRefunded, Facts: facts})
	case VoucherRevoked:
		findings = append(findings, Finding{Reason: VoucherIsRevoked, Facts: facts})
	case VoucherDisabled:
		findings = append(findings, Finding{Reason: VoucherIsDisabled, Facts: facts})
	}
	if campaign.State == CampaignPaused || slices.Contains(campaign.PausedStores, at.Settings.Store.ID) {
		findings = append(findings, Finding{Reason: CampaignIsPaused, Facts: map[string]any{"campaign": campaign.Name}})
	}
	return findings
}

// usedUp says that a voucher has not enough left. Own is whether this terminal's journal alone shows it: where a row says that units
// of its uses are free again, somebody else took them back, and who that was can be asked.
func usedUp(reason Reason, item Item, left, asked int64, at Situation) *Finding {
	facts := at.useFacts(item.lastUse())
	facts["left"], facts["total"] = left, item.total()
	return &Finding{Reason: reason, Facts: facts, Own: item.ownLeft() < asked && item.rowLeft() < asked}
}

// judgeSingle judges the kinds that are used once: product, booking and discount.
func judgeSingle(line *OutcomeLine, item Item, at Situation) *Finding {
	line.Units = 1
	switch {
	case line.Left >= 1:
		return nil
	case item.left() >= 1: // earlier lines of the same bill take it
		return twiceOnBill()
	}
	return usedUp(AlreadyRedeemed, item, line.Left, 1, at)
}

// twiceOnBill says that earlier lines of the same bill take all that there is of a voucher.
func twiceOnBill() *Finding {
	return &Finding{Reason: UnitsLimit, Facts: map[string]any{"bill": "twice"}}
}

func judgePass(line *OutcomeLine, item Item, req Request, at Situation) ([]Ask, *Finding) {
	most := line.Left
	for _, rules := range bothRules(*line) {
		if rules.UnitsAtOnce > 0 { // what earlier lines of the same bill take of it counts, too
			most = min(most, max(0, rules.UnitsAtOnce-(item.left()-line.Left)))
		}
	}
	if line.Left < 1 {
		line.Units = 1
		return nil, usedUp(UsesExhausted, item, line.Left, 1, at)
	}
	if most < 1 {
		line.Units = 1
		return nil, twiceOnBill()
	}
	if req.Units == nil {
		if most = mostOf(most, item.Quotas); most > 1 {
			return []Ask{{Missing: MissingUnits, Most: most}}, nil
		}
		line.Units = 1
		return nil, nil
	}
	line.Units = *req.Units
	switch {
	case line.Units < 1:
		line.Units = 0
		return nil, &Finding{Reason: AmountInvalid, Facts: map[string]any{"asked": *req.Units}}
	case line.Units > line.Left:
		if most < line.Left { // fewer at once than are left: both are said
			line.Findings = append(line.Findings, Finding{Reason: UnitsLimit, Facts: map[string]any{"most": most, "asked": line.Units}})
		}
		return nil, usedUp(UsesExhausted, item, line.Left, line.Units, at)
	case line.Units > most:
		return nil, &Finding{Reason: UnitsLimit, Facts: map[string]any{"most": most, "asked": line.Units}}
	}
	return nil, nil
}

func judgeBalance(line *OutcomeLine, item Item, req Request, at Situation) ([]Ask, *Finding) {
	currency := line.Campaign.Currency
	left := Money{line.Left, currency}
	if line.Left < 1 {
		finding := usedUp(InsufficientBalance, item, 0, 1, at)
		finding.Facts["left"] = left
		return nil, finding
	}
	if req.Amount == nil {
		return []Ask{{Missing: MissingAmount, Most: line.Left}}, nil
	}
	asked := *req.Amount
	switch {
	case asked.Currency != currency:
		return nil, &Finding{Reason: WrongCurrency, Facts: map[string]any{"asked": asked, "currency": currency}}
	case asked.Minor < 1:
		return nil, &Finding{Reason: AmountInvalid, Facts: map[string]any{"asked": asked}}
	}
	line.Units, line.Amount = asked.Minor, &asked
	if asked.Minor > line.Left {
		finding := usedUp(InsufficientBalance, item, line.Left, asked.Minor, at)
		finding.Facts["left"], finding.Facts["asked"] = left, asked
		return nil, finding
	}
	return nil, nil
}

// needsRole reports that a voucher is not for whoever happens to stand at the counter, even where nobody signs in.
func needsRole(line OutcomeLine) bool {
	return slices.ContainsFunc(bothRules(line), func(rules Rules) bool { return rules.Role != "" && rules.Role != RoleCashier })
}

// bothRules are the rules that a line stands under: its campaign's, and its own where it has some.
func bothRules(line OutcomeLine) []Rules {
	if line.Voucher.Rules == nil {
		return []Rules{line.Campaign.Rules}
	}
	return []Rules{line.Campaign.Rules, *line.Voucher.Rules}
}
