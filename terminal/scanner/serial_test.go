package scanner_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"countersign/terminal/scanner"

	qrcode "github.com/skip2/go-qrcode"
)

func TestSerialScannerComesBack(t *testing.T) {
	// Broken in the shop: after a scanner's plug was out for a moment, nothing is read until the terminal is restarted.
	synctest.Test(t, func(t *testing.T) {
		lines := make(chan io.ReadCloser, 3)
		codes := make(chan string, 9)
		present := make(chan bool, 99)
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan struct{})
		go func() {
			defer close(over)
			scanner.Serial{
				Open: func() (io.ReadCloser, error) {
					select {
					case line := <-lines:
						return line, nil
					default:
						return nil, errors.New("not there")
					}
				},
				Scan:    func(code string) { codes <- code },
				Present: func(there bool) { present <- there },
			}.Run(ctx)
		}()
		for _, code := range []string{"FIRST", "SECOND"} {
			line, plug := io.Pipe()
			lines <- line
			for there := false; !there; there = <-present {
			}
			plug.Write([]byte(code[:3]))
			plug.Write([]byte(code[3:] + "\rCUT O"))
			if got := <-codes; got != code {
				t.Errorf("got %q, want %q", got, code)
			}
			plug.Close()
		}
		line, plug := io.Pipe()
		lines <- line
		for there := false; !there; there = <-present {
		}
		plug.Write([]byte("BY SILENCE"))
		began := time.Now()
		if got := <-codes; got != "BY SILENCE" || time.Since(began) != scanner.Silence {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
		cancel()
		<-over
	})
}

func TestPictures(t *testing.T) {
	// Broken in the shop: a customer's screenshot has to be typed off.
	code, err := qrcode.New("7K3MQ9TX4B2HQ", qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	symbol := code.Image(220)
	screenshot := image.NewRGBA(image.Rect(0, 0, 1080, 2340))
	draw.Draw(screenshot, screenshot.Bounds(), image.NewUniform(color.RGBA{0xf4, 0xe9, 0xff, 0xff}), image.Point{}, draw.Src)
	draw.Draw(screenshot, symbol.Bounds().Add(image.Pt(430, 900)), symbol, image.Point{}, draw.Src)
	dark := image.NewRGBA(image.Rect(0, 0, 400, 400))
	for y := range 400 {
		for x := range 400 {
			dark.Set(x, y, color.Black)
			if image.Pt(x-90, y-90).In(symbol.Bounds()) {
				if r, _, _, _ := symbol.At(x-90, y-90).RGBA(); r == 0 {
					dark.Set(x, y, color.White)
				}
			}
		}
	}
	pictures := map[string]func(io.Writer) error{
		"screenshot":    func(w io.Writer) error { return png.Encode(w, screenshot) },
		"photo":         func(w io.Writer) error { return jpeg.Encode(w, screenshot, &jpeg.Options{Quality: 40}) },
		"light on dark": func(w io.Writer) error { return png.Encode(w, dark) },
	}
	for name, encode := range pictures {
		var file bytes.Buffer
		if err := encode(&file); err != nil {
			t.Fatal(err)
		}
		if got, err := scanner.Picture(bytes.NewReader(file.Bytes())); err != nil || got != "7K3MQ9TX4B2HQ" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	var empty bytes.Buffer
	png.Encode(&empty, image.NewGray(image.Rect(0, 0, 300, 300)))
	if _, err := scanner.Picture(bytes.NewReader(empty.Bytes())); !errors.Is(err, scanner.ErrNoCode) {
		t.Errorf("an empty picture: %v", err)
	}
	if _, err := scanner.Picture(bytes.NewReader([]byte("%PDF-1.7"))); !errors.Is(err, scanner.ErrPicture) {
		t.Errorf("no picture: %v", err)
	}
}
