package translations

import (
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
)

// writing is how a language writes numbers and money, after the locale data of the Unicode CLDR.
type writing struct {
	point, group string
	groupFrom    int  // digits before the point from which they are grouped
	after        bool // the currency stands after the number
	symbols      map[string]string
	list         string // between the items of a list
	gap          string // between a duration's parts
}

// A no-break space keeps an amount and its currency on one line.
const noBreak = "\u00a0"

var writings = map[string]writing{
	"en": {".", ",", 4, false, map[string]string{"EUR": "€", "GBP": "£", "USD": "$", "CNY": "CN¥", "JPY": "¥", "INR": "₹", "KRW": "₩", "HKD": "HK$", "TWD": "NT$"}, ", ", " "},
	// The full-width sign is the one that Chinese printers have.
	"zh-Hans": {".", ",", 4, false, map[string]string{"EUR": "€", "GBP": "£", "USD": "US$", "CNY": "￥", "JPY": "JP¥", "INR": "₹", "KRW": "₩", "HKD": "HK$", "TWD": "NT$"}, "、", ""},
	"de":      {",", ".", 4, true, map[string]string{"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩"}, ", ", " "},
	"es":      {",", ".", 5, true, map[string]string{"EUR": "€", "GBP": "£", "USD": "US$", "INR": "₹", "KRW": "₩"}, ", ", " "},
}

// digits groups a plain decimal as the language does: "1234.50" becomes "1,234.50".
func (w *Words) digits(decimal string) string {
	style := writings[w.language]
	whole, part, pointed := strings.Cut(decimal, ".")
	if len(whole) >= style.groupFrom {
		for at := len(whole) - 3; at > 0; at -= 3 {
			whole = whole[:at] + style.group + whole[at:]
		}
	}
	if pointed {
		return whole + style.point + part
	}
	return whole
}

func (w *Words) number(n int64) string {
	text, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if negative {
		return "-" + w.digits(text)
	}
	return w.digits(text)
}

// money writes "€12.50", "12,50 €", "￥12.50"; a currency without a sign by its code: "CHF 12.50".
func (w *Words) money(m terminal.Money) string {
	style := writings[w.language]
	decimal, negative := strings.CutPrefix(m.Decimal(), "-")
	text, symbol := w.digits(decimal), style.symbols[m.Currency]
	switch {
	case style.after && symbol == "":
		text += noBreak + m.Currency
	case style.after:
		text += noBreak + symbol
	case symbol == "":
		text = m.Currency + noBreak + text
	default:
		text = symbol + text
	}
	if negative {
		return "-" + text
	}
	return text
}

// time writes a time in the store's zone. The natural form is date and time of day.
func (w *Words) time(at time.Time, format string, args map[string]any) string {
	at = at.In(w.zone)
	clock := at.Format("15:04")
	date := dateOf(at)
	switch format {
	case "time":
		return clock
	case "date":
		return w.date(date)
	case "relative":
		said := map[string]any{"time": clock, "date": w.date(date), "hour": at.Hour()}
		return w.Say("when."+w.nearness(date, args), said)
	}
	return w.Say("format.moment", map[string]any{"date": w.date(date), "time": clock})
}

// date writes "24 Dec 2026" as the language does.
func (w *Words) date(d terminal.Date) string {
	return w.Say("format.date", map[string]any{
		"day": strconv.Itoa(d.Day), "month": strconv.Itoa(int(d.Month)), "year": strconv.Itoa(d.Year),
	})
}

// day writes "today", "tomorrow", "yesterday" or "on 24 Dec 2026".
func (w *Words) day(d terminal.Date, args map[string]any) string {
	return w.Say("when.day."+w.nearness(d, args), map[string]any{"date": w.date(d)})
}

// nearness says how date lies to the calendar day that it is now in the store: today, yesterday, tomorrow, or on (another).
func (w *Words) nearness(date terminal.Date, args map[string]any) string {
	now, given := plain(args["now"]).(time.Time)
	if !given {
		now = w.now()
	}
	today := dateOf(now.In(w.zone))
	switch date {
	case today:
		return "today"
	case today.AddDays(-1):
		return "yesterday"
	case today.AddDays(1):
		return "tomorrow"
	}
	return "on"
}

func dateOf(at time.Time) terminal.Date {
	year, month, day := at.Date()
	return terminal.Date{Year: year, Month: month, Day: day}
}

// duration writes the two largest parts of a duration: "2 days 3 h", "1 h 20 min", "45 s". Parts of a second are dropped.
func (w *Words) duration(d time.Duration) string {
	seconds := int64(d.Abs() / time.Second)
	units := []struct {
		key  string
		long int64
	}{{"format.days", 86400}, {"format.hours", 3600}, {"format.minutes", 60}, {"format.seconds", 1}}
	for i, unit := range units {
		if seconds < unit.long && unit.long > 1 {
			continue
		}
		said := w.Say(unit.key, map[string]any{"n": seconds / unit.long})
		if i+1 < len(units) && seconds%unit.long/units[i+1].long > 0 && unit.long > 60 {
			said += writings[w.language].gap + w.Say(units[i+1].key, map[string]any{"n": seconds % unit.long / units[i+1].long})
		}
		return said
	}
	return ""
}
