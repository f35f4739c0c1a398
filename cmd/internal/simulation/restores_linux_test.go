package simulation

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/journal"
)

// backup is a copy of a counter's folder that is put back one day, and what goes with it.
type backup struct {
	folder  string
	head    uint64 // the journal's last entry in it
	step    int    // at which it is made
	putBack time.Time
	arrived uint64                // up to which entry the cloud had said, until then, that it has the journal
	gone    []terminal.Record     // what was in the journal that had to make way, and is not in the backup
	waiting map[terminal.UID]bool // what was not on paper when it was made
	noticed bool                  // before the first customer
}

// backUp copies the counter's folder between two lives of its program.
func (c *counter) backUp() {
	c.closeShop()
	c.backup.folder = filepath.Join(c.world.folder, c.name+" backup")
	c.must(os.Mkdir(c.backup.folder, 0o700))
	c.must(copyFiles(c.folder, c.backup.folder, func(string) bool { return true }))
	there, err := journal.Verify(context.Background(), filepath.Join(c.backup.folder, station.JournalName), nil)
	c.must(err)
	c.backup.head = there.Head.Seq
	c.note("%d is backed up at entry %d", c.index, c.backup.head)
	c.start()
	c.backup.waiting = map[terminal.UID]bool{}
	for uid := range c.promised {
		jobs, err := c.station.Journal.JobsOf(context.Background(), uid)
		c.must(err)
		for _, job := range jobs {
			c.backup.waiting[uid] = c.backup.waiting[uid] || !bytes.Contains(c.paper.all(), job.Bytes)
		}
	}
}

// putBack puts the backup back, as somebody does who believes that this helps.
func (c *counter) putBack() {
	if c.backup == nil || c.backup.folder == "" {
		return
	}
	ctx := context.Background()
	c.fault("%d is put back to its backup", c.index)
	old, err := journal.OpenReader(ctx, filepath.Join(c.folder, station.JournalName))
	c.must(err)
	c.backup.gone, err = old.Entries(ctx, c.backup.head, 100_000)
	c.must(err)
	c.must(old.Close())
	c.must(os.RemoveAll(c.folder))
	c.folder = c.backup.folder
	for uid, promise := range c.promised {
		if promise.Entry.Seq > c.backup.head {
			delete(c.promised, uid)
		}
	}
	kept := c.declined[:0]
	for _, decline := range c.declined {
		if decline.Entry.Seq <= c.backup.head {
			kept = append(kept, decline)
		}
	}
	c.declined, c.last = kept, terminal.Request{}
	c.line.set(func() {
		c.backup.arrived = c.line.arrived
		c.line.arrived = min(c.line.arrived, c.backup.head)
		c.line.cut = false
	})
	c.backup.putBack, c.healAt, c.knew = time.Now(), -1, nil
	c.doubt += 2 * time.Minute // what the backup knows of the time is older
	c.count("a backup is put back")
}

// startRestored starts who was put back, before the first customer: what a backup does not know cannot be missed before the cloud has been
// heard, and who sells before that sells what he knows.
func (w *world) startRestored() {
	for _, c := range w.counters {
		if !c.restored() {
			continue
		}
		c.start()
		pass(40 * time.Second)
		c.backup.noticed = c.line.lastHeard().After(c.alive)
	}
}

// backUp copies the cloud's database between two lives of its process.
func (s *server) backUp() {
	s.fault("the cloud is backed up, and is not there for a moment")
	s.shut()
	s.backup, s.backedUp = filepath.Join(filepath.Dir(s.folder), "cloud backup"), time.Now()
	s.must(os.Mkdir(s.backup, 0o700))
	s.must(copyFiles(s.folder, s.backup, func(string) bool { return true }))
	s.open(false)
}

// putBack puts the cloud back to its backup. What the merchant did since is undone; what terminals recorded they have to send again.
func (s *server) putBack() {
	if s.backup == "" || s.wasBack {
		return
	}
	s.fault("the cloud is put back to its backup of %v ago", time.Since(s.backedUp))
	s.shut()
	s.must(os.RemoveAll(s.folder))
	s.folder, s.wasBack, s.putBackAt = s.backup, true, time.Now()
	s.world.mu.Lock()
	var undone []*voucher
	for _, v := range s.vouchers {
		if v.revoked.After(s.backedUp) {
			v.revoked = time.Time{}
			undone = append(undone, v)
		}
	}
	s.world.mu.Unlock()
	for _, c := range s.counters {
		c.learnt(undone)
	}
	s.count("the cloud is put back")
	s.open(false)
}

// learnt notes which of the vouchers the counter's cache has as revoked.
func (c *counter) learnt(vouchers []*voucher) {
	c.knew = map[terminal.VoucherID]bool{}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(c.folder, station.CacheName)+"?mode=ro")
	c.must(err)
	defer db.Close()
	for _, v := range vouchers {
		var withdrawn bool
		if err := db.QueryRow("SELECT state <> 0 FROM vouchers WHERE lookup = ?", v.lookup[:]).Scan(&withdrawn); err == nil && withdrawn {
			c.knew[v.issued.Voucher.ID] = true
			c.count("a till knows of a revocation that the cloud does not know of any more")
		}
	}
}

// awaits reports that the cloud, put back to its backup, has not heard every till since.
func (s *server) awaits() (some bool) {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(s.folder, sqlite.FileName)+"?mode=ro")
	s.must(err)
	defer db.Close()
	return db.QueryRow("SELECT EXISTS (SELECT 1 FROM unheard WHERE since > 0)").Scan(&some) == nil && some
}

// made notes when something was approved.
func (w *world) made(uid terminal.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.approved[uid] = time.Now()
}

// forgot reports that the cloud may have said yes to a redemption, and was put back to a backup that knows nothing of it.
func (w *world) forgot(uid terminal.UID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cloud.wasBack && w.approved[uid].Before(w.cloud.putBackAt)
}

// forgotLease reports that the cloud was put back to a backup that knows nothing of the lease under which something was honoured.
func (w *world) forgotLease(e terminal.Entry) bool {
	if !w.cloud.wasBack {
		return false
	}
	known := w.leases()
	for _, id := range strings.Fields(e.Lease) {
		if _, ok := known[id]; !ok {
			return true
		}
	}
	return false
}

// restored reports that the counter's journal was put back to a backup.
func (c *counter) restored() bool { return c.backup != nil && !c.backup.putBack.IsZero() }

// checkGone finds what a backup did not have and the cloud has, adds it to the book, and holds the counter to it: nothing is honoured
// twice that the cloud knew.
func (c *counter) checkGone(all book) {
	if !c.restored() {
		return
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(c.world.cloud.folder, sqlite.FileName)+"?mode=ro")
	c.must(err)
	defer db.Close()
	known := false
	for _, record := range c.backup.gone {
		var there int
		c.must(db.QueryRow("SELECT count(*) FROM entry WHERE hash = ?", record.Hash[:]).Scan(&there))
		if there == 0 && record.Entry.Seq <= c.backup.arrived {
			c.violate(2, "the cloud said that it has entry %d of till %d, and has lost it", record.Entry.Seq, c.index)
		}
		if there == 0 {
			continue
		}
		known = true
		if kind := record.Entry.Kind; kind == terminal.EntryRedeem || kind == terminal.EntryReverse {
			all[record.Entry.UID] = record.Entry
		}
	}
	if known && !c.reported {
		c.violate(3, "till %d was put back to entry %d, and nobody reports it", c.index, c.backup.head)
	}
	net := map[terminal.VoucherID]int64{}
	for _, e := range all {
		if e.Terminal != c.name || e.Store != c.store {
			continue
		}
		for _, line := range e.Lines {
			if e.Kind == terminal.EntryReverse {
				net[line.Voucher] -= line.Units
			} else {
				net[line.Voucher] += line.Units
			}
		}
	}
	for id, units := range net {
		if total := c.voucherOf(id).issued.Voucher.Units; units > total && c.backup.noticed {
			c.violate(4, "till %d, put back to a backup, used %d of the %d units of %s", c.index, units, total, id)
		}
	}
}
