//go:build !windows

package speaker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// players are the programs that play a WAV file, each with the arguments that come before the file's name: PipeWire's, PulseAudio's, ALSA's.
var players = [][]string{{"pw-play"}, {"paplay"}, {"aplay", "-q"}}

// program plays with a child process.
type program struct {
	path   string
	args   []string
	folder string // of the files that it has been given; "" before the first
	files  [][]byte
}

// find lists the programs that are installed.
func find() []device {
	var found []device
	for _, player := range players {
		if path, err := exec.LookPath(player[0]); err == nil {
			found = append(found, &program{path: path, args: player[1:]})
		}
	}
	return found
}

func (p *program) name() string { return filepath.Base(p.path) }

// killSoon is how long after it was stopped a child's output is still waited for.
const killSoon = time.Second

func (p *program) play(ctx context.Context, wav []byte) error {
	file, err := p.file(wav)
	if err != nil {
		return err
	}
	var trouble bytes.Buffer
	child := exec.CommandContext(ctx, p.path, append(p.args[:len(p.args):len(p.args)], file)...)
	child.Stderr, child.WaitDelay = &trouble, killSoon
	if err := child.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(trouble.String()), "\n")
		return fmt.Errorf("%s: %w: %s", p.name(), err, first)
	}
	return nil
}

// file is the name of a file that holds wav: not every player reads its input.
func (p *program) file(wav []byte) (string, error) {
	if p.folder == "" {
		folder, err := os.MkdirTemp("", "countersign-sounds-")
		if err != nil {
			return "", err
		}
		p.folder = folder
	}
	for i, kept := range p.files {
		if bytes.Equal(kept, wav) {
			return p.named(i), nil
		}
	}
	name := p.named(len(p.files))
	if err := os.WriteFile(name, wav, 0o600); err != nil {
		return "", err
	}
	p.files = append(p.files, wav)
	return name, nil
}

func (p *program) named(i int) string { return filepath.Join(p.folder, fmt.Sprintf("%d.wav", i)) }

func (p *program) close() error {
	if p.folder == "" {
		return nil
	}
	folder := p.folder
	p.folder, p.files = "", nil
	return os.RemoveAll(folder)
}
