package fonts

import (
	"bytes"
	"image"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

var weights = map[string]func() []byte{"regular": Regular, "bold": Bold}

// A collection instead of a single face stops the window at its start, and a font of full size makes each update of forty PCs slower.
func TestEachWeightIsOneSmallFace(t *testing.T) {
	for name, data := range weights {
		if size := len(data()); size > 5<<20 {
			t.Errorf("%s is %d bytes long", name, size)
		}
		if !bytes.HasPrefix(data(), []byte("OTTO")) {
			t.Errorf("%s does not begin like an OpenType font with one face: %q", name, data()[:4])
		}
		parsed, err := sfnt.Parse(data())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if glyphs := parsed.NumGlyphs(); glyphs < 11997 {
			t.Errorf("%s has only %d glyphs", name, glyphs)
		}
	}
}

// A character that the font lacks is a box on the cashier's screen, in the middle of a customer's name.
func TestCustomersNamesAndShopWordsCanBeWritten(t *testing.T) {
	// Names and words from outside GB 2312 among them: 喆 堃 燊 玥 昇, and traditional ones.
	text := "双人晚餐已核销镕喆堃燊玥昇淼犇骉垚劉陳龍鳳雙" +
		"ÄÖÜäöüß¿¡ñáéíóúç€£¥￥©®°±×÷·–—‘’“”„«»…‰′″→←↑↓✓●○◆■□─│┌┐└┘├┤ĀáǎàЖяΩπ①②③（），。：；、！？《》「」【】"
	for name, data := range weights {
		checkHas(t, name, data(), text)
	}
}

// Each sentence of each language is drawn with these fonts: the translations must not use what is not in them.
func TestEverySentenceCanBeWritten(t *testing.T) {
	root := os.DirFS("../translations")
	names, err := fs.Glob(root, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no translations were found: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		for weight, data := range weights {
			checkHas(t, name+" in "+weight, data(), string(text))
		}
	}
}

func checkHas(t *testing.T, name string, data []byte, text string) {
	t.Helper()
	parsed, err := sfnt.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var buffer sfnt.Buffer
	missing := map[rune]bool{}
	for _, r := range text {
		glyph, err := parsed.GlyphIndex(&buffer, r)
		if err != nil {
			t.Fatal(err)
		}
		if glyph == 0 && r >= ' ' && !missing[r] {
			missing[r] = true
			t.Errorf("%s: the font lacks %q (%U)", name, r, r)
		}
	}
}

// The slip's picture is drawn with these: a glyph must leave ink, the bold one more than the regular one.
func TestBoldIsBolder(t *testing.T) {
	ink := map[string]int{}
	for name, data := range weights {
		parsed, err := opentype.Parse(data())
		if err != nil {
			t.Fatal(err)
		}
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 48, DPI: 72})
		if err != nil {
			t.Fatal(err)
		}
		picture := image.NewAlpha(image.Rect(0, 0, 240, 60))
		drawer := font.Drawer{Dst: picture, Src: image.Opaque, Face: face, Dot: fixed.P(2, 48)}
		drawer.DrawString("核销 Ag")
		for _, value := range picture.Pix {
			ink[name] += int(value)
		}
	}
	if ink["regular"] == 0 || ink["bold"] <= ink["regular"]*11/10 {
		t.Errorf("ink of regular %d, of bold %d", ink["regular"], ink["bold"])
	}
}
