package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"countersign/terminal"
)

// table is rows of cells, set in columns two apart. A Chinese character takes two columns of a screen, which text/tabwriter does not know.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

// String is the table as it is printed, each row on a line of its own.
func (t table) String() string {
	var widths []int
	for _, cells := range t {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], terminal.Columns(cell))
		}
	}
	var text strings.Builder
	for _, cells := range t {
		for i, cell := range cells {
			text.WriteString(cell)
			if i < len(cells)-1 {
				text.WriteString(strings.Repeat(" ", widths[i]-terminal.Columns(cell)+2))
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// counted says a number with its word: "1 entry", "2 entries".
func counted[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// createFile makes the file that a command was told to write.
func createFile(path string) (io.WriteCloser, error) {
	file, err := os.Create(path)
	switch {
	case err == nil:
		return file, nil
	case os.IsNotExist(err):
		return nil, &failure{exitUsage, "make the folder first, or write to another", fmt.Errorf("%s cannot be written: there is no such folder", path)}
	case os.IsPermission(err):
		return nil, &failure{exitUsage, "write to a folder of your own", fmt.Errorf("%s cannot be written: this account may not", path)}
	}
	return nil, &failure{exitFailed, "check the disk, or write to another folder", fmt.Errorf("%s cannot be written: %w", path, err)}
}
