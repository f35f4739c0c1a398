package escpos

import (
	"errors"
	"fmt"
)

// ErrBytes says that bytes are not what Encode writes.
var ErrBytes = errors.New("the bytes are no slip of ours")

// Command is one thing that a stretch of bytes has the printer do: a command with its parameters, or text to print.
type Command struct {
	Name string // "ESC @", "GS v", …; "text" for characters, "LF" for the end of a row
	Data []byte // its parameters, or the characters
}

// lengths lists the commands with a fixed number of parameter bytes. These, LF, GS v 0, GS V and GS ( k are all that Encode ever
// sends.
var lengths = map[[2]byte]int{
	{esc, '@'}: 0, {esc, 't'}: 1, {esc, 'a'}: 1, {esc, 'E'}: 1, {esc, 'J'}: 1, {esc, 'd'}: 1, {esc, 'p'}: 3,
	{gs, 'a'}: 1, {gs, '!'}: 1, {gs, 'B'}: 1, {gs, 'V'}: 2,
	{fs, '&'}: 0, {fs, '.'}: 0,
}

var prefixes = map[byte]string{esc: "ESC ", fs: "FS ", gs: "GS "}

// Interpret reads bytes as a printer does, and refuses with ErrBytes whatever Encode never writes: a command that no slip of
// ours holds, a control byte, a command that is cut off. Text comes in stretches between two commands.
func Interpret(data []byte) ([]Command, error) {
	var out []Command
	for at := 0; at < len(data); {
		switch b := data[at]; {
		case b == lf:
			out = append(out, Command{Name: "LF"})
			at++
		case b >= 0x20 && b != 0x7f:
			end := at
			for end < len(data) && data[end] >= 0x20 && data[end] != 0x7f {
				end++
			}
			out = append(out, Command{"text", data[at:end]})
			at = end
		case prefixes[b] != "" && at+1 < len(data):
			length, err := measure(data[at:])
			if err != nil {
				return nil, fmt.Errorf("at byte %d: %w", at, err)
			}
			out = append(out, Command{prefixes[b] + string(rune(data[at+1])), data[at+2 : at+length]})
			at += length
		default:
			return nil, fmt.Errorf("%w: control byte %#02x at %d", ErrBytes, b, at)
		}
	}
	return out, nil
}

// measure says how long the command at the beginning of data is.
func measure(data []byte) (int, error) {
	key := [2]byte{data[0], data[1]}
	length, known := lengths[key]
	switch {
	case known:
		length += 2
	case key == [2]byte{gs, 'v'} && len(data) >= 8:
		length = 8 + (int(data[4])+int(data[5])<<8)*(int(data[6])+int(data[7])<<8)
	case key == [2]byte{gs, '('} && len(data) >= 8 && data[2] == 'k':
		length = 5 + int(data[3]) + int(data[4])<<8
	default:
		return 0, fmt.Errorf("%w: command %#02x %#02x", ErrBytes, data[0], data[1])
	}
	if len(data) < length {
		return 0, fmt.Errorf("%w: a command is cut off", ErrBytes)
	}
	return length, nil
}

// Boundaries lists, in ascending order, the offsets at which a slip's bytes may be cut: behind a finished row or picture, never
// inside a command or a row. Bytes that are no slip of ours have none.
func Boundaries(data []byte) []int {
	commands, err := Interpret(data)
	if err != nil {
		return nil
	}
	var out []int
	at := 0
	for _, command := range commands {
		switch {
		case command.Name == "LF":
			at++
			out = append(out, at)
		case command.Name == "text":
			at += len(command.Data)
		default:
			at += 2 + len(command.Data)
			if command.Name == "GS v" || command.Name == "GS V" || command.Name == "ESC J" {
				out = append(out, at)
			}
		}
	}
	return out
}

// Copy is what a further copy of a slip prints: the same but for the cash drawer, which opens once.
func Copy(data []byte) []byte {
	commands, err := Interpret(data)
	if err != nil {
		return data
	}
	var out []byte
	at := 0
	for _, command := range commands {
		length := 2 + len(command.Data)
		switch command.Name {
		case "LF":
			length = 1
		case "text":
			length = len(command.Data)
		}
		if command.Name != "ESC p" {
			out = append(out, data[at:at+length]...)
		}
		at += length
	}
	return out
}
