package catalogue_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/terminal"
)

const whole = `
[merchant]
id = "lakeside"
name = "Lakeside Group"
currency = "EUR"
languages = ["en", "zh-Hans", "de"]

[[store]]
id = "quay"
name = "Lakeside Quay"
zone = "Europe/Berlin"
business_day_starts = "04:00"
address = ["1 Quay Street", "10117 Berlin"]
language = "de"
sign_in = "each"
redeem_at_once = ["product", "booking"]
print = "ask"
copies = 2
logo = "logo.png"
colour = "#0F6FDE"
offline_low_value = "20.00"

[[operator]]
id = "li"
name = "Li"
role = "cashier"
pin = "4821"
stores = ["quay"]

[[campaign]]
id = "all"
name = { en = "Everything", zh-Hans = "双人晚餐" }
kind = "booking"
price = "39.90"
value = "68.00"
terms = { en = "Drinks not included." }
extract = 'https://deals\.example/v/([A-Z0-9]+)'
valid_from = 2026-01-01T00:00:00
valid_until = 2027-12-31T23:59:59Z
hours = [
  { days = ["fri", "sat"], from = "17:00", until = "02:00" },
  { from = "00:00", until = "24:00" },
]
blackout = [ 2026-12-24, 2026-12-31 ]
stores = ["quay"]
terminals = ["counter-1"]
minimum_bill = { amount = "50.00", basis = "after" }
per_customer = { count = 1, per = "week" }
per_day = { count = 100, scope = "store" }
combinable = false
slot = { early = "30m", late = "2h", approval = "15m" }
role = "manager"
approval_above = "100.00"
reversal = { cashier = "90m", manager = "120m" }
offline = { mode = "limit", per_redemption = "100.00", per_terminal = "1000.00", count = 50, cache_age = "24h" }

[[campaign]]
id = "swim"
name = { en = "Ten visits" }
kind = "pass"
units = 10
units_at_once = 2
reversal = { cashier = "day" }

[[campaign]]
id = "off"
kind = "discount"
[campaign.name]
en = "A fifth off"
[campaign.discount]
percent = "20"
cap = "15.00"
`

var png = []byte("\x89PNG\r\n\x1a\nrest")

func read(source string) (cloud.Catalogue, error) {
	return catalogue.Read("shop.toml", source, func(name string) ([]byte, error) {
		switch name {
		case "logo.png":
			return png, nil
		case "logo.jpg":
			return []byte("JFIF"), nil
		}
		return nil, os.ErrNotExist
	})
}

func euro(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

// A rule that the merchant wrote would not be the rule that the counters follow.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	got, err := read(whole)
	if err != nil {
		t.Fatal(err)
	}
	hash := got.Operators[0]
	want := cloud.Catalogue{
		Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside Group", Currency: "EUR", Languages: []string{"en", "zh-Hans", "de"}},
		Stores: []terminal.Store{{ID: "quay", Name: "Lakeside Quay", Zone: "Europe/Berlin", BusinessDayStarts: 240, Address: []string{"1 Quay Street", "10117 Berlin"},
			Language: "de", SignIn: "each", RedeemAtOnce: []terminal.Kind{"product", "booking"}, Print: "ask", Copies: 2, Colour: "#0F6FDE", Logo: png, OfflineLowValue: euro(2000)}},
		Operators: []cloud.CatalogueOperator{{PIN: "4821", Operator: terminal.Operator{ID: "li", Name: "Li", Role: "cashier", Stores: []string{"quay"}, Active: true}}},
		Campaigns: []terminal.Campaign{
			{ID: "all", Name: terminal.Text{"en": "Everything", "zh-Hans": "双人晚餐"}, Kind: "booking", Currency: "EUR", Price: euro(3990), Value: euro(6800),
				Terms: terminal.Text{"en": "Drinks not included."}, Extract: `https://deals\.example/v/([A-Z0-9]+)`, State: "live",
				Rules: terminal.Rules{
					ValidFrom:  &terminal.Moment{Local: true, Civil: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
					ValidUntil: &terminal.Moment{Instant: time.Date(2027, 12, 31, 23, 59, 59, 0, time.UTC)},
					Hours:      []terminal.Hours{{Days: []time.Weekday{5, 6}, From: 17 * 60, Until: 120}, {}},
					Blackout:   []terminal.Date{{Year: 2026, Month: 12, Day: 24}, {Year: 2026, Month: 12, Day: 31}},
					Stores:     []string{"quay"}, Terminals: []string{"counter-1"}, MinimumBill: &terminal.MinimumBill{Amount: *euro(5000), After: true},
					PerCustomer: &terminal.Limit{Count: 1, Per: "week"}, PerDay: &terminal.DayLimit{Count: 100, Store: true}, Exclusive: true,
					Slot: &terminal.SlotGrace{EarlySeconds: 1800, LateSeconds: 7200, ApprovalSeconds: 900}, Role: "manager", ApprovalAbove: euro(10000)},
				Reversal: terminal.ReversalPolicy{Cashier: terminal.ReversalWindow{Seconds: 5400}, Manager: terminal.ReversalWindow{Seconds: 7200}},
				Offline:  &terminal.OfflinePolicy{Mode: "limit", PerRedemption: euro(10000), PerTerminal: euro(100000), Count: 50, CacheAgeSeconds: 86400}},
			{ID: "swim", Name: terminal.Text{"en": "Ten visits"}, Kind: "pass", Currency: "EUR", State: "live", Units: 10, Rules: terminal.Rules{UnitsAtOnce: 2},
				Reversal: terminal.ReversalPolicy{Cashier: terminal.ReversalWindow{Day: true}}},
			{ID: "off", Name: terminal.Text{"en": "A fifth off"}, Kind: "discount", Currency: "EUR", State: "live", Discount: &terminal.Discount{BasisPoints: 2000, Cap: euro(1500)}},
		},
	}
	want.Operators[0].PINHash = hash.PINHash
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A typing mistake would go live, or IT would have to hunt for it in a file of a thousand lines.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, from, to, want string }{
		{"unknown key", `sign_in = "each"`, `signin = "each"`, `shop.toml:15: [[store]] has no key "signin"; "sign_in" may be meant`},
		{"unknown table", "[[operator]]", "[[operators]]", `shop.toml:23: the catalogue has no key "operators"; "operator" may be meant`},
		{"unknown inner key", `basis = "after"`, `basics = "after"`, `shop.toml:47: minimum_bill has no key "basics"; "basis" may be meant`},
		{"unknown key in a list over several lines", `days = ["fri", "sat"], from`, `day = ["fri", "sat"], from`, `shop.toml:41: hours has no key "day"; "days" may be meant`},
		{"unknown key in a table of its own", `percent = "20"`, "percent = \"20\"\nfloor = \"1.00\"", `shop.toml:72: discount has no key "floor"; it can be: amount, cap, percent`},
		{"number for money", `price = "39.90"`, `price = 39.90`, `shop.toml:34: "price" has to be an amount in quotation marks, such as "12.50", and is the number 39.9`},
		{"too many decimals", `price = "39.90"`, `price = "39.905"`, `shop.toml:34: "price" is not an amount of EUR: "39.905"; write it like "12.50"`},
		{"text for a number", `units = 10`, `units = "10"`, `shop.toml:61: "units" has to be a whole number and is the text "10"`},
		{"text for a list", `terminals = ["counter-1"]`, `terminals = "counter-1"`, `shop.toml:46: "terminals" has to be a list such as ["a", "b"] and is the text "counter-1"`},
		{"text for a time", `valid_from = 2026-01-01T00:00:00`, `valid_from = "2026-01-01"`, `shop.toml:38: "valid_from" has to be a time such as 2026-01-31T18:00:00, without quotation marks, and is the text "2026-01-01"`},
		{"date for a time", `valid_from = 2026-01-01T00:00:00`, `valid_from = 2026-01-01`, `shop.toml:38: "valid_from" has to say the time of day too, such as 2026-01-01T00:00:00`},
		{"time for a date", `2026-12-31 ]`, `"2026-12-31" ]`, `shop.toml:44: "blackout" has to be a list of dates such as [2026-12-24] and holds the text "2026-12-31"`},
		{"unknown kind", `kind = "pass"`, `kind = "psas"`, `"kind" cannot be "psas"; "pass" may be meant`},
		{"unknown store", `stores = ["quay"]` + "\nterminals", `stores = ["quary"]` + "\nterminals", `shop.toml:45: there is no store "quary"; "quay" may be meant`},
		{"unknown role", `role = "cashier"`, `role = "boss"`, `shop.toml:26: "role" cannot be "boss"`},
		{"unknown zone", `zone = "Europe/Berlin"`, `zone = "Europe/Berlim"`, `shop.toml:11: "Europe/Berlim" is not a time zone`},
		{"no time of day", `from = "17:00"`, `from = "17:60"`, `shop.toml:41: "from" has to be a time of day such as "17:30" and is "17:60"`},
		{"no weekday", `"fri", "sat"`, `"fri", "Saturday"`, `shop.toml:41: "Saturday" is not a weekday`},
		{"no time span", `early = "30m"`, `early = "30"`, `shop.toml:51: "early" has to be a time span such as "30m" or "2h" and is "30"`},
		{"older than a week", `cache_age = "24h"`, `cache_age = "200h"`, `shop.toml:55: "cache_age" can be 168h at most and is "200h"`},
		{"no group", `([A-Z0-9]+)`, `[A-Z0-9]+`, `shop.toml:37: "extract" needs a group in parentheses around the code`},
		{"no pattern", `([A-Z0-9]+)`, `([A-Z0-9]+`, `shop.toml:37: "extract" is not a pattern`},
		{"until before from", `valid_until = 2027-12-31T23:59:59Z`, `valid_until = 2025-12-31T23:59:59`, `shop.toml:39: valid_until is before valid_from`},
		{"twice the same id", `id = "swim"`, `id = "all"`, `shop.toml:58: there is a campaign "all" already, at line 31`},
		{"no id", `id = "swim"`, ``, `shop.toml:57: "id" is missing`},
		{"a pass without units", "units = 10\n", "", `shop.toml:57: campaign "swim" is a pass and has no units: how many uses has one?`},
		{"a slot of a pass", `units = 10`, "units = 10\nslot = { early = \"1m\" }", `shop.toml:62: only a booking has a slot, and campaign "swim" is a pass`},
		{"two discounts", `percent = "20"`, "percent = \"20\"\namount = \"5.00\"", `shop.toml:70: a discount is either`},
		{"more than all", `percent = "20"`, `percent = "120"`, `shop.toml:71: "percent" has to be a percentage`},
		{"short PIN", `pin = "4821"`, `pin = "482"`, `shop.toml:27: a PIN has 4 to 12 digits`},
		{"a PIN as its hash", `pin = "4821"`, `pin_hash = "4821"`, `shop.toml:27: pin_hash has to be an Argon2id hash in PHC form`},
		{"no such logo", `logo = "logo.png"`, `logo = "lgoo.png"`, `shop.toml:19: the logo "lgoo.png" cannot be read`},
		{"logo of another sort", `logo = "logo.png"`, `logo = "logo.jpg"`, `shop.toml:19: the logo "logo.jpg" is not a PNG picture`},
		{"colour", `colour = "#0F6FDE"`, `colour = "blue"`, `shop.toml:20: "blue" is not a colour`},
		{"currency", `currency = "EUR"`, `currency = "euro"`, `shop.toml:5: "euro" is not a currency`},
		{"a currency of nobody", `currency = "EUR"`, `currency = "ABC"`, `shop.toml:5: "ABC" is not a currency in use by ISO 4217`},
		{"no currency", `currency = "EUR"`, `currency = "XXX"`, `shop.toml:5: "XXX" is not a currency in use by ISO 4217`},
		{"no store at all", "stores = [\"quay\"]\nterminals", "stores = []\nterminals", `shop.toml:45: "stores" is empty, which would leave nothing: leave the key out where every store is meant`},
		{"an operator of no store", "pin = \"4821\"\nstores = [\"quay\"]", "pin = \"4821\"\nstores = []", `shop.toml:28: "stores" is empty`},
		{"no terminal at all", `terminals = ["counter-1"]`, `terminals = []`, `shop.toml:46: "terminals" is empty, which would leave nothing: leave the key out where every terminal is meant`},
		{"no hour at all", "units = 10\n", "units = 10\nhours = []\n", `shop.toml:62: "hours" is empty, which would leave nothing: leave the key out where every hour is meant`},
		{"no day at all", `days = ["fri", "sat"]`, `days = []`, `shop.toml:41: "days" is empty`},
		{"a cap of nothing", `cap = "15.00"`, `cap = "0"`, `"cap" is nothing: write an amount such as "12.50", or leave the key out`},
		{"a discount of nothing", `percent = "20"` + "\n" + `cap = "15.00"`, `amount = "0.00"`, `"amount" is nothing`},
		{"more than a voucher can be worth", `price = "39.90"`, `price = "10000000.01"`, `shop.toml:34: "price" can be 10000000.00 EUR at most and is "10000000.01"`},
		{"more than money can say", `price = "39.90"`, `price = "92233720368547758.08"`, `shop.toml:34: "price" can be 10000000.00 EUR at most`},
		{"units at once of a booking", `combinable = false`, "combinable = false\nunits_at_once = 2", `shop.toml:51: only a pass has units, and campaign "all" is a booking`},
		{"a turned name", `name = "Li"`, `name = "Li\u202e"`, `shop.toml:25: "name" holds a control character or a mark that turns the direction of writing: "Li\u202e"`},
		{"a broken name", `en = "Ten visits"`, `en = "Ten\nvisits"`, `"en" holds a control character`},
		{"yen with decimals", `currency = "EUR"`, `currency = "JPY"`, `"39.90"; write it like "1250"`},
		{"twice the same operator", "[[campaign]]\nid = \"all\"", "[[operator]]\nid = \"li\"\nname = \"Li\"\n[[campaign]]\nid = \"all\"", `there is an operator "li" already, at line 24`},
		{"language", `zh-Hans = "双人晚餐"`, `chinese_simplified = "双人晚餐"`, `shop.toml:32: "chinese_simplified" is not a language`},
		{"a limit without its mode", `mode = "limit"`, `mode = "never"`, `shop.toml:55: "count" limits nothing in mode "never": mode = "limit" may be meant`},
		{"a manager who may never", `manager = "120m"`, `manager = "never"`, `shop.toml:54: a manager may undo whatever a cashier may`},
		{"a manager's shorter window", `manager = "120m"`, `manager = "89m"`, `shop.toml:54: a manager may undo whatever a cashier may`},
		{"a manager's shorter than the day", `cashier = "day"`, `cashier = "day", manager = "2h"`, `a manager may undo whatever a cashier may`},
		{"a manager's shorter than an hour", `cashier = "day"`, `manager = "30m"`, `a manager may undo whatever a cashier may`},
		{"no merchant", "[merchant]", "[merchants]", `shop.toml:1: the [merchant] is missing`},
		{"no TOML", `[[store]]`, `[[store]`, `shop.toml:9: `},
	} {
		if !strings.Contains(whole, test.from) {
			t.Fatalf("%s: the catalogue has no %q", test.name, test.from)
		}
		_, err := read(strings.Replace(whole, test.from, test.to, 1))
		var faults *catalogue.Error
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s:\n%v\nand this was expected:\n%s", test.name, err, test.want)
		}
	}
}

// A file named in a catalogue from elsewhere would be read from anywhere on the machine.
func TestLogoStaysBeside(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/shop.toml"
	if err := os.WriteFile(path, []byte(strings.Replace(whole, `"logo.png"`, `"../logo.png"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.ReadFile(path); err == nil || !strings.Contains(err.Error(), "has to stand beside the catalogue") {
		t.Errorf("a logo from elsewhere: %v", err)
	}
}

// A file from elsewhere would crash the cloud.
func FuzzRead(f *testing.F) {
	f.Add(whole)
	f.Add("[merchant]\nid=\"m\"\n[[store]]\n[[campaign]]\nhours=[{}]\n")
	f.Add("x = [\n'''\n]''',\n \"#\" ] # [\n[a.b]\nc=1")
	f.Fuzz(func(t *testing.T, source string) {
		got, err := read(source)
		var faults *catalogue.Error
		switch {
		case err == nil && got.Merchant.ID == "":
			t.Error("a catalogue without a merchant was taken")
		case err != nil && !errors.As(err, &faults):
			t.Errorf("a fault without a line: %v", err)
		case err != nil && len(faults.Faults) == 0:
			t.Error("a refusal without a reason")
		}
		if faults != nil {
			for _, fault := range faults.Faults {
				if fault.Line < 1 || fault.Line > strings.Count(source, "\n")+1 {
					t.Errorf("line %d of %d: %s", fault.Line, strings.Count(source, "\n")+1, fault.What)
				}
			}
		}
	})
}
