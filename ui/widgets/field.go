package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// Field is a field for words: what was typed with a caret that does not blink, or, while it is empty, what belongs there. Of what is longer
// than the field, its end is shown: that is where one types.
func Field(text, hint string) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Edge), theme.Size(theme.Frame)
	caret := canvas.NewRectangle(theme.Color(theme.Edge))
	words := NewText(text).In(theme.Subtitle, theme.Text).Lines(1)
	rest := NewText("")
	if text == "" {
		rest = NewText(hint).In(theme.Body, theme.Muted).Lines(1)
	}
	inset := theme.Size(theme.Inset)
	line := &fyne.Container{Layout: written{text}, Objects: []fyne.CanvasObject{words, caret, rest}}
	return Fixed(Stack(face, Inset(line, inset, 0, inset, 0)), 0, max(theme.Size(theme.Touch), words.lineHeight()*1.2))
}

// written lays out a field's words, its caret, and the hint behind it.
type written struct{ text string }

func (written) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(100, theme.Size(theme.Glyph))
}

func (w written) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	words, gap, thick := objects[0].(*Text), theme.Size(theme.Gap)*0.5, theme.Size(theme.Frame)
	caret := max(theme.Size(theme.Glyph), words.lineHeight()*0.8)
	shown, runes := w.text, []rune(w.text)
	for len(runes) > 0 && words.measure(shown).Width > size.Width-gap*2-thick {
		runes = runes[1:]
		shown = ellipsis + string(runes)
	}
	words.Set(shown)
	width := words.MinSize().Width
	place(words, 0, 0, width, size.Height)
	place(objects[1], width+gap, (size.Height-caret)/2, thick, caret)
	place(objects[2], width+gap*2+thick, 0, size.Width-width-gap*2-thick, size.Height)
}

// Dots shows how many digits of a PIN were typed, and none of them.
func Dots(n int) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Edge), theme.Size(theme.Frame)
	var row []fyne.CanvasObject
	for i := range max(4, n) {
		dot := canvas.NewCircle(theme.Color(theme.Text))
		if i >= n {
			dot.FillColor = theme.Color(theme.Line)
		}
		side := theme.Size(theme.Gap) * 2
		row = append(row, Middle(Fixed(dot, side, side)))
	}
	return Fixed(Stack(face, Middle(Row(theme.Size(theme.Inset), row...))), 0, theme.Size(theme.Touch))
}
