package api_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"countersign/sync/api"
	"countersign/terminal"
)

// domain maps the schemas that describe types of package terminal to those types.
var domain = map[string]any{
	"Voucher": terminal.Voucher{}, "LastUse": terminal.LastUse{}, "Slot": terminal.Slot{}, "OrderLine": terminal.OrderLine{},
	"Campaign": terminal.Campaign{}, "Discount": terminal.Discount{}, "Rules": terminal.Rules{}, "Hours": terminal.Hours{},
	"MinimumBill": terminal.MinimumBill{}, "Limit": terminal.Limit{}, "DayLimit": terminal.DayLimit{}, "SlotGrace": terminal.SlotGrace{},
	"ReversalPolicy": terminal.ReversalPolicy{}, "ReversalWindow": terminal.ReversalWindow{}, "OfflinePolicy": terminal.OfflinePolicy{},
	"Operator": terminal.Operator{}, "Merchant": terminal.Merchant{}, "Store": terminal.Store{}, "Settings": terminal.Settings{},
	"LineVerdict": terminal.LineVerdict{}, "Finding": terminal.Finding{}, "Money": terminal.Money{},
}

func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Whoever builds their own cloud by the contract would leave out what our terminals need, or send what they cannot read.
func TestSchemasNameEveryMember(t *testing.T) {
	t.Parallel()
	schemas := contract(t).Components.Schemas
	for name, value := range domain {
		ref := schemas[name]
		if ref == nil {
			t.Errorf("the contract has no schema %s", name)
			continue
		}
		var members, needed, inContract []string
		for _, field := range reflect.VisibleFields(reflect.TypeOf(value)) {
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if tag == "-" {
				continue
			}
			members = append(members, tag)
			if !strings.Contains(options, "omit") {
				needed = append(needed, tag)
			}
		}
		for member := range ref.Value.Properties {
			inContract = append(inContract, member)
		}
		required := slices.Clone(ref.Value.Required)
		for _, list := range [][]string{members, needed, inContract, required} {
			slices.Sort(list)
		}
		if !slices.Equal(members, inContract) {
			t.Errorf("%s has the members %v in Go and %v in the contract", name, members, inContract)
		}
		if !slices.Equal(needed, required) {
			t.Errorf("%s always has %v in Go and %v in the contract", name, needed, required)
		}
	}
}

// filled is a value of every kind of thing that crosses the wire, with all its members set.
func filled() map[string]any {
	euro := &terminal.Money{Minor: 1250, Currency: "EUR"}
	at := time.Date(2026, 11, 21, 12, 4, 5, 678000000, time.FixedZone("", 3600))
	rules := terminal.Rules{
		ValidFrom: &terminal.Moment{Local: true, Civil: at.UTC()}, ValidUntil: &terminal.Moment{Instant: at},
		Hours: []terminal.Hours{{Days: []time.Weekday{time.Sunday, time.Saturday}, From: 1020, Until: 120}}, Blackout: []terminal.Date{{Year: 2026, Month: 12, Day: 24}},
		Stores: []string{"quay"}, Terminals: []string{"counter-1"}, UnitsAtOnce: 2, MinimumBill: &terminal.MinimumBill{Amount: *euro, After: true},
		PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerWeek}, PerDay: &terminal.DayLimit{Count: 9, Store: true}, Exclusive: true,
		Slot: &terminal.SlotGrace{EarlySeconds: 1800, LateSeconds: 7200}, Role: terminal.RoleManager, ApprovalAbove: euro,
	}
	last := &terminal.LastUse{At: at, Store: "quay", Terminal: "counter-1", Operator: "Li"}
	voucher := terminal.Voucher{
		ID: 7, Lookup: terminal.Lookup{1, 2}, Campaign: "dinner", State: terminal.VoucherRevoked, StateAt: &at, Units: 10, Used: 3, LastUse: last, Order: "o1",
		Customer: "c1", Holder: "M. Chen", Price: euro, Value: euro, Slot: &terminal.Slot{From: at, Until: at, Party: 4},
		Lines: []terminal.OrderLine{{ID: "a", Name: "Bread", Quantity: 2, Collected: true}}, Rules: &rules, Version: 3,
	}
	campaign := terminal.Campaign{
		ID: "dinner", Name: terminal.Text{"en": "Dinner", "zh-Hans": "晚餐"}, Kind: terminal.KindDiscount, Currency: "EUR", Price: euro, Value: euro,
		Terms: terminal.Text{"en": "No drinks."}, Extract: "v/([A-Z0-9]+)", State: terminal.CampaignPaused, PausedStores: []string{"quay"}, Units: 10,
		Discount: &terminal.Discount{BasisPoints: 2000, Cap: euro, Amount: euro}, Rules: rules,
		Reversal: terminal.ReversalPolicy{Cashier: terminal.ReversalWindow{Seconds: 3600}, Manager: terminal.ReversalWindow{Day: true}},
		Offline:  &terminal.OfflinePolicy{Mode: terminal.ModeLimit, PerRedemption: euro, PerTerminal: euro, Count: 5, CacheAgeSeconds: 86400}, PolicyVersion: 4,
	}
	operator := terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, PINHash: "$argon2id$v=19$", Stores: []string{"quay"}, Active: true}
	settings := terminal.Settings{
		Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Store: terminal.Store{ID: "quay", Name: "Quay", Zone: "Europe/Berlin", BusinessDayStarts: 240, Address: []string{"1 Quay Street"}, Language: "de",
			SignIn: terminal.SignInShift, RedeemAtOnce: terminal.Kinds, Print: "always", Copies: 1, Colour: "#0F6FDE", Logo: []byte("PNG"), OfflineLowValue: euro},
		Terminal: "counter-1", Stores: map[string]string{"quay": "Quay"}, Suspended: true,
	}
	finding := terminal.Finding{Reason: terminal.AlreadyRedeemed, Facts: map[string]any{"at": at, "store": "Quay", "terminal": "counter-1", "operator": "Li",
		"left": int64(0), "asked": *euro, "units": int64(1), "total": int64(1), "campaign": campaign.Name}}
	verdict := api.EntryVerdict{Uid: terminal.UID{1}, Verdict: terminal.Overrun, Lines: []terminal.LineVerdict{{Accepted: 1, Overrun: 2, Revoked: 3, Invalid: 4, Other: last}}}
	row := api.Row{Voucher: voucher, Campaign: campaign, Included: 12}
	return map[string]any{
		"Voucher": voucher, "Campaign": campaign, "Operator": operator, "Settings": settings, "Finding": finding, "EntryVerdict": verdict,
		"FeedPage": api.FeedPage{Records: []api.FeedRecord{{Voucher: &voucher}, {Campaign: &campaign}, {Operator: &operator}, {Settings: &settings}, {Verdict: &verdict}},
			Cursor: "g.1", AtEnd: true, Included: 12, ServerTime: at},
		"ClaimAnswer":  api.ClaimAnswer{Findings: []terminal.Finding{finding}, Rows: []api.Row{row}, ServerTime: at},
		"LookupAnswer": api.LookupAnswer{Rows: []api.Row{row}, ServerTime: at},
		"ClaimRequest": api.ClaimRequest{Uid: terminal.UID{1}, Lines: []api.ClaimLine{{Lookup: terminal.Lookup{1}, Units: 1}}, Bill: euro, Instance: "instance-1",
			Counter: 1, Open: []terminal.UID{{2}}, Reverse: &terminal.UID{3}},
		"JournalPush": api.JournalPush{Instance: "instance-1", Open: []terminal.UID{}, Epoch: 1, FromSeq: 1, PrevHash: make([]byte, 32),
			Entries: []api.SealedEntry{{Bytes: []byte{1}, Signature: make([]byte, 64)}}},
	}
}

// What our own programs send would break the contract that others build by.
func TestValuesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	schemas := contract(t).Components.Schemas
	for name, value := range filled() {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		if err := schemas[name].Value.VisitJSON(plain, openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The schemas do refuse: else the test above could not fail.
	for name, raw := range map[string]string{
		"Voucher": `{"id":"7"}`, "Money": `{"minor":1.5,"currency":"EUR"}`, "FeedRecord": `{}`, "UID": `"8ZZZZZZZZZZZZZZZZZZZZZZZZZ"`, "Moment": `"2026-01-01"`,
	} {
		var plain any
		if err := json.Unmarshal([]byte(raw), &plain); err != nil {
			t.Fatal(err)
		}
		if schemas[name].Value.VisitJSON(plain) == nil {
			t.Errorf("%s took %s", name, raw)
		}
	}
}

// A reader of the contract would be sent to addresses or members that do not exist.
func TestContractIsValid(t *testing.T) {
	t.Parallel()
	doc := contract(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	for name, ref := range doc.Components.Schemas {
		for member := range ref.Value.Extensions {
			if !strings.HasPrefix(member, "x-") {
				t.Errorf("schema %s has a stray key %q", name, member)
			}
		}
		for property, inner := range ref.Value.Properties {
			for member := range inner.Value.Extensions {
				if !strings.HasPrefix(member, "x-") {
					t.Errorf("%s.%s has a stray key %q", name, property, member)
				}
			}
		}
	}
}
