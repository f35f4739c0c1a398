package cache

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"countersign/terminal"
)

// states numbers the states of a voucher in the file. The order never changes.
var states = []terminal.VoucherState{terminal.VoucherActive, terminal.VoucherRefunded, terminal.VoucherRevoked, terminal.VoucherDisabled}

func stateNumber(state terminal.VoucherState) (int, error) {
	if at := slices.Index(states, state); at >= 0 {
		return at, nil
	}
	return 0, fmt.Errorf("there is no state %q of a voucher", state)
}

// extra is what few vouchers have.
type extra struct {
	StateAt  *time.Time           `json:"a,omitempty"`
	LastUse  *terminal.LastUse    `json:"l,omitempty"`
	Order    string               `json:"o,omitempty"`
	Customer string               `json:"c,omitempty"`
	Price    *terminal.Money      `json:"p,omitempty"`
	Value    *terminal.Money      `json:"v,omitempty"`
	Slot     *terminal.Slot       `json:"s,omitempty"`
	Lines    []terminal.OrderLine `json:"i,omitempty"`
	Rules    *terminal.Rules      `json:"r,omitempty"`
}

// packExtra returns nil for a voucher that has nothing of it.
func packExtra(v *terminal.Voucher) (any, error) {
	if v.StateAt == nil && v.LastUse == nil && v.Order == "" && v.Customer == "" && v.Price == nil && v.Value == nil &&
		v.Slot == nil && len(v.Lines) == 0 && v.Rules == nil {
		return nil, nil
	}
	packed, err := json.Marshal(extra{StateAt: v.StateAt, LastUse: v.LastUse, Order: v.Order, Customer: v.Customer, Price: v.Price,
		Value: v.Value, Slot: v.Slot, Lines: v.Lines, Rules: v.Rules})
	return packed, err
}

func unpackExtra(v *terminal.Voucher, packed []byte) error {
	if packed == nil {
		return nil
	}
	var e extra
	if err := json.Unmarshal(packed, &e); err != nil {
		return err
	}
	v.StateAt, v.LastUse, v.Order, v.Customer, v.Price = e.StateAt, e.LastUse, e.Order, e.Customer, e.Price
	v.Value, v.Slot, v.Lines, v.Rules = e.Value, e.Slot, e.Lines, e.Rules
	return nil
}
