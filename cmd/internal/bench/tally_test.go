package main

import (
	"strings"
	"testing"
	"time"
)

// If it failed, a cloud that refuses every claim at once would look like the quickest, and counters that went on without it like customers served.
func TestClaimsWithoutAnAnswerAreNotDone(t *testing.T) {
	var told tally
	for range 98 {
		told.add(10*time.Millisecond, true)
	}
	for range 2 {
		told.add(time.Millisecond, false)
	}
	if told.within(0.5) != "10ms" || !strings.HasPrefix(told.within(0.99), "not within") {
		t.Errorf("median %s, p99 %s, where 2 of 100 had no answer", told.within(0.5), told.within(0.99))
	}
	if took, err := asIfAll(time.Second, told.answered, 196); err != nil || took != 2*time.Second {
		t.Errorf("196 claims take %s, %v, where 98 were answered in a second", took, err)
	}
	if _, err := asIfAll(time.Second, 0, 10); err == nil {
		t.Error("a round without any answer has a ratio")
	}
}
