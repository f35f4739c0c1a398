package counter

import (
	"testing"

	"countersign/assets/handbook"
)

func TestChaptersExist(t *testing.T) {
	// F1 at a decline would open the handbook at an empty page, or at the wrong one after a section was added.
	all := []chapter{{"cashier", 3}}
	for _, found := range chapters {
		all = append(all, found)
	}
	for _, page := range pages {
		all = append(all, chapter{page: page})
	}
	for _, language := range handbook.Languages {
		for _, c := range all {
			text, err := handbook.Page(language, c.page)
			if err != nil {
				t.Fatal(err)
			}
			headings := 0
			for _, block := range handbook.Blocks(text) {
				if block.Kind == handbook.Heading {
					headings++
				}
			}
			if headings < c.heading {
				t.Errorf("%s: %s has %d headings, and %d is wanted", language, c.page, headings, c.heading)
			}
		}
	}
	if len(pages) != len(handbook.Names()) {
		t.Errorf("the counter shows %d pages of %d", len(pages), len(handbook.Names()))
	}
}
