package dayreport

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"countersign/assets/fonts"
	"countersign/assets/translations"
	"countersign/terminal"
)

func sample(t *testing.T, language string) Report {
	t.Helper()
	day := terminal.Date{Year: 2026, Month: 11, Day: 21}
	var records []terminal.Record
	for i := range 60 {
		line := terminal.EntryLine{Campaign: []string{"dinner", "card"}[i%2], Kind: terminal.KindProduct, Units: 1, Masked: "4B2H",
			Value: &terminal.Money{Minor: int64(3301 + i*7), Currency: "EUR"}}
		record := terminal.Record{Verdict: terminal.Accepted, Entry: terminal.Entry{Kind: terminal.EntryRedeem, UID: terminal.UID{byte(i)}, BusinessDay: day, Terminal: "counter-1", Operator: "li",
			Assurance: terminal.Confirmed, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: uint64(i + 1)}, Lines: []terminal.EntryLine{line},
			Wall: time.Date(2026, 11, 21, 9+i%9, i, 0, 0, time.UTC)}}
		switch i % 13 {
		case 5:
			record.Entry.Kind, record.Entry.Assurance, record.Entry.Note = terminal.EntryReverse, "", "=HYPERLINK(1)"
			record.Entry.About = terminal.UID{byte(i - 4)}
			if i == 18 { // of a redemption that nobody here knows
				record.Entry.About = terminal.UID{200}
			}
		case 6:
			record.Entry.Kind, record.Entry.Assurance, record.Entry.Reason = terminal.EntryDecline, "", terminal.Expired
		}
		records = append(records, record)
	}
	if err := terminal.Trace(records, func(terminal.UID) (terminal.Record, error) { return terminal.Record{}, terminal.ErrUnknown }); err != nil {
		t.Fatal(err)
	}
	figures, err := terminal.FiguresOf(records, terminal.DayFilter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	figures.Day, figures.Store = day, "quay"
	return Report{Figures: figures, Records: records, Words: translations.For(language, time.UTC), Made: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC),
		Settings:  terminal.Settings{Store: terminal.Store{ID: "quay", Name: "湖畔码头 Quay"}, Merchant: terminal.Merchant{Currency: "EUR"}},
		Campaigns: map[string]terminal.Text{"dinner": {"en": "=Dinner for two", "zh-Hans": "双人晚餐"}}, Operators: map[string]string{"li": "李娜"}}
}

func TestSpreadsheetAddsUpToTheCent(t *testing.T) {
	// The manager's spreadsheet would come to another sum than the screen.
	report := sample(t, "en")
	var out bytes.Buffer
	if err := Write("xlsx", &out, report); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheets := book.GetSheetList()
	rows, err := book.GetRows(sheets[1], excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, row := range rows[1:] {
		if row[7] == "" {
			continue
		}
		worth, err := terminal.ParseMoney(strings.TrimPrefix(row[7], "-"), "EUR")
		if err != nil {
			t.Fatalf("%q: %v", row[7], err)
		}
		if strings.HasPrefix(row[7], "-") {
			worth.Minor = -worth.Minor
		}
		sum += worth.Minor
	}
	if want := report.Figures.Worth[0].Net.Minor; sum != want || want == 0 {
		t.Errorf("the rows come to %d, the figures to %d", sum, want)
	}
	if kind, err := book.GetCellType(sheets[1], "F2"); err != nil || kind == excelize.CellTypeFormula {
		t.Errorf("an offer's name became a formula: %v %v", kind, err)
	}
}

func TestCSVHoldsEveryRow(t *testing.T) {
	// Other programs would miss a redemption, or run somebody's note as a formula.
	report := sample(t, "de")
	var out bytes.Buffer
	if err := Write("csv", &out, report); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != len(report.Records)+1 {
		t.Fatalf("%d rows of %d records: %v", len(rows), len(report.Records), err)
	}
	if last := rows[6][20:]; last[0] != (terminal.UID{1}).String() || last[1] != "confirmed" || strings.Join(rows[1][20:], "") != "" {
		t.Errorf("a reversal says of what it takes back %q, a redemption %q", last, rows[1][20:])
	}
	if rows[6][18] != "'=HYPERLINK(1)" {
		t.Errorf("a note became %q", rows[6][18])
	}
}

func TestEachLineOfADeclinedBillHasItsOwnReason(t *testing.T) {
	// The manager would read that a voucher had expired which was only on a bill with one that had.
	report := sample(t, "en")
	report.Records = []terminal.Record{{Entry: terminal.Entry{Kind: terminal.EntryDecline, Reason: terminal.Expired, Lines: []terminal.EntryLine{
		{Campaign: "dinner", Reasons: []terminal.Reason{terminal.NotCombinable}}, {Campaign: "card"}, {Campaign: "dinner", Reasons: []terminal.Reason{terminal.Expired}}}}}}
	var text, book bytes.Buffer
	if err := Write("csv", &text, report); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][15] != "not_combinable" || rows[2][15] != "" || rows[3][15] != "expired" {
		t.Errorf("%v: %v", rows, err)
	}
	if err := Write("xlsx", &book, report); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&book)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	state := func(cell string) string {
		value, err := file.GetCellValue(file.GetSheetList()[1], cell)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	say := func(reason terminal.Reason) string { return report.say("reason." + string(reason) + ".title") }
	if state("I2") != say(terminal.NotCombinable) || state("I3") != "" || state("I4") != say(terminal.Expired) {
		t.Errorf("%q, %q, %q", state("I2"), state("I3"), state("I4"))
	}
}

func TestTablesSayWhatTheyAddUp(t *testing.T) {
	// The manager adds a table up and gets another number than above it, or takes what was redeemed for what is left of it.
	report := sample(t, "en")
	card := terminal.EntryLine{Campaign: "gift", Kind: terminal.KindBalance, Units: 1250, Amount: &terminal.Money{Minor: 1250, Currency: "EUR"}}
	for i, bill := range []int{0, 1, 5} { // two redemptions and a reversal of several vouchers
		lines := &report.Records[bill].Entry.Lines
		*lines = append(*lines, card)
		if i == 0 {
			*lines = append(*lines, (*lines)[0]) // two of one offer are one redemption of it
		}
	}
	figures, err := terminal.FiguresOf(report.Records, terminal.DayFilter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	report.Figures = figures
	var out bytes.Buffer
	if err := Write("xlsx", &out, report); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.GetRows(file.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, row := range append(rows, nil) {
		if len(row) > 0 {
			found[row[0]] = append(row, "", "", "")[1:4]
		}
	}
	if got := found["gift"]; got == nil || got[0] != "2" || got[1] != "1" {
		t.Errorf("a balance is counted: %q", got)
	}
	for _, table := range report.tables() {
		if table.lines[0].withoutBack {
			continue
		}
		var redeemed, reversed, net int64
		for _, line := range table.lines {
			redeemed, reversed = redeemed+line.redeemed, reversed+line.reversed
			for _, worth := range line.worth {
				net += worth.Net.Minor
			}
		}
		if want := figures.Worth[0].Net.Minor; redeemed != figures.Redemptions || reversed != figures.Reversals || net != want {
			t.Errorf("%s comes to %d, %d and %d, the day to %d, %d and %d", table.title, redeemed, reversed, net, figures.Redemptions, figures.Reversals, want)
		}
	}
	for _, by := range []string{"day.by.assurance", "day.by.kind"} {
		if got := found[report.say(by)]; got == nil || got[0] != report.say("day.redeemed") || got[1] != report.say("day.reversed") || got[2] != report.say("day.worth") {
			t.Errorf("%s is headed %q", by, got)
		}
	}
	if got := found[report.say("assurance.unknown")]; got == nil || got[0] != "0" || got[1] != "1" {
		t.Errorf("what was taken back of a redemption that is not known stands as %q", got)
	}
}

func TestDocumentHasItsFontWithin(t *testing.T) {
	// A document would show boxes in place of Chinese on a computer without Chinese fonts.
	for _, language := range translations.Languages {
		var out bytes.Buffer
		if err := Write("pdf", &out, sample(t, language)); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(out.Bytes(), []byte("%PDF-")) || !bytes.Contains(out.Bytes(), []byte("/FontFile2")) {
			t.Errorf("%s: no document, or no font in it", language)
		}
		if folder := os.Getenv("COUNTERSIGN_GALLERY"); folder != "" { // for people to look at
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("day-%s.pdf", language)), out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTrueTypeKeepsWidthsAndShapes(t *testing.T) {
	// Letters would overlap on paper, or a glyph come out as another.
	made, err := trueType(fonts.Regular(), []rune("Aé晚餐€ 7"))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := sfnt.Parse(made)
	if err != nil {
		t.Fatal(err)
	}
	original, err := sfnt.Parse(fonts.Regular())
	if err != nil {
		t.Fatal(err)
	}
	var buffer sfnt.Buffer
	measure := func(font *sfnt.Font, r rune) (fixed.Int26_6, fixed.Rectangle26_6) {
		index, err := font.GlyphIndex(&buffer, r)
		if err != nil || index == 0 {
			t.Fatalf("%c: glyph %d, %v", r, index, err)
		}
		bounds, advance, err := font.GlyphBounds(&buffer, index, fixed.I(1000), 0)
		if err != nil {
			t.Fatal(err)
		}
		return advance, bounds
	}
	for _, r := range "Aé晚餐€7" {
		wide, box := measure(original, r)
		gotWide, gotBox := measure(copied, r)
		near := func(a, b fixed.Int26_6) bool { return (a-b).Round() <= 12 && (b-a).Round() <= 12 }
		if wide.Round() != gotWide.Round() || !near(box.Min.X, gotBox.Min.X) || !near(box.Max.Y, gotBox.Max.Y) || !near(box.Min.Y, gotBox.Min.Y) || !near(box.Max.X, gotBox.Max.X) {
			t.Errorf("%c: %v %v became %v %v", r, wide, box, gotWide, gotBox)
		}
	}
}
