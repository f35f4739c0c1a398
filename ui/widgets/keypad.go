package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// KeyName is the name that a keypad's key hands to its press function: "key:7", "key:.", "key:erase".
func KeyName(key string) string { return "key:" + key }

// Pad is a keypad for a finger. decimal is the sign on the key before the cents, "" for none.
func Pad(decimal string, press func(name string)) fyne.CanvasObject {
	keys := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", decimal, "0", "erase"}
	var objects []fyne.CanvasObject
	for _, key := range keys {
		action := Action{Name: KeyName(key), Label: key}
		switch key {
		case "":
			objects = append(objects, Space())
			continue
		case "erase":
			action.Label, action.Sign = "", SignErase
		case decimal:
			action.Name = KeyName(".")
		}
		objects = append(objects, NewButton(action, theme.Calm, press).Large())
	}
	return &fyne.Container{Layout: pad{}, Objects: objects}
}

// pad is a grid of three columns of equal keys.
type pad struct{}

func (pad) MinSize([]fyne.CanvasObject) fyne.Size {
	side, gap := theme.Size(theme.Touch), theme.Size(theme.Gap)
	return fyne.NewSize(side*1.35*3+gap*2, side*4+gap*3)
}

func (pad) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	gap := theme.Size(theme.Gap)
	width := (size.Width - gap*2) / 3
	height := min((size.Height-gap*3)/4, theme.Size(theme.Touch)*1.5)
	for i, o := range objects {
		place(o, float32(i%3)*(width+gap), float32(i/3)*(height+gap), width, height)
	}
}

// keypad is the question's field above a keypad.
func (p *Panel) keypad() fyne.CanvasObject {
	q := p.verdict.Question
	return Topped(theme.Size(theme.Gap)*1.4, Readout(q.Value, q.Empty), Pad(q.Decimal, p.press))
}

// Readout is a field that shows what is typed, large. It is no entry: what is typed comes through the router.
func Readout(value string, empty bool) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Surface))
	face.CornerRadius = theme.Size(theme.Radius)
	face.StrokeColor, face.StrokeWidth = theme.Color(theme.Edge), theme.Size(theme.Frame)
	ink := theme.Text
	if empty {
		ink = theme.Muted
	}
	inset := theme.Size(theme.Inset)
	text := NewText(value).In(theme.Title, ink).At(fyne.TextAlignTrailing).Lines(1)
	text.Bold = !empty
	return Fixed(Stack(face, Inset(text, inset, 0, inset, 0)), 0, max(theme.Size(theme.Touch)*1.1, text.lineHeight()))
}

// topped puts one object at the top and gives the other the rest.
type topped struct{ gap float32 }

func (t topped) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width) + t.gap + heightFor(objects[1], width)
}

func (t topped) MinSize(objects []fyne.CanvasObject) fyne.Size {
	top, rest := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(top.Width, rest.Width), top.Height+t.gap+rest.Height)
}

func (t topped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	fitted(objects[:1], func() bool {
		rest := min(heightFor(objects[1], size.Width), size.Height*0.4)
		return heightFor(objects[0], size.Width)+t.gap+rest <= size.Height
	})
	defer redraw(objects[:1])
	top := heightFor(objects[0], size.Width)
	place(objects[0], 0, 0, size.Width, top)
	place(objects[1], 0, top+t.gap, size.Width, size.Height-top-t.gap)
}
