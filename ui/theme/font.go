package theme

import (
	"fyne.io/fyne/v2"

	"countersign/assets/fonts"
)

var (
	regular = fyne.NewStaticResource("NotoSansSC-Regular.otf", fonts.Regular())
	bold    = fyne.NewStaticResource("NotoSansSC-Bold.otf", fonts.Bold())
)

// font is the one place that says which fonts the window uses: embedded ones, in both weights, since fallback by glyph mixes weights.
func font(style fyne.TextStyle) fyne.Resource {
	if style.Bold {
		return bold
	}
	return regular
}
