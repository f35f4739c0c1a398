package demo

import (
	"context"
	"io"
	"net"
	"sync"
)

// Link is the shop's line to the internet, as one that can be cut: it forwards what comes to its own address. While it is cut it behaves
// like a cable that was pulled: what was open breaks, and what is new gets no answer at all.
type Link struct {
	listener net.Listener
	to       string
	record   func(fromTerminal bool, data []byte)

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
	done  sync.WaitGroup
}

// NewLink listens on a loopback port of the system's choice; record, if there is one, sees every byte.
func NewLink(record func(fromTerminal bool, data []byte)) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Link{listener: listener, record: record, conns: map[net.Conn]bool{}}, nil
}

// Addr is where terminals call: "127.0.0.1:41234".
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Serve forwards to the address to until Close.
func (l *Link) Serve(to string) {
	l.to = to
	l.done.Go(func() {
		for {
			conn, err := l.listener.Accept()
			if err != nil {
				return
			}
			l.done.Go(func() { l.forward(conn) })
		}
	})
}

// Cut pulls the cable.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	l.closeAll()
}

// Restore plugs it in again. What waited without an answer breaks, and its sender tries again.
func (l *Link) Restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
	l.closeAll()
}

// IsCut reports whether the cable is out.
func (l *Link) IsCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// Close ends the link.
func (l *Link) Close() error {
	err := l.listener.Close()
	l.mu.Lock()
	l.closeAll()
	l.mu.Unlock()
	l.done.Wait()
	return err
}

// closeAll is called with the lock held. Closing is all that can be done with a connection here; its error says nothing.
func (l *Link) closeAll() {
	for conn := range l.conns {
		_ = conn.Close()
	}
	clear(l.conns)
}

// keep remembers a connection so that a cut breaks it; cut says that the cable is out.
func (l *Link) keep(conn net.Conn) (cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = true
	return l.cut
}

func (l *Link) drop(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
	_ = conn.Close() // it may be closed already
}

func (l *Link) forward(from net.Conn) {
	defer l.drop(from)
	if l.keep(from) {
		// Nobody answers: read until the other side gives up, or the cable is back.
		_, _ = io.Copy(io.Discard, from)
		return
	}
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", l.to)
	if err != nil {
		return
	}
	defer l.drop(to)
	l.keep(to)
	back := make(chan struct{})
	go func() {
		defer close(back)
		l.copy(from, to, false)
		l.drop(from)
	}()
	l.copy(to, from, true)
	l.drop(to)
	<-back
}

func (l *Link) copy(to io.Writer, from io.Reader, fromTerminal bool) {
	if l.record != nil {
		from = io.TeeReader(from, writerFunc(func(data []byte) { l.record(fromTerminal, data) }))
	}
	_, _ = io.Copy(to, from) // the end of a connection is how it ends
}

type writerFunc func([]byte)

func (w writerFunc) Write(data []byte) (int, error) {
	w(data)
	return len(data), nil
}
