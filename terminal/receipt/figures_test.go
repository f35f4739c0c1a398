package receipt

import (
	"strings"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal"
)

func TestFiguresOnPaperAreTheDays(t *testing.T) {
	// A manager would file another sum than the screen's, or take the slip for a day close.
	value := terminal.Money{Minor: 6800, Currency: "EUR"}
	line := terminal.EntryLine{Campaign: "dinner", Kind: terminal.KindProduct, Units: 1, Value: &value}
	record := func(kind terminal.EntryKind) terminal.Record {
		return terminal.Record{Entry: terminal.Entry{Kind: kind, Assurance: terminal.Confirmed, Terminal: "counter-1", Lines: []terminal.EntryLine{line}}}
	}
	figures, err := terminal.FiguresOf([]terminal.Record{record(terminal.EntryRedeem), record(terminal.EntryRedeem), record(terminal.EntryReverse),
		record(terminal.EntryDecline)}, terminal.DayFilter{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	figures.Day = terminal.Date{Year: 2026, Month: 11, Day: 21}
	for _, language := range translations.Languages {
		for _, columns := range []int{32, 42, 48} {
			slip := Layout(terminal.SlipFacts{Kind: terminal.SlipFigures, Figures: &figures, Campaigns: map[string]terminal.Text{"dinner": {"en": "Dinner for two"}},
				Settings: terminal.Settings{Store: terminal.Store{Name: "Lakeside Quay"}}}, translations.For(language, time.UTC), columns)
			var text strings.Builder
			for _, row := range slip.Rows {
				if wide := terminal.Columns(row.Text); wide > columns {
					t.Errorf("%s: %q is %d columns wide, %d are there", language, row.Text, wide, columns)
				}
				text.WriteString(row.Text + "\n")
			}
			words := translations.For(language, time.UTC)
			for _, want := range []string{"Dinner for two", words.Say("ui.value", map[string]any{"value": value}), words.Say("day.print.whole", nil),
				words.Say("receipt.title.figures", nil)} {
				if !strings.Contains(text.String(), want) {
					t.Errorf("%s, %d columns: the slip lacks %q:\n%s", language, columns, want, text.String())
				}
			}
			if note := words.Say("day.print.note", nil); !strings.Contains(strings.ReplaceAll(text.String(), "\n", ""), strings.Fields(note)[0]) {
				t.Errorf("%s: the slip does not say that it is no day close:\n%s", language, text.String())
			}
		}
	}
}
