package terminal

import (
	"reflect"
	"testing"
)

// The merchant would be told less, or more, than what a lost or copied terminal can have honoured alone.
func TestWhatATerminalHonoursAloneIsBounded(t *testing.T) {
	euros := func(minor int64) *Money { return &Money{minor, "EUR"} }
	offer := func(policy *OfflinePolicy) Campaign { return Campaign{Currency: "EUR", Offline: policy} }
	for _, c := range []struct {
		name   string
		offers []Campaign
		want   OfflineBound
	}{
		{"no offers", nil, OfflineBound{}},
		{"the tiers", []Campaign{offer(nil)}, OfflineBound{Worth: euros(100_000), Count: 50}},
		{"never", []Campaign{offer(&OfflinePolicy{Mode: ModeNever})}, OfflineBound{}},
		{"the widest", []Campaign{offer(&OfflinePolicy{Mode: ModeLimit, PerTerminal: euros(30_000), Count: 70}), offer(nil)}, OfflineBound{Worth: euros(100_000), Count: 70}},
		{"no number", []Campaign{offer(&OfflinePolicy{Mode: ModeLimit, PerTerminal: euros(30_000)})}, OfflineBound{Worth: euros(30_000)}},
		{"each and how many", []Campaign{offer(&OfflinePolicy{Mode: ModeLimit, PerRedemption: euros(500), Count: 3})}, OfflineBound{Worth: euros(1500), Count: 3}},
		{"each, and any number", []Campaign{offer(&OfflinePolicy{Mode: ModeLimit, PerRedemption: euros(500)}), offer(nil)}, OfflineBound{Worth: euros(100_000), Unlimited: true}},
		{"anything", []Campaign{offer(&OfflinePolicy{Mode: ModeAllow})}, OfflineBound{Unlimited: true}},
		{"a manager's leave", []Campaign{offer(&OfflinePolicy{Mode: ModeApproval})}, OfflineBound{Unlimited: true}},
	} {
		if got := BoundOffline(c.offers); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, not %+v", c.name, got, c.want)
		}
	}
}
