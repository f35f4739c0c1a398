package station

import (
	"io"
	"log/slog"
	"path/filepath"

	"gopkg.in/natefinch/lumberjack.v2"
)

// openLog makes the program's log in the data folder: JSON, 5 MiB a file, five of them. Nothing that is logged may hold a code or a
// PIN; the log's own handler cannot know one, so that nobody passes one.
func openLog(folder, program string) (*slog.Logger, io.Closer) {
	file := &lumberjack.Logger{
		Filename: filepath.Join(folder, "logs", program+".log"), MaxSize: 5, MaxBackups: 5, Compress: false,
	}
	return slog.New(slog.NewJSONHandler(file, nil)).With("program", program), file
}
