package cloud_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// lobbied is a rig whose cloud is served with a lobby.
type lobbied struct {
	*rig
	lobby    *cloud.Lobby
	server   *http.Server
	stopping chan struct{}
	left     chan struct{} // gets one for each connection that left the server for the lobby
	accepted atomic.Int64
	conn     net.Conn
	answers  *bufio.Reader
}

func newLobbied(t *testing.T) *lobbied {
	t.Helper()
	l := &lobbied{rig: newRig(t), stopping: make(chan struct{}), left: make(chan struct{}, 10)}
	l.join()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.lobby = cloud.NewLobby(listener)
	handler, err := cloud.New(t.Context(), l.storage, cloud.Options{PublicURL: publicURL, Now: func() time.Time { return l.now }, Lobby: l.lobby, Stopping: l.stopping})
	if err != nil {
		t.Fatal(err)
	}
	l.server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			l.accepted.Add(1)
		case http.StateHijacked:
			l.left <- struct{}{}
		}
	}}
	served := make(chan error, 1)
	go func() { served <- l.server.Serve(l.lobby) }()
	t.Cleanup(func() {
		l.server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	if l.conn, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.conn.Close() })
	l.answers = bufio.NewReader(l.conn)
	return l
}

// request is a request as it goes over the line, and the id of its proof.
func (l *lobbied) request(path string) (text, jti string) {
	bare, _, _ := strings.Cut(path, "?")
	p := l.proof("GET", bare, nil)
	return fmt.Sprintf("GET /shops%s HTTP/1.1\r\nHost: cloud.example\r\nDPoP: %s\r\n\r\n", path, l.sign(p)), p.ID
}

func (l *lobbied) write(text string) {
	l.Helper()
	if _, err := l.conn.Write([]byte(text)); err != nil {
		l.Fatal(err)
	}
}

// read reads the next answer and checks its signature.
func (l *lobbied) read(jti string) (status int, body string) {
	l.Helper()
	answer, err := http.ReadResponse(l.answers, nil)
	if err != nil {
		l.Fatal(err)
	}
	defer answer.Body.Close()
	recorder := httptest.NewRecorder()
	recorder.Code = answer.StatusCode
	for name, values := range answer.Header {
		recorder.Header()[name] = values
	}
	if _, err := recorder.Body.ReadFrom(answer.Body); err != nil {
		l.Fatal(err)
	}
	l.verify(recorder, jti)
	return answer.StatusCode, recorder.Body.String()
}

// A terminal that waited in the lobby would miss the change it waited for, get an answer that it cannot verify, or need a new connection, with
// a new handshake, every 25 seconds.
func TestPollsWaitInTheLobby(t *testing.T) {
	t.Parallel()
	l := newLobbied(t)
	var page struct{ Cursor string }
	l.ask("GET", "/v1/feed", nil, &page)
	poll, jti := l.request("/v1/feed?wait=25&cursor=" + page.Cursor)
	next, nextJTI := l.request("/v1/trust")
	l.write(poll + next) // in one piece: the server has read of the next request what the lobby must not lose
	<-l.left
	if _, err := l.storage.Pause(t.Context(), "lakeside", "dinner", nil, true); err != nil {
		t.Fatal(err)
	}
	if status, body := l.read(jti); status != http.StatusOK || !strings.Contains(body, string(terminal.CampaignPaused)) {
		t.Errorf("the poll was answered %d %s", status, body)
	}
	if status, body := l.read(nextJTI); status != http.StatusOK || !strings.Contains(body, `"trust"`) {
		t.Errorf("what was asked after it was answered %d %s", status, body)
	}
	if n := l.accepted.Load(); n != 2 {
		t.Errorf("the server was given the connection %d times instead of twice", n)
	}
}

// A cloud that stops would leave terminals without an answer for 25 seconds, or cut answers off.
func TestTheLobbyIsEmptiedAtAStop(t *testing.T) {
	t.Parallel()
	l := newLobbied(t)
	var page struct{ Cursor string }
	l.ask("GET", "/v1/feed", nil, &page)
	poll, jti := l.request("/v1/feed?wait=25&cursor=" + page.Cursor)
	l.write(poll)
	<-l.left
	close(l.stopping)
	if err := l.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.lobby.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, body := l.read(jti); status != http.StatusOK || !strings.Contains(body, `"records":[]`) {
		t.Errorf("the poll was answered %d %s", status, body)
	}
	if _, err := l.answers.ReadByte(); err == nil {
		t.Error("the connection is open though nobody serves it")
	}
}
