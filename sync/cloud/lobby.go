package cloud

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// Lobby is the listener of a server of plain HTTP whose long polls wait outside of it. A connection within http.Server has its goroutines, its
// buffers and its request as long as an answer takes, some 50 KiB; one that waits in the lobby has a small goroutine and little else. It is
// accepted once more when its answer was written, as if it had just come.
type Lobby struct {
	net.Listener
	begin  sync.Once
	fresh  chan net.Conn
	back   chan net.Conn
	failed chan error
	end    sync.Once
	closed chan struct{}
	away   sync.WaitGroup
}

// NewLobby returns the lobby of a listener, which it closes with itself.
func NewLobby(listener net.Listener) *Lobby {
	return &Lobby{Listener: listener, fresh: make(chan net.Conn), back: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *Lobby) Accept() (net.Conn, error) {
	l.begin.Do(func() { go l.accept() })
	select {
	case conn := <-l.fresh:
		return conn, nil
	case conn := <-l.back:
		return conn, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *Lobby) accept() {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.failed <- err: // the server looks at what sort of error it is, and rests if it goes on
				if errors.Is(err, net.ErrClosed) {
					return
				}
			case <-l.closed:
				return
			}
			continue
		}
		select {
		case l.fresh <- conn:
		case <-l.closed:
			_ = conn.Close() // nobody serves it
			return
		}
	}
}

// Close implements net.Listener. Connections that come back later are closed.
func (l *Lobby) Close() error {
	l.end.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Wait waits until everybody in the lobby was answered. It is called once the program stops and nobody comes any more.
func (l *Lobby) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.away.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// goOn has the server serve a connection again.
func (l *Lobby) goOn(conn net.Conn) {
	select {
	case l.back <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// leave has a poll wait in the lobby, if that is possible.
func (s *server) leave(w http.ResponseWriter, r *http.Request, a *answering) bool {
	hijacker, ok := w.(http.Hijacker)
	if s.options.Lobby == nil || !ok || !r.ProtoAtLeast(1, 1) || r.Close {
		return false
	}
	s.options.Lobby.away.Add(1) // before the server forgets the connection: whoever stops it waits for one or the other
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		s.options.Lobby.away.Done()
		return false
	}
	next := make([]byte, buffered.Reader.Buffered())
	_, _ = io.ReadFull(buffered, next) // it is there
	// What the server made belongs to it again: nothing of the request is kept but what it asks for.
	ctx := context.WithValue(context.WithValue(context.Background(), callerKey{}, callerOf(a.inner.Context())), pollKey{}, &a.poll)
	request := &http.Request{Method: a.inner.Method, URL: a.inner.URL, Host: a.inner.Host, Proto: a.inner.Proto, Header: http.Header{},
		RemoteAddr: a.inner.RemoteAddr, Body: http.NoBody}
	a.inner = request.WithContext(ctx)
	go s.linger(ctx, &waitingConn{Conn: conn, next: next}, a)
	return true
}

// writeBudget is how long a terminal may take to read its answer.
const writeBudget = 30 * time.Second

// linger answers a poll in the lobby.
func (s *server) linger(ctx context.Context, conn *waitingConn, a *answering) {
	defer s.options.Lobby.away.Done()
	good := false
	defer func() {
		if problem := recover(); problem != nil { // as http.Server does
			s.options.Log.Error("a request failed", "path", a.path, "error", problem, "stack", string(debug.Stack()))
		}
		if !good {
			_ = conn.Close() // nothing was promised on it
		}
	}()
	if conn.SetDeadline(time.Time{}) != nil {
		return
	}
	answer := &written{header: http.Header{}}
	s.stay(ctx, answer, a.inner, a)
	if conn.SetWriteDeadline(time.Now().Add(writeBudget)) != nil {
		return
	}
	if _, err := conn.Write(answer.raw.Bytes()); err != nil {
		s.options.Log.Debug("an answer was not delivered", "path", a.path, "error", err)
		return
	}
	if good = conn.SetWriteDeadline(time.Time{}) == nil; good {
		s.options.Lobby.goOn(conn.served())
	}
}

// waitingConn is a connection in the lobby.
type waitingConn struct {
	net.Conn
	next []byte // what the server has read of the next request
}

// served is the connection as it goes back to the server.
func (c *waitingConn) served() net.Conn {
	if len(c.next) == 0 {
		return c.Conn
	}
	return c
}

// Read implements net.Conn.
func (c *waitingConn) Read(into []byte) (int, error) {
	if len(c.next) == 0 {
		return c.Conn.Read(into)
	}
	n := copy(into, c.next)
	c.next = c.next[n:]
	return n, nil
}

// written is an answer as the bytes that go over the line. It is written whole, in one piece.
type written struct {
	header http.Header
	status int
	raw    bytes.Buffer
}

// Header implements http.ResponseWriter.
func (w *written) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *written) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *written) Write(body []byte) (int, error) {
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	answer := http.Response{StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}
	return len(body), answer.Write(&w.raw)
}
