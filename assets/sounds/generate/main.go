// Command generate makes the counter's sounds: it writes redeemed.wav, ready.wav, declined.wav, ask.wav and queued.wav into the
// folder it is started in, or into -out.
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"log"
	"math"
	"os"
	"path/filepath"
)

const rate = 44100 // samples a second

// note is a tone with harmonics that begins at a time and rings out.
type note struct {
	begin, length float64 // seconds
	pitch         float64 // hertz
	harmonics     []float64
}

// bell rings bright and clean; reed is dull and buzzes, which carries through a noisy shop at low pitch.
var (
	bell = []float64{1, 0.35, 0.1}
	reed = []float64{1, 0.5, 0.35, 0.2, 0.12}
)

var sounds = map[string][]note{
	"redeemed.wav": {{0, 0.12, 1046.5, bell}, {0.09, 0.30, 1568.0, bell}}, // C6, G6
	"ready.wav":    {{0, 0.22, 1046.5, bell}},                             // C6: the first half of redeemed
	"queued.wav":   {{0, 0.05, 2093.0, bell}},                             // C7, a tick
	"declined.wav": {{0, 0.20, 233.1, reed}, {0.17, 0.34, 164.8, reed}},   // B♭3, E3
	"ask.wav":      {{0, 0.14, 698.5, bell}, {0.19, 0.20, 698.5, bell}},   // F5 twice
}

// attack is how long a note takes to come in, in seconds: at once would click.
const attack = 0.006

// loud is the peak of a sound, of 1: below what cheap speakers distort.
const loud = 0.7

// sample is the note's value at a time of the sound.
func (n note) sample(at float64) float64 {
	at -= n.begin
	if at < 0 || at >= n.length {
		return 0
	}
	value := 0.0
	for i, strength := range n.harmonics {
		value += strength * math.Sin(2*math.Pi*n.pitch*float64(i+1)*at)
	}
	envelope := math.Min(1, at/attack) * math.Exp(-4*at/n.length) * math.Min(1, (n.length-at)/(0.2*n.length))
	return value * envelope
}

// render mixes notes into samples whose peak is loud.
func render(notes []note) []int16 {
	end := 0.0
	for _, n := range notes {
		end = math.Max(end, n.begin+n.length)
	}
	mixed, peak := make([]float64, int(end*rate)), 0.0
	for i := range mixed {
		for _, n := range notes {
			mixed[i] += n.sample(float64(i) / rate)
		}
		peak = math.Max(peak, math.Abs(mixed[i]))
	}
	samples := make([]int16, len(mixed))
	for i, value := range mixed {
		samples[i] = int16(math.Round(value / peak * loud * math.MaxInt16))
	}
	return samples
}

// wav wraps samples into a RIFF WAVE file: PCM, mono, 16 bits.
func wav(samples []int16) []byte {
	var out bytes.Buffer
	size := uint32(2 * len(samples))
	out.WriteString("RIFF")
	put := func(value any) {
		if err := binary.Write(&out, binary.LittleEndian, value); err != nil {
			panic(err) // a bytes.Buffer takes everything
		}
	}
	put(36 + size)
	out.WriteString("WAVEfmt ")
	put(uint32(16))
	put([]uint16{1, 1}) // PCM, one channel
	put([]uint32{rate, 2 * rate})
	put([]uint16{2, 16}) // bytes a frame, bits a sample
	out.WriteString("data")
	put(size)
	put(samples)
	return out.Bytes()
}

func main() {
	folder := flag.String("out", ".", "the folder to write to")
	flag.Parse()
	for name, notes := range sounds {
		if err := os.WriteFile(filepath.Join(*folder, name), wav(render(notes)), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
