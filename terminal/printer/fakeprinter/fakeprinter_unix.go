//go:build unix

// Package fakeprinter is a receipt printer on a pseudo-terminal, for tests and demonstrations. It takes bytes at a printer's
// speed into a buffer of a printer's size, says XOFF and XON, answers DLE EOT, GS r and GS ( H, sends its status by itself once
// GS a asked for it, and goes wrong in the ways in which printers go wrong: no paper, an open cover, no power, a line that
// garbles, a plug that is pulled.
package fakeprinter

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Options say what kind of printer it is. The zero value is one that answers everything, prints at once and has paper for ever.
type Options struct {
	Path      string // where it is found; "" for a path of its own. It stays the same when the plug is pulled and put back
	Buffer    int    // bytes it can hold: 4096 unless said
	Speed     int    // bytes a second that it prints; 0 for as fast as it can
	NoXOFF    bool   // it has no XON/XOFF: when its buffer is full it reads no more
	Mute      bool   // it never answers
	NoWord    bool   // it answers DLE EOT only
	PaperFor  int    // bytes that the paper lasts for; 0 for ever
	PowerFor  int    // bytes after which the power fails; 0 for never
	Babbles   bool   // it sends noise between its answers
	OnPrinted func() // told, outside of any lock, when something was printed
}

// Printer is a running fake.
type Printer struct {
	options Options
	folder  string // of its own, to be removed

	mu      sync.Mutex
	wake    *sync.Cond
	master  *os.File
	tty     *os.File // kept open, so that the line does not end when the program closes its side
	machine machine
	closed  bool
}

// Start makes a printer and plugs it in.
func Start(options Options) (*Printer, error) {
	if options.Buffer == 0 {
		options.Buffer = 4096
	}
	p := &Printer{options: options}
	p.wake = sync.NewCond(&p.mu)
	if options.Path == "" {
		folder, err := os.MkdirTemp("", "fakeprinter")
		if err != nil {
			return nil, err
		}
		p.folder, p.options.Path = folder, filepath.Join(folder, "tty")
	}
	p.machine = machine{power: true, paper: options.PaperFor, endless: options.PaperFor == 0, powerLeft: options.PowerFor}
	if err := p.Plug(); err != nil {
		return nil, err
	}
	go p.print()
	return p, nil
}

// Path is where a program opens it: a link to the pseudo-terminal.
func (p *Printer) Path() string { return p.options.Path }

// Close ends it.
func (p *Printer) Close() error {
	p.Unplug()
	p.mu.Lock()
	p.closed = true
	p.wake.Broadcast()
	p.mu.Unlock()
	if p.folder != "" {
		return os.RemoveAll(p.folder)
	}
	return nil
}

// Plug puts the plug in.
func (p *Printer) Plug() error {
	master, tty, err := pty.Open()
	if err != nil {
		return fmt.Errorf("no pseudo-terminal: %w", err)
	}
	if _, err := term.MakeRaw(int(tty.Fd())); err != nil {
		return err
	}
	if master, err = pollable(master); err != nil {
		return err
	}
	if err := os.Remove(p.options.Path); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(tty.Name(), p.options.Path); err != nil {
		return err
	}
	p.mu.Lock()
	p.master, p.tty = master, tty
	p.mu.Unlock()
	go p.read(master)
	return nil
}

// pollable makes a file whose Close ends a Read that is under way, which it does not do on a blocking one.
func pollable(file *os.File) (*os.File, error) {
	defer file.Close()
	fd, err := unix.Dup(int(file.Fd()))
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), file.Name()), nil
}

// Unplug pulls the plug: the device is gone, with what was on the line.
func (p *Printer) Unplug() {
	p.mu.Lock()
	master, tty := p.master, p.tty
	p.master, p.tty = nil, nil
	p.mu.Unlock()
	if master != nil {
		os.Remove(p.options.Path)
		tty.Close()
		master.Close()
	}
}

// change does something to the machine and has it go on.
func (p *Printer) change(do func(m *machine)) {
	p.mu.Lock()
	do(&p.machine)
	p.machine.wait()
	p.reply()
	p.wake.Broadcast()
	p.mu.Unlock()
}

// Refill puts in paper for so many bytes, 0 for ever.
func (p *Printer) Refill(bytes int) {
	p.change(func(m *machine) { m.paper, m.endless = bytes, bytes == 0; m.report() })
}

// OpenCover and CloseCover do what they say.
func (p *Printer) OpenCover()  { p.change(func(m *machine) { m.cover = true; m.report() }) }
func (p *Printer) CloseCover() { p.change(func(m *machine) { m.cover = false; m.report() }) }

// PowerOff loses everything that is not yet printed; PowerOn starts afresh.
func (p *Printer) PowerOff() { p.change((*machine).off) }
func (p *Printer) PowerOn() {
	p.change(func(m *machine) {
		m.on()
		if !p.options.NoXOFF {
			m.answers = append(m.answers, 0x11) // it is there again, and takes bytes
		}
	})
}

// Stall has it stop taking bytes without a word; Resume has it go on.
func (p *Printer) Stall()  { p.change(func(m *machine) { m.stalled = true }) }
func (p *Printer) Resume() { p.change(func(m *machine) { m.stalled = false }) }

// Allow has its mechanics print so many bytes more and then stand still, while it goes on taking bytes and saying that it is well: a
// printer with much in its memory. A negative number lets it go on for ever.
func (p *Printer) Allow(bytes int) {
	p.change(func(m *machine) { m.limited, m.allowed = bytes >= 0, bytes })
}

// Bytes is what it printed since it was started, without the questions about its status that came between.
func (p *Printer) Bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.machine.printed)
}

// Take is what it printed since it was last asked so, which it then forgets: for runs so long that keeping all of it would be the
// memory that is measured.
func (p *Printer) Take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	printed := p.machine.printed
	p.machine.printed = nil
	return printed
}

// Pauses is how often it said XOFF.
func (p *Printer) Pauses() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.pauses
}

// Missed is how many bytes came while it had no power.
func (p *Printer) Missed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.missed
}

// Powered reports whether it is switched on.
func (p *Printer) Powered() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.power
}

// HasPaper reports whether there is paper in it.
func (p *Printer) HasPaper() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.hasPaper()
}

// read takes what comes over the line until the plug is pulled.
func (p *Printer) read(master *os.File) {
	buffer := make([]byte, 64)
	for {
		p.mu.Lock()
		for p.master == master && (p.machine.stalled || (p.options.NoXOFF && len(p.machine.buffer) >= p.options.Buffer)) {
			p.wake.Wait()
		}
		p.mu.Unlock()
		n, err := master.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.master == master {
			p.machine.receive(buffer[:n], p.options)
			p.reply()
			p.wake.Broadcast()
		}
		p.mu.Unlock()
	}
}

// reply sends what the machine has to say.
func (p *Printer) reply() {
	answers := p.machine.answers
	p.machine.answers = nil
	if p.options.Mute || p.master == nil || len(answers) == 0 {
		return
	}
	if p.options.Babbles {
		answers = append([]byte{0xff, 0x81, 0x37, 0x99, 0x80}, answers...)
	}
	// A line that nobody reads from is not worth waiting for.
	p.master.Write(answers)
}

// print takes command after command out of the buffer.
func (p *Printer) print() {
	var behind time.Duration // how long the mechanics take for what was printed since they last rested
	for {
		p.mu.Lock()
		for !p.closed && !p.machine.canPrint() {
			p.wake.Wait()
		}
		if p.closed {
			p.mu.Unlock()
			return
		}
		took := p.machine.step(p.options)
		p.machine.wait()
		p.reply()
		p.wake.Broadcast()
		p.mu.Unlock()
		if took > 0 && p.options.OnPrinted != nil {
			p.options.OnPrinted()
		}
		if p.options.Speed > 0 {
			if behind += time.Duration(took) * time.Second / time.Duration(p.options.Speed); behind > 5*time.Millisecond {
				time.Sleep(behind)
				behind = 0
			}
		}
	}
}
