package handbook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	// Whoever reads the handbook at the counter would see marks of Markdown, lines broken in the middle, or half a table.
	got := Blocks("# A *page*\n\nTwo lines\nof **one** `paragraph`, see [there](x.md).\n\n| a | b |\n| --- | :-: |\n| 1 | `2` |\n\n- one\n  more\n- two\n1. three\n\n## B\n```\n  run it\n```\n中文一行\n又一行\n")
	want := []Block{{Kind: Title, Text: "A *page*"}, {Text: "Two lines of one paragraph, see there."}, {Kind: HeadRow, Cells: []string{"a", "b"}},
		{Kind: Row, Cells: []string{"1", "2"}}, {Kind: Point, Text: "one more"}, {Kind: Point, Text: "two"}, {Kind: Point, Text: "three"},
		{Kind: Heading, Text: "B"}, {Kind: Example, Text: "  run it"}, {Text: "中文一行又一行"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, language := range Languages {
		for _, name := range Names() {
			text, err := Page(language, name)
			if err != nil {
				t.Fatal(err)
			}
			blocks := Blocks(text)
			if len(blocks) < 5 || blocks[0].Kind != Title {
				t.Errorf("%s/%s: %d blocks, the first %+v", language, name, len(blocks), blocks[0])
			}
			for _, block := range blocks {
				if block.Kind != Example && (strings.Contains(block.Text, "**") || strings.Contains(block.Text, "](") || strings.HasPrefix(block.Text, "|")) {
					t.Errorf("%s/%s: %q", language, name, block.Text)
				}
			}
		}
	}
}
