package simulation

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"countersign/terminal/printer"
)

// machine is a counter PC's clocks. It implements clock.Machine.
type machine struct {
	name string

	mu    sync.Mutex
	boots int
	on    time.Time     // since when
	wrong time.Duration // of the wall clock
}

// Wall implements clock.Machine.
func (m *machine) Wall() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Round(0).Add(m.wrong)
}

// SinceBoot implements clock.Machine.
func (m *machine) SinceBoot() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.on)
}

// Boot implements clock.Machine.
func (m *machine) Boot() (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("%s-%d", m.name, m.boots), true
}

func (m *machine) boot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boots++
	m.on = time.Now()
}

// setWall puts the wall clock that far from the true time.
func (m *machine) setWall(wrong time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wrong = wrong
}

// paper is what came out of a counter's printer, which has nothing to say.
type paper struct {
	random *rand.Rand // of its pace

	mu   sync.Mutex
	out  []byte
	gone bool // unplugged
}

func (p *paper) open(string) (printer.Port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return nil, printer.ErrMissing
	}
	return port{p}, nil
}

func (p *paper) unplug(gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = gone
}

func (p *paper) all() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out
}

// port is an open way to the printer.
type port struct{ *paper }

func (p port) Write(data []byte) (int, error) {
	p.mu.Lock()
	pace := between(p.random, time.Millisecond, 10*time.Millisecond)
	p.mu.Unlock()
	pass(pace)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return 0, printer.ErrMissing
	}
	p.out = append(p.out, data...)
	return len(data), nil
}

func (p port) Read([]byte) (int, error) { return 0, printer.ErrMissing }
func (p port) Close() error             { return nil }
func (p port) Ready() bool              { return true }
func (p port) Traits() printer.Traits   { return printer.Traits{} }

// pass lets time pass: the bubble's, which costs none.
func pass(length time.Duration) { <-time.After(length) }
