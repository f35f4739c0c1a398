package day

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
	"countersign/ui/widgets"
	"countersign/ui/widgets/gallery"
)

func TestLargeNumbersStandOnOneBase(t *testing.T) {
	// Who asks for writing of twice its size would get numbers of different sizes and heights beside each other, as if some of them mattered less.
	_, room := stage(t, "de", theme.Look{Text: 2}, gallery.Small)
	pose(t, room, scenes()[0])
	size := func(text *widgets.Text) float32 {
		return test.WidgetRenderer(text).Objects()[0].(*canvas.Text).TextSize
	}
	var tiles [][2]float32 // label and value
	for _, o := range everything(room.Content()) {
		switch o := o.(type) {
		case *widgets.Choice:
			var sizes [2]float32
			for i, text := range texts(o) {
				sizes[i] = size(text)
			}
			tiles = append(tiles, sizes)
		case *widgets.ColumnRow:
			row := texts(o)
			if name, count := size(row[0]), size(row[1]); name < theme.Plain(theme.Body) || count > name*1.5 {
				t.Errorf("%q is drawn in size %.1f beside %q in %.1f, want at least %.1f", row[0].Text, name, row[1].Text, count, theme.Plain(theme.Body))
			}
		}
	}
	if len(tiles) != len(room.shown.Tiles) {
		t.Fatalf("%d tiles are drawn, want %d", len(tiles), len(room.shown.Tiles))
	}
	for i, tile := range tiles {
		if tile != tiles[0] {
			t.Errorf("tile %q: label and value are drawn in sizes %.1f, the first tile's in %.1f", room.shown.Tiles[i].Label, tile, tiles[0])
		}
	}
}

// texts are the pieces of writing in an object.
func texts(o fyne.CanvasObject) []*widgets.Text {
	var all []*widgets.Text
	for _, inner := range everything(o) {
		if text, ok := inner.(*widgets.Text); ok && text.Text != "" {
			all = append(all, text)
		}
	}
	return all
}
