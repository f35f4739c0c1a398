package sounds

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var all = map[string]func() []byte{"redeemed.wav": Redeemed, "ready.wav": Ready, "declined.wav": Declined, "ask.wav": Ask, "queued.wav": Queued}

// samples reads a WAV file as this package promises it.
func samples(t *testing.T, name string, data []byte) []int16 {
	t.Helper()
	var header struct {
		Riff          [4]byte
		Size          uint32
		Wave          [8]byte
		FormatSize    uint32
		Format        uint16
		Channels      uint16
		Rate, PerSec  uint32
		Frame, Bits   uint16
		Data          [4]byte
		SamplesLength uint32
	}
	reader := bytes.NewReader(data)
	if err := binary.Read(reader, binary.LittleEndian, &header); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if string(header.Riff[:]) != "RIFF" || string(header.Wave[:]) != "WAVEfmt " || header.Format != 1 || header.Channels != 1 ||
		header.Rate != 44100 || header.Bits != 16 || int(header.Size)+8 != len(data) || int(header.SamplesLength) != reader.Len() {
		t.Fatalf("%s: not a WAV file of 16 bits, mono, 44,100 a second: %+v", name, header)
	}
	values := make([]int16, reader.Len()/2)
	if err := binary.Read(reader, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	return values
}

// pitch is a part's frequency in hertz, by how often it crosses zero upwards.
func pitch(values []int16) float64 {
	crossings := 0
	for i := 1; i < len(values); i++ {
		if values[i-1] < 0 && values[i] >= 0 {
			crossings++
		}
	}
	return float64(crossings) * 44100 / float64(len(values))
}

// A cashier hears whether it worked before she looks up: yes rises, no falls and is low, a question is neither.
func TestSoundsAreToldApart(t *testing.T) {
	ends := map[string][2]float64{}
	for name, data := range all {
		values := samples(t, name, data())
		length := len(values)
		ends[name] = [2]float64{pitch(values[:min(3000, length/2)]), pitch(values[max(length/2, length-6000):])}
	}
	if p := ends["redeemed.wav"]; p[1] < p[0]*1.3 {
		t.Errorf("redeemed does not rise: %v", p)
	}
	if p := ends["ready.wav"]; math.Abs(p[1]-p[0]) > 60 || p[0] < ends["ask.wav"][0]*1.3 {
		t.Errorf("ready changes its pitch, or is as low as a question: %v", p)
	}
	if length := len(samples(t, "queued.wav", Queued())); length*3 > len(samples(t, "ready.wav", Ready())) {
		t.Errorf("queued is no tick: %d samples", length)
	}
	if p := ends["declined.wav"]; p[1] > p[0]*0.8 || p[0] > 400 {
		t.Errorf("declined does not fall, or is not low: %v", p)
	}
	if p := ends["ask.wav"]; math.Abs(p[1]-p[0]) > 60 {
		t.Errorf("ask changes its pitch: %v", p)
	}
}

// A click at either end, or a distorted peak, is heard some hundred times a day; a long sound is still playing at the next scan.
func TestSoundsAreShortAndClean(t *testing.T) {
	for name, data := range all {
		values := samples(t, name, data())
		if seconds := float64(len(values)) / 44100; seconds > 0.6 {
			t.Errorf("%s plays %.2f s", name, seconds)
		}
		peak := 0
		for _, value := range values {
			peak = max(peak, int(math.Abs(float64(value))))
		}
		if peak < 15000 || peak > 30000 {
			t.Errorf("%s peaks at %d of 32767", name, peak)
		}
		if first, last := values[0], values[len(values)-1]; first != 0 || math.Abs(float64(last)) > 300 {
			t.Errorf("%s begins at %d and ends at %d", name, first, last)
		}
	}
}

// Whoever changes a sound changes the program; a file that it no longer makes could never be changed again.
func TestTheProgramMakesTheseSounds(t *testing.T) {
	folder := t.TempDir()
	if out, err := exec.Command("go", "run", "./generate", "-out", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, data := range all {
		made, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		old, new := samples(t, name, data()), samples(t, name, made)
		if len(old) != len(new) {
			t.Errorf("%s is made %d samples long, and kept %d", name, len(new), len(old))
			continue
		}
		for i := range old { // processors round differently
			if math.Abs(float64(old[i])-float64(new[i])) > 1 {
				t.Errorf("%s differs from what the program makes, at sample %d", name, i)
				break
			}
		}
	}
}

// Whoever turns the sounds down would hear them as loud as before, or distorted, or not at all.
func TestVolume(t *testing.T) {
	loudest := func(volume int) int {
		peak := 0
		for _, value := range samples(t, "redeemed.wav", At(Redeemed(), volume)) {
			peak = max(peak, int(math.Abs(float64(value))))
		}
		return peak
	}
	full := loudest(100)
	if half := loudest(50); half < full/2-1 || half > full/2+1 || loudest(0) != 0 || loudest(300) != full {
		t.Errorf("peaks of %d, %d, %d and %d", loudest(0), half, full, loudest(300))
	}
}
