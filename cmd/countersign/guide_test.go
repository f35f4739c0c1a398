package main

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func TestTheFirstStartLeavesWordThatTheWindowWasDrawn(t *testing.T) {
	// Diagnostics would say that the window was never started here to whoever reads it in that very window, on the day the counter is set up.
	config := station.Config{Folder: t.TempDir(), Settings: &station.Settings{Profile: "generic-80"}, Language: "en"}
	said := func() string {
		checks := station.Examine(t.Context(), config)
		at := slices.IndexFunc(checks, func(c station.Check) bool { return c.Name == "graphics" })
		if at < 0 {
			t.Fatalf("nothing is said of the window: %+v", checks)
		}
		return checks[at].Found
	}
	unseen := translations.For("en", nil).Say("doctor.graphics.unseen", nil)
	app := test.NewTempApp(t)
	g, err := newGuide(t.Context(), app, Options{}, config, terminal.ErrNotJoined)
	if err != nil {
		t.Fatal(err)
	}
	if found := said(); found != unseen {
		t.Fatalf("before anything is drawn: %q", found)
	}
	app.Lifecycle().(interface{ OnEnteredForeground() func() }).OnEnteredForeground()()
	if err := g.end(); err != nil { // which waits for what is being written
		t.Fatal(err)
	}
	if found := said(); found == unseen {
		t.Errorf("after it was drawn: %q", found)
	}
}
