// Package dayreport writes a business day into files that people open elsewhere: as text for other programs, as a spreadsheet, as a
// document. The text command and the window write the same.
package dayreport

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
)

// Report is a day to write: its figures and the records they were added up from.
type Report struct {
	Figures   terminal.Figures
	Records   []terminal.Record
	Settings  terminal.Settings
	Campaigns map[string]terminal.Text // names, by id
	Operators map[string]string        // names, by id
	Words     terminal.Words
	Made      time.Time
}

// Formats are the kinds of file that Write knows.
var Formats = []string{"csv", "xlsx", "pdf"}

// Write writes a report as one of Formats.
func Write(format string, out io.Writer, report Report) error {
	switch format {
	case "csv":
		return report.csv(out)
	case "xlsx":
		return report.xlsx(out)
	case "pdf":
		return report.pdf(out)
	}
	return fmt.Errorf("%q is no format of a report", format)
}

// say says a value as the language writes it.
func (r Report) value(v any) string { return r.Words.Say("ui.value", map[string]any{"value": v}) }

func (r Report) say(key string) string { return r.Words.Say(key, nil) }

func (r Report) money(m *terminal.Money) string {
	switch {
	case m == nil:
		return ""
	case m.OutOfRange():
		return "> " + r.value(*m) // more than can be added up
	}
	return r.value(*m)
}

func (r Report) campaign(id string) string { return cmp.Or(r.Campaigns[id].In(r.Words.Language()), id) }

func (r Report) operator(id string) string {
	if id == "" {
		return r.say("day.nobody")
	}
	return cmp.Or(r.Operators[id], id)
}

func (r Report) counter(name string) string {
	return r.Words.Say("ui.counter", map[string]any{"terminal": name})
}

// scope says whose day it is.
func (r Report) scope() string {
	if r.Figures.Terminal == "" {
		return r.say("day.print.whole")
	}
	return r.counter(r.Figures.Terminal)
}

// line is one line of figures: of an offer, an hour, a cashier.
type line struct {
	label       string
	redeemed    int64
	reversed    int64
	worth       []terminal.NetWorth
	withoutBack bool // taking back has no meaning here
}

// table is a heading with its lines.
type table struct {
	title string
	lines []line
}

// heads are the words above a table's columns.
func (r Report) heads() (redeemed, reversed, worth string) {
	return r.say("day.redeemed"), r.say("day.reversed"), r.say("day.worth")
}

// tables are all the ways in which the day is added up, in the order of the screen's.
func (r Report) tables() []table {
	f := r.Figures
	campaigns := table{title: r.say("day.by.campaign")}
	for _, c := range f.Campaigns {
		l := line{label: r.campaign(c.Campaign), redeemed: c.Redemptions, reversed: c.Reversals}
		if worth := c.Worth(); worth != nil {
			l.worth = []terminal.NetWorth{{Net: *worth}}
		}
		campaigns.lines = append(campaigns.lines, l)
	}
	campaigns.lines = append(campaigns.lines, r.several(f.SeveralCampaigns)...)
	group := func(title string, groups []terminal.GroupFigures, name func(key string) string) table {
		t := table{title: r.say(title)}
		for _, g := range groups {
			t.lines = append(t.lines, line{label: name(g.Key), redeemed: g.Redemptions, reversed: g.Reversals, worth: g.Worth})
		}
		return t
	}
	prefixed := func(prefix string) func(string) string { return func(key string) string { return r.say(prefix + key) } }
	declined := table{title: r.say("day.by.reason")}
	for _, d := range f.Declined {
		declined.lines = append(declined.lines, line{label: r.say("reason." + string(d.Reason) + ".title"), redeemed: d.Count, withoutBack: true})
	}
	kinds := group("day.by.kind", f.Kinds, prefixed("kind."))
	kinds.lines = append(kinds.lines, r.several(f.SeveralKinds)...)
	return []table{campaigns,
		group("day.chart", f.Hours, func(key string) string { return r.Words.Say("day.hour", map[string]any{"hour": key}) }),
		group("day.by.cashier", f.Operators, r.operator),
		kinds,
		group("day.by.assurance", f.Assurances, prefixed("assurance.")),
		group("day.by.counter", f.Terminals, r.counter), declined}
}

// several takes off again what is counted under more than one line, so that a table's columns add up to the day's.
func (r Report) several(more terminal.Several) []line {
	if more == (terminal.Several{}) {
		return nil
	}
	return []line{{label: r.say("day.several"), redeemed: -more.Redemptions, reversed: -more.Reversals}}
}

// csv writes one row for each line of each entry of the day.
func (r Report) csv(out io.Writer) error {
	table := csv.NewWriter(out)
	rows := [][]string{{"at", "kind", "receipt", "uid", "voucher", "code", "campaign", "units", "amount", "discount", "price", "value",
		"currency", "assurance", "verdict", "reason", "operator", "approver", "note", "terminal", "reverses", "reverses_assurance"}}
	for _, record := range r.Records {
		entry := record.Entry
		if entry.Kind == terminal.EntryDayClose {
			continue
		}
		reverses := ""
		if entry.Kind == terminal.EntryReverse {
			reverses = entry.About.String()
		}
		lines := entry.Lines
		if len(lines) == 0 {
			lines = []terminal.EntryLine{{}}
		}
		for _, line := range lines {
			voucher := ""
			if line.Voucher != 0 {
				voucher = line.Voucher.String()
			}
			rows = append(rows, []string{entry.Wall.Format(time.RFC3339), entry.Kind.String(), entry.Receipt.String(), entry.UID.String(),
				voucher, line.Masked, line.Campaign, strconv.FormatInt(line.Units, 10), decimal(line.Amount), decimal(line.Discount),
				decimal(line.Price), decimal(line.Value), currencyOf(line), string(entry.Assurance), string(record.Verdict),
				string(entry.CauseOf(line)), entry.Operator, entry.Approver, inert(entry.Note), entry.Terminal, reverses, string(record.Undone)})
		}
	}
	return table.WriteAll(rows)
}

func decimal(money *terminal.Money) string {
	if money == nil {
		return ""
	}
	return money.Decimal()
}

func currencyOf(line terminal.EntryLine) string {
	for _, money := range []*terminal.Money{line.Amount, line.Discount, line.Price, line.Value} {
		if money != nil {
			return money.Currency
		}
	}
	return ""
}

// inert keeps a spreadsheet from taking somebody's words for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t", rune(text[0])) {
		return "'" + text
	}
	return text
}
