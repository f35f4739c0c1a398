package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// screen is an X server whose screen lies in a file: what is painted is seen from outside, in the very memory that a monitor would show,
// and not believed of the program that paints.
type screen struct {
	display string
	server  *exec.Cmd
	memory  []byte // shared with the server
	pixels  []byte // of memory
	stride  int    // bytes from one row to the next
	hand    *exec.Cmd
	keys    io.WriteCloser // of hand
}

// The screen's size, and so the window's: that of a small till.
const screenWidth, screenHeight = 1024, 600

func openScreen(folder string) (s *screen, err error) {
	s = &screen{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if folder, err = os.MkdirTemp(folder, "screen-"); err != nil {
		return s, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return s, err
	}
	defer func() { _ = read.Close() }()
	server := exec.Command("Xvfb", "-r", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", screenWidth, screenHeight), "-nolisten", "tcp",
		"-fbdir", folder)
	server.ExtraFiles = []*os.File{write}
	if err := server.Start(); err != nil {
		return s, errors.Join(err, write.Close())
	}
	s.server = server
	_ = write.Close()
	if err := read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return s, err
	}
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		return s, fmt.Errorf("the display server Xvfb did not come up: %w", err)
	}
	s.display = ":" + strings.TrimSpace(number)
	if err := s.mapMemory(filepath.Join(folder, "Xvfb_screen0")); err != nil {
		return s, err
	}
	s.hand = s.command("xdotool", "-")
	if s.keys, err = s.hand.StdinPipe(); err != nil {
		return s, err
	}
	return s, s.hand.Start()
}

// mapMemory finds the pixels in a file of the form XWD, version 7: a header of 32-bit numbers, big-endian, a table of colours, the rows.
func (s *screen) mapMemory(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return err
	}
	if s.memory, err = syscall.Mmap(int(file.Fd()), 0, int(about.Size()), syscall.PROT_READ, syscall.MAP_SHARED); err != nil {
		return err
	}
	number := func(n int) int { return int(binary.BigEndian.Uint32(s.memory[4*n:])) }
	const headerSize, version, bitsPerPixel, bytesPerLine, colours = 0, 1, 11, 12, 19
	if number(version) != 7 || number(bitsPerPixel) != 32 {
		return fmt.Errorf("the screen of Xvfb is of version %d with %d bits a pixel, not 7 with 32", number(version), number(bitsPerPixel))
	}
	s.stride, s.pixels = number(bytesPerLine), s.memory[number(headerSize)+12*number(colours):]
	return nil
}

// command is one that sees this screen and no other.
func (s *screen) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), "DISPLAY="+s.display, "WAYLAND_DISPLAY=", "FYNE_SCALE=1", "FYNE_FONT=", "LIBGL_ALWAYS_SOFTWARE=1")
	command.Stderr = os.Stderr
	return command
}

// press has keys pressed, as "Escape" or "Return", at once.
func (s *screen) press(keys ...string) error {
	_, err := fmt.Fprintln(s.keys, "key --delay 0", strings.Join(keys, " "))
	return err
}

// focus gives the keyboard to the window of a title, as a window manager would.
func (s *screen) focus(title string) error {
	found, err := s.command("xdotool", "search", "--sync", "--onlyvisible", "--name", title).Output()
	if err != nil {
		return fmt.Errorf("a window %q: %w", title, err)
	}
	return s.command("xdotool", "windowfocus", "--sync", strings.Fields(string(found))[0]).Run()
}

// Of so many columns and rows one is looked at: closer than any letter's strokes, and the looking leaves the processor to the painter.
const gridX, gridY = 4, 7

// look copies what is seen in a part of the screen into seen.
func (s *screen) look(part image.Rectangle, seen []uint32) []uint32 {
	seen = seen[:0]
	for y := part.Min.Y; y < part.Max.Y; y += gridY {
		row := s.pixels[y*s.stride:]
		for x := part.Min.X; x < part.Max.X; x += gridX {
			seen = append(seen, binary.LittleEndian.Uint32(row[4*x:])&0xFFFFFF)
		}
	}
	return seen
}

// share is how much of what was seen has a colour, 0…1.
func share(seen []uint32, c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	want, count := r>>8<<16|g>>8<<8|b>>8, 0
	for _, pixel := range seen {
		if pixel == want {
			count++
		}
	}
	return float64(count) / float64(len(seen))
}

var errNothingSeen = errors.New("nothing came to be seen")

// picture says what is waited for: which part of the screen, what it looks like, and how long it must not have moved then to be the last one.
type picture struct {
	part  image.Rectangle
	good  func(seen []uint32) bool // nil for anything but what was there
	still time.Duration
}

// after does something, waits until a picture has come and is still, and returns when it first was there: whatever flickers or fades before
// that counts as waiting.
func (s *screen) after(ctx context.Context, want picture, do func() error) (at time.Time, err error) {
	seen, now := s.look(want.part, nil), []uint32(nil)
	if err := do(); err != nil {
		return at, err
	}
	began := time.Now()
	for ctx.Err() == nil {
		now = s.look(want.part, now)
		switch moment := time.Now(); {
		case !slices.Equal(now, seen):
			seen, now, at = now, seen, time.Time{}
			if want.good == nil || want.good(seen) {
				at = moment
			}
		case !at.IsZero() && moment.Sub(at) >= want.still:
			return at, nil
		case at.IsZero() && moment.Sub(began) > patience:
			return at, errNothingSeen
		}
		time.Sleep(500 * time.Microsecond)
	}
	return at, ctx.Err()
}

func (s *screen) close() error {
	var all error
	if s.keys != nil {
		all = errors.Join(s.keys.Close(), s.hand.Wait())
	}
	if s.server != nil {
		_ = s.server.Process.Signal(syscall.SIGTERM)
		_ = s.server.Wait()
	}
	if s.memory != nil {
		all = errors.Join(all, syscall.Munmap(s.memory))
	}
	return all
}
