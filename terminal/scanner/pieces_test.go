package scanner_test

import (
	"strings"
	"testing"

	"countersign/terminal/scanner"
)

func TestPiecesOfACodeArePutTogether(t *testing.T) {
	// Broken in the shop: on a computer that has too much to do a voucher is turned away, because half of its code was read, or a letter too many.
	const code, foreign = "7K3MQ9TX4B2HQ", "ABCD-1234-5678-90"
	whole := func(text string) bool { return strings.ReplaceAll(text, "-", "") == code }
	at := func(gap map[int]int, other int) func(int) int {
		return func(i int) int {
			if own, ok := gap[i]; ok {
				return own
			}
			return other
		}
	}
	for name, c := range map[string]struct {
		text   string
		gap    func(i int) int
		typing bool
		want   string
	}{
		"the first symbol alone":                  {code, at(map[int]int{1: 200}, 5), false, code},
		"the first symbol alone, a field is open": {code, at(map[int]int{1: 200}, 5), true, code},
		"two pieces":     {code, at(map[int]int{2: 700}, 5), false, code},
		"every key late": {code, every(90), false, code},
		"every key so late that a person wrote it": {code, every(90), true, ""},
		"a stray key before it":                    {"x" + code, at(map[int]int{1: 60}, 5), false, "x" + code},
		"letters before it, in a field":            {"abc" + code, at(map[int]int{3: 40}, 6), true, code},
		"slower letters before it":                 {"abc" + code, at(map[int]int{1: 80, 2: 80, 3: 60}, 6), true, code},
		"letters long before it":                   {"abc" + code, at(map[int]int{3: 1500}, 6), true, code},
		"another platform's code":                  {foreign, at(map[int]int{4: 40}, 5), true, foreign},
	} {
		t.Run(name, func(t *testing.T) {
			b := &scanner.Burst{Whole: whole}
			b.Typing(c.typing)
			now := typed(b, c.text, 0, c.gap)
			if got := b.End(ms(now + 5)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	b := &scanner.Burst{Whole: whole}
	if now := typed(b, code[:7], 0, every(5)); b.Begun() != "" {
		t.Error("a scanner of which nobody knows whether it ends its codes with Enter is waited for")
	} else {
		typed(b, code[7:], now+5, every(5))
		b.End(ms(now + 100))
	}
	if typed(b, code[:7], 10_000, every(5)); b.Begun() != code[:7] {
		t.Errorf("begun is %q, and the scanner's Enter is still to come", b.Begun())
	}
	if typed(b, code[7:], 11_200, every(5)); b.Begun() != "" || b.End(ms(11_300)) != code {
		t.Error("what came late is not put to what came before")
	}
}
