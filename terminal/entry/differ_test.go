package entry

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countersign/terminal"
)

// If this fails, a new version writes another entry than an old one, and chains that shops keep do not verify any more.
func TestEncodeWritesWhatTheLibraryWrote(t *testing.T) {
	for _, e := range samples() {
		compareWritten(t, e)
	}
	rapid.Check(t, func(t *rapid.T) { compareWritten(t, drawEntry(t)) })
}

func compareWritten(t rapid.TB, e terminal.Entry) {
	want, err := encodeByLibrary(e)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Encode(e); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("an entry is written as %x and was written as %x: %v", got, want, err)
	}
	got, err := Decode(want)
	old, err2 := decodeByLibrary(want)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if diff := cmp.Diff(old, got, cmp.Comparer(sameTime)); diff != "" {
		t.Fatal(diff)
	}
}

// If this fails, a cloud of one version refuses what a terminal of another wrote, or takes what it must not.
func TestDecodeTakesWhatTheLibraryTook(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for _, s := range sealAll(t, samples()) {
		for range 1500 {
			raw := bytes.Clone(s.Bytes)
			for range 1 + random.IntN(2) {
				at := random.IntN(len(raw))
				switch random.IntN(4) {
				case 0:
					raw[at] ^= 1 << random.IntN(8)
				case 1:
					raw[at] = byte(random.Uint32())
				case 2:
					raw = append(raw[:at], raw[at+1:]...)
				case 3:
					raw = append(raw[:at], append([]byte{byte(random.Uint32())}, raw[at:]...)...)
				}
			}
			compareRead(t, raw)
			if _, err := Decode(raw); err == nil {
				taken++
			}
		}
	}
	if taken == 0 {
		t.Error("nothing that was changed could still be read: the comparison is of errors alone")
	}
}

func compareRead(t *testing.T, raw []byte) {
	t.Helper()
	got, err := Decode(raw)
	old, oldErr := decodeByLibrary(raw)
	if (err == nil) != (oldErr == nil) {
		t.Fatalf("%x is read with %v and was read with %v", raw, err, oldErr)
	}
	if err != nil {
		return
	}
	if diff := cmp.Diff(old, got, cmp.Comparer(sameTime)); diff != "" {
		t.Fatalf("%x: %s", raw, diff)
	}
}
