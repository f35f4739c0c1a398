package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// describe says what the figures were taken on: processor, cores, file system.
func describe(folder string) string {
	processor := cmp.Or(processorName(), "a processor of unknown name")
	return fmt.Sprintf("%s, %d cores, %s/%s, file system %s", processor, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, fileSystem(folder))
}

// fileSystem is the kind of file system that a folder is on.
func fileSystem(folder string) string {
	for _, ask := range [][]string{ // the second knows some only by their family
		{"findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder},
		{"stat", "--file-system", "--format=%T", "--", folder},
	} {
		raw, err := exec.Command(ask[0], ask[1:]...).Output()
		if system := strings.TrimSpace(string(raw)); err == nil && system != "" && !strings.Contains(system, "\n") {
			return system
		}
	}
	return "of unknown kind"
}

// commitNow names the sources that are measured, "" where git does not say.
func commitNow(ctx context.Context) string {
	raw, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=10").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
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

// patience is how long anything may take that is not measured.
const patience = 90 * time.Second

// rest is the time in which things settle that nobody announces: there is nothing to wait for but time.
func rest(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}
