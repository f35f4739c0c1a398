package station

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"countersign/terminal/cache"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// errOutdated says that the program that has a folder is of a version before.
var errOutdated = errors.New("in the version before this one: close it and start it again")

// bringUpToDate brings the files of a folder to the form of this version, where one before left them: after an upgrade in place, fleet
// tools ask doctor before anybody starts the counter. A counter that still runs has to be started anew first: what it has open is the
// form that it knows.
func bringUpToDate(ctx context.Context, config Config, keys keystore.Keys) error {
	folder := FolderOf(config)
	older, err := olderForm(ctx, folder, keys)
	if err != nil || !older {
		return nil // what cannot be read at all is told by who opens it to read it
	}
	held, err := takeLock(folder, config.Program)
	var inUse *InUse
	if errors.As(err, &inUse) {
		return fmt.Errorf("%w, %w", inUse, errOutdated)
	}
	if err == nil {
		err = errors.Join(liftFiles(ctx, folder, keys), held.release())
	}
	return Blame(folder, err)
}

// olderForm says whether journal or cache are in the form of a version before.
func olderForm(ctx context.Context, folder string, keys keystore.Keys) (bool, error) {
	record, err := journal.OpenReader(ctx, filepath.Join(folder, JournalName))
	if err == nil {
		err = record.Close()
	}
	if errors.Is(err, journal.ErrOlder) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	vouchers, err := cache.OpenReader(ctx, filepath.Join(folder, CacheName), keys.Cache)
	if err == nil {
		err = vouchers.Close()
	}
	if errors.Is(err, cache.ErrOlder) {
		return true, nil
	}
	return false, err
}

// liftFiles opens journal and cache of a folder, whose lock is held, for writing once: that brings them to this version's form.
func liftFiles(ctx context.Context, folder string, keys keystore.Keys) error {
	record, err := journal.Open(ctx, filepath.Join(folder, JournalName), keys.Sign)
	if err == nil {
		err = record.Close()
	}
	if err != nil {
		return err
	}
	vouchers, err := cache.Open(ctx, filepath.Join(folder, CacheName), keys.Cache)
	if err == nil {
		err = vouchers.Close()
	}
	return err
}

// upgraded brings the machine's files to the form of this version when its package is installed over an older one, and says how it went.
// A counter that runs meanwhile, or a file that is damaged, spoils no installation.
func upgraded(ctx context.Context, config Config) string {
	const before = "This computer has joined before; nothing was changed."
	keys, err := loadKeys(ctx, config.Folder)
	if err != nil {
		return before
	}
	older, err := olderForm(ctx, config.Folder, keys)
	if err != nil || !older {
		return before
	}
	if err := bringUpToDate(ctx, config, keys); err != nil {
		return fmt.Sprintf("This computer has joined before. Its files are brought to the form of this version when the counter starts: %v.", err)
	}
	return "This computer has joined before; its files were brought to the form of this version."
}
