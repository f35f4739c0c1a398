// Package scanner turns what scanners send into codes: bytes on a serial line, bursts of keys from those that pretend to be a
// keyboard, and pictures. What tells one code from the next is time, and time comes in as values: nothing here has a clock but
// Serial, which reads a line.
package scanner

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Silence on a serial line for this long ends a code.
const Silence = 60 * time.Millisecond

// Debounce is how long the same code is not taken again: a scanner on a stand reads it as often as it sees it.
const Debounce = 1500 * time.Millisecond

// Longest is how many bytes a code may have. The longest signed token needs some 1,700 symbols.
const Longest = 4096

// Framer cuts the bytes of one serial scanner into codes. CR, LF, TAB or Silence ends one; empty ones are none. The zero value is
// ready. It is used by one goroutine.
type Framer struct {
	code    []byte
	tooLong bool
	last    time.Time // of the newest byte of the code under way

	previous     string
	previousSeen time.Time
}

// Feed takes bytes that arrived at a time, in whatever chunks the line made of them, and returns the codes that they complete.
func (f *Framer) Feed(data []byte, at time.Time) []string {
	codes := f.Quiet(at)
	for _, b := range data {
		switch b {
		case '\r', '\n', '\t':
			codes = append(codes, f.end(at)...)
		default:
			if f.last = at; len(f.code) < Longest {
				f.code = append(f.code, b)
			} else {
				f.tooLong = true
			}
		}
	}
	return codes
}

// Due is when the code under way ends if nothing else comes; false where none is under way.
func (f *Framer) Due() (time.Time, bool) {
	return f.last.Add(Silence), len(f.code) > 0
}

// Quiet says what time it is, and returns the code that silence has ended by then.
func (f *Framer) Quiet(at time.Time) []string {
	if due, under := f.Due(); !under || at.Before(due) {
		return nil
	}
	return f.end(f.last)
}

func (f *Framer) end(at time.Time) []string {
	code, tooLong := Clean(f.code), f.tooLong
	f.code, f.tooLong = f.code[:0], false
	if tooLong || code == "" {
		return nil
	}
	again := code == f.previous && at.Sub(f.previousSeen) < Debounce
	f.previous, f.previousSeen = code, at
	if again {
		return nil
	}
	return []string{code}
}

// Clean takes from the bytes of one code what the scanner added: the symbology identifier of ISO/IEC 15424 ("]Q1" and its like),
// ECI escapes as AIM's rules write them ("\000026", a backslash of the code itself doubled), control characters and spaces
// around it. Bytes that are not UTF-8 are read as Latin-1.
func Clean(data []byte) string {
	if len(data) >= 3 && data[0] == ']' && isLetter(data[1]) && isLetterOrDigit(data[2]) {
		escapes := speaksECI(data[1], data[2])
		if data = data[3:]; escapes {
			data = unescape(data)
		}
	}
	var text string
	if utf8.Valid(data) {
		text = string(data)
	} else {
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\ufeff' {
			return -1
		}
		return r
	}, text))
}

func isLetter(b byte) bool { return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' }

func isLetterOrDigit(b byte) bool { return isLetter(b) || b >= '0' && b <= '9' }

// speaksECI reports the symbology identifiers that say that ECI escapes follow: QR 2, 4 and 6, Data Matrix 4 to 6, Aztec 3 to 5.
func speaksECI(symbology, modifier byte) bool {
	switch symbology {
	case 'Q':
		return strings.IndexByte("246", modifier) >= 0
	case 'd':
		return strings.IndexByte("456", modifier) >= 0
	case 'z':
		return strings.IndexByte("345", modifier) >= 0
	}
	return false
}

func unescape(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] != '\\':
			out = append(out, data[i])
		case i+1 < len(data) && data[i+1] == '\\':
			out = append(out, '\\')
			i++
		case i+6 < len(data) && digits(data[i+1:i+7]):
			i += 6
		default:
			out = append(out, data[i])
		}
	}
	return out
}

func digits(data []byte) bool {
	for _, b := range data {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}
