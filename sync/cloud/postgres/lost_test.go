package postgres_test

import (
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
			go carry(there, here, lost)
			go carry(here, there, lost)
		}
	}()
	return l
}

// carry hands on what comes, until the line is lost; then it takes what comes and hands nothing on.
func carry(to, from net.Conn, lost chan struct{}) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
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

// cut loses all that is open.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.lost)
	l.lost = make(chan struct{})
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
	conformance.RunLost(t, open(t, database), broken, line.cut)
}
