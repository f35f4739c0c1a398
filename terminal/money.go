package terminal

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an integer number of minor units of one ISO 4217 currency: EUR 12.50 is {1250, "EUR"}.
// It is never a float, and two currencies never mix.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Errors of money arithmetic and parsing.
var (
	ErrCurrency = errors.New("different currencies cannot be combined")
	ErrAmount   = errors.New("not an amount of money")
	ErrOverflow = errors.New("amount of money out of range")
)

// currencyDigits lists the currencies of ISO 4217:2015 whose minor unit is not 1/100.
var currencyDigits = map[string]int{
	"BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
	"KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0,
	"XAF": 0, "XOF": 0, "XPF": 0,
}

// CurrencyDigits is the number of decimal digits of a currency's minor unit.
func CurrencyDigits(currency string) int {
	if digits, ok := currencyDigits[currency]; ok {
		return digits
	}
	return 2
}

// ParseMoney reads a plain decimal ("12.50", "12", "12,5") as an amount of currency. Signs, grouping and more decimals than
// the currency has are refused with ErrAmount, amounts that do not fit with ErrOverflow.
func ParseMoney(text, currency string) (Money, error) {
	if len(currency) != 3 {
		return Money{}, fmt.Errorf("%w: %q is not a currency", ErrAmount, currency)
	}
	text = strings.Replace(strings.TrimSpace(text), ",", ".", 1)
	whole, part, pointed := strings.Cut(text, ".")
	digits := CurrencyDigits(currency)
	if whole == "" || (pointed && part == "") || len(part) > digits || strings.Trim(whole+part, "0123456789") != "" {
		return Money{}, fmt.Errorf("%w: %q", ErrAmount, text)
	}
	minor, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("%w: %q", ErrOverflow, text)
	}
	return Money{minor, currency}, nil
}

// Decimal writes the amount as a plain decimal without its currency: "12.50", "-3", "0.250".
func (m Money) Decimal() string {
	digits := CurrencyDigits(m.Currency)
	sign, magnitude := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, magnitude = "-", -magnitude
	}
	if digits == 0 {
		return sign + strconv.FormatUint(magnitude, 10)
	}
	text := fmt.Sprintf("%0*d", digits+1, magnitude)
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// String is the decimal with its currency, for logs and tests: "12.50 EUR".
func (m Money) String() string { return m.Decimal() + " " + m.Currency }

// IsZero reports an amount of nothing, in whatever currency.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Add returns m + other, or ErrCurrency, or ErrOverflow.
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrency, m, other)
	}
	sum := m.Minor + other.Minor
	if (other.Minor > 0 && sum < m.Minor) || (other.Minor < 0 && sum > m.Minor) {
		return Money{}, ErrOverflow
	}
	return Money{sum, m.Currency}, nil
}

// AddUpTo is Add for totals that are shown and never paid: where the sum does not fit it is the largest or smallest amount there is,
// OutOfRange, and stays that whatever else is added. One absurd amount must not keep a day from being closed.
func (m Money) AddUpTo(other Money) (Money, error) {
	switch {
	case m.Currency != other.Currency:
		return m.Add(other)
	case m.OutOfRange():
		return m, nil
	case other.OutOfRange():
		return other, nil
	}
	sum, err := m.Add(other)
	if errors.Is(err, ErrOverflow) && other.Minor > 0 {
		return Money{math.MaxInt64, m.Currency}, nil
	} else if errors.Is(err, ErrOverflow) {
		return Money{math.MinInt64, m.Currency}, nil
	}
	return sum, err
}

// OutOfRange reports whether the amount stands for a total that is larger, or smaller, than money can say.
func (m Money) OutOfRange() bool { return m.Minor == math.MaxInt64 || m.Minor == math.MinInt64 }

// AddUnitsUpTo adds numbers of units; where the sum does not fit it is the largest number there is.
func AddUnitsUpTo(units, more int64) int64 {
	if more > 0 && units > math.MaxInt64-more {
		return math.MaxInt64
	}
	return units + more
}

// Sub returns m - other, or ErrCurrency, or ErrOverflow.
func (m Money) Sub(other Money) (Money, error) {
	if other.Minor == math.MinInt64 {
		return Money{}, ErrOverflow
	}
	return m.Add(Money{-other.Minor, other.Currency})
}

// Times returns m taken n times, or ErrOverflow.
func (m Money) Times(n int64) (Money, error) {
	if n != 0 && (m.Minor*n)/n != m.Minor {
		return Money{}, ErrOverflow
	}
	return Money{m.Minor * n, m.Currency}, nil
}

// Share returns the part of m that numerator/denominator stands for, rounded half away from zero. It is how a percentage of a
// bill is taken; m must not be negative, and 0 <= numerator <= denominator.
func (m Money) Share(numerator, denominator int64) Money {
	whole, rest := m.Minor/denominator, m.Minor%denominator
	// rest < denominator <= 10,000 for a percentage, so that the product cannot overflow.
	return Money{whole*numerator + (rest*numerator+denominator/2)/denominator, m.Currency}
}
