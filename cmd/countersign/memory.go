package main

import (
	"context"
	"runtime/debug"
	"time"
)

// What a till has of memory it has for the till's own program too.
const (
	garbage   = 40               // percent of what is in use that may be garbage before it is cleared away; Go's own 100 is for servers
	settled   = 10 * time.Second // after this, what starting took is needed no more
	tidyAgain = time.Minute      // such as what was drawn for the last customers, or what the journal was verified with
)

// tidy gives back to the system what is no longer needed, soon after the start and then from time to time, until ctx ends.
func tidy(ctx context.Context) {
	debug.SetGCPercent(garbage)
	for next := settled; ; next = tidyAgain {
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
			debug.FreeOSMemory()
			trim()
		}
	}
}
