package conformance

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var machineTests = []test{
	{"a copied folder is noticed at the first contact of the second", copyNoticed},
	{"a copy that was started first is noticed by the one that runs", copyFirst},
	{"who runs the cloud is told of each alarm once", alarmToldOnce},
	{"lost answers and restarts are no copy", noFalseAlarm},
	{"a start that a hub told of is no copy where the next one names it", relayedStarts},
	{"a manager says which machine is real", whichMachine},
	{"a machine that is refused has no effect on the real one", refusedHasNoEffect},
	{"a machine that is refused is not told to go on in the real one's place", refusedAfterBegun},
	{"a cloud that has forgotten a terminal's starts accuses nobody", forgottenStarts},
}

// restart is a new start of the program on the same machine.
func (c *counter) restart() {
	if c.previous == nil {
		c.previous = []string{}
	}
	if len(c.previous) == 0 || c.previous[len(c.previous)-1] != c.instance {
		c.previous = append(append([]string{}, c.previous...), c.instance)
	}
	c.instance = rand.Text()
}

// twins are a counter and a copy of its folder that was made while it was switched off.
func (w *world) twins() (c, copied *counter) {
	w.Helper()
	c = w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied = c.copied()
	c.restart()
	return c, copied
}

func (w *world) start(c *counter) api.FeedPageStart {
	w.Helper()
	start, err := w.storage.Start(w.Context(), c.Terminal, c.instance)
	if err != nil {
		w.Fatal(err)
	}
	return start
}

func copyNoticed(w *world) {
	c, copied := w.twins()
	w.expect("a start that was never heard", w.start(copied), api.StartAnnounce)
	w.expect("one of them is one", c.pushAt(2).Clone, false)
	w.expect("and nothing is wrong", w.start(c), api.StartKnown)
	w.expect("alarms", len(w.exceptions(true)), 0)
	t := w.issue("swim", cloud.Facts{Units: 5})
	answer := copied.claimAt(t)
	w.expect("the second", []any{answer.Clone, answer.Granted}, []any{true, true}) // the cloud's yes is as good as ever
	answer = c.claimAt(t)
	w.expect("and the first from then on", []any{answer.Clone, answer.Granted}, []any{true, true})
	open := w.of(api.ExceptionClone, true)
	if len(open) != 1 || open[0].Machines == nil || len(*open[0].Machines) != 2 {
		w.Fatalf("one alarm about two machines was expected, not %+v", open)
	}
	w.expect("who sells nothing learns it, too", []any{w.start(c), w.start(copied)}, []any{api.StartClone, api.StartClone})
	w.expect("reported", w.report(c).Cloned, true)
	c.restart()
	w.expect("a restart of one of them", c.pushAt(2).Clone, true)
	w.expect("is no third", len(*w.of(api.ExceptionClone, true)[0].Machines), 2)
}

func copyFirst(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied := c.copied() // while c runs
	w.expect("the copy looks like a restart", copied.pushAt(2).Clone, false)
	w.expect("the one that runs has to say that it does", w.start(c), api.StartAnnounce)
	push := c.batch(2)
	push.Standing.Nonce = start // its last answer is older than the copy
	_, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push)
	w.expect("it is asked for a fresh proof", errors.Is(err, cloud.ErrProveAlive), true)
	w.expect("alarms so far", len(w.exceptions(true)), 0)
	w.expect("with one it is known for what it is", c.pushAt(2).Clone, true)
	w.expect("alarms", len(w.of(api.ExceptionClone, true)), 1)
}

// alarmToldOnce holds that the log of the cloud says that a folder was copied, and that this is settled: once each, however often a
// transaction was tried.
func alarmToldOnce(w *world) {
	c, copied := w.twins()
	var told []cloud.Alarm
	w.storage.Tell(func(a cloud.Alarm) { told = append(told, a) })
	c.pushAt(2)
	copied.claimAt(w.issue("swim", cloud.Facts{Units: 5}))
	c.pushAt(2)
	if len(told) != 1 || told[0].Closed || told[0].Kind != api.ExceptionClone || told[0].Machines == nil || len(*told[0].Machines) != 2 {
		w.Fatalf("one alarm about two machines was expected, not %+v", told)
	}
	w.expect("of", []any{told[0].Merchant, *told[0].Store, *told[0].Terminal}, []any{c.Merchant, c.Store, c.Name})
	if _, err := w.storage.Readmit(w.Context(), c.Merchant, c.Store, c.Name, c.instance[:8]); err != nil {
		w.Fatal(err)
	}
	if len(told) != 2 || !told[1].Closed || told[1].Id != told[0].Id {
		w.Fatalf("it was expected to be closed, not %+v", told[1:])
	}
}

func noFalseAlarm(w *world) {
	c := w.counter(quay)
	dice := mathrand.New(mathrand.NewPCG(4, 5))
	t := w.issue("swim", cloud.Facts{Units: 10})
	for range 300 {
		switch push := c.batch(c.place.Seq + 1); dice.IntN(5) {
		case 0: // the answer arrives
			c.push(c.place.Seq + 1)
		case 1: // the question does not
			c.sent()
		case 2: // the answer is lost
			c.sent()
			if _, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push); err != nil {
				w.Fatal(err)
			}
		case 3: // the program starts again
			c.restart()
		case 4: // a question arrives after the next start, which was heard already, or again
			c.restart()
			c.sent()
			_, err := w.storage.Claim(w.Context(), c.Terminal, cloud.Claim{Claim: terminal.Claim{UID: w.uid(), Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1}}},
				Standing: c.standing(), At: w.now})
			if err != nil {
				w.Fatal(err)
			}
			if _, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push); err != nil && !errors.Is(err, cloud.ErrProveAlive) {
				w.Fatal(err)
			}
		}
	}
	w.expect("alarms", len(w.exceptions(true)), 0)
	w.expect("not suspected", c.push(1).Clone, false)
}

// sent notes that a start was sent: the next names it, whatever became of the answer.
func (c *counter) sent() {
	if c.previous == nil {
		c.previous = []string{}
	}
}

// relayed hands the journal from the entry with sequence number from on over as a hub does, which knows nothing of earlier starts.
func (c *counter) relayed(from uint64) {
	c.Helper()
	push := c.batch(from)
	push.Standing.Previous, push.Standing.Restored, push.Standing.Nonce = nil, false, time.Time{}
	if _, err := c.storage.ApplyJournal(c.Context(), c.Terminal, push); err != nil {
		c.Fatal(err)
	}
	c.sent()
}

func relayedStarts(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied := c.copied()
	for range 3 {
		c.restart()
		c.redeem(w.issue("dinner", cloud.Facts{}), 1)
		c.relayed(2)
	}
	c.restart()
	w.expect("it names them", []any{c.pushAt(5).Clone, len(w.exceptions(true))}, []any{false, 0})
	w.expect("another does not", []any{copied.pushAt(2).Clone, len(w.of(api.ExceptionClone, true))}, []any{true, 1})
}

func whichMachine(w *world) {
	c, copied := w.twins()
	c.pushAt(2)
	copied.pushAt(2)
	readmit := func(machine string) error {
		_, err := w.storage.Readmit(w.Context(), merchantID, c.Store, c.Name, machine)
		return err
	}
	w.expect("it has to be said", errors.Is(readmit(""), cloud.ErrWhichMachine), true)
	w.expect("rightly", errors.Is(readmit("nobody"), cloud.ErrUnknown), true)
	if err := readmit((*w.of(api.ExceptionClone, true)[0].Machines)[0].Id); err != nil {
		w.Fatal(err)
	}
	w.expect("open", len(w.exceptions(true)), 0)
	t := w.issue("swim", cloud.Facts{Units: 5})
	real := c.claimAt(t)
	w.expect("the real one", []any{real.Granted, real.Clone}, []any{true, false})
	other := copied.claimAt(t)
	w.expect("the other", []any{other.Granted, other.Clone, other.Findings[0].Facts["cause"]}, []any{false, true, "clone"})
	w.expect("and both know", []any{w.start(c), w.start(copied)}, []any{api.StartKnown, api.StartClone})
	copied.restart()
	w.expect("also after a restart", copied.claimAt(t).Granted, false)
	copied.redeem(t, 1)
	w.expect("what it honoured all the same is a fact", copied.push(2).Verdicts[0].Verdict, terminal.Accepted)
	c.redeem(t, 1)
	ack := c.pushAt(2)
	w.expect("the real one's too", ack.Verdicts[0].Verdict, terminal.Accepted)
	if ack.Begin != nil {
		c.begin(*ack.Begin)
		ack = c.pushAt(2)
	}
	w.expect("and its journal goes on", []any{ack.Begin, w.report(c).Head}, []any{(*api.Head)(nil), c.place.Seq})
	w.expect("for good", c.pushAt(2).Begin, (*api.Head)(nil))
}

// refuse has a manager say that c is real.
func (w *world) refuse(c *counter) {
	w.Helper()
	if _, err := w.storage.Readmit(w.Context(), merchantID, c.Store, c.Name, c.instance); err != nil {
		w.Fatal(err)
	}
}

// undisturbed checks that a real counter goes on as if there were no other, and that nobody is alarmed.
func (c *counter) undisturbed(said string) {
	c.Helper()
	t := c.issue("swim", cloud.Facts{Units: 5})
	answer := c.claimAt(t)
	c.redeem(t, 1)
	ack := c.pushAt(uint64(len(c.sealed)))
	c.expect(said, []any{answer.Granted, answer.Begin, answer.Clone, ack.Begin, ack.Clone, ack.Head.Seq},
		[]any{true, (*api.Head)(nil), false, (*api.Head)(nil), false, c.place.Seq})
	c.expect(said+": the journal that goes on", []any{c.report(c).Epoch, c.report(c).Head}, []any{c.place.Epoch, c.place.Seq})
	c.expect(said+": included", c.row(t).Included, c.place.Seq)
	if alarms := c.exceptions(true); len(alarms) > 0 {
		c.Errorf("%s: alarms %+v", said, alarms)
	}
}

func refusedHasNoEffect(w *world) {
	c, copied := w.twins()
	c.pushAt(2)
	copied.pushAt(2)
	w.refuse(c)
	w.lendable()
	pass := w.issue("swim", cloud.Facts{})
	lease := c.ask(cloud.LeaseWant{Voucher: pass.Voucher.ID, Units: 2})[0]
	w.expect("the copy is given no lease, and gives up none", len(copied.lease(cloud.LeaseRequest{GivenUp: []string{lease.ID}})), 0)
	for _, then := range []string{"it declines first", "it sends again", "it starts again"} {
		if then == "it starts again" {
			copied.restart()
		}
		copied.write(terminal.Entry{Kind: terminal.EntryDecline, Reason: terminal.NotFound, Reasons: []terminal.Reason{terminal.NotFound}})
		w.expect(then, copied.claimAt(w.issue("dinner", cloud.Facts{})).Granted, false)
		ack := copied.pushAt(2)
		w.expect(then+": taken", []any{ack.Clone, ack.Head.Seq}, []any{true, copied.place.Seq})
		if ack.Begin != nil {
			copied.begin(*ack.Begin)
			w.expect(then+": numbers of its own", copied.pushAt(2).Begin, (*api.Head)(nil))
		}
		c.undisturbed(then)
	}
	w.expect("the copy's epoch", copied.place.Epoch, 2) // one, for good
	w.expect("the real one's", c.place.Epoch, 1)
	w.expect("its lease", len(c.ask()), 1)
	c.restart()
	c.undisturbed("a restart of the real one")
}

func refusedAfterBegun(w *world) {
	c, copied := w.twins()
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.pushAt(2)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.begin(*copied.pushAt(2).Begin)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	w.expect("the copy's is the journal that goes on", copied.pushAt(2).Head.Epoch, 2)
	w.refuse(c)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1) // before it heard
	for range 2 {
		ack := c.pushAt(2)
		w.expect("nobody suspects the real one", ack.Clone, false)
		if ack.Begin == nil {
			break
		}
		c.begin(*ack.Begin)
	}
	epoch := c.place.Epoch
	for _, then := range []string{"asks", "sells", "starts again"} {
		if then == "starts again" {
			copied.restart()
		}
		w.expect(then, copied.claimAt(w.issue("dinner", cloud.Facts{})).Begin, (*api.Head)(nil))
		copied.write(terminal.Entry{Kind: terminal.EntryDecline, Reason: terminal.NotFound, Reasons: []terminal.Reason{terminal.NotFound}})
		w.expect(then+": taken", copied.pushAt(2).Begin, (*api.Head)(nil))
		c.undisturbed(then)
	}
	w.expect("epoch", c.place.Epoch, epoch)
	w.expect("redemptions", len(w.redemptions()), 8)
}

func forgottenStarts(w *world) {
	c := w.counter(quay)
	c.push(1)
	copied := c.copied()
	copied.instance, copied.previous = rand.Text(), []string{rand.Text(), rand.Text()} // since the backup that the cloud is
	c.instance, c.previous = rand.Text(), []string{copied.previous[0]}
	w.expect("the first", copied.push(1).Clone, false)
	w.expect("a copy is noticed even then", c.push(1).Clone, true)
}
