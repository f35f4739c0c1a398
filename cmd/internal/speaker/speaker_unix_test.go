//go:build !windows

package speaker

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a busy machine.
const patience = 60 * time.Second

// install puts players into a folder that is searched in place of all others. Each is the body of a shell script; $1 is the last argument.
func install(t *testing.T, scripts map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, body := range scripts {
		text := fmt.Sprintf("#!/bin/sh\nfor f; do :; done\nset -- \"$f\" %s\n%s\n", folder, body)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
	return folder
}

// started runs a speaker until the test ends, or end is called.
func started(t *testing.T, log *slog.Logger) (s *Speaker, end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	s = New(log)
	go func() { s.Run(ctx); close(over) }()
	end = func() {
		stop()
		<-over
	}
	t.Cleanup(end)
	return s, end
}

// line waits for the next line that a player writes into its pipe.
func line(t *testing.T, pipe *bufio.Reader) string {
	t.Helper()
	text, err := pipe.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(text)
}

// piped makes the pipe into which players write what they do.
func piped(t *testing.T, folder string) *bufio.Reader {
	t.Helper()
	path := filepath.Join(folder, "said")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	if err := pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(pipe)
}

func TestTheSystemThatRunsIsFound(t *testing.T) {
	// A computer with PipeWire's tools and no PipeWire would be silent though PulseAudio plays; and what was played would stay on the disk.
	said := piped(t, install(t, map[string]string{"pw-play": `echo refused >&2; exit 1`, "paplay": `IFS= read -r line < "$1"; echo "$line" > "$2/said"; echo "$1" > "$2/said"`}))
	s, end := started(t, slog.New(slog.DiscardHandler))
	from := ""
	for i := range 3 {
		sound := fmt.Sprintf("sound %d", i)
		s.Play([]byte(sound + "\n"))
		if heard := line(t, said); heard != sound {
			t.Errorf("heard %q, want %q", heard, sound)
		}
		from = line(t, said)
	}
	end()
	if Find() != "pw-play" || s.devices[0].name() != "paplay" {
		t.Errorf("found %s, plays with %s", Find(), s.devices[0].name())
	}
	if _, err := os.Stat(from); from == "" || err == nil {
		t.Error("the sounds are left on the disk")
	}
}

func TestASoundThatHangsHoldsNothingUp(t *testing.T) {
	// A sound system that does not answer would hold up the window, or every sound after the first.
	said := piped(t, install(t, map[string]string{"aplay": `IFS= read -r line < "$1"; echo "$line" > "$2/said"; [ "$line" = over ] || while :; do :; done`}))
	s, _ := started(t, slog.New(slog.DiscardHandler))
	s.Play([]byte("hangs\n"))
	if heard := line(t, said); heard != "hangs" {
		t.Fatalf("heard %q", heard)
	}
	for range 1000 { // nobody plays all of these in time: the newest is played
		s.Play([]byte("stale\n"))
	}
	s.Play([]byte("over\n"))
	for heard := ""; heard != "over"; {
		heard = line(t, said)
	}
}

func TestNoSoundAtAll(t *testing.T) {
	// A computer without a sound player would fill its log, a line a scan.
	install(t, nil)
	var log strings.Builder
	s, end := started(t, slog.New(slog.NewTextHandler(&log, nil)))
	for range 50 {
		s.sound(context.Background(), []byte("x"))
	}
	end()
	if Find() != "" || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("found %q, and the log says %s", Find(), log.String())
	}
}
