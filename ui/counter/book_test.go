package counter

import (
	"testing"
	"time"

	"countersign/assets/handbook"
	"countersign/assets/translations"
	"countersign/terminal"
)

// headingsOf are a page's headings, but for its title, in a language.
func headingsOf(t *testing.T, language, page string) []string {
	t.Helper()
	text, err := handbook.Page(language, page)
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, block := range handbook.Blocks(text) {
		if block.Kind == handbook.Heading {
			headings = append(headings, block.Text)
		}
	}
	return headings
}

func TestEveryDeclineHasItsChapter(t *testing.T) {
	// F1 at a decline would open the handbook at another reason, or at an empty page: the cashier would tell the customer what is not so.
	for _, language := range handbook.Languages {
		headings := headingsOf(t, language, "declines")
		words := translations.For(language, time.UTC)
		for _, reason := range terminal.Reasons {
			found := chapterOf(State{Phase: Declined, Outcome: terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: reason}}}})
			title := words.Say("reason."+string(reason)+".title", nil)
			if found.page != "declines" || found.heading > len(headings) || headings[found.heading-1] != title {
				t.Errorf("%s: %s is %q, and opens %v of %d", language, reason, title, found, len(headings))
			}
		}
		if len(headings) != len(terminal.Reasons) {
			t.Errorf("%s: the page has %d headings for %d reasons", language, len(headings), len(terminal.Reasons))
		}
	}
}

func TestEveryPageCanBeOpened(t *testing.T) {
	// A page of the handbook would be out of reach at the counter.
	for _, language := range handbook.Languages {
		for _, page := range pages {
			if _, err := handbook.Page(language, page); err != nil {
				t.Errorf("%s: %v", language, err)
			}
		}
	}
	if len(pages) != len(handbook.Names()) {
		t.Errorf("the counter shows %d pages of %d", len(pages), len(handbook.Names()))
	}
}
