// Command bench measures what a shop feels and what operators pay, each beside a reference that is measured in the same run and on the
// same disk, and prints one table: what, reference, ratio, goal, met or not. Rounds of the measured thing and of its reference take
// turns, and the ratio is the median of the rounds' own: so a busy machine slows both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"
)

// measurement is one row of the table.
type measurement struct {
	name string // for -only
	run  func(ctx context.Context, l *lab) ([]row, error)
}

var measurements = []measurement{
	{"redeem", measureRedeem},
	{"check", measureCheck},
	{"fill", measureFill},
	{"push", measurePush},
	{"pair", measurePair},
	{"polls", measurePolls},
	{"verify", measureVerify},
	{"window", measureWindow},
}

// lab is where measurements are made.
type lab struct {
	folder string // on a real disk
	quick  bool
	log    func(format string, args ...any)
}

// profile is the file that a processor profile is written to; "" for none.
var profile string

// rounds is how many rounds a ratio is the median of.
const rounds = 7

func main() {
	quick := flag.Bool("quick", false, "smaller numbers, under five minutes")
	out := flag.String("out", filepath.Join("dist", "bench"), "the folder that the table is written to; measured on its disk")
	flag.StringVar(&profile, "profile", "", "write a processor profile of the whole run to this file, and of cloud processes to FILE.cloud-1 and so on")
	joining := flag.String("join", "", "join a cloud with this code in the folder of -out, and say how it went: what a first fill is measured by")
	serving := flag.String("serve", "", "serve a cloud on this PostgreSQL or in this folder until standard input ends, and say where")
	crowded := flag.Int("crowd", 0, "so many terminals wait at the cloud whose folder and URL follow, when they are told to")
	only := flag.String("only", "", "measure only these, such as redeem,check")
	readme := flag.String("readme", "", "measure nothing: put the table of what was measured in the folder of -out into this document")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if profile != "" {
		file, err := os.Create(profile)
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	work := func() error { return run(ctx, *out, *only, *quick) }
	switch {
	case *readme != "":
		work = func() error { return putTable(*out, *readme) }
	case *joining != "":
		work = func() error { return join(ctx, *out, *joining) }
	case *crowded > 0:
		work = func() error { return crowdUntilEnd(ctx, *crowded, flag.Args()) }
	case *serving != "":
		work = func() error { return serveUntilEnd(ctx, *serving) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, only string, quick bool) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(out, ".lab-")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.RemoveAll(folder); err == nil {
			err = gone
		}
	}()
	began := time.Now()
	l := &lab{folder: folder, quick: quick, log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	machine := describe(folder)
	all, err := loadResults(out)
	if err != nil {
		return err
	}
	for _, m := range measurements {
		if only != "" && !strings.Contains(","+only+",", ","+m.name+",") {
			continue
		}
		load := loadNow()
		synced, err := bareSync(folder)
		if err != nil {
			return err
		}
		l.log("%s …", m.name)
		found, err := m.run(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range found {
			l.log("%s", r)
		}
		all.add(m.name, taken{Machine: machine, Sync: synced, Load: load, Quick: quick}, found)
		if err := all.save(out); err != nil { // what comes next may fail
			return err
		}
	}
	fmt.Print(all.table())
	return nil
}
