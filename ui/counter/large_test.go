package counter

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
	"countersign/ui/widgets"
	"countersign/ui/widgets/gallery"
)

// drawn collects how large each piece of writing that can be seen is drawn; of a piece that stands there twice the smaller size.
func drawn(sizes map[string]float32, o fyne.CanvasObject) map[string]float32 {
	if o == nil || !o.Visible() {
		return sizes
	}
	switch o := o.(type) {
	case *widgets.Text:
		for _, line := range test.WidgetRenderer(o).Objects() {
			size := line.(*canvas.Text).TextSize
			if before, ok := sizes[o.Text]; !ok || size < before {
				sizes[o.Text] = size
			}
		}
	case *fyne.Container:
		for _, inner := range o.Objects {
			drawn(sizes, inner)
		}
	case *container.Scroll:
		drawn(sizes, o.Content)
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			drawn(sizes, inner)
		}
	}
	return sizes
}

func TestLargerWritingIsNowhereSmaller(t *testing.T) {
	// Who cannot read the verdict and asks for writing of twice its size would get the deal's name, the facts and the buttons smaller than before.
	for _, language := range []string{"de"} {
		plain := map[string]map[string]float32{}
		for _, percent := range theme.TextSizes {
			_, screen := stage(t, language, theme.Look{Text: float32(percent) / 100}, gallery.Small)
			for _, scene := range scenes() {
				pose(screen, scene)
				sizes := drawn(map[string]float32{}, screen.panel)
				if percent == 100 {
					plain[scene.name] = sizes
					continue
				}
				for words, size := range sizes {
					if before, ok := plain[scene.name][words]; ok && size < before-0.01 {
						t.Errorf("%s, %s, %d %%: %q is drawn in size %.1f, and %.1f at 100 %%", language, scene.name, percent, words, size, before)
					}
				}
			}
		}
	}
}
