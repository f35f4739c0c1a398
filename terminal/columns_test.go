package terminal_test

import (
	"testing"
	"unicode"

	"countersign/terminal"

	"golang.org/x/text/width"
)

func TestColumnsAgreeWithUnicode(t *testing.T) {
	// Broken in the shop: amounts on a Chinese slip would not stand in one column.
	for r := rune(0x20); r < 0x40000; r++ {
		if !unicode.IsGraphic(r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		want := 1
		if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			want = 2
		}
		if got := terminal.RuneColumns(r); got != want {
			t.Errorf("%U takes %d columns, want %d", r, got, want)
		}
	}
	if got := terminal.Columns("双人晚餐 x2…"); got != 12 {
		t.Errorf("columns of a mixed text: %d, want 12", got)
	}
}
