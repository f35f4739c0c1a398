// Command man writes the handbook as manual pages, from the same sources as the web pages: countersign-cashier(7) and so on, in English, and
// in simplified Chinese below zh_CN, where man(1) looks for them by the language of whoever asks.
//
//	go run ./assets/handbook/man -out dist/man
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"countersign/assets/handbook"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "man", "the folder to write to")
	flag.Parse()
	if err := write(*out); err != nil {
		log.Fatal(err)
	}
}

// edition is the handbook in one language, as man(1) wants it.
type edition struct {
	language string
	folder   string // below the folder of manual pages, "" for English
	name     string // of the section that names the page
	also     string // of the section that names the others
	web      string // a sentence on the web pages
	commands string // a sentence on the pages of commands and options
}

var editions = []edition{
	{"en", "", "NAME", "SEE ALSO", "The same as web pages:", "Commands and options:"},
	{"zh-Hans", "zh_CN", "名称", "另见", "网页版：", "命令和选项（英文，LC_ALL=C man）："},
}

// programs are the commands whose page in a language that has none of its own is a page of the handbook.
var programs = map[string]string{"countersign": "cashier", "countersignctl": "it"}

func write(out string) error {
	for _, e := range editions {
		for _, page := range handbook.Names() {
			name := pageName(page)
			if err := e.write(filepath.Join(out, e.folder, "man7", name+".7"), page, name, 7); err != nil {
				return err
			}
		}
		if e.folder == "" { // the programs write their own, of their commands and options
			continue
		}
		for program, page := range programs {
			if err := e.write(filepath.Join(out, e.folder, "man1", program+".1"), page, program, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// pageName is what man(1) is asked for.
func pageName(page string) string { return "countersign-" + page }

func (e edition) write(path, page, name string, section int) error {
	markdown, err := handbook.Page(e.language, page)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(broken(e.page(markdown, name, section))), 0o644)
}

// page is a page in the format of man(7).
func (e edition) page(markdown, name string, section int) string {
	var text strings.Builder
	blocks := handbook.Blocks(markdown)
	title := name
	if len(blocks) > 0 && blocks[0].Kind == handbook.Title {
		title, blocks = blocks[0].Text, blocks[1:]
	}
	fmt.Fprintf(&text, ".TH %s %d \"\" Countersign \"%s\"\n", roff(strings.ToUpper(name)), section, quoted(title))
	fmt.Fprintf(&text, ".SH %s\n%s \\- %s\n", e.name, roff(name), roff(title))
	if len(blocks) > 0 && blocks[0].Kind != handbook.Heading {
		fmt.Fprintf(&text, ".SH \"%s\"\n", quoted(title))
	}
	var header []string
	example := false
	for _, block := range blocks {
		if example && block.Kind != handbook.Example {
			text.WriteString(".EE\n")
		}
		if block.Kind == handbook.Example && !example {
			text.WriteString(".PP\n.EX\n")
		}
		example = block.Kind == handbook.Example
		if block.Kind == handbook.HeadRow {
			header = block.Cells
		}
		writeBlock(&text, block, header)
	}
	if example {
		text.WriteString(".EE\n")
	}
	var others []string
	for _, other := range handbook.Names() {
		if pageName(other) != name {
			others = append(others, fmt.Sprintf(".BR %s (7)", roff(pageName(other))))
		}
	}
	fmt.Fprintf(&text, ".SH \"%s\"\n%s\n.PP\n%s\n.BR countersign (1),\n.BR countersignctl (1)\n.PP\n%s\n.I /usr/share/doc/countersign/handbook/index.html\n",
		e.also, strings.Join(others, ",\n"), roff(e.commands), roff(e.web))
	return text.String()
}

// writeBlock writes one block. A row of a table becomes a paragraph under its first cell; more than two columns keep their heads.
func writeBlock(text *strings.Builder, block handbook.Block, header []string) {
	switch block.Kind {
	case handbook.Heading, handbook.Title:
		fmt.Fprintf(text, ".SH \"%s\"\n", quoted(block.Text))
	case handbook.Point:
		fmt.Fprintf(text, ".IP \\(bu 3\n%s\n", roff(block.Text))
	case handbook.Row:
		fmt.Fprintf(text, ".TP\n\\fB%s\\fR\n", roff(block.Cells[0]))
		for i, cell := range block.Cells[1:] {
			if len(block.Cells) > 2 && i+1 < len(header) && header[i+1] != "" {
				fmt.Fprintf(text, "\\fI%s:\\fR ", roff(header[i+1]))
			}
			fmt.Fprintf(text, "%s\n", roff(cell))
			if i+2 < len(block.Cells) {
				text.WriteString(".br\n")
			}
		}
	case handbook.HeadRow:
	case handbook.Example:
		fmt.Fprintf(text, "%s\n", roff(block.Text))
	default:
		fmt.Fprintf(text, ".PP\n%s\n", roff(block.Text))
	}
}

// roff writes text so that man(7) takes nothing in it for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// Neither is a line begun with the former nor ended with the latter.
const (
	closing = "、，。；：！？）》”’」』】…"
	opening = "（《“‘「『【"
)

// broken lets lines end between Chinese signs, which are written without blanks: else man(1) runs past the edge.
func broken(page string) string {
	if !strings.ContainsFunc(page, wide) {
		return page
	}
	var text strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, ".") {
			text.WriteString(line)
			if strings.HasPrefix(line, ".TH ") {
				text.WriteString(".ad l\n") // between words alone there is too little room to spread a line
			}
			continue
		}
		var last rune
		for _, sign := range line {
			if (wide(last) || wide(sign)) && last != 0 && last != ' ' && sign != ' ' && sign != '\n' && last != '\\' &&
				!strings.ContainsRune(closing, sign) && !strings.ContainsRune(opening, last) {
				text.WriteString(`\:`)
			}
			text.WriteRune(sign)
			last = sign
		}
	}
	return text.String()
}

// wide reports a sign that takes the room of two.
func wide(sign rune) bool { return sign > 0x2E80 }

// quoted is text within the quotes of a request's argument.
func quoted(text string) string { return strings.ReplaceAll(roff(text), `"`, `\(dq`) }
