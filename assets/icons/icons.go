// Package icons holds the program's icon: a voucher with a countersign, our own drawing, made by the program in generate. It is free
// for any use (CC0 1.0).
package icons

import _ "embed"

//go:generate go run ./generate

//go:embed countersign.svg
var drawing []byte

//go:embed countersign.png
var picture []byte

// SVG returns the icon as a drawing, 512 by 512 units.
func SVG() []byte { return drawing }

// PNG returns the icon as a picture of 512 by 512 pixels with a transparent ground.
func PNG() []byte { return picture }
