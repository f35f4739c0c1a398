package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// describe says what the figures were taken on: processor, cores, file system, and what a bare fsync takes there.
func describe(folder string) (string, error) {
	sync, err := bareSync(folder)
	if err != nil {
		return "", err
	}
	processor := "a processor of unknown name"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				processor = strings.TrimSpace(value)
				break
			}
		}
	}
	system := "an unknown file system"
	if raw, err := exec.Command("stat", "--file-system", "--format=%T", folder).Output(); err == nil {
		system = strings.TrimSpace(string(raw))
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, file system %s, bare fsync %s", processor, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		system, sync.Round(time.Microsecond)), nil
}

// bareSync is the median time of appending 4 KiB to a file and syncing it.
func bareSync(folder string) (took time.Duration, err error) {
	file, err := os.Create(filepath.Join(folder, "fsync"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	block := make([]byte, 4096)
	var times []float64
	for range 200 {
		began := time.Now()
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(began)))
	}
	return time.Duration(median(times)), nil
}
