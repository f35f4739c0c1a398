package dayreport

import (
	"errors"
	"io"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"countersign/terminal"
)

// book is a spreadsheet on the way.
type book struct {
	report Report
	file   *excelize.File
	sheet  string
	row    int
	styles map[string]int
	err    error // the first that went wrong
}

// xlsx writes two sheets: the figures, and every row behind them. Amounts are numbers, so that a spreadsheet can add them up.
func (r Report) xlsx(out io.Writer) (err error) {
	file := excelize.NewFile()
	defer func() { err = errors.Join(err, file.Close()) }()
	b := &book{report: r, file: file, styles: map[string]int{}}
	b.sheet = sheetName(r.say("day.print.title"))
	b.note(file.SetSheetName(file.GetSheetName(0), b.sheet))
	b.figures()
	b.sheet, b.row = sheetName(r.say("report.slip")), 0
	_, err = file.NewSheet(b.sheet)
	b.note(err)
	b.rows()
	if b.err != nil {
		return b.err
	}
	_, err = file.WriteTo(out)
	return err
}

// sheetName keeps to what a spreadsheet allows: 31 characters without []:*?/\.
func sheetName(name string) string {
	name = strings.NewReplacer("[", "", "]", "", ":", "", "*", "", "?", "", "/", "", `\`, "").Replace(name)
	runes := []rune(name)
	return string(runes[:min(31, len(runes))])
}

func (b *book) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// style makes a style once.
func (b *book) style(name string, style excelize.Style) int {
	if id, made := b.styles[name]; made {
		return id
	}
	id, err := b.file.NewStyle(&style)
	b.note(err)
	b.styles[name] = id
	return id
}

func (b *book) bold() int { return b.style("bold", excelize.Style{Font: &excelize.Font{Bold: true}}) }

// amount is the style of an amount: as many digits as its currency has, and its code.
func (b *book) amount(currency string) int {
	format := "#,##0"
	if digits := terminal.CurrencyDigits(currency); digits > 0 {
		format += "." + strings.Repeat("0", digits)
	}
	format += ` "` + currency + `"`
	return b.style("amount "+currency, excelize.Style{CustomNumFmt: &format})
}

// line writes cells into the next row. Texts stand as texts, whatever they begin with; money as a number.
func (b *book) line(style int, cells ...any) {
	b.row++
	for i, cell := range cells {
		at, err := excelize.CoordinatesToCellName(i+1, b.row)
		b.note(err)
		if style != 0 {
			b.note(b.file.SetCellStyle(b.sheet, at, at, style))
		}
		switch v := cell.(type) {
		case nil:
		case string:
			b.note(b.file.SetCellStr(b.sheet, at, v))
		case *terminal.Money:
			if v == nil {
				continue
			}
			if v.OutOfRange() {
				b.note(b.file.SetCellStr(b.sheet, at, b.report.money(v)))
				continue
			}
			b.note(b.file.SetCellFloat(b.sheet, at, float64(v.Minor)/math.Pow10(terminal.CurrencyDigits(v.Currency)), terminal.CurrencyDigits(v.Currency), 64))
			b.note(b.file.SetCellStyle(b.sheet, at, at, b.amount(v.Currency)))
		default:
			b.note(b.file.SetCellValue(b.sheet, at, v))
		}
	}
}

// figures fill the first sheet.
func (b *book) figures() {
	r := b.report
	f := r.Figures
	b.line(b.bold(), r.Settings.Store.Name)
	b.line(0, r.value(f.Day), r.scope())
	b.row++
	for _, number := range []struct {
		key   string
		count int64
	}{{"redeemed", f.Redemptions}, {"reversed", f.Reversals}, {"declined", f.Declines}, {"offline", f.Offline}, {"pending", f.Pending}} {
		b.line(0, r.say("day."+number.key), number.count)
	}
	for _, worth := range f.Worth {
		b.line(0, r.say("day.worth"), &worth.Net)
	}
	for _, t := range r.tables() {
		if len(t.lines) == 0 {
			continue
		}
		b.row++
		redeemed, reversed, worth := r.heads()
		b.line(b.bold(), t.title, redeemed, reversed, worth)
		for _, l := range t.lines {
			cells := []any{l.label, l.redeemed, l.reversed}
			if l.withoutBack {
				cells[2] = nil
			}
			for _, worth := range l.worth {
				cells = append(cells, &worth.Net)
			}
			b.line(0, cells...)
		}
	}
	b.note(b.file.SetColWidth(b.sheet, "A", "A", 36))
	b.note(b.file.SetColWidth(b.sheet, "B", "E", 16))
}

// rows fill the second sheet: a row for each line of each entry.
func (b *book) rows() {
	r := b.report
	b.line(b.bold(), r.say("report.made"), r.say("report.kind"), r.say("report.receipt"), r.say("day.by.counter"), r.say("day.by.cashier"),
		r.say("report.campaign"), r.say("report.units"), r.say("day.worth"), r.say("report.state"))
	for _, record := range r.Records {
		e := record.Entry
		kind := map[terminal.EntryKind]string{terminal.EntryRedeem: "day.redeemed", terminal.EntryReverse: "day.reversed", terminal.EntryDecline: "day.declined"}[e.Kind]
		if kind == "" {
			continue
		}
		lines := e.Lines
		if len(lines) == 0 {
			lines = []terminal.EntryLine{{}}
		}
		for _, line := range lines {
			worth, units := line.Worth(), any(line.Units)
			state := ""
			switch e.Kind {
			case terminal.EntryDecline:
				worth, units = nil, nil
				if cause := e.CauseOf(line); cause != "" {
					state = r.say("reason." + string(cause) + ".title")
				}
			case terminal.EntryReverse:
				if worth != nil {
					worth = &terminal.Money{Minor: -worth.Minor, Currency: worth.Currency}
				}
			case terminal.EntryRedeem:
				if record.Verdict != "" {
					state = r.say("verdict." + string(record.Verdict))
				}
			}
			b.line(0, e.Wall.Format("2006-01-02 15:04:05"), r.say(kind), receiptOf(e), r.counter(e.Terminal), r.operator(e.Operator), r.campaign(line.Campaign), units, worth, state)
		}
	}
	b.note(b.file.SetColWidth(b.sheet, "A", "I", 20))
	b.note(b.file.SetPanes(b.sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

func receiptOf(e terminal.Entry) string {
	if e.Receipt.Number == 0 {
		return ""
	}
	return e.Receipt.String()
}
