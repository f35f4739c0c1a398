package terminal

import (
	"unicode"
	"unicode/utf8"
)

// Legible reports whether a name shows as what it is wherever it is shown: it is UTF-8 and holds no control characters, no line breaks
// and none of the marks that turn the direction of writing (Unicode Standard Annex 9), behind which another name can be hidden.
func Legible(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return false
		}
	}
	return true
}

// HolderMost is how many letters a holder's name has at most: it is a short display name.
const HolderMost = 60

// shortHolder is a holder's name as it fits on a slip. One that was stored before HolderMost held is cut.
func shortHolder(name string) string {
	letters := []rune(name)
	if len(letters) <= HolderMost {
		return name
	}
	return string(letters[:HolderMost-1]) + "…"
}
