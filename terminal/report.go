package terminal

import "time"

// Report is an outcome as scripts read it: its JSON keys are stable and always there; what does not apply is null, "", [] or {}. Of several
// vouchers, voucher to left are those of one of them: the one that the first reason is about, else the first. Lines has all. Of a reversal
// they say what came back, and what is left since.
// Sentences are in the language of the words it was made with.
type Report struct {
	Decision  Choice         `json:"decision"`
	Reason    Reason         `json:"reason"`
	Reasons   []Reason       `json:"reasons"` // every reason that applies, the first first
	Title     string         `json:"title"`
	Fact      string         `json:"fact"` // the facts as one sentence
	Facts     map[string]any `json:"facts"`
	Next      string         `json:"next"`
	Missing   []Ask          `json:"missing"` // of an ask: what the cashier is asked
	UID       *UID           `json:"uid"`
	Receipt   string         `json:"receipt"`
	Redeemed  bool           `json:"redeemed"` // vouchers were honoured and the fact is on disk
	Voucher   *VoucherID     `json:"voucher"`
	Code      string         `json:"code"` // the code's last symbols
	Campaign  string         `json:"campaign"`
	Name      string         `json:"name"` // of the campaign
	Kind      Kind           `json:"kind"`
	Holder    string         `json:"holder"`
	Units     int64          `json:"units"`
	Amount    *Money         `json:"amount"`
	Total     *Money         `json:"amount_total"` // of all lines, where they are amounts of one currency
	Discount  *Money         `json:"discount"`
	Currency  string         `json:"currency"`
	Left      int64          `json:"left"` // once this is done; of a decline, now: see OutcomeLine
	Slot      *ReportSlot    `json:"slot"` // of a booking
	Bill      *Money         `json:"bill"`
	LeftToPay *Money         `json:"left_to_pay"`
	Assurance Assurance      `json:"assurance"`
	Verdict   Verdict        `json:"verdict"`
	Operator  string         `json:"operator"`
	Approver  string         `json:"approver"`
	Reverses  string         `json:"reverses"` // of a reversal: the receipt of the redemption
	At        *time.Time     `json:"at"`
	Lines     []ReportLine   `json:"lines,omitempty"` // of a bill with several vouchers, or an order
	Order     []ReportLine   `json:"order,omitempty"` // what else the order holds that is still open
	// Ignored lists what was said with the code and has no meaning for this voucher: "amount", "bill", "lines"; "amount_each" is an amount that
	// was said once of several balances, and does not say of which.
	Ignored []string `json:"ignored,omitempty"`
}

// ReportSlot is what was booked, and how the guest keeps to it.
type ReportSlot struct {
	Slot
	Late *int64 `json:"late_minutes,omitempty"` // after its beginning; negative is early
}

// ReportLine is one voucher of a bill, or one line of an order.
type ReportLine struct {
	Voucher  VoucherID   `json:"voucher"`
	Campaign string      `json:"campaign"`
	Name     string      `json:"name"` // of the campaign
	Code     string      `json:"code"` // the code's last symbols
	Kind     Kind        `json:"kind"`
	Units    int64       `json:"units"`
	Amount   *Money      `json:"amount,omitempty"`
	Discount *Money      `json:"discount,omitempty"`
	Left     int64       `json:"left"`
	Slot     *ReportSlot `json:"slot,omitempty"`
	Parts    []OrderLine `json:"parts,omitempty"`
	Reasons  []Reason    `json:"reasons,omitempty"`
}

// Report puts an outcome into words and stable keys.
func (o Outcome) Report(words Words) Report {
	report := Report{Decision: o.Choice, Reason: o.Reason(), Missing: o.Asks, Redeemed: o.Redeemed() && o.Reversed == nil,
		Bill: o.Bill, LeftToPay: o.LeftToPay, Code: o.Masked}
	o.sayings(&report, words)
	report.neverNull()
	for i, line := range o.Lines {
		if i == o.Lead {
			id := line.Voucher.ID
			report.Voucher, report.Campaign, report.Kind = &id, line.Campaign.ID, line.Campaign.Kind
			report.Name, report.Holder = line.Campaign.Name.In(words.Language()), line.Voucher.Holder
			report.Units, report.Amount, report.Discount, report.Left = line.Units, line.Amount, line.Discount, line.Left
			report.Currency, report.Slot = line.Campaign.Currency, line.slot()
		}
		if len(o.Lines) > 1 || len(line.Parts) > 0 {
			report.Lines = append(report.Lines, line.report(words))
		}
	}
	for _, line := range o.Order {
		report.Order = append(report.Order, line.report(words))
	}
	report.Total = o.total()
	if o.Record != nil {
		o.recorded(&report)
	}
	return report
}

// total is the sum of the amounts of all lines, nil where there is none, or no sum.
func (o Outcome) total() *Money {
	var total *Money
	for _, line := range o.Lines {
		switch {
		case line.Amount == nil:
		case total == nil:
			total = line.Amount
		default:
			sum, err := total.AddUpTo(*line.Amount)
			if err != nil {
				return nil
			}
			total = &sum
		}
	}
	return total
}

// neverNull makes lists and facts that are empty [] and {}, so that a script can go through them without asking first.
func (r *Report) neverNull() {
	if r.Reasons == nil {
		r.Reasons = []Reason{}
	}
	if r.Missing == nil {
		r.Missing = []Ask{}
	}
	if r.Facts == nil {
		r.Facts = map[string]any{}
	}
}

func (l OutcomeLine) report(words Words) ReportLine {
	return ReportLine{Voucher: l.Voucher.ID, Campaign: l.Campaign.ID, Name: l.Campaign.Name.In(words.Language()), Code: l.Masked, Kind: l.Campaign.Kind, Units: l.Units, Amount: l.Amount,
		Discount: l.Discount, Left: l.Left, Slot: l.slot(), Parts: l.Parts, Reasons: reasonsOf(l.Findings)}
}

func (l OutcomeLine) slot() *ReportSlot {
	if l.Voucher.Slot == nil {
		return nil
	}
	return &ReportSlot{*l.Voucher.Slot, l.Late}
}

func reasonsOf(findings []Finding) []Reason {
	var reasons []Reason
	seen := map[Reason]bool{}
	for _, finding := range findings {
		if !seen[finding.Reason] {
			reasons = append(reasons, finding.Reason)
		}
		seen[finding.Reason] = true
	}
	return reasons
}

// sayings puts title, fact and next step into words.
func (o Outcome) sayings(report *Report, words Words) {
	report.Reasons = reasonsOf(o.Findings)
	if len(o.Findings) > 0 && o.Choice != Approved {
		first := o.Findings[0]
		report.Title, report.Fact, report.Next = first.Title().In(words), first.Fact().In(words), first.Next().In(words)
		report.Facts = first.Facts
		return
	}
	switch {
	case o.Choice == Asking && len(o.Asks) > 0:
		report.Title = o.Asks[0].Title().In(words)
		report.Next = o.Asks[0].Next().In(words)
		if ask := o.Asks[0]; ask.ofLine() && len(o.Lines) > 1 && ask.Line < len(o.Lines) {
			report.Fact = words.Say("ask.which", map[string]any{"name": o.Lines[ask.Line].Campaign.Name, "code": ask.Code})
		}
	case o.Reversed != nil:
		report.Title = words.Say("outcome.reversed", nil)
	case o.Redeemed():
		report.Title = words.Say("outcome.redeemed", nil)
	default:
		report.Title, report.Next = words.Say("outcome.ready", nil), words.Say("outcome.ready.next", nil)
	}
}

// recorded adds what the journal's entry says.
func (o Outcome) recorded(report *Report) {
	entry := o.Record.Entry
	report.UID, report.Receipt = &entry.UID, entry.Receipt.String()
	report.Assurance, report.Verdict = entry.Assurance, o.Record.Verdict
	report.Operator, report.Approver, report.At = entry.Operator, entry.Approver, &entry.Wall
	if o.Reversed != nil {
		report.Reverses = o.Reversed.Entry.Receipt.String()
	}
}
