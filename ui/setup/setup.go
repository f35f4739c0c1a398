// Package setup is the technician's room: the first start, which makes a terminal of a computer step by step, and what somebody comes
// back for. A scanner that types is calibrated with a code on the screen, the printer is chosen and prints a test page that is also shown,
// doctor's checks are made, a file for support is written, and the store's logo is chosen. What the window knows is a State, which
// changes by pure functions (Happen) that order what is to be done, and says what is to be seen by View; Screen draws that.
package setup

import "image"

// Phase is how far the scanner has come.
type Phase string

// The phases.
const (
	Waiting Phase = ""       // nothing has been scanned yet
	Learnt  Phase = "learnt" // the code on the screen arrived, and was understood
	Wrong   Phase = "wrong"  // something else arrived
	Line    Phase = "line"   // a scanner on a serial line was heard
	Paper   Phase = "paper"  // the code of the test page was read
)

// Scanner is what was learnt of a scanner that types.
type Scanner struct {
	Layout    string // what its symbols are mended as, a scanner.Layout's name; "" where nothing has to be
	Suffix    string // "enter", "tab", "none"
	GapMillis int    // between two keys
	Slow      bool   // so slow that it can hardly be told from a person
	Unkept    bool   // it could not be stored
}

// Printer is how the printer is, in words of the window's language.
type Printer struct {
	How, Do string // its state, and what is to be done about it, "" for nothing
	Well    bool   // it can print
	Needs   bool   // somebody has to go there
	Job     string // what became of the test page, "" before there is one
	Failed  bool   // the test page could not be made
	Tried   Said   // what came of a test page for a printer that slips do not go to yet; zero where there was none
	Slip    image.Image
}

// fewest is the least keys that count as a scan: fewer are somebody's elbow.
const fewest = 4

// Ears tell what scans mean.
type Ears struct {
	// Learn learns from the keys of one scan, and stores what it has learnt; an error says that they are not the calibration's code.
	Learn func(keys []Key) (Scanner, error)
	// Mend writes a typed text as the scanner meant it.
	Mend func(text string) string
	// TestCode is the code on the test page.
	TestCode string
}

// Typed takes the keys of one scan.
func (s State) Typed(keys []Key, ears Ears) State {
	if !s.hears() {
		return s
	}
	var text []rune
	for _, key := range keys {
		if key.Rune != '\r' && key.Rune != '\t' {
			text = append(text, key.Rune)
		}
	}
	switch {
	case len(text) < fewest:
		return s
	case ears.Mend(string(text)) == ears.TestCode:
		s.Phase = Paper
		return s
	}
	learnt, err := ears.Learn(keys)
	if err != nil {
		s.Phase = Wrong
		return s
	}
	s.Phase, s.Scanner = Learnt, learnt
	return s
}

// Heard takes a code from a scanner on a serial line.
func (s State) Heard(code string, ears Ears) State {
	if !s.hears() {
		return s
	}
	if s.Phase = Line; code == ears.TestCode {
		s.Phase = Paper
	}
	return s
}
