package simulation

import (
	"context"
	"fmt"
	"time"

	"countersign/terminal"
)

// happen is what befalls everybody while people sell.
func (w *world) happen() {
	for range 3 {
		pass(between(w.random, 500*time.Millisecond, 3500*time.Millisecond))
		w.event()
	}
}

func (w *world) event() {
	ctx := context.Background()
	switch w.random.IntN(9) {
	case 0:
		w.fault("the cloud loses its power")
		w.cloud.restart(true)
	case 1:
		w.fault("the cloud is restarted")
		w.cloud.restart(false)
	case 2, 3:
		length := between(w.random, 2*time.Second, 30*time.Second)
		w.fault("no line works for %v", length)
		w.broken.Store(true)
		pass(length)
		w.broken.Store(false)
	case 4, 5:
		w.fault("vouchers are revoked")
		for range 3 {
			w.revoke(w.show(w.random))
			w.breathe()
		}
	case 6:
		w.fault("the token key is rotated")
		if _, err := w.cloud.storage.RotateTokenKey(ctx, merchantID, time.Now(), time.Now()); err != nil {
			w.note("no rotation: %v", err)
		}
		w.breathe()
		w.sell("buffet") // under the new key
	case 7:
		w.fault("an offer is paused and resumed, and others are sold")
		paused := w.random.IntN(2) == 0
		_, err := w.cloud.storage.Pause(ctx, merchantID, "swim", []string{quay}, paused)
		w.must(err)
		for range 3 {
			w.breathe()
			w.sell("dinner")
		}
	case 8:
		w.fault("the catalogue changes")
		changed := offers()
		changed.Operators = append(changed.Operators, changed.Operators[0])
		changed.Operators[1].ID = fmt.Sprintf("op%d", w.random.IntN(5))
		_, err := w.cloud.storage.Apply(ctx, changed)
		w.must(err)
	}
}

// sell issues a voucher; not between a backup of the cloud and its return, since nobody could know it again.
func (w *world) sell(campaign string) {
	if w.cloud.backup == "" || w.cloud.wasBack {
		w.issue(campaign)
	}
}

// breathe keeps two things that one hand does from happening at the same instant, where others would see one of them or both.
func (w *world) breathe() { pass(between(w.random, time.Millisecond, 50*time.Millisecond)) }

// restart ends the cloud's process and begins another. Its power cuts come while it works: its disk is watched from a start on.
func (s *server) restart(power bool) {
	s.shut()
	if power {
		pass(time.Second)
		s.open(true)
		pass(between(s.random, time.Second, 5*time.Second))
		s.disk.CutIn(1 + s.random.IntN(80))
		pass(between(s.random, time.Second, 10*time.Second))
		s.disk.CutIn(1)
		s.powerCut()
	}
	pass(between(s.random, time.Second, 20*time.Second))
	s.open(false)
}

// revoke withdraws a voucher.
func (w *world) revoke(v *voucher) {
	at := time.Now()
	_, err := w.cloud.storage.SetVoucherState(context.Background(), merchantID, []terminal.VoucherID{v.issued.Voucher.ID}, terminal.VoucherRevoked, at)
	w.must(err)
	w.note("revoked %s", v.issued.Voucher.ID)
	w.mu.Lock()
	defer w.mu.Unlock()
	if v.revoked.IsZero() {
		v.revoked = at
	}
}

// drainMost is how long everything may take to drain once the faults have stopped: the longest wait between two attempts, and one of
// each sort of request that was begun just before and gets no answer.
const drainMost = 4 * time.Minute

// calm ends all faults, switches everything on, and waits.
func (w *world) calm() {
	w.note("CALM")
	for _, c := range w.counters {
		c.heal()
		c.machine.setWall(0)
		c.calm = true
		c.start()
	}
	deadline := time.Now().Add(drainMost)
	for !w.drained() {
		if time.Now().After(deadline) {
			for _, c := range w.counters {
				status, err := c.station.Pump.Status(context.Background())
				w.note("%d: %+v %v", c.index, status, err)
				if err != nil || status.Pending > 0 || status.Trouble != "" {
					w.violate(14, "till %d has not drained in %v: %d pending, %q", c.index, drainMost, status.Pending, status.Trouble)
				}
			}
			break
		}
		pass(5 * time.Second)
	}
	pass(15 * time.Second) // for the feed to tell everybody of what arrived last
	w.check()
	for _, c := range w.counters {
		c.stop()
	}
	w.carried.Wait()
	w.cloud.shut()
}

// drained reports that no till has anything to send or is cut off.
func (w *world) drained() bool {
	for _, c := range w.counters {
		status, err := c.station.Pump.Status(context.Background())
		if err != nil || status.Pending > 0 || status.Trouble != "" || !status.Online || status.ReachedEnd.Before(c.alive) {
			return false
		}
	}
	return true
}
