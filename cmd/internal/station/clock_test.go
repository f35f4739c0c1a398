package station_test

import (
	"strings"
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
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
	told, err := s.Exceptions(t.Context(), true, "")
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
	if !strings.Contains(found, "moved back by 25 h 0 min") {
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

// rebooted is a played computer that was switched off and on since, a minute ago.
type rebooted struct {
	played
	boot string
	on   time.Time
}

func (r *rebooted) Boot() (string, bool)     { return r.boot, true }
func (r *rebooted) SinceBoot() time.Duration { return time.Since(r.on) + time.Minute }

// If a flat battery of the board, which sets the clock a year off, lost what was honoured, or had the counter honour twice or believe an
// old list, the shop would pay for a part that costs a euro.
func TestAClockThatIsAYearOffLosesNothing(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, off := range map[string]time.Duration{"ahead": year, "behind": -year} {
		t.Run(name, func(t *testing.T) {
			q := openQuay(t, 1)
			codes := q.issue("easy", 4)
			q.must(q.counters[0].Pump.Once(t.Context()))
			honoured := int64(1)
			if first := q.scan(q.counters[0], codes[0]); first.Choice != terminal.Approved {
				t.Fatalf("before: %+v", first)
			}
			q.must(q.counters[0].Close())
			q.counters[0] = nil
			q.link.Cut()

			config := q.config(0)
			config.Machine, config.NoSocket = &rebooted{played{off}, name, time.Now()}, true
			s, err := station.Open(t.Context(), config)
			q.must(err)
			alone := q.scan(s, codes[1])
			switch {
			case alone.Choice == terminal.Approved:
				honoured++
			case alone.Reason() != terminal.ClockUntrusted && alone.Reason() != terminal.CacheTooOld:
				t.Errorf("without a line: %+v", alone)
			}
			if off > 0 && alone.Choice == terminal.Approved {
				t.Error("a list that may be a year old was believed")
			}
			if again := q.scan(s, codes[0]); again.Reason() != terminal.AlreadyRedeemed {
				t.Errorf("what was used: %+v", again)
			}

			q.link.Restore()
			q.until("a yes of the cloud", func() bool {
				_ = s.Pump.Once(t.Context()) // the line may be closed for a moment after the failure
				read := s.Clock.Read()
				return read.Lower.Equal(read.Upper)
			})
			status, err := s.Status(t.Context())
			q.must(err)
			if got := time.Duration(status.Clock.Off) * time.Second; (got - off).Abs() > time.Minute {
				t.Errorf("the clock is %v off, and is said to be %v", off, got)
			}
			if status.Clock.Since(status.Cache.ReachedEnd) > time.Hour || status.Clock.Since(status.Line.LastContact) > time.Hour ||
				!strings.HasPrefix(status.Clock.Sentence, "wrong by 365 days, "+name) {
				t.Errorf("the list is said to be %v old, the last answer %v, and the clock %s", status.Clock.Since(status.Cache.ReachedEnd),
					status.Clock.Since(status.Line.LastContact), status.Clock.Sentence)
			}
			if once := q.scan(s, codes[2]); once.Choice != terminal.Approved {
				t.Errorf("with the line back: %+v", once)
			}
			honoured++
			today, err := s.Today(t.Context())
			q.must(err)
			if records, err := s.Journal.Day(t.Context(), today); err != nil || len(records) == 0 {
				t.Errorf("the report of today, %s, has %d redemptions (%v)", today, len(records), err)
			}
			q.must(s.Pump.Once(t.Context()))
			counted := int64(0)
			q.must(q.storage.Redemptions(t.Context(), cloud.RedemptionFilter{Merchant: "lakeside"}, func(r cloud.Redemption) error {
				for _, line := range r.Lines {
					counted += line.Accepted
				}
				return nil
			}))
			if counted != honoured {
				t.Errorf("%d were honoured, and %d are accepted", honoured, counted)
			}
			q.must(s.Close())
		})
	}
}
