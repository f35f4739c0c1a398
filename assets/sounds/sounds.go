// Package sounds holds what a counter plays: one short sound for each thing that can happen, told apart without looking. Each is a
// WAV file, mono, 16 bits, 44,100 samples a second. They are our own, made by the program in generate, and free for any use
// (CC0 1.0).
package sounds

import (
	_ "embed"
	"encoding/binary"
)

//go:generate go run ./generate

//go:embed redeemed.wav
var redeemed []byte

//go:embed ready.wav
var ready []byte

//go:embed declined.wav
var declined []byte

//go:embed ask.wav
var ask []byte

//go:embed queued.wav
var queued []byte

// Redeemed is two bright notes that rise: a voucher was honoured, and that is on disk.
func Redeemed() []byte { return redeemed }

// Ready is one soft note: a voucher can be honoured, and waits for a yes.
func Ready() []byte { return ready }

// Declined is two low notes that fall: it was not.
func Declined() []byte { return declined }

// Ask is one note, twice: the cashier is asked something.
func Ask() []byte { return ask }

// Queued is a short tick: a scan was taken, and waits its turn.
func Queued() []byte { return queued }

// headerBytes is how long the header of each of these files is.
const headerBytes = 44

// At is one of these sounds at a volume in percent, 0 to 100, as a file of its own.
func At(sound []byte, volume int) []byte {
	out := append([]byte(nil), sound...)
	for i := headerBytes; i+1 < len(out); i += 2 {
		sample := int(int16(binary.LittleEndian.Uint16(out[i:])))
		binary.LittleEndian.PutUint16(out[i:], uint16(int16(sample*min(max(volume, 0), 100)/100)))
	}
	return out
}
