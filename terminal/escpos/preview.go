package escpos

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"countersign/terminal"

	qrcode "github.com/skip2/go-qrcode"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Colours of the picture: the desk, the paper and what a thermal head leaves on it.
var (
	deskColour   = color.RGBA{0xe9, 0xed, 0xf1, 0xff}
	paperColour  = color.RGBA{0xfd, 0xfc, 0xf9, 0xff}
	inkColour    = color.RGBA{0x1d, 0x1d, 0x20, 0xff}
	shadowColour = color.RGBA{0xd3, 0xd9, 0xe0, 0xff}
)

// Margins of the picture, in dots.
const (
	deskMargin  = 28
	paperMargin = 36
	topMargin   = 30
	tooth       = 8 // of the edge that the cutter or the tear bar leaves
)

// Preview draws what bytes put on paper: what the printer would show, from what the printer would get. The picture has one pixel
// a dot and a margin around the paper. Several slips in the bytes come out one below the other.
func (t *Typesetter) Preview(data []byte, profile Profile) (image.Image, error) {
	commands, err := Interpret(data)
	if err != nil {
		return nil, err
	}
	p := &paper{typesetter: t, profile: profile, cell: cellOf(profile)}
	p.reset()
	for _, command := range commands {
		if err := p.do(command); err != nil {
			return nil, err
		}
	}
	p.lineFeed(len(p.line) > 0)
	return p.picture(), nil
}

// glyph is one character in the printer's line buffer.
type glyph struct {
	r      rune
	style  style
	invert bool
	width  int
}

// paper is the printer as the bytes have set it, and what it has printed.
type paper struct {
	typesetter *Typesetter
	profile    Profile
	cell       cell

	page    *charmap.Charmap
	chinese bool
	align   terminal.Align
	style   style
	invert  bool

	line   []glyph
	width  int // of the line so far, in dots
	symbol []byte
	size   int // of a module of the QR code
	strips []strip
	y      int
	cuts   []int
}

// strip is one thing on the paper, at its place.
type strip struct {
	picture *image.RGBA
	x, y    int
}

func (p *paper) reset() {
	p.page = p.profile.pageNumbered(0)
	p.chinese = p.profile.WakesChinese
	p.align, p.style, p.invert, p.size = terminal.AlignLeft, style{scale: 1}, false, 3
}

func (p *paper) do(c Command) error {
	switch c.Name {
	case "text":
		return p.text(c.Data)
	case "LF":
		p.lineFeed(true)
	case "ESC @":
		p.reset()
	case "ESC t":
		if p.page = p.profile.pageNumbered(c.Data[0]); p.page == nil {
			return fmt.Errorf("%w: code page %d is not one of %s", ErrBytes, c.Data[0], p.profile.ID)
		}
	case "ESC a":
		p.align = terminal.Align(c.Data[0])
	case "ESC E":
		p.style.bold = c.Data[0] == 1
	case "GS !":
		p.style.scale = int(c.Data[0]&0x0f) + 1
	case "GS B":
		p.invert = c.Data[0] == 1
	case "FS &":
		p.chinese = true
	case "FS .":
		p.chinese = false
	case "ESC J":
		p.lineFeed(false)
		p.y += int(c.Data[0])
	case "ESC d":
		p.lineFeed(false)
		p.y += int(c.Data[0]) * lineSpacing
		p.cuts = append(p.cuts, p.y)
	case "GS V":
		p.lineFeed(false)
		p.y += lineSpacing
		p.cuts = append(p.cuts, p.y)
	case "GS v":
		p.raster(c.Data)
	case "GS (":
		return p.qr(c.Data)
	}
	return nil
}

// text puts characters into the line, which breaks by itself where it is full.
func (p *paper) text(data []byte) error {
	for len(data) > 0 {
		r := rune(data[0])
		used := 1
		switch {
		case data[0] < 0x80:
		case p.chinese:
			if len(data) < 2 {
				return fmt.Errorf("%w: half a Chinese character", ErrBytes)
			}
			decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data[:2])
			if err != nil {
				return fmt.Errorf("%w: %v", ErrBytes, err)
			}
			r, used = []rune(string(decoded))[0], 2
		case p.page != nil:
			r = p.page.DecodeByte(data[0])
		}
		data = data[used:]
		width := used * p.cell.width * p.style.scale
		if p.width+width > p.profile.Dots {
			p.lineFeed(true)
		}
		p.line = append(p.line, glyph{r, p.style, p.invert, width})
		p.width += width
	}
	return nil
}

// lineFeed prints the line buffer and moves on; without anything in it only where always.
func (p *paper) lineFeed(always bool) {
	if len(p.line) == 0 {
		if always {
			p.y += lineSpacing
		}
		return
	}
	scale := 1
	for _, g := range p.line {
		scale = max(scale, g.style.scale)
	}
	height := scale * p.cell.height
	picture := blankStrip(p.width, height)
	x := 0
	for _, g := range p.line {
		top := height - g.style.scale*p.cell.height
		ink := color.Color(inkColour)
		if g.invert {
			ink = paperColour
			draw.Draw(picture, image.Rect(x, top, x+g.width, height), image.NewUniform(inkColour), image.Point{}, draw.Src)
		}
		p.typesetter.draw(picture, x, top, g.r, g.style, p.cell, ink)
		x += g.width
	}
	p.place(picture)
	p.y += max(lineSpacing, height+lineSpacing-p.cell.height)
	p.line, p.width = nil, 0
}

func blankStrip(width, height int) *image.RGBA {
	return image.NewRGBA(image.Rect(0, 0, width, height))
}

// place puts a strip where the alignment has it.
func (p *paper) place(picture *image.RGBA) {
	free := p.profile.Dots - picture.Bounds().Dx()
	p.strips = append(p.strips, strip{picture, free * int(p.align) / 2, p.y})
}

// raster prints the dots of one GS v 0.
func (p *paper) raster(data []byte) {
	p.lineFeed(false)
	width, height := int(data[2])+int(data[3])<<8, int(data[4])+int(data[5])<<8
	dots := data[6:]
	picture := blankStrip(width*8, height)
	for y := range height {
		for x := range width * 8 {
			if dots[y*width+x/8]&(0x80>>(x%8)) != 0 {
				picture.SetRGBA(x, y, inkColour)
			}
		}
	}
	p.place(picture)
	p.y += height
}

// qr does the functions of GS ( k that Encode uses.
func (p *paper) qr(data []byte) error {
	data = data[3:] // k and the length
	switch string(data[:2]) {
	case "1C":
		p.size = int(data[2])
	case "1P":
		p.symbol = data[3:]
	case "1Q":
		code, err := qrcode.New(string(p.symbol), qrcode.Medium)
		if err != nil {
			return fmt.Errorf("%w: %v", ErrBytes, err)
		}
		code.DisableBorder = true
		modules := enlarge(code.Bitmap(), p.size)
		picture := blankStrip(modules.Bounds().Dx(), modules.Bounds().Dy())
		draw.DrawMask(picture, picture.Bounds(), image.NewUniform(inkColour), image.Point{}, negative(modules), image.Point{}, draw.Src)
		p.lineFeed(false)
		p.place(picture)
		p.y += picture.Bounds().Dy()
	}
	return nil
}

// negative makes a mask that lets ink through where the picture is black.
func negative(picture *image.Gray) *image.Alpha {
	mask := image.NewAlpha(picture.Bounds())
	for i, v := range picture.Pix {
		mask.Pix[i] = ^v
	}
	return mask
}

// picture lays the strips on paper, and the paper on a desk. Between two slips the paper is cut.
func (p *paper) picture() image.Image {
	end := p.y
	if len(p.cuts) == 0 || p.cuts[len(p.cuts)-1] < end {
		end += lineSpacing
		p.cuts = append(p.cuts, end)
	}
	gap := topMargin + tooth + deskMargin // what each further slip is moved down by
	width := p.profile.Dots + 2*(paperMargin+deskMargin)
	height := end + len(p.cuts)*gap + deskMargin
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Bounds(), image.NewUniform(deskColour), image.Point{}, draw.Src)
	from := 0
	for i, cut := range p.cuts {
		shift := deskMargin + topMargin + i*gap
		sheet := image.Rect(deskMargin, from+shift-topMargin, width-deskMargin, cut+shift)
		tear(out, sheet.Add(image.Pt(3, 4)), shadowColour)
		tear(out, sheet, paperColour)
		for _, s := range p.strips {
			if s.y >= from && s.y < cut {
				at := image.Pt(deskMargin+paperMargin+s.x, s.y+shift)
				draw.Draw(out, s.picture.Bounds().Add(at), s.picture, image.Point{}, draw.Over)
			}
		}
		from = cut
	}
	return out
}

// tear fills a sheet whose lower edge has the teeth of the cutter.
func tear(out *image.RGBA, sheet image.Rectangle, c color.RGBA) {
	draw.Draw(out, sheet, image.NewUniform(c), image.Point{}, draw.Src)
	for x := sheet.Min.X; x < sheet.Max.X; x++ {
		phase := (x - sheet.Min.X) % (2 * tooth)
		depth := min(phase, 2*tooth-phase)
		for y := sheet.Max.Y; y < sheet.Max.Y+depth; y++ {
			out.SetRGBA(x, y, c)
		}
	}
}
