package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Cell is one column of a table's row.
type Cell struct {
	Share   float32 // of the row's width
	Numbers bool    // it stands at the right
	Strong  bool
	Small   bool
}

// ColumnRow is a row of a list with fixed columns: it is made once and filled again and again, as the list scrolls.
type ColumnRow struct {
	widget.BaseWidget
	cells []Cell
	texts []*Text
	face  *canvas.Rectangle
	body  *fyne.Container
}

// NewColumnRow makes a row.
func NewColumnRow(cells []Cell) *ColumnRow {
	r := &ColumnRow{cells: cells, face: canvas.NewRectangle(nil)}
	r.face.CornerRadius = theme.Size(theme.Radius)
	objects := make([]fyne.CanvasObject, len(cells))
	for i, cell := range cells {
		text := NewText("").Lines(1)
		if cell.Strong && !cell.Numbers && !cell.Small { // a deal's name
			text.Lines(2)
		}
		if !cell.Numbers || cell.Small { // an amount is never cut
			text.MayEnd()
		}
		if cell.Small {
			text.In(theme.Caption, theme.Muted)
		}
		if cell.Numbers {
			text.At(fyne.TextAlignTrailing)
		}
		text.Bold = cell.Strong
		if crowded() { // or a name would be drawn much smaller than the numbers behind it
			text.share = largeInRows
		}
		r.texts, objects[i] = append(r.texts, text), text
	}
	bar := BarRoom()
	r.body = Stack(Inset(r.face, 1, 1, bar, 1), Inset(&fyne.Container{Layout: columnar{cells}, Objects: objects}, 0, 0, bar, 0))
	r.ExtendBaseWidget(r)
	return r
}

// largeInRows is how large large writing is in a row of fixed columns, in shares of its size: as large as a name beside its numbers can be.
const largeInRows = 0.7

// Fill writes the row. tone colours its last column.
func (r *ColumnRow) Fill(words []string, chosen bool, tone theme.Tone) {
	for i, text := range r.texts {
		colour := theme.Text
		switch {
		case i == len(r.texts)-1 && tone != "":
			colour = tone.Ink()
		case r.cells[i].Small:
			colour = theme.Muted
		}
		text.Text, text.Colour = words[i], colour
		lined(text, text.Size().Width)
		text.Refresh()
	}
	r.face.FillColor, r.face.StrokeColor, r.face.StrokeWidth = nil, nil, 0
	if chosen {
		r.face.FillColor, r.face.StrokeColor, r.face.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Edge), theme.Size(theme.Frame)
	}
	r.face.Refresh()
}

// Words are what the row says now.
func (r *ColumnRow) Words() []string {
	words := make([]string, len(r.texts))
	for i, text := range r.texts {
		words[i] = text.Text
	}
	return words
}

// MinSize implements fyne.CanvasObject.
func (r *ColumnRow) MinSize() fyne.Size { return fyne.NewSize(200, theme.Size(theme.Touch)) }

// CreateRenderer implements fyne.Widget.
func (r *ColumnRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }

// columnar shares the width out.
type columnar struct{ cells []Cell }

func (columnar) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(200, theme.Size(theme.Touch))
}

func (c columnar) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	all := float32(0)
	for _, cell := range c.cells {
		all += cell.Share
	}
	gap, side := theme.Size(theme.Gap)*1.2, theme.Size(theme.Gap)*1.8
	room := size.Width - gap*float32(len(objects)-1) - side*2
	x := side
	for i, o := range objects {
		width := room * c.cells[i].Share / all
		lined(o.(*Text), width)
		place(o, x, 0, width, size.Height)
		x += width + gap
	}
}

// lined has large writing in a row on one line, and on two of its natural size only where one does not suffice for that.
func lined(text *Text, width float32) {
	if !crowded() || text.Points != theme.Body || text.Align == fyne.TextAlignTrailing {
		return
	}
	text.MostLines, text.share = 1, largeInRows
	text.scale = theme.Least(text.Points)
	one := text.whole(width)
	if text.natural(); !one {
		text.MostLines, text.share = 2, theme.Least(text.Points)
	}
}

// Stretch lays objects out from left to right, each as wide as its share of the row.
func Stretch(gap float32, shares []float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: stretched{gap, shares}, Objects: objects}
}

type stretched struct {
	gap    float32
	shares []float32
}

func (s stretched) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(s.gap*float32(max(0, len(objects)-1)), 0)
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

// widths are those of the objects in a row.
func (s stretched) widths(width float32) []float32 {
	all := float32(0)
	for _, share := range s.shares {
		all += share
	}
	room, widths := width-s.gap*float32(max(0, len(s.shares)-1)), make([]float32, len(s.shares))
	for i, share := range s.shares {
		widths[i] = room * share / all
	}
	return widths
}

func (s stretched) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height, widths := float32(0), s.widths(width)
	for i, o := range objects {
		height = max(height, heightFor(o, widths[i]))
	}
	return height
}

func (s stretched) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, width := range s.widths(size.Width) {
		place(objects[i], x, 0, width, size.Height)
		x += width + s.gap
	}
}

// NumberTiles are large numbers beside each other, each with its label, to be pressed. Large writing is as large in one as in the others, so that they
// stand on one base.
type NumberTiles struct {
	Gap            float32
	shares         []float32
	tiles          []fyne.CanvasObject
	labels, values []*Text
}

// Add adds one with its share of the width.
func (n *NumberTiles) Add(share float32, label, value string, ink fyne.ThemeColorName, chosen bool, press func()) {
	above, below := NewText(label).In(theme.Caption, theme.Muted).Lines(1), NewText(value).In(theme.Subtitle, ink).Strong().Lines(1)
	gap := theme.Size(theme.Gap)
	n.tiles = append(n.tiles, NewChoice(Inset(heldIn(0, above, below), n.side(), gap, gap, gap), chosen, press))
	n.shares, n.labels, n.values = append(n.shares, share), append(n.labels, above), append(n.values, below)
}

// side is the margin before the writing.
func (n *NumberTiles) side() float32 { return theme.Size(theme.Inset) * 0.8 }

// Row is the row of them.
func (n *NumberTiles) Row() *fyne.Container {
	return &fyne.Container{Layout: numbered{stretched{n.Gap, n.shares}, n}, Objects: n.tiles}
}

type numbered struct {
	stretched
	of *NumberTiles
}

func (n numbered) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	n.fit(width)
	return n.stretched.heightFor(objects, width)
}

func (n numbered) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	n.fit(size.Width)
	defer redraw(objects)
	n.stretched.Layout(objects, size)
}

// fit finds how large the labels can all be, and how large the values.
func (n numbered) fit(width float32) {
	widths := n.widths(width)
	for _, texts := range [][]*Text{n.of.labels, n.of.values} {
		var all []fyne.CanvasObject
		for _, text := range texts {
			all = append(all, text)
		}
		fitted(all, func() bool {
			for i, text := range texts {
				if text.MinSize().Width > widths[i]-n.of.side()-theme.Size(theme.Gap) {
					return false
				}
			}
			return true
		})
	}
}
