package main

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// One picture held before the scanner, or a cat on the keyboard, would leave every later customer without an answer.
func TestCounterReadsOnAfterALineThatIsTooLong(t *testing.T) {
	reader := newLineReader(strings.NewReader("first\r\n" + strings.Repeat("9", 3*longestLine) + "\n\nlast"))
	for _, want := range []scanned{{text: "first"}, {tooLong: true}, {}, {text: "last"}} {
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
