package printer

import (
	"context"
)

// silent is what is said of a printer that answers nothing.
const silent = "the printer does not answer; check power and cable"

// set changes the status and tells of it where something changed.
func (w *Worker) set(change func(*Status)) {
	w.mu.Lock()
	before := w.status
	change(&w.status)
	now := w.status
	changed := now != before
	if changed {
		w.status.At = w.config.Now()
		now = w.status
	}
	w.mu.Unlock()
	if changed {
		w.config.Changed(now)
	}
}

// hear takes what the printer says by itself into the status.
func (w *Worker) hear(a answer) {
	if a.kind != answerASB {
		return
	}
	w.answered = true
	w.set(func(s *Status) {
		first, second, third := a.data[0], a.data[1], a.data[2]
		s.Online = first&0x08 == 0
		s.Cover = coverOf(first&0x20 != 0)
		s.Fault = faultOf(second&0x08 != 0, second&0x60 != 0)
		s.Paper = paperOf(third&0x0c != 0, third&0x03 != 0)
		s.settle()
	})
}

func coverOf(open bool) Cover {
	if open {
		return CoverOpen
	}
	return CoverClosed
}

func paperOf(out, low bool) Paper {
	switch {
	case out:
		return PaperOut
	case low:
		return PaperLow
	}
	return PaperOK
}

func faultOf(cutter, other bool) string {
	switch {
	case cutter:
		return "cutter"
	case other:
		return "error"
	}
	return ""
}

// settle makes the state fit the facts. A slip on its way stays one, unless the printer says why it does not print.
func (s *Status) settle() {
	s.Detail = ""
	switch {
	case !s.Online || s.Paper == PaperOut || s.Cover == CoverOpen || s.Fault != "":
		s.State = StateWaiting
	case s.Job != 0:
		s.State = StatePrinting
	default:
		s.State = StateReady
	}
}

// stall says that the printer takes nothing in the middle of a slip, or does so again.
func (w *Worker) stall(on bool) {
	w.set(func(s *Status) {
		switch {
		case on && s.State == StatePrinting:
			s.State = StateStalled
		case !on && s.State == StateStalled:
			s.State = StatePrinting
		}
	})
}

// look asks the printer how it is and reports whether a slip may be sent to it now.
func (w *Worker) look(ctx context.Context) bool {
	s := w.session
	if !s.port.Ready() {
		w.set(func(s *Status) {
			s.State, s.Online, s.Detail = StateSilent, false, "the printer's control line is down: it is off, or busy"
		})
		return false
	}
	if !s.port.Traits().TwoWay || w.config.Status == "no" {
		w.set(func(s *Status) { s.State = StateUnknown })
		return true
	}
	answered, err := w.query(ctx, 2) // the first byte after a pause is the one that lines lose
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil && err != errTimeout:
		w.drop()
		w.set(func(s *Status) { s.State, s.Online, s.Detail = StateMissing, false, ErrMissing.Error() })
		return false
	case !answered && s.behind: // perhaps a fresh start of the line helps
		w.drop()
		fallthrough
	case !answered && (w.answered || w.config.Status == "yes"):
		w.set(func(s *Status) {
			s.State, s.Paper, s.Cover, s.Online, s.Fault = StateSilent, PaperUnknown, CoverUnknown, false, ""
			s.Detail = silent
		})
		return false
	case !answered:
		w.set(func(s *Status) { s.State = StateUnknown })
		return true
	}
	state := w.Status().State
	return state == StateReady || state == StatePrinting
}

// query asks DLE EOT 1, so many times at most, and, of a printer that answers, 2, 3 and 4 (Epson, "Real-time status transmission").
func (w *Worker) query(ctx context.Context, times int) (answered bool, err error) {
	ask := func(n byte) (byte, error) { return w.session.ask(ctx, n, w.config.Timing.Answer) }
	general, err := ask(1)
	for ; err == errTimeout && !w.session.behind && times > 1; times-- {
		general, err = ask(1)
	}
	if err != nil {
		return false, err
	}
	w.answered = true
	var cause, fault, roll byte
	for _, question := range []struct {
		n    byte
		into *byte
	}{{2, &cause}, {3, &fault}, {4, &roll}} {
		if w.session.strict && !w.knows[question.n] {
			continue // a printer that knows DLE EOT 1 alone
		}
		*question.into, err = ask(question.n)
		switch {
		case err == nil:
			w.knows[question.n] = true
		case err == errTimeout && !w.session.behind:
			*question.into = 0
		default: // also when not even the question has left: what was answered before it is of no use any more
			return false, err
		}
	}
	w.set(func(s *Status) {
		s.Online = general&0x08 == 0
		s.Cover = coverOf(cause&0x04 != 0)
		s.Fault = faultOf(fault&0x08 != 0, fault&0x60 != 0)
		s.Paper = paperOf(roll&0x60 != 0 || cause&0x20 != 0, roll&0x0c != 0)
		s.settle()
	})
	return true, nil
}

// Look opens a printer, asks how it is and closes it again, printing nothing. A printer that is opened for each slip is not opened:
// that alone would print an empty page on some.
func Look(ctx context.Context, config Config) Status {
	w := New(nil, config)
	switch target, err := ParseTarget(config.Target); {
	case err == nil && target.Scheme == "file" && config.Open == nil:
		if err := canAdd(target.Place); err != nil {
			w.refused(err)
		}
	case config.Target != "" && !perJob(config.Target) && w.open(ctx):
		w.look(ctx)
		w.drop()
	}
	return w.Status()
}
