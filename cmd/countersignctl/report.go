package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/dayreport"
	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func (a *app) reportCommand() *cobra.Command {
	var day, format, path string
	command := &cobra.Command{
		Use:     "report",
		Short:   "Say what was redeemed, taken back and turned away on a business day",
		Example: "  countersignctl report --day 2026-12-24 --format csv --out day.csv",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			if a.json {
				format = "json"
			}
			write, known := reportFormats[format]
			if !known {
				return usage(fmt.Errorf("%q is no format of a report: table, csv, xlsx, pdf or json", format))
			}
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				settings, sum, records, err := dayOf(ctx, reader, day)
				if err != nil {
					return err
				}
				page := sheet{Figures: sum, records: records, settings: settings, words: reader.Words(ctx, a.language)}
				if page.campaigns, page.operators, err = namesOf(ctx, reader); err != nil {
					return err
				}
				return a.toFile(path, func(out io.Writer) error { return write(out, page) })
			})
		},
	}
	command.Flags().StringVar(&day, "day", "", "the business day: 2026-12-24 (default: today's)")
	command.Flags().StringVar(&format, "format", "table", "table, csv, xlsx, pdf or json")
	command.Flags().StringVar(&path, "out", "", "the file to write (default: standard output)")
	return a.withJSON(command)
}

// namesOf are what campaigns and operators are called.
func namesOf(ctx context.Context, reader *station.Reader) (campaigns map[string]terminal.Text, operators map[string]string, err error) {
	known, err := reader.Cache.Campaigns(ctx)
	if err != nil {
		return nil, nil, err
	}
	campaigns, operators = map[string]terminal.Text{}, map[string]string{}
	for _, campaign := range known {
		campaigns[campaign.ID] = campaign.Name
	}
	people, err := reader.Cache.Operators(ctx)
	for _, person := range people {
		operators[person.ID] = person.Name
	}
	return campaigns, operators, err
}

// toFile writes to a file, or to standard output where path is "".
func (a *app) toFile(path string, write func(io.Writer) error) error {
	if path == "" {
		return write(a.out)
	}
	file, err := createFile(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// dayOf gathers a business day.
func dayOf(ctx context.Context, reader *station.Reader, text string) (terminal.Settings, terminal.Figures, []terminal.Record, error) {
	settings, err := reader.Terminal.Settings(ctx)
	if err != nil {
		return settings, terminal.Figures{}, nil, err
	}
	day, err := dayAsked(ctx, reader, text)
	if err != nil {
		return settings, terminal.Figures{}, nil, err
	}
	records, err := reader.Journal.Day(ctx, day)
	if err != nil {
		return settings, terminal.Figures{}, nil, err
	}
	if err := reader.Journal.Trace(ctx, records); err != nil {
		return settings, terminal.Figures{}, nil, err
	}
	if today, err := reader.Today(ctx); err != nil {
		return settings, terminal.Figures{}, nil, err
	} else if len(records) == 0 && today.String() < day.String() {
		return settings, terminal.Figures{}, nil, usage(fmt.Errorf("%s has not come yet: the business day is %s now", day, today))
	}
	sum, err := terminal.FiguresOf(records, terminal.DayFilter{}, settings.Store.BusinessDayStarts)
	sum.Day, sum.Store, sum.Terminal = day, settings.Store.ID, settings.Terminal
	return settings, sum, records, err
}

// sheet is what a report is written from.
type sheet struct {
	terminal.Figures
	records   []terminal.Record
	settings  terminal.Settings
	words     terminal.Words
	campaigns map[string]terminal.Text // names, by id
	operators map[string]string
}

var reportFormats = map[string]func(io.Writer, sheet) error{
	"json":  func(out io.Writer, s sheet) error { return writeJSON(out, s.Figures) },
	"table": writeTable,
	"csv":   written("csv"),
	"xlsx":  written("xlsx"),
	"pdf":   written("pdf"),
}

// written writes a file as the window does.
func written(format string) func(io.Writer, sheet) error {
	return func(out io.Writer, s sheet) error {
		return dayreport.Write(format, out, dayreport.Report{Figures: s.Figures, Records: s.records, Settings: s.settings, Campaigns: s.campaigns,
			Operators: s.operators, Words: s.words, Made: time.Now()})
	}
}

// writeTable prints a page that a manager reads.
func writeTable(out io.Writer, s sheet) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s, %s\n", s.settings.Store.Name, s.Terminal, s.Day)
	fmt.Fprintf(&text, "%s\n\n", s.words.Say("report.sum", map[string]any{"redemptions": s.Redemptions, "reversals": s.Reversals,
		"declines": s.Declines, "offline": s.Offline, "pending": s.Pending, "overruns": s.Overruns}))
	var set table
	set.row(heads(s.words, "campaign", "kind", "units", "reversed", "price", "worth", "amount", "discount")...)
	for _, c := range s.Campaigns {
		units, reversed := fmt.Sprint(c.Units), fmt.Sprint(c.Reversed)
		if c.Kind == terminal.KindBalance { // its units are money, which stands under amount
			units, reversed = "-", "-"
		}
		set.row(c.Campaign, said(s.words, "kind.", string(c.Kind)), units, reversed,
			orDash(c.Price), orDash(c.Value), orDash(c.Amount), orDash(c.Discount))
	}
	text.WriteString(set.String())
	if len(s.Declined) > 0 {
		fmt.Fprintf(&text, "\n%s\n", s.words.Say("report.declined", nil))
	}
	for _, d := range s.Declined {
		fmt.Fprintf(&text, "%5d  %s\n", d.Count, s.words.Say("reason."+string(d.Reason)+".title", nil))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// heads are the heads of a table's columns.
func heads(words terminal.Words, names ...string) []string {
	for i, name := range names {
		names[i] = words.Say("report."+name, nil)
	}
	return names
}

func orDash(money *terminal.Money) string {
	if money == nil {
		return "-"
	}
	if money.OutOfRange() {
		return "> " + money.String() // more than can be added up
	}
	return money.String()
}
