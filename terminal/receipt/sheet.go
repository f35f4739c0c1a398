package receipt

import (
	"strings"

	"countersign/terminal"
)

// sheet is a slip on the way.
type sheet struct {
	facts   terminal.SlipFacts
	words   terminal.Words
	columns int
	rows    []terminal.SlipRow
}

func (s *sheet) say(key string, args map[string]any) string { return s.words.Say("receipt."+key, args) }

// value writes a number, an amount or a time as the language writes it.
func (s *sheet) value(v any) string { return s.say("value", map[string]any{"value": v}) }

func (s *sheet) blank() { s.rows = append(s.rows, terminal.SlipRow{}) }

func (s *sheet) rule() { s.rows = append(s.rows, terminal.SlipRow{Rule: true}) }

// room is how many columns a row of that style has.
func (s *sheet) room(style terminal.SlipRow) int {
	if style.Double {
		return s.columns / 2
	}
	return s.columns
}

func (s *sheet) centre(text string, style terminal.SlipRow) {
	style.Align = terminal.AlignCentre
	s.wrapped(text, style)
}

func (s *sheet) left(text string, style terminal.SlipRow) { s.wrapped(text, style) }

func (s *sheet) wrapped(text string, style terminal.SlipRow) {
	if text = Clean(text); fits(text, s.room(style)) {
		style.Text = text
		s.rows = append(s.rows, style)
		return
	}
	for _, line := range Wrap(text, s.room(style)) {
		row := style
		row.Text = line
		s.rows = append(s.rows, row)
	}
}

// band is white on black from edge to edge: what must not be overlooked.
func (s *sheet) band(text string, double bool) {
	style := terminal.SlipRow{Bold: true, Invert: true, Double: double}
	room := s.room(style)
	for _, line := range Wrap(text, room-2) {
		free := room - terminal.Columns(line)
		row := style
		row.Text = strings.Repeat(" ", free/2) + line + strings.Repeat(" ", free-free/2)
		s.rows = append(s.rows, row)
	}
}

func (s *sheet) pair(label, value string) { s.pairIn(label, value, terminal.SlipRow{}) }

func (s *sheet) strongPair(label, value string) {
	s.pairIn(label, value, terminal.SlipRow{Bold: true})
}

// pairIn puts a label at the left edge and its value at the right one: in one row where both fit, else the value below.
func (s *sheet) pairIn(label, value string, style terminal.SlipRow) {
	label, value = Clean(label), Clean(value)
	room := s.room(style)
	if free := room - terminal.Columns(label) - terminal.Columns(value); free >= 1 {
		style.Text = label + strings.Repeat(" ", free) + value
		s.rows = append(s.rows, style)
		return
	}
	s.wrapped(label, style)
	width := room - 2 // of several rows, which are set in from the label's
	if terminal.Columns(value) <= room {
		width = room
	}
	for _, line := range Wrap(value, width) {
		row := style
		row.Text = strings.Repeat(" ", room-terminal.Columns(line)) + line
		s.rows = append(s.rows, row)
	}
}

func (s *sheet) pairUnlessEmpty(key, value string) {
	if value != "" {
		s.pair(s.say(key, nil), value)
	}
}

func (s *sheet) moneyUnlessNil(key string, amount *terminal.Money) {
	if amount != nil {
		s.pair(s.say(key, nil), s.value(*amount))
	}
}
