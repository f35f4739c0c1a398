package widgets

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"countersign/assets/handbook"
)

func TestEveryLineOfTheBookIsSeenWhole(t *testing.T) {
	// Whole sections would be skipped by turning the page, or stand at its edge as half lines.
	var blocks []handbook.Block
	for i := range 60 {
		switch i % 4 {
		case 0:
			blocks = append(blocks, handbook.Block{Kind: handbook.Heading, Text: fmt.Sprint("Heading ", i)})
		case 1:
			blocks = append(blocks, handbook.Block{Kind: handbook.Row, Cells: []string{"a cell", strings.Repeat("a cell of so many words that it takes several lines in its column ", 1+i/10), "another one"}})
		default:
			blocks = append(blocks, handbook.Block{Kind: handbook.Paragraph, Text: "Some words that are more than fit into a line of the page, so that they wrap, " + fmt.Sprint(i)})
		}
	}
	for _, share := range []float32{0.9, 0.2} {
		book := NewBook(blocks, 0)
		inWindow(t, book.Object(), fyne.NewSize(420, 333))
		content := func() []reach { return linesIn(nil, book.scroll.Content, -book.scroll.Content.Position().Y, 0) }
		seen := make([]bool, len(content()))
		look := func() (cut int) {
			top, foot := book.scroll.Offset.Y, book.scroll.Offset.Y+book.scroll.Size().Height
			for i, line := range content() {
				const slack = 0.5
				whole := line.top >= top-slack && line.bottom <= foot+slack
				if seen[i] = seen[i] || whole; !whole && line.top < foot-slack && line.bottom > top+slack {
					cut++
				}
			}
			return cut
		}
		pages := 1
		for cut := look(); ; cut = look() {
			before := book.scroll.Offset.Y
			if cut > 0 {
				t.Fatalf("%v of a page on, at %v: %d lines are cut", share, before, cut)
			}
			if book.Scroll(share); book.scroll.Offset.Y == before {
				break
			}
			pages++
		}
		for i, whole := range seen {
			if !whole {
				t.Errorf("%v of a page on: line %d was never seen whole in %d pages", share, i, pages)
			}
		}
		back := 0
		for ; book.scroll.Offset.Y > 0; back++ {
			before := book.scroll.Offset.Y
			if book.Scroll(-share); look() > 0 || book.scroll.Offset.Y >= before {
				t.Fatalf("back from %v it is at %v", before, book.scroll.Offset.Y)
			}
		}
		if pages < 8 || back > pages*2 {
			t.Errorf("%d pages on, %d back", pages, back)
		}
	}
}
