package widgets

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
)

// Frame is a window: a bar on top, the work in the middle, a row of keys, a strip at the bottom.
func Frame(bar, keys, strip float32, top, middle, row, bottom fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: frame{bar, keys, strip}, Objects: []fyne.CanvasObject{top, middle, row, bottom}}
}

type frame struct{ bar, keys, strip float32 }

// The least window is a little smaller than the smallest till screen, to leave room for a title bar.
func (frame) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(960, 540) }

func (f frame) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, f.bar)
	place(objects[1], 0, f.bar, size.Width, size.Height-f.bar-f.keys-f.strip)
	place(objects[2], 0, size.Height-f.keys-f.strip, size.Width, f.keys)
	place(objects[3], 0, size.Height-f.strip, size.Width, f.strip)
}

// Aside puts a column of a given width at the right of the rest. Where main says that it needs all of the place, and writing is so large that little
// is left of it beside the column, the column makes way.
func Aside(width, gap float32, main, side fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: aside{width, gap}, Objects: []fyne.CanvasObject{main, side}}
}

type aside struct{ width, gap float32 }

// leastBeside is how wide main has to be to have a column beside it while it needs all of the place, in sizes of the body's writing.
const leastBeside = 28

func (aside) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (a aside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := max(a.width, size.Width*0.24) // a wide window has room for longer names
	room := size.Width - width - a.gap
	main, ok := objects[0].(interface{ Alone() bool })
	alone := ok && crowded() && main.Alone() && room < theme.Size(theme.Body)*leastBeside
	if alone {
		room = size.Width
	}
	place(objects[0], 0, 0, room, size.Height)
	place(objects[1], size.Width-width, 0, width, size.Height)
	if alone == objects[1].Visible() {
		if alone {
			objects[1].Hide()
		} else {
			objects[1].Show()
		}
	}
}

// Beside gives side its own width at the right, and main the rest.
func Beside(gap float32, main, side fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: beside{gap}, Objects: []fyne.CanvasObject{main, side}}
}

// Above puts words above a picture, which a scanner is to read off the glass: large words are drawn smaller until it has two fifths of the place, words of
// their natural size leave it a third.
func Above(gap float32, words, picture fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: halving{gap, words, 0.4, 0.33}, Objects: []fyne.CanvasObject{Scrolled(words), picture}}
}

// AboveNote puts words above what is no picture, or nothing at all: it makes do with what they leave, and is not shown where that is
// too little.
func AboveNote(gap float32, words, note fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: halving{gap, words, 0, 0}, Objects: []fyne.CanvasObject{Scrolled(words), note}}
}

type halving struct {
	gap         float32
	words       fyne.CanvasObject
	keep, least float32 // the picture's share of the place: from large words, and from words of their natural size
}

// readable is how high the picture is to be, where there is room at all, in glyphs.
const readable = 9

func (h halving) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width) + h.gap + theme.Size(theme.Glyph)*readable
}

func (halving) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (h halving) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	room, parts := max(0, size.Height-h.gap), []fyne.CanvasObject{h.words}
	fits := func() bool { return heightFor(objects[0], size.Width) <= room*(1-h.keep) }
	if h.keep == 0 {
		parts = append(parts, objects[1])
		fits = func() bool { return heightFor(objects[0], size.Width)+heightFor(objects[1], size.Width) <= room }
	}
	fitted(parts, fits)
	defer redraw(parts)
	if shown := h.keep > 0 || fits(); shown != objects[1].Visible() { // the words are what matters
		if shown {
			objects[1].Show()
		} else {
			objects[1].Hide()
		}
	}
	words := min(heightFor(objects[0], size.Width), room*(1-h.least))
	place(objects[0], 0, 0, size.Width, words)
	place(objects[1], 0, words+h.gap, size.Width, size.Height-words-h.gap)
}

// Topped puts top above, as high as it needs, and gives rest what is left.
func Topped(gap float32, top, rest fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: topped{gap}, Objects: []fyne.CanvasObject{top, rest}}
}

// Lead puts a sign before writing that wraps.
func Lead(sign, writing fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: leading{}, Objects: []fyne.CanvasObject{sign, writing}}
}

type leading struct{}

func (l leading) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	sign := objects[0].MinSize()
	return max(sign.Height, heightFor(objects[1], width-sign.Width-theme.Size(theme.Inset)))
}

func (l leading) MinSize(objects []fyne.CanvasObject) fyne.Size {
	sign := objects[0].MinSize()
	return fyne.NewSize(sign.Width*4, max(sign.Height, objects[1].MinSize().Height))
}

func (l leading) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	sign, gap := objects[0].MinSize(), theme.Size(theme.Inset)
	place(objects[0], 0, (size.Height-sign.Height)/2, sign.Width, sign.Height)
	place(objects[1], sign.Width+gap, 0, size.Width-sign.Width-gap, size.Height)
}

// Ends puts the first object at the left, with what room there is, and the others at the right at their own width.
func Ends(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: ends{gap}, Objects: objects}
}

type ends struct{ gap float32 }

func (e ends) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for i, o := range objects {
		need := o.MinSize()
		size.Height = max(size.Height, need.Height)
		if i > 0 { // the first makes do with what is left
			size.Width += need.Width + e.gap
		}
	}
	return size
}

func (e ends) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := size.Width
	for i := len(objects) - 1; i > 0; i-- {
		need := objects[i].MinSize()
		x -= need.Width
		place(objects[i], x, (size.Height-need.Height)/2, need.Width, need.Height)
		x -= e.gap
	}
	place(objects[0], 0, 0, x, size.Height)
}

// Heading is Ends of a title, of what it is about, and of buttons. Where there is no room for the title, what it is about stands in its place.
func Heading(gap float32, title, about fyne.CanvasObject, buttons ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: headed{ends{gap}}, Objects: append([]fyne.CanvasObject{title, about}, buttons...)}
}

type headed struct{ ends }

func (h headed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	title, about := objects[0], objects[1]
	buttons := append([]fyne.CanvasObject{Space()}, objects[2:]...)
	h.ends.Layout(buttons, size)
	room := buttons[0].Size().Width
	need, air := about.MinSize(), theme.Size(theme.Inset)
	left := room - need.Width - h.gap
	if left < title.MinSize().Width+air*2 {
		title.Hide()
		place(about, 0, 0, room-h.gap, size.Height)
		return
	}
	title.Show()
	place(title, 0, 0, left-air, size.Height)
	place(about, left, (size.Height-need.Height)/2, need.Width, need.Height)
}

// Spread places objects from left to right, each as wide as it needs, with the room that is left shared out to all.
func Spread(objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: shared{}, Objects: objects}
}

type shared struct{}

func (shared) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		size.Width += o.MinSize().Width
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (s shared) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if len(objects) == 0 {
		return
	}
	need := s.MinSize(objects).Width
	more, squeeze := max(0, size.Width-need)/float32(len(objects)), min(1, size.Width/max(1, need))
	x := float32(0)
	for _, o := range objects {
		width := o.MinSize().Width*squeeze + more
		place(o, x, 0, width, size.Height)
		x += width
	}
}

// Equal places objects from left to right, all of one width.
func Equal(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: equal{gap}, Objects: objects}
}

type equal struct{ gap float32 }

func (e equal) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return fyne.NewSize(size.Width*float32(len(objects))+e.gap*float32(max(0, len(objects)-1)), size.Height)
}

func (e equal) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := (size.Width - e.gap*float32(len(objects)-1)) / float32(max(1, len(objects)))
	for i, o := range objects {
		place(o, float32(i)*(width+e.gap), 0, width, size.Height)
	}
}
