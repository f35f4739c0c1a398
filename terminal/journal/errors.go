package journal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// Errors of the journal, each with what to do next. They are wrapped with details.
var (
	// ErrDiskFull says that nothing was recorded for want of space.
	ErrDiskFull = errors.New("nothing was recorded because the disk is full; free some space and scan again")
	// ErrInUse says that another program holds the file's write lock.
	ErrInUse = errors.New("nothing was recorded because another program is writing the journal; close it and try again")
	// ErrDamaged says that the file is no sound journal.
	ErrDamaged = errors.New("the journal is damaged; stop selling, keep every file of the data folder and call support")
	// ErrNotEnrolled says that there is no journal yet.
	ErrNotEnrolled = errors.New("this terminal has not joined a store yet; run the join command with a join code")
	// ErrOtherKey says that the key at hand is not the one the journal was made with.
	ErrOtherKey = errors.New("the terminal's key is not the one this journal was signed with; put the right key file back, or restore both from one backup")
	// ErrOtherTerminal says that the journal belongs to another enrolment.
	ErrOtherTerminal = errors.New("there is already a journal of another terminal; choose another data folder")
	// ErrNewer says that a newer program wrote the file.
	ErrNewer = errors.New("the journal was written by a newer version of this program; install that version")
	// ErrOlder says that an older program wrote the file, and that none of this version has opened it for writing yet.
	ErrOlder = errors.New("the journal is still in the form of an older version; start the counter once")
	// ErrUnsafe says that SQLite does not promise what the journal needs.
	ErrUnsafe = errors.New("the journal cannot be kept safely on this machine; reinstall the program on a local disk")
	// ErrOutcomeUnknown says that nobody can tell whether the entry is on disk: the disk failed while it was being written.
	ErrOutcomeUnknown = errors.New("it is not certain whether this was recorded; restart the program and look the redemption up before trying again")
	// ErrClosed says that the journal was closed.
	ErrClosed = errors.New("the journal is closed; start the program again")

	// ErrDraft says that a draft contradicts the journal: a fault of the program, never of the shop.
	ErrDraft = errors.New("the entry does not fit the journal")
	// ErrUIDTaken says that there is an entry with the draft's uid already.
	ErrUIDTaken = errors.New("there is an entry with this uid already")
	// ErrAhead says that the cloud acknowledged more than the journal holds: it was restored from an older copy.
	ErrAhead = errors.New("the cloud has later entries than this journal; it was restored from an older copy and must begin a new epoch")
)

// explain puts the sentence that fits in front of an error of SQLite, and leaves other errors as they are.
func explain(err error) error {
	var fault sqlite3.Error
	if err == nil || !errors.As(err, &fault) {
		return err
	}
	for _, said := range []error{ErrDiskFull, ErrInUse, ErrDamaged, ErrUIDTaken, ErrFailed} {
		if errors.Is(err, said) { // nearer to the file: once is enough
			return err
		}
	}
	switch fault.Code {
	case sqlite3.ErrFull:
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%w (%w)", ErrInUse, err)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	case sqlite3.ErrConstraint:
		if strings.Contains(err.Error(), "entries.uid") {
			return fmt.Errorf("%w (%w)", ErrUIDTaken, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

// ErrFailed says that SQLite failed for a reason that has no sentence of its own.
var ErrFailed = errors.New("the journal's disk or file failed")
