// Package keys brings every key and every scan of a window to one place. Fyne delivers keys to whatever has the focus, so that a scan
// typed by a keyboard wedge would press a focused button, fill a focused field or move through a list. Here a sink keeps the focus, and
// the router behind it sorts what arrives: a burst is a scan wherever it falls; what a person types goes to the open field; and Enter
// is a yes only when no scanner can have sent it.
package keys

import (
	"time"

	"fyne.io/fyne/v2"
)

// Field is where a person's typing goes: a code, an amount, a PIN.
type Field interface {
	// Type appends a rune.
	Type(r rune)
	// Retract takes back the last n runes: they turned out to be a scan's.
	Retract(n int)
	// Key takes an editing key (Backspace, Delete) and reports whether it used it.
	Key(name fyne.KeyName) bool
	// Submit takes Enter. It is only called when no scan ends there.
	Submit()
}

// Timer calls f once, later, on the window's goroutine.
type Timer func(after time.Duration, f func())

// Router sorts keys. Its methods are called on the window's goroutine.
type Router struct {
	burst Burst
	now   func() time.Time
	timer Timer

	// OnScan gets the text of each burst.
	OnScan func(text string)
	// OnKey gets every key that is a command: the function keys, Escape, the arrows, and Return where it is a person's yes. Space
	// is never a command.
	OnKey func(name fyne.KeyName)
	// OnForeground says whether this window gets the keys at all.
	OnForeground func(foreground bool)

	field     Field
	typed     int // runes of the pending burst that the field was given
	lastRune  time.Time
	lastEnter time.Time
	lastScan  time.Time
	beating   bool
	lastBeat  time.Time
	silent    time.Duration
}

// NewRouter makes a router. The timer must call on the window's goroutine.
func NewRouter(burst Burst, now func() time.Time, timer Timer) *Router {
	return &Router{
		burst: burst, now: now, timer: timer,
		OnScan: func(string) {}, OnKey: func(fyne.KeyName) {}, OnForeground: func(bool) {},
	}
}

// Open lets a person's typing go to field; nil closes it.
func (r *Router) Open(field Field) {
	if field == r.field {
		return
	}
	r.field, r.typed = field, 0
}

// Rune takes a typed rune, whatever had the focus.
func (r *Router) Rune(char rune) {
	at := r.now()
	if char < ' ' || char == 0x7F {
		return
	}
	if r.burst.Pending() == 0 {
		r.typed = 0
	}
	r.burst.Rune(char, at)
	r.lastRune, r.silent = at, 0
	if r.field != nil {
		r.field.Type(char)
		r.typed++
	}
	if r.burst.Pending() < r.typed {
		r.typed = r.burst.Pending() // what was too slow for a scanner is the person's for good
	}
	r.beat()
}

// Key takes a key, whatever had the focus.
func (r *Router) Key(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab:
		r.end(event.Name)
	case fyne.KeySpace, "":
		// A space reaches the burst and the field as a rune. As a key it does nothing, or a space within a code would press a button.
	default:
		if r.field != nil && r.field.Key(event.Name) {
			return
		}
		if isCommand(event.Name) {
			r.OnKey(event.Name)
		}
	}
}

// isCommand tells keys that act from keys that write: a letter's key event comes beside its rune.
func isCommand(name fyne.KeyName) bool {
	switch name {
	case fyne.KeyEscape, fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight, fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeyHome, fyne.KeyEnd,
		fyne.KeyDelete, fyne.KeyBackspace,
		fyne.KeyF1, fyne.KeyF2, fyne.KeyF3, fyne.KeyF4, fyne.KeyF5, fyne.KeyF6, fyne.KeyF7, fyne.KeyF8, fyne.KeyF9, fyne.KeyF10, fyne.KeyF11, fyne.KeyF12:
		return true
	}
	return false
}

func (r *Router) end(name fyne.KeyName) {
	at := r.now()
	pending := r.burst.Pending()
	if scan := r.burst.End(at); scan != "" {
		r.lastEnter = at
		r.scanned(scan, at)
		return
	}
	if name == fyne.KeyTab {
		return
	}
	sinceEnter := at.Sub(r.lastEnter)
	r.lastEnter = at
	if sinceEnter < repeatMillis*time.Millisecond {
		return
	}
	calm := calmMillis * time.Millisecond
	switch {
	case r.field != nil && at.Sub(r.lastScan) >= calm:
		r.typed = 0
		r.field.Submit()
	case r.field == nil && pending == 0 && at.Sub(r.lastRune) >= calm:
		r.OnKey(fyne.KeyReturn)
	}
}

// repeatMillis is the least time between two Enters that both count: a key that is held down repeats faster.
const repeatMillis = 150

func (r *Router) scanned(text string, at time.Time) {
	r.lastScan = at
	if r.field != nil && r.typed > 0 {
		r.field.Retract(r.typed)
	}
	r.typed = 0
	r.OnScan(text)
}

// beat watches for silence after a rune. It adds up beats instead of looking at the clock once, so that a frame that took long does
// not cut a burst in two.
func (r *Router) beat() {
	if r.beating {
		return
	}
	r.beating, r.lastBeat = true, r.now()
	r.timer(beatMillis*time.Millisecond, r.listen)
}

func (r *Router) listen() {
	r.beating = false
	if r.burst.Pending() == 0 {
		return
	}
	at := r.now()
	r.silent += min(at.Sub(r.lastBeat), longestBeatMillis*time.Millisecond)
	if r.silent < silenceMillis*time.Millisecond {
		r.beat()
		return
	}
	if scan := r.burst.Silence(at); scan != "" {
		r.scanned(scan, at)
	}
}

// Foreground says whether the window has the keyboard.
func (r *Router) Foreground(foreground bool) { r.OnForeground(foreground) }
