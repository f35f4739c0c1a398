package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What Linux says of its processes and of itself: proc(5).

// processorName is what the processor is called; "" where nobody says.
func processorName() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// loadNow is how many processes wanted a processor over the last minute; 0 where the system does not say.
func loadNow() (load float64) {
	raw, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, _ = fmt.Sscan(string(raw), &load)
	}
	return load
}

// peakMemory is the most memory that a process had resident so far, bytes; memoryNow, what it has.
func peakMemory(process int) (int64, error) { return statusOf(process, "VmHWM:") }

func memoryNow(process int) (int64, error) { return statusOf(process, "VmRSS:") }

func statusOf(process int, field string) (bytes int64, err error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if _, err := fmt.Sscanf(line, field+" %d kB", &bytes); err == nil {
			return bytes * 1024, nil
		}
	}
	return 0, errors.New("this system does not say how much memory a process has")
}

// processorTime is what a process used of all cores so far, its own and the kernel's for it.
func processorTime(process int) (used time.Duration, err error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process), "stat"))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(raw), ") ") // a program's name may hold spaces
	fields := strings.Fields(after)
	const user, system, tick = 11, 12, time.Second / 100 // of the fields behind the name; USER_HZ is the same for everybody
	if len(fields) <= system {
		return 0, errors.New("this system does not say how much of the processors a process used")
	}
	for _, field := range []int{user, system} {
		n, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return 0, err
		}
		used += time.Duration(n) * tick
	}
	return used, nil
}

// openNow is how many files and connections a process has open.
func openNow(process int) (int, error) {
	folder, err := os.Open(filepath.Join("/proc", strconv.Itoa(process), "fd"))
	if err != nil {
		return 0, err
	}
	names, err := folder.Readdirnames(-1)
	return len(names), errors.Join(err, folder.Close())
}
