// Package fonts holds the typeface of the screen and of a slip's picture: Noto Sans SC, cut down to the characters that README.md names. Both
// weights are OpenType fonts with one face each, 1000 units to the em, under the SIL Open Font License (OFL.txt).
package fonts

import _ "embed"

//go:embed NotoSansSC-Regular.otf
var regular []byte

//go:embed NotoSansSC-Bold.otf
var bold []byte

// Regular returns the bytes of the regular weight. They must not be changed.
func Regular() []byte { return regular }

// Bold returns the bytes of the bold weight. They must not be changed.
func Bold() []byte { return bold }
