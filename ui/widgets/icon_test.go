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
