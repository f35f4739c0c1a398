package widgets

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Light is one thing in the status bar: a coloured dot and a few words. Calm has a hollow dot.
type Light struct {
	Tone  theme.Tone
	Text  string
	Stays string // what it says beside an alarm; "" where it is left out there
}

// StatusBar is the bar at the bottom. While an Alarm stands, it is amber and says only that, and beside it what stays.
type StatusBar struct {
	widget.BaseWidget
	lights []Light
	alarm  string
	press  func()
	body   *fyne.Container
}

// NewStatusBar makes an empty bar; press is called when somebody presses on an alarm.
func NewStatusBar(press func()) *StatusBar {
	b := &StatusBar{press: press, body: Stack()}
	b.ExtendBaseWidget(b)
	return b
}

// Display changes what the bar says, and draws only if that did change.
func (b *StatusBar) Display(lights []Light, alarm string) {
	if reflect.DeepEqual(lights, b.lights) && alarm == b.alarm {
		return
	}
	b.lights, b.alarm = lights, alarm
	b.Rebuild()
}

// Alarm is the alarm that stands, or "".
func (b *StatusBar) Alarm() string { return b.alarm }

// Lights is what the bar says.
func (b *StatusBar) Lights() []Light { return b.lights }

// Rebuild makes the parts anew, in the theme as it is now.
func (b *StatusBar) Rebuild() {
	b.body.Objects = []fyne.CanvasObject{b.build()}
	b.body.Refresh()
}

func (b *StatusBar) build() fyne.CanvasObject {
	inset := theme.Size(theme.Inset)
	if b.alarm != "" {
		return b.alarmed(inset)
	}
	edge := canvas.NewRectangle(theme.Color(theme.Line))
	var row []fyne.CanvasObject
	for _, light := range b.lights {
		row = append(row, lamp(light))
	}
	return Stack(Area(theme.Surface), &fyne.Container{Layout: edged{}, Objects: []fyne.CanvasObject{edge}},
		Inset(&fyne.Container{Layout: spread{theme.Size(theme.Inset)}, Objects: row}, inset, 0, inset, 0))
}

// alarmed is the alarm, with what stays at its right in a colour of its own: who mends the one is to see the other.
func (b *StatusBar) alarmed(inset float32) fyne.CanvasObject {
	block := func(text string, tone theme.Tone) fyne.CanvasObject {
		return Stack(Area(tone.Fill()), Inset(NewText(text).In(theme.Body, tone.OnFill()).Strong().At(fyne.TextAlignCenter).Lines(1), inset, 0, inset, 0))
	}
	row := []fyne.CanvasObject{block(b.alarm, theme.Asking)}
	for _, light := range b.lights {
		if light.Stays != "" {
			row = append(row, block(light.Stays, light.Tone))
		}
	}
	return Spread(row...)
}

func lamp(light Light) fyne.CanvasObject {
	side := theme.Size(theme.Gap) * 1.8
	dot := canvas.NewCircle(theme.Color(light.Tone.Ink()))
	if light.Tone == theme.Calm {
		dot.FillColor, dot.StrokeColor, dot.StrokeWidth = nil, theme.Color(theme.Muted), 2
	}
	ink := theme.Text
	if light.Tone == theme.Asking || light.Tone == theme.Refused {
		ink = light.Tone.Ink()
	}
	text := NewText(light.Text).In(theme.Caption, ink).Lines(1)
	text.Bold = light.Tone == theme.Refused || light.Tone == theme.Asking
	return Row(theme.Size(theme.Gap), Middle(Fixed(dot, side, side)), text)
}

// Tapped implements fyne.Tappable.
func (b *StatusBar) Tapped(*fyne.PointEvent) { b.press() }

// MinSize implements fyne.CanvasObject.
func (b *StatusBar) MinSize() fyne.Size { return fyne.NewSize(100, theme.Size(theme.Strip)) }

// CreateRenderer implements fyne.Widget.
func (b *StatusBar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.body) }

// edged draws a hairline along the top.
type edged struct{}

func (edged) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (edged) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, theme.Size(theme.Hairline))
}

// spread places objects left to right with the room that is left shared between them.
type spread struct{ gap float32 }

func (s spread) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (s spread) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if len(objects) == 0 {
		return
	}
	sum := float32(0)
	for _, o := range objects {
		sum += o.MinSize().Width
	}
	gap := s.gap
	if len(objects) > 1 {
		gap = max(gap, (size.Width-sum)/float32(len(objects)-1))
	}
	squeeze := min(1, (size.Width-s.gap*float32(len(objects)-1))/max(1, sum))
	x := float32(0)
	for _, o := range objects {
		width := o.MinSize().Width * squeeze
		place(o, x, 0, width, size.Height)
		x += width + gap
	}
}
