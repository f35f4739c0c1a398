package handbook

import (
	"regexp"
	"strings"
)

// Kind is what a Block is.
type Kind int

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Title          // of the page
	Heading        // of a section
	Point          // of a list
	Row            // of a table
	HeadRow        // the first row of a table
	Example        // a line of a command or a file
)

// Block is a piece of a page as a screen shows it: plain words, without marks of emphasis and without links.
type Block struct {
	Kind  Kind
	Text  string
	Cells []string // of a row
}

var (
	linked   = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
	ordered  = regexp.MustCompile(`^\d+\. `)
	lined    = regexp.MustCompile(`^\|[\s|:-]+\|$`)
	emphasis = strings.NewReplacer("**", "", "`", "")
)

func plain(text string) string {
	return emphasis.Replace(linked.ReplaceAllString(strings.TrimSpace(text), "$1"))
}

// Blocks takes a page's Markdown apart.
func Blocks(markdown string) []Block {
	var blocks []Block
	open, fenced, table := false, false, false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if fence := strings.HasPrefix(trimmed, "```"); fence || fenced {
			if fence {
				fenced, open = !fenced, false
			} else {
				blocks = append(blocks, Block{Kind: Example, Text: line})
			}
			continue
		}
		if !strings.HasPrefix(trimmed, "|") {
			table = false
		}
		switch {
		case trimmed == "":
			open = false
		case strings.HasPrefix(trimmed, "# "):
			blocks, open = append(blocks, Block{Kind: Title, Text: plain(trimmed[2:])}), false
		case strings.HasPrefix(trimmed, "#"):
			blocks, open = append(blocks, Block{Kind: Heading, Text: plain(strings.TrimLeft(trimmed, "# "))}), false
		case lined.MatchString(trimmed):
		case strings.HasPrefix(trimmed, "|"):
			row := Block{Kind: HeadRow}
			if table {
				row.Kind = Row
			}
			for cell := range strings.SplitSeq(strings.Trim(trimmed, "|"), "|") {
				row.Cells = append(row.Cells, plain(cell))
			}
			blocks, open, table = append(blocks, row), false, true
		case strings.HasPrefix(trimmed, "- "), strings.HasPrefix(trimmed, "* "), ordered.MatchString(trimmed):
			_, text, _ := strings.Cut(trimmed, " ")
			blocks, open = append(blocks, Block{Kind: Point, Text: plain(text)}), true
		case open: // the page's lines are broken where its source's are
			last := &blocks[len(blocks)-1]
			last.Text = join(last.Text, plain(trimmed))
		default:
			blocks, open = append(blocks, Block{Kind: Paragraph, Text: plain(trimmed)}), true
		}
	}
	return blocks
}

// join goes on with a paragraph: between Chinese signs a broken line is no blank.
func join(text, more string) string {
	last, first := []rune(text), []rune(more)
	if len(last) > 0 && len(first) > 0 && (last[len(last)-1] > 0x2E80 || first[0] > 0x2E80) {
		return text + more
	}
	return text + " " + more
}
