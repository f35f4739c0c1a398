//go:build unix

package station

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"countersign/terminal/scanner"
)

// line is a scanner on a pseudo-terminal.
func line(t *testing.T) (scans *os.File, target string) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); tty.Close() })
	if _, err := term.MakeRaw(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	return master, "serial:" + tty.Name()
}

// If one of two scanners on a counter were not heard, the cashier would scan in vain and blame the voucher.
func TestSeveralScannersAreHeardAtOnce(t *testing.T) {
	first, one := line(t)
	second, two := line(t)
	gone := "serial:" + filepath.Join(t.TempDir(), "unplugged")
	reader := &Reader{Settings: Settings{Scanner: Targets{one, two, gone}}}
	ctx, stop := context.WithCancel(t.Context())
	codes, there, over := make(chan string, 8), make(chan int, 8), make(chan struct{})
	go func() {
		defer close(over)
		reader.Listen(ctx, func(code string) { codes <- code }, func(now, all int) {
			if all != 3 {
				t.Errorf("%d scanners in all", all)
			}
			there <- now
		})
	}()
	deadline := time.After(20 * time.Second)
	for now := 0; now < 2; {
		select {
		case now = <-there:
		case <-deadline:
			t.Fatal("two scanners are plugged in, and are not there")
		}
	}
	for range 3 {
		first.WriteString("7K3M-Q9TX-4B2H-Q\r\n")
		second.WriteString("]Q10123456789ABV\r")
	}
	var got []string
	for len(got) < 2 {
		select {
		case code := <-codes:
			got = append(got, code)
		case <-deadline:
			t.Fatalf("heard %q", got)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"0123456789ABV", "7K3M-Q9TX-4B2H-Q"}) {
		t.Errorf("heard %q", got)
	}
	stop()
	<-over
	if len(codes) > 0 {
		t.Errorf("the same code within a moment was taken again: %q", <-codes)
	}
}

// If what was learnt of a scanner did not outlive the night, every morning would begin with codes that nobody can read.
func TestWhatWasLearntOfAScannerIsKept(t *testing.T) {
	folder := t.TempDir()
	if layout, err := LearntScanner(folder); err != nil || len(layout.Runes) != 0 {
		t.Errorf("before it was learnt: %v, %v", layout, err)
	}
	layout := scanner.Layout{Name: "fr", Runes: map[rune]rune{'à': '0', '&': '1', '(': '5'}}
	if err := KeepScanner(folder, scanner.Learnt{Layout: layout, Suffix: scanner.SuffixTab}); err != nil {
		t.Fatal(err)
	}
	kept, err := LearntScanner(folder)
	if err != nil || kept.Name != "fr" || kept.Apply("à&(") != "015" {
		t.Errorf("kept %v, %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(folder, layoutName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LearntScanner(folder); err == nil {
		t.Error("a torn file is taken for a layout")
	}
}
