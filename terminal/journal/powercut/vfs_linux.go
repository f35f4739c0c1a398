package powercut

// #cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-all
// #include "vfs_linux.h"
import "C"

import (
	"errors"
	"path/filepath"
	"sync"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // brings the symbols that the linker is told not to miss here
)

// watch is every folder under watch, and every file that SQLite has open there.
var watch = struct {
	sync.Mutex
	disks map[string]*Disk
	open  map[C.int]*handle
	last  C.int
}{disks: map[string]*Disk{}, open: map[C.int]*handle{}}

// handle is one file that SQLite has open.
type handle struct {
	disk *Disk
	file *file
	// journal says that its first sync makes the folder durable too.
	journal bool
}

// Mount watches what SQLite writes into folder from now on, through every connection that is opened while it does. What lies there
// already counts as durable. The folder has no folders in it.
func Mount(folder string) (*Disk, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	disk, err := newDisk(absolute)
	if err != nil {
		return nil, err
	}
	watch.Lock()
	defer watch.Unlock()
	if watch.disks[absolute] != nil {
		return nil, errors.New("the folder is watched already; unmount it first")
	}
	// As SQLite's default it is under every connection, and the program under test needs no setting that only a test would use.
	if C.powercut_watch() != 0 {
		return nil, errors.New("SQLite did not take the watching VFS; is it built for Unix?")
	}
	watch.disks[absolute] = disk
	return disk, nil
}

// Unmount ends the watch. Close what is open in the folder before.
func (d *Disk) Unmount() {
	watch.Lock()
	defer watch.Unlock()
	delete(watch.disks, d.folder)
	if len(watch.disks) == 0 {
		C.powercut_unwatch()
	}
}

// Hurry is for who plays many lives, on databases so small that no plan is a bad one. Called before the first connection is opened, it has
// SQLite prepare each statement once for good on every connection, and not anew when another value is bound
// (sqlite.org/c3ref/c_dbconfig_defensive.html, SQLITE_DBCONFIG_ENABLE_QPSG), which is a tenth of the time; not count the memory that it
// takes, under a lock; take what is small from a place of each connection's own; and keep locks and wal-indexes in this process's memory
// (sqlite.org/vfs.html, "unix-excl"), which no other process may open the databases of.
func Hurry() error {
	if C.powercut_hurry() != 0 {
		return errors.New("SQLite did not take the settings: is a connection open already?")
	}
	return nil
}

// at finds the disk that holds a path, and the path's name on it.
func at(path *C.char) (*Disk, string) {
	folder, name := filepath.Split(C.GoString(path))
	return watch.disks[filepath.Clean(folder)], name
}

func dark(isDark bool) C.int {
	if isDark {
		return 1
	}
	return 0
}

//export powercutIsWatched
func powercutIsWatched(path *C.char) C.int {
	watch.Lock()
	defer watch.Unlock()
	disk, _ := at(path)
	return dark(disk != nil)
}

//export powercutOpen
func powercutOpen(path *C.char, create, journal C.int) C.int {
	watch.Lock()
	defer watch.Unlock()
	disk, name := at(path)
	opened, made := disk.open(name, create != 0)
	if disk.Dark() {
		return -1
	}
	watch.last++
	watch.open[watch.last] = &handle{disk: disk, file: opened, journal: made && journal != 0}
	return watch.last
}

//export powercutClosed
func powercutClosed(number C.int) {
	watch.Lock()
	defer watch.Unlock()
	delete(watch.open, number)
}

//export powercutIsDark
func powercutIsDark(number C.int) C.int {
	watch.Lock()
	defer watch.Unlock()
	return dark(watch.open[number].disk.Dark())
}

//export powercutWrite
func powercutWrite(number C.int, from unsafe.Pointer, n C.int, at C.longlong) C.int {
	watch.Lock()
	defer watch.Unlock()
	h := watch.open[number]
	if h.disk.full && !h.disk.Dark() {
		return 2
	}
	h.disk.write(h.file, int(at), C.GoBytes(from, n))
	return dark(h.disk.Dark())
}

//export powercutTruncate
func powercutTruncate(number C.int, size C.longlong) C.int {
	watch.Lock()
	defer watch.Unlock()
	h := watch.open[number]
	h.disk.truncate(h.file, int(size))
	return dark(h.disk.Dark())
}

//export powercutSync
func powercutSync(number C.int) C.int {
	watch.Lock()
	defer watch.Unlock()
	h := watch.open[number]
	h.disk.sync(h.file, h.journal)
	h.journal = false
	return dark(h.disk.Dark())
}

//export powercutDelete
func powercutDelete(path *C.char, syncFolder C.int) C.int {
	watch.Lock()
	defer watch.Unlock()
	disk, name := at(path)
	disk.delete(name, syncFolder != 0)
	return dark(disk.Dark())
}
