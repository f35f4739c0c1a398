package journal

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup copies the journal into a file that must not exist yet, as it is at one moment, while the terminal goes on writing. The copy is
// verified before Backup returns. It holds what was honoured and no key: whoever has it can sign nothing with it.
func (r *Reader) Backup(ctx context.Context, path string) (Verified, error) {
	if _, err := os.Stat(path); err == nil {
		return Verified{}, fmt.Errorf("%s is there already; choose another name", path)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return Verified{}, err
	}
	if err := copyInto(ctx, r.path, part); err != nil {
		return Verified{}, errors.Join(err, removeCopy(part))
	}
	verified, err := Verify(ctx, part, r.identity.PublicKey)
	if err = exceptSlips(err); err == nil {
		err = settleFile(part, path)
	}
	if err != nil {
		return verified, errors.Join(err, removeCopy(part))
	}
	return verified, nil
}

// exceptSlips passes over a slip that was changed: the entries are what is to be kept, and slips are made from them.
func exceptSlips(err error) error {
	var changed *ChangedSlip
	if errors.As(err, &changed) {
		return nil
	}
	return err
}

// copyInto makes a copy of a journal. VACUUM INTO reads one state of the database, whoever writes to it meanwhile
// (https://sqlite.org/lang_vacuum.html).
func copyInto(ctx context.Context, path, into string) error {
	db, err := openPool(path, toCopy, 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", into)
	return errors.Join(explain(err), db.Close())
}

// removeCopy removes a copy of a journal with what SQLite makes beside it.
func removeCopy(path string) error {
	var all error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// settleFile syncs a file and gives it its name, both durably.
func settleFile(part, path string) error {
	file, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(part + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Restore puts the journal of a backup in path, where there must be none, and notes that it was restored: the cloud is told so by the
// next start. The backup is verified by the terminal's own key first. The caller has a new epoch begun before anything else is written.
func Restore(ctx context.Context, backup, path string, key ed25519.PrivateKey) (Verified, error) {
	if _, err := os.Stat(path); err == nil {
		return Verified{}, fmt.Errorf("%s is there; it has to be put aside first", path)
	}
	verified, err := Verify(ctx, backup, key.Public().(ed25519.PublicKey))
	if err = exceptSlips(err); err != nil {
		return verified, err
	}
	part := path + ".part"
	err = removeCopy(part)
	if err == nil {
		err = makeFile(part)
	}
	if err == nil {
		err = copyInto(ctx, backup, part)
	}
	var j *Journal
	if err == nil {
		j, err = Open(ctx, part, key)
	}
	if err == nil {
		err = errors.Join(j.markRestored(ctx), j.Close())
	}
	if err == nil {
		err = settleFile(part, path)
	}
	if err != nil {
		return verified, errors.Join(err, removeCopy(part))
	}
	return verified, nil
}

// markRestored forgets which starts the cloud knows of: they were another journal's.
func (j *Journal) markRestored(ctx context.Context) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		if _, err := q.exec(plain, "UPDATE instance SET acked = '', now = ''"); err != nil {
			return err
		}
		return q.setState(plain, startsKey, starts{Restored: true})
	})
}
