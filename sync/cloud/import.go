package cloud

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/terminal/token"
)

// ImportColumns are the columns that an import knows. Only code is needed.
var ImportColumns = []string{"code", "voucher", "campaign", "holder", "customer", "amount", "units", "valid_from", "valid_until", "slot_from",
	"slot_until", "party", "order", "lines", "state"}

// Ignored is what a column is mapped to that an import leaves alone.
const Ignored = "-"

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

// ImportOffer finds the campaign that a row names, "" for a row that names none, and the zone in which the row's times without an offset
// are; nil refuses them for slots, which are instants.
type ImportOffer func(id string) (terminal.Campaign, *time.Location, error)

// ReadImport is ReadImportOf for a file of one campaign.
func ReadImport(source io.Reader, campaign terminal.Campaign, names map[string]string, zone *time.Location, now time.Time) (rows []ImportRow, bad []RowError, err error) {
	return ReadImportOf(source, func(id string) (terminal.Campaign, *time.Location, error) {
		if id != "" && id != campaign.ID {
			return campaign, nil, fmt.Errorf("the row is of campaign %q, and %q was asked for", id, campaign.ID)
		}
		return campaign, zone, nil
	}, names, now)
}

// ReadImportOf reads vouchers from a CSV file with a header line. names maps the file's own column names to those
// of ImportColumns, or to Ignored. Rows that are wrong come back as RowErrors beside the good ones; err is for a file that cannot be read at all.
func ReadImportOf(source io.Reader, offer ImportOffer, names map[string]string, now time.Time) (rows []ImportRow, bad []RowError, err error) {
	separator, source, err := sniff(source)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(source)
	if err != nil {
		return nil, nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	file := &records{rest: text, separator: separator, line: 1}
	header, _, _, err := file.next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, errors.New("the file is empty: its first line names the columns, of which only code is needed")
		}
		return nil, nil, fmt.Errorf("the header line cannot be read: %w", err)
	}
	columns, err := importColumns(header, names)
	if err != nil {
		return nil, nil, err
	}
	seen, ids := map[string]int{}, map[terminal.VoucherID]int{}
	for {
		record, line, lines, err := file.next()
		if errors.Is(err, io.EOF) {
			return rows, bad, nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			bad = append(bad, RowError{line, "the row cannot be read: " + syntax.Err.Error()})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the file cannot be read: %w", err)
		}
		row, fault := importRow(record, columns, offer, now)
		if fault == nil {
			fault = cmp.Or(claimID(ids, row.Voucher.ID, line), claimCode(seen, row.forms, line))
		}
		if fault != nil {
			bad = append(bad, notTaken(fault, line, lines)...)
			continue
		}
		rows = append(rows, ImportRow{line, row.Issued})
	}
}

// sniffMost is how much of a file is looked at to tell what it is.
const sniffMost = 64 << 10

// sniff tells what separates the columns of a file by its first line: a semicolon, as spreadsheets write where the comma is the decimal
// sign, a tab, or a comma. It takes the byte order mark off, and refuses what is no text.
func sniff(source io.Reader) (separator rune, rest io.Reader, err error) {
	file := bufio.NewReaderSize(source, sniffMost)
	begin, err := file.Peek(sniffMost)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, fmt.Errorf("the file cannot be read: %w", err)
	}
	if bytes.IndexByte(begin, 0) >= 0 || !validSoFar(begin) {
		return 0, nil, errors.New("this is not a CSV file in UTF-8: save it as \"CSV UTF-8\" and import that")
	}
	if bytes.HasPrefix(begin, []byte("\ufeff")) {
		if _, err := file.Discard(len("\ufeff")); err != nil {
			return 0, nil, fmt.Errorf("the file cannot be read: %w", err)
		}
		begin = begin[len("\ufeff"):]
	}
	header, _, _ := bytes.Cut(begin, []byte("\n"))
	separator = ','
	for _, other := range ";\t" {
		if bytes.Count(header, []byte(string(other))) > bytes.Count(header, []byte(string(separator))) {
			separator = other
		}
	}
	return separator, file, nil
}

// validSoFar reports whether text is UTF-8, but for a letter that its end may have cut in two.
func validSoFar(text []byte) bool {
	for n := 0; n < utf8.UTFMax; n++ {
		if n > len(text) {
			return true
		}
		if utf8.Valid(text[:len(text)-n]) {
			return n == 0 || len(text) == sniffMost
		}
	}
	return false
}

func importColumns(header []string, names map[string]string) ([]string, error) {
	columns := make([]string, len(header))
	met := map[string]bool{}
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if ours, ok := names[name]; ok {
			met[name] = true
			name = ours
		} else {
			name = strings.ToLower(name)
		}
		if name == Ignored {
			columns[i] = Ignored
			continue
		}
		if !slices.Contains(ImportColumns, name) {
			return nil, fmt.Errorf("line 1: there is no column %q: rename it with --map %q, where COLUMN is one of %s, or leave it out with --ignore %q",
				header[i], header[i]+"=COLUMN", strings.Join(ImportColumns, ", "), header[i])
		}
		if slices.Contains(columns[:i], name) {
			return nil, fmt.Errorf("line 1: two columns are %q", name)
		}
		columns[i] = name
	}
	for name := range names {
		if !met[name] {
			return nil, fmt.Errorf("line 1: the file has no column %q: its columns are %s", name, strings.Join(header, ", "))
		}
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

// spoiltCode is what spreadsheets make of a column of codes: a number in scientific form, a formula, the name of an error, or a column that
// was too narrow.
var spoiltCode = regexp.MustCompile(`^(\d+[.,]\d+[eE][+-]?\d+|\d+[eE][+-]\d+|=.*|#+|#(NAME|REF|VALUE|NUM|NULL|DIV/0)[!?]|#N/A)$`)

// spoilt reports that a text is no platform's code any more.
func spoilt(code string) bool { return spoiltCode.MatchString(code) }

// claimID refuses the voucher of an earlier row.
func claimID(seen map[terminal.VoucherID]int, id terminal.VoucherID, line int) error {
	if first, ok := seen[id]; ok && id != 0 {
		return fmt.Errorf("the voucher is the same as that of line %d", first)
	}
	seen[id] = line
	return nil
}

type imported struct {
	Issued
	forms []string
}

func importRow(record, columns []string, offer ImportOffer, now time.Time) (row imported, err error) {
	if len(record) != len(columns) {
		return row, fmt.Errorf("the row has %d fields and the header %d", len(record), len(columns))
	}
	field := map[string]string{}
	for i, value := range record {
		if columns[i] != Ignored {
			field[columns[i]] = strings.TrimSpace(value)
		}
	}
	if spoilt(field["code"]) {
		return row, errors.New("a spreadsheet has spoilt the code: format its column as text, and save the file again from what the platform sent")
	}
	if row.forms, err = token.Canonical(field["code"]); err != nil {
		return row, fmt.Errorf("the code cannot be one: it has to have %d to %d letters and digits", token.ForeignLeast, token.ForeignLength)
	}
	campaign, zone, err := offer(field["campaign"])
	if err != nil {
		return row, err
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
		amount, err := ParseAmount(text, campaign.Currency)
		if err != nil {
			return facts, err
		}
		facts.Amount = &amount
	}
	if text := field["units"]; text != "" {
		if facts.Units, err = strconv.ParseInt(text, 10, 64); err != nil || facts.Units < 1 || facts.Units > terminal.UnitsMost {
			return facts, fmt.Errorf("%q is not a number of units: 1 to %d are", text, terminal.UnitsMost)
		}
	}
	if facts.ValidFrom, err = ParseMoment(field["valid_from"], "00:00:00"); err != nil {
		return facts, err
	}
	if facts.ValidUntil, err = ParseMoment(field["valid_until"], "23:59:59"); err != nil {
		return facts, err
	}
	if field["party"] != "" && campaign.Kind != terminal.KindBooking {
		return facts, fmt.Errorf("only a booking has a party, and %s is a %s", campaign.ID, campaign.Kind)
	}
	if facts.Slot, err = ParseSlot(field["slot_from"], field["slot_until"], field["party"], zone); err != nil {
		return facts, err
	}
	if EndsBeforeItBegins(facts.ValidFrom, facts.ValidUntil) {
		return facts, fmt.Errorf("valid_until %s is before valid_from %s", field["valid_until"], field["valid_from"])
	}
	facts.Lines, err = ParseLines(field["lines"])
	return facts, err
}

// EndsBeforeItBegins reports whether no moment lies between two, wherever their stores are.
func EndsBeforeItBegins(from, until *terminal.Moment) bool {
	if from == nil || until == nil {
		return false
	}
	// Local times are compared as such; with an offset on one side only, the whole world's zones are given the benefit.
	begins, ends := from.Earliest(time.UTC), until.Latest(time.UTC)
	if from.Local != until.Local {
		ends = ends.Add(14 * time.Hour)
	}
	return ends.Before(begins)
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

// newRows are rows as they are stored.
func newRows(ctx context.Context, s Storage, merchant string, rows []ImportRow) ([]NewVoucher, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	key, err := s.LookupKey(ctx, merchant)
	if err != nil {
		return nil, err
	}
	first, err := s.VoucherIDs(ctx, len(rows))
	if err != nil {
		return nil, err
	}
	fresh := make([]NewVoucher, len(rows))
	for i, row := range rows {
		fresh[i] = NewVoucher{Voucher: row.Voucher, Inner: token.InnerOf(key, row.Code)}
		fresh[i].Lookup = token.LookupOf(key, row.Code)
		if fresh[i].ID == 0 {
			fresh[i].ID = first + terminal.VoucherID(i)
		}
	}
	return fresh, nil
}

// TakenRows are the rows whose code or id is in use already. It stores nothing.
func TakenRows(ctx context.Context, s Storage, merchant string, rows []ImportRow) (bad []RowError, err error) {
	fresh, err := newRows(ctx, s, merchant, rows)
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	// The first row a second time is always taken, so that the storage answers which are and keeps none.
	var taken *TakenError
	if err := s.NewVouchers(ctx, merchant, append(fresh, fresh[0])); !errors.As(err, &taken) {
		return nil, fmt.Errorf("the rows cannot be compared with what is there: %w", err)
	}
	for _, i := range taken.Indexes {
		if i < len(rows) {
			bad = append(bad, RowError{rows[i].Line, taken.Error()})
		}
	}
	return bad, nil
}

// StoreImport stores rows, all or none. Rows whose code is in use already come back as RowErrors; with skip the others are stored
// all the same.
func StoreImport(ctx context.Context, s Storage, merchant string, rows []ImportRow, skip bool) (stored int, bad []RowError, err error) {
	fresh, err := newRows(ctx, s, merchant, rows)
	if err != nil || len(rows) == 0 {
		return 0, nil, err
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
