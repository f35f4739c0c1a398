package gallery

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/ui/widgets"
)

// line is a line of writing where it is drawn, as large as its ink.
type line struct {
	words                    string
	left, top, right, bottom float32
}

func (a line) over(b line) bool {
	return min(a.right, b.right)-max(a.left, b.left) > 1 && min(a.bottom, b.bottom)-max(a.top, b.top) > 1
}

// within cuts a line off where what it is scrolled in ends.
func (a line) within(b line) line {
	a.left, a.top, a.right, a.bottom = max(a.left, b.left), max(a.top, b.top), min(a.right, b.right), min(a.bottom, b.bottom)
	return a
}

// overlaps names each two lines of writing that are drawn over each other.
func overlaps(t complaints, scene string, o fyne.CanvasObject) {
	t.Helper()
	everything := line{left: -1e6, top: -1e6, right: 1e6, bottom: 1e6}
	lines := written(nil, o, fyne.Position{}, everything)
	for i, a := range lines {
		for _, b := range lines[:i] {
			if a.over(b) {
				t.Errorf("%s: %q is drawn over %q", scene, a.words, b.words)
			}
		}
	}
}

// written collects the lines that can be seen of an object at a place, in the order in which they are drawn. What lies under a sheet or a
// room can be covered by it, and is forgotten.
func written(lines []line, o fyne.CanvasObject, at fyne.Position, seen line) []line {
	if o == nil || !o.Visible() {
		return lines
	}
	at = at.Add(o.Position())
	switch o := o.(type) {
	case *canvas.Text:
		if drawn := ink(o, at).within(seen); drawn.right > drawn.left && drawn.bottom > drawn.top {
			lines = append(lines, drawn)
		}
	case *fyne.Container:
		for _, inner := range o.Objects {
			lines = written(lines, inner, at, seen)
		}
	case *container.Scroll:
		size := o.Size()
		seen = line{left: at.X, top: at.Y, right: at.X + size.Width, bottom: at.Y + size.Height}.within(seen)
		lines = written(lines, o.Content, at, seen) // which is moved by as much as it is scrolled
	case fyne.Widget:
		if widgets.Covers(o) {
			lines = nil
		}
		for _, inner := range test.WidgetRenderer(o).Objects() {
			lines = written(lines, inner, at, seen)
		}
	}
	return lines
}

// ink is where a line's letters are: the air that the typeface keeps above and below them may lie over anything.
func ink(text *canvas.Text, at fyne.Position) line {
	width := fyne.MeasureText(text.Text, text.TextSize, text.TextStyle).Width
	left := at.X
	switch text.Alignment {
	case fyne.TextAlignCenter:
		left += (text.Size().Width - width) / 2
	case fyne.TextAlignTrailing:
		left += text.Size().Width - width
	case fyne.TextAlignLeading:
	}
	middle := at.Y + text.Size().Height/2
	return line{words: text.Text, left: left, right: left + width, top: middle - text.TextSize*0.36, bottom: middle + text.TextSize*0.5}
}
