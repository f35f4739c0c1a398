package main

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"

	"countersign/assets/translations"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// notStarted is a start that failed while there is a screen. Whoever pressed an icon sees no terminal: the sentence needs a window.
type notStarted struct {
	err     error
	options Options
}

func (e *notStarted) Error() string { return e.err.Error() }
func (e *notStarted) Unwrap() error { return e.err }

// show says on the screen what report says in a terminal, until somebody closes the window or ctx ends.
func (e *notStarted) show(ctx context.Context) {
	shown := app.NewWithID(appID)
	shown.Settings().SetTheme(theme.Look{Dark: e.options.Theme == "dark", Zoom: 1})
	words := translations.For(e.options.language(), nil)
	window := shown.NewWindow("Countersign")
	window.SetPadded(false)
	window.SetContent(e.content(words, shown.Quit))
	window.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) {
		if key.Name == fyne.KeyEscape || key.Name == fyne.KeyReturn || key.Name == fyne.KeyEnter {
			shown.Quit()
		}
	})
	window.Resize(fyne.NewSize(620, 400))
	window.CenterOnScreen()
	quit := context.AfterFunc(ctx, func() { fyne.Do(shown.Quit) })
	defer quit()
	window.ShowAndRun()
}

// content is the sentence, what to do, and a button that closes.
func (e *notStarted) content(words *translations.Words, away func()) fyne.CanvasObject {
	_, _, key := advice(e.err)
	margin := theme.Size(theme.Margin)
	body := widgets.Column(theme.Size(theme.Inset), widgets.NewText(e.Error()).In(theme.Body, theme.Text).Lines(5),
		widgets.NewText(words.Say(key, nil)).In(theme.Body, theme.Text).Strong().Lines(3))
	shut := widgets.NewButton(widgets.Action{Name: "close", Label: words.Say("ui.do.close", nil), Rank: widgets.First}, theme.Ready, func(string) { away() })
	return widgets.Stack(canvas.NewRectangle(theme.Color(theme.Background)),
		widgets.Inset(widgets.SheetBody(words.Say("ui.not_started.title", nil), "", body, shut), margin, margin, margin, margin))
}

// language is the one asked for, else the desktop's: what is configured may be what could not be read.
func (o Options) language() string {
	for _, language := range []string{o.Language, os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")} {
		if language != "" {
			return language
		}
	}
	return "en"
}
