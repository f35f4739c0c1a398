package station

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

// logOf is the log that a configuration means.
func logOf(config Config) (*slog.Logger, io.Closer, error) {
	if config.Log != nil {
		return config.Log, io.NopCloser(nil), nil
	}
	return openLog(FolderOf(config), config.Program)
}

// openLog makes the program's log: JSON, 5 MiB a file, five of them. Nothing that is logged may hold a code or a
// PIN; the log's own handler cannot know one, so that nobody passes one.
func openLog(folder, program string) (*slog.Logger, io.Closer, error) {
	path := filepath.Join(LogFolder(folder), program+".log")
	// Made here, since lumberjack would let nobody but this account write it, and another of the group may run the counter tomorrow.
	err := os.MkdirAll(filepath.Dir(path), 0o770)
	var file *os.File
	if err == nil {
		file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o660)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil && !errors.Is(err, os.ErrPermission) { // of another account's file the log goes on in one of its own
		return nil, nil, fmt.Errorf("the log cannot be written; check the rights and the space of the data folder: %w", err)
	}
	if err != nil {
		path = filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%d.log", program, os.Getuid()))
	}
	rotated := &lumberjack.Logger{Filename: path, MaxSize: 5, MaxBackups: 5}
	return slog.New(slog.NewJSONHandler(rotated, nil)).With("program", program), rotated, nil
}
