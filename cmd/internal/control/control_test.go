package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func serve(t *testing.T, folder string, handlers map[string]Handler) *logged {
	t.Helper()
	log := &logged{}
	server, err := Serve(folder, handlers, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

// echo answers with what it was asked.
func echo(_ context.Context, with json.RawMessage) (any, error) { return with, nil }

// If an answer were lost or mixed up, a person would be told that a slip is on paper which is another one.
func TestEachAskerGetsItsAnswer(t *testing.T) {
	for name, folder := range map[string]string{
		"a short path": t.TempDir(),
		"a long path":  filepath.Join(t.TempDir(), strings.Repeat("shop", 20), strings.Repeat("till", 20)),
	} {
		t.Run(name, func(t *testing.T) {
			if err := makeFolder(folder); err != nil {
				t.Fatal(err)
			}
			if err := Call(t.Context(), folder, "echo", 1, nil); !errors.Is(err, ErrNobody) {
				t.Fatalf("with nobody there: %v", err)
			}
			log := serve(t, folder, map[string]Handler{"echo": echo, "refuse": func(context.Context, json.RawMessage) (any, error) {
				return nil, &Failure{"kind", "no"}
			}, "fail": func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("it broke") }})
			var group sync.WaitGroup
			for i := range atOnceMost {
				group.Go(func() {
					var got int
					if err := Call(t.Context(), folder, "echo", i, &got); err != nil || got != i {
						t.Errorf("asked %d, answered %d, %v", i, got, err)
					}
				})
			}
			group.Wait()
			var failure *Failure
			if err := Call(t.Context(), folder, "refuse", nil, nil); !errors.As(err, &failure) || *failure != (Failure{"kind", "no"}) {
				t.Errorf("refused with %v", err)
			}
			if err := Call(t.Context(), folder, "fail", "pin-482199", nil); err == nil || err.Error() != "it broke" {
				t.Errorf("failed with %v", err)
			}
			if err := Call(t.Context(), folder, "dance", nil, nil); !errors.As(err, &failure) || failure.Kind != KindUnknown {
				t.Errorf("what it cannot do: %v", err)
			}
			if strings.Contains(log.String(), "482199") {
				t.Errorf("the log holds what was asked: %s", log)
			}
		})
	}
}

// If rubbish or another version upset the counter, a program from before the update could stop the shop.
func TestRubbishIsTurnedAway(t *testing.T) {
	folder := t.TempDir()
	serve(t, folder, map[string]Handler{"echo": echo})
	for sent, want := range map[string]string{
		"hello\n":                                    KindUnknown,
		`{"version":1,"do":"dance"}` + "\n":          KindUnknown,
		`{"version":2,"do":"echo","with":1}` + "\n":  KindVersion,
		strings.Repeat("x", lineMost+1) + "\n":       KindUnknown,
		`{"version":1,"do":"echo","with":"` + "\x00": KindUnknown,
	} {
		connection, err := dial(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = connection.Write([]byte(sent)) // what is too long is not read to its end
			if unix, ok := connection.(*net.UnixConn); ok {
				_ = unix.CloseWrite()
			}
		}()
		var answer reply
		line, err := bufio.NewReader(connection).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &answer)
		}
		if err != nil || answer.Failure == nil || answer.Failure.Kind != want || answer.Version != Version {
			t.Errorf("%.40q is answered %s, %v; want %s", sent, line, err, want)
		}
		connection.Close()
	}
	if err := Call(t.Context(), folder, "echo", 1, nil); err != nil {
		t.Errorf("and after all that: %v", err)
	}
}

// If work went on for somebody who has gone, a sync that nobody waits for would hold the counter up when it is closed.
func TestWorkEndsWithItsAsker(t *testing.T) {
	folder := t.TempDir()
	began, ended := make(chan struct{}, 1), make(chan error, 1)
	work := func(ctx context.Context, _ json.RawMessage) (any, error) {
		began <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}
	server, err := Serve(folder, map[string]Handler{"work": work}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() { asked <- Call(ctx, folder, "work", nil, nil) }()
	<-began
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the work ended with %v", err)
	}
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("the asker got %v", err)
	}
	go func() { asked <- Call(t.Context(), folder, "work", nil, nil) }()
	<-began
	closed := make(chan error, 1)
	go func() { closed <- server.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the counter cannot be closed while somebody asks")
	}
	if err := <-asked; err == nil {
		t.Error("an asker whose counter was closed was told that all is done")
	}
}

func makeFolder(path string) error { return os.MkdirAll(path, 0o700) }
