package hub

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"countersign/sync/cloud/relational"
)

// mark is a file beside the hub's record that says how far the record was: one that was put back to an older copy is known by it. It is on
// disk before what it counts is answered, and is written over in its place, which takes no room on a disk that is full.
type mark struct {
	path string // "" for none

	mu     sync.Mutex
	at     relational.Moment // what the file says
	wanted int64             // the highest that somebody waits for; guarded by asking
	asking sync.Mutex
}

// markForm is the file's one line, of the same length always.
const markForm = "%-64s %020d\n"

// load reads the mark. There is none before the first start. One that cannot be read is of a start that nobody knows: whatever it
// counted may be forgotten.
func (m *mark) load() (noted relational.Moment, err error) {
	if m.path == "" {
		return noted, nil
	}
	text, err := os.ReadFile(m.path)
	if errors.Is(err, os.ErrNotExist) {
		return noted, nil
	}
	if err != nil {
		return noted, fmt.Errorf("the hub's mark cannot be read: %w", err)
	}
	var at relational.Moment
	if n, err := fmt.Sscanf(string(text), "%s %d\n", &at.Start, &at.Answered); n != 2 || err != nil || len(text) != len(fmt.Sprintf(markForm, "", 0)) {
		return relational.Moment{Start: "damaged"}, nil
	}
	return at, nil
}

// begin notes a start of the program.
func (m *mark) begin(at relational.Moment) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.write(at); err != nil {
		return err
	}
	if m.path == "" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(m.path))
	if err != nil {
		return err
	}
	_ = folder.Sync() // a system that cannot sync a folder keeps its files' names by itself
	return folder.Close()
}

// reach notes that the record has come so far. Those that come while one is written are written together.
func (m *mark) reach(answered int64) error {
	m.asking.Lock()
	m.wanted = max(m.wanted, answered)
	m.asking.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if answered <= m.at.Answered {
		return nil
	}
	m.asking.Lock()
	most := max(m.wanted, answered)
	m.asking.Unlock()
	return m.write(relational.Moment{Start: m.at.Start, Answered: most})
}

// now is what the mark says.
func (m *mark) now() relational.Moment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// write is called with the lock held.
func (m *mark) write(at relational.Moment) (err error) {
	if m.path != "" {
		file, err := os.OpenFile(m.path, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("the hub's mark cannot be written: %w", err)
		}
		_, err = file.WriteAt(fmt.Appendf(nil, markForm, at.Start, at.Answered), 0)
		if err == nil {
			err = file.Sync()
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("the hub's mark cannot be written: %w", err)
		}
	}
	m.at = at
	return nil
}
