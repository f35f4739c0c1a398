package escpos

import (
	"bytes"
	"errors"
	"fmt"

	"countersign/terminal"
)

// The control bytes that begin a command.
const (
	lf  = 0x0a
	esc = 0x1b
	fs  = 0x1c
	gs  = 0x1d
)

// ErrTooWide says that a slip was laid out for wider paper than the printer has.
var ErrTooWide = errors.New("the slip is laid out wider than the printer prints")

// usualBytes is more than most slips take where the printer draws the QR code.
const usualBytes = 2048

// Encode writes a slip as the exact bytes for one kind of printer. They begin by bringing the printer into a known state, and
// end with the paper cut or at the tear bar. It needs no printer and takes about a millisecond: it runs inside the transaction
// that records what the slip says.
func (t *Typesetter) Encode(slip terminal.Slip, profile Profile) ([]byte, error) {
	if slip.Columns > profile.Columns {
		return nil, fmt.Errorf("%w: %d columns on %s, which has %d", ErrTooWide, slip.Columns, profile.ID, profile.Columns)
	}
	w := &writer{profile: profile, typesetter: t, page: -1, out: make([]byte, 0, usualBytes)}
	w.begin()
	for i, row := range slip.Rows {
		if err := w.row(row); err != nil {
			return nil, fmt.Errorf("row %d of the slip: %w", i+1, err)
		}
	}
	return w.out, nil
}

// writer remembers what the printer is set to, so that only changes are sent.
type writer struct {
	profile    Profile
	typesetter *Typesetter
	out        []byte

	page    int // the number behind the last ESC t, -1 for not sent
	chinese bool
	align   terminal.Align
	bold    bool
	double  bool
	invert  bool
}

func (w *writer) put(bytes ...byte) { w.out = append(w.out, bytes...) }

func (w *writer) begin() {
	w.put(esc, '@')
	if w.profile.ASB {
		w.put(gs, 'a', 0x0e) // tell by itself of online, errors and paper; ESC @ has just switched that off
	}
	w.chinese = w.profile.WakesChinese
	w.latin()
}

// latin leaves Chinese mode.
func (w *writer) latin() {
	if w.chinese {
		w.put(fs, '.')
		w.chinese = false
	}
}

func (w *writer) row(row terminal.SlipRow) error {
	w.set(row)
	switch {
	case row.Drawer:
		if w.profile.Drawer {
			w.put(esc, 'p', 0, 25, 250) // pin 2, 50 ms on, 500 ms off
		}
	case row.QR != "":
		return w.qr(row.QR)
	case row.Image != nil:
		return w.image(row.Image)
	case row.Rule:
		w.rule()
	case row.Cut:
		w.cut()
	default:
		w.text(row)
	}
	return nil
}

// set changes alignment and style where the row wants others.
func (w *writer) set(row terminal.SlipRow) {
	if row.Align != w.align {
		w.align = row.Align
		w.put(esc, 'a', byte(row.Align))
	}
	if row.Bold != w.bold {
		w.bold = row.Bold
		w.put(esc, 'E', flag(row.Bold))
	}
	if row.Double != w.double {
		w.double = row.Double
		w.put(gs, '!', flag(row.Double)*0x11)
	}
	if row.Invert != w.invert {
		w.invert = row.Invert
		w.put(gs, 'B', flag(row.Invert))
	}
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// rule draws a line across: with the line-drawing character where the printer has one, else with hyphens.
func (w *writer) rule() {
	if runs, ok := w.plan([]rune{'─'}); ok {
		runs[0].bytes = bytes.Repeat(runs[0].bytes, w.profile.Columns)
		w.runs(runs)
	} else {
		for range w.profile.Columns {
			w.put('-')
		}
	}
	w.put(lf)
}

// cut ends the slip. Every row before it ends with a line feed, so that nothing is left in the printer's line buffer, which some
// would print below the cut.
func (w *writer) cut() {
	if w.profile.Cutter {
		w.put(gs, 'V', 66, 0) // feed to the cutter, cut but for one point
		return
	}
	w.put(esc, 'd', byte(max(w.profile.TearRows, 1)))
}

// feed moves the paper on by dots.
func (w *writer) feed(dots int) { w.put(esc, 'J', byte(min(dots, 255))) }
