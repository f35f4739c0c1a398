// Command bench measures what a shop feels and what operators pay, each beside a reference that is measured in the same run and on the
// same disk, and prints one table: what, reference, ratio, goal, met or not. Rounds of the measured thing and of its reference take
// turns, and the ratio is the median of the rounds' own: so a busy machine slows both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// measurement makes rows of the table.
type measurement struct {
	name string                                           // for -only
	what string                                           // for the table, where there is no figure
	run  func(ctx context.Context, l *lab) ([]row, error) // rows that stand although others failed come with the error
}

var measurements = []measurement{
	{"redeem", "redeem", measureRedeem},
	{"check", "check", measureCheck},
	{"fill", "first fill", measureFill},
	{"push", "journal push, one cloud process on SQLite", measurePush},
	{"pair", "journal push and claims on PostgreSQL", measurePair},
	{"polls", "one cloud process holding idle long polls", measurePolls},
	{"verify", "journal verify", measureVerify},
	{"window", "desktop", measureWindow},
}

// lab is where measurements are made.
type lab struct {
	folder string // on a real disk
	quick  bool
	log    func(format string, args ...any)
}

// profile is the file that a processor profile is written to; "" for none.
var profile string

// A ratio is the median of so many rounds: of fewest where each takes long, and in the quick run.
const (
	rounds = 7
	fewest = 5
)

// rounds is how many rounds there are of what does not take long.
func (l *lab) rounds() int {
	if l.quick {
		return fewest
	}
	return rounds
}

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
	chosen, err := choose(*only)
	if err == nil && flag.NArg() > 0 && *crowded == 0 {
		err = fmt.Errorf("nothing is known to do with %q: -help says what there is", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
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
	work := func() error { return run(ctx, *out, chosen, *quick) }
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

// choose returns the measurements of -only, all of them where it is empty.
func choose(only string) (chosen []measurement, err error) {
	if only == "" {
		return measurements, nil
	}
	var names []string
	for _, m := range measurements {
		names = append(names, m.name)
	}
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("there is no measurement %q: -only takes names from %s, with commas and no spaces between them", name, strings.Join(names, ", "))
		}
	}
	for _, m := range measurements {
		if slices.Contains(wanted, m.name) {
			chosen = append(chosen, m)
		}
	}
	return chosen, nil
}

// run measures what is chosen, one after the other, and keeps and prints what came of it. One that fails does not keep the others from being
// measured: the table says why it has no figures, and run returns an error in the end.
func run(ctx context.Context, out string, chosen []measurement, quick bool) (err error) {
	// Whoever ends it has everything cleared, also by closing the terminal, or what its output went into.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if out, err = filepath.Abs(out); err == nil {
		err = os.MkdirAll(out, 0o755)
	}
	if err != nil {
		return err
	}
	began := time.Now()
	log := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	clearLeft(out, labPrefix, log)
	clearLeft(inMemory(), memoryPrefix, log)
	here, err := newScratch(out, labPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	l := &lab{folder: here.folder, quick: quick, log: log}
	all, err := openResults(out, log)
	if err != nil {
		return err
	}
	about := taken{Machine: describe(here.folder), Commit: commitNow(ctx), Began: began.UTC(), Quick: quick}
	var failed []string
	for _, m := range chosen {
		one, problem := l.measure(ctx, m, about)
		if ctx.Err() != nil {
			return fmt.Errorf("ended before %s was measured: what had been measured until then is kept in %s", m.name, out)
		}
		if problem != nil {
			log("%s", one.Failed)
			failed = append(failed, m.name)
		}
		all[m.name] = one
		if err := all.save(out); err != nil { // what comes next may fail
			log("the results were not kept: %v", err)
			failed = append(failed, "the keeping of "+m.name)
		}
	}
	fmt.Print(all.table())
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// measure takes one measurement, or what of it did not fail.
func (l *lab) measure(ctx context.Context, m measurement, about taken) (taken, error) {
	about.Load = loadNow()
	l.log("%s …", m.name)
	var found []row
	var err error
	if about.Sync, err = bareSync(l.folder); err == nil {
		found, err = m.run(ctx, l)
	}
	for _, r := range found {
		l.log("%s", r)
	}
	if err != nil {
		about.Failed = "not measured: " + strings.ReplaceAll(sentence(err), l.folder, "the run's folder")
	}
	return about.with(found), err
}
