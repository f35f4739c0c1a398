package scanner

import (
	"context"
	"io"
	"time"
)

// Serial reads a scanner on a serial line for as long as its context lasts, and opens it again whenever it comes back.
type Serial struct {
	// Open opens the line. What it returns must end a Read that is under way when it is closed.
	Open func() (io.ReadCloser, error)
	// Scan gets each code, in the order in which they were read. It may block: codes wait on the line meanwhile.
	Scan func(code string)
	// Present is told whether the scanner is there; it may be nil.
	Present func(present bool)
	// Retry is the time between two attempts to open it; 2 seconds unless said.
	Retry time.Duration
}

// Run reads until ctx ends. Codes that were cut off by the scanner's going away are dropped.
func (s Serial) Run(ctx context.Context) {
	if s.Retry == 0 {
		s.Retry = 2 * time.Second
	}
	if s.Present == nil {
		s.Present = func(bool) {}
	}
	for ctx.Err() == nil {
		if line, err := s.Open(); err == nil {
			s.Present(true)
			s.read(ctx, line)
		}
		s.Present(false)
		pause := time.NewTimer(s.Retry)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

// arrival is a chunk of bytes and when it came.
type arrival struct {
	data []byte
	at   time.Time
}

// read frames what one opening of the line brings.
func (s Serial) read(ctx context.Context, line io.ReadCloser) {
	arrivals := make(chan arrival, 16)
	over := make(chan struct{})
	defer close(over)
	defer line.Close()
	go receive(line, arrivals, over)
	framer := Framer{}
	for {
		var silence <-chan time.Time
		if due, under := framer.Due(); under {
			silence = time.After(time.Until(due))
		}
		var codes []string
		select {
		case <-ctx.Done():
			return
		case a, open := <-arrivals:
			if !open {
				return
			}
			codes = framer.Feed(a.data, a.at)
		case at := <-silence:
			select { // what came meanwhile came before the silence was over
			case a, open := <-arrivals:
				if !open {
					return
				}
				codes = framer.Feed(a.data, a.at)
			default:
				codes = framer.Quiet(at)
			}
		}
		for _, code := range codes {
			s.Scan(code)
		}
	}
}

// receive notes when bytes came at once, so that a slow consumer does not make two codes of one.
func receive(line io.Reader, arrivals chan<- arrival, over <-chan struct{}) {
	defer close(arrivals)
	for {
		buffer := make([]byte, 512)
		n, err := line.Read(buffer)
		if n > 0 {
			select {
			case arrivals <- arrival{buffer[:n], time.Now()}:
			case <-over:
				return
			}
		}
		if err != nil {
			return
		}
	}
}
