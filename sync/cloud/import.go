package cloud

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
	"countersign/terminal/token"
)

// ImportColumns are the columns that an import knows. Only code is needed.
var ImportColumns = []string{"code", "voucher", "holder", "customer", "amount", "units", "valid_from", "valid_until", "slot_from",
	"slot_until", "party", "order", "lines", "state"}

// RowError is what is wrong with one row of an import.
type RowError struct {
	Line int // of the file, from 1
	What string
}

// Error names the line.
func (r RowError) Error() string { return fmt.Sprintf("line %d: %s", r.Line, r.What) }

// ImportRow is a row that can be stored.
type ImportRow struct {
	Line int
	Issued
}

// ReadImport reads the vouchers of a campaign from a CSV file with a header line. names maps the file's own column names to those
// of ImportColumns. zone is where times without an offset are; nil refuses them for slots, which are instants. Rows that are
// wrong come back as RowErrors beside the good ones; err is for a file that cannot be read at all.
func ReadImport(source io.Reader, campaign terminal.Campaign, names map[string]string, zone *time.Location, now time.Time) (rows []ImportRow, bad []RowError, err error) {
	file := csv.NewReader(source)
	file.FieldsPerRecord = -1
	file.TrimLeadingSpace = true
	header, err := file.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("the header line cannot be read: %w", err)
	}
	columns, err := importColumns(header, names)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]int{}
	for {
		record, err := file.Read()
		if errors.Is(err, io.EOF) {
			return rows, bad, nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			bad = append(bad, RowError{syntax.StartLine, "the row cannot be read: " + syntax.Err.Error()})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the file cannot be read: %w", err)
		}
		line, _ := file.FieldPos(0)
		row, fault := importRow(record, columns, campaign, zone, now)
		if fault == nil {
			fault = claimCode(seen, row.forms, line)
		}
		if fault != nil {
			bad = append(bad, RowError{line, fault.Error()})
			continue
		}
		rows = append(rows, ImportRow{line, row.Issued})
	}
}

func importColumns(header []string, names map[string]string) ([]string, error) {
	columns := make([]string, len(header))
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if ours, ok := names[name]; ok {
			name = ours
		} else {
			name = strings.ToLower(name)
		}
		if !slices.Contains(ImportColumns, name) {
			return nil, fmt.Errorf("line 1: there is no column %q: rename it with --map %s=COLUMN, where COLUMN is one of %s",
				header[i], header[i], strings.Join(ImportColumns, ", "))
		}
		if slices.Contains(columns[:i], name) {
			return nil, fmt.Errorf("line 1: two columns are %q", name)
		}
		columns[i] = name
	}
	if !slices.Contains(columns, "code") {
		return nil, errors.New("line 1: the column code is missing")
	}
	return columns, nil
}

// claimCode refuses a code that can be read like that of an earlier row.
func claimCode(seen map[string]int, forms []string, line int) error {
	for _, form := range forms {
		if first, ok := seen[form]; ok {
			return fmt.Errorf("the code is the same as that of line %d", first)
		}
	}
	for _, form := range forms {
		seen[form] = line
	}
	return nil
}

type imported struct {
	Issued
	forms []string
}

func importRow(record, columns []string, campaign terminal.Campaign, zone *time.Location, now time.Time) (row imported, err error) {
	if len(record) != len(columns) {
		return row, fmt.Errorf("the row has %d fields and the header %d", len(record), len(columns))
	}
	field := map[string]string{}
	for i, value := range record {
		field[columns[i]] = strings.TrimSpace(value)
	}
	if row.forms, err = token.Canonical(field["code"]); err != nil {
		return row, fmt.Errorf("the code cannot be one: it has to have %d to %d letters and digits", token.ForeignLeast, token.ForeignLength)
	}
	facts, err := importFacts(field, campaign, zone)
	if err != nil {
		return row, err
	}
	row.Code = row.forms[0]
	if row.Voucher, err = Draft(campaign, facts, now); err != nil {
		return row, err
	}
	if field["voucher"] != "" {
		if err := row.Voucher.ID.UnmarshalText([]byte(field["voucher"])); err != nil {
			return row, err
		}
	}
	return row, nil
}

func importFacts(field map[string]string, campaign terminal.Campaign, zone *time.Location) (facts Facts, err error) {
	facts = Facts{Order: field["order"], Customer: field["customer"], Holder: field["holder"], State: terminal.VoucherState(field["state"])}
	switch facts.State {
	case "", terminal.VoucherActive, terminal.VoucherRefunded, terminal.VoucherRevoked, terminal.VoucherDisabled:
	default:
		return facts, fmt.Errorf("%q is not a state: active, refunded, revoked and disabled are", field["state"])
	}
	if text := field["amount"]; text != "" {
		amount, err := terminal.ParseMoney(text, campaign.Currency)
		if err != nil {
			return facts, fmt.Errorf("%q is not an amount of %s", text, campaign.Currency)
		}
		facts.Amount = &amount
	}
	if text := field["units"]; text != "" {
		if facts.Units, err = strconv.ParseInt(text, 10, 64); err != nil || facts.Units < 1 {
			return facts, fmt.Errorf("%q is not a number of units", text)
		}
	}
	if facts.ValidFrom, err = ParseMoment(field["valid_from"], "00:00:00"); err != nil {
		return facts, err
	}
	if facts.ValidUntil, err = ParseMoment(field["valid_until"], "23:59:59"); err != nil {
		return facts, err
	}
	if facts.Slot, err = ParseSlot(field["slot_from"], field["slot_until"], field["party"], zone); err != nil {
		return facts, err
	}
	facts.Lines, err = ParseLines(field["lines"])
	return facts, err
}

// ParseMoment reads a time with or without an offset, or a date, which gets the given time of day. "" is nil.
func ParseMoment(text, timeOfDay string) (*terminal.Moment, error) {
	if text == "" {
		return nil, nil
	}
	whole := strings.Replace(text, " ", "T", 1)
	if _, err := time.Parse(time.DateOnly, whole); err == nil {
		whole += "T" + timeOfDay
	} else if _, err := time.Parse("2006-01-02T15:04", whole); err == nil {
		whole += ":00"
	}
	var m terminal.Moment
	if err := m.UnmarshalJSON([]byte(strconv.Quote(whole))); err != nil {
		return nil, fmt.Errorf("%q is not a time such as 2026-12-31T23:59:59, or the same with an offset", text)
	}
	return &m, nil
}

// ParseSlot reads a booked stretch of time. All empty is nil.
func ParseSlot(from, until, party string, zone *time.Location) (*terminal.Slot, error) {
	if from == "" && until == "" && party == "" {
		return nil, nil
	}
	slot := &terminal.Slot{}
	for _, end := range []struct {
		text string
		into *time.Time
	}{{from, &slot.From}, {until, &slot.Until}} {
		moment, err := ParseMoment(end.text, "00:00:00")
		if err != nil {
			return nil, err
		}
		if moment == nil {
			return nil, errors.New("a slot needs both slot_from and slot_until")
		}
		if moment.Local && zone == nil {
			return nil, fmt.Errorf("%q needs an offset, since the campaign's stores are in several time zones", end.text)
		}
		*end.into = moment.Earliest(zone)
	}
	if party != "" {
		number, err := strconv.Atoi(party)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("%q is not a number of people", party)
		}
		slot.Party = number
	}
	return slot, nil
}

// ParseLines reads the lines of an order, "name x quantity; name x quantity"; the quantity is 1 where it is left out. "" is none.
func ParseLines(text string) (lines []terminal.OrderLine, err error) {
	for _, part := range strings.Split(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		line := terminal.OrderLine{ID: lineID(len(lines)), Name: part, Quantity: 1}
		if at := strings.LastIndex(part, " x "); at > 0 {
			line.Name = strings.TrimSpace(part[:at])
			if line.Quantity, err = strconv.ParseInt(strings.TrimSpace(part[at+3:]), 10, 32); err != nil || line.Quantity < 1 || line.Name == "" {
				return nil, fmt.Errorf("%q is not a line such as \"Bread x 2\"", part)
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// lineID is a, b, … z, aa, ab, …
func lineID(n int) string {
	if n < 26 {
		return string(rune('a' + n))
	}
	return lineID(n/26-1) + lineID(n%26)
}

// StoreImport stores rows, all or none. Rows whose code is in use already come back as RowErrors; with skip the others are stored
// all the same.
func StoreImport(ctx context.Context, s Storage, merchant string, rows []ImportRow, skip bool) (stored int, bad []RowError, err error) {
	key, err := s.LookupKey(ctx, merchant)
	if err != nil {
		return 0, nil, err
	}
	if len(rows) == 0 {
		return 0, nil, nil
	}
	first, err := s.VoucherIDs(ctx, len(rows))
	if err != nil {
		return 0, nil, err
	}
	fresh := make([]NewVoucher, len(rows))
	for i, row := range rows {
		fresh[i] = NewVoucher{Voucher: row.Voucher, Inner: token.InnerOf(key, row.Code)}
		fresh[i].Lookup = token.LookupOf(key, row.Code)
		if fresh[i].ID == 0 {
			fresh[i].ID = first + terminal.VoucherID(i)
		}
	}
	for {
		err := s.NewVouchers(ctx, merchant, fresh)
		var taken *TakenError
		if !errors.As(err, &taken) {
			if err != nil {
				return 0, bad, err
			}
			return len(fresh), bad, nil
		}
		var free []NewVoucher
		var freeRows []ImportRow
		for i := range fresh {
			if slices.Contains(taken.Indexes[:min(1, len(taken.Indexes))], i) {
				bad, taken.Indexes = append(bad, RowError{rows[i].Line, taken.Error()}), taken.Indexes[1:]
				continue
			}
			free, freeRows = append(free, fresh[i]), append(freeRows, rows[i])
		}
		if fresh, rows = free, freeRows; !skip {
			return 0, bad, nil
		}
	}
}
