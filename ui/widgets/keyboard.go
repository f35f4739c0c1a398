package widgets

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
)

// keyRows are the keys of a keyboard for a finger. Codes have capitals only, and nobody's search minds.
var keyRows = []string{"1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM. <"}

// eraseKey stands for the key that erases among keyRows.
const eraseKey = '<'

// Keyboard is a keyboard for a finger, where there is no other. press gets the names that Pad's keys have.
func Keyboard(press func(name string)) fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, row := range keyRows {
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
	return &fyne.Container{Layout: keyboard{}, Objects: objects}
}

// keyboard is a grid of equal keys.
type keyboard struct{}

func (keyboard) MinSize([]fyne.CanvasObject) fyne.Size {
	side, gap, rows := theme.Size(theme.Touch), theme.Size(theme.Gap), float32(len(keyRows))
	return fyne.NewSize(side*10+gap*9, side*rows+gap*(rows-1))
}

func (keyboard) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	gap, rows := theme.Size(theme.Gap), float32(len(keyRows))
	columns := len(keyRows[0])
	width := (size.Width - gap*float32(columns-1)) / float32(columns)
	height := min((size.Height-gap*(rows-1))/rows, theme.Size(theme.Touch)*1.2)
	for i, o := range objects {
		place(o, float32(i%columns)*(width+gap), float32(i/columns)*(height+gap), width, height)
	}
}
