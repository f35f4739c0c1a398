package printer

import (
	"bytes"
	"context"
	"time"
)

// The answer to GS r says nothing of which slip it stands behind; only its turn does. So an answer that an earlier slip still owes, as
// its bytes lie in the printer's memory, would pass for the next one's word: that slip would be "printed", and not be on paper. From the
// moment on that an answer may be owed, after a start and after each slip that ended without all of its own, no answer is a slip's word
// until the account is settled: a block of so many questions is put, one directly behind the other, that the earlier ones cannot
// fill it; once as many answers as it has questions have come, what is still owed follows at once, and silence says that it is over.
// Slips that cannot wait for that stay sent: look at the paper.

// settleBlock is how many questions are put more than answers are known to be owed. No run that broke off leaves more of them: between
// two pieces of a slip no more than window are unanswered.
const settleBlock = 8

// settleMost is the longest block. Who owes more than that has lost its memory.
const settleMost = 64

// account is what a printer whose word has no name may still owe.
type account struct {
	doubt bool // an answer may be owed
	owed  int  // answers to questions of this run that have not come; there may be some from before it
	asked int  // the length of the block that was put, 0 before there is one
	came  int  // answers since it was put
	last  time.Time
	mute  bool // the newest block got no answer at all, for long: there is no use in waiting
}

// nameless reports whether the printer's word is one that does not say which slip it means.
func (w *Worker) nameless() bool { return w.config.Word == "paper" }

// overhear takes what the printer says while no slip that counts its own answers is on its way.
func (w *Worker) overhear(a answer) {
	w.hear(a)
	if a.kind != answerPaper || !w.nameless() {
		return
	}
	w.account.doubt, w.account.mute = true, false
	w.account.came, w.account.last = w.account.came+1, time.Now()
	w.account.owed = max(0, w.account.owed-1)
}

// leave notes what a slip leaves owing when it ends.
func (w *Worker) leave(t *transmission) {
	if !w.nameless() {
		return
	}
	if n := len(t.outstanding); n > 0 {
		w.account.doubt, w.account.owed = true, w.account.owed+n
	}
	w.account.asked, w.account.came = 0, 0 // a block before it is one no more: the slip's own bytes lie behind it
}

// inquire puts the block of questions, where one is needed. It is called between two slips.
func (w *Worker) inquire(ctx context.Context) error {
	a := &w.account
	s := w.session
	if !a.doubt || a.asked > 0 || !w.nameless() || s == nil || !s.port.Traits().TwoWay || !w.answered ||
		w.Status().State == StateWaiting || s.xoff.Load() || s.behind || !s.port.Ready() {
		return nil
	}
	if a.owed+settleBlock > settleMost {
		a.owed = 0
	}
	s.forget()
	a.asked, a.came, a.last = a.owed+settleBlock, 0, time.Now()
	a.owed += a.asked
	within, stop := context.WithTimeout(ctx, w.config.Timing.Confirm)
	defer stop()
	question := []byte{0x1d, 'r', 1}
	for left, most := a.asked, max(1, s.chunk/len(question)); left > 0; left -= most {
		if _, err := s.write(within, bytes.Repeat(question, min(left, most))); err == errStopped && ctx.Err() == nil {
			return nil // the line takes nothing; whoever looks at the printer next finds that out
		} else if err != nil {
			return err
		}
	}
	return nil
}

// settled reports that nothing is owed any more, or never was.
func (w *Worker) settled() bool {
	a := &w.account
	if a.doubt && a.asked > 0 && a.came >= a.asked && time.Since(a.last) >= w.config.Timing.Confirm/8 {
		w.account = account{}
		w.spoke = true
	}
	return !w.account.doubt
}

// settle settles the account before a slip. It waits while answers may come, but for a printer that is well and says nothing no
// longer than for its word; the slip then goes without it. false says that nothing can be sent now.
func (w *Worker) settle(ctx context.Context) bool {
	if !w.nameless() || !w.session.port.Traits().TwoWay || !w.answered {
		return true
	}
	timing := w.config.Timing
	never := func(answer) bool { return false }
	err := w.inquire(ctx)
	for well := time.Duration(0); err == nil && !w.settled() && !w.account.mute && well < timing.Confirm; {
		began := time.Now()
		if err = w.session.await(ctx, timing.Confirm/8, never); err != errTimeout {
			break
		}
		if w.settled() {
			return true
		}
		var answered bool
		if answered, err = w.query(ctx, 1); err == errTimeout {
			err = nil
		}
		if !answered || w.Status().State == StateWaiting {
			return false
		}
		well += time.Since(began)
	}
	if err != nil {
		w.drop()
		return false
	}
	if w.account.doubt && w.account.came == 0 {
		w.account.mute = true
	}
	return true
}
