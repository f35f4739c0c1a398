package terminal

import "encoding/json"

// Choice is what a decision comes to.
type Choice string

// The choices.
const (
	Approved Choice = "approved"
	Declined Choice = "declined"
	Asking   Choice = "ask" // something is missing: see Outcome.Asks
)

// Missing is one thing that a decision still needs from the cashier.
type Missing string

// What can be missing.
const (
	MissingUnits    Missing = "units"    // how many uses of a pass
	MissingAmount   Missing = "amount"   // how much of a balance
	MissingBill     Missing = "bill"     // the bill's amount, for a discount or a minimum
	MissingLines    Missing = "lines"    // which lines of an order; all are handed over unless said
	MissingApproval Missing = "approval" // a second person's PIN
	MissingOperator Missing = "operator" // somebody has to sign in
	MissingHub      Missing = "hub"      // the store's hub does not answer: try again, or go on alone (Request.Alone)
)

// Ask is one question to the cashier. Of MissingUnits and MissingAmount, Line, Voucher and Code say which voucher it is about.
type Ask struct {
	Missing Missing   `json:"missing"`
	Line    int       `json:"line"` // of Outcome.Lines, from 0; in JSON only where it means one
	Voucher VoucherID `json:"voucher,omitzero"`
	Code    string    `json:"code,omitempty"`   // its last symbols
	Most    int64     `json:"most,omitempty"`   // units, or minor units, that can be given at most
	Finding Finding   `json:"finding,omitzero"` // of MissingApproval: why
	Cause   string    `json:"cause,omitempty"`  // of MissingHub: CauseFull, or "" where nobody knows
}

// CauseFull says that a hub does not answer because its disk is full.
const CauseFull = "full"

// Title is what is asked for.
func (a Ask) Title() Saying { return Saying{Key: a.key()} }

// Next is what the cashier does.
func (a Ask) Next() Saying { return Saying{Key: a.key() + ".next"} }

func (a Ask) key() string {
	if a.Missing == MissingHub && a.Cause == CauseFull {
		return "ask.hub.full"
	}
	return "ask." + string(a.Missing)
}

// ofLine reports that the question is about one voucher.
func (a Ask) ofLine() bool { return a.Missing == MissingUnits || a.Missing == MissingAmount }

// MarshalJSON leaves the line out of a question that is not about one.
func (a Ask) MarshalJSON() ([]byte, error) {
	type plain Ask
	if a.ofLine() {
		return json.Marshal(plain(a))
	}
	return json.Marshal(struct {
		plain
		Line *int `json:"line,omitempty"`
	}{plain: plain(a)})
}

// Request is what a cashier wants done with one or several codes. Several are one bill: all or nothing.
type Request struct {
	Scans  []Scan
	Units  *int64   // of each pass whose Scan does not say its own
	Amount *Money   // of the balance; where there are several, each Scan says its own
	Bill   *Money   // before discounts
	Lines  []string // of a pickup: the ids of the lines handed over; none means all that are open
	// WholeOrder takes the other vouchers of the scanned one's order as well, those that are still open, all or nothing.
	WholeOrder bool
	Operator   *Operator // as SignIn returned it; nil where nobody is signed in
	Approver   *Operator // the second person, as SignIn returned it
	Alone      bool      // go on without the store's hub, which does not answer
	UID        UID       // of the redemption; zero lets the terminal make one. The same uid is never redeemed twice
}

// Outcome answers a scan or a redemption: what the screen shows, the command prints and the slip says.
type Outcome struct {
	Choice    Choice
	Findings  []Finding // why not, the first first; of a decline, or of an ask for approval
	Asks      []Ask
	Lines     []OutcomeLine
	Lead      int // which of Lines the first finding is about, or, where no voucher was found, which of the scans; 0 where there is none
	Bill      *Money
	LeftToPay *Money // of a bill: what the customer still pays
	// Record is the journal's entry, set once COMMIT has returned. Only then was a voucher honoured (Choice Approved) or a
	// decline recorded. An approved outcome without a Record says that it can be redeemed.
	Record   *Record
	Reversed *Record // of a reversal: the redemption it takes back
	// Order are the vouchers of the same order that are open as well and were not asked for: see Request.WholeOrder.
	Order  []OutcomeLine
	Masked string // the code's last symbols, also where no voucher was found
}

// OutcomeLine is one voucher of an outcome.
type OutcomeLine struct {
	Voucher  Voucher
	Campaign Campaign
	Masked   string
	Parts    []OrderLine // of a pickup: the lines handed over
	Units    int64
	Amount   *Money // what the units are worth, where they are money
	Discount *Money
	// Left is the units left, as far as the terminal knows: of an approval once it is redeemed, or once a reversal has given back; of a
	// decline, which takes nothing, now.
	Left int64
	now  int64 // units left before the whole bill
	// Late is by how many minutes a booking's guest comes after the beginning of the slot, negative for before it; nil of all else.
	Late     *int64
	Findings []Finding
}

// decline turns an approval down after all: nothing is taken, so that what is left is what there was.
func (o *Outcome) decline(findings []Finding) {
	o.Choice, o.Findings, o.Asks = Declined, findings, nil
	for i := range o.Lines {
		o.Lines[i].Left = o.Lines[i].now
	}
}

// Redeemed reports that vouchers were honoured and the fact is on disk: the only state that may be shown in green.
func (o Outcome) Redeemed() bool {
	return o.Choice == Approved && o.Record != nil
}

// Reason is the first reason of a decline, or of an ask for approval; else "".
func (o Outcome) Reason() Reason {
	if o.Choice == Approved || len(o.Findings) == 0 {
		return ""
	}
	return o.Findings[0].Reason
}

// lead is the line that the first finding is about.
func (o Outcome) lead() int {
	for i, line := range o.Lines {
		if len(line.Findings) > 0 && len(o.Findings) > 0 && line.Findings[0].Reason == o.Findings[0].Reason {
			return i
		}
	}
	return 0
}
