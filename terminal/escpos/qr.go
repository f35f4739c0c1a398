package escpos

import (
	"fmt"
	"sync"

	qrcode "github.com/skip2/go-qrcode"
)

// prepared are QR codes that were drawn before they were needed: choosing the mask takes longer than the rest of a slip.
type prepared struct {
	mu    sync.Mutex
	codes map[string][][]bool
	order []string // the oldest first
}

// most is how many codes are kept.
const most = 16

// PrepareQR draws the QR code of a text that will soon stand on a slip, so that Encode does not have to. It is for text that many slips
// do not share; what was prepared and never printed makes room for what comes later.
func (t *Typesetter) PrepareQR(text string) error {
	modules, err := modulesOf(text)
	if err != nil {
		return err
	}
	t.qrs.mu.Lock()
	defer t.qrs.mu.Unlock()
	if t.qrs.codes == nil {
		t.qrs.codes = map[string][][]bool{}
	}
	if _, known := t.qrs.codes[text]; !known {
		t.qrs.order = append(t.qrs.order, text)
	}
	t.qrs.codes[text] = modules
	for len(t.qrs.order) > most {
		delete(t.qrs.codes, t.qrs.order[0])
		t.qrs.order = t.qrs.order[1:]
	}
	return nil
}

// modules are the dark and light squares of a QR code, row by row, without the quiet zone.
func (t *Typesetter) modules(text string) ([][]bool, error) {
	t.qrs.mu.Lock()
	modules, known := t.qrs.codes[text]
	t.qrs.mu.Unlock()
	if known {
		return modules, nil
	}
	return modulesOf(text)
}

func modulesOf(text string) ([][]bool, error) {
	code, err := codeOf(text)
	if err != nil {
		return nil, err
	}
	return code.Bitmap(), nil
}

func codeOf(text string) (*qrcode.QRCode, error) {
	if err := checkQR(text); err != nil {
		return nil, err
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("the QR code: %w", err)
	}
	code.DisableBorder = true
	return code, nil
}

// sideOf is how many squares the code of a text is wide: of version 1, 21, and 4 more of each version (ISO/IEC 18004, 6.3.1).
func sideOf(text string) (int, error) {
	if err := checkQR(text); err != nil {
		return 0, err
	}
	version := versionOf(text)
	if version == 0 {
		code, err := codeOf(text)
		if err != nil {
			return 0, err
		}
		version = code.VersionNumber
	}
	return 17 + 4*version, nil
}

// mediumBits is how many bits of data a code of versions 1 to 9 holds at level M (ISO/IEC 18004, table 7).
var mediumBits = [...]int{128, 224, 352, 512, 688, 864, 992, 1232, 1456}

// versionOf is the version of the code of a text of digits and capitals, such as the id that is on each slip: 0 where it takes the
// encoder to tell. A printer that draws the code itself needs no more, and the encoder takes longer than all else of a slip's bytes.
func versionOf(text string) int {
	digits := 0
	for _, b := range []byte(text) {
		switch {
		case b >= '0' && b <= '9':
			digits++
		case b < 'A' || b > 'Z':
			return 0
		}
	}
	// In one stretch of alphanumeric mode it takes the most; numeric mode can save at most this much, before it costs a head of its own.
	most := 13 + len(text)/2*11 + len(text)%2*6
	least := 13 + (len(text)-digits)*11/2 + digits*10/3
	for i, bits := range mediumBits {
		if least <= bits {
			if most <= bits {
				return i + 1
			}
			return 0
		}
	}
	return 0
}
