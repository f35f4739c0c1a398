// Package handbook embeds the handbook: Markdown pages for the people at the counter and for those who set it up.
package handbook

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed en zh-Hans
var pages embed.FS

// Languages lists the languages of the handbook, as BCP 47 tags. English has every page.
var Languages = []string{"en", "zh-Hans"}

// Page is a page's Markdown in a language, or in English where that language has no handbook; fs.ErrNotExist for a page that there
// is not. Names are those of Names: "printers".
func Page(language, name string) (string, error) {
	if !slices.Contains(Languages, language) {
		language = Languages[0]
	}
	text, err := pages.ReadFile(path.Join(language, name+".md"))
	return string(text), err
}

// Names lists the pages, in alphabetical order.
func Names() []string {
	files, err := fs.Glob(pages, Languages[0]+"/*.md")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".md")
	}
	return files
}
