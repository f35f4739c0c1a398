package handbook

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"countersign/assets/printers"
)

// If a page were missing in a language, or half of it, whoever reads that language would stand before the printer without help.
func TestEveryLanguageHasEveryPage(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^#+ `)
	if len(Names()) < 2 {
		t.Fatalf("the handbook has the pages %v", Names())
	}
	for _, name := range Names() {
		english, err := Page("en", name)
		if err != nil {
			t.Fatal(err)
		}
		for _, language := range append([]string{"de", "es"}, Languages...) {
			text, err := Page(language, name)
			if err != nil {
				t.Errorf("%s: %s: %v", language, name, err)
				continue
			}
			if slices.Contains(Languages, language) && !Speaks(language, name) {
				t.Errorf("%s has no page %s", language, name)
			}
			for what, count := range map[string]func(string) int{
				"headings": func(text string) int { return len(heading.FindAllString(text, -1)) },
				"rows":     func(text string) int { return strings.Count(text, "\n|") },
				"examples": func(text string) int { return strings.Count(text, "```") },
			} {
				if got, want := count(text), count(english); got != want {
					t.Errorf("%s: %s has %d %s, and the English one %d", language, name, got, what, want)
				}
			}
		}
	}
	if text, err := Page("de", "cashier"); err != nil || !strings.HasPrefix(text, "# An der Kasse") || Speaks("de", "printers") {
		t.Errorf("a language with one page: %.20q, %v", text, err)
	}
	for _, language := range []string{"de", "es"} { // whose shops have hubs
		if !Speaks(language, "hub") {
			t.Errorf("%s does not say what a hub is", language)
		}
	}
	if text, err := Page("de", "printers"); err != nil || !strings.HasPrefix(text, "# Printers") {
		t.Errorf("a language without a handbook: %.20q, %v", text, err)
	}
	if _, err := Page("en", "../handbook"); err == nil {
		t.Error("a page outside of the handbook")
	} else if _, isPath := err.(*fs.PathError); !isPath {
		t.Errorf("a page that there is not: %v", err)
	}
}

// If the handbook did not know a printer that the program knows, its owner would set it up by guessing.
func TestPrintersPageNamesEveryProfile(t *testing.T) {
	ids := regexp.MustCompile(`(?m)^id = "(.+)"$`).FindAllSubmatch(printers.Profiles, -1)
	if len(ids) == 0 {
		t.Fatal("no profile was found: the search is broken")
	}
	for _, language := range Languages {
		text, err := Page(language, "printers")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if !strings.Contains(text, fmt.Sprintf("`%s`", id[1])) {
				t.Errorf("%s: the page does not name %s", language, id[1])
			}
		}
	}
}
