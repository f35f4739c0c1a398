package main

import (
	"context"
	"testing"
	"time"
)

// A cloud whose database hangs would not stop when it is told to, and whoever restarts it would wait for his supervisor's patience to end.
func TestAStopHasAnEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	endWithin(ctx, time.Millisecond, func() { close(ended) })
	select {
	case <-ended:
		t.Fatal("it ended before it was told to")
	case <-time.After(20 * time.Millisecond):
	}
	stop()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("a minute later it was still there")
	}
}
