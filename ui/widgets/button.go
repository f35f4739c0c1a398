package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Rank says how much a button wants to be pressed. A screen has at most one that is First.
type Rank int

// The ranks.
const (
	Plain Rank = iota // outlined
	First             // filled with its tone
	Quiet             // no outline: the row of function keys
)

// Action is a button as a screen describes it: what it says, the key that does the same, and the screen's name for it.
type Action struct {
	Name  string // handed back when it is pressed
	Label string
	Key   string // printed on it: "F2", "Enter"
	Sign  Sign   // in place of, or before, the label
	Rank  Rank
	Off   bool
}

// Button is a button that carries its key. It never takes the focus, so that neither a scan nor Space can press it.
type Button struct {
	widget.BaseWidget
	Action  Action
	Tone    theme.Tone
	Height  fyne.ThemeSizeName
	Writing fyne.ThemeSizeName
	OnPress func(name string)
	hovered bool
	pressed bool
	share   float32 // how large it may be, see squeezed; 0 is 1
	laid    float32 // the share that it was last drawn with
	stacked bool    // its key stands above its word
}

var (
	_ fyne.Tappable     = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
	_ desktop.Mouseable = (*Button)(nil)
)

// NewButton makes a button.
func NewButton(action Action, tone theme.Tone, press func(name string)) *Button {
	b := &Button{Action: action, Tone: tone, Height: theme.Touch, Writing: theme.Body, OnPress: press}
	b.ExtendBaseWidget(b)
	return b
}

// Large makes the writing larger.
func (b *Button) Large() *Button {
	b.Writing = theme.Subtitle
	return b
}

// Tall makes the button one that cannot be missed.
func (b *Button) Tall() *Button {
	b.Height, b.Writing = theme.Tall, theme.Subtitle
	return b
}

// Small makes the writing smaller; the place to press stays as large.
func (b *Button) Small() *Button {
	b.Writing = theme.Caption
	return b
}

// Set changes what the button says, and draws only if that did change.
func (b *Button) Set(action Action) {
	if b.Action != action {
		b.Action = action
		b.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) {
	if !b.Action.Off {
		b.OnPress(b.Action.Name)
	}
}

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(*desktop.MouseEvent) { b.feel(true, b.pressed) }

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() { b.feel(false, false) }

// MouseDown implements desktop.Mouseable.
func (b *Button) MouseDown(*desktop.MouseEvent) { b.feel(b.hovered, true) }

// MouseUp implements desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) { b.feel(b.hovered, false) }

func (b *Button) feel(hovered, pressed bool) {
	if b.hovered != hovered || b.pressed != pressed {
		b.hovered, b.pressed = hovered, pressed
		b.Refresh()
	}
}

// MinSize implements fyne.CanvasObject.
func (b *Button) MinSize() fyne.Size {
	b.ExtendBaseWidget(b)
	return b.BaseWidget.MinSize()
}

// high is how high the button is.
func (b *Button) high() float32 {
	high := theme.Size(b.Height)
	if b.share > 0 {
		high *= b.share
	}
	return max(high, theme.Plain(b.Height))
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{button: b, face: canvas.NewRectangle(nil), cap: canvas.NewRectangle(nil), key: NewText(""), label: NewText("").Lines(1),
		icon: NewIcon(SignDot, theme.Glyph, theme.Text, theme.Raised)}
	r.key.At(fyne.TextAlignCenter).Strong().Lines(1)
	r.dress()
	return laidOut(b, r)
}

type buttonRenderer struct {
	button     *Button
	face, cap  *canvas.Rectangle
	key, label *Text
	icon       *Icon
}

// dress gives the parts their colours and words.
func (r *buttonRenderer) dress() {
	b := r.button
	face, ink := theme.Raised, theme.Text
	switch {
	case b.Action.Rank == First && !b.Action.Off:
		face, ink = b.Tone.Fill(), b.Tone.OnFill()
	case b.Action.Rank == First:
		face, ink = theme.Calm.Tint(), theme.Muted
	case b.Action.Rank == Quiet:
		face = theme.Background
	}
	if b.Action.Off {
		ink = theme.Muted
	}
	r.face.FillColor = theme.Color(face)
	if b.Action.Rank == Quiet { // it lies on what is there
		r.face.FillColor = nil
	}
	r.face.CornerRadius = theme.Size(theme.Radius)
	r.face.StrokeColor, r.face.StrokeWidth = nil, 0
	if b.Action.Rank == Plain {
		r.face.StrokeColor, r.face.StrokeWidth = theme.Color(theme.Line), theme.Size(theme.Hairline)
	}
	if !b.Action.Off && (b.pressed || b.hovered) {
		if b.Action.Rank == First {
			r.face.FillColor = theme.Color(b.Tone.Ink())
			if b.Tone.Ink() != ink {
				ink = theme.Surface
			}
		} else {
			r.face.FillColor = theme.Color(theme.Pressed)
		}
	}
	r.label.In(b.Writing, ink).Text = b.Action.Label
	r.label.Bold = b.Action.Rank == First
	r.label.Align = fyne.TextAlignLeading
	r.key.In(theme.Caption, ink).Text = b.Action.Key
	r.cap.FillColor = nil
	r.cap.StrokeColor, r.cap.StrokeWidth = theme.Color(theme.Line), theme.Size(theme.Hairline)
	if b.Action.Rank == First {
		r.cap.StrokeColor = theme.Color(ink)
	}
	r.cap.CornerRadius = theme.Size(theme.Radius) * 0.6
	r.icon.Sign, r.icon.Colour, r.icon.Cut = b.Action.Sign, ink, face
	r.cap.Hidden, r.key.Hidden = b.Action.Key == "", b.Action.Key == ""
	r.icon.Hidden = b.Action.Sign == ""
	r.label.share, r.key.share, b.laid = b.share, b.share, b.share
}

// parts measures icon, label and key.
func (r *buttonRenderer) parts() (icon, label, key float32) {
	defer func(label, key float32) { r.label.share, r.key.share = label, key }(r.label.share, r.key.share) // Layout may have made them smaller
	r.label.share, r.key.share = r.button.share, r.button.share
	if !r.icon.Hidden {
		icon = r.icon.MinSize().Width
	}
	if !r.key.Hidden {
		key = max(r.key.MinSize().Width+theme.Size(theme.Gap)*2, theme.Size(theme.Glyph)*1.25)
	}
	return icon, r.label.MinSize().Width, key
}

func (r *buttonRenderer) MinSize() fyne.Size {
	icon, label, key := r.parts()
	width, gap := theme.Size(theme.Inset)*2, theme.Size(theme.Gap)*1.5
	if r.button.Action.Rank == Quiet {
		width = theme.Size(theme.Gap) * 2
	}
	used := 0
	for _, part := range []float32{icon, label, key} {
		if part > 0 {
			width += part
			used++
		}
	}
	width += gap * float32(max(0, used-1))
	if r.button.stacked {
		width = theme.Size(theme.Gap) + max(icon, label, key)
	}
	return fyne.NewSize(max(width, theme.Plain(theme.Touch)), r.button.high())
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	place(r.face, 0, 0, size.Width, size.Height)
	if r.button.stacked {
		r.stack(size)
		return
	}
	icon, label, key := r.parts()
	gap := theme.Size(theme.Gap) * 1.5
	margin := theme.Size(theme.Inset)
	if r.button.Action.Rank == Quiet {
		margin = theme.Size(theme.Gap)
	}
	room := size.Width - margin*2
	total := icon + label + key
	for _, part := range []float32{icon, label, key} {
		if part > 0 {
			total += gap
		}
	}
	total -= gap
	if total > room { // the margin goes first
		margin = max(theme.Size(theme.Gap)*0.75, margin-(total-room)/2)
		room = size.Width - margin*2
	}
	if total > room { // then both become smaller, so that neither has to end in the middle
		squeeze := max(0, label+key-(total-room)) / max(1, label+key)
		label, key, total = label*squeeze, key*squeeze, room
	}
	for _, text := range []*Text{r.label, r.key} {
		if high := text.lineHeight(); high > size.Height {
			text.share = text.most() * size.Height / high * 0.96
		}
	}
	x := (size.Width - total) / 2
	if r.button.Action.Rank == Quiet && key > 0 { // the key first: it is what one looks for in the row
		r.placeKey(&x, key, gap, size.Height)
		if icon > 0 {
			place(r.icon, x, (size.Height-icon)/2, icon, icon)
			x += icon + gap
		}
		place(r.label, x, 0, label, size.Height)
		return
	}
	if icon > 0 {
		place(r.icon, x, (size.Height-icon)/2, icon, icon)
		x += icon + gap
	}
	if r.label.Text != "" {
		place(r.label, x, 0, label, size.Height)
		x += label + gap
	}
	if key > 0 {
		r.placeKey(&x, key, gap, size.Height)
	}
}

func (r *buttonRenderer) placeKey(x *float32, width, gap, height float32) {
	high := min(max(theme.Size(theme.Glyph)*1.1, r.key.lineHeight()), height-2)
	place(r.cap, *x, (height-high)/2, width, high)
	place(r.key, *x, 0, width, height)
	*x += width + gap
}

// stack puts the key above the word.
func (r *buttonRenderer) stack(size fyne.Size) {
	_, label, key := r.parts()
	room := size.Width - 2
	keyHigh, labelHigh := r.key.lineHeight()*tight, r.label.lineHeight()*tight
	y := max(0, (size.Height-keyHigh-labelHigh)/2)
	key, label = min(key, room), min(label, room)
	place(r.cap, (size.Width-key)/2, y+1, key, keyHigh-2)
	centred := func(text *Text, y, width, height float32) { // the air of a line may lie over the other
		high := text.lineHeight()
		place(text, (size.Width-width)/2, y+(height-high)/2, width, high)
	}
	centred(r.key, y, key, keyHigh)
	centred(r.label, y+keyHigh, label, labelHigh)
}

// tight is how much of its height a line needs where another is above it.
const tight = 0.88

// stackedHeight is how high the button is with its key above its word.
func (b *Button) stackedHeight() float32 {
	key, label := NewText("F").In(theme.Caption, theme.Text), NewText("F").In(b.Writing, theme.Text)
	key.share, label.share = b.share, b.share
	return (key.lineHeight() + label.lineHeight()) * tight
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.face, r.cap, r.icon, r.label, r.key}
}

func (r *buttonRenderer) Refresh() {
	r.dress()
	r.Layout(r.button.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (r *buttonRenderer) Destroy() {}
