package widgets

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
)

// letterRows are the keys of a keyboard for a finger, as people know them who write a language: with the letters of its names, where it has
// more than a to z. There are capitals only, and nobody's search minds. Chinese names are found by the first letters of their sounds.
var letterRows = map[string][]string{
	"en":      {"1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM. <"},
	"zh-Hans": {"1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM. <"},
	"de":      {"1234567890ß", "QWERTZUIOPÜ", "ASDFGHJKLÖÄ", "YXCVBNM-. <"},
	"es":      {"1234567890¡¿", "QWERTYUIOPÁÉ", "ASDFGHJKLÑÍÓ", "ZXCVBNM-. Ú<"},
}

// codeRows are the keys for a code. It has no letters but a to z, which stand where they stand among letterRows.
var codeRows = map[string][]string{
	"de": {"1234567890", "QWERTZUIOP", "ASDFGHJKL-", "YXCVBNM. <"},
}

// eraseKey stands for the key that erases among letterRows.
const eraseKey = '<'

// Keyboard is a keyboard for a finger, where there is no other: for names and words in a language. press gets the names that Pad's keys have.
func Keyboard(language string, press func(name string)) fyne.CanvasObject {
	return keyboardOf(rowsOr(letterRows, language), press)
}

// CodeKeyboard is a keyboard for a finger, for a voucher's code.
func CodeKeyboard(language string, press func(name string)) fyne.CanvasObject {
	return keyboardOf(rowsOr(codeRows, language), press)
}

// rowsOr are a language's rows, or those of English.
func rowsOr(rows map[string][]string, language string) []string {
	if own := rows[language]; own != nil {
		return own
	}
	return letterRows["en"]
}

func keyboardOf(rows []string, press func(name string)) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, row := range rows {
		for _, key := range row {
			action := Action{Name: KeyName(string(key)), Label: string(key)}
			switch key {
			case eraseKey:
				action = Action{Name: KeyName("erase"), Sign: SignErase}
			case ' ':
				action.Label, action.Sign = "", SignSpace
			}
			objects = append(objects, NewButton(action, theme.Calm, press))
		}
	}
	return &fyne.Container{Layout: keyboard{rows: len(rows)}, Objects: objects}
}

// keyboard is a grid of equal keys.
type keyboard struct{ rows int }

func (k keyboard) MinSize(keys []fyne.CanvasObject) fyne.Size {
	side, gap, rows, columns := theme.Size(theme.Touch), theme.Size(theme.Gap), float32(k.rows), float32(len(keys)/k.rows)
	high := theme.Plain(theme.Touch) // large letters stand on keys that a finger can still hit
	return fyne.NewSize(side*columns+gap*(columns-1), high*rows+gap*(rows-1))
}

func (k keyboard) Layout(keys []fyne.CanvasObject, size fyne.Size) {
	gap, rows, columns := theme.Size(theme.Gap), float32(k.rows), len(keys)/k.rows
	width := (size.Width - gap*float32(columns-1)) / float32(columns)
	height := min((size.Height-gap*(rows-1))/rows, theme.Size(theme.Touch)*1.2)
	for i, key := range keys {
		place(key, float32(i%columns)*(width+gap), float32(i/columns)*(height+gap), width, height)
	}
}
