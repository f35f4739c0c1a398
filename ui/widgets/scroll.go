package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"countersign/ui/theme"
)

// scrollRoom is the width that Scrolled takes.
func scrollRoom() float32 { return frameRoom() + BarRoom() }

// BarRoom is what is left free at the right of what can be scrolled: the scroll bar lies over it.
func BarRoom() float32 { return theme.Size(theme.ScrollBar) + theme.Size(theme.Gap) }

// newScroll is a scroll of content, which follows a wheel and a finger. The layout is that of the content and of the hand over it.
func newScroll(layout fyne.Layout, content fyne.CanvasObject) *container.Scroll {
	scroll := container.NewVScroll(nil)
	hand := NewHand(func(by float32) {
		most := scroll.Content.MinSize().Height - scroll.Size().Height
		scroll.ScrollToOffset(fyne.NewPos(0, max(0, min(scroll.Offset.Y-by, most))))
	}, func(at fyne.Position) { tapped(content, at.Subtract(content.Position())) })
	scroll.Content = &fyne.Container{Layout: layout, Objects: []fyne.CanvasObject{content, hand}}
	return scroll
}

// handOver is the hand over what a scroll holds.
func handOver(scroll *container.Scroll) *Hand {
	return scroll.Content.(*fyne.Container).Objects[1].(*Hand)
}

// Scrolled lets an object be scrolled where it is higher than its place. It is as wide as that, so that its words wrap.
func Scrolled(object fyne.CanvasObject) *fyne.Container {
	framed := Inset(object, frameRoom(), frameRoom(), BarRoom(), frameRoom()) // or the frame of what is chosen would be cut off at the edges
	wide := &asWide{}
	return &fyne.Container{Layout: scrolled{framed, wide}, Objects: []fyne.CanvasObject{newScroll(wide, framed)}}
}

// ScrolledTo is Scrolled, of rows, at first so far that target, one of them, can be seen; nil for the beginning.
func ScrolledTo(gap float32, target fyne.CanvasObject, rows ...fyne.CanvasObject) *fyne.Container {
	return scrolledTo(heldIn(gap, rows...), target)
}

// scrolledTo is ScrolledTo, of a column of rows.
func scrolledTo(rows *fyne.Container, target fyne.CanvasObject) *fyne.Container {
	all := Scrolled(rows)
	s := &shown{scrolled: all.Layout.(scrolled), target: target}
	all.Layout = s
	scroll := all.Objects[0].(*container.Scroll)
	handOver(scroll).Rests(func() { s.placed.settle(scroll, true) })
	return all
}

// Again has rows that were made anew stand where those were that they are made in place of, which may be nil: what somebody is about to press stays
// where it is, as far as the target can be seen there.
func Again(now, before *fyne.Container) *fyne.Container {
	if before == nil {
		return now
	}
	to, ok := now.Layout.(*shown)
	if _, also := before.Layout.(*shown); ok && also {
		to.first = firstIn(before.Objects[0].(*container.Scroll))
	}
	return now
}

// firstIn is the row that a scroll's place begins with.
func firstIn(scroll *container.Scroll) int {
	const slack = 0.5
	for i, row := range rowsIn(scroll.Content) {
		if row.top+slack >= scroll.Offset.Y {
			return i
		}
	}
	return 0
}

// InSight reports that the target of rows can be seen, whole: with a finger they may have been drawn away from it.
func InSight(list *fyne.Container) bool {
	s, ok := list.Layout.(*shown)
	if !ok || s.target == nil {
		return true
	}
	const slack = 2
	scroll := list.Objects[0].(*container.Scroll)
	rows := columnOf(scroll.Content)
	at := slices.Index(rows, s.target)
	if at < 0 {
		return true
	}
	row := rowsIn(scroll.Content)[at]
	return row.top+slack >= scroll.Offset.Y && row.bottom-slack <= scroll.Offset.Y+scroll.Size().Height
}

// shown scrolls to its target once, when it gets its place.
type shown struct {
	scrolled
	target fyne.CanvasObject
	first  int // the row to begin with, where the target can be seen then
	placed placed
}

func (s *shown) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.wide.width = size.Width
	scroll := objects[0].(*container.Scroll)
	if s.placed.again(scroll, size) {
		return
	}
	s.placed.spread(scroll, 0)
	rows := columnOf(scroll.Content)
	s.fill(scroll, rows, size)
	defer redraw(rows)
	s.scrolled.Layout(objects, size)
	offset := float32(0)
	if at := rowsIn(scroll.Content); s.first > 0 && s.first < len(at) {
		offset = at[s.first].top - frameRoom()
	}
	if s.target != nil {
		top := s.target.Position().Y // of a row that is higher than its place the beginning is seen
		offset = min(top, max(offset, top+s.target.Size().Height+frameRoom()*2-size.Height))
	}
	s.placed.whole(scroll, offset, size, true)
}

// emptiest is the share of a place that may be left empty under whole rows before large rows are drawn smaller for one more.
const emptiest = 0.25

// alittle is how much smaller large rows are drawn so that a list begins with its first row, and the chosen one can be seen.
const alittle = 0.8

// fill draws large rows, from the target on, so much smaller that one more of them can be seen, where much of the place would be left empty; and one alone
// so small that it is whole.
func (s *shown) fill(scroll *container.Scroll, rows []fyne.CanvasObject, size fyne.Size) {
	if !crowded() || len(rows) == 0 {
		return
	}
	from, gap := rows, gapIn(scroll.Content)
	high := func(count int) float32 {
		sum := frameRoom()*2 + gap*float32(count-1)
		for _, row := range from[:count] {
			sum += heightFor(row, size.Width-scrollRoom())
		}
		return sum
	}
	fits := func(count int) bool { return high(count) <= size.Height }
	squeeze(rows, 1)
	if at := slices.Index(rows, s.target); at > 0 && !fits(at+1) {
		for share := float32(1); share > alittle; { // so that the list still begins with its first row
			share -= squeezeStep
			if squeeze(rows, share); fits(at + 1) {
				return
			}
		}
		squeeze(rows, 1)
		from = rows[at:]
	}
	count := 0
	for count < len(from) && fits(count+1) {
		count++
	}
	if count == len(from) || (count > 0 && size.Height-high(count) < size.Height*emptiest) {
		return
	}
	if fitted(rows, func() bool { return fits(count + 1) }); count > 0 && !fits(count+1) {
		squeeze(rows, 1)
	}
}

// placed is where a scroll was put when it got its place.
type placed struct {
	size           fyne.Size
	height, offset float32
	air            float32 // between rows, beyond their gap
}

// again puts a scroll where it is already, and reports that nothing more is to be done: it was in a place of that size before, or somebody has scrolled
// it since. It has to be asked before the scroll gets another place: a higher one takes it back from its last rows.
func (p *placed) again(scroll *container.Scroll, size fyne.Size) bool {
	switch {
	case size.Height > 0 && p.size == fyne.Size{}:
		return false
	case p.size == size:
		place(scroll, 0, 0, size.Width, p.height)
		return true
	case size.Height > 0 && scroll.Offset.Y == p.offset:
		return false
	}
	place(scroll, 0, 0, size.Width, size.Height)
	return true
}

// whole scrolls a column of rows to an offset, or as much further as it takes for the row at the upper edge to be whole, and leaves it no more
// height than its whole rows need: a row of which half can be read looks broken. Airy rows move apart to take what is left over, or a little nearer to
// each other where that makes room for one more.
func (p *placed) whole(scroll *container.Scroll, offset float32, size fyne.Size, airy bool) {
	offset = max(0, offset)
	const slack = 0.5
	height := size.Height
	rows := rowsIn(scroll.Content)
	first := slices.IndexFunc(rows, func(row reach) bool { return row.top >= offset-slack })
	if content := scroll.Content.MinSize().Height; content > size.Height+slack && first >= 0 && rows[first].bottom+frameRoom()-offset <= size.Height+slack {
		offset = max(0, rows[first].top-frameRoom())
		needs := func(last int) float32 { return rows[last].bottom + frameRoom() - offset }
		last := first
		for last+1 < len(rows) && needs(last+1) <= size.Height+slack {
			last++
		}
		air := float32(0)
		if airy {
			air = min((size.Height-needs(last))/float32(last-first+1), theme.Size(theme.Inset)*2)
			if next := last + 1; next < len(rows) {
				if less := (size.Height - needs(next)) / float32(next-first); less >= -nearest(gapIn(scroll.Content)) {
					last, air = next, less
				}
			}
		}
		height = min(height, needs(last)+air*float32(last-first)+max(0, air))
		offset = max(0, offset+air*float32(first))
		p.spread(scroll, air)
	}
	place(scroll, 0, 0, size.Width, height)
	scroll.ScrollToOffset(fyne.NewPos(0, offset))
	p.size, p.height, p.offset = size, height, scroll.Offset.Y
}

// settle has a column of rows that was drawn with a finger come to rest at the nearest row.
func (p *placed) settle(scroll *container.Scroll, airy bool) {
	rows := rowsIn(scroll.Content)
	if len(rows) == 0 || p.size.Height <= 0 {
		return
	}
	nearest := len(rows) - 1
	for i, row := range rows {
		if (row.top+row.bottom)/2 >= scroll.Offset.Y {
			nearest = i
			break
		}
	}
	p.spread(scroll, 0)
	place(scroll, 0, 0, p.size.Width, p.size.Height)
	offset := rowsIn(scroll.Content)[nearest].top - frameRoom()
	p.whole(scroll, min(offset, scroll.Content.MinSize().Height-p.size.Height), p.size, airy)
}

// nearest is by how much rows that are a gap apart may come nearer to each other. Those without any have their air within; the others have a frame,
// which has to be seen.
func nearest(gap float32) float32 {
	if gap == 0 {
		return theme.Size(theme.Gap) * 0.9
	}
	return max(0, gap-frameRoom()*0.5)
}

// spread leaves so much more air between the rows of the column in a scroll.
func (p *placed) spread(scroll *container.Scroll, air float32) {
	rows, _ := columnIn(scroll.Content)
	if rows == nil || air == p.air {
		return
	}
	wider := heldColumn{column{gapIn(scroll.Content) + air - p.air}}
	if alike, ok := rows.Layout.(oneSize); ok {
		alike.heldColumn = wider
		rows.Layout = alike
	} else {
		rows.Layout = wider
	}
	p.air = air
	scroll.Content.Resize(fyne.NewSize(scroll.Content.Size().Width, scroll.Content.MinSize().Height))
}

// gapIn is the gap between the rows of the column in a scroll.
func gapIn(o fyne.CanvasObject) float32 {
	rows, _ := columnIn(o)
	if rows == nil {
		return 0
	}
	switch l := rows.Layout.(type) {
	case column:
		return l.gap
	case heldColumn:
		return l.gap
	case oneSize:
		return l.gap
	}
	return 0
}

// reach is where a row of a column begins and ends.
type reach struct{ top, bottom float32 }

// rowsIn are the rows of the column in a scroll, or nil.
func rowsIn(o fyne.CanvasObject) []reach {
	column, at := columnIn(o)
	if column == nil {
		return nil
	}
	var rows []reach
	for _, row := range visible(column.Objects) {
		rows = append(rows, reach{at + row.Position().Y, at + row.Position().Y + row.Size().Height})
	}
	return rows
}

// columnOf are what the column in a scroll holds, or nil.
func columnOf(o fyne.CanvasObject) []fyne.CanvasObject {
	if column, _ := columnIn(o); column != nil {
		return visible(column.Objects)
	}
	return nil
}

// columnIn is the column in a scroll, and where it begins; nil where there is none.
func columnIn(o fyne.CanvasObject) (found *fyne.Container, at float32) {
	for {
		c, ok := o.(*fyne.Container)
		if !ok {
			return nil, 0
		}
		switch c.Layout.(type) {
		case column, heldColumn, oneSize:
			return c, at
		}
		if len(c.Objects) == 0 || (len(c.Objects) > 1 && !isHand(c.Objects[1])) {
			return nil, 0
		}
		o = c.Objects[0]
		at += o.Position().Y
	}
}

type scrolled struct {
	inside fyne.CanvasObject
	wide   *asWide
}

func (s scrolled) heightFor(_ []fyne.CanvasObject, width float32) float32 {
	return heightFor(s.inside, width)
}

func (scrolled) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (s scrolled) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.wide.width = size.Width
	place(objects[0], 0, 0, size.Width, size.Height)
}

// asWide is what is in a scroll: a scroll gives it its least width, or more.
type asWide struct{ width float32 }

func (a *asWide) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width)
}

func (a *asWide) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, heightFor(objects[0], a.width))
}

func (a *asWide) Layout(objects []fyne.CanvasObject, size fyne.Size) { stack{}.Layout(objects, size) }
