package station_test

import (
	"strings"
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
)

// played is a computer whose clock a test moves.
type played struct{ moved time.Duration }

func (p *played) Wall() time.Time          { return time.Now().Round(0).Add(p.moved) }
func (p *played) SinceBoot() time.Duration { return time.Since(began) }
func (p *played) Boot() (string, bool)     { return "played", true }

// began is when the played computer was switched on.
var began = time.Now().Add(-time.Hour)

// If who moves the clock of a counter left no trace, a voucher would be honoured outside its hours, and nobody could tell why.
func TestAMovedClockIsJournalledAndTold(t *testing.T) {
	q := openQuay(t, 1)
	q.must(q.counters[0].Close())
	q.counters[0] = nil
	config, machine := q.config(0), &played{}
	config.Machine, config.NoSocket = machine, true
	open := func() *station.Station {
		s, err := station.Open(t.Context(), config)
		q.must(err)
		return s
	}
	q.must(open().Close())
	machine.moved = -25 * time.Hour // while the program is not even on
	s := open()
	q.must(s.Pump.Once(t.Context()))
	status, err := s.Status(t.Context())
	q.must(err)
	moved := status.Clock.Moved
	if moved == nil || moved.Seconds < -25*3600-2 || moved.Seconds > -25*3600+2 || moved.Entry != status.Pending.Head {
		t.Fatalf("the status says %+v", status.Clock)
	}
	exceptions, err := q.storage.Exceptions(t.Context(), "lakeside", true)
	q.must(err)
	if len(exceptions) != 1 || exceptions[0].Kind != api.ExceptionClock || *exceptions[0].Seconds != moved.Seconds {
		t.Errorf("the cloud says %+v", exceptions)
	}
	told, err := s.Exceptions(t.Context(), true)
	q.must(err)
	if len(told) != 1 || told[0].Kind != "clock" {
		t.Errorf("the counter says %+v", told)
	}
	q.must(s.Close())
	found := ""
	for _, check := range station.Examine(t.Context(), config) {
		if check.Name == "clock" && !check.OK {
			found = check.Found
		}
	}
	if !strings.Contains(found, "moved back by 25h0m0s") {
		t.Errorf("doctor says of the clock: %q", found)
	}

	q.must(open().Close()) // nothing was moved since
	machine.moved += time.Second
	s = open()
	if now, err := s.Status(t.Context()); err != nil || now.Pending.Head != status.Pending.Head {
		t.Errorf("%d entries, %v; nothing was to be added to %d", now.Pending.Head, err, status.Pending.Head)
	}
	q.must(s.Close())
}
