//go:build !linux

package main

import (
	"errors"
	"time"
)

// errProcess is the answer where a process is asked about: what needs it is not measured, and the table says so.
var errProcess = errors.New("what a process uses is looked up on Linux only: measure there")

// processorName is not known.
func processorName() string { return "" }

// loadNow is not known.
func loadNow() float64 { return 0 }

func peakMemory(int) (int64, error) { return 0, errProcess }

func memoryNow(int) (int64, error) { return 0, errProcess }

func processorTime(int) (time.Duration, error) { return 0, errProcess }

func openNow(int) (int, error) { return 0, errProcess }
