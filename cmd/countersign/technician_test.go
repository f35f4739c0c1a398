package main

import (
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal/printer"
)

func TestSetUpSendsNobodyFromItsButtonToAFile(t *testing.T) {
	// A technician in front of the button that chooses the printer would be told to edit a file and to run a command.
	words := translations.For("en", time.UTC)
	here, elsewhere := words.Say("setup.printer.other_do", nil), words.Say("printer.do.none", nil)
	for _, c := range []struct {
		status printer.Status
		free   bool
		want   string
	}{
		{printer.Status{State: printer.StateNone}, true, here},
		{printer.Status{State: printer.StateNone}, false, elsewhere}, // a policy says so, and the button chooses nothing
		{printer.Status{State: printer.StateNoLine, Target: "serial:/dev/null"}, true, here},
		{printer.Status{State: printer.StateSilent, Target: "tcp:192.0.2.7:9100"}, true, words.Say("printer.do.silent", nil)},
		{printer.Status{State: printer.StateReady}, true, ""},
	} {
		if how, do := sayPrinter(words, c.status, func() bool { return c.free }); how == "" || do != c.want {
			t.Errorf("%s, free %t: %q, %q", c.status.State, c.free, how, do)
		}
	}
}
