// Command html writes the handbook as web pages that need nothing but a browser: one folder a language, with a list of the pages.
//
//	go run ./assets/handbook/html -out dist/handbook
package main

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"html/template"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"countersign/assets/handbook"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "handbook", "the folder to write to")
	flag.Parse()
	if err := write(*out); err != nil {
		log.Fatal(err)
	}
}

// page is what the template shows.
type page struct {
	Language, Title string
	Pages           []link
	Body            template.HTML
}

type link struct {
	Name, Title string
	Here        bool
}

var (
	title = regexp.MustCompile(`(?m)^# (.+)$`)
	// Pages name each other as files of Markdown, which they are in the sources.
	between = regexp.MustCompile(`href="([a-z-]+)\.md(#[^"]*)?"`)
)

func write(out string) error {
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	for _, language := range handbook.Languages {
		folder := filepath.Join(out, language)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		texts, titles := map[string]string{}, map[string]string{}
		for _, name := range handbook.Names() {
			text, err := handbook.Page(language, name)
			if err != nil {
				return err
			}
			found := title.FindStringSubmatch(text)
			if found == nil {
				return fmt.Errorf("%s/%s.md has no title", language, name)
			}
			texts[name], titles[name] = text, found[1]
		}
		for name := range texts {
			var body bytes.Buffer
			if err := markdown.Convert([]byte(texts[name]), &body); err != nil {
				return fmt.Errorf("%s/%s.md: %w", language, name, err)
			}
			shown := page{Language: language, Title: titles[name], Body: template.HTML(between.ReplaceAllString(body.String(), `href="$1.html$2"`))}
			for _, other := range handbook.Names() {
				shown.Pages = append(shown.Pages, link{other, titles[other], other == name})
			}
			if err := writePage(filepath.Join(folder, name+".html"), shown); err != nil {
				return err
			}
		}
		first := handbook.Names()[0]
		for _, name := range handbook.Names() {
			if name == "cashier" {
				first = name
			}
		}
		if err := writeIndex(filepath.Join(folder, "index.html"), language, first+".html", titles[first]); err != nil {
			return err
		}
	}
	return writeIndex(filepath.Join(out, "index.html"), "en", "en/index.html", "Countersign")
}

func writePage(path string, shown page) error {
	var text bytes.Buffer
	if err := form.Execute(&text, shown); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// writeIndex leads on to a page.
func writeIndex(path, language, to, name string) error {
	text := fmt.Sprintf("<!doctype html>\n<html lang=%q><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=%s\">\n<title>%s</title><a href=\"%[2]s\">%[3]s</a></html>\n",
		language, to, html.EscapeString(name))
	return os.WriteFile(path, []byte(text), 0o644)
}

var form = template.Must(template.New("page").Parse(strings.TrimLeft(`
<!doctype html>
<html lang="{{.Language}}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}} · Countersign</title>
<style>
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #f3f5f8; --blue: #0f5fc0 }
@media (prefers-color-scheme: dark) { :root { --line: #3a414c; --soft: #1d222a; --blue: #7db4ff } }
body { margin: 0; font: 17px/1.6 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; display: flex; flex-wrap: wrap }
nav { padding: 2rem 1.5rem; flex: 1 1 11rem; max-width: 16rem; border-right: 1px solid var(--line) }
nav a { display: block; padding: .35rem .6rem; border-radius: .3rem; text-decoration: none }
nav a[aria-current] { background: var(--soft); font-weight: 600 }
main { padding: 1rem 2rem 4rem; flex: 3 1 30rem; max-width: 46rem; min-width: 0 }
a { color: var(--blue) }
h1 { font-size: 1.9rem; line-height: 1.2 } h2 { margin-top: 2.2rem; font-size: 1.3rem }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .4rem .7rem; text-align: left; vertical-align: top }
th { background: var(--soft) }
code, pre { font-family: ui-monospace, Consolas, monospace; font-size: .92em; background: var(--soft); border-radius: .25rem }
code { padding: .1rem .3rem } pre { padding: .8rem 1rem; overflow-x: auto } pre code { padding: 0 }
@media print { nav { display: none } }
</style>
<nav>
{{range .Pages}}<a href="{{.Name}}.html"{{if .Here}} aria-current="page"{{end}}>{{.Title}}</a>
{{end}}</nav>
<main>
{{.Body}}</main>
</html>
`, "\n")))
