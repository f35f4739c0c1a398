package scanner_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"countersign/terminal/scanner"

	"pgregory.net/rapid"
)

// typed feeds text to a burst with so many milliseconds before each further rune, and returns when the last one came.
func typed(b *scanner.Burst, text string, at int, gap func(i int) int) int {
	for i, r := range []rune(text) {
		if i > 0 {
			at += gap(i)
		}
		b.Rune(r, ms(at))
	}
	return at
}

func every(n int) func(int) int { return func(int) int { return n } }

func TestBursts(t *testing.T) {
	// Broken in the shop: a scan that presses buttons instead of being read, or typing that is taken for a scan.
	cases := map[string]struct {
		text string
		gap  func(i int) int
		end  bool // with Enter, else by silence
		want string
	}{
		"all in one frame":            {"7K3M-Q9TX-4B2H-Q", every(0), true, "7K3M-Q9TX-4B2H-Q"},
		"one a frame":                 {"7K3MQ9TX4B2HQ", every(17), true, "7K3MQ9TX4B2HQ"},
		"20 ms, no suffix":            {"7K3MQ9TX4B2HQ", every(20), false, "7K3MQ9TX4B2HQ"},
		"a gap of 70 ms":              {"7K3MQ9TX4B2HQ", func(i int) int { return map[bool]int{true: 70, false: 5}[i == 6] }, true, "7K3MQ9TX4B2HQ"},
		"a busy window in the middle": {"7K3MQ9TX4B2HQ", func(i int) int { return map[bool]int{true: 900, false: 3}[i == 6] }, true, "7K3MQ9TX4B2HQ"},
		"a space in it":               {"7K3M Q9TX", every(10), true, "7K3M Q9TX"},
		"AIM id":                      {"]Q17K3MQ9TX", every(10), true, "7K3MQ9TX"},
		"four symbols":                {"7K3M", every(10), true, "7K3M"},
		"three symbols":               {"7K3", every(10), true, ""},
		"five symbols in silence":     {"7K3MQ", every(10), false, ""},
		"a person":                    {"7K3MQ9TX4B2HQ", every(120), true, ""},
		"a fast person":               {"7K3MQ9TX4B2HQ", every(60), true, ""},
		"a person's roll at the end":  {"lakesi7890", func(i int) int { return map[bool]int{true: 25, false: 110}[i > 6] }, true, ""},
		"a key held down":             {"111111111111", every(33), false, ""},
		"a person, then a scan":       {"127K3MQ9TX4B2HQ", func(i int) int { return map[bool]int{true: 110, false: 5}[i <= 2] }, true, "7K3MQ9TX4B2HQ"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := &scanner.Burst{}
			at := typed(b, c.text, 0, c.gap)
			var got string
			if c.end {
				got = b.End(ms(at + 10))
			} else {
				got = b.Silence(ms(at + 300))
			}
			if got != c.want || b.Pending() != 0 {
				t.Errorf("got %q with %d pending, want %q", got, b.Pending(), c.want)
			}
		})
	}
}

func TestTwoScansOneAfterTheOther(t *testing.T) {
	// Broken in the shop: the second voucher of a couple is lost.
	b := &scanner.Burst{}
	at := typed(b, "7K3MQ9TX4B2HQ", 0, every(3))
	first := b.End(ms(at))
	at = typed(b, "0123456789ABV", at+40, every(3))
	if second := b.End(ms(at)); first != "7K3MQ9TX4B2HQ" || second != "0123456789ABV" {
		t.Errorf("got %q and %q", first, second)
	}
	if again := b.End(ms(at + 5)); again != "" {
		t.Errorf("a repeated Enter gave %q", again)
	}
}

func TestWhatAPersonTypedSlowlyIsNotPending(t *testing.T) {
	// Broken in the shop: Enter does not confirm, because a key that was pressed a while ago still counts as a scan's beginning.
	b := &scanner.Burst{}
	typed(b, "12", 0, every(400))
	if b.Pending() != 1 {
		t.Errorf("%d runes pending, want the last alone", b.Pending())
	}
}

func TestPersonsAndScannersAreToldApart(t *testing.T) {
	// Broken in the shop: either a cashier's typing redeems something, or a scanner is ignored.
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9A-Z]{13}`).Filter(func(s string) bool { return strings.Count(s, s[:1]) < len(s) }).Draw(t, "text")
		b := &scanner.Burst{}
		gaps := func(i int) int { return rapid.IntRange(55, 400).Draw(t, "person's gap") }
		if got := b.End(ms(typed(b, text, 0, gaps))); got != "" {
			t.Fatalf("a person's typing is taken for the scan %q", got)
		}
		perKey := rapid.IntRange(0, 20).Draw(t, "scanner's gap")
		frame := func(n int) int { return (n*perKey + 16) / 17 * 17 } // the window sees keys at its frames
		at := typed(b, text, 100_000, func(i int) int { return frame(i) - frame(i-1) })
		if got := b.End(ms(at)); got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}

func TestCalibrationMendsEveryLayout(t *testing.T) {
	// Broken in the shop: a scanner set for another country than the PC, and nobody knows how to set it.
	const us = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
	keyboards := map[string]string{ // as printed on the keys of these countries; · for those that write nothing alone
		"fr": "²&é\"'(-è_çà)=azertyuiop·$*qsdfghjklmùwxcvbn,;:!·1234567890°+AZERTYUIOP·£µQSDFGHJKLM%WXCVBN?./§",
		"de": "·1234567890ß·qwertzuiopü+#asdfghjklöäyxcvbnm,.-°!\"§$%&/()=?·QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_",
		"ru": "ё1234567890-=йцукенгшщзхъ\\фывапролджэячсмитьбю.Ё!\"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,",
	}
	for name, keys := range keyboards {
		press := func(text string) string { // what a US scanner writes on that keyboard
			var out []rune
			for _, r := range text {
				out = append(out, []rune(keys)[utf8.RuneCountInString(us[:strings.IndexRune(us, r)])])
			}
			return string(out)
		}
		layout, err := scanner.Learn(press(scanner.CalibrationText))
		if err != nil || layout.Name != name {
			t.Fatalf("%s: learned %q, %v", name, layout.Name, err)
		}
		if prefixed, err := scanner.Learn(press("]Q1" + scanner.CalibrationText)); err != nil || prefixed.Name != name {
			t.Errorf("%s: with the code's kind before it: learned %q, %v", name, prefixed.Name, err)
		}
		for _, code := range []string{"7K3M-Q9TX-4B2H-Q", "0123456789ABV", "https://deals.example/v/7K3MQ9"} {
			b := &scanner.Burst{}
			at := typed(b, press(code), 0, every(20))
			scan := b.End(ms(at))
			if got := layout.Apply(scan); got != code {
				t.Errorf("%s: %q arrived as %q and is mended to %q", name, code, scan, got)
			}
			with := &scanner.Burst{Learnt: scanner.Learnt{Layout: layout}}
			at = typed(with, press("]Q1"+code), 0, every(20))
			if got := with.End(ms(at)); got != code {
				t.Errorf("%s: %q with its kind before it is mended to %q", name, code, got)
			}
			if mended := scanner.Mend(scan); mended[name] != code && scan != code {
				t.Errorf("%s: without calibration %q is mended to %q", name, scan, mended)
			}
		}
	}
	if layout, err := scanner.Learn(scanner.CalibrationText); err != nil || layout.Apply("aZ-9") != "aZ-9" {
		t.Errorf("a scanner that needs nothing: %v %v", layout, err)
	}
	if _, err := scanner.Learn(strings.ToUpper(scanner.CalibrationText)); err == nil {
		t.Error("a scanner that makes all letters capital cannot be mended, and nobody is told")
	}
	if _, err := scanner.Learn("7K3MQ9TX4B2HQ"); err == nil {
		t.Error("another code is taken for the calibration")
	}
	unknown := strings.NewReplacer("A", "B", "B", "A").Replace(scanner.CalibrationText)
	if layout, err := scanner.Learn(unknown); err != nil || layout.Apply("BAC") != "ABC" {
		t.Errorf("a layout that no table has: %v %v", layout, err)
	}
	if got := scanner.Mend("７Ｋ３Ｍ")["ime"]; got != "7K3M" {
		t.Errorf("what an input method widened is mended to %q", got)
	}
}
