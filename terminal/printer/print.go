package printer

import (
	"bytes"
	"context"
	"errors"
	"time"

	"countersign/terminal"
)

// print takes one slip to the printer. From the moment it is marked as sending it is never sent again.
func (w *Worker) print(ctx context.Context, job terminal.SpoolJob) bool {
	if !w.mark(ctx, job.ID, terminal.JobQueued, terminal.JobSending, "") {
		return false
	}
	ctx, stop := w.graceful(ctx)
	defer stop()
	w.begin(job.ID)
	defer w.end()
	t := w.transmission()
	defer w.leave(t)
	session := w.session
	touched, err := t.body(ctx, w.bytes(job))
	if err == nil && session.port.Traits().PerJob {
		if err = w.drop(); err != nil && err != errTimeout { // a queue or a file has the slip only once it is closed
			err = errors.Join(errGone, err)
		}
	}
	if err != nil {
		return w.broken(ctx, job.ID, touched && !takenBack(session, err), err)
	}
	if !w.mark(ctx, job.ID, terminal.JobSending, terminal.JobSent, "") {
		return false
	}
	return w.confirm(ctx, job.ID, t)
}

// bytes are those of a slip and of its further copies.
func (w *Worker) bytes(job terminal.SpoolJob) []byte {
	all := job.Bytes
	if job.Copies > 1 {
		all = append(bytes.Clone(all), bytes.Repeat(w.config.Copy(job.Bytes), job.Copies-1)...)
	}
	return all
}

// graceful is a context that outlives ctx by Timing.Grace: a slip is not torn apart because somebody closes the window.
func (w *Worker) graceful(ctx context.Context) (context.Context, func()) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(w.config.Timing.Grace, cancel)
		context.AfterFunc(lasting, func() { timer.Stop() })
	})
	return lasting, func() { stop(); cancel() }
}

func (w *Worker) begin(id int64) {
	cancel := make(chan struct{})
	w.mu.Lock()
	w.current, w.cancel = id, cancel
	w.mu.Unlock()
	w.session.cancel = cancel
	w.set(func(s *Status) { s.State, s.Job = StatePrinting, id })
}

func (w *Worker) end() {
	w.mu.Lock()
	w.current, w.cancel = 0, nil
	w.mu.Unlock()
	if w.session != nil {
		w.session.cancel, w.session.heard, w.session.strict, w.session.owed, w.session.doubts = nil, w.overhear, false, 0, false
	}
	w.set(func(s *Status) {
		s.Job = 0
		if s.State == StatePrinting || s.State == StateStalled {
			if s.State = StateUnknown; s.Online {
				s.State = StateReady
			}
		}
	})
}

// takenBack reports that a port has let go of all that was written of a slip that broke off. A write that is under way may still add to it.
func takenBack(s *session, cause error) bool {
	port, can := s.port.(Undoer)
	return can && !s.behind && !errors.Is(cause, errTimeout) && port.Undo()
}

// broken records how a slip ended that did not leave whole. It goes back into the queue only if the printer got nothing of it.
func (w *Worker) broken(ctx context.Context, id int64, touched bool, cause error) bool {
	w.config.Log.Warn("a slip broke off on its way", "job", id, "touched", touched, "error", cause)
	w.drop()
	to, detail := terminal.JobUnconfirmed, terminal.DetailLost
	switch {
	case errors.Is(cause, errCancelled):
		to, detail = terminal.JobAbandoned, terminal.DetailCancelled
	case !touched:
		to, detail = terminal.JobQueued, terminal.DetailRetry
	case errors.Is(cause, errStopped):
		detail = terminal.DetailStopped
	case errors.Is(cause, errTimeout):
		detail = terminal.DetailNoAnswer
	}
	if errors.Is(cause, errGone) {
		w.set(func(s *Status) { s.State, s.Online, s.Detail = StateMissing, false, ErrMissing.Error() })
	}
	if errors.Is(cause, errSilent) {
		w.set(func(s *Status) { s.State, s.Detail = StateSilent, silent })
	}
	w.mark(ctx, id, terminal.JobSending, to, detail)
	return to != terminal.JobQueued // else a pause, before it is tried again
}

// confirm waits for the printer's word that the slip is on paper, and records what came of it.
func (w *Worker) confirm(ctx context.Context, id int64, t *transmission) bool {
	// While an earlier slip may owe its word, an answer says nothing of this one.
	if w.session == nil || !w.session.port.Traits().TwoWay || w.config.Word == "" || !w.answered || (w.nameless() && w.account.doubt) {
		return w.mark(ctx, id, terminal.JobSent, terminal.JobSent, terminal.DetailNoWord)
	}
	err := t.word(ctx)
	to, detail := terminal.JobUnconfirmed, terminal.DetailNoAnswer
	switch {
	case err == nil:
		w.spoke = true
		to, detail = terminal.JobPrinted, ""
	case errors.Is(err, errCancelled):
		to, detail = terminal.JobAbandoned, terminal.DetailCancelled
	case errors.Is(err, errStopped):
		detail = terminal.DetailStopped
	case errors.Is(err, errGone):
		detail = terminal.DetailLost
	case !w.spoke && w.config.Status != "yes":
		// It is well and has never given its word for any slip: it cannot.
		to, detail = terminal.JobSent, terminal.DetailNoWord
	}
	if err != nil && (w.session.behind || errors.Is(err, errGone)) {
		w.drop()
	}
	return w.mark(ctx, id, terminal.JobSent, to, detail)
}
