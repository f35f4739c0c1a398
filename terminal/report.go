package terminal

import "time"

// Report is an outcome as scripts read it: its JSON keys are stable. Sentences are in the language of the words it was made with.
type Report struct {
	Decision  Choice         `json:"decision"`
	Reason    Reason         `json:"reason,omitempty"`
	Reasons   []Reason       `json:"reasons,omitempty"` // every reason that applies, the first first
	Title     string         `json:"title"`
	Fact      string         `json:"fact,omitempty"` // the facts as one sentence
	Facts     map[string]any `json:"facts,omitempty"`
	Next      string         `json:"next,omitempty"`
	Missing   []Ask          `json:"missing,omitempty"` // of an ask: what the cashier is asked
	UID       *UID           `json:"uid,omitempty"`
	Receipt   string         `json:"receipt,omitempty"`
	Redeemed  bool           `json:"redeemed"` // vouchers were honoured and the fact is on disk
	Voucher   *VoucherID     `json:"voucher,omitempty"`
	Code      string         `json:"code,omitempty"` // the code's last symbols
	Campaign  string         `json:"campaign,omitempty"`
	Name      string         `json:"name,omitempty"` // of the campaign
	Kind      Kind           `json:"kind,omitempty"`
	Holder    string         `json:"holder,omitempty"`
	Units     int64          `json:"units"`
	Amount    *Money         `json:"amount,omitempty"`
	Discount  *Money         `json:"discount,omitempty"`
	Currency  string         `json:"currency,omitempty"`
	Left      int64          `json:"left"`
	Bill      *Money         `json:"bill,omitempty"`
	LeftToPay *Money         `json:"left_to_pay,omitempty"`
	Assurance Assurance      `json:"assurance,omitempty"`
	Verdict   Verdict        `json:"verdict,omitempty"`
	Operator  string         `json:"operator,omitempty"`
	Approver  string         `json:"approver,omitempty"`
	Reverses  string         `json:"reverses,omitempty"` // of a reversal: the receipt of the redemption
	At        *time.Time     `json:"at,omitempty"`
	Lines     []ReportLine   `json:"lines,omitempty"` // of a bill with several vouchers, or an order
	Order     []ReportLine   `json:"order,omitempty"` // what else the order holds that is still open
}

// ReportLine is one voucher of a bill, or one line of an order.
type ReportLine struct {
	Voucher  VoucherID   `json:"voucher"`
	Campaign string      `json:"campaign"`
	Kind     Kind        `json:"kind"`
	Units    int64       `json:"units"`
	Amount   *Money      `json:"amount,omitempty"`
	Discount *Money      `json:"discount,omitempty"`
	Left     int64       `json:"left"`
	Parts    []OrderLine `json:"parts,omitempty"`
	Reasons  []Reason    `json:"reasons,omitempty"`
}

// Report puts an outcome into words and stable keys.
func (o Outcome) Report(words Words) Report {
	report := Report{Decision: o.Choice, Reason: o.Reason(), Missing: o.Asks, Redeemed: o.Redeemed() && o.Reversed == nil,
		Bill: o.Bill, LeftToPay: o.LeftToPay, Code: o.Masked}
	o.sayings(&report, words)
	for i, line := range o.Lines {
		if i == o.Lead {
			id := line.Voucher.ID
			report.Voucher, report.Campaign, report.Kind = &id, line.Campaign.ID, line.Campaign.Kind
			report.Name, report.Holder = line.Campaign.Name.In(words.Language()), line.Voucher.Holder
			report.Units, report.Amount, report.Discount, report.Left = line.Units, line.Amount, line.Discount, line.Left
			report.Currency = line.Campaign.Currency
		}
		if len(o.Lines) > 1 || len(line.Parts) > 0 {
			report.Lines = append(report.Lines, line.report())
		}
	}
	for _, line := range o.Order {
		report.Order = append(report.Order, line.report())
	}
	if o.Record != nil {
		o.recorded(&report)
	}
	return report
}

func (l OutcomeLine) report() ReportLine {
	return ReportLine{Voucher: l.Voucher.ID, Campaign: l.Campaign.ID, Kind: l.Campaign.Kind, Units: l.Units, Amount: l.Amount,
		Discount: l.Discount, Left: l.Left, Parts: l.Parts, Reasons: reasonsOf(l.Findings)}
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
		report.Title = words.Say("ask."+string(o.Asks[0].Missing), nil)
		report.Next = words.Say("ask."+string(o.Asks[0].Missing)+".next", nil)
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
		report.Units = 0
		for _, line := range entry.Lines {
			report.Units += line.Units
			report.Amount, report.Left = line.Amount, line.Left
		}
	}
}
