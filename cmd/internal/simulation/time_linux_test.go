package simulation

import (
	"context"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

// If a counter that starts did not keep at once what time it is certain of, a power cut soon after a long break would take the break from
// it, and a wall clock set back would make a cache of nine days one of seven.
func TestACounterKeepsTheTimeWhenItStarts(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, size{counters: 1}, folder, nil)
		c := w.counters[0]
		c.calm = true
		c.start()
		pass(time.Minute)
		c.stop()
		pass(200 * time.Hour)
		c.line.set(func() { c.line.cut = true })
		c.start()
		mark, err := c.station.Journal.Mark(context.Background())
		if err != nil || time.Since(mark.At) > time.Minute {
			t.Errorf("at %v the mark is %v, %v", time.Now(), mark.At, err)
		}
		c.stop()
		w.carried.Wait()
		w.cloud.shut()
	})
}
