package gallery

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// heard keeps what a check complains of.
type heard []string

func (*heard) Helper() {}

func (h *heard) Errorf(format string, args ...any) { *h = append(*h, fmt.Sprintf(format, args...)) }

func TestWhatNobodyCouldReadIsComplainedOf(t *testing.T) {
	// Words would be cut off or written over each other in a shop, and every picture of the gallery would be called good.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{})
	text := func(words string, x, y, width, height float32) fyne.CanvasObject {
		o := widgets.NewText(words).Lines(1)
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(width, height))
		return o
	}
	for _, c := range []struct {
		name    string
		objects []fyne.CanvasObject
		want    string // in the complaint; "" for none
	}{
		{"beside each other", []fyne.CanvasObject{text("Redeemed", 0, 0, 200, 30), text("Declined", 0, 30, 200, 30)}, ""},
		{"over each other", []fyne.CanvasObject{text("Redeemed", 0, 0, 200, 30), text("Declined", 40, 10, 200, 30)}, `"Declined" is drawn over "Redeemed"`},
		{"under a sheet", []fyne.CanvasObject{text("Redeemed", 0, 0, 200, 30), widgets.NewGround(theme.Background), text("Declined", 40, 10, 200, 30)}, ""},
		{"cut off", []fyne.CanvasObject{text("Redeemed", 0, 0, 40, 30)}, `"Redeemed" does not fit`},
		{"too low", []fyne.CanvasObject{text("Redeemed", 0, 0, 200, 10)}, `"Redeemed" does not fit`},
		{"out of its place", []fyne.CanvasObject{text("Redeemed", 250, 0, 200, 30)}, "stands out of its place by 50 at the side"},
		{"another typeface", []fyne.CanvasObject{text("Redeemed \U0001F600", 0, 0, 300, 30)}, "would be drawn with another typeface"},
		{"a key", []fyne.CanvasObject{text("day.nowhere", 0, 0, 300, 30)}, "nobody has put"},
	} {
		screen := &fyne.Container{Objects: c.objects}
		screen.Resize(fyne.NewSize(400, 300))
		var complaints heard
		Check(&complaints, c.name, screen)
		all := strings.Join(complaints, "; ")
		if (c.want == "") != (all == "") || !strings.Contains(all, c.want) {
			t.Errorf("%s: complained of %q, want %q", c.name, all, c.want)
		}
	}
}
