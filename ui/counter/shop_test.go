package counter

import (
	"context"
	"errors"
	"sync"
	"time"

	"countersign/terminal"
)

// noon is when all of these tests happen.
var noon = time.Date(2026, 11, 21, 11, 4, 0, 0, time.UTC)

// The people of the shop. The fake checks their PINs: 4821 for all.
var (
	li   = terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, Active: true}
	tom  = terminal.Operator{ID: "tom", Name: "Tom Berger", Role: terminal.RoleCashier, Active: true}
	anna = terminal.Operator{ID: "anna", Name: "Anna Vogt", Role: terminal.RoleManager, Active: true}
)

func place() terminal.Settings {
	return terminal.Settings{
		Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside Group", Currency: "EUR"},
		Store:    terminal.Store{ID: "quay", Name: "Lakeside Quay", Zone: "Europe/Berlin", SignIn: terminal.SignInShift, BusinessDayStarts: 240},
		Terminal: "counter-1",
	}
}

func euro(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

var dinner = terminal.Campaign{ID: "dinner", Kind: terminal.KindProduct, Currency: "EUR", Price: euro(3990), Value: euro(6800),
	Name:  terminal.Text{"en": "Dinner for two", "zh-Hans": "双人晚餐", "de": "Abendessen für zwei", "es": "Cena para dos"},
	Terms: terminal.Text{"en": "Drinks not included.", "zh-Hans": "不含酒水。", "de": "Getränke nicht enthalten.", "es": "Bebidas no incluidas."}}

// shop is a terminal in memory. It approves every code but those in answers, remembers what it redeemed, and can fail.
type shop struct {
	mu       sync.Mutex
	settings terminal.Settings
	answers  map[string]terminal.Outcome // by code: what a scan answers in place of an approval
	broken   error                       // what every call fails with
	damage   error                       // of the journal, which still shows the rest
	cut      bool                        // the cloud does not answer
	lost     int                         // so many redemptions are written, and then the answer is an error
	records  []terminal.Record           // the oldest first
	codes    []string                    // redeemed, in order
	asked    []terminal.Request
	reversed []terminal.Reversal
	reprints []terminal.UID
}

func newShop() *shop { return &shop{settings: place(), answers: map[string]terminal.Outcome{}} }

func approved(campaign terminal.Campaign, masked string) terminal.Outcome {
	return terminal.Outcome{Choice: terminal.Approved, Masked: masked, Lines: []terminal.OutcomeLine{{
		Campaign: campaign, Masked: masked, Units: 1, Voucher: terminal.Voucher{ID: 7, Units: 1, Holder: "M. Chen"}}}}
}

func lastFour(code string) string { return code[max(0, len(code)-4):] }

func (f *shop) Scan(_ context.Context, req terminal.Request) (terminal.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, req)
	if f.broken != nil {
		return terminal.Outcome{}, f.broken
	}
	return f.decide(req), nil
}

func (f *shop) decide(req terminal.Request) terminal.Outcome {
	code := req.Scans[0].Code
	if outcome, ok := f.answers[code]; ok {
		for i := len(outcome.Asks) - 1; i >= 0; i-- {
			if given(outcome.Asks[i].Missing, req) {
				outcome = approved(outcome.Lines[0].Campaign, outcome.Masked)
				break
			}
		}
		return outcome
	}
	return approved(dinner, lastFour(code))
}

func given(missing terminal.Missing, req terminal.Request) bool {
	switch missing {
	case terminal.MissingUnits:
		return req.Units != nil || req.Scans[0].Units != nil
	case terminal.MissingAmount:
		return req.Amount != nil || req.Scans[0].Amount != nil
	case terminal.MissingBill:
		return req.Bill != nil
	case terminal.MissingApproval:
		return req.Approver != nil
	case terminal.MissingOperator:
		return req.Operator != nil
	}
	return true
}

var errDisk = errors.New("the disk is full: free some space")

func (f *shop) Redeem(_ context.Context, req terminal.Request) (terminal.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return terminal.Outcome{}, f.broken
	}
	outcome := f.decide(req)
	if outcome.Choice != terminal.Approved {
		return outcome, nil
	}
	for i := range f.records {
		if f.records[i].Entry.UID == req.UID {
			outcome.Record = &f.records[i]
			return outcome, nil
		}
	}
	line := outcome.Lines[0]
	assurance := terminal.Confirmed
	if f.cut {
		assurance = terminal.Offline
	}
	f.records = append(f.records, terminal.Record{Reversed: []int64{0}, Entry: terminal.Entry{Kind: terminal.EntryRedeem, UID: req.UID, Wall: noon,
		Receipt: terminal.ReceiptNumber{Epoch: 1, Number: uint64(len(f.records) + 1)}, Assurance: assurance,
		Lines: []terminal.EntryLine{{Campaign: line.Campaign.ID, Kind: line.Campaign.Kind, Units: 1, Masked: line.Masked, Value: line.Campaign.Value}}}})
	for _, scan := range req.Scans {
		f.codes = append(f.codes, scan.Code)
	}
	if f.lost > 0 {
		f.lost--
		return terminal.Outcome{}, errDisk
	}
	outcome.Record = &f.records[len(f.records)-1]
	return outcome, nil
}

func (f *shop) Reverse(_ context.Context, reversal terminal.Reversal) (terminal.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.records {
		if f.records[i].Entry.UID == reversal.UID {
			outcome := approved(dinner, f.records[i].Entry.Lines[0].Masked)
			outcome.Reversed = &f.records[i]
			if reversal.Operator != nil && reversal.Operator.ID == tom.ID && reversal.Approver == nil {
				outcome.Choice, outcome.Findings = terminal.Declined, []terminal.Finding{{Reason: terminal.OperatorNotAllowed}}
				return outcome, nil
			}
			f.records[i].Reversed[0] = 1
			outcome.Record = &terminal.Record{Entry: terminal.Entry{Kind: terminal.EntryReverse, Wall: noon, About: reversal.UID}}
			f.reversed = append(f.reversed, reversal)
			return outcome, nil
		}
	}
	return terminal.Outcome{}, terminal.ErrUnknown
}

func (f *shop) ReversibleUntil(_ context.Context, record terminal.Record, _ *terminal.Operator) (time.Time, error) {
	if record.Entry.Kind != terminal.EntryRedeem || wholly(record) {
		return time.Time{}, nil
	}
	return record.Entry.Wall.Add(time.Hour), nil
}

func (f *shop) Agree(_ context.Context, _ *terminal.Operator, id, pin string) (*terminal.Operator, *terminal.Finding, error) {
	if pin != "4821" {
		return nil, &terminal.Finding{Reason: terminal.WrongPIN, Facts: map[string]any{"left": int64(4)}}, nil
	}
	for _, person := range []terminal.Operator{li, tom, anna} {
		if person.ID == id {
			return &person, nil, nil
		}
	}
	return nil, &terminal.Finding{Reason: terminal.OperatorNotAllowed}, nil
}

func (f *shop) Operators(context.Context) ([]terminal.Operator, error) {
	return []terminal.Operator{anna, li, tom}, nil
}

func (f *shop) Recent(_ context.Context, limit int) ([]terminal.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var recent []terminal.Record
	for i := len(f.records) - 1; i >= 0 && len(recent) < limit; i-- {
		record := f.records[i]
		record.Reversed = append([]int64(nil), record.Reversed...)
		recent = append(recent, record)
	}
	return recent, f.damage
}

func (f *shop) Reprint(_ context.Context, uid terminal.UID, _ *terminal.Operator) (terminal.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reprints = append(f.reprints, uid)
	return terminal.Record{}, f.broken
}

func (f *shop) Settings(context.Context) (terminal.Settings, error) { return f.settings, f.broken }

// Find implements Rows: every entry is of a dinner.
func (f *shop) Find(context.Context, []terminal.Lookup) (terminal.Row, error) {
	return terminal.Row{Campaign: dinner, Voucher: terminal.Voucher{Holder: "M. Chen"}}, nil
}
