package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

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

func same(a, b counter.Event) bool {
	told, isTold := a.(counter.Told)
	if other, ok := b.(counter.Told); isTold && ok {
		return told.Saying.Key == other.Saying.Key
	}
	scanned, isScan := a.(counter.Scanned)
	other, ok := b.(counter.Scanned)
	return isScan && ok && scanned.Scan == other.Scan
}
