package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/printer/fakeprinter"
	"countersign/ui/counter"
)

// patience is how long anything may take: the machine may be busy, and draws without a graphics card.
const patience = 90 * time.Second

// shopfloor is a screen, a cloud, a printer on a pseudo-terminal, and the real desktop between them.
type shopfloor struct {
	t       *testing.T
	display string
	window  string
	world   *demo.Demo
	printer *fakeprinter.Printer
	folder  string
	child   *exec.Cmd
	trouble bytes.Buffer
	quiet   sync.Mutex
	changed chan sight
	sight   sight
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: the journey types into a real window. \"make test\" installs it on Debian; elsewhere install it and try again.", name)
	}
	return path
}

// startScreen starts an X server without a screen on a display that is free.
func startScreen(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Nobody here holds a key down. A machine that is busy keeps xdotool waiting between a key's press and its release, as no scanner does, and
	// the server would repeat the letter (-r).
	server := exec.Command(program(t, "Xvfb"), "-r", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{write}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	_ = write.Close()
	if err := read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not come up: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

func openShop(t *testing.T) *shopfloor {
	t.Helper()
	f := &shopfloor{t: t, changed: make(chan sight, 4096)}
	program(t, "xdotool")
	f.display = startScreen(t)
	var err error
	if f.world, err = demo.Start(t.Context(), demo.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.world.Close(); err != nil {
			t.Error(err)
		}
	})
	// The desktop opens the counter's folder itself.
	f.folder = f.world.Station.Folder()
	if err := f.world.Station.Close(); err != nil {
		t.Fatal(err)
	}
	f.world.Station = nil
	if f.printer, err = fakeprinter.Start(fakeprinter.Options{Path: filepath.Join(t.TempDir(), "printer")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.printer.Close() })
	f.startDesktop()
	return f
}

func (f *shopfloor) startDesktop() {
	f.t.Helper()
	f.child = exec.Command(os.Args[0])
	home := f.t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".cache", "fyne"), 0o755); err != nil {
		f.t.Fatal(err)
	}
	f.child.Env = append(os.Environ(), journeyVariable+"=1", "DISPLAY="+f.display, "COUNTERSIGN_DATA="+f.folder,
		"COUNTERSIGN_PRINTER=serial:"+f.printer.Path(), "HOME="+home, "FYNE_SCALE=1", "FYNE_FONT=", "WAYLAND_DISPLAY=")
	out, err := f.child.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	f.child.Stderr = &locked{&f.quiet, &f.trouble}
	if err := f.child.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if f.child.ProcessState == nil {
			_ = f.child.Process.Kill()
			_ = f.child.Wait()
		}
	})
	go func() {
		defer close(f.changed)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s sight
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				f.changed <- s
			}
		}
	}()
}

// locked lets the test read what the child's errors are while they come.
type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (f *shopfloor) errors() string {
	f.quiet.Lock()
	defer f.quiet.Unlock()
	return f.trouble.String()
}

// until waits for the window to look as said.
func (f *shopfloor) until(what string, seen func(sight) bool) {
	f.t.Helper()
	late := time.After(patience)
	for !seen(f.sight) {
		select {
		case s, running := <-f.changed:
			if !running {
				f.t.Fatalf("the desktop ended while waiting for %s:\n%s", what, f.errors())
			}
			f.sight = s
		case <-late:
			f.t.Fatalf("%s was not seen; the window shows %+v\n%s", what, f.sight, f.errors())
		}
	}
}

// press does something again and again until the window looks as said: an Enter too soon after a scan does nothing.
func (f *shopfloor) press(what string, seen func(sight) bool, do ...string) {
	f.t.Helper()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	f.hands(do...)
	for !seen(f.sight) {
		select {
		case s, running := <-f.changed:
			if !running {
				f.t.Fatalf("the desktop ended while waiting for %s:\n%s", what, f.errors())
			}
			f.sight = s
		case <-again.C:
			f.hands(do...)
		case <-late:
			f.t.Fatalf("%s was not seen; the window shows %+v\n%s", what, f.sight, f.errors())
		}
	}
}

// hands runs xdotool.
func (f *shopfloor) hands(args ...string) string {
	f.t.Helper()
	command := exec.Command("xdotool", args...)
	command.Env = append(os.Environ(), "DISPLAY="+f.display)
	out, err := command.CombinedOutput()
	if err != nil {
		f.t.Fatalf("xdotool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// scan types a code as a scanner does, with its Enter.
func (f *shopfloor) scan(code string) {
	f.hands("type", "--args", "1", "--delay", "5", code, "key", "Return")
}

func ready(s sight) bool { return s.SignedIn && s.Sheet == counter.NoSheet }

func (f *shopfloor) signIn() {
	f.until("the sign-in", func(s sight) bool { return s.Sheet == counter.SignInSheet })
	f.window = strings.Fields(f.hands("search", "--sync", "--onlyvisible", "--name", "Countersign"))[0]
	f.hands("windowfocus", "--sync", f.window)
	f.until("the keyboard in the window", func(s sight) bool { return !s.Behind })
	f.press("the PIN's field", func(s sight) bool { return s.PIN }, "key", "Return")
	f.hands("type", "--delay", "150", demo.CashierPIN)
	f.until("four digits", func(s sight) bool { return s.Typed == 4 || s.SignedIn })
	f.press("Li at work", ready, "key", "Return")
}

// disturb brings the window into one of the situations in which scans used to get lost.
func (f *shopfloor) disturb(i int) {
	click := func(x, y int) { f.hands("mousemove", fmt.Sprint(x), fmt.Sprint(y), "click", "1") }
	open := func(sheet counter.Sheet) func(sight) bool { return func(s sight) bool { return s.Sheet == sheet } }
	switch i % 8 {
	case 1: // help is open
		f.hands("key", "F1")
		f.until("help", open(counter.HelpSheet))
	case 2: // a code is half typed
		f.hands("key", "F2")
		f.until("the code sheet", open(counter.CodeSheet))
		f.hands("type", "--delay", "150", "7K")
		f.until("two letters", func(s sight) bool { return s.Typed == 2 })
		f.hands("sleep", "0.3") // nobody pulls the trigger while a hand still types
	case 3: // a row of the search is chosen, by click
		f.hands("key", "F3")
		f.until("the search", open(counter.SearchSheet))
		click(640, 320)
		f.hands("key", "Down")
	case 4: // a button was clicked, and its sheet closed
		click(90, 732)
		f.until("help", open(counter.HelpSheet))
		f.hands("key", "Escape")
		f.until("no sheet", open(counter.NoSheet))
	case 5: // a recent redemption was clicked: its buttons are there
		click(1100, 130)
	case 6: // the empty panel was clicked, Tab and Space were pressed
		click(500, 300)
		f.hands("key", "Tab", "key", "Tab", "key", "space")
	case 7: // the manager's figures would be open, and ask for a manager: Esc leads back
		f.hands("key", "F12")
		f.until("the question for a manager", open(counter.SignInSheet))
		f.press("no sheet", open(counter.NoSheet), "key", "Escape")
	}
}

func TestJourney(t *testing.T) {
	// Fifty customers at a real window: a voucher would be lost, redeemed twice or unasked, or its slip would be missing.
	f := openShop(t)
	f.signIn()
	var codes []string
	for i := range 50 {
		voucher := f.world.Of(demo.Good, i)
		codes = append(codes, voucher.Code)
	}
	last := func(i int) string { return codes[i][len(codes[i])-4:] }
	for i := range 40 {
		f.disturb(i)
		f.scan(codes[i])
		f.until(fmt.Sprintf("scan %d ready to redeem", i), func(s sight) bool {
			return s.Phase == counter.ReadyToRedeem && s.Code == last(i) && s.Sheet == counter.NoSheet && s.Waiting == 0
		})
		f.press(fmt.Sprintf("scan %d redeemed", i), func(s sight) bool { return s.Phase == counter.Redeemed }, "key", "Return")
	}
	for i := 40; i < 50; i++ { // the last ten at a run
		f.scan(codes[i])
	}
	for i := 40; i < 50; i++ {
		f.until(fmt.Sprintf("scan %d in its turn", i), func(s sight) bool { return s.Code == last(i) && s.Phase == counter.ReadyToRedeem })
		f.press(fmt.Sprintf("scan %d redeemed", i), func(s sight) bool {
			return s.Phase == counter.Redeemed || (i < 49 && s.Code == last(i+1))
		}, "key", "Return")
	}
	f.untilCloudHas(50)
	f.untilPrinted(50)
	if err := f.child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.child.Wait(); err != nil {
		t.Errorf("the desktop ended with %v:\n%s", err, f.errors())
	}
	if strings.Contains(f.errors(), "Error in Fyne call thread") || strings.Contains(f.errors(), "panic") {
		t.Errorf("the desktop complained:\n%s", f.errors())
	}
	f.examine(codes)
}

// poll asks until the answer is yes.
func (f *shopfloor) poll(what string, yes func() bool) {
	f.t.Helper()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for late := time.After(patience); !yes(); {
		select {
		case <-every.C:
		case <-late:
			f.t.Fatalf("%s: waited in vain", what)
		}
	}
}

func (f *shopfloor) untilCloudHas(count int) {
	f.t.Helper()
	f.poll("redemptions in the cloud", func() bool {
		all, err := f.world.Cloud.Redemptions(f.t.Context(), demo.Store)
		if err != nil {
			f.t.Fatal(err)
		}
		return len(all) >= count
	})
}

func (f *shopfloor) reader() *station.Reader {
	f.t.Helper()
	reader, err := station.OpenReader(context.WithoutCancel(f.t.Context()), station.Config{Folder: f.folder, Program: "journey"})
	if err != nil {
		f.t.Fatal(err)
	}
	return reader
}

func (f *shopfloor) untilPrinted(count int) {
	f.t.Helper()
	reader := f.reader()
	defer func() { _ = reader.Close() }()
	f.poll("slips printed", func() bool {
		jobs, err := reader.Journal.Jobs(f.t.Context(), terminal.JobPrinted)
		if err != nil {
			f.t.Fatal(err)
		}
		return len(jobs) >= count
	})
}

// examine looks at what is left once the window is closed: journal, cloud and paper have to tell the same.
func (f *shopfloor) examine(codes []string) {
	f.t.Helper()
	reader := f.reader()
	defer func() { _ = reader.Close() }()
	ctx := f.t.Context()
	entries, err := reader.Journal.Entries(ctx, 0, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	kinds, vouchers := map[terminal.EntryKind]int{}, map[terminal.VoucherID]int{}
	for _, record := range entries {
		kinds[record.Entry.Kind]++
		for _, line := range record.Entry.Lines {
			vouchers[line.Voucher]++
		}
	}
	if kinds[terminal.EntryRedeem] != 50 || kinds[terminal.EntryDecline]+kinds[terminal.EntryReverse]+kinds[terminal.EntryReprint]+kinds[terminal.EntryApprove] != 0 {
		f.t.Errorf("the journal holds %v: 50 redemptions were made, and nothing else", kinds)
	}
	for i := range codes {
		if voucher := f.world.Of(demo.Good, i); vouchers[voucher.ID] != 1 {
			f.t.Errorf("voucher %d was redeemed %d times", i, vouchers[voucher.ID])
		}
	}
	inCloud, err := f.world.Cloud.Redemptions(ctx, demo.Store)
	if err != nil {
		f.t.Fatal(err)
	}
	seen := map[terminal.UID]bool{}
	for _, redemption := range inCloud {
		if redemption.Verdict != terminal.Accepted || seen[redemption.UID] {
			f.t.Errorf("the cloud has %s twice or as %s", redemption.UID, redemption.Verdict)
		}
		seen[redemption.UID] = true
	}
	if len(inCloud) != 50 {
		f.t.Errorf("the cloud has %d redemptions", len(inCloud))
	}
	f.examinePaper(reader)
}

// examinePaper holds what came out of the printer against the bytes in the journal.
func (f *shopfloor) examinePaper(reader *station.Reader) {
	f.t.Helper()
	jobs, err := reader.Journal.Jobs(f.t.Context(), terminal.JobPrinted, terminal.JobSent, terminal.JobQueued, terminal.JobSending, terminal.JobUnconfirmed, terminal.JobFailed)
	if err != nil {
		f.t.Fatal(err)
	}
	paper := f.printer.Bytes()
	for _, job := range jobs {
		if job.State != terminal.JobPrinted || bytes.Count(paper, job.Bytes) != 1 {
			f.t.Errorf("slip %s is %s, and its bytes came out %d times", job.Receipt, job.State, bytes.Count(paper, job.Bytes))
		}
	}
	if len(jobs) != 50 {
		f.t.Errorf("there are %d slips", len(jobs))
	}
}
