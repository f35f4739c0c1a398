package widgets

import (
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Sign is one of the small drawings of the counter. Each verdict has a shape of its own, so that no one has to see colours.
type Sign string

// The signs.
const (
	SignTicket  Sign = "ticket"  // ready to redeem: a voucher
	SignTick    Sign = "tick"    // redeemed: a tick in a disc
	SignCross   Sign = "cross"   // declined: a cross in an octagon
	SignAsk     Sign = "ask"     // something is missing: a question mark in a diamond
	SignWarning Sign = "warning" // the machine cannot work: a triangle
	SignUndo    Sign = "undo"
	SignScan    Sign = "scan" // ready: the corners of a viewfinder
	SignPrinter Sign = "printer"
	SignPerson  Sign = "person"
	SignErase   Sign = "erase"
	SignSpace   Sign = "space"
	SignKeys    Sign = "keys"  // a keyboard
	SignCheck   Sign = "check" // a bare tick, in a box
	SignBox     Sign = "box"   // to be ticked
	SignTicked  Sign = "ticked"
	SignRemove  Sign = "remove"
	SignWait    Sign = "wait"
	SignAdjust  Sign = "adjust" // how the screen is liked: three sliders
	SignDot     Sign = "dot"
	SignBefore  Sign = "before" // what comes before: a day
	SignAfter   Sign = "after"
)

// Each drawing fills 48×48. F stands for the colour of the shape, C for what is cut out of it.
var drawings = map[Sign]string{
	SignTick:    `<circle cx="24" cy="24" r="23" fill="F"/><path d="M13 25 L21 33 L36 16" fill="none" stroke="C" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignCross:   `<path d="M15 1 H33 L47 15 V33 L33 47 H15 L1 33 V15 Z" fill="F"/><path d="M16 16 L32 32 M32 16 L16 32" fill="none" stroke="C" stroke-width="5" stroke-linecap="round"/>`,
	SignAsk:     `<path d="M24 0.5 L47.5 24 L24 47.5 L0.5 24 Z" fill="F"/><path d="M18.5 19 C18.5 15.5 21 13.5 24 13.5 C27 13.5 29.5 15.5 29.5 18.7 C29.5 22.6 24 23 24 27.5" fill="none" stroke="C" stroke-width="4" stroke-linecap="round"/><circle cx="24" cy="33.6" r="2.6" fill="C"/>`,
	SignTicket:  `<path d="M3 11 H45 V19 C42 19 40 21.2 40 24 C40 26.8 42 29 45 29 V37 H3 V29 C6 29 8 26.8 8 24 C8 21.2 6 19 3 19 Z" fill="F"/><path d="M17 24 H30 M25 18.5 L30.5 24 L25 29.5" fill="none" stroke="C" stroke-width="3.6" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignWarning: `<path d="M24 3 L46 43 H2 Z" fill="F" stroke="F" stroke-width="3" stroke-linejoin="round"/><path d="M24 17 V29" fill="none" stroke="C" stroke-width="4.4" stroke-linecap="round"/><circle cx="24" cy="36" r="2.8" fill="C"/>`,
	SignUndo:    `<circle cx="24" cy="24" r="23" fill="F"/><path d="M16 20 H28 C32.5 20 35 22.8 35 26.2 C35 29.6 32.5 32.5 28 32.5 H21 M21.5 13.5 L15 20 L21.5 26.5" fill="none" stroke="C" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignScan:    `<path d="M4 15 V8 C4 5.8 5.8 4 8 4 H15 M33 4 H40 C42.2 4 44 5.8 44 8 V15 M44 33 V40 C44 42.2 42.2 44 40 44 H33 M15 44 H8 C5.8 44 4 42.2 4 40 V33" fill="none" stroke="F" stroke-width="3" stroke-linecap="round"/><path d="M13 15 V33 M19 15 V33 M24 15 V33 M31 15 V33 M35.5 15 V33" fill="none" stroke="F" stroke-width="2.6"/>`,
	SignPrinter: `<path d="M13 18 V6 H35 V18" fill="none" stroke="F" stroke-width="3.4" stroke-linejoin="round"/><path d="M5 18 H43 V36 H36 V30 H12 V36 H5 Z" fill="F" stroke="F" stroke-width="2" stroke-linejoin="round"/><path d="M13 31 H35 V44 H13 Z" fill="none" stroke="F" stroke-width="3.4" stroke-linejoin="round"/>`,
	SignPerson:  `<circle cx="24" cy="16" r="9" fill="F"/><path d="M6 44 C6 33 14 29 24 29 C34 29 42 33 42 44 Z" fill="F"/>`,
	SignErase:   `<path d="M16 10 H44 V38 H16 L3 24 Z" fill="none" stroke="F" stroke-width="3.4" stroke-linejoin="round"/><path d="M24 18 L36 30 M36 18 L24 30" fill="none" stroke="F" stroke-width="3.4" stroke-linecap="round"/>`,
	SignSpace:   `<path d="M6 20 V32 H42 V20" fill="none" stroke="F" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignKeys:    `<rect x="2" y="9" width="44" height="30" rx="4" fill="none" stroke="F" stroke-width="3"/><path d="M12 19 H12.2 M24 19 H24.2 M36 19 H36.2 M16 30 H32" fill="none" stroke="F" stroke-width="5" stroke-linecap="round"/>`,
	SignCheck:   `<path d="M11 25 L21 35 L38 14" fill="none" stroke="F" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignBox:     `<rect x="5" y="5" width="38" height="38" rx="6" fill="none" stroke="F" stroke-width="3.6"/>`,
	SignTicked:  `<rect x="3" y="3" width="42" height="42" rx="7" fill="F"/><path d="M13 25 L21 33 L36 16" fill="none" stroke="C" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignRemove:  `<path d="M12 12 L36 36 M36 12 L12 36" fill="none" stroke="F" stroke-width="4.4" stroke-linecap="round"/>`,
	SignWait:    `<circle cx="24" cy="24" r="23" fill="F"/><circle cx="13" cy="24" r="3.4" fill="C"/><circle cx="24" cy="24" r="3.4" fill="C"/><circle cx="35" cy="24" r="3.4" fill="C"/>`,
	SignAdjust:  `<path d="M4 11 H44 M4 24 H44 M4 37 H44" fill="none" stroke="F" stroke-width="3.2" stroke-linecap="round"/><circle cx="32" cy="11" r="6" fill="F"/><circle cx="15" cy="24" r="6" fill="F"/><circle cx="28" cy="37" r="6" fill="F"/>`,
	SignBefore:  `<path d="M30 10 L16 24 L30 38" fill="none" stroke="F" stroke-width="4.4" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignAfter:   `<path d="M18 10 L32 24 L18 38" fill="none" stroke="F" stroke-width="4.4" stroke-linecap="round" stroke-linejoin="round"/>`,
	SignDot:     `<circle cx="24" cy="24" r="20" fill="F"/>`,
}

var strokes = regexp.MustCompile(`stroke="([FC])" stroke-width="([0-9.]+)"`)

// drawnSide is how wide and high a drawing is.
const drawnSide = 48

var drawn sync.Map // of file name to fyne.Resource: a colour is drawn once

// picture is the sign in two colours, as a resource that is to be drawn side wide and high. Whoever draws it keeps a line's width at any size: lines that
// make the shape are as bold beside small writing as beside large, but what is cut out of a shape has to become smaller with it, or it is a blot.
func (s Sign) picture(shape, cut color.Color, side float32) fyne.Resource {
	f, c := hex(shape), hex(cut)
	wider := map[string]float32{"F": theme.Zoom(), "C": side / drawnSide}
	name := fmt.Sprintf("%s%s%s-%g-%g.svg", s, f[1:], c[1:], wider["F"], wider["C"])
	if made, ok := drawn.Load(name); ok {
		return made.(fyne.Resource)
	}
	body := strokes.ReplaceAllStringFunc(drawings[s], func(stroke string) string {
		parts := strokes.FindStringSubmatch(stroke)
		width, _ := strconv.ParseFloat(parts[2], 32)
		return fmt.Sprintf(`stroke="%s" stroke-width="%g"`, parts[1], float32(width)*wider[parts[1]])
	})
	body = strings.NewReplacer(`"F"`, `"`+f+`"`, `"C"`, `"`+c+`"`).Replace(body)
	made := fyne.NewStaticResource(name, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">`+body+`</svg>`))
	drawn.Store(name, made)
	return made
}

func hex(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
}

// Icon draws a sign.
type Icon struct {
	widget.BaseWidget
	Sign   Sign
	Side   fyne.ThemeSizeName
	Colour fyne.ThemeColorName
	Cut    fyne.ThemeColorName
}

// NewIcon makes a sign, side wide and high.
func NewIcon(sign Sign, side fyne.ThemeSizeName, colour, cut fyne.ThemeColorName) *Icon {
	i := &Icon{Sign: sign, Side: side, Colour: colour, Cut: cut}
	i.ExtendBaseWidget(i)
	return i
}

// MinSize implements fyne.CanvasObject.
func (i *Icon) MinSize() fyne.Size {
	i.ExtendBaseWidget(i)
	return fyne.NewSquareSize(theme.Size(i.Side))
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	r := &iconRenderer{icon: i, image: canvas.NewImageFromResource(nil)}
	r.image.FillMode = canvas.ImageFillContain
	r.image.Resource = i.resource()
	return laidOut(i, r)
}

func (i *Icon) resource() fyne.Resource {
	return i.Sign.picture(theme.Color(i.Colour), theme.Color(i.Cut), theme.Size(i.Side))
}

type iconRenderer struct {
	icon  *Icon
	image *canvas.Image
}

func (r *iconRenderer) Layout(size fyne.Size)        { place(r.image, 0, 0, size.Width, size.Height) }
func (r *iconRenderer) MinSize() fyne.Size           { return r.icon.MinSize() }
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.image} }
func (r *iconRenderer) Destroy()                     {}

func (r *iconRenderer) Refresh() {
	if resource := r.icon.resource(); r.image.Resource != resource {
		r.image.Resource = resource
		r.image.Refresh()
	}
}
