package printer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Why something that was awaited did not come.
var (
	errTimeout   = errors.New("the printer did not answer in time")
	errGone      = errors.New("the printer went away")
	errStopped   = errors.New("the terminal is stopping")
	errCancelled = errors.New("staff cancelled the slip")
	// errTorn is a printer that took nothing in the middle of a command for so long, without a word, that it may have been switched off
	// and on: what it makes of the rest nobody knows.
	errTorn = fmt.Errorf("the printer may have been switched off and on in the middle of a command: %w", errGone)
	// errSilent is a printer whose port is there and that answers nothing any more; for the slip on its way it is gone.
	errSilent = fmt.Errorf("the printer fell silent: %w", errGone)
)

// shortMost is how often in a row a printer may answer and still owe an answer, before that one never comes.
const shortMost = 3

// backlog is how many things that the printer said may wait to be heard. A picture may hold what looks like questions, each of which many
// printers answer at once: of the largest picture on a slip (28 KB) a third as many answers as bytes come, and the word for the slip
// right behind them.
const backlog = 1 << 14

// patienceForLate is how many times as long an answer is waited for when an earlier one has not come: a computer that is busy, or a slow
// line, may be late with each of them.
const patienceForLate = 4

// session is an open port with its two goroutines: one that reads, and one that writes, so that a write that never returns can
// be left behind. Everything else happens on the worker's own goroutine.
type session struct {
	port    Port
	chunk   int
	answers chan answer   // what the printer said
	gone    chan struct{} // closed when reading failed for good
	quit    chan struct{} // closed with the session
	work    chan []byte
	results chan result
	xoff    atomic.Bool
	paper   atomic.Bool   // answers to GS r may come
	cancel  chan struct{} // closed when staff cancel the job on its way; nil without one
	heard   func(answer)  // told of everything the printer says
	stalled func(bool)    // told when the printer takes nothing for a while, and when it does again
	// checkUp asks a printer that has been silent for long whether it is well; an error says that it is to be given up.
	checkUp  func(context.Context) (well bool, err error)
	patience time.Duration // how long it may take nothing before that is said
	probe    time.Duration // how often it is asked meanwhile how it is
	strict   bool          // a slip is on its way: every question is to be answered
	owed     int           // questions that have no answer yet, since strict
	short    int           // how often in a row it answered and still owed an answer
	asking   bool          // a question is on its way:
	came     int           // answers to questions since it was put,
	status   byte          // and the newest of them
	doubts   bool          // a pause in the middle of a command without a sign of life is the end of the slip
	signs    int           // how often the printer said anything but that it takes bytes
	behind   bool          // a write has not returned yet: the next one waits for it
}

type result struct {
	n   int
	err error
}

func newSession(port Port, chunk int) *session {
	s := &session{port: port, chunk: chunk, answers: make(chan answer, backlog), gone: make(chan struct{}), quit: make(chan struct{}),
		work: make(chan []byte), results: make(chan result, 1)}
	if port.Traits().TwoWay {
		go s.read()
	}
	go s.writeAll()
	return s
}

// read sorts what the printer says until the port is closed or gone.
func (s *session) read() {
	defer close(s.gone)
	sort := sorter{}
	buffer := make([]byte, 256)
	for {
		n, err := s.port.Read(buffer)
		for _, b := range buffer[:n] {
			sort.wantsPaper = s.paper.Load()
			if a, ok := sort.feed(b); ok {
				s.tell(a)
			}
		}
		if err != nil {
			return
		}
	}
}

// tell passes an answer on. A printer that babbles must not hold the reader up: what nobody fetches is dropped.
func (s *session) tell(a answer) {
	switch a.kind {
	case answerXOFF:
		s.xoff.Store(true)
	case answerXON:
		s.xoff.Store(false)
	}
	select {
	case s.answers <- a:
	default:
	}
}

func (s *session) writeAll() {
	for {
		select {
		case chunk := <-s.work:
			n, err := s.port.Write(chunk)
			select {
			case s.results <- result{n, err}:
			case <-s.quit:
				return
			}
		case <-s.quit:
			return
		}
	}
}

// close gives the port back. Closing may itself block while a write is stuck; it is left behind then.
func (s *session) close() error {
	close(s.quit)
	closed := make(chan error, 1)
	go func() { closed <- s.port.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(s.patience):
		return errTimeout
	}
}

// send writes data chunk by chunk as the printer takes it, however long that is. Chunks end at cuts, offsets at which no command
// is cut, where they can. touched says that the printer may have got some of it: false is certain that not one byte left.
func (s *session) send(ctx context.Context, data []byte, cuts []int) (touched bool, err error) {
	for at, between := 0, true; at < len(data); {
		if err := s.clear(ctx, between); err != nil {
			if err == errTorn {
				s.fill(ctx, next(cuts, at, len(data))-at)
			}
			return touched, err
		}
		end := min(at+s.chunk, len(data))
		between = end == len(data)
		for len(cuts) > 0 && cuts[0] <= at+s.chunk {
			if cuts[0] > at {
				end, between = cuts[0], true
			}
			cuts = cuts[1:]
		}
		wrote, err := s.write(ctx, data[at:end])
		touched = touched || wrote
		if err != nil {
			return touched, err
		}
		at = end
	}
	return touched, nil
}

// next is the end of the command that is cut at an offset.
func next(cuts []int, at, length int) int {
	for _, cut := range cuts {
		if cut > at {
			return cut
		}
	}
	return length
}

// fill ends the command that is under way with so many NULs: a printer that still waits for the rest of a picture draws white, and one
// that has been switched on meanwhile does nothing. Either is ready for what comes next.
func (s *session) fill(ctx context.Context, n int) {
	for _, err := s.write(ctx, make([]byte, min(n, s.chunk))); err == nil && n > s.chunk; {
		n -= s.chunk
		_, err = s.write(ctx, make([]byte, min(n, s.chunk)))
	}
}

// clear waits until the printer takes bytes: no XOFF pending, control lines up. Between two commands the printer is asked meanwhile how
// it is: it may have lost its power, or we its XON. One that owes an answer gets nothing before it is known why. In the middle of a
// command it cannot be asked. There a pause longer than anybody needs to switch a printer off and on is errTorn, unless the printer says
// something by itself: a roll that was changed, say. Its XON says nothing, since that comes after switching on as well.
func (s *session) clear(ctx context.Context, between bool) error {
	const look = 20 * time.Millisecond // how often control lines are looked at: nothing tells when they change
	var waited, unasked, mute time.Duration
	defer s.stalled(false)
	s.forget() // it may answer faster than a fast line takes the slip
	for s.xoff.Load() || !s.port.Ready() {
		signs := s.signs
		if err := s.await(ctx, look, func(a answer) bool { return a.kind == answerXON }); err != nil && err != errTimeout {
			return err
		}
		if mute += look; s.signs > signs {
			mute = 0
		}
		waited += look
		if waited >= s.patience {
			s.stalled(true)
		}
		if unasked += look; between && s.xoff.Load() && unasked >= s.probe {
			unasked = 0
			well, err := s.checkUp(ctx)
			if err != nil {
				return err
			}
			if well {
				s.xoff.Store(false)
			}
		}
	}
	if !between && s.doubts && mute > s.probe {
		return errTorn
	}
	for between && s.owed > 0 {
		if _, err := s.checkUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// write hands one chunk to the port. A write that is left behind counts as touched: nobody knows how far it came. It goes on, and the
// next one waits for it.
func (s *session) write(ctx context.Context, chunk []byte) (touched bool, err error) {
	if s.behind {
		if _, err := s.written(ctx); err != nil {
			return false, err
		}
	}
	select {
	case <-s.gone:
		return false, errGone
	case <-ctx.Done():
		return false, errStopped
	case s.work <- chunk: // at once: the writer has nothing else to do
	}
	s.behind = true
	return s.written(ctx)
}

// written waits for the write that is under way.
func (s *session) written(ctx context.Context) (touched bool, err error) {
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	for {
		select {
		case r := <-s.results:
			s.behind = false
			s.stalled(false)
			if r.err != nil {
				return r.n > 0, errors.Join(errGone, r.err)
			}
			return true, nil
		case a := <-s.answers:
			s.hear(a)
		case <-patience.C:
			s.stalled(true)
		case <-s.cancel:
			return true, errCancelled
		case <-ctx.Done():
			return true, errStopped
		}
	}
}

// await takes answers until done says that one is what was waited for. A zero limit waits for ever. An answer that is there when the
// time is over came in time: a computer that was busy sees both at once.
func (s *session) await(ctx context.Context, limit time.Duration, done func(answer) bool) error {
	var timeout <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		select {
		case a := <-s.answers:
			s.hear(a)
			if done(a) {
				return nil
			}
		case <-timeout:
			if s.waiting(done) {
				return nil
			}
			return errTimeout
		case <-s.gone:
			return s.lastWords(done)
		case <-s.cancel:
			return errCancelled
		case <-ctx.Done():
			return errStopped
		}
	}
}

// lastWords looks through what the printer said before it went away.
func (s *session) lastWords(done func(answer) bool) error {
	if s.port.Traits().TwoWay && s.waiting(done) {
		return nil
	}
	return errGone
}

// waiting looks through what the printer has said already, up to what was waited for.
func (s *session) waiting(done func(answer) bool) bool {
	for {
		select {
		case a := <-s.answers:
			s.hear(a)
			if done(a) {
				return true
			}
		default:
			return false
		}
	}
}

// ask sends a real-time status request, DLE EOT n, and returns its answer. It must never be called in the middle of a command: a
// printer that reads the parameters of one takes it for them.
//
// Answers come in the order of the questions. So while a slip is on its way, a late answer is told from one that never comes: a printer
// that answers and answers, and still owes one, had no power when it was asked, which is errSilent.
func (s *session) ask(ctx context.Context, n byte, limit time.Duration) (byte, error) {
	s.forget()
	if s.owed > 0 {
		limit *= patienceForLate
	}
	s.asking, s.came = true, 0
	defer func() { s.asking = false }()
	within, stop := context.WithTimeout(ctx, patienceForLate*limit)
	defer stop()
	if put, err := s.write(within, []byte{0x10, 0x04, n}); err != nil {
		if err != errStopped || ctx.Err() != nil {
			return 0, err
		}
		if put && s.strict {
			s.owed++ // it is on its way: its answer will come, if late
		}
		return 0, errTimeout
	}
	var err error
	if enough := func(answer) bool { return s.came > s.owed }; !enough(answer{}) {
		err = s.await(ctx, limit, enough)
	}
	switch {
	case !s.strict:
	case err == nil:
		s.owed, s.short = 0, 0
	case err == errTimeout:
		if s.owed += 1 - s.came; s.came > 0 {
			s.short++
		}
		if s.short >= shortMost {
			return 0, errSilent
		}
	}
	return s.status, err
}

// hear takes one thing that the printer said, whatever is being waited for.
func (s *session) hear(a answer) {
	if a.kind != answerXON && a.kind != answerXOFF {
		s.signs++
	}
	switch {
	case a.kind != answerStatus:
	case s.asking: // also while the question is still being written: the answer may be faster than the write's return
		s.came, s.status = s.came+1, a.data[0]
	case s.owed > 0:
		s.owed--
	}
	s.heard(a)
}

// forget takes what was said so far: before a question is put, late answers to earlier ones.
func (s *session) forget() { s.waiting(func(answer) bool { return false }) }
