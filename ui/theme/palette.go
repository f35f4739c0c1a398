package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours of a screen, by what they are for. Together with Fyne's own names these are all there are: no screen has a literal colour.
const (
	Background = theme.ColorNameBackground
	Text       = theme.ColorNameForeground
	Muted      = theme.ColorNamePlaceHolder           // what can be read but need not be
	Line       = theme.ColorNameSeparator             // hairlines and outlines
	Surface    = fyne.ThemeColorName("surface")       // panels and cards
	Raised     = fyne.ThemeColorName("raised")        // what lies on a surface: keys, tiles
	Pressed    = fyne.ThemeColorName("raisedPressed") // the same under a finger
	Veil       = fyne.ThemeColorName("veil")          // over everything behind a sheet
	Edge       = fyne.ThemeColorName("edge")          // the frame of what is chosen or typed in, its caret, how far a bar is filled
	Paper      = fyne.ThemeColorName("paper")         // a receipt, in the dark as well
	Ink        = fyne.ThemeColorName("paperInk")
)

// Tone is one of the five moods of the counter. Each has four colours: Fill is solid, OnFill is written on it, Tint is a breath of
// it, Tone.Ink is written on Tint or on a surface.
type Tone string

// The tones. Calm is grey: nothing is asked and nothing was decided.
const (
	Calm    Tone = "calm"
	Ready   Tone = "ready"   // blue: can be redeemed
	Done    Tone = "done"    // green: has been redeemed, on disk
	Asking  Tone = "asking"  // amber: something is missing
	Refused Tone = "refused" // red: declined, or cannot work
)

// Tones lists every tone.
var Tones = []Tone{Calm, Ready, Done, Asking, Refused}

// Fill is the tone's solid colour.
func (t Tone) Fill() fyne.ThemeColorName { return fyne.ThemeColorName(string(t) + "Fill") }

// OnFill is what is written on Fill.
func (t Tone) OnFill() fyne.ThemeColorName { return fyne.ThemeColorName(string(t) + "OnFill") }

// Tint is a background with a breath of the tone.
func (t Tone) Tint() fyne.ThemeColorName { return fyne.ThemeColorName(string(t) + "Tint") }

// Ink is the tone as writing, on Tint, Surface or Background.
func (t Tone) Ink() fyne.ThemeColorName { return fyne.ThemeColorName(string(t) + "Ink") }

type palette map[fyne.ThemeColorName]color.NRGBA

// rgb reads 0xRRGGBB.
func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}

func see(hex uint32, alpha uint8) color.NRGBA {
	c := rgb(hex)
	c.A = alpha
	return c
}

func (p palette) tone(t Tone, fill, onFill, tint, ink uint32) {
	p[t.Fill()], p[t.OnFill()], p[t.Tint()], p[t.Ink()] = rgb(fill), rgb(onFill), rgb(tint), rgb(ink)
}

var light = func() palette {
	p := palette{
		Background: rgb(0xF4F6F8), Surface: rgb(0xFFFFFF), Raised: rgb(0xFFFFFF), Pressed: rgb(0xE3E9EF),
		Text: rgb(0x17212B), Muted: rgb(0x566472), Line: rgb(0xD8DFE6),
		Veil: see(0x17212B, 0x8C), Paper: rgb(0xFFFFFF), Ink: rgb(0x17212B),
	}
	p[Edge] = rgb(0x0F6FDE)
	p.tone(Calm, 0x566472, 0xFFFFFF, 0xEDF1F4, 0x3C4A57)
	p.tone(Ready, 0x0F6FDE, 0xFFFFFF, 0xEAF3FE, 0x0B57B0)
	p.tone(Done, 0x1B7F3B, 0xFFFFFF, 0xE8F5EC, 0x14652E)
	p.tone(Asking, 0xA56200, 0xFFFFFF, 0xFDF4E4, 0x834E00)
	p.tone(Refused, 0xC62828, 0xFFFFFF, 0xFDEDED, 0xA81F1F)
	return p.completed()
}()

var dark = func() palette {
	p := palette{
		Background: rgb(0x0F151B), Surface: rgb(0x182129), Raised: rgb(0x222D37), Pressed: rgb(0x2E3B47),
		Text: rgb(0xE9EEF3), Muted: rgb(0xA3B2C0), Line: rgb(0x33414E),
		Veil: see(0x05080B, 0xB4), Paper: rgb(0xFFFFFF), Ink: rgb(0x17212B),
	}
	p[Edge] = rgb(0x7DB8FF)
	p.tone(Calm, 0x3A4855, 0xFFFFFF, 0x202B35, 0xC3CFDA)
	p.tone(Ready, 0x1568C9, 0xFFFFFF, 0x14263B, 0x7DB8FF)
	p.tone(Done, 0x1B7A3A, 0xFFFFFF, 0x13291C, 0x6FD491)
	p.tone(Asking, 0x9A5B00, 0xFFFFFF, 0x2C2213, 0xF2B457)
	p.tone(Refused, 0xBE2A2A, 0xFFFFFF, 0x331A1B, 0xFF9B95)
	return p.completed()
}()

// completed gives Fyne's own names their colours, so that a stock widget belongs to the family.
func (p palette) completed() palette {
	clear := color.NRGBA{}
	p[theme.ColorNameButton] = p[Raised]
	p[theme.ColorNameDisabledButton] = p[Background]
	p[theme.ColorNameDisabled] = p[Muted]
	p[theme.ColorNameError] = p[Refused.Fill()]
	p[theme.ColorNameSuccess] = p[Done.Fill()]
	p[theme.ColorNameWarning] = p[Asking.Fill()]
	p[theme.ColorNamePrimary] = p[Ready.Fill()]
	p[theme.ColorNameHyperlink] = p[Ready.Ink()]
	p[theme.ColorNameForegroundOnError] = p[Refused.OnFill()]
	p[theme.ColorNameForegroundOnPrimary] = p[Ready.OnFill()]
	p[theme.ColorNameForegroundOnSuccess] = p[Done.OnFill()]
	p[theme.ColorNameForegroundOnWarning] = p[Asking.OnFill()]
	p[theme.ColorNameFocus] = p[Ready.Tint()]
	p[theme.ColorNameSelection] = p[Ready.Tint()]
	p[theme.ColorNameHover] = p[Pressed]
	p[theme.ColorNamePressed] = p[Pressed]
	p[theme.ColorNameHeaderBackground] = p[Surface]
	p[theme.ColorNameInputBackground] = p[Surface]
	p[theme.ColorNameInputBorder] = p[Line]
	p[theme.ColorNameInnerWindowBorder] = p[Line]
	p[theme.ColorNameInnerWindowBorderInactive] = p[Line]
	p[theme.ColorNameMenuBackground] = p[Surface]
	p[theme.ColorNameOverlayBackground] = p[Surface]
	p[theme.ColorNameScrollBar] = p[Line]
	p[theme.ColorNameScrollBarBackground] = clear
	p[theme.ColorNameShadow] = see(0x05080B, 0x1C) // of what is scrolled away
	return p
}
