// Package handbook embeds the handbook: Markdown pages for the people at the counter and for those who set it up.
package handbook

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed en zh-Hans de es
var pages embed.FS

// Languages lists the languages that have the whole handbook, as BCP 47 tags. Others have some of its pages.
var Languages = []string{"en", "zh-Hans"}

// Speaks reports whether there is a page in a language.
func Speaks(language, name string) bool {
	_, err := fs.Stat(pages, path.Join(language, name+".md"))
	return err == nil
}

// Page is a page's Markdown in a language, or in English where that language has none; fs.ErrNotExist for a page that there is not. Names are
// those of Names: "printers".
func Page(language, name string) (string, error) {
	if !Speaks(language, name) {
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
