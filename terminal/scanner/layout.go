package scanner

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Layout is what a computer's keyboard makes of the keys that a scanner presses, as far as it differs from what the scanner means.
type Layout struct {
	Name  string        `json:"name"`
	Runes map[rune]rune `json:"runes"` // by what arrived: what was meant
}

// The keys of a US keyboard, row by row, without and with Shift; every other layout is written down in the same order. A blank
// stands for a key that writes nothing by itself.
const us = "`1234567890-=" + "qwertyuiop[]\\" + "asdfghjkl;'" + "zxcvbnm,./" +
	"~!@#$%^&*()_+" + "QWERTYUIOP{}|" + "ASDFGHJKL:\"" + "ZXCVBNM<>?"

var keyboards = []struct{ name, keys string }{
	{"de", " 1234567890ß " + "qwertzuiopü+#" + "asdfghjklöä" + "yxcvbnm,.-" +
		"°!\"§$%&/()=? " + "QWERTZUIOPÜ*'" + "ASDFGHJKLÖÄ" + "YXCVBNM;:_"},
	{"fr", "²&é\"'(-è_çà)=" + "azertyuiop $*" + "qsdfghjklmù" + "wxcvbn,;:!" +
		" 1234567890°+" + "AZERTYUIOP £µ" + "QSDFGHJKLM%" + "WXCVBN?./§"},
	{"es", "º1234567890'¡" + "qwertyuiop +ç" + "asdfghjklñ " + "zxcvbnm,.-" +
		"ª!\"·$%&/()=?¿" + "QWERTYUIOP *Ç" + "ASDFGHJKLÑ " + "ZXCVBNM;:_"},
	{"it", "\\1234567890'ì" + "qwertyuiopè+ù" + "asdfghjklòà" + "zxcvbnm,.-" +
		"|!\"£$%&/()=?^" + "QWERTYUIOPé*§" + "ASDFGHJKLç°" + "ZXCVBNM;:_"},
	{"gb", "`1234567890-=" + "qwertyuiop[]#" + "asdfghjkl;'" + "zxcvbnm,./" +
		"¬!\"£$%^&*()_+" + "QWERTYUIOP{}~" + "ASDFGHJKL:@" + "ZXCVBNM<>?"},
	{"ru", "ё1234567890-=" + "йцукенгшщзхъ\\" + "фывапролджэ" + "ячсмитьбю." +
		"Ё!\"№;%:?*()_+" + "ЙЦУКЕНГШЩЗХЪ/" + "ФЫВАПРОЛДЖЭ" + "ЯЧСМИТЬБЮ,"},
}

// layouts holds both mistakes for each keyboard: a US scanner on that keyboard, and a scanner set for it on a US keyboard.
var layouts = func() []Layout {
	var all []Layout
	for _, keyboard := range keyboards {
		all = append(all, layout(keyboard.name, keyboard.keys, us), layout("us-"+keyboard.name, us, keyboard.keys))
	}
	return all
}()

func layout(name, arrived, meant string) Layout {
	l := Layout{Name: name, Runes: map[rune]rune{}}
	to := []rune(meant)
	for i, r := range []rune(arrived) {
		if r != ' ' && to[i] != ' ' {
			l.Runes[r] = to[i]
		}
	}
	return l
}

// Mend writes a text as the scanner meant it; false where the text holds what no key of the layout writes.
func (l Layout) Mend(text string) (string, bool) {
	var out strings.Builder
	for _, r := range text {
		meant, known := l.Runes[r]
		switch {
		case known:
			out.WriteRune(meant)
		case r == ' ':
			out.WriteRune(r)
		default:
			return "", false
		}
	}
	return out.String(), true
}

// Mend undoes known keyboard layouts: what a scanner may have meant by a text, by the name of the layout that the computer has
// ("fr": a scanner set for the US on a French keyboard; "us-fr": the reverse; "ime": an input method that widened the
// characters). Only texts that differ from what arrived are returned.
func Mend(text string) map[string]string {
	out := map[string]string{}
	for _, l := range layouts {
		if meant, ok := l.Mend(text); ok && meant != text {
			out[l.Name] = meant
		}
	}
	if narrow := width.Narrow.String(text); narrow != text {
		out["ime"] = narrow
	}
	return out
}

// CalibrationText is what the QR code on the set-up screen holds: the symbols that codes and their addresses are made of, but for = and
// +, which are dead keys on a German keyboard and would swallow what follows.
const CalibrationText = "CS1-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-:/.?&%_#"

// aimOfQR is what scanners that are set so send before a QR code (ISO/IEC 15424).
const aimOfQR = "]Q1"

// ErrCalibration says that what arrived cannot be the calibration code.
var ErrCalibration = errors.New("that was not the code on the screen, or the scanner drops symbols; scan it again, then reset the scanner with its manual's code")

// Learn compares what arrived when the calibration code was scanned with what it says. It returns a layout that mends every
// further scan (with no runes where nothing needs mending), or ErrCalibration: two symbols that arrive as one cannot be mended.
func Learn(arrived string) (Layout, error) {
	got, want := []rune(strings.TrimSpace(arrived)), []rune(CalibrationText)
	if len(got) == len(want)+len(aimOfQR) { // the scanner says before each code what kind it is
		want = append([]rune(aimOfQR), want...)
	}
	if len(got) != len(want) {
		return Layout{}, fmt.Errorf("%w (%d symbols instead of %d)", ErrCalibration, len(got), len(want))
	}
	l := Layout{Name: "learned", Runes: map[rune]rune{}}
	same := true
	for i, r := range got {
		if before, twice := l.Runes[r]; twice && before != want[i] {
			return Layout{}, fmt.Errorf("%w (%q stands for %q and %q)", ErrCalibration, r, before, want[i])
		}
		l.Runes[r] = want[i]
		same = same && r == want[i]
	}
	if same {
		return Layout{Name: "us"}, nil
	}
	for _, known := range layouts {
		if meant, ok := known.Mend(string(got)); ok && meant == string(want) {
			return known, nil
		}
	}
	return l, nil
}

// Apply mends a scan by a layout that Learn returned; symbols that it does not know stay as they are. What that layout cannot have
// written is left alone: the keyboard was changed since, and whoever reads the code then names it.
func (l Layout) Apply(text string) string {
	mended := l.mended(text)
	strange := strings.ContainsFunc(text, func(r rune) bool { _, known := l.Runes[r]; return !known && r > unicode.MaxASCII })
	if strange || (calibrated(text) && !calibrated(mended)) {
		return text
	}
	return mended
}

// calibrated reports that a text holds symbols of the calibration code alone: those of which codes are made.
func calibrated(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(CalibrationText, r) })
}

func (l Layout) mended(text string) string {
	return strings.Map(func(r rune) rune {
		if meant, known := l.Runes[r]; known {
			return meant
		}
		return r
	}, text)
}
