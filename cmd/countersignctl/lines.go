package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// longestLine is more than any code with all that can be said beside it, in bytes.
const longestLine = 64 << 10

// scanned is a line of a counter's input. One that is too long is no code: nothing of it is kept.
type scanned struct {
	text    string
	tooLong bool
}

// lineReader reads a counter's lines. Unlike a bufio.Scanner it goes on after a line that is too long.
type lineReader struct {
	in    *bufio.Reader
	begun bool
}

func newLineReader(in io.Reader) *lineReader { return &lineReader{in: bufio.NewReader(in)} }

// byteOrderMark is what editors put before the first line of a file.
const byteOrderMark = "\ufeff"

// next returns the next line without its end, or io.EOF after the last.
func (r *lineReader) next() (scanned, error) {
	var text strings.Builder
	tooLong, some := false, false
	for {
		piece, err := r.in.ReadSlice('\n')
		some = some || len(piece) > 0
		if tooLong = tooLong || text.Len()+len(piece) > longestLine; !tooLong {
			text.Write(piece)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && some, err == nil:
			if tooLong {
				return scanned{tooLong: true}, nil
			}
			line := strings.TrimRight(text.String(), "\r\n")
			if !r.begun {
				line = strings.TrimPrefix(line, byteOrderMark)
			}
			r.begun = true
			return scanned{text: line}, nil
		}
		return scanned{}, err
	}
}
