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
	s := w.session
	data := bytes.Repeat(job.Bytes, max(job.Copies, 1))
	touched, err := s.send(ctx, data)
	if err == nil && s.port.Traits().PerJob {
		err = w.drop() // a queue or a file has the slip only once it is closed
	}
	if err != nil {
		return w.broken(ctx, job.ID, touched, err)
	}
	if !w.mark(ctx, job.ID, terminal.JobSending, terminal.JobSent, "") {
		return false
	}
	return w.confirm(ctx, job.ID)
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
		w.session.cancel = nil
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

// broken records how a slip ended that did not leave whole. It goes back into the queue only if the printer got nothing of it.
func (w *Worker) broken(ctx context.Context, id int64, touched bool, cause error) bool {
	w.drop()
	to, detail := terminal.JobUnconfirmed, terminal.DetailLost
	switch {
	case errors.Is(cause, errCancelled):
		to, detail = terminal.JobAbandoned, terminal.DetailCancelled
	case !touched:
		to, detail = terminal.JobQueued, terminal.DetailRetry
	case errors.Is(cause, errStopped):
		detail = terminal.DetailStopped
	}
	if errors.Is(cause, errGone) {
		w.set(func(s *Status) { s.State, s.Online, s.Detail = StateMissing, false, ErrMissing.Error() })
	}
	w.mark(ctx, id, terminal.JobSending, to, detail)
	return to != terminal.JobQueued // else a pause, before it is tried again
}

// confirm waits for the printer's word that the slip is on paper, and records what came of it.
func (w *Worker) confirm(ctx context.Context, id int64) bool {
	if w.session == nil || !w.session.port.Traits().TwoWay || w.config.Word == "" || !w.answered {
		return w.mark(ctx, id, terminal.JobSent, terminal.JobSent, terminal.DetailNoWord)
	}
	err := w.word(ctx, id)
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
	if err != nil && (w.session.stuck || errors.Is(err, errGone)) {
		w.drop()
	}
	return w.mark(ctx, id, terminal.JobSent, to, detail)
}

// word asks for the printer's word and waits: for ever while the printer says why it does not print, for Timing.Confirm while it
// is well, for Timing.Silence while it says nothing.
func (w *Worker) word(ctx context.Context, id int64) error {
	s := w.session
	request, isWord := w.request(id)
	s.paper.Store(w.config.Word == "paper")
	defer s.paper.Store(false)
	if _, err := s.send(ctx, request); err != nil {
		return err
	}
	heard := false
	listen := func(a answer) bool {
		heard = heard || isWord(a)
		return heard
	}
	outer := s.heard
	defer func() { s.heard = outer }()
	s.heard = func(a answer) { // the word may come while a status is being asked for
		outer(a)
		heard = heard || isWord(a)
	}
	var well, silent time.Duration
	for {
		step := min(w.config.Timing.Poll, w.config.Timing.Confirm)
		if err := s.await(ctx, step, listen); err != errTimeout {
			return err
		}
		answered, err := w.query(ctx)
		switch {
		case heard:
			return nil
		case err != nil && err != errTimeout:
			return err
		case !answered:
			silent += step
			if silent >= w.config.Timing.Silence || s.stuck {
				return errGone
			}
			w.set(func(s *Status) { s.State, s.Online = StateSilent, false })
		case w.Status().State == StateWaiting:
			well, silent = 0, 0
		default:
			silent = 0
			if well += step; well >= w.config.Timing.Confirm {
				return errTimeout
			}
		}
	}
}

// request is the command behind which the printer gives its word, and how that word is recognised.
func (w *Worker) request(id int64) ([]byte, func(answer) bool) {
	if w.config.Word == "process_id" {
		mark := processID(id)
		command := append([]byte{0x1d, '(', 'H', 6, 0, '0', '0'}, mark[:]...)
		return command, func(a answer) bool { return a.kind == answerID && a.data == mark }
	}
	return []byte{0x1d, 'r', 1}, func(a answer) bool { return a.kind == answerPaper && a.data[0]&0x0c == 0 }
}

// processID writes a job's number as the four printable characters that GS ( H echoes. Two jobs share one only if 1.6 million
// lie between them.
func processID(id int64) [4]byte {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var mark [4]byte
	for i := range mark {
		mark[3-i] = digits[id%36]
		id /= 36
	}
	return mark
}
