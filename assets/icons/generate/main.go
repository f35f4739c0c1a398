// Command generate draws the program's icon from one list of shapes, as countersign.svg and countersign.png, into the folder it is
// started in, or into -out.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/image/vector"
)

// side is the icon's width and height, in units of the drawing and in pixels of the picture.
const side = 512

type point struct{ x, y float64 }

// step is one part of an outline: to a point, in a line or, with both handles set, in a cubic curve.
type step struct {
	curve      bool
	one, other point
	to         point
}

// shape is a filled outline; where outlines overlap, the later one lies on top.
type shape struct {
	fill  color.NRGBA
	from  point
	steps []step
}

func (s *shape) line(to point) { s.steps = append(s.steps, step{to: to}) }
func (s *shape) curve(a, b, to point) {
	s.steps = append(s.steps, step{curve: true, one: a, other: b, to: to})
}

// round is how far a curve's handles reach for a quarter of a circle of radius 1.
const round = 0.5523

// corner goes a quarter of a circle around the corner at, to a point: the handles lie towards the corner.
func (s *shape) corner(at, to point) {
	from := s.from
	if len(s.steps) > 0 {
		from = s.steps[len(s.steps)-1].to
	}
	toward := func(p point) point { return point{p.x + (at.x-p.x)*round, p.y + (at.y-p.y)*round} }
	s.curve(toward(from), toward(to), to)
}

func rounded(left, top, right, bottom, radius float64, fill color.NRGBA) shape {
	s := shape{fill: fill, from: point{left + radius, top}}
	s.line(point{right - radius, top})
	s.corner(point{right, top}, point{right, top + radius})
	s.line(point{right, bottom - radius})
	s.corner(point{right, bottom}, point{right - radius, bottom})
	s.line(point{left + radius, bottom})
	s.corner(point{left, bottom}, point{left, bottom - radius})
	s.line(point{left, top + radius})
	s.corner(point{left, top}, point{left + radius, top})
	return s
}

func disc(centre point, radius float64, fill color.NRGBA) shape {
	return rounded(centre.x-radius, centre.y-radius, centre.x+radius, centre.y+radius, radius, fill)
}

// stroke is a thick line with round ends.
func stroke(from, to point, width float64, fill color.NRGBA) []shape {
	length := math.Hypot(to.x-from.x, to.y-from.y)
	across := point{-(to.y - from.y) / length * width / 2, (to.x - from.x) / length * width / 2}
	s := shape{fill: fill, from: point{from.x + across.x, from.y + across.y}}
	s.line(point{to.x + across.x, to.y + across.y})
	s.line(point{to.x - across.x, to.y - across.y})
	s.line(point{from.x - across.x, from.y - across.y})
	return []shape{disc(from, width/2, fill), s, disc(to, width/2, fill)}
}

var (
	blue  = color.NRGBA{0x0F, 0x6F, 0xDE, 0xFF}
	white = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
	pale  = color.NRGBA{0xC9, 0xDF, 0xF8, 0xFF}
	green = color.NRGBA{0x1B, 0x7F, 0x3B, 0xFF}
)

// icon is a voucher on a blue ground, with a stub to tear off, and the countersign: a tick in green.
func icon() []shape {
	const left, right, top, bottom, fold = 72, 440, 148, 364, 178
	shapes := []shape{
		rounded(0, 0, side, side, 112, blue),
		rounded(left, top, right, bottom, 30, white),
		disc(point{fold, top}, 24, blue),
		disc(point{fold, bottom}, 24, blue),
	}
	for y := 198.0; y <= 314; y += 29 {
		shapes = append(shapes, disc(point{fold, y}, 7, pale))
	}
	knee := point{290, 310}
	shapes = append(shapes, stroke(point{240, 260}, knee, 40, green)...)
	return append(shapes, stroke(knee, point{378, 206}, 40, green)...)
}

func drawSVG(shapes []shape) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n  <title>Countersign</title>\n", side, side)
	at := func(p point) string { return fmt.Sprintf("%.1f %.1f", p.x, p.y) }
	for _, s := range shapes {
		fmt.Fprintf(&out, "  <path fill=\"#%02X%02X%02X\" d=\"M%s", s.fill.R, s.fill.G, s.fill.B, at(s.from))
		for _, step := range s.steps {
			if step.curve {
				fmt.Fprintf(&out, " C%s %s %s", at(step.one), at(step.other), at(step.to))
			} else {
				fmt.Fprintf(&out, " L%s", at(step.to))
			}
		}
		out.WriteString(" Z\"/>\n")
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func drawPNG(shapes []shape) ([]byte, error) {
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for _, s := range shapes {
		outline := vector.NewRasterizer(side, side)
		outline.MoveTo(float32(s.from.x), float32(s.from.y))
		for _, step := range s.steps {
			if step.curve {
				outline.CubeTo(float32(step.one.x), float32(step.one.y), float32(step.other.x), float32(step.other.y),
					float32(step.to.x), float32(step.to.y))
			} else {
				outline.LineTo(float32(step.to.x), float32(step.to.y))
			}
		}
		outline.ClosePath()
		outline.DrawOp = draw.Over
		outline.Draw(picture, picture.Bounds(), image.NewUniform(s.fill), image.Point{})
	}
	var out bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, picture)
	return out.Bytes(), err
}

func main() {
	folder := flag.String("out", ".", "the folder to write to")
	flag.Parse()
	picture, err := drawPNG(icon())
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range map[string][]byte{"countersign.svg": drawSVG(icon()), "countersign.png": picture} {
		if err := os.WriteFile(filepath.Join(*folder, name), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
