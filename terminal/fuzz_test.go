package terminal_test

import (
	"encoding/json"
	"testing"
	"time"

	"countersign/terminal"
)

// If an amount that somebody typed were read as another one, the drawer would be short.
func FuzzParseMoney(f *testing.F) {
	for _, text := range []string{"12.50", "12,5", "0", "-1", "1.005", "1e3", "९", "9223372036854775807", "92233720368547758.07", " 7 ", ".5", "5."} {
		for _, currency := range []string{"EUR", "JPY", "KWD", "EU"} {
			f.Add(text, currency)
		}
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		money, err := terminal.ParseMoney(text, currency)
		if err != nil {
			return
		}
		if money.Minor < 0 || money.Currency != currency {
			t.Fatalf("%q is read as %v", text, money)
		}
		again, err := terminal.ParseMoney(money.Decimal(), currency)
		if err != nil || again != money {
			t.Fatalf("%q is read as %v, which is read as %v, %v", text, money, again, err)
		}
	})
}

// If a moment of a rule were read as another one, or stopped the program, an offer would begin on the wrong day everywhere at once.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-12-31T23:59:59+01:00", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00", ""} {
		f.Add(text)
	}
	zones := []*time.Location{time.UTC, berlin()}
	for _, name := range []string{"Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			f.Fatal(err)
		}
		zones = append(zones, zone)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := json.Marshal(text)
		if err != nil {
			return
		}
		var moment, again terminal.Moment
		if json.Unmarshal(quoted, &moment) != nil {
			return
		}
		written, err := json.Marshal(moment)
		if err != nil {
			return // a year of five digits, which RFC 3339 does not know
		}
		if err := json.Unmarshal(written, &again); err != nil || again.Local != moment.Local || !again.Instant.Equal(moment.Instant) {
			t.Fatalf("%q is written as %s and read as %v, %v", text, written, again, err)
		}
		for _, zone := range zones {
			if first, last := moment.Earliest(zone), moment.Latest(zone); last.Before(first) || last.Sub(first) > 24*time.Hour {
				t.Fatalf("%q in %s is between %s and %s", text, zone, first, last)
			}
		}
	})
}

// If a date were read as another one, a blackout or a day's report would be about the wrong day.
func FuzzParseDate(f *testing.F) {
	for _, text := range []string{"2026-12-24", "2028-02-29", "2026-02-29", "0000-00-00", "2026-1-1", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		date, err := terminal.ParseDate(text)
		if err != nil {
			return
		}
		if date.String() != text || date.AddDays(1).AddDays(-1) != date {
			t.Fatalf("%q is read as %s", text, date)
		}
		for _, period := range []terminal.Period{terminal.PerDay, terminal.PerWeek, terminal.PerMonth, terminal.PerEver} {
			if !period.Days(date).Hold(date) {
				t.Fatalf("the %s of %s does not hold it", period, date)
			}
		}
	})
}
