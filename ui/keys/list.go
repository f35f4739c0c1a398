package keys

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/widgets"
)

// List is a list whose rows can be tapped without taking the keyboard: what is typed at it goes to the router, and the focus goes
// back to the sink.
type List struct {
	widget.List
	sink    *Sink
	create  func() fyne.CanvasObject
	high    float32   // a row; 0 is as high as it needs
	heights []float32 // of each row, where they are not all as high as the first
	room    fyne.Size // for the list, of which it takes no more than its whole rows need
}

// listRow is a row, as high as the list has its rows.
type listRow struct {
	widget.BaseWidget
	list  *List
	inner fyne.CanvasObject
}

// MinSize implements fyne.CanvasObject.
func (r *listRow) MinSize() fyne.Size {
	size := r.inner.MinSize()
	if r.list.high > 0 {
		size.Height = r.list.high
	}
	return size
}

// CreateRenderer implements fyne.Widget.
func (r *listRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.inner) }

// NewList makes a list; the functions are those of widget.NewList.
func NewList(sink *Sink, length func() int, create func() fyne.CanvasObject, update func(widget.ListItemID, fyne.CanvasObject)) *List {
	l := &List{sink: sink, create: create}
	l.Length = length
	l.CreateItem = func() fyne.CanvasObject {
		row := &listRow{list: l, inner: create()}
		row.ExtendBaseWidget(row)
		return row
	}
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) { update(id, o.(*listRow).inner) }
	l.ExtendBaseWidget(l)
	return l
}

// Whole is the list in a place of which it takes no more height than its whole rows need: a row of which half can be read looks broken.
func (l *List) Whole() *fyne.Container {
	hand := widgets.NewHand(func(by float32) { l.ScrollToOffset(l.GetScrollOffset() - by) }, l.touched).Rests(l.settle)
	return &fyne.Container{Layout: whole{l}, Objects: []fyne.CanvasObject{l, hand}}
}

// settle has the list begin with a whole row after it was drawn with a finger: the one of which most is seen.
func (l *List) settle() {
	gap, at := l.Theme().Size(theme.SizeNamePadding), l.GetScrollOffset()
	if len(l.heights) != l.Length() {
		pitch := l.high + gap
		l.ScrollToOffset(float32(math.Round(float64(at/pitch))) * pitch)
		return
	}
	top := float32(0)
	for row, height := range l.heights {
		if top+height/2 >= at {
			l.ScrollToOffset(top)
			l.Reveal(row)
			return
		}
		top += height + gap
	}
}

// InSight reports that a row can be seen, whole.
func (l *List) InSight(row int) bool {
	if l.room.Height <= 0 || row < 0 || row >= l.Length() {
		return true
	}
	gap := l.Theme().Size(theme.SizeNamePadding)
	top, height := float32(row)*(l.high+gap), l.high
	if len(l.heights) == l.Length() {
		top = 0
		for _, other := range l.heights[:row] {
			top += other + gap
		}
		height = min(l.heights[row], l.room.Height)
	}
	const slack = 2
	return top+slack >= l.GetScrollOffset() && top+height-slack <= l.GetScrollOffset()+l.Size().Height
}

// touched chooses the row at a place.
func (l *List) touched(at fyne.Position) {
	gap, foot := l.Theme().Size(theme.SizeNamePadding), -l.GetScrollOffset()
	for row := range l.Length() {
		height := l.high
		if row < len(l.heights) {
			height = l.heights[row]
		}
		if foot += height + gap; at.Y < foot {
			l.Select(row)
			return
		}
	}
}

// rowHeight is how high a row has to be, where all are as high as the first.
func (l *List) rowHeight() float32 { return l.create().MinSize().Height }

type whole struct{ list *List }

// MinSize implements fyne.Layout.
func (w whole) MinSize([]fyne.CanvasObject) fyne.Size { return w.list.MinSize() }

// Layout implements fyne.Layout.
func (w whole) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[1].Resize(fyne.NewSize(size.Width-widgets.BarRoom(), size.Height)) // the hand; the bar is dragged by itself
	if w.list.room == size && w.list.Size().Width == size.Width {
		return // rows of their own heights were fitted into it
	}
	w.list.room = size
	w.list.Move(fyne.NewPos(0, 0))
	w.list.Resize(fyne.NewSize(size.Width, w.list.wholeRows(size.Height)))
}

// Room is the place for the list, of which it takes no more than its whole rows need.
func (l *List) Room() fyne.Size { return l.room }

// slack is what sums of lengths may be wrong by.
const slack = 0.5

// How high a row may be made so that no strip is left at the foot, and how low so that one more is whole, in shares of what it needs.
const (
	highest = 1.35
	lowest  = 0.94
)

// wholeRows is how high as many rows are as there is room for, where all are as high as the first. They share what is left over.
func (l *List) wholeRows(room float32) float32 {
	gap, row := l.Theme().Size(theme.SizeNamePadding), l.rowHeight()
	fit := float32(math.Floor(float64((room + gap + slack) / (row + gap))))
	all := fit < 1 || float32(l.Length()) <= fit
	if !all && len(l.heights) == 0 {
		if lower := (room+gap)/(fit+1) - gap; lower >= row*lowest {
			row, fit = lower, fit+1
		} else {
			row = min((room+gap)/fit-gap, row*highest)
		}
	}
	if row != l.high {
		l.high = row
		l.Refresh()
	}
	if all {
		return room
	}
	return fit*(row+gap) - gap
}

// SetHeights gives each row its own height.
func (l *List) SetHeights(heights []float32) {
	l.heights = heights
	for id, height := range heights {
		l.SetItemHeight(id, height)
	}
}

// Reveal scrolls so far that a row can be seen, whole, and the first and the last one with it.
func (l *List) Reveal(row int) {
	there := row >= 0 && row < l.Length()
	if l.room.Height <= 0 {
		return
	}
	if len(l.heights) != l.Length() {
		l.Resize(fyne.NewSize(l.room.Width, l.wholeRows(l.room.Height))) // there may be more rows than before, or fewer
		if there {
			l.ScrollTo(row)
		}
		return
	}
	if !there {
		return
	}
	top, bottom := l.around(row)
	if bottom-top > l.room.Height+slack { // one row alone is higher than its place
		bottom = top + l.room.Height
	}
	l.Resize(fyne.NewSize(l.room.Width, bottom-top))
	l.ScrollToOffset(top)
}

// around is from where to where whole rows can be seen, of which row is one: as few further up or down from what is seen as it takes.
func (l *List) around(row int) (top, bottom float32) {
	gap := l.Theme().Size(theme.SizeNamePadding)
	tops := []float32{0} // one more than there are rows: where the next one would begin
	for i, height := range l.heights {
		tops = append(tops, tops[i]+height+gap)
	}
	high := func(first, last int) float32 { return tops[last+1] - gap - tops[first] }
	first, end := 0, len(l.heights)-1
	for first < row && tops[first] < l.GetScrollOffset()-slack {
		first++
	}
	for first < row && high(first, row) > l.room.Height+slack {
		first++
	}
	last := row
	for last < end && high(first, last+1) <= l.room.Height+slack {
		last++
	}
	for last == end && first > 0 && high(first-1, last) <= l.room.Height+slack {
		first--
	}
	return tops[first], tops[last+1] - gap
}

// FocusGained implements fyne.Focusable: the focus is given back.
func (l *List) FocusGained() { l.sink.later(l.sink.Hold) }

// FocusLost implements fyne.Focusable.
func (l *List) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (l *List) TypedRune(r rune) { l.sink.TypedRune(r) }

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(event *fyne.KeyEvent) { l.sink.TypedKey(event) }

// AcceptsTab implements fyne.Tabbable.
func (l *List) AcceptsTab() bool { return true }
