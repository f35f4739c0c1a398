package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
)

// Backup copies the journal of a data folder into a file that must not exist yet, also while the counter sells. Keys stay where they
// are: the private key never leaves the machine it was made on.
func (r *Reader) Backup(ctx context.Context, file string) (journal.Verified, error) {
	return r.Journal.Backup(ctx, file)
}

// NotNeeded says that the journal is whole and holds all that a backup holds: restoring would lose what came after.
type NotNeeded struct{ Entries, Backup uint64 }

// Error is one sentence.
func (n *NotNeeded) Error() string {
	return fmt.Sprintf("the journal here is whole, and its %d entries hold the backup's %d: restoring would lose the others", n.Entries, n.Backup)
}

// OtherBackup says that a backup is another terminal's.
type OtherBackup struct{ Backup, Here string } // the terminals' names, Here "" where it is not known

// Error is one sentence.
func (o *OtherBackup) Error() string {
	if o.Here == "" {
		return fmt.Sprintf("this is the backup of %s, and the keys here are another terminal's", o.Backup)
	}
	return fmt.Sprintf("this is the backup of %s, and this is %s", o.Backup, o.Here)
}

// Unwrap is what it is for whoever does not ask for names.
func (o *OtherBackup) Unwrap() error { return journal.ErrOtherKey }

// whoseBackup says of a backup that the keys do not fit whose it is: with many counters, the wrong file is likelier than the wrong key.
// Where both have one name, it is the keys that were changed, and refused is all that can be said.
func whoseBackup(ctx context.Context, folder, file string, refused error) error {
	its, err := journal.IdentityOf(ctx, file)
	if err != nil {
		return refused
	}
	own, err := journal.IdentityOf(ctx, filepath.Join(folder, JournalName))
	if err != nil { // it is gone or damaged: that is why there is a backup to restore
		place, _ := readPlace(folder) // no name is better than none of this
		own.Terminal, own.Store = place.Terminal, place.Store.ID
	}
	other := &OtherBackup{Backup: its.Terminal, Here: own.Terminal}
	switch {
	case its.Terminal != own.Terminal:
		return other
	case its.Store != own.Store && own.Store != "":
		other.Backup, other.Here = its.Terminal+" ("+its.Store+")", own.Terminal+" ("+own.Store+")"
		return other
	}
	return refused
}

// BadFile says that a file which somebody named is no sound journal. It says nothing of the terminal's own.
type BadFile struct {
	File    string
	Nothing bool // it holds no journal at all
	found   string
	cause   error
}

// Error is one sentence.
func (b *BadFile) Error() string { return b.File + " " + b.found }

// Unwrap returns the cause.
func (b *BadFile) Unwrap() error { return b.cause }

// JudgeFile says what is wrong with a file of which journal.Verify answered err.
func JudgeFile(file string, err error) *BadFile {
	bad := &BadFile{File: file, Nothing: true, cause: err}
	begins, reading := beginningOf(file)
	switch {
	case errors.Is(reading, os.ErrNotExist):
		bad.File, bad.found = "there is no file "+file, "(look at its name)"
	case errors.Is(reading, os.ErrPermission):
		bad.found = "may not be read by this user"
	case reading != nil:
		bad.found = "cannot be read as a file"
	case begins != "SQLite format 3\x00":
		bad.found = "is no journal, or its beginning is damaged"
	case errors.Is(err, journal.ErrNotEnrolled), strings.Contains(err.Error(), "no such table"): // a cache.db, say
		bad.found = "is the database of another program, and no journal"
	default:
		detail := strings.Trim(strings.TrimPrefix(err.Error(), journal.ErrDamaged.Error()), " :()")
		bad.Nothing, bad.found = false, "cannot be used: "+detail
	}
	return bad
}

// beginningOf is how a file begins, as far as a database's name of itself goes.
func beginningOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	begins := make([]byte, 16)
	n, err := io.ReadFull(f, begins)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(begins[:n]), err
}

// Restored is what Restore did.
type Restored struct {
	Entries uint64 // of the backup
	Epoch   uint32 // that the journal goes on in
	Aside   string // where the journal is that was there before; "" for none
}

// Restore puts the journal of a backup in the place of one that is gone or damaged, which is kept beside it, and has it go on in a new
// epoch. The keys have to be those that the journal was signed with: without them the terminal joins anew, and the backup is evidence.
func Restore(ctx context.Context, config Config, file string) (done Restored, err error) {
	folder := FolderOf(config)
	if missing(filepath.Join(folder, KeysName)) && missing(filepath.Join(folder, JournalName)) {
		return done, nobodyHere(folder)
	}
	held, err := takeLock(folder, config.Program)
	if err != nil {
		return done, Blame(folder, err)
	}
	s, done, err := restoreLocked(ctx, config, held, file)
	if err != nil {
		return done, Blame(folder, errors.Join(err, held.release()))
	}
	return done, s.Close()
}

func restoreLocked(ctx context.Context, config Config, held *lock, file string) (s *Station, done Restored, err error) {
	folder := FolderOf(config)
	path := filepath.Join(folder, JournalName)
	keys, err := loadKeys(ctx, folder)
	if err != nil {
		return nil, done, err
	}
	backup, err := journal.Verify(ctx, file, keys.Public())
	if errors.Is(err, journal.ErrOtherKey) {
		err = whoseBackup(ctx, folder, file, err)
	}
	if other := (*OtherBackup)(nil); errors.As(err, &other) {
		return nil, done, other
	}
	if err != nil && !onlySlips(err) {
		return nil, done, JudgeFile(file, err)
	}
	after := backup.Head
	if there, err := journal.Verify(ctx, path, keys.Public()); (err == nil || onlySlips(err)) && there.Entries >= backup.Entries {
		return nil, done, &NotNeeded{there.Entries, backup.Entries}
	} else if there.Head.Epoch >= after.Epoch && there.Head.Seq > 0 { // as far as it can be read
		after = there.Head
	}
	if done.Aside, err = putAside(path); err != nil {
		return nil, done, err
	}
	if _, err := journal.Restore(ctx, file, path, keys.Sign); err != nil {
		return nil, done, err
	}
	like := done.Aside
	if missing(like) {
		like = filepath.Join(folder, KeysName)
	}
	if err := ownAs(path, like); err != nil {
		return nil, done, fmt.Errorf("the journal was restored, and cannot be given to whom it belonged: %w", err)
	}
	if s, err = openLocked(ctx, config, held); err != nil {
		return nil, done, err
	}
	var head entry.Place
	if err = s.Terminal.BeginEpoch(ctx, after.Epoch, after.Hash[:]); err == nil {
		head, err = s.Journal.Head(ctx)
	}
	if err != nil {
		return nil, done, errors.Join(err, s.closeFiles())
	}
	done.Entries, done.Epoch = backup.Entries, head.Epoch
	return s, done, nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// nobodyHere says that a backup cannot go where no terminal is, as on a new computer: nothing could be signed there.
func nobodyHere(folder string) *Lost {
	return &Lost{cause: terminal.ErrNotJoined, found: "doctor.fault.nobody", do: "doctor.fault.nobody_do", folder: folder,
		Found: fmt.Sprintf("there is no terminal in %s: a backup goes back only where the keys are that signed it", folder),
		Do:    "join this computer with a new join code (countersign-cloud invite STORE), and keep the backup as evidence"}
}

// onlySlips reports that nothing but a kept slip is not what it was: no entry is lost, and slips are made from entries.
func onlySlips(err error) bool {
	var changed *journal.ChangedSlip
	return errors.As(err, &changed)
}

// putAside renames a journal and what SQLite keeps beside it, and returns its new name: not one byte of it is lost. A log whose file is gone
// goes with it: it holds entries, and SQLite would write them into whatever file comes there. "" says that there was nothing.
func putAside(path string) (string, error) {
	aside, found := path+".before-"+time.Now().UTC().Format("20060102T150405.000"), ""
	for _, suffix := range []string{"-wal", "-shm", ""} {
		switch err := os.Rename(path+suffix, aside+suffix); {
		case err == nil:
			found = aside
		case !errors.Is(err, os.ErrNotExist):
			return "", err
		}
	}
	return found, nil
}
