package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// scratch is a folder that one run needs and removes. While the run lives it holds the lock in there, which the system lets go of with the
// process, however that ends: so what a killed run left is told from what another run needs.
type scratch struct {
	folder string
	lock   *flock.Flock
}

// What names scratch folders begin with, in the folder of -out and in memory, and the name of the lock in each.
const labPrefix, memoryPrefix, lockName = ".lab-", "countersign-bench-", "bench.lock"

func newScratch(parent, prefix string) (*scratch, error) {
	folder, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return nil, err
	}
	s := &scratch{folder: folder, lock: flock.New(filepath.Join(folder, lockName))}
	locked, err := s.lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("the new folder %s is already somebody's", folder)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *scratch) close() error { return errors.Join(s.lock.Close(), os.RemoveAll(s.folder)) }

// clearLeft removes the scratch folders in parent that killed runs left. One without a lock is not certain to be a run's, and stays.
func clearLeft(parent, prefix string, log func(format string, args ...any)) {
	found, err := os.ReadDir(parent)
	if err != nil {
		log("what killed runs left in %s is not looked for: %v", parent, err)
		return
	}
	for _, one := range found {
		folder := filepath.Join(parent, one.Name())
		info, err := os.Lstat(filepath.Join(folder, lockName))
		if err != nil || !one.IsDir() || !strings.HasPrefix(one.Name(), prefix) || !info.Mode().IsRegular() {
			continue
		}
		left := &scratch{folder, flock.New(filepath.Join(folder, lockName))}
		locked, err := left.lock.TryLock()
		if err == nil && !locked { // its run lives
			_ = left.lock.Close()
			continue
		}
		if err = errors.Join(err, left.close()); err != nil {
			log("what a killed run left cannot be removed: %v", err)
			continue
		}
		log("removed %s, which a killed run had left", folder)
	}
}
