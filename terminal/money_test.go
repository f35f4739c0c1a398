package terminal_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"countersign/terminal"
)

// If an amount were read or written a digit off, the customer would pay ten times too much.
func TestParseMoney(t *testing.T) {
	for _, test := range []struct {
		text, currency string
		minor          int64
		err            error
	}{
		{"12.50", "EUR", 1250, nil}, {"12,5", "EUR", 1250, nil}, {"12", "EUR", 1200, nil}, {" 0.05 ", "EUR", 5, nil},
		{"500", "JPY", 500, nil}, {"1.234", "KWD", 1234, nil},
		{"12.505", "EUR", 0, terminal.ErrAmount}, {"1.5", "JPY", 0, terminal.ErrAmount}, {"", "EUR", 0, terminal.ErrAmount},
		{".5", "EUR", 0, terminal.ErrAmount}, {"5.", "EUR", 0, terminal.ErrAmount}, {"-1", "EUR", 0, terminal.ErrAmount},
		{"1,234.50", "EUR", 0, terminal.ErrAmount}, {"1e3", "EUR", 0, terminal.ErrAmount}, {"１２", "EUR", 0, terminal.ErrAmount},
		{"92233720368547758.07", "EUR", math.MaxInt64, nil}, {"92233720368547758.08", "EUR", 0, terminal.ErrOverflow}, {"1", "EURO", 0, terminal.ErrAmount},
	} {
		money, err := terminal.ParseMoney(test.text, test.currency)
		if money.Minor != test.minor || !errors.Is(err, test.err) {
			t.Errorf("ParseMoney(%q, %s) = %v, %v", test.text, test.currency, money, err)
		}
		if err == nil {
			again, err := terminal.ParseMoney(money.Decimal(), test.currency)
			if err != nil || again != money {
				t.Errorf("%s is read back as %v, %v", money.Decimal(), again, err)
			}
		}
	}
	for minor, want := range map[int64]string{-5: "-0.05", 5: "0.05", 100: "1.00", math.MinInt64: "-92233720368547758.08"} {
		if got := (terminal.Money{Minor: minor, Currency: "EUR"}).Decimal(); got != want {
			t.Errorf("%d cents are %q, want %q", minor, got, want)
		}
	}
}

// If two currencies could be added or a sum could wrap round, the day's total would be nonsense.
func TestMoneyArithmetic(t *testing.T) {
	if _, err := euros(1).Add(terminal.Money{Minor: 1, Currency: "CNY"}); !errors.Is(err, terminal.ErrCurrency) {
		t.Error(err)
	}
	if _, err := euros(math.MaxInt64).Add(*euros(1)); !errors.Is(err, terminal.ErrOverflow) {
		t.Error(err)
	}
	if _, err := euros(0).Sub(*euros(math.MinInt64)); !errors.Is(err, terminal.ErrOverflow) {
		t.Error(err)
	}
	if _, err := euros(math.MaxInt64).Times(2); !errors.Is(err, terminal.ErrOverflow) {
		t.Error(err)
	}
	if sum, err := euros(150).Sub(*euros(200)); err != nil || sum != *euros(-50) {
		t.Error(sum, err)
	}
}

// If an id did not survive being written down, a slip's QR would find nothing, or something else.
func TestIDsRoundTrip(t *testing.T) {
	uid := terminal.UID{0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xfe}
	if again, err := terminal.ParseUID(uid.String()); err != nil || again != uid || len(uid.String()) != 26 {
		t.Errorf("%s is read back as %s, %v", uid, again, err)
	}
	for _, bad := range []string{"", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "0000000000000000000000000U", "000"} {
		if uid, err := terminal.ParseUID(bad); err == nil {
			t.Errorf("%q is read as %s", bad, uid)
		}
	}
	var id terminal.VoucherID
	if err := id.UnmarshalText([]byte(terminal.VoucherID(0x0123456789abcdef).String())); err != nil || id != 0x0123456789abcdef {
		t.Error(id, err)
	}
	for _, bad := range []string{"", "v", "0123456789abcdef", "v0123456789abcdex"} {
		if err := id.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %s", bad, id)
		}
	}
	receipt := terminal.ReceiptNumber{Epoch: 2, Number: 42}
	if again, err := terminal.ParseReceiptNumber(receipt.String()); err != nil || again != receipt {
		t.Error(again, err)
	}
	for _, bad := range []string{"", "42", "1-0", "1-2-3", "1-2x", "a-b"} {
		if receipt, err := terminal.ParseReceiptNumber(bad); err == nil {
			t.Errorf("%q is read as %s", bad, receipt)
		}
	}
}

// If the night's last hour fell into the wrong day, the day close would be short of what the drawer holds.
func TestBusinessDay(t *testing.T) {
	for when, want := range map[string]string{
		"2026-06-16 03:59:59": "2026-06-15", "2026-06-16 04:00:00": "2026-06-16", "2026-06-16 23:59:59": "2026-06-16",
		"2026-01-01 01:00:00": "2025-12-31", "2026-03-29 03:30:00": "2026-03-28", "2026-10-25 03:59:59": "2026-10-24",
	} {
		day := terminal.BusinessDay(at(when), berlin(), 4*60)
		if day.String() != want {
			t.Errorf("%s is of %s, want %s", when, day, want)
		}
		if begin := day.Begin(berlin(), 4*60); begin.After(at(when)) || day.AddDays(1).Begin(berlin(), 4*60).Before(at(when)) {
			t.Errorf("%s begins at %s", day, begin)
		}
	}
}

// If a moment changed on the wire, a campaign would end an hour early in every store of another zone.
func TestMomentRoundTrip(t *testing.T) {
	instant := terminal.Moment{Instant: time.Date(2026, 12, 31, 23, 59, 59, 0, time.FixedZone("", 3600))}
	for _, moment := range []terminal.Moment{*local("2026-12-31 23:59:59"), instant} {
		data, err := json.Marshal(moment)
		if err != nil {
			t.Fatal(err)
		}
		var again terminal.Moment
		if err := json.Unmarshal(data, &again); err != nil || again.Local != moment.Local || !again.Earliest(berlin()).Equal(moment.Earliest(berlin())) {
			t.Errorf("%s is read back as %+v, %v", data, again, err)
		}
	}
}

// If a total that does not fit wrapped round, the Z would say that the shop owes its customers; if it came back into range, that it is right.
func TestTotalsStayOutOfRange(t *testing.T) {
	most := terminal.Money{Minor: math.MaxInt64, Currency: "EUR"}
	for _, test := range []struct{ a, b, want int64 }{
		{1, 2, 3}, {math.MaxInt64 - 1, 2, math.MaxInt64}, {math.MaxInt64, -5, math.MaxInt64}, {-5, math.MaxInt64, math.MaxInt64},
		{math.MinInt64 + 1, -2, math.MinInt64}, {math.MinInt64, 7, math.MinInt64},
	} {
		if sum, err := euros(test.a).AddUpTo(*euros(test.b)); err != nil || sum != *euros(test.want) {
			t.Errorf("%d and %d are %v, %v", test.a, test.b, sum, err)
		}
	}
	if _, err := most.AddUpTo(terminal.Money{Minor: 1, Currency: "CNY"}); !errors.Is(err, terminal.ErrCurrency) {
		t.Error(err)
	}
	if !most.OutOfRange() || euros(5).OutOfRange() {
		t.Error("what is out of range is not told from what is not")
	}
	if terminal.AddUnitsUpTo(math.MaxInt64, 1) != math.MaxInt64 || terminal.AddUnitsUpTo(2, 3) != 5 {
		t.Error("units wrap round")
	}
}

// If an example were in another currency's digits, whoever follows it would be refused again.
func TestCurrencies(t *testing.T) {
	for code, example := range map[string]string{"EUR": "12.50", "JPY": "1250", "KWD": "12.500"} {
		if _, err := terminal.ParseMoney(terminal.ExampleAmount(code), code); err != nil || terminal.ExampleAmount(code) != example || !terminal.KnownCurrency(code) {
			t.Errorf("%s is known: %v, its example is %s, %v", code, terminal.KnownCurrency(code), terminal.ExampleAmount(code), err)
		}
	}
	for _, code := range []string{"", "XXX", "XTS", "ABC", "eur", "R U", "UR ", "EURO", "XAU"} {
		if terminal.KnownCurrency(code) {
			t.Errorf("%q is taken for a currency", code)
		}
	}
}

// If a name could turn the direction of writing or break the line, the cashier would greet somebody else.
func TestLegible(t *testing.T) {
	for name, want := range map[string]bool{"M. Chen": true, "李雷": true, "José": true, "محمد": true, "a\u202eb": false, "a\u2066b": false, "a\nb": false,
		"a\x1bb": false, "a\x9bb": false, "a\u2028b": false, "": true} {
		if terminal.Legible(name) != want {
			t.Errorf("%q is legible: %v", name, !want)
		}
	}
	if terminal.Legible("a\xff") {
		t.Error("a name that is not UTF-8 is legible")
	}
}
