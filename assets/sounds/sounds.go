// Package sounds holds what a counter plays: one short sound for each thing that can happen, told apart without looking. Each is a
// WAV file, mono, 16 bits, 44,100 samples a second. They are our own, made by the program in generate, and free for any use
// (CC0 1.0).
package sounds

import _ "embed"

//go:generate go run ./generate

//go:embed approved.wav
var approved []byte

//go:embed declined.wav
var declined []byte

//go:embed ask.wav
var ask []byte

// Approved is two bright notes that rise: a voucher was honoured.
func Approved() []byte { return approved }

// Declined is two low notes that fall: it was not.
func Declined() []byte { return declined }

// Ask is one note, twice: the cashier is asked something.
func Ask() []byte { return ask }
