// Package widgets are the parts of the screens: writing that wraps, buttons that carry their key, the verdict panel, the status bar,
// tiles, the keypad and the list of recent redemptions. None of them takes the keyboard's focus, none has a colour or a size of its
// own, and none knows the domain: screens hand them words.
package widgets

import "fyne.io/fyne/v2"

// flexible is an object whose height depends on its width.
type flexible interface {
	HeightFor(width float32) float32
}

// HeightFor is how high an object is when it is width wide.
func HeightFor(o fyne.CanvasObject, width float32) float32 { return heightFor(o, width) }

// heightFor is how high o is when it is width wide.
func heightFor(o fyne.CanvasObject, width float32) float32 {
	switch o := o.(type) {
	case flexible:
		return o.HeightFor(width)
	case *fyne.Container:
		if l, ok := o.Layout.(interface {
			heightFor(objects []fyne.CanvasObject, width float32) float32
		}); ok {
			return l.heightFor(o.Objects, width)
		}
	}
	return o.MinSize().Height
}

// space takes what is left over in a column or a row.
type space struct{ fyne.CanvasObject }

// Space is an object that takes what is left over in a Column or a Row.
func Space() fyne.CanvasObject { return space{NewText("")} }

func isSpace(o fyne.CanvasObject) bool {
	_, ok := o.(space)
	return ok
}

// Column lays objects out from top to bottom, each as wide as the column and as high as it needs, gap apart.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: column{gap}, Objects: objects}
}

type column struct{ gap float32 }

func (c column) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height, shown := float32(0), 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		shown++
		if !isSpace(o) {
			height += heightFor(o, width)
		}
	}
	return height + c.gap*float32(max(0, shown-1))
}

func (c column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width, laid := float32(0), float32(0)
	for _, o := range objects {
		if o.Visible() && !isSpace(o) {
			width, laid = max(width, o.MinSize().Width), max(laid, o.Size().Width)
		}
	}
	return fyne.NewSize(width, c.heightFor(objects, max(width, laid)))
}

func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	// In a low window the air between them goes first, then they are drawn smaller, as far as writing of its natural size.
	fitted(objects, func() bool { return column{}.heightFor(objects, size.Width) <= size.Height })
	defer redraw(objects)
	c.put(objects, size)
}

// put places the objects as large as they are drawn now.
func (c column) put(objects []fyne.CanvasObject, size fyne.Size) {
	spaces, shown := 0, 0
	for _, o := range objects {
		if o.Visible() {
			shown++
			if isSpace(o) {
				spaces++
			}
		}
	}
	rest := size.Height - c.heightFor(objects, size.Width)
	gap := c.gap
	if rest < 0 && shown > 1 {
		gap = max(0, gap+rest/float32(shown-1))
	}
	rest = max(0, rest) / float32(max(1, spaces))
	y := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		height := rest
		if !isSpace(o) {
			height = heightFor(o, size.Width)
		}
		place(o, 0, y, size.Width, height)
		y += height + gap
	}
}

// Row lays objects out from left to right, each as wide as it needs and as high as the row, gap apart. What is left over goes to the
// Spaces; what is missing is taken from all alike.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: row{gap: gap}, Objects: objects}
}

// Even lays objects out from left to right, all equally wide.
func Even(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: row{gap: gap, even: true}, Objects: objects}
}

type row struct {
	gap  float32
	even bool
}

func visible(objects []fyne.CanvasObject) []fyne.CanvasObject {
	var shown []fyne.CanvasObject
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
		}
	}
	return shown
}

func (r row) widths(objects []fyne.CanvasObject, width float32) []float32 {
	widths := make([]float32, len(objects))
	room := width - r.gap*float32(max(0, len(objects)-1))
	sum, spaces := float32(0), float32(0)
	for i, o := range objects {
		switch {
		case isSpace(o):
			spaces++
		case r.even:
			widths[i] = room / float32(len(objects))
		default:
			widths[i] = o.MinSize().Width
		}
		sum += widths[i]
	}
	for i, o := range objects {
		switch {
		case isSpace(o):
			widths[i] = max(0, room-sum) / spaces
		case sum > room && sum > 0:
			widths[i] *= max(0, room) / sum
		}
	}
	return widths
}

func (r row) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	shown, height := visible(objects), float32(0)
	for i, w := range r.widths(shown, width) {
		if !isSpace(shown[i]) {
			height = max(height, heightFor(shown[i], w))
		}
	}
	return height
}

func (r row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	shown := visible(objects)
	size := fyne.NewSize(r.gap*float32(max(0, len(shown)-1)), 0)
	for _, o := range shown {
		if !isSpace(o) {
			size.Width += o.MinSize().Width
			size.Height = max(size.Height, o.MinSize().Height)
		}
	}
	return size
}

func (r row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	shown, x := visible(objects), float32(0)
	for i, width := range r.widths(shown, size.Width) {
		place(shown[i], x, 0, width, size.Height)
		x += width + r.gap
	}
}

// Inset keeps a margin around one object.
func Inset(object fyne.CanvasObject, left, top, right, bottom float32) *fyne.Container {
	return &fyne.Container{Layout: inset{left, top, right, bottom}, Objects: []fyne.CanvasObject{object}}
}

type inset struct{ left, top, right, bottom float32 }

func (n inset) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width-n.left-n.right) + n.top + n.bottom
}

func (n inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().Add(fyne.NewSize(n.left+n.right, n.top+n.bottom))
}

func (n inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], n.left, n.top, size.Width-n.left-n.right, size.Height-n.top-n.bottom)
}

// Fixed gives one object a size whatever it needs. A zero width or height is the object's own.
func Fixed(object fyne.CanvasObject, width, height float32) *fyne.Container {
	return &fyne.Container{Layout: fixed{width, height}, Objects: []fyne.CanvasObject{object}}
}

type fixed struct{ width, height float32 }

func (f fixed) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[0].MinSize()
	if f.width > 0 {
		size.Width = f.width
	}
	if f.height > 0 {
		size.Height = f.height
	}
	return size
}

func (f fixed) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	if f.height > 0 {
		return f.height
	}
	return heightFor(objects[0], width)
}

func (f fixed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, size.Height)
}

// Middle places one object in the middle, at the size it needs.
func Middle(object fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: middle{}, Objects: []fyne.CanvasObject{object}}
}

type middle struct{}

func (middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	fitted(objects, func() bool {
		return heightFor(objects[0], min(objects[0].MinSize().Width, size.Width)) <= size.Height
	})
	defer redraw(objects)
	need := objects[0].MinSize()
	width := min(need.Width, size.Width)
	height := min(heightFor(objects[0], width), size.Height)
	place(objects[0], (size.Width-width)/2, (size.Height-height)/2, width, height)
}

// Stack lays objects over each other, all as large as the stack.
func Stack(objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: stack{}, Objects: objects}
}

type stack struct{}

func (stack) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for _, o := range visible(objects) {
		height = max(height, heightFor(o, width))
	}
	return height
}

func (stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.Size{}
	for _, o := range visible(objects) {
		size = size.Max(o.MinSize())
	}
	return size
}

func (stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, 0, 0, size.Width, size.Height)
	}
}

func place(o fyne.CanvasObject, x, y, width, height float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(max(0, width), max(0, height)))
}

// held is a column with its buttons at the bottom. Where writing of its natural size is still too high, the rest can be scrolled and the
// buttons stay where they are.
func held(gap float32, objects []fyne.CanvasObject, buttons fyne.CanvasObject) *fyne.Container {
	if !crowded() {
		return Column(gap, append(objects, buttons)...)
	}
	inner := &fyne.Container{Layout: heldColumn{column{gap * 0.4}}, Objects: objects}
	return &fyne.Container{Layout: holding{gap * 0.6, inner}, Objects: []fyne.CanvasObject{Scrolled(inner), buttons}}
}

// heldColumn is a column that what it stands in has drawn as small as it has to be.
type heldColumn struct{ column }

func (h heldColumn) Layout(objects []fyne.CanvasObject, size fyne.Size) { h.put(objects, size) }

// heldIn is such a column within another.
func heldIn(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: heldColumn{column{gap}}, Objects: objects}
}

type holding struct {
	gap   float32
	inner *fyne.Container
}

func (h holding) heightFor(_ []fyne.CanvasObject, width float32) float32 {
	return 0 // it takes what it is given
}

func (h holding) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (h holding) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	parts := []fyne.CanvasObject{h.inner, objects[1]}
	height := func() float32 {
		return heightFor(h.inner, size.Width-scrollRoom()) + frameRoom()*2 + h.gap + heightFor(objects[1], size.Width)
	}
	fitted(parts, func() bool { return height() <= size.Height })
	defer redraw(parts)
	foot := heightFor(objects[1], size.Width)
	place(objects[0], -frameRoom(), -frameRoom(), size.Width+frameRoom(), size.Height-foot-h.gap+frameRoom()*2)
	place(objects[1], 0, size.Height-foot, size.Width, foot)
	objects[0].(*fyne.Container).Objects[0].Refresh() // what is in it may be as large as before, and still be drawn smaller
	h.inner.Refresh()
}

// Shaped keeps one object's shape at whatever width: ratio is its height to its width.
func Shaped(ratio float32, object fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: shaped{ratio}, Objects: []fyne.CanvasObject{object}}
}

type shaped struct{ ratio float32 }

func (s shaped) heightFor(_ []fyne.CanvasObject, width float32) float32 { return width * s.ratio }

func (s shaped) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100*s.ratio) }

func (s shaped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, size.Height)
}

// laidOut lays a new renderer out where its widget has its size already: Fyne forgets what was not seen for a minute, makes it anew when it is
// shown again, and lays out only what gets another size. A sign that is kept from verdict to verdict would come back empty.
func laidOut(of fyne.Widget, r fyne.WidgetRenderer) fyne.WidgetRenderer {
	if size := of.Size(); size.Width > 0 && size.Height > 0 {
		r.Layout(size)
	}
	return r
}

// Watched is a stack that tells its size each time it gets another one.
func Watched(resized func(fyne.Size), objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &watched{resized: resized}, Objects: objects}
}

type watched struct {
	stack
	resized func(fyne.Size)
	last    fyne.Size
}

func (w *watched) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w.stack.Layout(objects, size)
	if size != w.last {
		w.last = size
		w.resized(size)
	}
}
