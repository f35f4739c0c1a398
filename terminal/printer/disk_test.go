//go:build unix

package printer_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/terminal/printer/fakeprinter"
)

func TestFullDiskPrintsNothing(t *testing.T) {
	// Broken in the shop: a slip leaves though nothing on disk says so; after a restart it comes again. Or none is printed any more, though
	// there is room again.
	p := fake(t, fakeprinter.Options{})
	s := newSpool()
	s.disk(true)
	id := s.add(slip("full"), time.Now())
	run(t, s, quick(p.Path()))
	eventually(t, "it was tried more than once", func() bool { return s.refusals() > 2 })
	if len(p.Bytes()) != 0 {
		t.Fatalf("printed %q", p.Bytes())
	}
	s.disk(false)
	s.reaches(t, id, terminal.JobPrinted)
}

func TestFullDiskForgetsNoSlipThatWasBegun(t *testing.T) {
	// Broken in the shop: the journal's disk fills while a slip is printed. It is "being printed" for ever, nobody can settle it, and no
	// other slip comes out before the program is started again.
	p := fake(t, fakeprinter.Options{Buffer: 256})
	s := newSpool()
	w, _ := run(t, s, quick(p.Path()))
	p.Refill(300)
	first, second := s.add(slip("first"), time.Now()), s.add(slip("second"), time.Now())
	w.Nudge()
	eventually(t, "the first is on its way", func() bool { return !p.HasPaper() })
	s.disk(true)
	p.Refill(1 << 20)
	eventually(t, "the first is on paper, and the disk takes no word of it", func() bool {
		return bytes.Contains(p.Bytes(), slip("first")) && s.refusals() > 3
	})
	if job := s.job(second); job.State != terminal.JobQueued || bytes.Contains(p.Bytes(), []byte("second")) {
		t.Errorf("the second slip was begun: %s", job.State)
	}
	s.disk(false)
	s.reaches(t, first, terminal.JobPrinted)
	s.reaches(t, second, terminal.JobPrinted)
	if n := bytes.Count(p.Bytes(), slip("first")); n != 1 {
		t.Errorf("the first is %d times on paper", n)
	}
}

func TestPipeThatNobodyReadsHoldsNothingUp(t *testing.T) {
	// Broken in the shop: the check of the printer hangs for ever, and only a kill ends it.
	pipe := filepath.Join(t.TempDir(), "slips")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if now := printer.Look(t.Context(), printer.Config{Target: "file:" + pipe}); now.State != printer.StateMissing || !now.Needs() {
		t.Errorf("a pipe that nobody reads: %+v", now)
	}
	if _, err := printer.Open("file:" + pipe); !errors.Is(err, printer.ErrMissing) {
		t.Errorf("opening it: %v", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	port, err := printer.Open("file:" + pipe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Write([]byte("slip")); err != nil {
		t.Error(err)
	}
	got := make([]byte, 8)
	if n, err := reader.Read(got); err != nil || string(got[:n]) != "slip" {
		t.Errorf("%q came out, %v", got[:n], err)
	}
	port.Close()
}

// narrow is a file on a disk that takes so many bytes more.
type narrow struct {
	printer.Port
	room *atomic.Int64
}

func (n narrow) Write(data []byte) (int, error) {
	some := max(0, min(int64(len(data)), n.room.Load()))
	n.room.Add(-some)
	if wrote, err := n.Port.Write(data[:some]); err != nil || some == int64(len(data)) {
		return wrote, err
	}
	return int(some), syscall.ENOSPC
}

func (n narrow) Undo() bool { return n.Port.(printer.Undoer).Undo() }

func TestFileOnAFullDiskGetsEachSlipWholeOnce(t *testing.T) {
	// Broken in the shop: the disk fills in the middle of a slip that goes into a file. Half of it stands there, the screen says that the
	// printer went away, and it never comes whole.
	path := filepath.Join(t.TempDir(), "slips.bin")
	var room atomic.Int64
	room.Store(int64(len(slip("one")) + 700))
	config := quick("")
	config.Target, config.Status = "file:"+path, "no"
	config.Open = func(target string) (printer.Port, error) {
		port, err := printer.Open(target)
		return narrow{port, &room}, err
	}
	s := newSpool()
	one, two := s.add(slip("one"), time.Now()), s.add(slip("two"), time.Now())
	w, _ := run(t, s, config)
	s.reaches(t, one, terminal.JobSent)
	eventually(t, "the second does not fit", func() bool {
		return s.job(two).Detail == terminal.DetailRetry && w.Status().State == printer.StateMissing
	})
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, slip("one")) {
		t.Errorf("%d bytes stand in the file, %v", len(got), err)
	}
	room.Store(1 << 20)
	s.reaches(t, two, terminal.JobSent)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, append(slip("one"), slip("two")...)) {
		t.Errorf("%d bytes stand in the file, %v", len(got), err)
	}
}
