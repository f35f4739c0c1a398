// Package theme is how Countersign looks: its colours, sizes and fonts, light and dark, as one fyne.Theme. Screens name what they need
// (theme.Ready.Fill(), theme.Title) and never say a colour or a size of their own.
package theme

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The sizes of writing and of space, for a window of 1024×600. A larger window draws all of them larger: see Zoom.
const (
	Caption  = theme.SizeNameCaptionText        // 14
	Body     = theme.SizeNameText               // 18
	Subtitle = theme.SizeNameSubHeadingText     // 22
	Title    = fyne.ThemeSizeName("title")      // 30: what is being given
	Heading  = theme.SizeNameHeadingText        // 36: the verdict's word
	Display  = fyne.ThemeSizeName("display")    // 48: an amount on the keypad
	Gap      = theme.SizeNamePadding            // 6
	Inset    = theme.SizeNameInnerPadding       // 14
	Margin   = fyne.ThemeSizeName("margin")     // 24: around what a panel says
	Radius   = theme.SizeNameButtonRadius       // 8
	Rounding = theme.SizeNameCardRadius         // 14: of panels
	Touch    = fyne.ThemeSizeName("touch")      // 52: the least height of what a finger presses
	Tall     = fyne.ThemeSizeName("tall")       // 64: the button that a panel is about
	Emblem   = fyne.ThemeSizeName("emblem")     // 88: the verdict's sign
	Glyph    = theme.SizeNameInlineIcon         // 24
	Bar      = fyne.ThemeSizeName("bar")        // 56: the bar at the top
	Strip    = fyne.ThemeSizeName("strip")      // 36: the status bar
	Aside    = fyne.ThemeSizeName("aside")      // 296: the column of recent redemptions
	Hairline = theme.SizeNameSeparatorThickness // 1

	Frame = fyne.ThemeSizeName("frame") // 2: of what is chosen or typed in, and the caret

	ScrollBar = theme.SizeNameScrollBarSmall // 6: of a list, while nobody points at it
)

var sizes = map[fyne.ThemeSizeName]float32{
	Caption: 14, Body: 18, Subtitle: 22, Title: 30, Heading: 36, Display: 48,
	Gap: 6, Inset: 14, Margin: 24, Radius: 8, Rounding: 14, Touch: 52, Tall: 64, Emblem: 88, Glyph: 24,
	Bar: 56, Strip: 36, Aside: 296, Frame: 2,
	theme.SizeNameLineSpacing: 4, theme.SizeNameScrollBar: 20, theme.SizeNameScrollBarSmall: 6, theme.SizeNameScrollBarRadius: 4,
	theme.SizeNameInputRadius: 8, theme.SizeNameSelectionRadius: 8, theme.SizeNameDialogRadius: 14, theme.SizeNamePopupRadius: 14,
	theme.SizeNameMenuRadius: 8, theme.SizeNameInnerWindowRadius: 8, theme.SizeNameInputBorder: 1, theme.SizeNameModalBlurRadius: 0,
}

// writing are the sizes that Look.Text makes larger.
var writing = map[fyne.ThemeSizeName]bool{Caption: true, Body: true, Subtitle: true, Title: true, Heading: true, Display: true}

// Look is the theme. The zero value is light at its natural size.
type Look struct {
	Dark bool
	// Zoom draws everything larger; 0 and 1 are the natural size. See ZoomFor.
	Zoom float32
	// Text draws writing larger, and nothing else: 2 is twice as large; 0 and 1 are the natural size. Titles grow by as much as the body
	// does, so that large writing does not crowd out what it stands above.
	Text float32
	// Accent, where it is not nil, is the store's own colour in place of the blue.
	Accent *color.NRGBA
}

var _ fyne.Theme = Look{}

// holding are the heights of what has one line of writing in it.
var holding = map[fyne.ThemeSizeName]fyne.ThemeSizeName{Touch: Body, Tall: Subtitle, Bar: Subtitle, Strip: Body}

// lineHeight is how high a line is, to the size of its writing, with a little air.
const lineHeight = 1.55

// Color returns the colour of name. The variant that the system prefers is ignored: whoever chose the look decided.
func (l Look) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	colours := light
	if l.Dark {
		colours = dark
	}
	if l.Accent != nil && (name == Ready.Fill() || name == theme.ColorNamePrimary) {
		return *l.Accent
	}
	if l.Accent != nil && name == Edge && Contrast(*l.Accent, colours[Surface]) >= edgeContrast && Contrast(*l.Accent, colours[Ready.Tint()]) >= edgeContrast {
		return *l.Accent
	}
	if c, ok := colours[name]; ok {
		return c
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font returns the embedded font for style: there is no italic and no monospace, so that Chinese and Latin always match.
func (l Look) Font(style fyne.TextStyle) fyne.Resource { return font(style) }

// Icon returns Fyne's own.
func (l Look) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size returns the size of name.
func (l Look) Size(name fyne.ThemeSizeName) float32 {
	size, ok := sizes[name]
	if !ok {
		size = theme.DefaultTheme().Size(name)
	}
	size = l.written(name, size)
	if held, ok := holding[name]; ok {
		size = max(size, l.written(held, sizes[held])*lineHeight)
	}
	switch {
	case l.Zoom > 0 && name == Hairline: // in whole dots, or it would be a grey smear
		return size * float32(math.Floor(float64(max(1, l.Zoom))))
	case l.Zoom > 0:
		return size * l.Zoom
	}
	return size
}

// written is a size of writing, as large as it is wanted.
func (l Look) written(name fyne.ThemeSizeName, size float32) float32 {
	if l.Text > 1 && writing[name] {
		return size + min(size, sizes[Body])*(l.Text-1)
	}
	return size
}

// ZoomFor is the zoom that fills a window of width × height: 1 up to 1366×768, then in steps of a quarter so that dragging the
// window's edge does not redraw all text at every pixel.
func ZoomFor(width, height float32) float32 {
	fit := min(width/1366, height/768)
	steps := float32(int(fit*4)) / 4
	return min(max(steps, 1), 3)
}

// Least is how small writing of a size may be drawn where its place is too small, as a share of that size: no smaller than it would be if
// nobody had asked for larger writing.
func Least(name fyne.ThemeSizeName) float32 {
	look, ok := fyne.CurrentApp().Settings().Theme().(Look)
	if !ok || look.Text <= 1 || !writing[name] {
		return 1
	}
	return sizes[name] / look.written(name, sizes[name])
}

// Plain is the current theme's size of name as it is with writing of its natural size.
func Plain(name fyne.ThemeSizeName) float32 {
	look, ok := fyne.CurrentApp().Settings().Theme().(Look)
	if !ok {
		return Size(name)
	}
	look.Text = 1
	return look.Size(name)
}

// Zoom is how much larger than naturally the current theme draws everything.
func Zoom() float32 {
	look, ok := fyne.CurrentApp().Settings().Theme().(Look)
	if !ok {
		return 1
	}
	return max(1, look.Zoom)
}

// Color is the current theme's colour of name.
func Color(name fyne.ThemeColorName) color.Color { return theme.Color(name) }

// Size is the current theme's size of name.
func Size(name fyne.ThemeSizeName) float32 { return theme.Size(name) }
