package main

import (
	"testing"
	"time"
)

// Who checks a voucher for another time would be told that his time is none, or get the answer for another instant.
func TestATimeIsReadAsItIsTyped(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, wanted := range map[string]string{
		"2027-10-31T02:20+02:00":    "2027-10-31T00:20:00Z",
		"2027-10-31T02:20:00+02:00": "2027-10-31T00:20:00Z",
		"2027-10-31T02:20+01:00":    "2027-10-31T01:20:00Z",
		"2027-10-31 02:20+01:00":    "2027-10-31T01:20:00Z",
		"2026-12-24T18:00Z":         "2026-12-24T18:00:00Z",
		"2026-12-24T18:00:30.5Z":    "2026-12-24T18:00:30.5Z",
		"2026-12-24T18:00":          "2026-12-24T17:00:00Z",
		"2026-12-24 18:00":          "2026-12-24T17:00:00Z",
		"2026-12-24T18:00:30":       "2026-12-24T17:00:30Z",
		"2027-03-28T02:30":          "2027-03-28T01:00:00Z", // never comes: the instant of the change
	} {
		at, err := instantOf(text, zone)
		if err != nil || at.UTC().Format(time.RFC3339Nano) != wanted {
			t.Errorf("%q: %s, %v", text, at.UTC().Format(time.RFC3339Nano), err)
		}
	}
	for _, text := range []string{"", "18:00", "2026-12-24", "2026-12-24T25:00", "2026-12-24T18:00+1", "1969-12-31T18:00Z", "9001-01-01T18:00"} {
		if at, err := instantOf(text, zone); err == nil {
			t.Errorf("%q is taken for %s", text, at)
		}
	}
}
