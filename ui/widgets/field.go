package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// Field is a field for words: what was typed with a caret that does not blink, or, while it is empty, what belongs there.
func Field(text, hint string) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Ready.Fill()), 2
	caret := canvas.NewRectangle(theme.Color(theme.Ready.Fill()))
	words := NewText(text).In(theme.Subtitle, theme.Text).Lines(1)
	rest := NewText("")
	if text == "" {
		rest = NewText(hint).In(theme.Body, theme.Muted).Lines(1)
	}
	inset := theme.Size(theme.Inset)
	line := Row(theme.Size(theme.Gap)*0.5, words, Fixed(Middled(Fixed(caret, 2, theme.Size(theme.Glyph))), 2, 0), rest, Space())
	return Fixed(Stack(face, Inset(line, inset, 0, inset, 0)), 0, theme.Size(theme.Touch))
}

// Dots shows how many digits of a PIN were typed, and none of them.
func Dots(n int) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Ready.Fill()), 2
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
