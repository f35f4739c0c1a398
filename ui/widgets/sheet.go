package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Sheet is a card over a veil: one thing to be done before the counter goes on. It lies in the window's own content, not in a pop-up of
// Fyne's, which would have a focus of its own.
type Sheet struct {
	widget.BaseWidget
	inside *fyne.Container
	away   func()
}

// NewSheet makes a card at most width × height, within the window; a height of 0 is what its content needs. away is called when somebody presses beside it.
func NewSheet(content fyne.CanvasObject, width, height float32, away func()) *Sheet {
	s := &Sheet{away: away}
	card := Rounded(theme.Surface)
	margin := theme.Size(theme.Margin)
	inner := newCatcher(Stack(card, Inset(content, margin, margin*0.8, margin, margin*0.8)))
	s.inside = Stack(Area(theme.Veil),
		&fyne.Container{Layout: carded{width, height}, Objects: []fyne.CanvasObject{inner}})
	s.ExtendBaseWidget(s)
	return s
}

// Covers reports that an object lies over everything that was drawn before it: a sheet with its veil, or a ground.
func Covers(o fyne.CanvasObject) bool {
	if _, ok := o.(*Sheet); ok {
		return true
	}
	c, ok := o.(*catcher)
	return ok && c.ground
}

// Tapped implements fyne.Tappable.
func (s *Sheet) Tapped(*fyne.PointEvent) { s.away() }

// CreateRenderer implements fyne.Widget.
func (s *Sheet) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.inside) }

// NewGround is a ground that nothing that is pressed falls through.
func NewGround(colour fyne.ThemeColorName) fyne.CanvasObject {
	ground := newCatcher(Area(colour))
	ground.ground = true
	return ground
}

// catcher keeps what is pressed on a card from reaching the veil.
type catcher struct {
	widget.BaseWidget
	inner  fyne.CanvasObject
	ground bool
}

func newCatcher(inner fyne.CanvasObject) *catcher {
	c := &catcher{inner: inner}
	c.ExtendBaseWidget(c)
	return c
}

// HeightFor is the height of the card at a width.
func (c *catcher) HeightFor(width float32) float32 { return heightFor(c.inner, width) }

func (c *catcher) Tapped(*fyne.PointEvent)             {}
func (c *catcher) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.inner) }

// carded centres a card.
type carded struct{ width, height float32 }

func (c carded) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (c carded) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	margin := theme.Size(theme.Inset)
	width := min(c.width, size.Width-margin*2)
	height := c.height
	if height == 0 {
		height = heightFor(objects[0], width)
	}
	height = min(height, size.Height-margin*2)
	place(objects[0], (size.Width-width)/2, (size.Height-height)/2, width, height)
}

// SheetBody is a sheet's content: a title, what is to be done, and a row of buttons at the foot.
func SheetBody(title, subtitle string, content fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	body, _ := CountingBody(title, subtitle, content, buttons...)
	return body
}

// CountingBody is SheetBody, with the subtitle: it can be changed while everything else stays.
func CountingBody(title, subtitle string, content fyne.CanvasObject, buttons ...fyne.CanvasObject) (fyne.CanvasObject, *Text) {
	var head []fyne.CanvasObject
	if title != "" {
		head = append(head, NewText(title).In(theme.Subtitle, theme.Text).Strong().Lines(1))
	}
	below := NewText(subtitle).In(theme.Body, theme.Muted).Lines(2)
	if subtitle != "" {
		head = append(head, below)
	}
	foot := Flow(theme.Size(theme.Inset), buttons...)
	return &fyne.Container{Layout: headAndFoot{gap: theme.Size(theme.Inset), between: mostBetween},
		Objects: []fyne.CanvasObject{Column(theme.Size(theme.Gap)*0.5, head...), content, foot}}, below
}

// TitleIfRoom leaves a sheet's title away where it takes the room that the content needs at least: what is looked for comes before what that is called.
func TitleIfRoom(body fyne.CanvasObject) fyne.CanvasObject {
	sheet := body.(*fyne.Container)
	layout := sheet.Layout.(headAndFoot)
	layout.spare = true
	sheet.Layout = layout
	return sheet
}

type headAndFoot struct {
	spare   bool // see TitleIfRoom
	gap     float32
	between float32 // the share of the height that head and foot leave to what is between them, where that needs it
}

// mostBetween leaves more than half of the height.
const mostBetween = 0.58

func (h headAndFoot) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], width) + heightFor(objects[1], width) + heightFor(objects[2], width) + h.gap*3
}

func (h headAndFoot) MinSize(objects []fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

func (h headAndFoot) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	ends := []fyne.CanvasObject{objects[0], objects[2]}
	fitted(ends, func() bool {
		between := max(theme.Plain(theme.Touch)*1.2, min(heightFor(objects[1], size.Width), size.Height*h.between))
		return heightFor(ends[0], size.Width)+heightFor(ends[1], size.Width)+h.gap*2+between <= size.Height
	})
	defer redraw(ends)
	head, foot := heightFor(objects[0], size.Width)+h.gap, heightFor(objects[2], size.Width)
	if h.spare {
		shown := size.Height-head-foot-h.gap >= heightFor(objects[1], size.Width)
		if shown != objects[0].Visible() {
			objects[0].(*fyne.Container).Hidden = !shown
		}
		if !shown {
			head = 0
		}
	}
	place(objects[0], 0, 0, size.Width, max(0, head-h.gap))
	place(objects[1], 0, head, size.Width, size.Height-head-foot-h.gap)
	place(objects[2], 0, size.Height-foot, size.Width, foot)
}

// Flow places objects from left to right, at the right-hand side, each as wide as it needs, in as many rows as that takes.
func Flow(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: flow{gap}, Objects: objects}
}

type flow struct{ gap float32 }

// rows are the objects of each row.
func (f flow) rows(objects []fyne.CanvasObject, width float32) [][]fyne.CanvasObject {
	var rows [][]fyne.CanvasObject
	used := float32(0)
	for _, o := range visible(objects) {
		need := o.MinSize().Width
		if len(rows) == 0 || used+f.gap+need > width+0.5 {
			rows, used = append(rows, nil), -f.gap
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], o)
		used += f.gap + need
	}
	return rows
}

func (f flow) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	height := float32(0)
	for i, row := range f.rows(objects, width) {
		if i > 0 {
			height += f.gap
		}
		tallest := float32(0)
		for _, o := range row {
			tallest = max(tallest, o.MinSize().Height)
		}
		height += tallest
	}
	return height
}

func (f flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return row{gap: f.gap}.MinSize(objects)
}

func (f flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, line := range f.rows(objects, size.Width) {
		used, height := -f.gap, float32(0)
		for _, o := range line {
			used += f.gap + o.MinSize().Width
			height = max(height, o.MinSize().Height)
		}
		x := max(0, size.Width-used)
		for _, o := range line {
			width := min(o.MinSize().Width, size.Width)
			place(o, x, y, width, height)
			x += width + f.gap
		}
		y += height + f.gap
	}
}
