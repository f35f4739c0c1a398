package theme

import (
	"image/color"
	"math"
	"strconv"
	"strings"
)

// What a store's colour needs to take the place of the blue.
const (
	accentContrast = 4.5 // of white writing on it: AA
	accentApart    = 25  // degrees on the colour wheel from green, amber and red
	edgeContrast   = 3   // of a frame or a caret with what is around it: WCAG 1.4.11
	accentGrey     = 0.2 // a colour with less than this of any hue is a grey, which is like none of them
)

// Accent reads a store's colour, "#RRGGBB", for Look.Accent. It is nil where writing on it could not be read, and where it would be taken for
// the green of what was redeemed, the amber of a question or the red of a refusal: the colour of the counter then stays as it is.
func Accent(text string) *color.NRGBA {
	hex, hashed := strings.CutPrefix(text, "#")
	value, err := strconv.ParseUint(hex, 16, 32)
	if !hashed || len(hex) != 6 || err != nil {
		return nil
	}
	accent := rgb(uint32(value))
	if Contrast(accent, rgb(0xFFFFFF)) < accentContrast {
		return nil
	}
	hue, saturation := wheel(accent)
	for _, tone := range []Tone{Done, Asking, Refused} {
		taken, _ := wheel(light[tone.Fill()])
		apart := math.Abs(math.Mod(hue-taken+540, 360) - 180)
		if saturation >= accentGrey && apart < accentApart {
			return nil
		}
	}
	return &accent
}

// Contrast is that of WCAG 2.1 between two colours, from 1 to 21.
func Contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(c color.NRGBA) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.03928 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
}

// wheel is a colour's hue in degrees and its saturation, as in HSV.
func wheel(c color.NRGBA) (hue, saturation float64) {
	r, g, b := float64(c.R), float64(c.G), float64(c.B)
	most, least := math.Max(r, math.Max(g, b)), math.Min(r, math.Min(g, b))
	if most == least {
		return 0, 0
	}
	switch most {
	case r:
		hue = (g - b) / (most - least)
	case g:
		hue = 2 + (b-r)/(most-least)
	default:
		hue = 4 + (r-g)/(most-least)
	}
	return math.Mod(hue*60+360, 360), (most - least) / most
}
