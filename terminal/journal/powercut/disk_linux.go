package powercut

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// Disk is a folder, together with what of it would be left after a power cut.
//
// A write or truncation is pending until its file is synced; the making or deletion of a name is pending until the folder is. One
// does not entail the other: a synced file whose name is pending may be gone.
type Disk struct {
	folder string
	names  map[string]*name
	// changes counts what was changed or synced; trace is a hash over all of it.
	changes int
	trace   uint64
	// left is how many changes there are to the cut, 0 for no cut; atSync puts it off to the next sync.
	left   int
	atSync bool
	dark   atomic.Bool
	full   bool   // there is no room for another byte
	cut    string // what the power failed in
}

// name is an entry of the folder.
type name struct {
	durable *file // nil where there was none
	pending []binding
}

// binding is a change of what a name stands for.
type binding struct {
	serial int
	file   *file // nil for a deletion
}

func (n *name) now() *file {
	if len(n.pending) > 0 {
		return n.pending[len(n.pending)-1].file
	}
	return n.durable
}

// file is a file's content, under whatever name.
type file struct {
	durable []byte
	pending []change
}

// change is a write of data at an offset, or, where truncated, a truncation to that size.
type change struct {
	serial    int
	at        int
	data      []byte
	truncated bool
}

func (c change) apply(image []byte) []byte {
	if c.truncated {
		return resize(image, c.at)
	}
	image = resize(image, max(len(image), c.at+len(c.data)))
	copy(image[c.at:], c.data)
	return image
}

func resize(image []byte, size int) []byte {
	if size <= len(image) {
		return image[:size]
	}
	if size > cap(image) { // files grow page by page: not all of it is to be copied for each
		image = slices.Grow(image, max(size-len(image), len(image), 64<<10))
	}
	was := len(image)
	image = image[:size]
	clear(image[was:])
	return image
}

// isShared says that a file is SQLite's index of the write-ahead log, which is memory that happens to have a name.
func isShared(name string) bool { return strings.HasSuffix(name, "-shm") }

func newDisk(folder string) (*Disk, error) {
	d := &Disk{folder: folder, names: map[string]*name{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() || isShared(entry.Name()) {
			continue // no database is in a folder below
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		d.names[entry.Name()] = &name{durable: &file{durable: content}}
	}
	return d, nil
}

// CutIn cuts the power in the n-th change from now: that change may still be found on the disk, but its program is never told.
// Opening a file that does not exist, writing, truncating, syncing and deleting each count as one.
func (d *Disk) CutIn(n int) {
	watch.Lock()
	defer watch.Unlock()
	d.left, d.atSync = n, false
}

// CutInSync cuts the power in the first sync from the n-th change on: where a program waits to be told that its work is safe.
func (d *Disk) CutInSync(n int) {
	watch.Lock()
	defer watch.Unlock()
	d.left, d.atSync = n, true
}

// Dark says that the power is off. Every call of SQLite's then fails.
func (d *Disk) Dark() bool { return d.dark.Load() }

// Fill takes the last room away: until it is given back, each write fails as on a full disk, and changes nothing.
func (d *Disk) Fill(full bool) {
	watch.Lock()
	defer watch.Unlock()
	d.full = full
}

// Full says that there is no room.
func (d *Disk) Full() bool {
	watch.Lock()
	defer watch.Unlock()
	return d.full
}

// Cut says in what the power failed, "write journal.db-wal" for example; "" while it is on.
func (d *Disk) Cut() string {
	watch.Lock()
	defer watch.Unlock()
	return d.cut
}

// Trace is a number that two runs share only if they changed the same places of the same files in the same order.
func (d *Disk) Trace() uint64 {
	watch.Lock()
	defer watch.Unlock()
	return d.trace
}

// count notes a change and reports whether it may be made: false once the power is off. cut says that it fails in this very change.
func (d *Disk) count(verb, name string, at, size int) (serial int, on, cut bool) {
	if d.Dark() {
		return 0, false, false
	}
	d.changes++
	hash := fnv.New64a()
	fmt.Fprint(hash, d.trace, verb, name, at, size)
	d.trace = hash.Sum64()
	switch {
	case d.left == 0:
		return d.changes, true, false
	case d.left > 1:
		d.left--
		return d.changes, true, false
	case d.atSync && verb != "sync":
		return d.changes, true, false
	}
	d.cut = verb + " " + name
	d.dark.Store(true)
	return d.changes, true, true
}

// nameOf is for the trace: the name under which a file is known.
func (d *Disk) nameOf(f *file) string {
	for known, n := range d.names {
		if n.now() == f {
			return known
		}
	}
	return "a deleted file"
}

// open finds the file of a name and makes it where there is none. A file that the program made itself, past SQLite, is found here
// for the first time, and its name is as pending as any.
func (d *Disk) open(called string, create bool) (opened *file, made bool) {
	n := d.names[called]
	if n != nil && n.now() != nil {
		return n.now(), false
	}
	_, err := os.Stat(filepath.Join(d.folder, called))
	if err != nil && !create {
		return nil, false // the system will say that it is not there
	}
	serial, on, _ := d.count("make", called, 0, 0)
	if !on {
		return nil, false
	}
	if n == nil {
		n = &name{}
		d.names[called] = n
	}
	opened = &file{}
	n.pending = append(n.pending, binding{serial, opened})
	return opened, true
}

func (d *Disk) write(f *file, at int, data []byte) {
	if serial, on, _ := d.count("write", d.nameOf(f), at, len(data)); on {
		f.pending = append(f.pending, change{serial: serial, at: at, data: data})
	}
}

func (d *Disk) truncate(f *file, size int) {
	if serial, on, _ := d.count("truncate", d.nameOf(f), size, 0); on {
		f.pending = append(f.pending, change{serial: serial, at: size, truncated: true})
	}
}

// sync makes a file durable. A sync in which the power fails promised nothing: what it was to write stays pending.
func (d *Disk) sync(f *file, folderToo bool) {
	if _, on, cut := d.count("sync", d.nameOf(f), 0, 0); !on || cut {
		return
	}
	for _, c := range f.pending {
		f.durable = c.apply(f.durable)
	}
	f.pending = nil
	if folderToo {
		d.syncNames()
	}
}

func (d *Disk) delete(called string, syncFolder bool) {
	n := d.names[called]
	if n == nil || n.now() == nil {
		return // the system will say that it is not there
	}
	serial, on, cut := d.count("delete", called, 0, 0)
	if !on {
		return
	}
	n.pending = append(n.pending, binding{serial, nil})
	if syncFolder && !cut {
		d.syncNames()
	}
}

func (d *Disk) syncNames() {
	for _, n := range d.names {
		n.durable, n.pending = n.now(), nil
	}
}
