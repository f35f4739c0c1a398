package widgets_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

func TestSignsAreAsBoldOnALargeScreen(t *testing.T) {
	// On a large screen the tick of a redemption is a hair that nobody sees from across the counter.
	inked := func(zoom float32) float64 {
		app := test.NewTempApp(t)
		app.Settings().SetTheme(theme.Look{Zoom: zoom})
		icon := widgets.NewIcon(widgets.SignCheck, theme.Emblem, theme.Text, theme.Surface)
		window := test.NewTempWindow(t, icon)
		window.SetPadded(false)
		window.Resize(icon.MinSize())
		icon.Resize(fyne.NewSize(icon.MinSize().Width, icon.MinSize().Height))
		picture := window.Canvas().Capture()
		dark, all := 0, 0
		for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
			for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
				if r, _, _, _ := picture.At(x, y).RGBA(); r < 0x8000 {
					dark++
				}
				all++
			}
		}
		return float64(dark) / float64(all)
	}
	small, large := inked(1), inked(2.5)
	if small == 0 || large < small*0.85 || large > small*1.15 {
		t.Errorf("%.3f of a sign is drawn on a small screen, %.3f on a large one", small, large)
	}
}

func TestSignsCanBeReadAtAnySize(t *testing.T) {
	// The question mark of what is asked, and the arrow of what can be redeemed, would be a blot in the help and in the lists.
	cut := func(sign widgets.Sign, side fyne.ThemeSizeName) float64 {
		app := test.NewTempApp(t)
		app.Settings().SetTheme(theme.Look{})
		icon := widgets.NewIcon(sign, side, theme.Text, theme.Surface)
		window := test.NewTempWindow(t, icon)
		window.SetPadded(false)
		window.Resize(icon.MinSize())
		icon.Resize(icon.MinSize())
		picture := window.Canvas().Capture()
		bounds := picture.Bounds()
		light, all := 0.0, 0.0
		for y := bounds.Dy() / 4; y < bounds.Dy()*3/4; y++ { // the middle of it, where the shape is all around
			for x := bounds.Dx() * 3 / 8; x < bounds.Dx()*5/8; x++ {
				r, _, _, _ := picture.At(bounds.Min.X+x, bounds.Min.Y+y).RGBA()
				light += float64(r) / 0xffff
				all++
			}
		}
		return light / all
	}
	for _, sign := range []widgets.Sign{widgets.SignAsk, widgets.SignTicket, widgets.SignWarning, widgets.SignTick, widgets.SignCross} {
		small, large := cut(sign, theme.Glyph), cut(sign, theme.Emblem)
		if large == 0 || small > large*1.35 || small < large*0.65 {
			t.Errorf("%s: %.2f of its middle is cut out where it is small, and %.2f where it is large", sign, small, large)
		}
	}
}
