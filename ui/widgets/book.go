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
	room    fyne.Size // for the page, of which it takes no more height than its whole lines need
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
	b.turn(b.scroll.Offset.Y+b.room.Height*share, share > 0)
}

// turn has the page begin with the line at an offset, or the one before it, and end with a whole line: half a line looks broken. On is the way that it
// was turned: it never stays where it was while there is more. The last page may be lower than the others.
func (b *Book) turn(offset float32, on bool) {
	lines := linesIn(nil, b.scroll.Content, -b.scroll.Content.Position().Y, b.room.Height*mostRow) // which is moved by as much as it is scrolled
	const slack = 0.5
	high := b.scroll.Content.MinSize().Height
	most := max(0, high-b.room.Height)
	if offset = max(0, min(offset, most)); offset > 0 {
		before, after := float32(0), high
		for _, line := range lines {
			if line.top <= offset+slack {
				before = max(before, line.top)
			} else {
				after = min(after, line.top)
			}
		}
		if end := offset >= most-slack && before < most-slack; after < high && (end || (on && before <= b.scroll.Offset.Y+slack)) {
			before = after
		}
		offset = before
	}
	foot := endOf(lines, offset, min(offset+b.room.Height, high))
	if foot-offset < b.room.Height*fullest && foot < high { // a table's row that leaves so much empty is cut after all, between its lines
		foot = endOf(linesIn(nil, b.scroll.Content, -b.scroll.Content.Position().Y, 0), offset, min(offset+b.room.Height, high))
	}
	place(b.scroll, 0, 0, b.room.Width, foot-offset)
	b.scroll.ScrollToOffset(fyne.NewPos(0, offset))
}

// endOf is where a page ends that begins at an offset and has room down to foot: above what does not fit whole.
func endOf(lines []reach, offset, foot float32) float32 {
	const slack = 0.5
	for _, line := range lines {
		if line.top < foot-slack && line.bottom > foot+slack && line.top > offset+slack {
			foot = line.top
		}
	}
	return foot
}

// fullest is how much of a page is used at least for the sake of whole rows.
const fullest = 0.82

// mostRow is how much of a page a table's row may take to be kept in one piece.
const mostRow = 0.6

// linesIn collects where the lines of writing in an object begin and end, which itself begins at a height. A table's row up to a height is as one line: a
// half of it would read as if it were all.
func linesIn(lines []reach, o fyne.CanvasObject, at, mostHigh float32) []reach {
	at += o.Position().Y
	switch o := o.(type) {
	case *fyne.Container:
		if _, ok := o.Layout.(tabular); ok && o.Size().Height <= mostHigh {
			return append(lines, reach{at, at + o.Size().Height})
		}
		for _, inner := range o.Objects {
			lines = linesIn(lines, inner, at, mostHigh)
		}
	case *Text:
		o.fit(o.Size().Width, o.Size().Height)
		high := o.lineHeight()
		count := len(o.wrapped(o.Size().Width))
		o.natural()
		at += max(0, (o.Size().Height-high*float32(count))/2)
		for i := range count {
			lines = append(lines, reach{at + high*float32(i), at + high*float32(i+1)})
		}
	}
	return lines
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
	b.scroll = newScroll(wide, Inset(column, 0, 0, BarRoom(), gap))
	handOver(b.scroll).Rests(func() { b.turn(b.scroll.Offset.Y, false) })
	b.object = &fyne.Container{Layout: &opened{b, wide}, Objects: []fyne.CanvasObject{b.scroll}}
}

// opened begins where the book is to be opened, once it has its place.
type opened struct {
	book *Book
	wide *asWide
}

func (*opened) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (o *opened) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	b := o.book
	if o.wide.width = size.Width; b.room == size || size.Height <= 0 {
		return
	}
	b.room = size
	place(objects[0], 0, 0, size.Width, size.Height)
	offset := b.scroll.Offset.Y
	if !b.began && b.start != nil {
		offset = b.start.Position().Y
	}
	b.began = true
	b.turn(offset, false)
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

// Chapters are choices below each other, of one line each, in large writing of two, all of them written as large as the longest can be. Large writing
// leaves no room for all of them on a low screen: then they can be scrolled.
func Chapters(titles []string, chosen int, turn func(i int)) *fyne.Container {
	inset := theme.Size(theme.Inset)
	var choices, lines []fyne.CanvasObject
	for i, title := range titles {
		line := NewText(title).In(theme.Body, theme.Text).Lines(1)
		if line.Bold = i == chosen; crowded() {
			line.Lines(2)
		}
		lines = append(lines, line)
		choices = append(choices, NewChoice(Inset(line, inset, 0, inset, 0), i == chosen, func() { turn(i) }))
	}
	all := &fyne.Container{Layout: oneSize{heldColumn{column{theme.Size(theme.Gap)}}, lines, inset * 2}, Objects: choices}
	if !crowded() {
		return all
	}
	return scrolledTo(all, choices[chosen])
}

// oneSize is a column of lines that are all drawn in one size.
type oneSize struct {
	heldColumn
	lines  []fyne.CanvasObject
	margin float32
}

func (a oneSize) fit(width float32) {
	fitted(a.lines, func() bool {
		for _, line := range a.lines {
			if !line.(*Text).whole(width - a.margin) {
				return false
			}
		}
		return true
	})
}

func (a oneSize) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	a.fit(width)
	return a.heldColumn.heightFor(objects, width)
}

func (a oneSize) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	a.fit(size.Width)
	defer redraw(a.lines)
	a.heldColumn.Layout(objects, size)
}
