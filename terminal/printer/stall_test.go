//go:build unix

package printer_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"countersign/terminal"
	"countersign/terminal/printer"
	"countersign/terminal/printer/fakeprinter"
)

// stallingPort is a port on which the writing of one kind of question does not return while it is told so.
type stallingPort struct {
	printer.Port
	stalls   *atomic.Bool
	question byte
	entered  chan struct{} // told when a question hangs
	release  chan struct{} // closed to let go
}

func (p stallingPort) Write(data []byte) (int, error) {
	if p.stalls.Load() && bytes.Equal(data, []byte{0x10, 0x04, p.question}) {
		select {
		case p.entered <- struct{}{}:
		default:
		}
		<-p.release
	}
	return p.Port.Write(data)
}

func TestQuestionThatHangsInTheLine(t *testing.T) {
	// Broken in the shop: on a slow PC, or with a poor USB adapter, a question to the printer does not leave, and the slip stays "on its
	// way" until the terminal is restarted.
	data := slip("hangs")
	for _, question := range []byte{1, 2, 3, 4} {
		for _, back := range []bool{true, false} {
			t.Run(string('0'+rune(question))+map[bool]string{true: " back", false: " never"}[back], func(t *testing.T) {
				t.Parallel()
				p := fake(t, fakeprinter.Options{Buffer: 600, PaperFor: len(data) / 2})
				s := newSpool()
				config := quick(p.Path())
				if back {
					config.Timing.Silence = time.Minute // it is late, not lost
				}
				entered, release := make(chan struct{}, 1), make(chan struct{})
				stalls := &atomic.Bool{}
				config.Open = func(target string) (printer.Port, error) {
					port, err := printer.Open(target)
					return stallingPort{port, stalls, question, entered, release}, err
				}
				w, _ := run(t, s, config)
				id := s.add(data, time.Now())
				w.Nudge()
				eventually(t, "half of it is out", func() bool { return !p.HasPaper() })
				stalls.Store(true)
				<-entered
				want := terminal.JobUnconfirmed
				if back {
					want = terminal.JobPrinted
					pause := time.NewTimer(5 * config.Timing.Answer) // longer than the question is waited for
					<-pause.C
					stalls.Store(false)
					close(release)
				}
				p.Refill(0)
				s.reaches(t, id, want)
				if !back {
					stalls.Store(false)
					close(release)
				}
				next := s.add(slip("next"), time.Now())
				w.Nudge()
				s.reaches(t, next, terminal.JobPrinted)
				if got := p.Bytes(); bytes.Count(got, []byte("hangs row 00")) != 1 || !bytes.HasSuffix(got, slip("next")) || (back && !bytes.HasPrefix(got, data)) {
					t.Errorf("printed %q", got)
				}
			})
		}
	}
}
