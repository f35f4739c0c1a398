package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"github.com/skip2/go-qrcode"

	"countersign/terminal"
	"countersign/ui/counter"
)

// If a screenshot that was dropped on the window did nothing, a customer whose telephone is broken would be turned away.
func TestDroppedPicturesAreRead(t *testing.T) {
	folder := t.TempDir()
	code, err := qrcode.Encode("7K3M-Q9TX-4B2H-Q", qrcode.Medium, 300)
	if err != nil {
		t.Fatal(err)
	}
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewGray(image.Rect(0, 0, 200, 200))); err != nil {
		t.Fatal(err)
	}
	m := &Main{}
	for name, c := range map[string]struct {
		content []byte
		want    counter.Event
	}{
		"voucher.png": {code, counter.Scanned{Scan: terminal.Scan{Code: "7K3M-Q9TX-4B2H-Q", Source: terminal.SourcePicture}}},
		"blank.png":   {blank.Bytes(), counter.Told{Saying: terminal.Saying{Key: "scanner.picture.none"}}},
		"torn.png":    {code[:len(code)/2], counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}},
		"letter.txt":  {[]byte("Dear customer"), counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}},
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := m.read(storage.NewFileURI(path)); !same(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := m.read(storage.NewFileURI(filepath.Join(folder, "gone.png"))); !same(got, counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}) {
		t.Errorf("a file that is gone: %+v", got)
	}
}

// If one picture among several, or one made to be huge, kept the others from being read, the customers behind would wait for nothing.
func TestEachOfSeveralDroppedFilesIsAnswered(t *testing.T) {
	folder := t.TempDir()
	var huge bytes.Buffer
	if err := png.Encode(&huge, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	// The head of a PNG of 60,000 x 60,000 pixels, with a right checksum: unpacked it would take the computer's memory.
	head := huge.Bytes()
	binary.BigEndian.PutUint32(head[16:], 60_000)
	binary.BigEndian.PutUint32(head[20:], 60_000)
	binary.BigEndian.PutUint32(head[29:], crc32.ChecksumIEEE(head[12:29]))
	write := func(name string, content []byte) fyne.URI {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return storage.NewFileURI(path)
	}
	picture := func(text string) []byte {
		code, err := qrcode.Encode(text, qrcode.Medium, 300)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	decoded, err := png.Decode(bytes.NewReader(picture("DXP6-CKET-PH0G-T")))
	if err != nil {
		t.Fatal(err)
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, decoded, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	unreadable := counter.Told{Saying: terminal.Saying{Key: "scanner.picture.unreadable"}}
	scanned := func(code string) counter.Event {
		return counter.Scanned{Scan: terminal.Scan{Code: code, Source: terminal.SourcePicture}}
	}
	files := []fyne.URI{write("huge.png", head), write("a.png", picture("7K3M-Q9TX-4B2H-Q")), write("letter.txt", []byte("Dear customer")),
		write("photo.jpg", photo.Bytes())}
	want := []counter.Event{unreadable, scanned("7K3M-Q9TX-4B2H-Q"), unreadable, scanned("DXP6-CKET-PH0G-T")}
	m := &Main{}
	for i, file := range files {
		if got := m.read(file); !same(got, want[i]) {
			t.Errorf("%s: %+v, want %+v", file.Name(), got, want[i])
		}
	}
}

func same(a, b counter.Event) bool {
	told, isTold := a.(counter.Told)
	if other, ok := b.(counter.Told); isTold && ok {
		return told.Saying.Key == other.Saying.Key
	}
	scanned, isScan := a.(counter.Scanned)
	other, ok := b.(counter.Scanned)
	return isScan && ok && scanned.Scan == other.Scan
}
