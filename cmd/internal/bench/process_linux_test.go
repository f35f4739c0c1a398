package main

import (
	"os"
	"testing"
	"time"
)

// If it failed, what a window or a cloud costs the shop's machine would be reported as something else, or as nothing.
func TestReadsAProcess(t *testing.T) {
	me := os.Getpid()
	before, err := processorTime(me)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for spent := before; spent < before+50*time.Millisecond; { // it ends as soon as this process is said to have used some
		for i := range block {
			block[i]++
		}
		if spent, err = processorTime(me); err != nil {
			t.Fatal(err)
		}
	}
	now, err := memoryNow(me)
	if err != nil || now < int64(len(block)) {
		t.Errorf("%d bytes are resident, %v", now, err)
	}
	if most, err := peakMemory(me); err != nil || most < now {
		t.Errorf("%d bytes at the most, %d now, %v", most, now, err)
	}
	open, err := openNow(me)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if more, err := openNow(me); err != nil || more != open+1 {
		t.Errorf("%d files are open after one more than %d, %v", more, open, err)
	}
}
