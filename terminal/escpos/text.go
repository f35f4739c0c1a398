package escpos

import (
	"unicode"
	"unicode/utf8"

	"countersign/terminal"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// run is a stretch of a row that is sent in one mode.
type run struct {
	chinese bool
	page    int // the ESC t number it needs; -1 for plain ASCII, which every page holds
	bytes   []byte
}

// text writes one row: as characters where the printer has them all, else as a picture of the row.
func (w *writer) text(row terminal.SlipRow) {
	if plain(row.Text) {
		w.latin()
		w.out = append(w.out, row.Text...)
		w.put(lf)
		return
	}
	line := printable(row.Text)
	runs, ok := w.plan(line)
	if !ok {
		w.picture(row, line)
		return
	}
	w.runs(runs)
	w.put(lf)
}

func (w *writer) runs(runs []run) {
	for _, r := range runs {
		switch {
		case r.chinese && !w.chinese:
			w.put(fs, '&')
			w.chinese = true
		case !r.chinese:
			w.latin()
			if r.page >= 0 && r.page != w.page {
				w.put(esc, 't', byte(r.page))
				w.page = r.page
			}
		}
		w.put(r.bytes...)
	}
	w.latin() // a line feed in Chinese mode is harmless on most printers, not on all
}

// printable turns a text into what may stand in a row: control characters become spaces, invisible ones vanish, and bytes that
// are no text become question marks.
func printable(text string) []rune {
	line := make([]rune, 0, len(text))
	for _, r := range norm.NFC.String(text) { // an accent of its own would print beside its letter
		switch {
		case r == utf8.RuneError:
			line = append(line, '?')
		case r == 'ẞ': // no printer's code page has it, and the slip's font neither
			line = append(line, 'ß')
		case unicode.Is(unicode.Cf, r):
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.In(r, unicode.Zl, unicode.Zp):
			line = append(line, ' ')
		default:
			line = append(line, r)
		}
	}
	return line
}

// plain reports that a text is of what every printer prints as it is: most rows of most slips, which are made while a cashier waits.
func plain(text string) bool {
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

// plan cuts a row into runs, with as few changes of code page as it can; false says that the printer lacks a character.
func (w *writer) plan(line []rune) ([]run, bool) {
	var runs []run
	page, current := w.page, w.charmapOf(w.page)
	add := func(chinese bool, page int, bytes ...byte) {
		if n := len(runs); n > 0 && runs[n-1].chinese == chinese && (runs[n-1].page == page || page < 0) {
			runs[n-1].bytes = append(runs[n-1].bytes, bytes...)
			return
		}
		runs = append(runs, run{chinese: chinese, page: page, bytes: append(make([]byte, 0, len(line)), bytes...)})
	}
	for i, r := range line {
		if r < utf8.RuneSelf {
			add(false, -1, byte(r))
			continue
		}
		if b, ok := single(current, r); ok {
			add(false, page, b)
			continue
		}
		if pair, ok := w.twoBytes(r); ok {
			add(true, -1, pair...)
			continue
		}
		best := w.bestPage(line[i:])
		if best < 0 {
			return nil, false
		}
		page, current = best, w.charmapOf(best)
		b, _ := single(current, r)
		add(false, page, b)
	}
	return runs, true
}

// bestPage is the number of the code page that holds the longest part of the rest of a row, or -1 where none holds its first
// character.
func (w *writer) bestPage(rest []rune) int {
	best, longest := -1, 0
	for _, set := range charsets {
		number, has := w.profile.CodePages[set.name]
		if !has {
			continue
		}
		held := 0
		for _, r := range rest {
			if _, ok := single(set.page, r); !ok && r >= utf8.RuneSelf {
				if _, chinese := w.twoBytes(r); !chinese {
					break
				}
			}
			held++
		}
		if _, ok := single(set.page, rest[0]); ok && held > longest {
			best, longest = number, held
		}
	}
	return best
}

func (w *writer) charmapOf(page int) *charmap.Charmap {
	if page < 0 {
		return nil
	}
	return w.profile.pageNumbered(byte(page))
}

// single is a character's byte in a code page. Only the upper half counts: below lie ASCII, which needs no page, and commands.
func single(page *charmap.Charmap, r rune) (byte, bool) {
	if page == nil {
		return 0, false
	}
	b, ok := page.EncodeRune(r)
	return b, ok && b >= 0x80
}

// twoBytes is a wide character's two-byte form of GB18030, where the printer's font has it. The four-byte forms are in no
// printer's font, and their digits would print as digits on one that does not know them.
func (w *writer) twoBytes(r rune) ([]byte, bool) {
	if w.profile.Chinese == "" || terminal.RuneColumns(r) != 2 {
		return nil, false
	}
	pair, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || len(pair) != 2 || pair[0] < 0x81 || pair[1] < 0x40 {
		return nil, false
	}
	if w.profile.Chinese == "gb2312" && (pair[0] < 0xa1 || pair[1] < 0xa1) {
		return nil, false
	}
	return pair, true
}
