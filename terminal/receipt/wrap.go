package receipt

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/terminal"
)

// Characters that no row may begin with, and those it may not end with, as Chinese is set.
const (
	neverFirst = "，。、；：？！）》」』】’”…—,.;:?!)%"
	neverLast  = "（《「『【‘“("
)

// noBreak keeps an amount and its currency in one row.
const noBreak = '\u00a0'

// Clean makes a text safe for a row: control characters and every kind of space become a plain space (but for the no-break space,
// which stays), invisible and direction-changing characters vanish, and bytes that are no text become U+FFFD.
func Clean(text string) string {
	if plain(text) {
		return strings.TrimSpace(text)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= ' ' && r <= '~': // most are, in a text that is not plain, too
			return r
		case r == utf8.RuneError, r == noBreak:
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		}
		return r
	}, text))
}

// plain reports that a text is printable ASCII and nothing else, as most are: there is nothing to clean.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// Wrap breaks a text into rows of at most so many columns: between words, behind a word's hyphen, between Chinese characters, and
// inside a word only where it is longer than a row. The empty text has no rows. Columns must be at least 2, the width of a Chinese character.
func Wrap(text string, columns int) []string {
	columns = max(columns, 2)
	text = Clean(text)
	if text == "" {
		return nil
	}
	if fits(text, columns) {
		return []string{text}
	}
	var rows []string
	row, width, space := "", 0, false
	flush := func() {
		if row != "" {
			rows = append(rows, row)
		}
		row, width, space = "", 0, false
	}
	for _, piece := range pieces(text) {
		if piece == " " {
			space = width > 0
			continue
		}
		need, gap := terminal.Columns(piece), ""
		if space {
			gap = " "
		}
		if width+len(gap)+need > columns {
			flush()
			gap = ""
		}
		space = false
		if need <= columns {
			row, width = row+gap+piece, width+len(gap)+need
			continue
		}
		for _, r := range piece {
			if w := terminal.RuneColumns(r); terminal.Columns(row)+w > columns { // a word longer than a row
				rows, row = append(rows, row), ""
			}
			row += string(r)
		}
		width = terminal.Columns(row)
	}
	flush()
	return rows
}

// fits reports that a clean text is one row as it is, as most are: it is drawn before each COMMIT.
func fits(text string, columns int) bool {
	return text != "" && terminal.Columns(text) <= max(columns, 2) && !strings.Contains(text, "  ")
}

// pieces cuts a text into what may not be broken: words, single spaces, and Chinese characters with the punctuation that
// clings to them.
func pieces(text string) []string {
	var out []string
	current := ""
	previous, hyphened := ' ', false // hyphened: a hyphen behind a letter
	for _, r := range text {
		if r == ' ' {
			if current != "" {
				out = append(out, current)
				current = ""
			}
			out = append(out, " ")
			previous = r
			continue
		}
		breakable := terminal.RuneColumns(r) == 2 || terminal.RuneColumns(previous) == 2 || (hyphened && unicode.IsLetter(r))
		hyphened = r == '-' && unicode.IsLetter(previous)
		if current != "" && breakable && !strings.ContainsRune(neverFirst, r) && !strings.ContainsRune(neverLast, previous) {
			out = append(out, current)
			current = ""
		}
		current += string(r)
		previous = r
	}
	if current != "" {
		out = append(out, current)
	}
	return out
}
