//go:build unix

package control

import (
	"errors"
	"net"
	"testing"
)

// If a socket that a crash left behind kept the next start from serving, one power cut would end reprinting for ever.
func TestWhatACrashLeftIsReplaced(t *testing.T) {
	folder := t.TempDir()
	left, err := listen(folder)
	if err != nil {
		t.Fatal(err)
	}
	if socket, ok := left.(reached); ok { // as a process that is killed leaves it
		socket.Listener.(*net.UnixListener).SetUnlinkOnClose(false)
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Call(t.Context(), folder, "echo", 1, nil); !errors.Is(err, ErrNobody) {
		t.Fatalf("a socket that nobody serves: %v", err)
	}
	serve(t, folder, map[string]Handler{"echo": echo})
	if err := Call(t.Context(), folder, "echo", 1, nil); err != nil {
		t.Error(err)
	}
}
