package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// One picture held before the scanner, or a cat on the keyboard, would leave every later customer without an answer.
func TestCounterReadsOnAfterALineThatIsTooLong(t *testing.T) {
	reader := newLineReader(strings.NewReader(byteOrderMark + "first\r\n" + byteOrderMark + "second\n" + strings.Repeat("9", 3*longestLine) + "\n\nlast"))
	for _, want := range []scanned{{text: "first"}, {text: byteOrderMark + "second"}, {tooLong: true}, {}, {text: "last"}} {
		if line, err := reader.next(); err != nil || line != want {
			t.Errorf("read %.20q (too long: %v), %v; want %+v", line.text, line.tooLong, err, want)
		}
	}
	if _, err := reader.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last line: %v", err)
	}
}

func TestOneIsNotSeveral(t *testing.T) {
	// "1 vouchers" on the first line that a technician reads looks like a program nobody cares for.
	for n, want := range map[int64]string{0: "0 vouchers", 1: "1 voucher", 2: "2 vouchers"} {
		if got := several(n, "voucher"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// A slip in a script would hand over a whole order where nothing was meant, or be looked up and written down as a code.
func TestWhatSaysNothingIsNotTaken(t *testing.T) {
	for _, word := range []string{"lines=", "amount=", "units=", "order=", "and=", "approve="} {
		if err := new(asked).set(word); err == nil {
			t.Errorf("%q was taken", word)
		}
	}
	for _, word := range []string{"lines=a,b", "order=all", "units=2"} {
		if err := new(asked).set(word); err != nil {
			t.Errorf("%q: %v", word, err)
		}
	}
}
