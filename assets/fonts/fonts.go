// Package fonts holds the typeface of the screen and of a slip's picture: Noto Sans SC, cut down to the characters that README.md names. Both
// weights are OpenType fonts with one face each, 1000 units to the em, under the SIL Open Font License (OFL.txt).
package fonts

import (
	_ "embed"
	"slices"
	"sync"

	"golang.org/x/image/font/sfnt"
)

//go:embed NotoSansSC-Regular.otf
var regular []byte

//go:embed NotoSansSC-Bold.otf
var bold []byte

// Regular returns the bytes of the regular weight. They must not be changed.
func Regular() []byte { return regular }

// Bold returns the bytes of the bold weight. They must not be changed.
func Bold() []byte { return bold }

var parsed = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(regular) })

// Lacks returns the characters of a text that the typeface does not have, each once, in their order: neither a screen nor a slip's
// picture can show them.
func Lacks(text string) ([]rune, error) {
	font, err := parsed()
	if err != nil {
		return nil, err
	}
	var buffer sfnt.Buffer
	var lacking []rune
	for _, r := range text {
		glyph, err := font.GlyphIndex(&buffer, r)
		if err != nil {
			return nil, err
		}
		if glyph == 0 && !slices.Contains(lacking, r) {
			lacking = append(lacking, r)
		}
	}
	return lacking, nil
}
