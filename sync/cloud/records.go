package cloud

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// records reads a CSV file record by record, so that one broken row takes no other with it: a quotation mark that is never closed, or
// closed somewhere in another row, spoils its own line alone, and what follows is read on from the next line.
type records struct {
	rest      []byte
	separator rune
	line      int // of the next record, from 1
}

// recordMost is how many lines one record can have: a quoted field may hold line breaks, and nobody's holds more.
const recordMost = 50

// next returns a record with its first line and the number of its lines, or io.EOF, or *csv.ParseError of one line.
func (r *records) next() (record []string, line, lines int, err error) {
	for len(r.rest) > 0 {
		one := firstLines(r.rest, 1)
		record, _, broken := r.parse(one)
		line, lines, length := r.line, 1, len(one)
		if errors.Is(broken, csv.ErrQuote) {
			several := firstLines(r.rest, recordMost)
			if whole, end, err := r.parse(several); err == nil {
				record, broken, length = whole, nil, end
				lines = max(1, bytes.Count(bytes.TrimSuffix(several[:end], []byte("\n")), []byte("\n"))+1)
			}
		}
		r.rest, r.line = r.rest[length:], r.line+lines
		if errors.Is(broken, io.EOF) {
			continue // an empty line
		}
		return record, line, lines, broken
	}
	return nil, r.line, 0, io.EOF
}

func (r *records) parse(text []byte) (record []string, length int, err error) {
	file := csv.NewReader(bytes.NewReader(text))
	file.Comma = r.separator
	file.FieldsPerRecord = -1
	file.TrimLeadingSpace = true
	record, err = file.Read()
	return record, int(file.InputOffset()), err
}

// firstLines is the beginning of a text, up to so many lines with their ends.
func firstLines(text []byte, count int) []byte {
	end := 0
	for range count {
		next := bytes.IndexByte(text[end:], '\n')
		if next < 0 {
			return text
		}
		end += next + 1
	}
	return text[:end]
}

// notTaken is what is wrong with a row, and names each of its lines: a stray quotation mark may have drawn good rows into it.
func notTaken(fault error, line, lines int) []RowError {
	all := []RowError{{line, fault.Error()}}
	for further := line + 1; further < line+lines; further++ {
		all = append(all, RowError{further, fmt.Sprintf("a quotation mark makes this part of the row of line %d, so that it was not taken either", line)})
	}
	return all
}
