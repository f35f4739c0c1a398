package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/terminal"
)

// table reads one table of the file, key by key, and remembers which keys it was asked for: what is left over is unknown.
type table struct {
	*reader
	path   string
	values map[string]any
	asked  []string
}

// fault notes what is wrong with a key of the table, or with the table itself where key is empty.
func (t *table) fault(key, format string, args ...any) {
	path := t.path
	if key != "" {
		path = join(path, key)
	}
	t.faults = append(t.faults, Fault{Line: t.lines.of(path), What: fmt.Sprintf(format, args...)})
}

func (t *table) take(key string) (any, bool) {
	t.asked = append(t.asked, key)
	value, ok := t.values[key]
	return value, ok
}

// has reports whether the table has a key, without asking for it.
func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// done refuses the keys that nothing asked for.
func (t *table) done(what string) {
	keys := []string{}
	for key := range t.values {
		if !slices.Contains(t.asked, key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		t.fault(key, "%s has no key %q%s", what, key, meant(key, t.asked))
	}
}

// meant suggests what a word was meant to be.
func meant(word string, known []string) string {
	best, distance := "", 3
	for _, candidate := range known {
		if d := edits(strings.ToLower(word), candidate); d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	if best == "" {
		sorted := slices.Clone(known)
		slices.Sort(sorted)
		return fmt.Sprintf("; it can be: %s", strings.Join(slices.Compact(sorted), ", "))
	}
	return fmt.Sprintf("; %q may be meant", best)
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (t *table) text(key string, needed bool) string {
	value, ok := t.take(key)
	if !ok {
		if needed {
			t.fault("", "%q is missing", key)
		}
		return ""
	}
	text, ok := value.(string)
	if !ok {
		t.fault(key, "%q has to be a text in quotation marks and is %s", key, describe(value))
		return ""
	}
	if needed && strings.TrimSpace(text) == "" {
		t.fault(key, "%q is empty", key)
	}
	return text
}

// describe says what sort of value a wrong one is.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprint(v)
	case time.Time:
		return "a date or time"
	case []any, []map[string]any:
		return "a list"
	}
	return "a table"
}

// oneOf reads a word out of a list; fallback stands for a key that is left out.
func (t *table) oneOf(key, fallback string, words ...string) string {
	word := t.text(key, fallback == "?")
	if word == "" {
		return strings.TrimSuffix(fallback, "?")
	}
	if !slices.Contains(words, word) {
		t.fault(key, "%q cannot be %q%s", key, word, meant(word, words))
	}
	return word
}

func (t *table) number(key string, least, most int64) int64 {
	value, ok := t.take(key)
	if !ok {
		return 0
	}
	number, ok := value.(int64)
	if !ok {
		t.fault(key, "%q has to be a whole number and is %s", key, describe(value))
		return 0
	}
	if number < least || number > most {
		t.fault(key, "%q has to be between %d and %d and is %d", key, least, most, number)
		return 0
	}
	return number
}

func (t *table) boolean(key string, fallback bool) bool {
	value, ok := t.take(key)
	if !ok {
		return fallback
	}
	boolean, ok := value.(bool)
	if !ok {
		t.fault(key, "%q has to be true or false and is %s", key, describe(value))
	}
	return boolean
}

func (t *table) texts(key string) []string {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		t.fault(key, "%q has to be a list such as [\"a\", \"b\"] and is %s", key, describe(value))
		return nil
	}
	var texts []string
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			t.fault(key, "%q has to be a list of texts and holds %s", key, describe(one))
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}

// notEmpty refuses a list with nothing in it: leaving it out means everything, so that it is not said what the empty list is to mean.
func (t *table) notEmpty(key, all string) {
	if list, ok := t.values[key].([]any); ok && len(list) == 0 {
		t.fault(key, "%q is empty, which would leave nothing: leave the key out where %s is meant", key, all)
	}
}

// some reads a list that restricts to what it names.
func (t *table) some(key, all string) []string {
	t.notEmpty(key, all)
	return t.texts(key)
}

// legible refuses names behind which something else can be hidden.
func (t *table) legible(key string, names ...string) {
	for _, name := range names {
		if !terminal.Legible(name) {
			t.fault(key, "%q holds a control character or a mark that turns the direction of writing: %+q", key, name)
		}
	}
}

// something reads an amount that has to be more than nothing.
func (t *table) something(key string) *terminal.Money {
	money := t.money(key)
	if money != nil && money.IsZero() {
		t.fault(key, "%q is nothing: write an amount such as \"%s\", or leave the key out", key, terminal.ExampleAmount(t.currency))
		return nil
	}
	return money
}

// money reads a decimal string in the merchant's currency.
func (t *table) money(key string) *terminal.Money {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	text, ok := value.(string)
	if !ok {
		t.fault(key, "%q has to be an amount in quotation marks, such as \"%s\", and is %s", key,
			terminal.ExampleAmount(t.currency), describe(value))
		return nil
	}
	money, err := terminal.ParseMoney(text, t.currency)
	switch {
	case errors.Is(err, terminal.ErrOverflow) || (err == nil && money.Minor > terminal.VoucherMost):
		most := terminal.Money{Minor: terminal.VoucherMost, Currency: t.currency}
		t.fault(key, "%q can be %s at most and is %q", key, most, text)
		return nil
	case err != nil:
		t.fault(key, "%q is not an amount of %s: %q; write it like \"%s\"", key, t.currency, text, terminal.ExampleAmount(t.currency))
		return nil
	}
	return &money
}

// The names that the decoder gives to the zones of dates and times without an offset.
const (
	zoneLocalTime = "datetime-local"
	zoneLocalDate = "date-local"
)

func (t *table) moment(key string) *terminal.Moment {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	at, ok := value.(time.Time)
	if !ok || (at.Location().String() != zoneLocalTime && at.Location().String() != zoneLocalDate && at.Year() == 0) || at.Location().String() == "time-local" {
		t.fault(key, "%q has to be a time such as 2026-01-31T18:00:00, without quotation marks, and is %s", key, describe(value))
		return nil
	}
	switch at.Location().String() {
	case zoneLocalTime:
		return &terminal.Moment{Local: true, Civil: civil(at)}
	case zoneLocalDate:
		t.fault(key, "%q has to say the time of day too, such as %sT00:00:00", key, at.Format(time.DateOnly))
		return nil
	}
	return &terminal.Moment{Instant: at.Round(0)}
}

func civil(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

func (t *table) dates(key string) []terminal.Date {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		t.fault(key, "%q has to be a list of dates such as [2026-12-24] and is %s", key, describe(value))
		return nil
	}
	var dates []terminal.Date
	for _, one := range list {
		at, ok := one.(time.Time)
		if !ok || at.Location().String() != zoneLocalDate {
			t.fault(key, "%q has to be a list of dates such as [2026-12-24] and holds %s", key, describe(one))
			return nil
		}
		dates = append(dates, terminal.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()})
	}
	return dates
}

// minutes reads a time of day as minutes after midnight; 24:00 is the end of the day.
func (t *table) minutes(key string, needed bool) int {
	text := t.text(key, needed)
	if text == "" {
		return 0
	}
	var hour, minute int
	if n, err := fmt.Sscanf(text+"\n", "%2d:%2d\n", &hour, &minute); err != nil || n != 2 || len(text) != 5 ||
		hour < 0 || minute < 0 || minute > 59 || hour*60+minute > 24*60 {
		t.fault(key, "%q has to be a time of day such as \"17:30\" and is %q", key, text)
		return 0
	}
	return hour*60 + minute
}

// seconds reads a duration such as "30m" or "2h".
func (t *table) seconds(key string, most time.Duration) int64 {
	text := t.text(key, false)
	if text == "" {
		return 0
	}
	duration, err := time.ParseDuration(text)
	if err != nil || duration < 0 || duration%time.Second != 0 {
		t.fault(key, "%q has to be a time span such as \"30m\" or \"2h\" and is %q", key, text)
		return 0
	}
	if duration > most {
		t.fault(key, "%q can be %s at most and is %q", key, strings.TrimSuffix(strings.TrimSuffix(most.String(), "0s"), "0m"), text)
	}
	return int64(duration / time.Second)
}

// within returns the inner table of a key, or nil.
func (t *table) within(key string) *table {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	values, ok := value.(map[string]any)
	if !ok {
		t.fault(key, "%q has to be a table such as { … } and is %s", key, describe(value))
		return nil
	}
	return &table{reader: t.reader, path: join(t.path, key), values: values}
}

// tables returns the inner tables of a list.
func (t *table) tables(key string) []*table {
	value, ok := t.take(key)
	if !ok {
		return nil
	}
	var out []*table
	add := func(values map[string]any) {
		out = append(out, &table{reader: t.reader, path: fmt.Sprintf("%s[%d]", join(t.path, key), len(out)), values: values})
	}
	switch list := value.(type) {
	case []map[string]any:
		for _, values := range list {
			add(values)
		}
	case []any:
		for _, one := range list {
			values, ok := one.(map[string]any)
			if !ok {
				t.fault(key, "%q has to be a list of tables and holds %s", key, describe(one))
				return nil
			}
			add(values)
		}
	default:
		t.fault(key, "%q has to be a list of tables and is %s", key, describe(value))
	}
	return out
}
