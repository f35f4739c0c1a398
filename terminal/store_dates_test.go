package terminal_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/terminal"
)

// If this fails, an entry names another business day than the redemption's.
func TestDateIsWrittenAsItIsRead(t *testing.T) {
	for at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10_000; at = at.AddDate(0, 0, 17) {
		date := terminal.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}
		if text := at.Format(time.DateOnly); date.String() != text {
			t.Fatalf("%s is written as %s", text, date)
		}
		if read, err := terminal.ParseDate(date.String()); err != nil || read != date {
			t.Fatalf("%s is read as %s: %v", date, read, err)
		}
	}
	for _, odd := range []terminal.Date{{Year: -1, Month: 2, Day: 3}, {Year: 12345, Month: 1, Day: 1}, {Year: 1, Month: 123, Day: -4}} {
		if want := fmt.Sprintf("%04d-%02d-%02d", odd.Year, odd.Month, odd.Day); odd.String() != want {
			t.Errorf("%v is written as %s, not as %s", [3]int{odd.Year, int(odd.Month), odd.Day}, odd, want)
		}
	}
	for _, wrong := range []string{"", "2026-02-30", "2026-13-01", "2026-1-01", "2026-01-1", "26-01-01", "2026/01/01", "2026-01-01T", "2026-00-10", "2026-01-00"} {
		if date, err := terminal.ParseDate(wrong); err == nil {
			t.Errorf("%q is read as %s", wrong, date)
		}
	}
}
