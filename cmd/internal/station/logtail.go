package station

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tailMost is how much of the log's end is read, in bytes.
const tailMost = 16 << 10

// LogTail is the end of a program's log, at most count lines, the newest last: time, level where it is more than news, what happened, and
// its facts. What looks like a secret is left out, as in a support bundle.
func LogTail(folder, program string, count int) ([]string, error) {
	file, err := os.Open(filepath.Join(LogFolder(folder), program+".log"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > tailMost {
		if _, err := file.Seek(-tailMost, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, tailMost))
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range bytes.Lines(withoutSecrets(text)) {
		if said := logLine(line); said != "" {
			lines = append(lines, said)
		}
	}
	return lines[max(0, len(lines)-count):], nil
}

// logLine writes one entry for people; "" for half a line.
func logLine(line []byte) string {
	var entry map[string]any
	if json.Unmarshal(line, &entry) != nil {
		return ""
	}
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(entry["time"]))
	if err != nil {
		return ""
	}
	said := at.Local().Format(time.TimeOnly) + "  "
	if level := fmt.Sprint(entry["level"]); level != "INFO" {
		said += level + "  "
	}
	said += fmt.Sprint(entry["msg"])
	var facts []string
	for key, value := range entry {
		if !slices.Contains([]string{"time", "level", "msg", "program"}, key) {
			facts = append(facts, fmt.Sprintf("%s=%v", key, value))
		}
	}
	slices.Sort(facts)
	return strings.TrimSpace(said + "  " + strings.Join(facts, " "))
}
