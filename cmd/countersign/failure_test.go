package main

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/terminal"
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

func TestAFailedStartIsSaidOnTheScreen(t *testing.T) {
	// Somebody presses the icon and nothing happens: he presses again, and calls support.
	for _, failure := range []struct {
		err error
		key string
	}{
		{fmt.Errorf("the counter cannot open: %w", terminal.ErrNotJoined), "ui.not_started.join"},
		{&station.InUse{Folder: "data", Holder: station.Holder{}}, "ui.not_started.in_use"},
		{errors.New("countersign.toml cannot be read: line 3 is no setting"), "ui.not_started.other"},
	} {
		for _, language := range translations.Languages {
			app := test.NewTempApp(t)
			app.Settings().SetTheme(theme.Look{})
			words := translations.For(language, nil)
			closed := false
			window := test.NewTempWindow(t, (&notStarted{err: failure.err}).content(words, func() { closed = true }))
			window.SetPadded(false)
			window.Resize(fyne.NewSize(620, 400))
			var texts []string
			var buttons []*widgets.Button
			seen(window.Content(), &texts, &buttons)
			if want := []string{words.Say("ui.not_started.title", nil), failure.err.Error(), words.Say(failure.key, nil)}; !slices.Equal(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), want) {
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
