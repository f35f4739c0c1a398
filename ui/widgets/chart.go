package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Bar is one bar of a chart.
type Bar struct {
	Label, Value string
	Height       int64
	Chosen       bool
	Press        func() // nil where it cannot be pressed
}

// Chart shows bars beside each other. All of a bar's column can be pressed, however low the bar is.
type Chart struct {
	widget.BaseWidget
	bars []Bar
}

// NewChart makes a chart.
func NewChart(bars []Bar) *Chart {
	c := &Chart{bars: bars}
	c.ExtendBaseWidget(c)
	return c
}

// Tapped implements fyne.Tappable.
func (c *Chart) Tapped(event *fyne.PointEvent) {
	if len(c.bars) == 0 || c.Size().Width <= 0 {
		return
	}
	at := min(len(c.bars)-1, max(0, int(event.Position.X/c.Size().Width*float32(len(c.bars)))))
	if press := c.bars[at].Press; press != nil {
		press()
	}
}

// MinSize implements fyne.CanvasObject: a chart takes what room there is.
func (c *Chart) MinSize() fyne.Size { return fyne.NewSize(100, 100) }

// CreateRenderer implements fyne.Widget.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{chart: c, floor: canvas.NewRectangle(theme.Color(theme.Line))}
	r.all = append(r.all, r.floor)
	for _, bar := range c.bars {
		colour, ink := theme.Ready.Fill(), theme.Muted
		back := canvas.NewRectangle(nil)
		back.CornerRadius = theme.Size(theme.Radius)
		if bar.Chosen {
			ink = theme.Text
			back.FillColor, back.StrokeColor, back.StrokeWidth = theme.Color(theme.Ready.Tint()), theme.Color(theme.Edge), theme.Size(theme.Frame)
		}
		face := canvas.NewRectangle(theme.Color(colour))
		face.TopLeftCornerRadius, face.TopRightCornerRadius = theme.Size(theme.Gap)*0.5, theme.Size(theme.Gap)*0.5
		label := NewText(bar.Label).In(theme.Caption, ink).At(fyne.TextAlignCenter).Lines(1)
		value := NewText(bar.Value).In(theme.Caption, theme.Text).At(fyne.TextAlignCenter).Lines(1).MayEnd()
		r.backs, r.faces, r.labels, r.values = append(r.backs, back), append(r.faces, face), append(r.labels, label), append(r.values, value)
		r.all = append(r.all, back, face, label, value)
	}
	return laidOut(c, r)
}

type chartRenderer struct {
	chart          *Chart
	floor          *canvas.Rectangle
	backs, faces   []*canvas.Rectangle
	labels, values []*Text
	all            []fyne.CanvasObject
}

func (r *chartRenderer) Layout(size fyne.Size) {
	high := int64(1)
	for _, bar := range r.chart.bars {
		high = max(high, bar.Height)
	}
	line := theme.Size(theme.Caption) * 1.5
	floor := size.Height - line
	room := max(0, floor-line*1.2)
	place(r.floor, 0, floor, size.Width, theme.Size(theme.Hairline))
	step := size.Width / float32(max(1, len(r.chart.bars)))
	wide := min(step*0.62, theme.Size(theme.Touch))
	air := float32(0)
	if crowded() { // or large numbers would read as one
		air = step * 0.1
	}
	alike(r.labels, step-air*2)
	alike(r.values, step-air*2)
	for i, bar := range r.chart.bars {
		x := float32(i) * step
		height := room * float32(float64(bar.Height)/float64(high))
		if bar.Height > 0 {
			height = max(height, 3)
		}
		place(r.backs[i], x+1, 0, step-2, size.Height)
		place(r.faces[i], x+(step-wide)/2, floor-height, wide, height)
		place(r.labels[i], x+air, floor, step-air*2, line)
		place(r.values[i], x+air, floor-height-line, step-air*2, line)
	}
}

// alike has large writing in pieces beside each other all as large as the widest one can be: size would seem to mean something.
func alike(texts []*Text, width float32) {
	all := make([]fyne.CanvasObject, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	fitted(all, func() bool {
		for _, text := range texts {
			if text.MinSize().Width > width {
				return false
			}
		}
		return true
	})
}

func (r *chartRenderer) MinSize() fyne.Size           { return r.chart.MinSize() }
func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.all }
func (r *chartRenderer) Refresh()                     { r.Layout(r.chart.Size()) }
func (r *chartRenderer) Destroy()                     {}
