package dayreport

import (
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// trueType makes a TrueType font of some characters of an OpenType font with PostScript outlines. The embedded typeface is one of those,
// and the library that writes documents embeds TrueType alone; without it there would be no Chinese in them. The tables are those of the
// OpenType specification 1.9, without hinting; each cubic curve becomes three quadratic ones, which no eye tells apart on paper.
func trueType(source []byte, characters []rune) ([]byte, error) {
	font, err := sfnt.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("the embedded font cannot be read: %w", err)
	}
	characters = slices.Clone(characters)
	slices.Sort(characters)
	characters = slices.DeleteFunc(slices.Compact(characters), func(r rune) bool { return r < ' ' || r >= 0xFFFF })
	made := face{font: font, em: int(font.UnitsPerEm())}
	if err := made.add(0); err != nil {
		return nil, err
	}
	var mapped []rune
	for _, r := range characters {
		index, err := font.GlyphIndex(&made.buffer, r)
		if err != nil {
			return nil, err
		}
		if index == 0 {
			continue
		}
		if err := made.add(index); err != nil {
			return nil, err
		}
		mapped = append(mapped, r)
	}
	return made.file(mapped), nil
}

// point is a point of an outline, on the curve or off it.
type point struct {
	x, y int
	on   bool
}

// face is a font on the way.
type face struct {
	font   *sfnt.Font
	buffer sfnt.Buffer
	em     int

	glyf, loca, hmtx       []byte
	glyphs                 int
	points, contours       int // the most of one glyph
	advance                int // the widest
	left, low, right, high int
}

func u16(values ...int) []byte {
	var out []byte
	for _, v := range values {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	return out
}

func u32(values ...int) []byte {
	var out []byte
	for _, v := range values {
		out = binary.BigEndian.AppendUint32(out, uint32(v))
	}
	return out
}

// add appends a glyph.
func (f *face) add(index sfnt.GlyphIndex) error {
	size := fixed.I(f.em)
	segments, err := f.font.LoadGlyph(&f.buffer, index, size, nil)
	if err != nil {
		return err
	}
	outline := contoursOf(segments)
	advance, err := f.font.GlyphAdvance(&f.buffer, index, size, 0)
	if err != nil {
		return err
	}
	f.loca = append(f.loca, u32(len(f.glyf))...)
	left := f.outline(outline)
	f.hmtx = append(f.hmtx, u16(advance.Round(), left)...)
	f.advance = max(f.advance, advance.Round())
	f.glyphs++
	return nil
}

// contoursOf turns segments into closed contours of quadratic curves, the y axis upwards.
func contoursOf(segments sfnt.Segments) [][]point {
	var all [][]point
	at := func(p fixed.Point26_6) (x, y float64) { return float64(p.X) / 64, -float64(p.Y) / 64 }
	var px, py float64
	put := func(x, y float64, on bool) {
		last := len(all) - 1
		all[last] = append(all[last], point{int(x+10000.5) - 10000, int(y+10000.5) - 10000, on})
	}
	for _, s := range segments {
		x, y := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			all = append(all, nil)
			put(x, y, true)
			px, py = x, y
		case sfnt.SegmentOpLineTo:
			put(x, y, true)
			px, py = x, y
		case sfnt.SegmentOpQuadTo:
			ex, ey := at(s.Args[1])
			put(x, y, false)
			put(ex, ey, true)
			px, py = ex, ey
		case sfnt.SegmentOpCubeTo:
			bx, by := at(s.Args[1])
			ex, ey := at(s.Args[2])
			quadratic([4]float64{px, x, bx, ex}, [4]float64{py, y, by, ey}, put)
			px, py = ex, ey
		}
	}
	for i, contour := range all {
		if n := len(contour); n > 1 && contour[0] == contour[n-1] {
			all[i] = contour[:n-1]
		}
	}
	return slices.DeleteFunc(all, func(contour []point) bool { return len(contour) < 3 })
}

// quadratic cuts a cubic curve into three and puts a quadratic one in place of each.
func quadratic(xs, ys [4]float64, put func(x, y float64, on bool)) {
	const parts = 3
	value := func(c [4]float64, t float64) (at, slope float64) {
		u := 1 - t
		return u*u*u*c[0] + 3*u*u*t*c[1] + 3*u*t*t*c[2] + t*t*t*c[3],
			3 * (u*u*(c[1]-c[0]) + 2*u*t*(c[2]-c[1]) + t*t*(c[3]-c[2]))
	}
	control := func(c [4]float64, from, to float64) float64 {
		a, slopeA := value(c, from)
		b, slopeB := value(c, to)
		step := (to - from) / 3
		return (3*(a+slopeA*step+b-slopeB*step) - a - b) / 4
	}
	for i := range parts {
		from, to := float64(i)/parts, float64(i+1)/parts
		x, _ := value(xs, to)
		y, _ := value(ys, to)
		put(control(xs, from, to), control(ys, from, to), false)
		put(x, y, true)
	}
}

// outline appends a glyph's outline to glyf and returns its left edge. A glyph without one, a space, takes no bytes.
func (f *face) outline(contours [][]point) (left int) {
	if len(contours) == 0 {
		return 0
	}
	first := contours[0][0]
	x0, y0, x1, y1 := first.x, first.y, first.x, first.y
	var ends, flags, xs, ys []byte
	count, lastX, lastY := 0, 0, 0
	for _, contour := range contours {
		for _, p := range contour {
			x0, y0, x1, y1 = min(x0, p.x), min(y0, p.y), max(x1, p.x), max(y1, p.y)
			flag := byte(0)
			if p.on {
				flag = 1
			}
			flags, xs, ys = append(flags, flag), append(xs, u16(p.x-lastX)...), append(ys, u16(p.y-lastY)...)
			lastX, lastY = p.x, p.y
		}
		count += len(contour)
		ends = append(ends, u16(count-1)...)
	}
	f.glyf = append(f.glyf, u16(len(contours), x0, y0, x1, y1)...)
	for _, part := range [][]byte{ends, u16(0), flags, xs, ys} {
		f.glyf = append(f.glyf, part...)
	}
	f.glyf = append(f.glyf, make([]byte, -len(f.glyf)&3)...)
	f.points, f.contours = max(f.points, count), max(f.contours, len(contours))
	f.left, f.low, f.right, f.high = min(f.left, x0), min(f.low, y0), max(f.right, x1), max(f.high, y1)
	return x0
}

// file puts the tables together; the glyph of mapped[i] is i+1.
func (f *face) file(mapped []rune) []byte {
	head := slices.Concat(u32(0x00010000, 0x00010000, 0, 0x5F0F3CF5), u16(0, f.em), make([]byte, 16), u16(f.left, f.low, f.right, f.high, 0, 8, 2, 1, 0))
	hhea := slices.Concat(u32(0x00010000), u16(f.em*88/100, -f.em*12/100, 0, f.advance, 0, 0, f.right, 1, 0, 0, 0, 0, 0, 0, 0, f.glyphs))
	maxp := slices.Concat(u32(0x00010000), u16(f.glyphs, f.points, f.contours, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0))
	tables := []struct {
		tag  string
		data []byte
	}{
		{"cmap", characterMap(mapped)}, {"glyf", f.glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", f.hmtx}, {"loca", append(f.loca, u32(len(f.glyf))...)},
		{"maxp", maxp}, {"name", u16(0, 0, 6)}, {"post", slices.Concat(u32(0x00030000, 0), u16(-100, 50), u32(0, 0, 0, 0, 0))},
	}
	out := slices.Concat(u32(0x00010000), u16(len(tables), 128, 3, len(tables)*16-128))
	at := 12 + 16*len(tables)
	var body []byte
	for _, table := range tables {
		out = slices.Concat(out, []byte(table.tag), u32(checksum(table.data), at+len(body), len(table.data)))
		body = append(body, table.data...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(out, body...)
}

// characterMap is a cmap of format 4 with a segment for each character.
func characterMap(mapped []rune) []byte {
	var ends, starts, deltas, offsets []byte
	for i, r := range mapped {
		ends, starts = append(ends, u16(int(r))...), append(starts, u16(int(r))...)
		deltas, offsets = append(deltas, u16(i+1-int(r))...), append(offsets, u16(0)...)
	}
	segments := len(mapped) + 1
	search, power := 2, 0
	for search*2 <= segments*2 {
		search, power = search*2, power+1
	}
	body := slices.Concat(u16(segments*2, search, power, segments*2-search), ends, u16(0xFFFF, 0), starts, u16(0xFFFF), deltas, u16(1), offsets, u16(0))
	return slices.Concat(u16(0, 1, 3, 1), u32(12), u16(4, len(body)+6, 0), body)
}

func checksum(data []byte) int {
	sum := uint32(0)
	for i := 0; i < len(data); i += 4 {
		var word [4]byte
		copy(word[:], data[i:])
		sum += binary.BigEndian.Uint32(word[:])
	}
	return int(sum)
}
