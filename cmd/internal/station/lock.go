package station

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Holder says which program has a data folder.
type Holder struct {
	PID     int       `json:"pid"`
	Program string    `json:"program"`
	Since   time.Time `json:"since"`
}

// InUse says that another program has the data folder.
type InUse struct {
	Folder string
	Holder Holder // zero where the file that names it cannot be read
}

// Error is one sentence that names the holder.
func (e *InUse) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("the data folder %s is in use by another program", e.Folder)
	}
	return fmt.Sprintf("the data folder %s is in use by %s (process %d) since %s", e.Folder, e.Holder.Program, e.Holder.PID,
		e.Holder.Since.Local().Format("2006-01-02 15:04:05"))
}

// lock is the right to write into a data folder. The system takes it back when the process ends, however it ends.
type lock struct {
	file   *flock.Flock
	holder string
}

// takeLock locks the folder, or says who has it. The lock is on a file of its own, since Windows lets nobody read a locked one.
func takeLock(folder, program string) (*lock, error) {
	shareFiles(folder)
	l := &lock{file: flock.New(filepath.Join(folder, "lock"), flock.SetPermissions(0o660)), holder: filepath.Join(folder, "holder.json")}
	taken, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be locked; check its rights: %w", folder, err)
	}
	if !taken {
		return nil, &InUse{Folder: folder, Holder: readHolder(l.holder)}
	}
	text, err := json.Marshal(Holder{PID: os.Getpid(), Program: program, Since: time.Now().Truncate(time.Second)})
	if err == nil {
		err = os.WriteFile(l.holder, text, 0o660)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the data folder %s cannot be written: %w", folder, err), l.file.Unlock())
	}
	return l, nil
}

func readHolder(path string) Holder {
	var holder Holder
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &holder) != nil {
		return Holder{}
	}
	return holder
}

// FindHolder says who has a data folder right now; ok is false where nobody has.
func FindHolder(folder string) (holder Holder, ok bool) {
	file := flock.New(filepath.Join(folder, "lock"), flock.SetFlag(os.O_RDONLY))
	taken, err := file.TryRLock()
	if err != nil {
		return Holder{}, false
	}
	if !taken {
		return readHolder(filepath.Join(folder, "holder.json")), true
	}
	_ = file.Unlock() // nothing was held but for this moment
	return Holder{}, false
}

func (l *lock) release() error {
	return errors.Join(os.Remove(l.holder), l.file.Unlock())
}
