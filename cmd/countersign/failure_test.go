package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// seen collects the sentences and the buttons of a window.
func seen(o fyne.CanvasObject, texts *[]string, buttons *[]*widgets.Button) {
	switch o := o.(type) {
	case *widgets.Text:
		*texts = append(*texts, o.Text)
		if size := o.Size(); !o.Fits(size.Width, size.Height) {
			*texts = append(*texts, "cut off: "+o.Text)
		}
	case *widgets.Button:
		*buttons = append(*buttons, o)
	case *fyne.Container:
		for _, inner := range o.Objects {
			seen(inner, texts, buttons)
		}
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			seen(inner, texts, buttons)
		}
	}
}

// lostFolder is as long as folders are.
var lostFolder = filepath.Join(os.TempDir(), "countersign-of-a-shop-with-a-long-name", "ProgramData", "Countersign", "data")

// lostJournal is what opening a folder says from which the journal is gone.
func lostJournal(t *testing.T) error {
	t.Helper()
	if err := os.MkdirAll(lostFolder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(filepath.Join(os.TempDir(), "countersign-of-a-shop-with-a-long-name")) })
	keys := filepath.Join(lostFolder, station.KeysName)
	_, err := keystore.Create(keys)
	if err == nil {
		_, err = keystore.SetLookup(keys, make([]byte, keystore.LookupBytes))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = station.Open(t.Context(), station.Config{Folder: lostFolder, Settings: &station.Settings{Profile: "generic-80"}})
	return err
}

// holder is a program that has a data folder.
var holder = station.Holder{PID: 4711, Program: "countersignctl", Since: time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)}

func TestAFailedStartIsSaidOnTheScreen(t *testing.T) {
	// Somebody presses the icon and nothing happens: he presses again, and calls support.
	other := errors.New("countersign.toml cannot be read: line 3 is no setting")
	for _, failure := range []struct {
		err   error
		found string // "" where the error's own text has to do
		do    string
		args  map[string]any
	}{
		{fmt.Errorf("the counter cannot open: %w", terminal.ErrNotJoined), "doctor.fault.not_joined", "ui.not_started.join", nil},
		{&station.InUse{Folder: "data", Holder: station.Holder{}}, "doctor.fault.in_use_unknown", "ui.not_started.in_use", nil},
		{&station.InUse{Folder: "data", Holder: holder}, "doctor.fault.in_use", "ui.not_started.in_use",
			map[string]any{"program": holder.Program, "pid": strconv.Itoa(holder.PID), "since": holder.Since}},
		{fmt.Errorf("%w (form 7, and 3 is the newest known)", journal.ErrNewer), "doctor.fault.newer", "doctor.fault.newer_do", nil},
		{fmt.Errorf("%w: its newest entry, 7, does not verify", journal.ErrDamaged), "doctor.fault.damaged", "doctor.fault.damaged_do", nil},
		{&entry.BadEntry{Seq: 7, Problem: "is indexed under other facts than its own"}, "doctor.fault.damaged", "doctor.fault.damaged_do", map[string]any{"entry": uint64(7)}},
		{journal.ErrDiskFull, "doctor.fault.full", "doctor.fault.full_do", nil},
		{journal.ErrOtherKey, "doctor.fault.other_key", "doctor.fault.other_key_do", nil},
		{lostJournal(t), "doctor.fault.journal_gone", "doctor.fault.journal_gone_do", map[string]any{"folder": lostFolder, "name": "NAME"}},
		{other, "", "ui.not_started.other", nil},
	} {
		for _, language := range translations.Languages {
			app := test.NewTempApp(t)
			app.Settings().SetTheme(theme.Look{})
			words := translations.For(language, nil)
			closed := false
			window := test.NewTempWindow(t, (&notStarted{err: failure.err}).content(words, func() { closed = true }))
			window.SetPadded(false)
			window.Resize(failureSize)
			var texts []string
			var buttons []*widgets.Button
			seen(window.Content(), &texts, &buttons)
			found, do := failure.err.Error(), words.Say(failure.do, failure.args)
			if failure.found != "" {
				found = whole(words.Say(failure.found, failure.args), language)
			}
			if strings.HasPrefix(failure.do, "doctor.") {
				do = whole(do, language)
			}
			if want := []string{words.Say("ui.not_started.title", nil), found, do}; !slices.Equal(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), want) {
				t.Errorf("%s: the window says %q, want %q", language, texts, want)
			}
			if len(buttons) != 1 {
				t.Fatalf("%s: %d buttons", language, len(buttons))
			}
			if buttons[0].Tapped(nil); !closed {
				t.Errorf("%s: the button does not close the window", language)
			}
		}
	}
}
