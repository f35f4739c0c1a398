package station

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// leastFree is the space that a data folder should have left, in bytes.
const leastFree = 500 << 20

func (d doctor) examineDisk(folder string) Check {
	free, err := freeSpace(folder)
	args := map[string]any{"free": free >> 20, "least": int64(leastFree >> 20)}
	switch {
	case err != nil:
		return d.fault("disk", "little", err, args)
	case free < leastFree:
		return d.ill("disk", "little", args)
	}
	return d.well("disk", "ok", args)
}

// examineRights tries whether this account may write in the data folder, and whether strangers may look into it.
func (d doctor) examineRights(folder string) Check {
	args := map[string]any{"folder": folder}
	if err := tryWriting(folder); err != nil {
		return d.fault("rights", "closed", &Unwritable{folder, err}, args)
	}
	if path := filepath.Join(folder, JournalName); !mayWrite(path) {
		return d.ill("rights", "file", map[string]any{"file": path})
	}
	if openToAll(folder) {
		return d.advise("rights", "open", args)
	}
	return d.well("rights", "ok", nil)
}

func (d doctor) examineEncryption(folder string) Check {
	switch encrypted, known := diskEncrypted(folder); {
	case !known:
		return d.advise("encryption", encryptionUnknown, nil)
	case !encrypted:
		return d.advise("encryption", "off", nil)
	}
	return d.well("encryption", "on", nil)
}

// examineFonts checks that slips can be drawn: the fonts are part of the program.
func (d doctor) examineFonts() Check {
	if _, err := typesetter(); err != nil {
		return d.fault("fonts", "broken", err, nil)
	}
	return d.well("fonts", "ok", nil)
}

// windowName is the file in which the window leaves word of its last start: whether a computer can draw it is known there alone.
const windowName = "window.json"

// windowStart is how the window's last start went.
type windowStart struct {
	At      time.Time `json:"at"`
	Trouble string    `json:"trouble,omitempty"` // why it could not be drawn; "" where it was
}

// NoteWindow leaves word of a start of the window for doctor; trouble is nil where it was drawn. A folder that does not exist yet is not made.
func NoteWindow(folder string, trouble error) error {
	start := windowStart{At: time.Now().UTC()}
	if trouble != nil {
		start.Trouble = trouble.Error()
	}
	text, err := json.Marshal(start)
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(folder, windowName), text, false); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// NoteWindow is NoteWindow of this terminal's folder.
func (r *Reader) NoteWindow(trouble error) error { return NoteWindow(r.folder, trouble) }

func (d doctor) examineGraphics(folder string) Check {
	var start windowStart
	text, err := os.ReadFile(filepath.Join(folder, windowName))
	if err != nil || json.Unmarshal(text, &start) != nil {
		return d.well("graphics", "unseen", nil)
	}
	args := map[string]any{"at": start.At, "trouble": start.Trouble}
	if start.Trouble != "" {
		return d.ill("graphics", "trouble", args)
	}
	return d.well("graphics", "ok", args)
}
