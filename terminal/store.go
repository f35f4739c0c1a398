package terminal

import (
	"fmt"
	"sync"
	"time"
)

// SignIn says when an operator has to identify himself.
type SignIn string

// The ways of signing in.
const (
	SignInNone  SignIn = "none"  // never
	SignInShift SignIn = "shift" // once, until the counter locks itself
	SignInEach  SignIn = "each"  // before each redemption
)

// Merchant is the tenant that owns stores, campaigns and vouchers.
type Merchant struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Currency  string   `json:"currency"`
	Languages []string `json:"languages"`
}

// Store is a shop and how its counters behave.
type Store struct {
	ID                string   `json:"id"`
	Name              string   `json:"name"`
	Zone              string   `json:"zone"`                // IANA name
	BusinessDayStarts int      `json:"business_day_starts"` // minutes after midnight
	Address           []string `json:"address,omitempty"`   // printed on the slip
	Language          string   `json:"language"`            // BCP 47
	SignIn            SignIn   `json:"sign_in"`
	RedeemAtOnce      []Kind   `json:"redeem_at_once,omitempty"`
	Print             string   `json:"print"` // always, ask, never
	Copies            int      `json:"copies"`
	Colour            string   `json:"colour,omitempty"` // "#RRGGBB"
	Logo              []byte   `json:"logo,omitempty"`   // PNG
	OfflineLowValue   *Money   `json:"offline_low_value,omitempty"`
}

// Settings is what a terminal knows of its place: the merchant, its store and itself.
type Settings struct {
	Merchant  Merchant          `json:"merchant"`
	Store     Store             `json:"store"`
	Terminal  string            `json:"terminal"`  // its name: "counter-1"
	Stores    map[string]string `json:"stores"`    // the names of the merchant's stores, by id
	Suspended bool              `json:"suspended"` // by the merchant: honours nothing
}

// Location loads the store's time zone.
func (s Store) Location() (*time.Location, error) {
	if zone, known := zones.Load(s.Zone); known {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("the time zone %q of store %s is unknown: %w", s.Zone, s.ID, err)
	}
	zones.Store(s.Zone, zone)
	return zone, nil
}

// zones are those that were loaded, by name: each decision asks for its store's, and loading it reads and parses a file.
var zones sync.Map

// Date is a calendar date, or a business day, which begins at the store's business_day_starts.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// BusinessDay is the date whose business day holds instant at, in zone, when days begin startMinutes after midnight by the wall
// clock. On a night the clocks change, the wall clock still decides.
func BusinessDay(at time.Time, zone *time.Location, startMinutes int) Date {
	local := at.In(zone)
	year, month, day := local.Date()
	if local.Hour()*60+local.Minute() < startMinutes {
		year, month, day = time.Date(year, month, day-1, 12, 0, 0, 0, time.UTC).Date()
	}
	return Date{year, month, day}
}

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date {
	year, month, day := time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC).Date()
	return Date{year, month, day}
}

// Weekday is the day of the week of the date.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Begin is the first instant of business day d in zone.
func (d Date) Begin(zone *time.Location, startMinutes int) time.Time {
	civil := time.Date(d.Year, d.Month, d.Day, 0, startMinutes, 0, 0, time.UTC)
	return Moment{Local: true, Civil: civil}.Earliest(zone)
}

// String writes the date as in RFC 3339: "2026-12-24".
func (d Date) String() string {
	if d.Year < 0 || d.Year > 9999 || d.Month < 0 || d.Month > 99 || d.Day < 0 || d.Day > 99 {
		return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
	}
	two := func(n int) (byte, byte) { return byte('0' + n/10), byte('0' + n%10) }
	text := [10]byte{4: '-', 7: '-'} // every entry holds one, and is read back: by hand it takes a tenth of the time
	text[0], text[1] = two(d.Year / 100)
	text[2], text[3] = two(d.Year % 100)
	text[5], text[6] = two(int(d.Month))
	text[8], text[9] = two(d.Day)
	return string(text[:])
}

// ParseDate reads what String wrote.
func ParseDate(text string) (Date, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date such as 2026-12-24", text)
	}
	return Date{at.Year(), at.Month(), at.Day()}, nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
