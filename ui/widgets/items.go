package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"countersign/ui/theme"
)

// Box is a box to tick before an Item.
type Box int

// The boxes.
const (
	NoBox Box = iota
	Empty
	Ticked
)

// Item is one row of a panel's list: a voucher of a bill, a line of an order.
type Item struct {
	Key    string // the key that does the same, or the row's number
	Box    Box
	Name   string
	Detail string // below the name
	Value  string // at the right
	Note   string // below the value
	Tone   theme.Tone
	Chosen bool
	Press  string // what is handed back when it is pressed; "" where it cannot be
	Remove string // what is handed back when it is to go; "" where it cannot
}

// What rows hand to the press function begins so, and ends in a number of the screen's.
const (
	PressItem   = "item:"
	PressRemove = "remove:"
)

// list is the panel's list of items, scrolled so that the chosen one can be seen.
func (p *Panel) list() fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	var rows []fyne.CanvasObject
	chosen := -1
	for i, item := range p.verdict.Items {
		rows = append(rows, p.item(item))
		if item.Chosen {
			chosen = i
		}
	}
	// The frame of a chosen row is drawn half outside of it: the column leaves it room, or the scroll would cut it off.
	scroll := newScroll(stack{}, Inset(heldIn(gap*0.7, rows...), frameRoom(), frameRoom(), BarRoom(), frameRoom()))
	if p.scroll != nil {
		scroll.Offset = p.scroll.Offset
	}
	p.scroll = scroll
	var target fyne.CanvasObject
	if chosen >= 0 {
		target = rows[chosen]
	}
	return inSight(&inView{target: target}, scroll)
}

// inSight is a scroll that is laid out so that its target can be seen.
func inSight(layout *inView, scroll *container.Scroll) *fyne.Container {
	handOver(scroll).Rests(func() { layout.placed.settle(scroll, layout.wide != nil) })
	return &fyne.Container{Layout: layout, Objects: []fyne.CanvasObject{scroll}}
}

// frameRoom is what a frame needs around a choice in a scroll.
func frameRoom() float32 { return theme.Size(theme.Frame) }

func (p *Panel) item(item Item) fyne.CanvasObject {
	inset, gap := theme.Size(theme.Gap)*1.4, theme.Size(theme.Gap)
	var marks []fyne.CanvasObject
	if item.Key != "" {
		marks = append(marks, Middle(keyCap(item.Key)))
	}
	if item.Box != NoBox {
		marks = append(marks, Middle(tickBox(item.Box == Ticked)))
	}
	ink, value := theme.Text, theme.Text
	if item.Box == Empty {
		ink, value = theme.Muted, theme.Muted
	}
	detail := theme.Muted
	if item.Tone == theme.Refused {
		detail = item.Tone.Ink()
	}
	words := []fyne.CanvasObject{NewText(item.Name).In(theme.Body, ink).Strong().Lines(1).MayEnd()}
	if item.Detail != "" {
		text := NewText(item.Detail).In(theme.Caption, detail).Lines(1)
		text.Bold = item.Tone == theme.Refused
		words = append(words, text.MayEnd())
	}
	numbers := []fyne.CanvasObject{NewText(item.Value).In(theme.Body, value).Strong().At(fyne.TextAlignTrailing).Lines(1)}
	if item.Note != "" {
		numbers = append(numbers, NewText(item.Note).In(theme.Caption, theme.Muted).At(fyne.TextAlignTrailing).Lines(1))
	}
	ends := itemLine(gap*2, words, numbers)
	line := fyne.CanvasObject(ends)
	if len(marks) > 0 {
		line = &fyne.Container{Layout: marked{gap * 1.6}, Objects: append(marks, ends)}
	}
	choice := NewChoice(Inset(line, inset*1.3, gap*0.5, inset*1.3, gap*0.5), item.Chosen, func() {
		if item.Press != "" {
			p.press(item.Press)
		}
	})
	if item.Tone == theme.Refused {
		choice.face.FillColor = theme.Color(theme.Surface)
		choice.face.StrokeColor, choice.face.StrokeWidth = theme.Color(theme.Refused.Fill()), theme.Size(theme.Frame)
	}
	if item.Remove == "" {
		return choice
	}
	remove := NewButton(Action{Name: item.Remove, Sign: SignRemove, Rank: Quiet}, theme.Calm, p.press)
	return &fyne.Container{Layout: beside{gap * 0.7}, Objects: []fyne.CanvasObject{choice, remove}}
}

// itemLine puts an item's name, with what stands below it, before its numbers. Large writing has them below each other where there is no room: beside
// its numbers a name would be smaller than they are.
func itemLine(gap float32, words, numbers []fyne.CanvasObject) *fyne.Container {
	ends := Ends(gap, Middled(Column(0, words...)), Column(0, numbers...))
	if !crowded() {
		if len(words) == 2 && len(numbers) == 2 { // each line by itself: a long note takes nothing off the name
			return Column(0, Ends(gap, words[0], numbers[0]), Ends(gap, words[1], numbers[1]))
		}
		return ends
	}
	again := func(o fyne.CanvasObject) fyne.CanvasObject {
		t := o.(*Text)
		twin := NewText(t.Text).In(t.Points, t.Colour).At(t.Align).Lines(t.MostLines)
		twin.Bold, twin.Loose = t.Bold, t.Loose
		return twin
	}
	below := fyne.CanvasObject(Stack())
	if len(words) > 1 {
		below = again(words[1])
	}
	rows := []fyne.CanvasObject{Ends(0, again(words[0])), Ends(gap, below, again(numbers[0]))}
	for _, note := range numbers[1:] {
		rows = append(rows, again(note))
	}
	return &fyne.Container{Layout: either{func() float32 { return words[0].MinSize().Width + gap + ends.Objects[1].MinSize().Width }},
		Objects: []fyne.CanvasObject{ends, Column(0, rows...)}}
}

// either shows its first object where there is so much width as it needs, else its second.
type either struct{ need func() float32 }

func (e either) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	if e.need() <= width {
		return heightFor(objects[0], width)
	}
	return heightFor(objects[1], width)
}

func (e either) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := objects[1].MinSize().Width
	return fyne.NewSize(width, e.heightFor(objects, max(width, objects[0].Size().Width)))
}

func (e either) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	fits := e.need() <= size.Width
	for i, o := range objects {
		place(o, 0, 0, size.Width, size.Height)
		if shown := (i == 0) == fits; shown != o.Visible() {
			if shown {
				o.Show()
			} else {
				o.Hide()
			}
		}
	}
}

// keyCap is a key's name in a frame, as it stands on buttons.
func keyCap(name string) fyne.CanvasObject {
	face := canvas.NewRectangle(nil)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Line), theme.Size(theme.Hairline)
	face.CornerRadius = theme.Size(theme.Radius) * 0.6
	text := NewText(name).In(theme.Caption, theme.Text).Strong().At(fyne.TextAlignCenter)
	need, side := text.MinSize(), theme.Size(theme.Glyph)*1.1
	return Fixed(Stack(face, text), max(side, need.Width+theme.Size(theme.Gap)), max(side, need.Height))
}

// tickBox is a box, with a tick or without.
func tickBox(ticked bool) fyne.CanvasObject {
	side := theme.Size(theme.Glyph) * 1.1
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Muted), theme.Size(theme.Frame)
	face.CornerRadius = theme.Size(theme.Radius) * 0.6
	if !ticked {
		return Fixed(face, side, side)
	}
	face.FillColor, face.StrokeWidth = theme.Color(theme.Ready.Fill()), 0
	return Fixed(Stack(face, NewIcon(SignCheck, theme.Glyph, theme.Ready.OnFill(), theme.Ready.Fill())), side, side)
}

// NewTick is a row with a box to tick, for a sheet's list. key is the row's number, "" for none.
func NewTick(key, name, value string, ticked, chosen bool, tapped func()) fyne.CanvasObject {
	inset, gap := theme.Size(theme.Inset), theme.Size(theme.Gap)
	side := theme.Size(theme.Glyph) * 1.1
	marks := []fyne.CanvasObject{Fixed(Stack(), side, side)} // or what has no key would stand further left than what has one
	if key != "" {
		marks[0] = Middle(keyCap(key))
	}
	ink := theme.Muted
	if ticked {
		ink = theme.Text
	}
	// The ends of long names are what tells them apart.
	ends := Beside(gap*2, NewText(name).In(theme.Body, ink).Strong().Lines(3).MayEnd(), NewText(value).In(theme.Body, ink).At(fyne.TextAlignTrailing).Lines(1))
	marks = append(marks, Middle(tickBox(ticked)), ends)
	return NewChoice(Inset(&fyne.Container{Layout: marked{gap * 1.6}, Objects: marks}, inset, inset/2, inset, inset/2), chosen, tapped)
}

// marked puts small marks, each at its own width, before the rest.
type marked struct{ gap float32 }

func (m marked) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for i, o := range objects {
		need := o.MinSize()
		if i == len(objects)-1 {
			need.Height = heightFor(o, width)
		}
		height, width = max(height, need.Height), width-need.Width-m.gap
	}
	return height
}

func (m marked) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		need := o.MinSize()
		size.Width += need.Width + m.gap
		size.Height = max(size.Height, need.Height)
	}
	return size
}

func (m marked) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, o := range objects {
		width := o.MinSize().Width
		if i == len(objects)-1 {
			width = size.Width - x
		}
		place(o, x, 0, width, size.Height)
		x += width + m.gap
	}
}

// inView scrolls so far that its target can be seen, once, when the list gets its place.
type inView struct {
	target fyne.CanvasObject
	wide   *asWide // of what is in the scroll; nil where it knows its width itself
	placed placed
}

func (v *inView) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (v *inView) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	content := objects[0].(*container.Scroll).Content
	if v.wide != nil {
		return v.wide.heightFor(content.(*fyne.Container).Objects, width)
	}
	return heightFor(content, width)
}

func (v *inView) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	scroll := objects[0].(*container.Scroll)
	if v.wide != nil {
		v.wide.width = size.Width
	}
	if v.placed.again(scroll, size) {
		return
	}
	v.placed.spread(scroll, 0)
	rows := columnOf(scroll.Content)
	fitRows(rows, gapIn(scroll.Content), size)
	defer redraw(rows)
	place(scroll, 0, 0, size.Width, size.Height)
	offset := scroll.Offset.Y
	if v.target != nil {
		top := v.target.Position().Y
		bottom := top + v.target.Size().Height + frameRoom()*2
		offset = max(min(offset, top), bottom-size.Height)
		if bottom-top > size.Height { // what does not fit is read from its beginning
			offset = top
		}
	}
	// A panel's list keeps its place from one verdict to the next: its rows must not move apart, or that place would be another one.
	v.placed.whole(scroll, min(offset, scroll.Content.MinSize().Height-size.Height), size, v.wide != nil)
}

// fitRows draws large rows so small that two of them can be seen, whole, or one where that cannot be: of a list of which one row is seen, nobody
// knows that it has more.
func fitRows(rows []fyne.CanvasObject, gap float32, size fyne.Size) {
	fits := func(count int) func() bool {
		return func() bool {
			sum, tallest := float32(0), float32(0)
			for i, row := range rows {
				height := heightFor(row, size.Width-scrollRoom())
				tallest = max(tallest, height)
				if i < count {
					sum += height
				}
			}
			return max(sum, tallest)+gap*float32(count-1)+frameRoom()*2 <= size.Height
		}
	}
	count := min(2, len(rows))
	if fitted(rows, fits(count)); count > 1 && !fits(count)() {
		fitted(rows, fits(1))
	}
}

// ChoiceList is a column of rows that can be scrolled, so far that the one at chosen can be seen; -1 for none.
func ChoiceList(gap float32, chosen int, rows ...fyne.CanvasObject) *fyne.Container {
	wide := &asWide{}
	scroll := newScroll(wide, Inset(heldIn(gap, rows...), frameRoom(), frameRoom(), BarRoom(), frameRoom()))
	var target fyne.CanvasObject
	if chosen >= 0 && chosen < len(rows) {
		target = rows[chosen]
	}
	return inSight(&inView{target: target, wide: wide}, scroll)
}
