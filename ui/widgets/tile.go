package widgets

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Choice is something to choose: a person, a reason, a redemption. It is marked while the arrow keys stand on it.
type Choice struct {
	widget.BaseWidget
	press func()
	face  *canvas.Rectangle
	inner fyne.CanvasObject
}

// NewChoice makes a choice around what it shows.
func NewChoice(inner fyne.CanvasObject, chosen bool, press func()) *Choice {
	c := &Choice{press: press, inner: inner, face: canvas.NewRectangle(nil)}
	c.face.CornerRadius = theme.Size(theme.Radius)
	c.ExtendBaseWidget(c)
	c.face.FillColor, c.face.StrokeColor, c.face.StrokeWidth = theme.Color(theme.Raised), theme.Color(theme.Line), theme.Size(theme.Hairline)
	if chosen {
		c.face.FillColor, c.face.StrokeColor, c.face.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Edge), theme.Size(theme.Frame)
	}
	return c
}

// Tapped implements fyne.Tappable.
func (c *Choice) Tapped(*fyne.PointEvent) { c.press() }

// HeightFor is the height at a width.
func (c *Choice) HeightFor(width float32) float32 {
	return max(heightFor(c.inner, width), theme.Size(theme.Touch))
}

// MinSize implements fyne.CanvasObject.
func (c *Choice) MinSize() fyne.Size {
	size := c.inner.MinSize()
	return fyne.NewSize(size.Width, max(size.Height, theme.Size(theme.Touch)))
}

// CreateRenderer implements fyne.Widget.
func (c *Choice) CreateRenderer() fyne.WidgetRenderer {
	return laidOut(c, widget.NewSimpleRenderer(Stack(c.face, c.inner)))
}

// Person is a tile for somebody: initials, name, role.
func Person(name, role string, chosen bool, press func()) *Choice {
	ground, ink := theme.Ready.Tint(), theme.Ready.Ink()
	if chosen {
		ground, ink = theme.Ready.Fill(), theme.Ready.OnFill()
	}
	disc := canvas.NewCircle(theme.Color(ground))
	letters := NewText(Initials(name)).In(theme.Subtitle, ink).Strong()
	side := max(theme.Size(theme.Touch), letters.MinSize().Width, letters.MinSize().Height)
	inset := theme.Size(theme.Inset)
	initials := Fixed(Stack(disc, Middle(letters)), side, side)
	return NewChoice(Inset(Column(theme.Size(theme.Gap)*0.5, Middle(initials),
		NewText(name).In(theme.Body, theme.Text).Strong().At(fyne.TextAlignCenter).Lines(1),
		NewText(role).In(theme.Caption, theme.Muted).At(fyne.TextAlignCenter).Lines(1)), inset*0.5, inset, inset*0.5, inset), chosen, press)
}

// Initials are up to two letters of a name; of a Chinese name, its last sign.
func Initials(name string) string {
	runes := []rune(strings.TrimSpace(name))
	if len(runes) == 0 {
		return "?"
	}
	if unicode.Is(unicode.Han, runes[0]) {
		return string(runes[len(runes)-1])
	}
	words := strings.Fields(name)
	initials := string([]rune(words[0])[:1])
	if len(words) > 1 {
		initials += string([]rune(words[len(words)-1])[:1])
	}
	return strings.ToUpper(initials)
}

// Tiles lays choices out in rows of equal tiles, at least width wide each.
func Tiles(width float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: tiles{width}, Objects: objects}
}

type tiles struct{ width float32 }

func (t tiles) columns(width float32, n int) int {
	gap := theme.Size(theme.Inset)
	return max(1, min(n, int((width+gap)/(t.width+gap))))
}

func (t tiles) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	if len(objects) == 0 {
		return 0
	}
	gap := theme.Size(theme.Inset)
	rows := (len(objects) + t.columns(width, len(objects)) - 1) / t.columns(width, len(objects))
	return float32(rows)*(objects[0].MinSize().Height+gap) - gap
}

func (t tiles) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(t.width, t.heightFor(objects, t.width*4))
}

func (t tiles) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if len(objects) == 0 {
		return
	}
	gap := theme.Size(theme.Inset)
	columns := t.columns(size.Width, len(objects))
	height := objects[0].MinSize().Height
	width := min((size.Width-gap*float32(columns-1))/float32(columns), t.width*1.6)
	left := (size.Width - width*float32(columns) - gap*float32(columns-1)) / 2
	for i, o := range objects {
		place(o, left+float32(i%columns)*(width+gap), float32(i/columns)*(height+gap), width, height)
	}
}
