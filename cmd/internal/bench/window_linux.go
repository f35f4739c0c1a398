package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"countersign/cmd/internal/demo"
	"countersign/ui/theme"
)

// windowSizes are how much of everything a window is measured with.
type windowSizes struct {
	vouchers, redemptions int
	starts                int           // of each window
	scans                 int           // whose times count
	fewer, more           int           // scans after which memory is looked at
	settle                time.Duration // before that
	idle                  time.Duration
}

func sizesOfWindow(quick bool) windowSizes {
	if quick {
		return windowSizes{vouchers: 200_000, redemptions: 5_000, starts: 3, scans: 150, fewer: 100, more: 200, settle: 10 * time.Second, idle: 10 * time.Second}
	}
	return windowSizes{vouchers: 1_000_000, redemptions: 100_000, starts: 7, scans: 1000, fewer: 500, more: 3000, settle: 90 * time.Second, idle: time.Minute}
}

// frame is how long one picture of sixty a second is on the screen.
const frame = time.Second / 60

// The parts of the screen that are looked at: where the counter's panel is and its sheets lie, and the middle of an empty window. Neither
// shows the time.
var (
	panelPart = image.Rect(20, 80, 690, 490)
	labelPart = image.Rect(312, 260, 712, 340)
)

// measureWindow measures the real program in a real window, on an X server without a screen, with a scanner on a pseudo-terminal and a
// keyboard: what a scan takes until its verdict is in the screen's memory, what the window costs while nobody does anything, whether it
// grows, and how soon it is there. An empty Fyne window is measured beside it.
func measureWindow(ctx context.Context, l *lab) ([]row, error) {
	sizes := sizesOfWindow(l.quick)
	w, err := openWindows(ctx, l, sizes)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	rows, err := w.measure(ctx, sizes)
	return rows, errors.Join(err, w.close())
}

// windows are the counter's and the empty one, each on a screen of its own: they are not to paint each other over.
type windows struct {
	l         *lab
	shop      *shop
	data      string
	codes     []string
	own, bare *screen
	scanner   *os.File // the scanner's end of its line
	line      *os.File // kept open, so that the line does not end when the program closes its side
	counter   *exec.Cmd
	empty     *exec.Cmd
	write     io.WriteCloser // what the empty window is to show
}

// openWindows makes a counter with its cache and its journal, and leaves it to the program.
func openWindows(ctx context.Context, l *lab, sizes windowSizes) (*windows, error) {
	w := &windows{l: l}
	build := exec.CommandContext(ctx, "go", "build", "-tags", "x11,migrated_fynedo,no_emoji", "-o", l.folder+string(filepath.Separator),
		"./cmd/countersign", "./cmd/internal/bench/emptywindow")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return w, fmt.Errorf("go build, in the module's own folder: %w", err)
	}
	var err error
	if w.shop, err = openShop(ctx, l, sizes.vouchers); err != nil {
		return w, err
	}
	l.log("%s vouchers are cached", thousands(w.shop.cached))
	if err := w.shop.remember(ctx, sizes.redemptions); err != nil {
		return w, err
	}
	l.log("%s redemptions are in the journal", thousands(sizes.redemptions))
	if w.codes, err = w.shop.sell(ctx, sizes.more); err != nil {
		return w, err
	}
	w.data = w.shop.counter.Folder()
	err = w.shop.counter.Close()
	w.shop.counter = nil
	if err != nil {
		return w, err
	}
	if w.scanner, w.line, err = pty.Open(); err != nil {
		return w, err
	}
	if _, err := term.MakeRaw(int(w.line.Fd())); err != nil {
		return w, err
	}
	if w.own, err = openScreen(l.folder); err != nil {
		return w, err
	}
	w.bare, err = openScreen(l.folder)
	return w, err
}

func (w *windows) close() error {
	all := errors.Join(w.stop(&w.counter), w.stop(&w.empty))
	for _, file := range []*os.File{w.scanner, w.line} {
		if file != nil {
			all = errors.Join(all, file.Close())
		}
	}
	for _, s := range []*screen{w.own, w.bare} {
		if s != nil {
			all = errors.Join(all, s.close())
		}
	}
	if w.shop != nil {
		all = errors.Join(all, w.shop.close())
	}
	return all
}

// stop ends a program as a desktop does at the end of a session.
func (w *windows) stop(program **exec.Cmd) error {
	if *program == nil || (*program).Process == nil {
		return nil
	}
	ended := *program
	*program = nil
	_ = ended.Process.Signal(syscall.SIGTERM)
	patience := time.AfterFunc(10*time.Second, func() { _ = ended.Process.Kill() }) // Fyne's own window was seen to wait for itself here
	defer patience.Stop()
	if err := ended.Wait(); err != nil && ended.ProcessState.ExitCode() > 0 {
		return fmt.Errorf("%s: %w", filepath.Base(ended.Path), err)
	}
	return nil
}

// startCounter starts the counter and says how long it took until the last of the picture was there.
func (w *windows) startCounter(ctx context.Context) (time.Duration, error) {
	w.counter = w.own.command(filepath.Join(w.l.folder, "countersign"), "--language", "en", "--theme", "light", "--full-screen")
	home, err := w.home()
	if err != nil {
		return 0, err
	}
	w.counter.Env = append(w.counter.Env, home, "COUNTERSIGN_DATA="+w.data, "COUNTERSIGN_SCANNER=serial:"+w.line.Name())
	return started(ctx, w.own, w.counter, panelPart)
}

// home makes a home for both programs, so that what they remember goes with the run, and says so to them.
func (w *windows) home() (variable string, err error) {
	folder, err := filepath.Abs(filepath.Join(w.l.folder, "home"))
	if err != nil {
		return "", err
	}
	return "HOME=" + folder, os.MkdirAll(filepath.Join(folder, ".cache", "fyne"), 0o755)
}

// startEmpty starts the window that is the reference.
func (w *windows) startEmpty(ctx context.Context) (took time.Duration, err error) {
	w.empty = w.bare.command(filepath.Join(w.l.folder, "emptywindow"))
	home, err := w.home()
	if err != nil {
		return 0, err
	}
	w.empty.Env = append(w.empty.Env, home)
	if w.write, err = w.empty.StdinPipe(); err != nil {
		return 0, err
	}
	return started(ctx, w.bare, w.empty, labelPart)
}

func started(ctx context.Context, s *screen, program *exec.Cmd, part image.Rectangle) (time.Duration, error) {
	var began time.Time
	at, err := s.after(ctx, picture{part: part, still: time.Second}, func() error {
		began = time.Now()
		return program.Start()
	})
	return at.Sub(began), err
}

func (w *windows) measure(ctx context.Context, sizes windowSizes) ([]row, error) {
	start, err := w.measureStart(ctx, sizes)
	if err != nil {
		return nil, err
	}
	if err := w.signIn(ctx); err != nil {
		return start, err
	}
	idle, err := w.measureIdle(ctx, sizes)
	if err != nil {
		return start, err
	}
	painted, err := w.measureScans(ctx, sizes)
	return append(append(start, idle), painted...), err
}

// measureStart leaves both windows open.
func (w *windows) measureStart(ctx context.Context, sizes windowSizes) ([]row, error) {
	var later []float64
	var own, other []time.Duration
	var rounds []round
	for n := range sizes.starts {
		if n > 0 {
			if err := errors.Join(w.stop(&w.counter), w.stop(&w.empty)); err != nil {
				return nil, err
			}
		}
		empty, err := w.startEmpty(ctx)
		if err != nil {
			return nil, err
		}
		counter, err := w.startCounter(ctx)
		if err != nil {
			return nil, err
		}
		own, other, later = append(own, counter), append(other, empty), append(later, (counter-empty).Seconds())
		rounds = append(rounds, round{counter, empty})
	}
	more := median(later)
	return []row{{
		what: fmt.Sprintf("desktop, start to ready, %s vouchers cached", thousands(w.shop.cached)), reference: "an empty Fyne window",
		ratio: fmt.Sprintf("%+.2f s", more), goal: "≤ +0.3 s", met: more <= 0.3,
		detail: fmt.Sprintf("%s against %s, until the last of the picture is in the screen's memory", percentile(own, 0.5).Round(time.Millisecond),
			percentile(other, 0.5).Round(time.Millisecond)),
		rounds: rounds,
	}}, nil
}

// signIn lets the cashier begin her shift.
func (w *windows) signIn(ctx context.Context) error {
	// Once the window has the keyboard, the display server tells it so before it tells it of any key.
	if err := w.own.focus("Countersign"); err != nil {
		return err
	}
	for _, keys := range [][]string{{"Return"}, strings.Split(demo.CashierPIN, ""), {"Return"}} {
		if _, err := w.own.after(ctx, picture{part: panelPart, still: time.Second}, func() error { return w.own.press(keys...) }); err != nil {
			return fmt.Errorf("the cashier signs in: %w", err)
		}
	}
	return nil
}

// measureIdle measures what both windows cost at the same time, while nobody does anything.
func (w *windows) measureIdle(ctx context.Context, sizes windowSizes) (row, error) {
	if err := w.calm(ctx, sizes.settle); err != nil {
		return row{}, err
	}
	before, err := both(w, processorTime)
	if err != nil {
		return row{}, err
	}
	if err := rest(ctx, sizes.idle); err != nil {
		return row{}, err
	}
	after, err := both(w, processorTime)
	if err != nil {
		return row{}, err
	}
	points := func(i int) float64 { return 100 * (after[i] - before[i]).Seconds() / sizes.idle.Seconds() }
	own, other := points(0), points(1)
	return row{
		what: fmt.Sprintf("desktop, processor while idle for %.0f s", sizes.idle.Seconds()), reference: "an empty Fyne window at the same time",
		ratio: fmt.Sprintf("%+.2f points", own-other), goal: "≤ +0.5 points", met: own-other <= 0.5,
		detail: fmt.Sprintf("%.2f %% of a core against %.2f %%", own, other),
	}, nil
}

// calm waits until the counter has verified its journal, which it does a minute after its start and then once a day, and uses every core for:
// for so long, and then until it has been quiet for five seconds.
func (w *windows) calm(ctx context.Context, settle time.Duration) error {
	if err := rest(ctx, settle); err != nil {
		return err
	}
	const look, quiet = 5 * time.Second, 0.05 // of a core
	for began := time.Now(); time.Since(began) < patience; {
		before, err := processorTime(w.counter.Process.Pid)
		if err != nil {
			return err
		}
		if err := rest(ctx, look); err != nil {
			return err
		}
		after, err := processorTime(w.counter.Process.Pid)
		if err != nil || (after-before).Seconds() < quiet*look.Seconds() {
			return err
		}
	}
	return nil // it never is: that is measured
}

// both measures the counter's program and the empty window's.
func both[V any](w *windows, measure func(process int) (V, error)) (found [2]V, err error) {
	for i, program := range []*exec.Cmd{w.counter, w.empty} {
		if found[i], err = measure(program.Process.Pid); err != nil {
			return found, err
		}
	}
	return found, nil
}

// measureScans has one voucher after the other scanned, looked at and dropped.
func (w *windows) measureScans(ctx context.Context, sizes windowSizes) ([]row, error) {
	var times []time.Duration
	var fewer, more, empty float64
	for n, code := range w.codes {
		hold := still
		if n >= sizes.scans {
			hold = 0
		}
		took, err := w.scan(ctx, code, hold)
		if err != nil {
			return nil, fmt.Errorf("scan %d: %w", n+1, err)
		}
		if times = append(times, took); len(times) == sizes.fewer {
			// Of a window that draws nothing for long the system takes the pages back that it draws with: both have drawn just now.
			if _, err := w.relabel(ctx, sizes.fewer); err != nil {
				return nil, err
			}
			if err := rest(ctx, sizes.settle); err != nil {
				return nil, err
			}
			memory, err := both(w, memoryNow)
			if err != nil {
				return nil, err
			}
			fewer, empty = float64(memory[0]), float64(memory[1])
		}
	}
	if err := rest(ctx, sizes.settle); err != nil {
		return nil, err
	}
	memory, err := both(w, memoryNow)
	if err != nil {
		return nil, err
	}
	more = float64(memory[0])
	times = times[:min(len(times), sizes.scans)]
	reference, err := w.relabel(ctx, sizes.scans)
	if err != nil {
		return nil, err
	}
	p99 := percentile(times, 0.99)
	return []row{{
		what:      fmt.Sprintf("desktop of %d × %d, drawn by the processor, from CR to painted verdict, p99 of %d scans, %s vouchers, %s redemptions", screenWidth, screenHeight, len(times), thousands(sizes.vouchers), thousands(sizes.redemptions)),
		reference: "a frame of 1/60 s", ratio: fmt.Sprintf("%.2f ×", float64(p99)/float64(frame)), goal: "≤ 2 ×", met: p99 <= 2*frame,
		detail: fmt.Sprintf("%s, median %s; a changed word in an empty window takes %s, median %s", tenths(p99), tenths(percentile(times, 0.5)),
			tenths(percentile(reference, 0.99)), tenths(percentile(reference, 0.5))),
	}, {
		what: fmt.Sprintf("desktop, memory after %s scans", thousands(sizes.more)), reference: fmt.Sprintf("after %d scans", sizes.fewer),
		ratio: fmt.Sprintf("%.2f ×", more/fewer), goal: "≤ 1.1 ×", met: more <= 1.1*fewer, detail: fmt.Sprintf("%.0f MB against %.0f MB", more/1e6, fewer/1e6),
	}, {
		what: fmt.Sprintf("desktop, memory with %s vouchers cached", thousands(w.shop.cached)), reference: "an empty Fyne window",
		ratio: fmt.Sprintf("%+.0f MB", (fewer-empty)/1e6), goal: "≤ +60 MB", met: fewer-empty <= 60e6, detail: fmt.Sprintf("%.0f MB against %.0f MB", fewer/1e6, empty/1e6),
	}}, nil
}

func tenths(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// still is how long nothing may move before a picture counts as the last one.
const still = 4 * frame

// scan scans a voucher and drops it again, and says how long the verdict took from the moment at which the line's end was sent.
func (w *windows) scan(ctx context.Context, code string, still time.Duration) (time.Duration, error) {
	if _, err := io.WriteString(w.scanner, code); err != nil {
		return 0, err
	}
	var began time.Time
	at, err := w.own.after(ctx, picture{panelPart, isBlue, still}, func() error {
		began = time.Now()
		_, err := io.WriteString(w.scanner, "\r")
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = w.own.after(ctx, picture{panelPart, isNotBlue, still}, func() error { return w.own.press("Escape") })
	return at.Sub(began), err
}

// isBlue reports that the panel says that a voucher can be redeemed.
func isBlue(seen []uint32) bool {
	return share(seen, (theme.Look{}).Color(theme.Ready.Fill(), 0)) > 0.05
}

func isNotBlue(seen []uint32) bool { return !isBlue(seen) }

// relabel changes the one word of the empty window.
func (w *windows) relabel(ctx context.Context, times int) ([]time.Duration, error) {
	took := make([]time.Duration, times)
	for i := range took {
		var began time.Time
		at, err := w.bare.after(ctx, picture{part: labelPart, still: still}, func() error {
			began = time.Now()
			_, err := fmt.Fprintf(w.write, "Changed %d\n", i)
			return err
		})
		if err != nil {
			return nil, err
		}
		took[i] = at.Sub(began)
	}
	return took, nil
}
