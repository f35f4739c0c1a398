package escpos

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"sync"

	"countersign/terminal"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Typesetter encodes slips and draws what was encoded. It may be used by several goroutines at once.
type Typesetter struct {
	mu    sync.Mutex
	fonts map[bool][]*sfnt.Font // by bold: the fonts to look in, in order
	faces map[faceKey]font.Face
	index sfnt.Buffer
	qrs   prepared
}

type faceKey struct {
	font *sfnt.Font
	size int
}

// style is how a character is drawn.
type style struct {
	bold  bool
	scale int // 1, or 2 for twice as wide and high
}

// cell is the room of one column of font A, in dots.
type cell struct{ width, height int }

// lineSpacing is what a printer moves on with a line feed by default, in dots: 1/6 inch at 180 dpi.
const lineSpacing = 30

func cellOf(p Profile) cell { return cell{width: p.Dots / p.Columns, height: 24} }

// NewTypesetter takes the program's embedded fonts, each a single-face TrueType or OpenType file that holds Chinese. Narrow
// characters are drawn in Go Mono, which keeps to columns as printers' own fonts do, wide ones in these.
func NewTypesetter(regular, bold []byte) (*Typesetter, error) {
	t := &Typesetter{fonts: map[bool][]*sfnt.Font{}, faces: map[faceKey]font.Face{}}
	for _, file := range []struct {
		bold bool
		data []byte
	}{{false, gomono.TTF}, {true, gomonobold.TTF}, {false, regular}, {true, bold}} {
		parsed, err := opentype.Parse(file.data)
		if err != nil {
			return nil, fmt.Errorf("a font of the program cannot be read: %w", err)
		}
		t.fonts[file.bold] = append(t.fonts[file.bold], parsed)
	}
	return t, nil
}

// draw puts one character into the cells that begin at (x, y).
func (t *Typesetter) draw(into draw.Image, x, y int, r rune, style style, cell cell, ink color.Color) {
	if r == ' ' {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	wide := terminal.RuneColumns(r) == 2
	face, known := t.face(r, style, wide, cell)
	if !known {
		r = '?'
		if wide {
			r = '□'
		}
		face, _ = t.face(r, style, false, cell)
	}
	room := cell.width * style.scale
	if wide {
		room *= 2
	}
	bounds, advance, ok := face.GlyphBounds(r)
	if !ok {
		return
	}
	left := fixed.I(x) + (fixed.I(room)-advance)/2
	if ink := bounds.Max.X - bounds.Min.X; ink > fixed.I(room) { // wider than its cells: it may touch, not hide, its neighbours
		left = fixed.I(x) - bounds.Min.X + (fixed.I(room)-ink)/2
	}
	baseline := fixed.I(y) + fixed.I(cell.height*style.scale*19/24)
	if wide { // Chinese fills its square: its baseline lies lower
		baseline = fixed.I(y) + fixed.I(cell.height*style.scale*41/48)
	}
	drawer := font.Drawer{Dst: into, Src: image.NewUniform(ink), Face: face, Dot: fixed.Point26_6{X: left, Y: baseline}}
	drawer.DrawString(string(r))
}

// face is the first of the fonts that has a character, in the size that fills its cells; false where none has it.
func (t *Typesetter) face(r rune, style style, wide bool, cell cell) (font.Face, bool) {
	fonts := t.fonts[style.bold]
	chosen, known := fonts[0], false
	for _, f := range fonts {
		if index, err := f.GlyphIndex(&t.index, r); err == nil && index != 0 {
			chosen, known = f, true
			break
		}
	}
	// Go Mono is 0.6 em wide, a Chinese character 1 em: both come to 20 to 24 dots for a column of 12.
	size := cell.width * 10 / 6
	if wide {
		size = cell.width*2 - 1
	}
	key := faceKey{chosen, size * style.scale}
	if face, ok := t.faces[key]; ok {
		return face, known
	}
	face, err := opentype.NewFace(chosen, &opentype.FaceOptions{Size: float64(key.size), DPI: 72, Hinting: font.HintingNone})
	if err != nil { // only for a size that is not positive
		panic(err)
	}
	t.faces[key] = face
	return face, known
}
