package simulation

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
)

// noticedWithin is how long a copy may be at work before the cloud knows: its first contact, and a second try at it.
const noticedWithin = time.Minute

// If a data folder that was copied, or put back from a backup, could go on as if nothing had happened, it would honour again what it does
// not know any more.
func TestACopyIsNoticedAtItsFirstContact(t *testing.T) {
	for name, disturb := range map[string]func(c *counter, backup string) *station.Station{
		"yesterday's backup is put back": func(c *counter, backup string) *station.Station {
			c.stop()
			c.must(os.RemoveAll(c.folder))
			c.folder = backup
			clear(c.promised) // what the backup does not have is gone from here
			c.declined = nil
			c.start()
			return nil
		},
		"a copy is started beside it": func(c *counter, backup string) *station.Station {
			twin := *c
			twin.folder, twin.station, twin.paper = backup, nil, &paper{random: c.rand("twin")}
			s, err := station.Open(context.Background(), twin.config())
			c.must(err)
			s.Start(context.Background())
			c.redeem(c.request(c.vouchers[7]))
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				cryptotest.SetGlobalRandom(t, seed)
				folder := t.TempDir()
				synctest.Test(t, func(t *testing.T) { copied(t, newWorld(t, seed, size{counters: 1}, folder, nil), disturb) })
			}
		})
	}
}

// copied has a till sell, disturbs it, and looks for what the cloud reports.
func copied(t *testing.T, w *world, disturb func(c *counter, backup string) *station.Station) {
	c := w.counters[0]
	c.calm = true
	backup := filepath.Join(w.folder, "backup")
	c.start()
	sell := func(from, until int) {
		for _, v := range w.vouchers[from:until] {
			c.redeem(c.request(v))
			pass(between(w.random, time.Second, 5*time.Second))
		}
	}
	sell(0, 3)
	c.stop()
	w.must(os.Mkdir(backup, 0o700))
	w.must(copyFiles(c.folder, backup, func(string) bool { return true }))
	c.start()
	sell(3, 6)
	pass(10 * time.Second)
	twin := disturb(c, backup)
	pass(noticedWithin)
	exceptions, err := w.cloud.storage.Exceptions(context.Background(), merchantID, false)
	w.must(err)
	noticed := false
	for _, x := range exceptions {
		noticed = noticed || strings.HasPrefix(string(x.Kind), "journal_")
	}
	if !noticed {
		t.Errorf("seed %d: nobody noticed: %+v", w.seed, exceptions)
	}
	if twin != nil {
		w.must(twin.Close())
	}
	c.stop()
	w.carried.Wait()
	w.cloud.shut()
}

// If a clock that is moved while a till sells were not journalled and told, who does that could sell outside of a voucher's hours.
func TestAClockThatIsMovedIsTold(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, size{counters: 1}, folder, nil)
		c := w.counters[0]
		c.calm = true
		c.start()
		pass(time.Minute)
		c.machine.setWall(-3 * time.Hour)
		pass(2 * time.Minute)
		exceptions, err := w.cloud.storage.Exceptions(context.Background(), merchantID, true)
		w.must(err)
		if len(exceptions) != 1 || exceptions[0].Kind != api.ExceptionClock || *exceptions[0].Seconds != -3*3600 {
			t.Errorf("the cloud says %+v", exceptions)
		}
		c.stop()
		w.carried.Wait()
		w.cloud.shut()
	})
}
