package escpos

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"countersign/terminal"

	"golang.org/x/image/draw"
)

// The most that goes into one raster command. More than 128 rows overrun the memory of small printers. More than a kilobyte takes a slow
// line longer than somebody takes to switch a printer off and on, and in the middle of a command it cannot be asked whether he did.
const (
	sliceRows  = 128
	sliceBytes = 1024
)

// quiet is the white border that a QR code needs, in modules.
const quiet = 4

// ErrQR says that a text cannot become the QR code of a slip.
var ErrQR = errors.New("the QR code of a slip holds 1 to 300 characters of printable ASCII")

// checkQR keeps the code to what every printer's own QR encoder takes.
func checkQR(text string) error {
	if text == "" || len(text) > 300 {
		return ErrQR
	}
	for _, b := range []byte(text) {
		if b < 0x20 || b > 0x7e {
			return ErrQR
		}
	}
	return nil
}

// qr prints a QR code at level M, about 20 mm wide where the paper has that much.
func (w *writer) qr(text string) error {
	side, err := sideOf(text)
	if err != nil {
		return err
	}
	size := max(min(8, w.profile.DPI*3/4/side, w.profile.Dots/(side+2*quiet)), 2)
	w.feed(quiet * size)
	if w.profile.QR == "native" {
		w.nativeQR(text, byte(size))
	} else {
		modules, err := w.typesetter.modules(text)
		if err != nil {
			return err
		}
		w.raster(enlarge(modules, size))
	}
	w.feed(quiet * size)
	return nil
}

// nativeQR has the printer draw the code: GS ( k, functions 165, 167, 169, 180 and 181.
func (w *writer) nativeQR(text string, size byte) {
	length := len(text) + 3
	w.put(gs, '(', 'k', 4, 0, '1', 'A', '2', 0) // model 2
	w.put(gs, '(', 'k', 3, 0, '1', 'C', size)
	w.put(gs, '(', 'k', 3, 0, '1', 'E', '1') // level M
	w.put(gs, '(', 'k', byte(length), byte(length>>8), '1', 'P', '0')
	w.put([]byte(text)...)
	w.put(gs, '(', 'k', 3, 0, '1', 'Q', '0')
}

// enlarge draws the modules of a QR code, each as a square of so many dots.
func enlarge(modules [][]bool, size int) *image.Gray {
	side := len(modules) * size
	picture := white(side, side)
	for y := range side {
		for x := range side {
			if modules[y/size][x/size] {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	return picture
}

func white(width, height int) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	return picture
}

// raster sends a picture as GS v 0 commands, one below the other. Dots darker than half are black.
func (w *writer) raster(picture *image.Gray) {
	bounds := picture.Bounds()
	width := (bounds.Dx() + 7) / 8
	slice := min(sliceRows, sliceBytes/max(width, 1))
	for top := bounds.Min.Y; top < bounds.Max.Y; top += slice {
		rows := min(slice, bounds.Max.Y-top)
		w.put(gs, 'v', '0', 0, byte(width), byte(width>>8), byte(rows), byte(rows>>8))
		for y := top; y < top+rows; y++ {
			for column := range width {
				var dots byte
				for bit := range 8 {
					x := bounds.Min.X + column*8 + bit
					if x < bounds.Max.X && picture.GrayAt(x, y).Y < 0x80 {
						dots |= 0x80 >> bit
					}
				}
				w.put(dots)
			}
		}
	}
}

// picture draws a row that the printer's own font cannot say. It goes out as wide as it is, so that the printer aligns it.
func (w *writer) picture(row terminal.SlipRow, line []rune) {
	cell := cellOf(w.profile)
	columns := 0
	for _, r := range line {
		columns += terminal.RuneColumns(r)
	}
	scale := 1
	if row.Double {
		scale = 2
	}
	style := style{bold: row.Bold, scale: scale}
	picture := white(min(columns*scale*cell.width, w.profile.Dots), cell.height*scale)
	x := 0
	for _, r := range line {
		w.typesetter.draw(picture, x, 0, r, style, cell, color.Gray{})
		x += terminal.RuneColumns(r) * scale * cell.width
	}
	if row.Invert {
		for i := range picture.Pix {
			picture.Pix[i] = ^picture.Pix[i]
		}
	}
	w.raster(picture)
	w.feed(lineSpacing - cell.height)
}

// image prints a logo: a PNG, made smaller where it is wider than the paper, its greys as a pattern of dots.
func (w *writer) image(data []byte) error {
	source, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("the picture is no PNG: %w", err)
	}
	size := source.Bounds().Size()
	width := min(size.X, w.profile.Dots)
	height := min(size.Y*width/max(size.X, 1), 4*w.profile.Dots)
	if width == 0 || height == 0 {
		return nil
	}
	picture := white(width, height)
	draw.CatmullRom.Scale(picture, picture.Bounds(), source, source.Bounds(), draw.Over, nil)
	dots := image.NewPaletted(picture.Bounds(), color.Palette{color.Black, color.White})
	draw.FloydSteinberg.Draw(dots, dots.Bounds(), picture, image.Point{})
	draw.Draw(picture, picture.Bounds(), dots, image.Point{}, draw.Src)
	w.raster(picture)
	w.feed(lineSpacing / 2)
	return nil
}
