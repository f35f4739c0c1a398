// Command settle writes a fixed time over the two that say when an installer was made: the same sources have to make the same bytes, and
// no tool that makes installers takes a time.
//
//	go run ./assets/packaging/windows/settle FILE.msi SECONDS
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log"
	"os"
	"strconv"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: settle FILE.msi SECONDS")
	}
	seconds, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := settle(text, seconds); err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	if err := os.WriteFile(os.Args[1], text, 0o644); err != nil {
		log.Fatal(err)
	}
}

// summary is the name of the property set with an installer's summary, F29F85E0-4FF9-1068-AB91-08002B27B3D9, as it stands in a file
// ([MS-OLEPS] 2.25.1).
var summary = []byte{0xE0, 0x85, 0x9F, 0xF2, 0xF9, 0x4F, 0x68, 0x10, 0xAB, 0x91, 0x08, 0x00, 0x2B, 0x27, 0xB3, 0xD9}

const (
	summaryAt = 28 // where the name stands in its stream: after byte order, version, system, class and count ([MS-OLEPS] 2.21)
	created   = 12 // PIDSI_CREATE_DTM
	saved     = 13 // PIDSI_LASTSAVE_DTM
	filetime  = 64 // VT_FILETIME: 100 ns since 1601
	epoch1601 = 11_644_473_600
)

var errNoSummary = errors.New("its summary is not where it should be")

// settle changes the times in the text of an installer. The summary is small and written in one go: its stream is one piece of the file.
func settle(text []byte, seconds int64) error {
	at := bytes.Index(text, summary)
	if at < summaryAt || bytes.Contains(text[at+1:], summary) || at+20 > len(text) {
		return errNoSummary
	}
	stream := text[at-summaryAt:]
	if binary.LittleEndian.Uint16(stream) != 0xFFFE {
		return errNoSummary
	}
	number := func(offset int) int {
		if offset < 0 || offset+4 > len(stream) {
			return -1
		}
		return int(binary.LittleEndian.Uint32(stream[offset:]))
	}
	section := number(summaryAt + len(summary))
	count, done := number(section+4), 0
	if count < 1 || count > 64 {
		return errNoSummary
	}
	for i := range count {
		id, place := number(section+8+8*i), section+number(section+12+8*i)
		if id != created && id != saved {
			continue
		}
		if number(place) != filetime || place+12 > len(stream) {
			return errNoSummary
		}
		binary.LittleEndian.PutUint64(stream[place+4:], uint64(seconds+epoch1601)*10_000_000)
		done++
	}
	if done != 2 {
		return errNoSummary
	}
	return nil
}
