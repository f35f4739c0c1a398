package main

import (
	"context"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
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
	words := translations.For(e.options.language(), time.Local)
	window := shown.NewWindow("Countersign")
	window.SetPadded(false)
	window.SetContent(e.content(words, shown.Quit))
	window.Canvas().SetOnTypedKey(func(key *fyne.KeyEvent) {
		if key.Name == fyne.KeyEscape || key.Name == fyne.KeyReturn || key.Name == fyne.KeyEnter {
			shown.Quit()
		}
	})
	window.Resize(failureSize)
	window.CenterOnScreen()
	quit := context.AfterFunc(ctx, func() { fyne.Do(shown.Quit) })
	defer quit()
	window.ShowAndRun()
}

// whole makes a sentence of what doctor says in a line: a capital at its beginning, unless that is a command's name or a path, and a full stop.
func whole(text, language string) string {
	first, size := utf8.DecodeRuneInString(text)
	if opening, _, _ := strings.Cut(text, " "); !strings.HasPrefix(text, "countersign") && !strings.ContainsAny(opening, `/\`) {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return stopped(text, language)
}

// stopped is a text with the full stop of its language.
func stopped(text, language string) string {
	if strings.HasPrefix(language, "zh") {
		return text + "。"
	}
	return text + "."
}

// failureSize holds the longest sentence in any language.
var failureSize = fyne.NewSize(760, 480)

// content is the sentence, what to do, and a button that closes.
func (e *notStarted) content(words *translations.Words, away func()) fyne.CanvasObject {
	found, do, told := station.SayFault(words, e.err)
	unfit := false
	if !told {
		if found, do, unfit = e.unfit(words.Language()); unfit {
			found = stopped(found, words.Language()) // it begins with a key, which has no capital
		} else {
			found = e.Error()
		}
	}
	if do == "" {
		_, _, key := advice(e.err)
		do = words.Say(key, nil)
	} else {
		do = whole(do, words.Language())
	}
	if told {
		found = whole(found, words.Language())
	}
	margin := theme.Size(theme.Margin)
	body := widgets.Column(theme.Size(theme.Inset), widgets.NewText(found).In(theme.Body, theme.Text).Lines(5),
		widgets.NewText(do).In(theme.Body, theme.Text).Strong().Lines(7))
	shut := widgets.NewButton(widgets.Action{Name: "close", Label: words.Say("ui.do.close", nil), Rank: widgets.First}, theme.Ready, func(string) { away() })
	return widgets.Stack(canvas.NewRectangle(theme.Color(theme.Background)),
		widgets.Inset(widgets.SheetBody(words.Say("ui.not_started.title", nil), "", body, shut), margin, margin, margin, margin))
}

// unfit says which value of the configuration it is that keeps the counter from starting; ok is false where none does.
func (e *notStarted) unfit(language string) (found, do string, ok bool) {
	layers, err := station.ReadLayers(e.options.Config, station.FolderOf(station.Config{Folder: e.options.Folder, ConfigFile: e.options.Config}))
	if err != nil {
		return "", "", false
	}
	return layers.SayUnfit(language)
}

// language is the one asked for, else what is configured or the store's, as far as they can be read, else the desktop's.
func (o Options) language() string {
	configured := station.LanguageOf(station.Config{Folder: o.Folder, ConfigFile: o.Config})
	for _, language := range []string{o.Language, configured, os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"), lang.SystemLocale().String()} {
		if language != "" {
			return language
		}
	}
	return "en"
}
