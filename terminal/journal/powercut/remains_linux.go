package powercut

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// temper is how a disk treats, in one power cut, what was not synced.
type temper int

const (
	nothing  temper = iota // none of it reached the disk
	all                    // all of it did: the disk had no cache
	inOrder                // it did up to some moment; what was being written then is torn
	some                   // each write did or did not, in whatever order
	shredded               // each sector did or did not, or is left in pieces
	tempers
)

// fate decides what becomes of each pending change.
type fate struct {
	temper
	random *rand.Rand
	sector int // 512 or 4,096 bytes
	moment int // of inOrder: the serial of the change that is torn
}

func newFate(random *rand.Rand) *fate {
	return &fate{temper: temper(random.IntN(int(tempers))), random: random, sector: 512 << (3 * random.IntN(2))}
}

// outcome is what became of one change.
type outcome int

const (
	dropped outcome = iota
	kept
	torn
)

func (f *fate) of(serial int) outcome {
	switch f.temper {
	case all:
		return kept
	case inOrder:
		switch {
		case serial < f.moment:
			return kept
		case serial == f.moment:
			return torn
		}
	case some:
		return outcome(f.random.IntN(2))
	case shredded:
		return outcome(f.random.IntN(3))
	}
	return dropped
}

// Remains writes, into another folder, what a disk could hold after a power cut now. The random numbers decide: the same ones find
// the same remains.
func (d *Disk) Remains(random *rand.Rand, folder string) error {
	watch.Lock()
	defer watch.Unlock()
	f := newFate(random)
	for called, content := range d.remains(f) {
		if err := os.WriteFile(filepath.Join(folder, called), content, 0o600); err != nil {
			return err
		}
	}
	return f.shared(d.folder, folder)
}

// remains is what the files hold after a cut with fate f, by their names.
func (d *Disk) remains(f *fate) map[string][]byte {
	if first := d.firstPending(); first > 0 {
		f.moment = first + f.random.IntN(d.changes-first+1)
	}
	contents := map[string][]byte{}
	for _, called := range slices.Sorted(maps.Keys(d.names)) {
		if left := f.name(d.names[called]); left != nil {
			contents[called] = f.content(left)
		}
	}
	return contents
}

// firstPending is the serial of the oldest change that a cut could undo, 0 for none.
func (d *Disk) firstPending() int {
	first := 0
	earlier := func(serial int) {
		if first == 0 || serial < first {
			first = serial
		}
	}
	for _, n := range d.names {
		for _, b := range n.pending {
			earlier(b.serial)
			if b.file != nil && len(b.file.pending) > 0 {
				earlier(b.file.pending[0].serial)
			}
		}
		if n.durable != nil && len(n.durable.pending) > 0 {
			earlier(n.durable.pending[0].serial)
		}
	}
	return first
}

// name chooses what a name stands for: what it durably did, or what any later change made of it.
func (f *fate) name(n *name) *file {
	switch f.temper {
	case nothing:
		return n.durable
	case all:
		return n.now()
	case inOrder:
		left := n.durable
		for _, b := range n.pending {
			if b.serial <= f.moment {
				left = b.file
			}
		}
		return left
	}
	if i := f.random.IntN(len(n.pending) + 1); i > 0 {
		return n.pending[i-1].file
	}
	return n.durable
}

func (f *fate) content(left *file) []byte {
	image := slices.Clone(left.durable)
	for _, c := range left.pending {
		switch f.of(c.serial) {
		case kept:
			image = c.apply(image)
		case torn:
			image = f.tear(image, c)
		case dropped:
			// A file may have grown for a write that never came: it reads as zeros there.
			if f.temper > inOrder && !c.truncated && f.random.IntN(8) == 0 {
				image = resize(image, max(len(image), c.at+len(c.data)))
			}
		}
	}
	return image
}

// tear applies a change in part. Each of a write's sectors is new, old, new up to some byte and old behind it, or noise. Bytes that
// were not being written stay as they are: SQLite relies on that (SQLITE_IOCAP_POWERSAFE_OVERWRITE), and says so.
func (f *fate) tear(image []byte, c change) []byte {
	if c.truncated {
		if f.random.IntN(2) == 0 {
			return image
		}
		return c.apply(image)
	}
	for from := 0; from < len(c.data); {
		to := min(len(c.data), from+f.sector-(c.at+from)%f.sector)
		piece := change{at: c.at + from, data: c.data[from:to]}
		switch f.random.IntN(4) {
		case 0:
			image = piece.apply(image)
		case 1:
			piece.data = piece.data[:f.random.IntN(len(piece.data)+1)]
			image = piece.apply(image)
		case 2: // the whole sector is spoilt, with what stood in it before
			start := piece.at / f.sector * f.sector
			end := min(start+f.sector, max(len(image), c.at+to))
			image = change{at: start, data: f.noise(end - start)}.apply(image)
		}
		from = to
	}
	return image
}

func (f *fate) noise(size int) []byte {
	noise := make([]byte, size)
	for i := range noise {
		noise[i] = byte(f.random.Uint32())
	}
	return noise
}

// shared leaves, now and then, an index of the write-ahead log behind, as stale or spoilt as it may be: memory that has a name can
// reach the disk at any time.
func (f *fate) shared(from, into string) error {
	found, err := filepath.Glob(filepath.Join(from, "*-shm"))
	if err != nil {
		return err
	}
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch f.random.IntN(3) {
		case 0:
			continue
		case 1:
			content = f.tear(make([]byte, len(content)), change{data: content})
		}
		if err := os.WriteFile(filepath.Join(into, filepath.Base(path)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
