package keys

import (
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	look "countersign/ui/theme"
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
		top, pitch := float64(list.GetScrollOffset()), float64(list.high+gap) // rows share what would be left over
		first := int(math.Round(top / pitch))
		if math.Abs(float64(first)*pitch-top) > slack {
			t.Errorf("row %d: the first row is cut off at %v", row, top)
		}
		rows := math.Round(float64(list.Size().Height+gap) / pitch)
		if list.high < 50 || math.Abs(float64(list.Size().Height-place.Size().Height)) > slack || rows != 6 {
			t.Errorf("row %d: %v rows of %v in %v", row, rows, list.high, place.Size().Height)
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

func TestAFingerMovesAListAndChoosesItsRows(t *testing.T) {
	// On a counter without mouse and keyboard there is nothing else to scroll with.
	list, place := listOf(t, 100, 333)
	fyne.CurrentApp().Settings().SetTheme(look.Look{})
	chosen := -1
	list.OnSelected = func(id int) { chosen = id }
	hand := place.(*fyne.Container).Objects[1].(fyne.Draggable)
	drag := func(by float32, at fyne.Position) {
		event := &fyne.DragEvent{Dragged: fyne.NewDelta(0, by)}
		event.Position = at
		hand.Dragged(event)
	}
	drag(2, fyne.NewPos(20, 70)) // the finger trembles: it is a tap
	hand.DragEnd()
	if chosen != 1 || list.GetScrollOffset() != 0 {
		t.Errorf("a tap on the second row chose %d, at %v", chosen, list.GetScrollOffset())
	}
	chosen = -1
	drag(-3, fyne.NewPos(20, 200))
	drag(-100, fyne.NewPos(20, 100))
	hand.DragEnd()
	pitch := list.high + list.Theme().Size(theme.SizeNamePadding)
	if chosen != -1 || math.Abs(float64(list.GetScrollOffset()-2*pitch)) > slack { // the row of which most is seen is whole
		t.Errorf("drawn up by 103 it is at %v, rows of %v, and %d was chosen", list.GetScrollOffset(), pitch, chosen)
	}
	if list.InSight(1) || !list.InSight(2) || !list.InSight(4) {
		t.Error("it does not know what can be seen of it")
	}
	drag(-2, fyne.NewPos(20, 40))
	hand.DragEnd()
	if chosen != 2 {
		t.Errorf("a tap on the first row in sight chose row %d", chosen)
	}
	drag(1000, fyne.NewPos(20, 300))
	hand.DragEnd()
	if list.GetScrollOffset() != 0 {
		t.Errorf("drawn down it is at %v", list.GetScrollOffset())
	}
}
