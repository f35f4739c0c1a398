// Command countersign-cloud is the cloud that terminals report to.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own
)

// Exit codes of the command line.
const (
	exitDone   = 0
	exitOther  = 1
	exitUsage  = 2
	exitCannot = 5
)

// exitError is an error with its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func cannot(format string, args ...any) error {
	return &exitError{exitCannot, fmt.Errorf(format, args...)}
}

// stopMost is how long after it was told to stop this program may last: requests are answered within drainMost, and a database that hangs would keep
// it for ever, while whoever stopped it waits.
const stopMost = drainMost + 5*time.Second

// endWithin calls end so long after ctx is done.
func endWithin(ctx context.Context, most time.Duration, end func()) {
	context.AfterFunc(ctx, func() { time.AfterFunc(most, end) })
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	endWithin(ctx, stopMost, func() {
		fmt.Fprintln(os.Stderr, "countersign-cloud: it did not end by itself, since the database does not answer; what had begun is rolled back by the database")
		os.Exit(exitOther)
	})
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, io streams) int {
	root := newRoot(io)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(io.err, "countersign-cloud: "+err.Error())
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitOther
}
