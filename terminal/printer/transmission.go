package printer

import (
	"context"
	"time"
)

// pieceSize is about how many bytes of a slip lie between two marks.
const pieceSize = 256

// window is how many marks may be unanswered before the next piece is held back: enough to keep the paper moving.
const window = 2

// probe is how often a printer in the middle of a slip is asked how it is while it says nothing. Nobody switches one off and on
// faster.
const probe = 500 * time.Millisecond

// transmission is one slip on its way. Between its pieces go marks, commands that the printer answers once it has printed all
// before them. A printer that was switched off and on in the middle loses what it had received, and whatever it was sent meanwhile: a
// mark, which it then never answers, or a question of ours. So a torn slip is found out, and its rest stays here. Only the last
// mark's answer is the printer's word for the slip.
type transmission struct {
	w           *Worker
	s           *session
	outstanding [][4]byte // the marks without an answer, oldest first
	paperOut    bool      // the newest answer to GS r said that there was no paper
	silent      time.Duration
}

func (w *Worker) transmission() *transmission {
	t := &transmission{w: w, s: w.session}
	t.s.strict, t.s.owed, t.s.short, t.s.doubts = true, 0, 0, t.marked()
	t.s.checkUp = t.checkUp
	t.s.heard = func(a answer) {
		if len(t.outstanding) == 0 {
			w.overhear(a) // one to GS r is none of this slip's
			return
		}
		w.hear(a)
		t.hear(a)
	}
	return t
}

// hear takes the answer to a mark.
func (t *transmission) hear(a answer) {
	switch {
	case t.w.config.Word == "process_id" && a.kind == answerID && a.data == t.outstanding[0]:
	case t.w.config.Word == "paper" && a.kind == answerPaper:
		t.paperOut = a.data[0]&0x0c != 0
	default:
		return
	}
	t.outstanding = t.outstanding[1:]
}

// body sends the slip; touched says that the printer may have got some of it.
func (t *transmission) body(ctx context.Context, data []byte) (touched bool, err error) {
	pieces := t.pieces(data)
	for i, piece := range pieces {
		if i > 0 {
			if err := t.mark(ctx); err != nil {
				return touched, err
			}
			if err := t.heed(ctx, window); err != nil {
				return touched, err
			}
		}
		wrote, err := t.s.send(ctx, piece, t.cuts(piece))
		touched = touched || wrote
		if err != nil {
			return touched, err
		}
	}
	return touched, nil
}

// pieces cuts a slip where no command is cut. A printer of which nobody knows that it answers marks gets the slip in one piece:
// waiting for answers that never come would leave it half printed.
func (t *transmission) pieces(data []byte) [][]byte {
	if !t.marked() {
		return [][]byte{data}
	}
	var out [][]byte
	from := 0
	for _, at := range t.w.config.Boundaries(data) {
		if at-from >= pieceSize && len(data)-at >= pieceSize/2 {
			out = append(out, data[from:at])
			from = at
		}
	}
	return append(out, data[from:])
}

// marked reports whether the printer is known to answer marks.
func (t *transmission) marked() bool {
	w := t.w
	if w.nameless() && w.account.doubt {
		return false
	}
	return w.config.Boundaries != nil && w.config.Word != "" && w.answered && (w.spoke || w.config.Status == "yes")
}

func (t *transmission) cuts(data []byte) []int {
	if t.w.config.Boundaries == nil {
		return nil
	}
	return t.w.config.Boundaries(data)
}

// checkUp asks a printer that takes nothing, or owes an answer, how it is. One that never answers questions is waited for; one that does
// and is silent for Timing.Silence is given up.
func (t *transmission) checkUp(ctx context.Context) (well bool, err error) {
	w := t.w
	if !w.answered {
		return false, nil
	}
	answered, err := w.query(ctx, 1)
	switch {
	case err != nil && err != errTimeout:
		return false, err
	case answered:
		t.silent = 0
		return w.Status().State != StateWaiting, nil
	}
	if t.silent += t.s.probe + w.config.Timing.Answer; t.silent >= w.config.Timing.Silence {
		return false, errSilent
	}
	return false, nil
}

// word asks for the printer's word for the whole slip and waits for it.
func (t *transmission) word(ctx context.Context) error {
	if err := t.mark(ctx); err != nil {
		return err
	}
	if err := t.heed(ctx, 1); err != nil {
		return err
	}
	if t.paperOut {
		return errTimeout
	}
	return nil
}

// mark sends a command that the printer answers when it has printed all before it: GS ( H function 48 with a number of our own,
// or GS r 1, which any printer's paper sensor answers.
func (t *transmission) mark(ctx context.Context) error {
	t.w.marks++
	id := markID(t.w.marks)
	command := []byte{0x1d, 'r', 1}
	if t.w.config.Word == "process_id" {
		command = append([]byte{0x1d, '(', 'H', 6, 0, '0', '0'}, id[:]...)
	}
	t.outstanding = append(t.outstanding, id)
	_, err := t.s.send(ctx, command, nil)
	return err
}

// markID writes a number as the four printable characters that GS ( H echoes.
func markID(n uint32) [4]byte {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var id [4]byte
	for i := range id {
		id[3-i] = digits[n%36]
		n /= 36
	}
	return id
}

// heed waits until fewer than so many marks are unanswered: for ever while the printer says why it does not print, for
// Timing.Confirm while it is well, for Timing.Silence while it says nothing. The printer is between two commands meanwhile, so
// that it may be asked how it is.
func (t *transmission) heed(ctx context.Context, fewer int) error {
	timing := t.w.config.Timing
	step := min(timing.Poll, timing.Confirm, t.s.probe)
	enough := func(answer) bool { return len(t.outstanding) < fewer }
	var well, silent time.Duration
	for !enough(answer{}) {
		began := time.Now()
		if err := t.s.await(ctx, step, enough); err != errTimeout {
			return err
		}
		answered, err := t.w.query(ctx, 1)
		took := time.Since(began)
		switch {
		case enough(answer{}):
			return nil
		case err != nil && err != errTimeout:
			return err
		case !answered:
			if silent += took; silent >= timing.Silence {
				return errSilent
			}
			t.w.set(func(s *Status) { s.State, s.Online = StateSilent, false })
		case t.w.Status().State == StateWaiting:
			well, silent = 0, 0
		default:
			silent = 0
			if well += took; well >= timing.Confirm {
				return errTimeout
			}
		}
	}
	return nil
}
