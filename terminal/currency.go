package terminal

import "strings"

// currencies are the codes of ISO 4217:2015 (list one, with its amendments) that money is counted in. The codes of metals, funds, bond
// units and tests are left out: nobody pays with them at a counter.
const currencies = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP " +
	"CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR " +
	"ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN " +
	"NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP " +
	"SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

// KnownCurrency reports whether a code is that of a currency in use, such as "EUR".
func KnownCurrency(code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(currencies, " "+code+" ")
}

// ExampleAmount is how an amount of a currency is written: "12.50" EUR, "1250" JPY, "12.500" KWD.
func ExampleAmount(currency string) string {
	digits := CurrencyDigits(currency)
	if digits == 0 {
		return "1250"
	}
	return "12.5" + strings.Repeat("0", digits-1)
}

// VoucherMost is the most that one voucher or one rule can be about, in minor units: ten million euros, and still a sum of nine billion
// of them fits into Money. UnitsMost is the most uses that one voucher has.
const (
	VoucherMost = 1_000_000_000
	UnitsMost   = 1_000_000
)
