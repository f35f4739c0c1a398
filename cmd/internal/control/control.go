// Package control lets a program that has a data folder do things for another one on the same computer: "countersignctl sync" while the
// counter's window runs, say. It carries questions and answers, and knows nothing of what they are about.
//
// The holder serves a local socket in its data folder, on Windows a named pipe whose name stands there. Who may use the folder may ask:
// the socket has the folder's rights. A connection carries one request and one reply, each a line of JSON with the version of this
// protocol in it. Neither is ever logged: there may be a PIN in a request. Both sides have their time: whoever connects and says
// nothing is hung up on, and work ends when the asker goes away.
package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Version is the protocol's. A holder answers requests of its own version only.
const Version = 1

// The limits of a connection.
const (
	saySoon    = 5 * time.Second // for the request to arrive, and for the reply to be taken
	workMost   = time.Hour       // for what is asked; an asker who goes away ends it sooner
	answerMost = 2 * time.Second // for a holder that is there to accept
	lineMost   = 1 << 20         // bytes of a request or a reply
	atOnceMost = 8               // connections; more are turned away
)

// ErrNobody says that nobody serves the folder: no program has it, or one that does not stay.
var ErrNobody = errors.New("no counter that is running answers for this data folder")

// Failure is why a holder did not do what was asked.
type Failure struct {
	Kind string `json:"kind,omitempty"` // what the asker can tell apart; "" where only the text matters
	Text string `json:"text"`           // one sentence
}

// Error returns the sentence.
func (f *Failure) Error() string { return f.Text }

// The kinds that this package answers with itself.
const (
	KindVersion = "version" // the holder speaks another version
	KindUnknown = "what"    // the holder does not know what is asked
	KindBusy    = "busy"    // too many ask at once
)

type request struct {
	Version int             `json:"version"`
	Do      string          `json:"do"`
	With    json.RawMessage `json:"with,omitempty"`
}

type reply struct {
	Version int             `json:"version"`
	Done    json.RawMessage `json:"done,omitempty"`
	Failure *Failure        `json:"failure,omitempty"`
}

// Handler does one thing. What it returns becomes the reply's JSON; an error that is a *Failure goes over as it is, any other with its
// text. ctx ends when the asker goes away.
type Handler func(ctx context.Context, with json.RawMessage) (any, error)

// Server answers for a data folder.
type Server struct {
	listener net.Listener
	handlers map[string]Handler
	log      *slog.Logger
	stop     context.CancelFunc
	done     sync.WaitGroup
	places   chan struct{}
}

// Serve begins to answer for a data folder whose lock the caller holds: a socket that lies there is nobody's any more and is
// replaced. Close ends it.
func Serve(folder string, handlers map[string]Handler, log *slog.Logger) (*Server, error) {
	listener, err := listen(folder)
	if err != nil {
		return nil, fmt.Errorf("other programs of this computer cannot ask this one: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{listener: listener, handlers: handlers, log: log, stop: stop, places: make(chan struct{}, atOnceMost)}
	s.done.Go(func() { s.accept(ctx) })
	return s, nil
}

// Close hangs up on everybody and waits until nothing is being done any more.
func (s *Server) Close() error {
	s.stop()
	err := s.listener.Close()
	s.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) accept(ctx context.Context) {
	for {
		connection, err := s.listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				connection.Close()
			}
			return
		}
		if err != nil {
			s.log.Error("other programs of this computer cannot ask this one any more", "error", err.Error())
			return
		}
		s.done.Go(func() {
			defer connection.Close()
			select {
			case s.places <- struct{}{}:
				defer func() { <-s.places }()
				s.answer(ctx, connection)
			default:
				s.reply(connection, reply{Failure: &Failure{KindBusy, "too many programs ask the counter at once; try again"}})
			}
		})
	}
}

// answer reads one request, does it and replies.
func (s *Server) answer(ctx context.Context, connection net.Conn) {
	hangUp := context.AfterFunc(ctx, func() { connection.Close() })
	defer hangUp()
	if connection.SetReadDeadline(time.Now().Add(saySoon)) != nil {
		return
	}
	input := bufio.NewReader(connection)
	var asked request
	if err := readLine(input, &asked); err != nil {
		s.reply(connection, reply{Failure: &Failure{KindUnknown, "the request cannot be read"}})
		return
	}
	handler, known := s.handlers[asked.Do]
	switch {
	case asked.Version != Version:
		s.reply(connection, reply{Failure: &Failure{KindVersion, fmt.Sprintf(
			"the counter that is running speaks version %d of this and not %d; start it again after its update", Version, asked.Version)}})
		return
	case !known:
		s.reply(connection, reply{Failure: &Failure{KindUnknown, fmt.Sprintf("the counter that is running cannot do %q", asked.Do)}})
		return
	}
	if connection.SetReadDeadline(time.Time{}) != nil {
		return
	}
	working, cancel := context.WithTimeout(ctx, workMost)
	defer cancel()
	s.done.Go(func() { // an asker that goes away, or says more than one thing, ends the work
		_, _ = input.ReadByte()
		cancel()
	})
	began := time.Now()
	done, err := handler(working, asked.With)
	answer := reply{Failure: failureOf(err)}
	if err == nil {
		if answer.Done, err = json.Marshal(done); err != nil {
			answer.Failure = &Failure{Text: "the answer cannot be written down"}
		}
	}
	s.log.Info("done for another program", "what", asked.Do, "ok", answer.Failure == nil, "took", time.Since(began).Round(time.Millisecond).String())
	s.reply(connection, answer)
}

func failureOf(err error) *Failure {
	var failure *Failure
	if err == nil || errors.As(err, &failure) {
		return failure
	}
	return &Failure{Text: err.Error()}
}

func (s *Server) reply(connection net.Conn, answer reply) {
	answer.Version = Version
	text, err := json.Marshal(answer)
	if err != nil || connection.SetWriteDeadline(time.Now().Add(saySoon)) != nil {
		return
	}
	_, _ = connection.Write(append(text, '\n')) // an asker that has gone needs no answer
	connection.Close()
}

func readLine(from io.Reader, into any) error {
	line, err := bufio.NewReader(io.LimitReader(from, lineMost)).ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}

// Call asks whoever serves a data folder to do something, and waits for the answer as long as ctx lasts. ErrNobody says that there is
// nobody to ask; a *Failure is the holder's own no.
func Call(ctx context.Context, folder, do string, with, into any) error {
	body, err := json.Marshal(with)
	if err != nil {
		return err
	}
	text, err := json.Marshal(request{Version, do, body})
	if err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, answerMost)
	defer cancel()
	connection, err := dial(soon, folder)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrNobody, err)
	}
	defer connection.Close()
	hangUp := context.AfterFunc(ctx, func() { connection.Close() })
	defer hangUp()
	if _, err := connection.Write(append(text, '\n')); err != nil {
		return lost(ctx, err)
	}
	var answer reply
	if err := readLine(connection, &answer); err != nil {
		return lost(ctx, err)
	}
	if answer.Failure != nil {
		return answer.Failure
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer.Done, into)
}

// lost says that the holder was there and did not answer to the end.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the counter that is running did not answer; it may have been closed just now: %w", err)
}
