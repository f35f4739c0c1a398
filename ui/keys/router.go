// Package keys brings every key and every scan of a window to one place. Fyne delivers keys to whatever has the focus, so that a scan
// typed by a keyboard wedge would press a focused button, fill a focused field or move through a list. Here a sink keeps the focus, and
// the router behind it sorts what arrives: a burst is a scan wherever it falls; what a person types goes to the open field; and Enter
// is a yes only when no scanner can have sent it.
package keys

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
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

// HeapField is a field that knows what a person types into it. Keys of a person that came in a heap, because the window was busy, look like a
// scan; here they stay in the field, but for a heap of a whole code's length that ends with an Enter, which is a scan.
type HeapField interface {
	Field
	// Takes reports whether a person may have typed text here, and whether an Enter in the same heap is the person's as well.
	Takes(text string) (typed, ended bool)
}

// CodeField is a field of words and of codes. What came into it as fast as a scan, but with no Enter behind it, is a scan only where it looks
// like a code: quick hands write names so, and some scanners end nothing with an Enter.
type CodeField interface {
	Field
	// Code reports whether text looks like a voucher's code.
	Code(text string) bool
}

// Timer calls f once, later, on the window's goroutine.
type Timer func(after time.Duration, f func())

// Router sorts keys. Its methods are called on the window's goroutine.
type Router struct {
	burst Burst
	live  *live

	// OnScan gets the text of each burst.
	OnScan func(text string)
	// OnKey gets every key that is a command: the function keys, Escape, the arrows, and Return where it is a person's yes. Space
	// is never a command.
	OnKey func(name fyne.KeyName)
	// OnForeground says whether this window gets the keys at all.
	OnForeground func(foreground bool)

	field Field
	held  []rune // typed, and not yet given to the field
	given int    // runes of the pending burst that the field has got
	past  int    // runes that it got before those

	heap      []rune // what is pending, where some of it came while the window was busy: then its speed says nothing
	isHeap    bool
	burstTime time.Time // of the last rune, as the burst is told it: no gap is longer than it must have been

	// When they were read.
	lastRune, lastEnter, lastScan time.Time
	lastOne                       time.Time // Enter, also one that did not count
	lastPress                     time.Time // of any key but those that choose, modifiers as well: no rune may come of it
	odd, oddBefore                time.Time // of a key that writes and wrote nothing
}

// NewRouter makes a router. The timer must call on the window's goroutine.
func NewRouter(burst Burst, now func() time.Time, timer Timer) *Router {
	r := &Router{burst: burst, OnScan: func(string) {}, OnKey: func(fyne.KeyName) {}, OnForeground: func(bool) {}}
	r.live = &live{now: now, timer: timer, needed: r.watching, beaten: r.listen}
	return r
}

// Open lets a person's typing go to field; nil closes it.
func (r *Router) Open(field Field) {
	if field == r.field {
		return
	}
	r.field, r.held, r.given, r.past = field, nil, 0, 0
	r.burst.Typing(field != nil)
	if _, ok := r.field.(HeapField); ok {
		r.live.start() // or the first keys could have come in a heap, and nobody would know
	}
}

// heaped reports that text came while the window was busy, and that a person may have typed it into the open field.
func (r *Router) heaped(text []rune) (typed, ended bool) {
	field, ok := r.field.(HeapField)
	if !ok || !r.isHeap {
		return false, false
	}
	return field.Takes(string(text))
}

// Rune takes a typed rune, whatever had the focus.
func (r *Router) Rune(char rune) {
	if char < ' ' || char == 0x7F {
		return
	}
	at := r.live.now()
	earliest, busy := r.live.earliest(at)
	r.odd = r.oddBefore
	if r.burst.Pending() == 0 {
		r.give()
		r.past, r.given = r.past+r.given, 0
	}
	r.burstTime = r.burstTime.Add(max(0, min(earliest.Sub(r.lastRune), time.Second)))
	r.burst.Rune(char, r.burstTime)
	if r.burst.Pending() == 1 {
		r.heap, r.isHeap = nil, false
	}
	r.heap, r.isHeap = append(r.heap, char), r.isHeap || busy
	r.lastRune = at
	if r.field != nil {
		r.held = append(r.held, char)
	}
	if late := len(r.held) + r.given - r.burst.Pending(); late > 0 { // what was too slow for a scanner is the person's for good
		late = min(late, r.given)
		r.past, r.given = r.past+late, r.given-late
	}
	r.live.start()
}

// give lets the field have what was held back.
func (r *Router) give() {
	held := r.held
	r.held = nil
	for _, char := range held {
		if r.field != nil {
			r.field.Type(char)
			r.given++
		}
	}
}

// Press takes note that a key goes down, whatever comes of it. Scanners that type ALT and a number on the keypad, or letters with CTRL,
// make no runes everywhere; the Enter behind them must not be a person's yes. An Enter itself is not noted, nor the arrows: a person
// chooses with them, and says yes at once.
func (r *Router) Press(name fyne.KeyName) {
	switch name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab, fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight:
		return
	}
	r.lastPress = r.live.now()
	if !isCommand(name) && name != desktop.KeyShiftLeft && name != desktop.KeyShiftRight {
		r.oddBefore, r.odd = r.odd, r.lastPress
	}
	r.live.start()
}

// Key takes a key, whatever had the focus.
func (r *Router) Key(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab:
		r.end(event.Name)
	case fyne.KeySpace, "":
		// A space reaches the burst and the field as a rune. As a key it does nothing, or a space within a code would press a button.
	default:
		if !isCommand(event.Name) {
			return
		}
		r.give()
		if r.field == nil || !r.field.Key(event.Name) {
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

// end takes what may be a scanner's suffix or a person's Enter.
func (r *Router) end(name fyne.KeyName) {
	at := r.live.now()
	earliest, _ := r.live.earliest(at)
	pending := r.burst.Pending()
	scan := r.burst.End(r.burstTime)
	ended := true
	// So many keys at once and an Enter behind them are a scanner's: nobody types that many while a window is busy.
	if scan != "" && len(r.heap) < heapMost {
		var typed bool
		if typed, ended = r.heaped(r.heap); typed {
			scan = ""
		}
	}
	again := earliest.Sub(r.lastEnter) < millis(repeatMillis)
	if !again || at.Sub(r.lastOne) < millis(repeatMillis) { // or whoever presses it once in each busy time would never be heard
		r.lastEnter = at
	}
	r.lastOne = at
	r.live.start()
	if scan != "" {
		r.scanned(scan, at)
		return
	}
	r.give()
	r.given = 0
	if name == fyne.KeyTab || again || !ended {
		return
	}
	since := func(before time.Time) bool { return earliest.Sub(before) >= millis(calmMillis) }
	switch {
	case r.field != nil && since(r.lastScan) && since(r.odd):
		r.field.Submit()
	case r.field == nil && pending == 0 && since(r.lastRune) && since(r.lastPress):
		r.OnKey(fyne.KeyReturn)
	}
}

// scanned hands a scan on, and takes back from the field what was a part of it.
func (r *Router) scanned(text string, at time.Time) {
	if given := r.given + min(r.past, r.burst.Earlier()); r.field != nil && given > 0 {
		r.field.Retract(given)
	}
	r.held, r.given, r.past, r.lastScan = nil, 0, 0, at
	r.OnScan(text)
}

// watching reports that time still matters: runes are pending, or Enter does not count yet.
func (r *Router) watching() bool {
	_, mayHeap := r.field.(HeapField)
	earliest, _ := r.live.earliest(r.live.now())
	recent := func(at time.Time) bool { return earliest.Sub(at) < millis(calmMillis) }
	return mayHeap || r.burst.Pending() > 0 || len(r.held) > 0 || recent(r.lastRune) || recent(r.lastPress) || recent(r.lastEnter)
}

// listen gives the field what is not followed by more, and ends a burst that is followed by silence. A few runes and a pause, while a field
// is open, are a person's: a scan that comes next must not be glued to them.
func (r *Router) listen() {
	at := r.live.now()
	earliest, _ := r.live.earliest(at)
	silent := earliest.Sub(r.lastRune)
	if silent >= millis(holdMillis) {
		r.give()
	}
	few := r.field != nil && r.burst.Pending() < fewRunes && silent >= millis(holdMillis)
	if r.burst.Pending() == 0 || (silent < millis(silenceMillis) && !few) || (silent < millis(begunMillis) && r.begun()) {
		return
	}
	scan := r.burst.Silence(r.burstTime)
	typed, _ := r.heaped(r.heap)
	if field, ok := r.field.(CodeField); ok && !field.Code(scan) {
		typed = true
	}
	switch {
	case typed:
		r.give()
	case scan != "":
		r.scanned(scan, at)
	}
}

// begun reports that the rest of a scan is still to come: the computer has too much to do. What a person may have typed is not waited for.
func (r *Router) begun() bool {
	text := r.burst.Begun()
	if text == "" || r.field == nil {
		return text != ""
	}
	field, ok := r.field.(CodeField)
	return ok && field.Code(text) && !r.isHeap
}

// Foreground says whether the window has the keyboard.
func (r *Router) Foreground(foreground bool) { r.OnForeground(foreground) }
