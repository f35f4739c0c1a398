// Package keytest has hands for tests: they bring keys and clicks to a window of Fyne's test driver in the way in which the desktop's
// driver does, which test.TypeOnCanvas and test.TapCanvas do not. It also has a clock that stands until it is moved.
package keytest

import (
	"slices"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Canvas is what a test window's canvas has: fyne.Canvas, and what it calls where nothing has the focus.
type Canvas interface {
	fyne.Canvas
	OnTypedKey() func(*fyne.KeyEvent)
	OnTypedRune() func(rune)
}

// Hands type and click.
type Hands struct {
	Canvas Canvas
	World  *World
}

// Key presses and releases a key without a modifier.
func (h Hands) Key(name fyne.KeyName) {
	event := &fyne.KeyEvent{Name: name}
	if keyable, ok := h.Canvas.Focused().(desktop.Keyable); ok {
		keyable.KeyDown(event)
	}
	if name == fyne.KeyTab && !h.takesTab() {
		h.Canvas.FocusNext()
	} else if focused := h.Canvas.Focused(); focused != nil {
		focused.TypedKey(event)
	} else if typed := h.Canvas.OnTypedKey(); typed != nil {
		typed(event)
	}
	if keyable, ok := h.Canvas.Focused().(desktop.Keyable); ok {
		keyable.KeyUp(event)
	}
	h.World.Settle()
}

func (h Hands) takesTab() bool {
	tabbable, ok := h.Canvas.Focused().(fyne.Tabbable)
	return ok && tabbable.AcceptsTab()
}

// Rune presses the key that writes r: the key event comes first, then the rune.
func (h Hands) Rune(r rune) {
	name := fyne.KeyName(string(unicode.ToUpper(r)))
	if r == ' ' {
		name = fyne.KeySpace
	}
	h.Key(name)
	if focused := h.Canvas.Focused(); focused != nil {
		focused.TypedRune(r)
	} else if typed := h.Canvas.OnTypedRune(); typed != nil {
		typed(r)
	}
	h.World.Settle()
}

// Type writes text, a rune every gap.
func (h Hands) Type(text string, gap time.Duration) {
	for _, r := range text {
		h.Rune(r)
		h.World.Pass(gap)
	}
}

// Scan writes a code as a scanner does, and the key that ends it.
func (h Hands) Scan(code string, end fyne.KeyName) {
	h.Type(code, 6*time.Millisecond)
	h.Key(end)
}

// Click presses the left button on the middle of an object. Whatever lies there and cannot take the focus takes it from who has it, as
// in the desktop's driver.
func (h Hands) Click(object fyne.CanvasObject) {
	if _, ok := object.(fyne.Focusable); !ok {
		h.Canvas.Unfocus()
	}
	middle := fyne.NewPos(object.Size().Width/2, object.Size().Height/2)
	object.(fyne.Tappable).Tapped(&fyne.PointEvent{Position: middle})
	h.World.Settle()
}

// Drag draws an object up or down with a finger. Its press takes the focus as a click does.
func (h Hands) Drag(object fyne.Draggable, by float32) {
	h.Canvas.Unfocus()
	for range 4 {
		object.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, by/4)})
	}
	object.DragEnd()
	h.World.Settle()
}

// World is the time, and what will be done in it on the window's goroutine.
type World struct {
	Time   time.Time
	soon   []func()
	timers []timer
}

type timer struct {
	due time.Time
	do  func()
}

// Now is the time.
func (w *World) Now() time.Time { return w.Time }

// Later does f after what is being done.
func (w *World) Later(f func()) { w.soon = append(w.soon, f) }

// After does f in a while.
func (w *World) After(wait time.Duration, f func()) {
	w.timers = append(w.timers, timer{w.Time.Add(wait), f})
}

// Settle does what is to be done now, and what follows from it.
func (w *World) Settle() {
	for len(w.soon) > 0 {
		f := w.soon[0]
		w.soon = w.soon[1:]
		f()
	}
}

// Pass lets time go by, and does what is due on the way.
func (w *World) Pass(d time.Duration) {
	until := w.Time.Add(d)
	for {
		w.Settle()
		slices.SortStableFunc(w.timers, func(a, b timer) int { return a.due.Compare(b.due) })
		if len(w.timers) == 0 || w.timers[0].due.After(until) {
			break
		}
		next := w.timers[0]
		w.timers = w.timers[1:]
		if next.due.After(w.Time) { // else the window was busy, and it comes late
			w.Time = next.due
		}
		next.do()
	}
	w.Time = until
	w.Settle()
}

// Waiting is how many timers have been set and are not due yet.
func (w *World) Waiting() int { return len(w.timers) }
