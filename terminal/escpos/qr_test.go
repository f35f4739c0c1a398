package escpos

import (
	"math/rand/v2"
	"testing"

	"countersign/terminal"
)

// If this fails, the code on a slip is printed larger or smaller than its paper has room for.
func TestSizeOfACodeIsTheEncoders(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	known := 0
	check := func(text string) {
		code, err := codeOf(text)
		if err != nil {
			t.Fatal(err)
		}
		side, err := sideOf(text)
		if want := 17 + 4*code.VersionNumber; err != nil || side != want {
			t.Fatalf("the code of %q is taken to be %d squares wide, and is %d: %v", text, side, want, err)
		}
		if versionOf(text) != 0 {
			known++
		}
	}
	ids := 0
	for range 300 {
		var id terminal.UID
		for i := range id {
			id[i] = byte(random.Uint32())
		}
		check(id.String())
		if versionOf(id.String()) != 0 {
			ids++
		}
	}
	if ids < 270 {
		t.Errorf("the size of only %d of 300 ids is known without the encoder", ids)
	}
	for length := 1; length <= 300; length++ { // from letters alone to digits alone
		for _, among := range []uint32{2, 10, 11, 12, 36} {
			text := make([]byte, length)
			for i := range text {
				text[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[35-random.Uint32N(among)]
				if among <= 12 {
					text[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[random.Uint32N(among)]
				}
			}
			check(string(text))
		}
	}
	if known < 400 {
		t.Errorf("the size of only %d codes is known without the encoder", known)
	}
}
