package station

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"
)

// crashesKept is how many crash reports are kept; older ones go.
const crashesKept = 10

// KeepCrashes has the runtime write what it says of a crash, with the stacks of all goroutines, to a file among the logs: a program
// without a terminal would say it to nobody. Closing it takes an empty file away. One process keeps one such file.
func KeepCrashes(config Config) (io.Closer, error) {
	folder := LogFolder(FolderOf(config))
	if err := os.Mkdir(folder, 0o770); err != nil && !errors.Is(err, os.ErrExist) { // without a data folder there is nothing to be kept yet
		return nil, fmt.Errorf("crash reports cannot be kept: %w", err)
	}
	tidyCrashes(folder)
	name := fmt.Sprintf("crash-%s-%s-%d.txt", config.Program, time.Now().UTC().Format("20060102T150405"), os.Getpid())
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o660)
	if err != nil {
		return nil, fmt.Errorf("crash reports cannot be kept: %w", err)
	}
	if err := debug.SetCrashOutput(file, debug.CrashOptions{}); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return &crashFile{file}, nil
}

type crashFile struct{ file *os.File }

// Close implements io.Closer.
func (c *crashFile) Close() error {
	err := errors.Join(debug.SetCrashOutput(nil, debug.CrashOptions{}), c.file.Close())
	if info, statErr := os.Stat(c.file.Name()); statErr == nil && info.Size() == 0 {
		err = errors.Join(err, os.Remove(c.file.Name()))
	}
	return err
}

// Crashes lists the crash reports among the logs of a data folder, the oldest first.
func Crashes(folder string) []string {
	files, err := filepath.Glob(filepath.Join(LogFolder(folder), "crash-*.txt"))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(files, func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || info.Size() == 0
	})
}

// tidyCrashes takes away the oldest reports, and the empty files of programs that were killed. One that is being written is an empty
// file too, of a program that runs: on Windows it cannot be taken away, and elsewhere its name alone goes where it is a day old.
func tidyCrashes(folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "crash-*.txt"))
	if err != nil {
		return
	}
	var full []string
	for _, path := range files {
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case info.Size() > 0:
			full = append(full, path)
		case time.Since(info.ModTime()) > 24*time.Hour:
			_ = os.Remove(path) // tidying: what stays, stays
		}
	}
	for len(full) > crashesKept {
		_ = os.Remove(full[0])
		full = full[1:]
	}
}
