package simulation

import (
	"context"
	"net"
	"sync"
)

// lan is a shop's network. It connects at once, or not at all: what happens on a long way is line's business.
type lan struct {
	mu        sync.Mutex
	listeners map[string]*socket
}

// socket is where somebody listens.
type socket struct {
	lan     *lan
	address string
	of      *counter
	calls   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// Accept implements net.Listener.
func (s *socket) Accept() (net.Conn, error) {
	select {
	case call := <-s.calls:
		return call, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *socket) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.lan.mu.Lock()
		defer s.lan.mu.Unlock()
		delete(s.lan.listeners, s.address)
	})
	return nil
}

// Addr implements net.Listener.
func (s *socket) Addr() net.Addr { return place(s.address) }

// place is an address in the shop.
type place string

func (place) Network() string  { return "tcp" }
func (p place) String() string { return string(p) }

// listen is what a counter's program listens with.
func (c *counter) listen(_, address string) (net.Listener, error) {
	s := &socket{lan: c.lan, address: hubAddress, of: c, calls: make(chan net.Conn), closed: make(chan struct{})}
	c.lan.mu.Lock()
	defer c.lan.mu.Unlock()
	c.lan.listeners[hubAddress] = s
	c.note("%d listens at %s", c.index, address)
	return s, nil
}

// hubAddress is where the hub of the shop is.
const hubAddress = "192.0.2.10:7437"

// dial is what a counter's program calls with.
func (c *counter) dial(ctx context.Context, _, address string) (net.Conn, error) {
	c.lan.mu.Lock()
	s := c.lan.listeners[address]
	c.lan.mu.Unlock()
	if s == nil || (s.of != c && (c.unwired() || s.of.unwired())) {
		return nil, errNoRoute
	}
	here, there := net.Pipe()
	wire := &wire{Conn: here, by: c, to: s.of}
	select {
	case s.calls <- there:
		return wire, nil
	case <-s.closed:
	case <-ctx.Done():
	}
	here.Close()
	there.Close()
	return nil, errNoRoute
}

// wire is a connection that ends when a cable on its way is pulled.
type wire struct {
	net.Conn
	by, to *counter
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	if w.by != w.to && (w.by.unwired() || w.to.unwired()) {
		w.Conn.Close()
		return 0, errNoRoute
	}
	return w.Conn.Write(p)
}

// unwired reports that a counter's cable is out.
func (c *counter) unwired() bool {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	return c.line.unwired
}
