//go:build unix

package station

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/terminal/escpos"
	"countersign/terminal/journal"
	"countersign/terminal/printer"
	"countersign/terminal/printer/fakeprinter"
)

// evening is a journal, a printer's worker, and the slips of a busy evening, put together as a Station does it.
type evening struct {
	t       testing.TB
	journal *journal.Journal
	slips   slips
	worker  *printer.Worker // nil for no printer
	entries uint64
}

func newEvening(t testing.TB, folder string) *evening {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	record, err := journal.Create(t.Context(), filepath.Join(folder, JournalName), journal.Identity{Merchant: "lakeside", Store: "quay", Terminal: "counter-1",
		Currency: "EUR", PublicKey: key.Public().(ed25519.PublicKey), RootKey: []byte("root")}, key)
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := Profiles()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := escpos.Find(profiles, "epson-tm-t88v")
	if err != nil {
		t.Fatal(err)
	}
	e := &evening{t: t, journal: record, slips: slips{profile: profile}}
	t.Cleanup(func() {
		if err := record.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// print starts a worker on a printer, with times that suit a test. It is stopped, and has stopped, when the test ends.
func (e *evening) print(config printer.Config) {
	profile := e.slips.profile
	config.Status, config.Word, config.Chunk, config.Boundaries = profile.Status, profile.Word, profile.Chunk, escpos.Boundaries
	config.Log = slog.New(slog.NewTextHandler(e.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	config.Timing = printer.Timing{Poll: 50 * time.Millisecond, Stall: 200 * time.Millisecond, Grace: 10 * time.Millisecond}
	e.worker = printer.New(e.journal, config)
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { defer close(over); e.worker.Run(ctx) }()
	e.t.Cleanup(func() {
		stop()
		<-over
	})
}

// redeem journals a redemption with its slip, and returns it and how long that took.
func (e *evening) redeem() (terminal.Record, time.Duration) {
	e.t.Helper()
	e.entries++
	var uid terminal.UID
	binary.BigEndian.PutUint64(uid[8:], e.entries)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		e.t.Fatal(err)
	}
	value := terminal.Money{Minor: 6800, Currency: "EUR"}
	began := time.Now()
	record, err := e.journal.Append(context.Background(), func(ledger terminal.Ledger) (terminal.Draft, error) {
		epoch, seq, receipt := ledger.Next()
		entry := terminal.Entry{Epoch: epoch, Seq: seq, Receipt: receipt, UID: uid, Kind: terminal.EntryRedeem, Assurance: terminal.Confirmed,
			Wall: began.In(zone), Lower: began, Upper: began, Boot: "b", Monotonic: time.Hour, BusinessDay: terminal.BusinessDay(began, zone, 240),
			Lines: []terminal.EntryLine{{Voucher: terminal.VoucherID(e.entries), Campaign: "dinner", Kind: terminal.KindProduct, Units: 1, Value: &value,
				Proof: make([]byte, 32), Masked: "B2HQ"}}}
		job, err := e.slips.Compose(terminal.SlipFacts{Kind: terminal.SlipRedemption, Entry: entry, Operator: "Li",
			Settings: terminal.Settings{Merchant: terminal.Merchant{Name: "Lakeside Group"}, Terminal: "counter-1",
				Store: terminal.Store{Name: "Lakeside Quay", Zone: "Europe/Berlin", Language: []string{"en", "de"}[e.entries%2]}},
			Deals: []terminal.SlipDeal{{Name: terminal.Text{"en": "Dinner for two, table " + fmt.Sprint(e.entries), "de": "Menü für zwei, Tisch " + fmt.Sprint(e.entries)},
				Line: entry.Lines[0]}}})
		return terminal.Draft{Entry: entry, Job: &job}, err
	})
	took := time.Since(began)
	if err != nil {
		e.t.Fatal(err)
	}
	if e.worker != nil {
		e.worker.Nudge()
	}
	return record, took
}

// job waits until the slip of a redemption is in one of states.
func (e *evening) job(uid terminal.UID, states ...terminal.JobState) terminal.SpoolJob {
	e.t.Helper()
	deadline := time.After(20 * time.Second)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		jobs, err := e.journal.JobsOf(context.Background(), uid)
		if err != nil || len(jobs) != 1 {
			e.t.Fatalf("%d slips, %v", len(jobs), err)
		}
		if slices.Contains(states, jobs[0].State) {
			return jobs[0]
		}
		select {
		case <-look.C:
		case <-deadline:
			e.t.Fatalf("slip %d is %s (%s), and was to be %v; the printer is %+v", jobs[0].ID, jobs[0].State, jobs[0].Detail, states, e.worker.Status())
		}
	}
}

// jammed is a port that takes nothing, for ever: not even closing it frees a write.
type jammed struct {
	entered chan struct{} // gets a token when a write begins
	free    chan struct{} // closed to let everybody go
}

func (j *jammed) hold() {
	select {
	case j.entered <- struct{}{}:
	default:
	}
	<-j.free
}

func (j *jammed) Write(p []byte) (int, error) { j.hold(); return 0, os.ErrClosed }
func (j *jammed) Read([]byte) (int, error)    { <-j.free; return 0, os.ErrClosed }
func (j *jammed) Close() error                { <-j.free; return nil }
func (j *jammed) Ready() bool                 { return true }
func (j *jammed) Traits() printer.Traits      { return printer.Traits{TwoWay: true} }

// If a redemption ever waited for the printer, a printer that hangs would close the counter.
func TestRedeemingNeverWaitsForAPort(t *testing.T) {
	for _, where := range []string{"in opening", "in writing"} {
		t.Run(where, func(t *testing.T) {
			e := newEvening(t, t.TempDir())
			port := &jammed{make(chan struct{}, 1), make(chan struct{})}
			e.print(printer.Config{Target: "serial:jammed", Open: func(string) (printer.Port, error) {
				if where == "in opening" {
					port.hold()
					return nil, errors.New("it never opened")
				}
				return port, nil
			}})
			free := func() { close(port.free) }
			e.t.Cleanup(free) // before the worker is waited for
			e.redeem()
			<-port.entered
			for range 100 { // each returns while the port is held: nothing frees it before the test ends
				e.redeem()
			}
			jobs, err := e.journal.Jobs(t.Context(), terminal.JobPrinted, terminal.JobSent)
			if err != nil || len(jobs) != 0 {
				t.Errorf("%d slips went out through a port that takes nothing, %v", len(jobs), err)
			}
		})
	}
}

// If redemptions took longer while the printer prints, or while something ails it, the queue at the counter would grow.
func TestRedemptionsTakeNoLongerWithAPrinter(t *testing.T) {
	for name, ail := range map[string]func(*fakeprinter.Printer){
		"printing":     func(*fakeprinter.Printer) {},
		"out of paper": func(p *fakeprinter.Printer) { p.OpenCover() },
		"off":          (*fakeprinter.Printer).PowerOff,
		"unplugged":    (*fakeprinter.Printer).Unplug,
		"stalled":      (*fakeprinter.Printer).Stall,
	} {
		t.Run(name, func(t *testing.T) {
			p := startFake(t, fakeprinter.Options{Buffer: 4096})
			ail(p)
			folder := t.TempDir()
			without, with := newEvening(t, mkdir(t, folder, "without")), newEvening(t, mkdir(t, folder, "with"))
			with.print(printer.Config{Target: "serial:" + p.Path()})
			var plain, beside []time.Duration
			for range 150 { // turn by turn, so that whatever else this machine does slows both
				_, took := without.redeem()
				plain = append(plain, took)
				_, took = with.redeem()
				beside = append(beside, took)
			}
			a, b := median(plain), median(beside)
			t.Logf("a redemption takes %v without a printer, %v beside one that is %s: %.2f times", a, b, name, float64(b)/float64(a))
			if b > 2*a+2*time.Millisecond {
				t.Errorf("a redemption takes %v without a printer, and %v beside one that is %s", a, b, name)
			}
		})
	}
}

func mkdir(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func startFake(t testing.TB, options fakeprinter.Options) *fakeprinter.Printer {
	t.Helper()
	p, err := fakeprinter.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// If rows of one slip stood in another, slips were lost, or the terminal grew with every slip, a shop that is open all year would find
// out in December.
func TestAYearOfSlipsThroughASlowPrinter(t *testing.T) {
	slipsInAll, early := 200, 50
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		slipsInAll, early = 10_000, 500
	}
	p := startFake(t, fakeprinter.Options{Buffer: 700, Speed: 200_000})
	e := newEvening(t, t.TempDir())
	e.print(printer.Config{Target: "serial:" + p.Path()})
	var first uint64
	began := time.Now()
	for n := 1; n <= slipsInAll; n++ {
		record, _ := e.redeem()
		job := e.job(record.Entry.UID, terminal.JobPrinted, terminal.JobUnconfirmed, terminal.JobFailed)
		if printed := p.Take(); job.State != terminal.JobPrinted || !bytes.Equal(printed, job.Bytes) {
			t.Fatalf("slip %d is %s (%s); %d bytes on paper, of %d", n, job.State, job.Detail, len(printed), len(job.Bytes))
		}
		if n == early {
			first = heap()
		}
	}
	last := heap()
	t.Logf("%d slips in %v, %d times XOFF; heap %d kB after %d slips, %d kB after all: %.3f times", slipsInAll, time.Since(began).Round(time.Millisecond),
		p.Pauses(), first>>10, early, last>>10, float64(last)/float64(first))
	if p.Pauses() < slipsInAll/2 {
		t.Errorf("the printer said XOFF only %d times: nothing was tried", p.Pauses())
	}
	if last > first+first/10 {
		t.Errorf("the heap grew from %d kB after %d slips to %d kB after %d", first>>10, early, last>>10, slipsInAll)
	}
}

// heap is what is in use after everything that can be collected has been.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what had a finalizer goes with the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
