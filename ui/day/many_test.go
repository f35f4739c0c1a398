package day

import (
	"testing"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/theme"
)

func TestHundredThousandRowsAreDrawnByTheScreenful(t *testing.T) {
	// The window would stand still for a minute when a manager opens the rows of a large store.
	_, room := stage(t, "en", theme.Look{}, fyne.NewSize(1024, 600))
	all := records(100_000)
	pose(t, room, scene{"many", func(_ testing.TB, s *State) {
		s.Page, s.Title, s.Found = RowsPage, terminal.Saying{Key: "day.worth"}, rowsOf(all, terminal.DayFilter{Honoured: true})
	}})
	filled := 0
	update := room.rows.UpdateItem
	room.rows.UpdateItem = func(id int, o fyne.CanvasObject) {
		filled++
		update(id, o)
	}
	page := room.page.Objects[0]
	for range 50 {
		room.Key(fyne.KeyPageDown)
	}
	if s := room.State(); s.Row != 50*screenful {
		t.Fatalf("fifty pages on, row %d is chosen", s.Row)
	}
	if room.page.Objects[0] != page {
		t.Error("the page was made anew for another chosen row")
	}
	if most := 50 * 60; filled > most {
		t.Errorf("%d rows were filled for fifty pages, %d would do", filled, most)
	}
}
