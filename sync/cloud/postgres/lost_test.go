package postgres_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"countersign/sync/cloud/conformance"
	"countersign/sync/cloud/postgres"
)

// line is a line between a process and the database that can be lost: what was open stays open and carries nothing, as where a router
// forgot it or a cable was pulled, and who calls anew gets through.
type line struct {
	listener net.Listener
	mu       sync.Mutex
	lost     chan struct{} // of the connections that are open now
	left     int           // how many questions, signs of life apart, get through before all that is open is lost; 0 for all
	open     []net.Conn
}

func newLine(t *testing.T, socket string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, lost: make(chan struct{})}
	go func() {
		for {
			here, err := listener.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("unix", socket)
			if err != nil {
				here.Close()
				continue
			}
			l.mu.Lock()
			lost := l.lost
			l.open = append(l.open, here, there)
			l.mu.Unlock()
			go l.carry(there, here, lost, l.asked)
			go l.carry(here, there, lost, func([]byte) {})
		}
	}()
	return l
}

// carry hands on what comes, until the line is lost; then it takes what comes and hands nothing on.
func (l *line) carry(to, from net.Conn, lost chan struct{}, comes func([]byte)) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		comes(buffer[:n])
		select {
		case <-lost:
			if err != nil {
				return
			}
			continue
		default:
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err == io.EOF {
				to.Close()
			}
			return
		}
	}
}

// cut loses all that is open with the n-th message from now.
func (l *line) cut(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = n
}

func (l *line) asked(what []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == 0 || len(what) == 0 || bytes.Contains(what, []byte("-- ping")) {
		return
	}
	if l.left--; l.left == 0 {
		close(l.lost)
		l.lost = make(chan struct{})
	}
}

func (l *line) close() {
	l.listener.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.open {
		conn.Close()
	}
}

// All counters of a merchant would stand for a quarter of an hour when a cable to the database is pulled and put back.
func TestALostConnectionHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for n := 1; n <= lostMessages; n++ { // its turn, and what comes after it
		t.Run(fmt.Sprintf("lost with message %d", n), func(t *testing.T) {
			t.Parallel()
			lose(t, n)
		})
	}
}

// lostMessages are those that are tried. With a later one the database has begun to change rows for who is gone: it keeps them until
// idle_in_transaction_session_timeout, a quarter of a minute, and what concerns the same rows waits for that.
const lostMessages = 4

func lose(t *testing.T, n int) {
	t.Helper()
	database := newDatabase(t)
	there, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := there.Query()
	sockets, err := filepath.Glob(filepath.Join(query.Get("host"), ".s.PGSQL.*[0-9]"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("the database's socket is one of %v, %v", sockets, err)
	}
	line := newLine(t, sockets[0])
	query.Del("host")
	there.Host, there.RawQuery = line.listener.Addr().String(), query.Encode()
	broken, err := postgres.OpenWithin(t.Context(), there.String(), 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		line.close()
		broken.Close()
	})
	conformance.RunLost(t, open(t, database), broken, func() { line.cut(n) })
}
