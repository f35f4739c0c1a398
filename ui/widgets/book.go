package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"countersign/assets/handbook"
	"countersign/ui/theme"
)

// Book shows a page of the handbook, which can be scrolled.
type Book struct {
	blocks  []handbook.Block
	section int // to begin with: the n-th heading; 0 is the top
	scroll  *container.Scroll
	object  fyne.CanvasObject
	start   fyne.CanvasObject // where the section begins
	began   bool
}

// NewBook makes a page that begins at its n-th heading, 0 for its top.
func NewBook(blocks []handbook.Block, section int) *Book {
	b := &Book{blocks: blocks, section: section}
	b.build()
	return b
}

// Object is what is to be seen.
func (b *Book) Object() fyne.CanvasObject { return b.object }

// Scroll goes on by a share of what is seen; a negative one goes back.
func (b *Book) Scroll(share float32) {
	most := b.scroll.Content.MinSize().Height - b.scroll.Size().Height
	b.scroll.ScrollToOffset(fyne.NewPos(0, max(0, min(b.scroll.Offset.Y+b.scroll.Size().Height*share, most))))
}

func (b *Book) build() {
	gap := theme.Size(theme.Gap)
	var rows []fyne.CanvasObject
	headings := 0
	for _, block := range b.blocks {
		o := drawBlock(block)
		if block.Kind == handbook.Heading {
			headings++
			o = Inset(o, 0, gap*2, 0, 0)
			if headings == b.section {
				b.start = o
			}
		}
		rows = append(rows, o)
	}
	wide := &asWide{}
	column := Column(gap*1.4, rows...)
	b.scroll = container.NewVScroll(&fyne.Container{Layout: wide, Objects: []fyne.CanvasObject{Inset(column, 0, 0, BarRoom(), gap)}})
	b.object = &fyne.Container{Layout: &opened{b, wide}, Objects: []fyne.CanvasObject{b.scroll}}
}

// opened begins where the book is to be opened, once it has its place.
type opened struct {
	book *Book
	wide *asWide
}

func (*opened) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (o *opened) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	o.wide.width = size.Width
	place(objects[0], 0, 0, size.Width, size.Height)
	if b := o.book; !b.began && size.Height > 0 {
		b.began = true
		if b.start != nil {
			most := b.scroll.Content.MinSize().Height - size.Height
			b.scroll.ScrollToOffset(fyne.NewPos(0, max(0, min(b.start.Position().Y, most))))
		}
	}
}

func drawBlock(block handbook.Block) fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	switch block.Kind {
	case handbook.Title:
		return NewText(block.Text).In(theme.Title, theme.Text).Strong()
	case handbook.Heading:
		return NewText(block.Text).In(theme.Subtitle, theme.Text).Strong()
	case handbook.Point:
		dot := NewIcon(SignDot, theme.Gap, theme.Muted, theme.Surface)
		return Lead(dot, NewText(block.Text))
	case handbook.Example:
		inset := gap * 1.5
		return Stack(Rounded(theme.Background), Inset(NewText(block.Text).In(theme.Caption, theme.Text), inset, gap*0.5, inset, gap*0.5))
	case handbook.HeadRow, handbook.Row:
		var cells []fyne.CanvasObject
		for i, cell := range block.Cells {
			text := NewText(cell).In(theme.Body, theme.Text)
			text.Bold = i == 0
			if block.Kind == handbook.HeadRow {
				text.In(theme.Caption, theme.Muted).Strong()
			}
			cells = append(cells, text)
		}
		line := canvas.NewRectangle(theme.Color(theme.Line))
		return Column(gap, &fyne.Container{Layout: tabular{}, Objects: cells}, Fixed(line, 1, theme.Size(theme.Hairline)))
	case handbook.Paragraph:
	}
	return NewText(block.Text)
}

// tabular is a row of a table: its first column is narrower than the others.
type tabular struct{}

func (tabular) width(i, n int, width float32) float32 {
	gap := theme.Size(theme.Inset)
	first := width * 0.3
	switch {
	case n == 1:
		return width
	case i == 0:
		return first
	}
	return (width - first - gap*float32(n-1)) / float32(n-1)
}

func (t tabular) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for i, o := range objects {
		height = max(height, heightFor(o, t.width(i, len(objects), width)))
	}
	return height
}

func (tabular) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 10) }

func (t tabular) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, o := range objects {
		width := t.width(i, len(objects), size.Width)
		place(o, x, 0, width, heightFor(o, width))
		x += width + theme.Size(theme.Inset)
	}
}
