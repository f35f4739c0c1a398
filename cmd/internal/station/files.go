package station

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	cloudsync "countersign/sync"
)

// cloudFile is what a terminal keeps of its enrolment besides journal and key store; nothing in it is secret.
type cloudFile struct {
	URL   string `json:"url"`
	Trust string `json:"trust"` // the newest signed trust list
}

const cloudName = "cloud.json"

func readCloudFile(folder string) (cloudFile, error) {
	var file cloudFile
	text, err := os.ReadFile(filepath.Join(folder, cloudName))
	if err != nil {
		return file, err
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return file, fmt.Errorf("%s cannot be read; join again with a new join code: %w", filepath.Join(folder, cloudName), err)
	}
	return file, nil
}

func writeCloudFile(folder string, file cloudFile) error {
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(folder, cloudName), text, true)
}

// replaceFile puts new content in place of a file's, so that whoever reads it sees all of the old or all of the new. Where it must
// outlive a power cut, it is synced before it takes the place.
func replaceFile(path string, content []byte, durable bool) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err == nil {
		err = file.Chmod(0o660)
	}
	if err == nil && durable {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// lineFile keeps what is known of the line from one start to the next. It implements cloudsync.LineStore.
type lineFile struct {
	path string
	mu   sync.Mutex
}

const lineName = "line.json"

// hubLineName is the same for the line to the store's hub.
const hubLineName = "hubline.json"

func lineOfFolder(folder string) *lineFile { return &lineFile{path: filepath.Join(folder, lineName)} }

// LoadLine implements cloudsync.LineStore.
func (f *lineFile) LoadLine() (cloudsync.Line, error) {
	var line cloudsync.Line
	text, err := os.ReadFile(f.path)
	if err != nil {
		return line, err
	}
	return line, json.Unmarshal(text, &line)
}

// SaveLine implements cloudsync.LineStore. It is not synced: losing it costs one wait.
func (f *lineFile) SaveLine(line cloudsync.Line) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return replaceFile(f.path, text, false)
}

// readOnlyLine shows the line without ever changing it: of commands that only read.
type readOnlyLine struct{ *lineFile }

// SaveLine implements cloudsync.LineStore.
func (readOnlyLine) SaveLine(cloudsync.Line) error { return nil }
