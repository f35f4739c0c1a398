// Package demo draws the two windows that stand beside the counter in the demo: the customer's phone, whose vouchers can be shown to the scanner, and
// the printer, out of which slips come. It knows pictures and words, and nothing of terminals.
package demo

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// Card is a voucher as a customer's phone shows it.
type Card struct {
	Title  string
	Detail string
	Hint   string // what it is there to show
	QR     image.Image
}

// PhoneWords are the sentences of the phone.
type PhoneWords struct {
	Title, Hint      string
	Connected, Cut   string // the switch's two states
	CutIt, ConnectIt string // what pressing it does
}

// The least size of both windows.
const (
	leastWidth  = 340
	leastHeight = 420
)

// Phone is the content of the customer's window.
type Phone struct {
	words  PhoneWords
	show   func(card int)
	cut    func(cut bool)
	isCut  bool
	cards  []Card
	cable  *fyne.Container
	hints  []*widgets.Text
	body   *fyne.Container
	scroll *container.Scroll
	Object fyne.CanvasObject
}

// NewPhone makes the phone. show is called when a card is held under the scanner, cut when the cable is pulled or put back.
func NewPhone(words PhoneWords, cards []Card, show func(card int), cut func(cut bool)) *Phone {
	p := &Phone{words: words, cards: cards, show: show, cut: cut, cable: widgets.Stack(), body: widgets.Stack()}
	p.Object = widgets.Fixed(p.body, leastWidth, leastHeight)
	p.build()
	return p
}

// Rebuild makes the phone's parts anew, in the theme as it is now and in these words. The cards are the same ones.
func (p *Phone) Rebuild(words PhoneWords, cards []Card) {
	p.words, p.cards = words, cards
	at := p.scroll.Offset
	p.build()
	p.body.Refresh()
	p.scroll.ScrollToOffset(at)
}

func (p *Phone) build() {
	margin := theme.Size(theme.Inset)
	var list []fyne.CanvasObject
	p.hints = nil
	for i, card := range p.cards {
		list = append(list, p.card(i, card))
	}
	head := widgets.Column(theme.Size(theme.Gap), p.cable,
		widgets.Inset(widgets.NewText(p.words.Title).In(theme.Subtitle, theme.Text).Strong().Lines(1), 0, margin*0.5, 0, 0),
		widgets.NewText(p.words.Hint).In(theme.Caption, theme.Muted).Lines(2))
	p.scroll = container.NewVScroll(widgets.Inset(widgets.Column(margin*0.8, list...), 0, 0, margin*0.6, margin))
	p.body.Objects = []fyne.CanvasObject{widgets.Area(theme.Background),
		widgets.Inset(widgets.Topped(margin, head, p.scroll), margin, margin, margin*0.6, 0)}
	p.drawCable()
}

// drawCable draws the switch that cuts the internet.
func (p *Phone) drawCable() {
	tone, text, action := theme.Done, p.words.Connected, p.words.CutIt
	if p.isCut {
		tone, text, action = theme.Asking, p.words.Cut, p.words.ConnectIt
	}
	inset := theme.Size(theme.Inset)
	face := widgets.Rounded(tone.Tint())
	button := widgets.NewButton(widgets.Action{Name: "cable", Label: action}, tone, func(string) {
		p.isCut = !p.isCut
		p.drawCable()
		p.cut(p.isCut)
	})
	p.cable.Objects = []fyne.CanvasObject{widgets.Stack(face, widgets.Inset(widgets.Column(theme.Size(theme.Gap),
		widgets.NewText(text).In(theme.Body, tone.Ink()).Strong().Lines(1), button), inset, inset*0.8, inset, inset))}
	p.cable.Refresh()
}

// Hint changes what a card says of itself.
func (p *Phone) Hint(card int, hint string) { p.hints[card].Set(hint) }

func (p *Phone) card(i int, card Card) fyne.CanvasObject {
	picture := canvas.NewImageFromImage(card.QR)
	picture.FillMode = canvas.ImageFillContain
	picture.ScaleMode = canvas.ImageScalePixels
	side := theme.Size(theme.Emblem) * 1.1
	inset := theme.Size(theme.Inset)
	paper := canvas.NewRectangle(theme.Color(theme.Paper))
	paper.CornerRadius = theme.Size(theme.Radius)
	hint := widgets.NewText(card.Hint).In(theme.Caption, theme.Muted).Lines(2)
	p.hints = append(p.hints, hint)
	words := widgets.Middled(widgets.Column(2,
		widgets.NewText(card.Title).In(theme.Body, theme.Text).Strong().Lines(2),
		widgets.NewText(card.Detail).In(theme.Caption, theme.Text).Lines(1),
		hint))
	inner := &fyne.Container{Layout: beside{side, inset}, Objects: []fyne.CanvasObject{widgets.Stack(paper, widgets.Inset(picture, 4, 4, 4, 4)), words}}
	return widgets.NewChoice(widgets.Inset(inner, inset*0.6, inset*0.6, inset, inset*0.6), false, func() { p.show(i) })
}

// beside puts a square before the rest.
type beside struct{ side, gap float32 }

func (b beside) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(b.side*2, b.side) }

func (b beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(0, (size.Height-b.side)/2))
	objects[0].Resize(fyne.NewSquareSize(b.side))
	objects[1].Move(fyne.NewPos(b.side+b.gap, 0))
	objects[1].Resize(fyne.NewSize(size.Width-b.side-b.gap, size.Height))
}

// Printer is the content of the paper's window.
type Printer struct {
	title  string
	none   string
	slips  []fyne.CanvasObject // the newest first
	body   *fyne.Container
	scroll *container.Scroll
	Object fyne.CanvasObject
}

// mostSlips is how many slips hang from the printer; older ones are torn off.
const mostSlips = 12

// NewPrinter makes a printer out of which nothing has come yet.
func NewPrinter(title, none string) *Printer {
	p := &Printer{body: widgets.Stack()}
	p.Object = widgets.Fixed(p.body, leastWidth, leastHeight)
	p.Rebuild(title, none)
	return p
}

// Rebuild makes the parts around the slips anew, in the theme as it is now and in these words.
func (p *Printer) Rebuild(title, none string) {
	margin := theme.Size(theme.Inset)
	content := fyne.CanvasObject(widgets.NewText(none).In(theme.Body, theme.Muted).At(fyne.TextAlignCenter).Lines(3))
	p.scroll = nil
	if len(p.slips) > 0 {
		p.scroll = container.NewVScroll(widgets.Inset(widgets.Column(margin, p.slips...), 0, 0, margin*0.6, margin))
		content = p.scroll
	}
	head := widgets.Row(theme.Size(theme.Inset), widgets.Middle(widgets.NewIcon(widgets.SignPrinter, theme.Glyph, theme.Text, theme.Background)),
		widgets.NewText(title).In(theme.Subtitle, theme.Text).Strong().Lines(1))
	p.title, p.none = title, none
	p.body.Objects = []fyne.CanvasObject{widgets.Area(theme.Background),
		widgets.Inset(widgets.Topped(margin, head, content), margin, margin, margin*0.6, 0)}
	p.body.Refresh()
}

// Print lets a slip come out.
func (p *Printer) Print(slip image.Image) {
	picture := canvas.NewImageFromImage(slip)
	picture.FillMode = canvas.ImageFillContain
	size := slip.Bounds().Size()
	sheet := widgets.Shaped(float32(size.Y)/float32(max(1, size.X)), picture)
	p.slips = append([]fyne.CanvasObject{sheet}, p.slips...)
	p.slips = p.slips[:min(len(p.slips), mostSlips)]
	p.Rebuild(p.title, p.none)
}
