package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/terminal/printer"
	"countersign/ui/theme"
)

func TestAPrinterIsTriedBeforeItIsTheCounters(t *testing.T) {
	// Whoever sets a counter up would type an address, start the counter again, and only then see that nothing comes out there.
	world, err := demo.Start(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	words := translations.For("en", time.UTC)
	k := &technician{opened: func() *station.Station { return world.Station }, words: func() *translations.Words { return words }}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	go func() {
		line, err := socket.Accept()
		if err != nil {
			got <- nil
			return
		}
		page, _ := io.ReadAll(line) // what came is compared
		_ = line.Close()
		got <- page
	}()
	target := "tcp:" + socket.Addr().String()
	page, status, err := world.Station.TryPrinter(t.Context(), target, "epson-tm-t88v")
	if came := <-got; err != nil || len(page.Bytes) == 0 || !bytes.Equal(came, page.Bytes) || page.Profile != "epson-tm-t88v" {
		t.Errorf("of %d bytes for %s %d came, %v", len(page.Bytes), page.Profile, len(came), err)
	}
	if said := k.sayTried(target, status, err); said.Tone != theme.Done || !strings.Contains(said.Text, target) {
		t.Errorf("said is %+v", said)
	}
	if jobs, err := world.Station.Unsettled(t.Context()); err != nil || len(jobs) > 0 {
		t.Errorf("%d slips wait for another printer, %v", len(jobs), err)
	}
	if err := socket.Close(); err != nil {
		t.Fatal(err)
	}
	_, status, err = world.Station.TryPrinter(t.Context(), target, "")
	if said := k.sayTried(target, status, err); err == nil || said.Tone != theme.Refused || said.Text == "" || len(said.Hints) == 0 {
		t.Errorf("nobody listens: %v, said is %+v", err, said)
	}
	_, status, err = world.Station.TryPrinter(t.Context(), "over there", "")
	if said := k.sayTried("over there", status, err); !errors.Is(err, printer.ErrTarget) || said.Text != "That is not a printer's address." {
		t.Errorf("no address: %v, said is %+v", err, said)
	}
}
