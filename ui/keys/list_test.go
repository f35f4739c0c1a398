package keys

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// listOf is a list of rows 50 high, in a place of that height.
func listOf(t *testing.T, rows int, height float32) (*List, fyne.CanvasObject) {
	t.Helper()
	test.NewTempApp(t)
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	sink := NewSink(NewRouter(nil, time.Now, nil), window.Canvas(), func(func()) {})
	list := NewList(sink, func() int { return rows }, func() fyne.CanvasObject {
		row := canvas.NewRectangle(nil)
		row.SetMinSize(fyne.NewSize(10, 50))
		return row
	}, func(int, fyne.CanvasObject) {})
	place := list.Whole()
	window.SetContent(place)
	window.Resize(fyne.NewSize(300, height))
	return list, place
}

func TestListsShowWholeRows(t *testing.T) {
	// Half of a row would stand at the edge of a list: it cannot be read, and a finger presses the wrong one.
	list, place := listOf(t, 1000, 333)
	gap := list.Theme().Size(theme.SizeNamePadding)
	for _, row := range []int{0, 3, 500, 999, 997, 2} {
		list.Reveal(row)
		top := list.GetScrollOffset()
		first := int(top / (50 + gap))
		if float32(first)*(50+gap) != top {
			t.Errorf("row %d: the first row is cut off at %v", row, top)
		}
		rows := (list.Size().Height + gap) / (50 + gap)
		if rows != float32(int(rows)) || list.Size().Height > place.Size().Height || rows < 5 {
			t.Errorf("row %d: %v rows in %v", row, rows, place.Size().Height)
		}
		if row < first || row >= first+int(rows) {
			t.Errorf("row %d is not among those from %d on", row, first)
		}
	}
}

func TestListsOfRowsOfTheirOwnHeightsShowThemWhole(t *testing.T) {
	// A task that says much, beside short ones, would be cut in the middle of its sentence.
	heights := []float32{50, 120, 50, 200, 90, 90, 50, 160}
	list, place := listOf(t, len(heights), 333)
	list.SetHeights(heights)
	gap := list.Theme().Size(theme.SizeNamePadding)
	for _, row := range []int{0, 3, 7, 5, 1} {
		list.Reveal(row)
		at, starts, ends, seen := float32(0), false, false, false
		top, bottom := list.GetScrollOffset(), list.GetScrollOffset()+list.Size().Height
		for i, height := range heights {
			starts, ends = starts || at == top, ends || at+height == bottom
			seen = seen || (i == row && at >= top && at+height <= bottom)
			at += height + gap
		}
		if !starts || !ends || !seen || list.Size().Height > place.Size().Height {
			t.Errorf("row %d: from %v to %v; seen %v", row, top, bottom, seen)
		}
	}
}

func TestAListThatFitsTakesItsPlace(t *testing.T) {
	// The last of five rows would have to be scrolled to, though there is room for six; or a row higher than its place could not be seen.
	if list, place := listOf(t, 5, 333); list.Size().Height != place.Size().Height {
		t.Errorf("%v of %v", list.Size(), place.Size())
	}
	if list, place := listOf(t, 5, 40); list.Size().Height != place.Size().Height {
		t.Errorf("%v of %v", list.Size(), place.Size())
	}
}
