package translations

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is a sentence taken apart once, when it is loaded.
type sentence []piece

// piece is one stretch of a sentence: text, or a place, or a part in brackets.
type piece struct {
	text     string
	place    string   // the key in args
	format   string   // of a place, "" for the natural one
	forms    []string // of a place that is a word going with a number: for 1, for all others
	optional sentence // what stands in brackets
}

// noValue stands where a sentence needs a value that nobody gave.
const noValue = "–"

// parse takes a sentence apart. Braces and brackets have no other use in a sentence, and brackets do not nest.
func parse(text string) (sentence, error) {
	var out sentence
	for text != "" {
		at := strings.IndexAny(text, "{}[]")
		if at < 0 {
			return append(out, piece{text: text}), nil
		}
		if at > 0 {
			out = append(out, piece{text: text[:at]})
		}
		close := map[byte]string{'{': "}", '[': "]"}[text[at]]
		inside, rest, closed := strings.Cut(text[at+1:], close)
		if close == "" || !closed {
			return nil, fmt.Errorf("a bracket without its other half at %q", text[at:])
		}
		if close == "}" {
			place, err := parsePlace(inside)
			if err != nil {
				return nil, err
			}
			out = append(out, place)
		} else {
			optional, err := parse(inside)
			if err != nil {
				return nil, err
			}
			out = append(out, piece{optional: optional})
		}
		text = rest
	}
	return out, nil
}

func parsePlace(inside string) (piece, error) {
	name, forms, counted := strings.Cut(inside, "#")
	name, format, _ := strings.Cut(name, ":")
	p := piece{place: name, format: format}
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
		return p, fmt.Errorf("{%s} does not name a place", inside)
	}
	if !counted {
		return p, nil
	}
	p.forms = strings.Split(forms, "|")
	if len(p.forms) != 2 {
		return p, fmt.Errorf("{%s} needs two forms, for one and for many", inside)
	}
	return p, nil
}

// fill writes the sentence with what args hold.
func (s sentence) fill(w *Words, args map[string]any) string {
	if len(s) == 1 && s[0].optional == nil { // a word, or a place alone: nothing is put together
		return s[0].say(w, args)
	}
	var out strings.Builder
	put := func(text string) {
		if w.language == chinese && apart(out.String(), text) {
			out.WriteByte(' ')
		}
		out.WriteString(text)
	}
	for i := range s {
		p := &s[i]
		switch {
		case p.optional != nil:
			if p.optional.complete(w, args) {
				put(p.optional.fill(w, args))
			}
		default:
			put(p.say(w, args))
		}
	}
	return out.String()
}

// say says a piece that does not stand in brackets.
func (p *piece) say(w *Words, args map[string]any) string {
	if p.place == "" {
		return p.text
	}
	if value, ok := p.value(w, args); ok {
		return value
	}
	return noValue
}

// chinese is the language whose signs stand close together, but for a space towards a name in Latin letters. Sentences cannot have it
// written: the same place may hold a Chinese name.
const chinese = "zh-Hans"

// apart reports that a Chinese sign and a Latin letter would meet.
func apart(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return unicode.Is(unicode.Han, last) && unicode.Is(unicode.Latin, first) || unicode.Is(unicode.Latin, last) && unicode.Is(unicode.Han, first)
}

// complete reports whether every place of the sentence has a value.
func (s sentence) complete(w *Words, args map[string]any) bool {
	for i := range s {
		p := &s[i]
		if p.place == "" {
			continue
		}
		if _, ok := p.value(w, args); !ok {
			return false
		}
	}
	return true
}

func (p *piece) value(w *Words, args map[string]any) (string, bool) {
	value := plain(args[p.place])
	if p.forms == nil {
		return w.write(value, p.format, args)
	}
	number, ok := value.(int64)
	if !ok {
		return "", false
	}
	if number == 1 {
		return p.forms[0], true
	}
	return p.forms[1], true
}
