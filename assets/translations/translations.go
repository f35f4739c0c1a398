// Package translations holds every sentence that a person reads, in every language, and says it: with names, amounts of money and
// times filled in as that language writes them.
//
// A file is named LANGUAGE.json or PART.LANGUAGE.json and is one flat JSON object from key to sentence. In a sentence
//
//	{name}           is a place, filled with args["name"]
//	{name:format}    the same, written in a certain way: see the formats below
//	{name#one|other} is a word that goes with a number: the first form for 1, the second for all others
//	[ by {name}]     is left out whole when a place in it has no value
//
// Formats: time "12:04", date "24 Dec 2026", relative "today at 12:04" (of a time) or "today" (of a date), counter (a terminal's
// name: "counter-2" becomes "counter 2"), hours, minutes and seconds (a number that is a duration: "1 h 20 min"), and @prefix, which says
// the word prefix.VALUE: {role:@role} says role.manager as "manager".
package translations

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/terminal"
)

//go:embed *.json
var files embed.FS

// Languages lists the languages, as BCP 47 tags, in the order in which they are offered. English comes first: it answers for
// whatever another language lacks.
var Languages = []string{"en", "zh-Hans", "de", "es"}

// Words says sentences in one language and writes times in one zone. It implements terminal.Words and may be used by several
// goroutines at once.
type Words struct {
	language  string
	zone      *time.Location
	now       func() time.Time
	sentences map[string]sentence
	english   map[string]sentence
}

var _ terminal.Words = (*Words)(nil)

// For returns the words of the best match for language, a BCP 47 tag ("de-AT" is answered in "de", any Chinese in "zh-Hans", what is
// not spoken here in English). Times are written in zone; nil means UTC. What "today" is, is asked of the system's clock: see At.
func For(language string, zone *time.Location) *Words {
	if zone == nil {
		zone = time.UTC
	}
	tag := Match(language)
	all := load()
	return &Words{language: tag, zone: zone, now: time.Now, sentences: all[tag], english: all[Languages[0]]}
}

// Speaks reports whether somebody who asks for the BCP 47 tag language is answered in it, and not in English instead.
func Speaks(language string) bool {
	wanted, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	have, _, _ := strings.Cut(Match(language), "-")
	return strings.EqualFold(have, wanted)
}

// Match returns the one of Languages that serves somebody who asks for the BCP 47 tag language (a POSIX locale such as
// "de_DE.UTF-8" will do).
func Match(language string) string {
	wanted, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), ".")
	base, _, _ := strings.Cut(wanted, "-")
	for _, tag := range Languages {
		if have, _, _ := strings.Cut(tag, "-"); strings.EqualFold(have, base) {
			return tag
		}
	}
	return Languages[0]
}

// At returns the same words, with now telling what is "today" and "yesterday". A time given as args["now"] goes before it.
func (w *Words) At(now func() time.Time) *Words {
	with := *w
	with.now = now
	return &with
}

// Speak returns the words of the best match for language, with times as w writes them: in the same zone, on the same day.
func (w *Words) Speak(language string) *Words {
	with := For(language, w.zone)
	with.now = w.now
	return with
}

// Language is the BCP 47 tag of the language that is spoken, one of Languages.
func (w *Words) Language() string { return w.language }

// Has reports whether there is a sentence for key in any language.
func (w *Words) Has(key string) bool {
	_, ok := w.english[key]
	return ok
}

// Say fills the sentence of key. Args may hold strings, numbers, terminal.Money, time.Time, terminal.Date, terminal.Text,
// time.Duration, []string, pointers to these, and what these become in JSON: facts from the cloud are said like the terminal's
// own. A key that the language lacks is said in English; one that nobody has is returned as it is, so that the answer is never empty. A
// place that stands outside brackets and has no value becomes a dash.
func (w *Words) Say(key string, args map[string]any) string {
	s, ok := w.sentences[key]
	if !ok {
		s, ok = w.english[key]
	}
	if !ok {
		return key
	}
	if said := strings.TrimSpace(s.fill(w, args)); said != "" {
		return said
	}
	return key
}

// load reads the embedded files once. They are part of the program: a file that cannot be read is a fault of the build, which the
// package's tests find, and so a panic.
var load = sync.OnceValue(func() map[string]map[string]sentence {
	all := make(map[string]map[string]sentence, len(Languages))
	for _, language := range Languages {
		all[language] = map[string]sentence{}
	}
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		if err := loadFile(name, all); err != nil {
			panic(fmt.Errorf("translations: %s: %w", name, err))
		}
	}
	return all
})

func loadFile(name string, all map[string]map[string]sentence) error {
	language := strings.TrimSuffix(name, ".json")
	if _, after, parted := strings.Cut(language, "."); parted {
		language = after
	}
	if !slices.Contains(Languages, language) {
		return fmt.Errorf("%q is none of the languages %s", language, strings.Join(Languages, ", "))
	}
	data, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	texts, err := decodeFlat(data)
	if err != nil {
		return err
	}
	for key, text := range texts {
		if _, twice := all[language][key]; twice {
			return fmt.Errorf("the key %q stands in another file too", key)
		}
		parsed, err := parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		all[language][key] = parsed
	}
	return nil
}

// decodeFlat reads one JSON object of strings and, unlike json.Unmarshal, refuses a key that comes twice: one of the two sentences
// would be lost without a word.
func decodeFlat(data []byte) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("not a JSON object (%v)", err)
	}
	texts := map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var text string
		if err := decoder.Decode(&text); err != nil {
			return nil, fmt.Errorf("%v: %w", key, err)
		}
		if _, twice := texts[key.(string)]; twice {
			return nil, fmt.Errorf("the key %q comes twice", key)
		}
		texts[key.(string)] = text
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("something follows the object")
	}
	return texts, nil
}
