package widgets

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/ui/theme"
)

// touched is what a finger can write on a keyboard.
func touched(t *testing.T, keyboard fyne.CanvasObject, typed *string) []*Button {
	t.Helper()
	var keys []*Button
	keyboard.Resize(keyboard.MinSize())
	for _, o := range keyboard.(*fyne.Container).Objects {
		key := o.(*Button)
		if size := key.Size(); size.Width < 48 || size.Height < 48 {
			t.Errorf("the key %q is of %v", key.Action.Label, size)
		}
		before := *typed
		test.Tap(key)
		if *typed == before {
			t.Errorf("the key %q writes nothing", key.Action.Label)
		}
		keys = append(keys, key)
	}
	return keys
}

func TestKeyboardsHaveTheLettersOfTheirLanguages(t *testing.T) {
	// Somebody without a keyboard could not write her customer's name, or why she takes something back; or finds the same letter twice.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{})
	const always = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "
	own := map[string]string{"de": "ÄÖÜß", "es": "ÑÁÉÍÓÚ¿¡"}
	for _, language := range translations.Languages {
		for kind, make := range map[string]func(string, func(string)) fyne.CanvasObject{"names": Keyboard, "codes": CodeKeyboard} {
			var typed string
			keys := touched(t, make(language, func(name string) { typed += strings.TrimPrefix(name, KeyName("")) + "\n" }), &typed)
			want := always
			if kind == "names" {
				want += own[language]
			}
			for _, letter := range want {
				if strings.Count(typed, string(letter)+"\n") != 1 {
					t.Errorf("%s, %s: %q is there %d times", language, kind, letter, strings.Count(typed, string(letter)+"\n"))
				}
			}
			if len(keys) != len([]rune(want))+1 || !strings.HasSuffix(typed, "erase\n") {
				t.Errorf("%s, %s: %d keys, want %d and one that erases, at the end", language, kind, len(keys), len([]rune(want)))
			}
		}
	}
}
