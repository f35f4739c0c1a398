package terminal

import "cmp"

// needsBill reports whether a voucher cannot be judged without the bill's amount.
func needsBill(line OutcomeLine) bool {
	if discount := line.Campaign.Discount; line.Campaign.Kind == KindDiscount && discount != nil && discount.Amount == nil {
		return true
	}
	for _, rules := range bothRules(line) {
		if rules.MinimumBill != nil {
			return true
		}
	}
	return false
}

// settleBill takes the discounts and balances off the bill in their stated order and tests the minimum bills. Where no bill was
// stated, an amount off is granted whole, and what is left to pay stays unknown.
func settleBill(outcome *Outcome, req Request) {
	currency := ""
	for _, line := range outcome.Lines {
		currency = cmp.Or(currency, line.Campaign.Currency)
	}
	if req.Bill != nil && (req.Bill.Minor < 0 || req.Bill.Currency != currency) {
		finding := Finding{Reason: AmountInvalid, Facts: map[string]any{"asked": *req.Bill}}
		if req.Bill.Currency != currency {
			finding = Finding{Reason: WrongCurrency, Facts: map[string]any{"asked": *req.Bill, "currency": currency}}
		}
		outcome.Findings = append(outcome.Findings, finding)
		return
	}
	left := int64(0)
	if req.Bill != nil {
		left = req.Bill.Minor
	}
	afterDiscounts := left
	for _, step := range []func(*OutcomeLine, *int64, bool){takePercentage, takeAmount, takeBalance} {
		afterDiscounts = left
		for i := range outcome.Lines {
			step(&outcome.Lines[i], &left, req.Bill != nil)
		}
	}
	if req.Bill == nil {
		return
	}
	outcome.LeftToPay = &Money{left, currency}
	for i := range outcome.Lines {
		judgeDiscount(&outcome.Lines[i])
		judgeMinimum(&outcome.Lines[i], *req.Bill, afterDiscounts)
	}
}

func takePercentage(line *OutcomeLine, left *int64, stated bool) {
	discount := line.Campaign.Discount
	if line.Campaign.Kind != KindDiscount || discount == nil || discount.Amount != nil || !stated {
		return
	}
	off := Money{*left, line.Campaign.Currency}.Share(discount.BasisPoints, 10_000)
	if discount.Cap != nil {
		off.Minor = min(off.Minor, discount.Cap.Minor)
	}
	line.Discount = &off
	*left -= off.Minor
}

func takeAmount(line *OutcomeLine, left *int64, stated bool) {
	discount := line.Campaign.Discount
	if line.Campaign.Kind != KindDiscount || discount == nil || discount.Amount == nil {
		return
	}
	off := *discount.Amount
	if stated {
		off.Minor = min(off.Minor, *left) // never more than there is to pay
		*left -= off.Minor
	}
	line.Discount = &off
}

func takeBalance(line *OutcomeLine, left *int64, stated bool) {
	if line.Campaign.Kind != KindBalance || line.Amount == nil || !stated {
		return
	}
	if line.Amount.Minor > *left { // nobody pays more than the bill
		line.Findings = append(line.Findings, Finding{Reason: AmountInvalid, Facts: map[string]any{
			"asked": *line.Amount, "most": Money{*left, line.Amount.Currency}}})
	}
	*left = max(0, *left-line.Amount.Minor)
}

// judgeDiscount declines a discount that takes nothing off the bill: the customer would have used it up for nothing.
func judgeDiscount(line *OutcomeLine) {
	if line.Discount != nil && line.Discount.Minor < 1 {
		line.Findings = append(line.Findings, Finding{Reason: AmountInvalid, Facts: map[string]any{"discount": *line.Discount}})
	}
}

// judgeMinimum holds a line's minimum bills against the bill as stated, or against what the other discounts leave of it.
func judgeMinimum(line *OutcomeLine, bill Money, left int64) {
	after := left
	if line.Discount != nil {
		after += line.Discount.Minor
	}
	for _, rules := range bothRules(*line) {
		minimum := rules.MinimumBill
		if minimum == nil {
			continue
		}
		counted := bill
		if minimum.After {
			counted.Minor = after
		}
		if counted.Minor < minimum.Amount.Minor {
			line.Findings = append(line.Findings, Finding{Reason: MinimumSpend, Facts: map[string]any{
				"minimum": minimum.Amount, "bill": counted,
				"missing": Money{minimum.Amount.Minor - counted.Minor, bill.Currency}}})
			return
		}
	}
}

// The sorts of lines by what they do to a bill, in the order in which they are settled.
const (
	DeductsNothing = iota // a product, a pass, a booking, an order: paid before
	DeductsPercentage
	DeductsAmount
	Pays // from a balance
)

// Deduction is the sort of a line by what it does to the bill: percentages come off first, then amounts, then balances pay.
func (l OutcomeLine) Deduction() int {
	switch {
	case l.Campaign.Kind == KindBalance:
		return Pays
	case l.Campaign.Kind != KindDiscount || l.Campaign.Discount == nil:
		return DeductsNothing
	case l.Campaign.Discount.Amount != nil:
		return DeductsAmount
	}
	return DeductsPercentage
}

// Worth is what a line comes to at the counter: its amount or discount, else the value of its units, else their price; nil where it is no money.
func (l OutcomeLine) Worth() *Money { return l.worth() }

// worth is what a line is worth for approvals: its amount or discount, else the value at the counter, else the price.
func (l OutcomeLine) worth() *Money {
	switch {
	case l.Amount != nil:
		return l.Amount
	case l.Discount != nil:
		return l.Discount
	}
	if value := l.value(); value != nil {
		return value
	}
	return l.price()
}

// atRisk is what a line costs the merchant if the voucher turns out to have been used elsewhere: price, else value, else amount.
func (l OutcomeLine) atRisk() Money {
	for _, money := range []*Money{l.price(), l.value(), l.Amount, l.Discount} {
		if money != nil {
			return *money
		}
	}
	return Money{0, l.Campaign.Currency}
}

// price is what the customer paid online for the units of the line.
func (l OutcomeLine) price() *Money { return l.times(l.wholePrice()) }

func (l OutcomeLine) wholePrice() *Money { return cmp.Or(l.Voucher.Price, l.Campaign.Price) }

// value is what the units of the line are worth at the counter.
func (l OutcomeLine) value() *Money { return l.times(l.wholeValue()) }

func (l OutcomeLine) wholeValue() *Money { return cmp.Or(l.Voucher.Value, l.Campaign.Value) }

// times scales a voucher's money to the units of the line. A pass is paid as a whole: each use is its share of it.
func (l OutcomeLine) times(whole *Money) *Money {
	if whole == nil || l.Campaign.Kind == KindBalance {
		return nil
	}
	return shareOf(whole, l.before(), l.Units, l.total())
}

// judgeApproval says whether a manager has to agree because of what the line is worth together with the others on the bill that stand
// under the same rule: the campaign's counts all of its vouchers, a voucher's own each time that it is shown.
func judgeApproval(line OutcomeLine, all []OutcomeLine) []Finding {
	worth := line.worth()
	if worth == nil {
		return nil
	}
	over := func(limit *Money, under func(OutcomeLine) bool) []Finding {
		if limit == nil || limit.Currency != worth.Currency {
			return nil
		}
		sum := Money{0, limit.Currency}
		for _, other := range all {
			if money := other.worth(); under(other) && money != nil && money.Currency == limit.Currency {
				sum.Minor += money.Minor
			}
		}
		if sum.Minor <= limit.Minor {
			return nil
		}
		return []Finding{{Reason: ApprovalRequired, Facts: map[string]any{"amount": sum, "limit": *limit}}}
	}
	if found := over(line.Campaign.Rules.ApprovalAbove, line.sameCampaign); found != nil || line.Voucher.Rules == nil {
		return found
	}
	return over(line.Voucher.Rules.ApprovalAbove, func(other OutcomeLine) bool { return other.Voucher.ID == line.Voucher.ID })
}

func (l OutcomeLine) sameCampaign(other OutcomeLine) bool { return other.Campaign.ID == l.Campaign.ID }
