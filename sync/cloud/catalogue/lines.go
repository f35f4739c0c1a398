package catalogue

import (
	"fmt"
	"strings"
)

// lines finds where in a TOML file each key stands. The decoder tells positions of syntax errors only, and a sentence about a wrong
// value is worth little without its line. It reads what the decoder has accepted and need not judge it.
type lines struct {
	at     map[string]int // path such as "campaign[2].discount.percent" to line, from 1
	counts map[string]int
}

func findLines(source string) lines {
	l := lines{at: map[string]int{}, counts: map[string]int{}}
	prefix := ""
	for number, rest := 1, source; rest != ""; {
		line, length := logicalLine(rest)
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "[["):
			name := strings.TrimSpace(strings.Trim(before(text, "]]"), "[ "))
			prefix = l.resolve(name, true)
			l.note(prefix, number)
		case strings.HasPrefix(text, "["):
			prefix = l.resolve(strings.TrimSpace(strings.Trim(before(text, "]"), "[ ")), false)
			l.note(prefix, number)
		case text != "" && text[0] != '#':
			if key, value, found := strings.Cut(line, "="); found {
				path := join(prefix, unquoteKey(key))
				l.note(path, number)
				l.noteElements(path, value, number)
			}
		}
		number += strings.Count(rest[:length], "\n")
		rest = rest[length:]
	}
	return l
}

func before(text, mark string) string {
	head, _, _ := strings.Cut(text, mark)
	return head
}

func unquoteKey(key string) string {
	parts := strings.Split(strings.TrimSpace(key), ".")
	for i, part := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(part), `"'`)
	}
	return strings.Join(parts, ".")
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

func (l lines) note(path string, number int) {
	if _, ok := l.at[path]; !ok {
		l.at[path] = number
	}
}

// resolve turns the name in a header into a path: [[campaign]] begins the next one, [campaign.name] belongs to the last.
func (l lines) resolve(name string, next bool) string {
	parts := strings.Split(unquoteKey(name), ".")
	path := ""
	for i, part := range parts {
		path = join(path, part)
		switch count, list := l.counts[path]; {
		case next && i == len(parts)-1:
			l.counts[path]++
			l.note(path, 0) // holds the place; the list is where its first element is
			path = fmt.Sprintf("%s[%d]", path, count)
		case list:
			path = fmt.Sprintf("%s[%d]", path, count-1)
		}
	}
	return path
}

// noteElements notes where the tables of a list stand that is written over several lines.
func (l lines) noteElements(path, value string, number int) {
	depth, count := 0, 0
	for i := 0; i < len(value); {
		switch c := value[i]; c {
		case '"', '\'':
			length := stringLength(value[i:], c)
			number += strings.Count(value[i:i+length], "\n")
			i += length
			continue
		case '#':
			i += max(strings.IndexByte(value[i:], '\n'), 1)
			continue
		case '\n':
			number++
		case '[', '{':
			if c == '{' && depth == 1 {
				l.note(fmt.Sprintf("%s[%d]", path, count), number)
				count++
			}
			depth++
		case ']', '}':
			depth--
		}
		i++
	}
}

// of is the line of a path, else of what it is part of.
func (l lines) of(path string) int {
	for path != "" {
		number, ok := l.at[path]
		if ok && number == 0 {
			number = l.at[path+"[0]"]
		}
		if ok {
			return max(number, 1)
		}
		path = path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
	}
	return 1
}

// logicalLine returns the first line of text, with those that a bracket or a long string draws into it, and its length in bytes.
func logicalLine(text string) (line string, length int) {
	depth := 0
	header := strings.HasPrefix(strings.TrimLeft(text, " \t"), "[")
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n' && (depth <= 0 || header):
			return text[:i], i + 1
		case c == '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return text, len(text)
			}
			i += end
		case c == '"' || c == '\'':
			i += stringLength(text[i:], c)
		default:
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth--
			}
			i++
		}
	}
	return text, len(text)
}

// stringLength is the length of the string that text begins with.
func stringLength(text string, quote byte) int {
	long := strings.Repeat(string(quote), 3)
	if strings.HasPrefix(text, long) {
		if end := strings.Index(text[3:], long); end >= 0 {
			return end + 6
		}
		return len(text)
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote:
			return i + 1
		case text[i] == '\n':
			return i
		}
	}
	return len(text)
}
