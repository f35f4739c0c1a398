package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestOnlyTheTimesChange(t *testing.T) {
	// Two builds of the same sources would differ, and nobody could check what was handed out.
	made := func(at uint64) []byte {
		stream := make([]byte, summaryAt+20)
		stream[0], stream[1] = 0xFE, 0xFF
		copy(stream[summaryAt:], summary)
		le := binary.LittleEndian
		le.PutUint32(stream[summaryAt+16:], uint32(len(stream)))
		for _, n := range []uint32{80, 3, 2, 32, created, 44, saved, 56, 30, 4, 0x78747874, filetime} {
			stream = le.AppendUint32(stream, n)
		}
		stream = le.AppendUint64(stream, at)
		stream = le.AppendUint32(stream, filetime)
		stream = le.AppendUint64(stream, at+1)
		return append(append(bytes.Repeat([]byte("before"), 100), stream...), "behind"...)
	}
	one, two := made(132_000_000_000_000_000), made(133_000_000_000_000_000)
	for _, text := range [][]byte{one, two} {
		if err := settle(text, 1_700_000_000); err != nil {
			t.Fatal(err)
		}
	}
	if want := made(133_444_736_000_000_000); !bytes.Equal(one, two) || bytes.Equal(one, want) || len(one) != len(want) {
		t.Error("what is left differs in more than the times")
	}
	if !bytes.Contains(one, binary.LittleEndian.AppendUint64(nil, 133_444_736_000_000_000)) {
		t.Error("the time is not the one that was given")
	}
	for _, broken := range [][]byte{nil, []byte("no installer"), summary, append(made(1), summary...), made(1)[:640]} {
		if err := settle(broken, 1); err == nil {
			t.Errorf("%d bytes that are no installer are taken for one", len(broken))
		}
	}
}
