package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"countersign/assets/handbook"
)

// requests are all that a page may ask of man(7).
var requests = regexp.MustCompile(`^\.(TH|SH|PP|TP|IP|EX|EE|BR|I|br|ad)\b`)

func TestEveryPageOfTheHandbookIsAManualPage(t *testing.T) {
	// Somebody at a counter without a browser, or in Chinese, would find commands and options, and nothing on how to work.
	out := t.TempDir()
	if err := write(out); err != nil {
		t.Fatal(err)
	}
	paths := []string{"zh_CN/man1/countersign.1", "zh_CN/man1/countersignctl.1"}
	for _, page := range handbook.Names() {
		paths = append(paths, "man7/countersign-"+page+".7", "zh_CN/man7/countersign-"+page+".7")
	}
	for _, path := range paths {
		raw, err := os.ReadFile(filepath.Join(out, path))
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if !strings.HasPrefix(text, ".TH COUNTERSIGN") || !strings.Contains(text, "/usr/share/doc/countersign/handbook/index.html") {
			t.Errorf("%s has no title, or does not say where the handbook is", path)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "'") || (strings.HasPrefix(line, ".") && !requests.MatchString(line)) {
				t.Errorf("%s: man takes this for a request: %s", path, line)
			}
			if strings.Contains(line, "**") || strings.Contains(line, "](") {
				t.Errorf("%s: Markdown is left in it: %s", path, line)
			}
		}
	}
	for language, path := range map[string]string{"en": "man7/countersign-cashier.7", "zh-Hans": "zh_CN/man1/countersign.1"} {
		raw, err := os.ReadFile(filepath.Join(out, path))
		if err != nil {
			t.Fatal(err)
		}
		markdown, err := handbook.Page(language, "cashier")
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range handbook.Blocks(markdown) {
			for _, words := range append(block.Cells, block.Text) {
				if block.Kind != handbook.HeadRow && !strings.Contains(strings.ReplaceAll(string(raw), `\:`, ""), roff(words)) {
					t.Errorf("%s lacks what the page says: %s", path, words)
				}
			}
		}
	}
}

func TestChineseLinesCanBeBroken(t *testing.T) {
	// A paragraph would run past the edge of the terminal, and its end could not be read.
	for given, wanted := range map[string]string{"按 F9 换人。\n": "按 F9 换\\:人。\n", "小票（见下）\n": "小\\:票\\:（见\\:下）\n", "plain words\n": "plain words\n"} {
		if got := broken(given); got != wanted {
			t.Errorf("%q is written %q, not %q", given, got, wanted)
		}
	}
}

func TestNothingInAPageIsTakenForARequest(t *testing.T) {
	// A line that begins with a file's name such as .config would vanish from the page.
	for given, wanted := range map[string]string{".config -x": `\&.config \-x`, "'tis": `\&'tis`, `C:\Program Files`: `C:\eProgram Files`} {
		if got := roff(given); got != wanted {
			t.Errorf("%q is written %q", given, got)
		}
	}
}
