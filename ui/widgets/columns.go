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
		if i == 0 && !cell.Numbers && !cell.Small && !crowded() { // a deal's name; large writing has no room for two lines
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
		r.texts, objects[i] = append(r.texts, text), text
	}
	bar := BarRoom()
	r.body = Stack(Inset(r.face, 1, 1, bar, 1), Inset(&fyne.Container{Layout: columnar{cells}, Objects: objects}, 0, 0, bar, 0))
	r.ExtendBaseWidget(r)
	return r
}

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
		text.Refresh()
	}
	r.face.FillColor, r.face.StrokeColor, r.face.StrokeWidth = nil, nil, 0
	if chosen {
		r.face.FillColor, r.face.StrokeColor, r.face.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Ready.Fill()), 2
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
		place(o, x, 0, width, size.Height)
		x += width + gap
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

func (s stretched) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	all, height := float32(0), float32(0)
	for _, share := range s.shares {
		all += share
	}
	room := width - s.gap*float32(max(0, len(objects)-1))
	for i, o := range objects {
		height = max(height, heightFor(o, room*s.shares[i]/all))
	}
	return height
}

func (s stretched) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	all := float32(0)
	for _, share := range s.shares {
		all += share
	}
	room, x := size.Width-s.gap*float32(max(0, len(objects)-1)), float32(0)
	for i, o := range objects {
		width := room * s.shares[i] / all
		place(o, x, 0, width, size.Height)
		x += width + s.gap
	}
}
