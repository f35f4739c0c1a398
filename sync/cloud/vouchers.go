package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/terminal/token"
)

// Facts are what can be said of a voucher when it is made, beside its code and its campaign.
type Facts struct {
	Order      string
	Customer   string
	Holder     string
	Amount     *terminal.Money // of a balance
	Units      int64           // of a pass; 0 is the campaign's
	ValidFrom  *terminal.Moment
	ValidUntil *terminal.Moment
	Slot       *terminal.Slot
	Lines      []terminal.OrderLine
	Store      string // the only one that it is for; "" for every one
	State      terminal.VoucherState
}

// batch is how many vouchers are stored in one transaction: terminals' journals wait for no more than that.
const batch = 5000

// Draft makes a voucher of a campaign from its facts, or says what does not fit.
func Draft(campaign terminal.Campaign, facts Facts, now time.Time) (terminal.Voucher, error) {
	v := terminal.Voucher{
		Campaign: campaign.ID, State: facts.State, Order: facts.Order, Customer: facts.Customer, Holder: facts.Holder,
		Slot: facts.Slot, Lines: facts.Lines, Units: 1,
	}
	if v.State == "" {
		v.State = terminal.VoucherActive
	}
	if v.State != terminal.VoucherActive {
		v.StateAt = &now
	}
	if facts.ValidFrom != nil || facts.ValidUntil != nil {
		v.Rules = &terminal.Rules{ValidFrom: facts.ValidFrom, ValidUntil: facts.ValidUntil}
	}
	if facts.Store != "" {
		if v.Rules == nil {
			v.Rules = &terminal.Rules{}
		}
		v.Rules.Stores = []string{facts.Store}
	}
	if facts.Units != 0 && campaign.Kind != terminal.KindPass {
		return v, fmt.Errorf("only a pass has units, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if facts.Amount != nil && campaign.Kind != terminal.KindBalance {
		return v, fmt.Errorf("only a balance has an amount, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if len(facts.Lines) > 0 && campaign.Kind != terminal.KindPickup {
		return v, fmt.Errorf("only a pickup has lines, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if facts.Slot != nil && campaign.Kind != terminal.KindBooking {
		return v, fmt.Errorf("only a booking has a slot, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if err := legible(facts); err != nil {
		return v, err
	}
	return v, draftUnits(&v, campaign, facts)
}

// lettersMost is how long a name may be: a holder is a short display name, and the others are read by people as well.
var lettersMost = map[string]int{"holder": terminal.HolderMost, "customer": 128, "order": 128, "lines": 128}

// legible refuses facts that terminals would show as something else than they are.
func legible(facts Facts) error {
	names := map[string][]string{"holder": {facts.Holder}, "customer": {facts.Customer}, "order": {facts.Order}}
	for _, line := range facts.Lines {
		names["lines"] = append(names["lines"], line.Name)
	}
	for _, what := range []string{"holder", "customer", "order", "lines"} {
		for _, name := range names[what] {
			if most := lettersMost[what]; utf8.RuneCountInString(name) > most {
				return fmt.Errorf("%s %.20q… is longer than the %d letters that fit on a screen or a slip", what, name, most)
			}
			if !terminal.Legible(name) {
				return fmt.Errorf("%s %+q holds a line break, a control character, a mark that turns the direction of writing, or is not UTF-8", what, name)
			}
		}
	}
	return nil
}

// ParseAmount reads what a voucher is worth, up to terminal.VoucherMost.
func ParseAmount(text, currency string) (terminal.Money, error) {
	amount, err := terminal.ParseMoney(text, currency)
	if errors.Is(err, terminal.ErrOverflow) || (err == nil && amount.Minor > terminal.VoucherMost) {
		return amount, fmt.Errorf("%q is more than a voucher can be worth, which is %s", text, terminal.Money{Minor: terminal.VoucherMost, Currency: currency})
	}
	if err != nil {
		return amount, fmt.Errorf("%q is not an amount of %s: write it like %q", text, currency, terminal.ExampleAmount(currency))
	}
	return amount, nil
}

func draftUnits(v *terminal.Voucher, campaign terminal.Campaign, facts Facts) error {
	switch campaign.Kind {
	case terminal.KindPass:
		if v.Units = facts.Units; v.Units == 0 {
			v.Units = campaign.Units
		}
		if v.Units < 1 {
			return errors.New("a pass has at least one use")
		}
		if v.Units > terminal.UnitsMost {
			return fmt.Errorf("a pass has %d uses at most", terminal.UnitsMost)
		}
	case terminal.KindBalance:
		amount := facts.Amount
		if amount != nil && amount.Minor < 1 {
			return fmt.Errorf("the amount of a balance has to be more than nothing, and not %s", amount)
		}
		if amount == nil {
			amount = campaign.Value
		}
		if amount == nil || amount.Minor < 1 {
			return fmt.Errorf("a balance needs an amount, and campaign %s has no value to take it from", campaign.ID)
		}
		if amount.Currency != campaign.Currency {
			return fmt.Errorf("the amount is in %s and the campaign in %s", amount.Currency, campaign.Currency)
		}
		if amount.Minor > terminal.VoucherMost {
			return fmt.Errorf("%s is more than a voucher can be worth, which is %s", amount, terminal.Money{Minor: terminal.VoucherMost, Currency: amount.Currency})
		}
		v.Units = amount.Minor
	case terminal.KindPickup:
		if len(v.Lines) == 0 {
			return errors.New("a pickup needs its lines: what is there to collect?")
		}
		v.Units = int64(len(v.Lines))
	case terminal.KindBooking:
		if v.Slot == nil {
			return errors.New("a booking needs its slot: from when until when?")
		}
		if !v.Slot.Until.After(v.Slot.From) {
			return errors.New("the slot ends before it begins")
		}
	}
	return nil
}

// Issued is a new voucher with its code, which is nowhere else.
type Issued struct {
	Voucher terminal.Voucher
	Code    string // canonical
	Token   bool   // the code is a signed token
	Key     string // of a token: the id of the key that signed it
}

// Prepare makes count vouchers with fresh codes. Nothing is stored yet: the codes have to be safe in a file before that.
func Prepare(ctx context.Context, s Storage, merchant string, campaign terminal.Campaign, facts Facts, count int, random io.Reader, now time.Time) ([]Issued, error) {
	draft, err := Draft(campaign, facts, now)
	if err != nil {
		return nil, err
	}
	first, err := s.VoucherIDs(ctx, count)
	if err != nil {
		return nil, err
	}
	all := make([]Issued, count)
	for i := range all {
		code, err := token.NewCode(random)
		if err != nil {
			return nil, err
		}
		all[i] = Issued{Voucher: draft, Code: code}
		all[i].Voucher.ID = first + terminal.VoucherID(i)
	}
	return all, nil
}

// Store stores prepared vouchers. From then on terminals honour them.
func Store(ctx context.Context, s Storage, merchant string, vouchers []Issued) error {
	key, err := s.LookupKey(ctx, merchant)
	if err != nil {
		return err
	}
	for len(vouchers) > 0 {
		n := min(batch, len(vouchers))
		fresh := make([]NewVoucher, n)
		for i, issued := range vouchers[:n] {
			fresh[i] = NewVoucher{Voucher: issued.Voucher, Inner: token.InnerOf(key, issued.Code), Token: issued.Token, Key: issued.Key}
			fresh[i].Lookup = token.LookupOf(key, issued.Code)
			if issued.Token {
				fresh[i].Lookup = token.LookupOfVoucher(key, issued.Voucher.ID)
			}
		}
		if err := s.NewVouchers(ctx, merchant, fresh); err != nil {
			return err
		}
		vouchers = vouchers[n:]
	}
	return nil
}
