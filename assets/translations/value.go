package translations

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"countersign/terminal"
)

// plain brings a value to one of the few types that write knows: string, int64, terminal.Money, time.Time, terminal.Date,
// terminal.Text, time.Duration, []string; nil stands for no value. What came through JSON becomes what it was before it.
func plain(value any) any {
	switch v := value.(type) { // what slips and screens say all day, without a look at what it is made of
	case nil:
		return nil
	case string:
		return plainString(v)
	case int64:
		return v
	case terminal.Money, time.Time, terminal.Date, terminal.Text:
		return v
	}
	of := reflect.ValueOf(value)
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if !of.IsValid() {
		return nil
	}
	switch v := of.Interface().(type) {
	case terminal.Money, time.Time, terminal.Date, terminal.Text, time.Duration:
		return v
	case string:
		return plainString(v)
	case json.Number:
		return plainNumber(v.String())
	case map[string]any:
		return plainObject(v)
	case fmt.Stringer:
		return plainString(v.String())
	}
	switch of.Kind() {
	case reflect.String:
		return plainString(of.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return of.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return plainNumber(strconv.FormatUint(of.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		if whole := math.Trunc(of.Float()); whole == of.Float() && math.Abs(whole) < 1<<53 {
			return int64(whole)
		}
		return strconv.FormatFloat(of.Float(), 'f', -1, 64)
	case reflect.Slice, reflect.Array:
		var list []string
		for i := range of.Len() {
			if text, ok := plain(of.Index(i).Interface()).(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return fmt.Sprint(of.Interface())
}

// plainString recognises the times and dates that JSON holds as strings. No name of a person, a store or a deal looks like one.
func plainString(text string) any {
	if len(text) < len(time.DateOnly) || text[4] != '-' || text[7] != '-' { // most are names
		return text
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at
	}
	if date, err := terminal.ParseDate(text); err == nil {
		return date
	}
	return text
}

func plainNumber(text string) any {
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number
	}
	return text
}

// plainObject reads {"minor": 1250, "currency": "EUR"} as money and {"en": "Dinner", "de": "Abendessen"} as a text; of any other object
// there is nothing to say.
func plainObject(object map[string]any) any {
	currency, named := object["currency"].(string)
	if minor, whole := plain(object["minor"]).(int64); whole && named {
		return terminal.Money{Minor: minor, Currency: currency}
	}
	text := terminal.Text{}
	for language, said := range object {
		words, ok := said.(string)
		if !ok {
			return nil
		}
		text[language] = words
	}
	return text
}

// write says a plain value, and whether there was one: an empty string, an empty list and a zero time are none.
func (w *Words) write(value any, format string, args map[string]any) (string, bool) {
	switch v := value.(type) {
	case string:
		return w.writeString(v, format), v != ""
	case int64:
		switch format {
		case "hours":
			return w.duration(time.Duration(v) * time.Hour), true
		case "minutes":
			return w.duration(time.Duration(v) * time.Minute), true
		case "seconds":
			return w.duration(time.Duration(v) * time.Second), true
		}
		return w.number(v), true
	case time.Duration:
		return w.duration(v), true
	case terminal.Money:
		return w.money(v), v.Currency != ""
	case terminal.Text:
		text := v.In(w.language)
		return text, text != ""
	case time.Time:
		return w.time(v, format, args), !v.IsZero()
	case terminal.Date:
		if format == "relative" {
			return w.day(v, args), v != terminal.Date{}
		}
		return w.date(v), v != terminal.Date{}
	case []string:
		said := make([]string, len(v))
		for i, text := range v {
			said[i] = w.writeString(text, format)
		}
		return strings.Join(said, writings[w.language].list), len(v) > 0
	}
	return "", false
}

func (w *Words) writeString(text, format string) string {
	if prefix, ok := strings.CutPrefix(format, "@"); ok && w.Has(prefix+"."+text) {
		return w.Say(prefix+"."+text, nil)
	}
	if format == "counter" {
		return w.counter(text)
	}
	return text
}

// counter says a terminal's name as people do: "counter-2" and "2" as "counter 2", any other as it is.
func (w *Words) counter(name string) string {
	number := strings.TrimPrefix(name, "counter-")
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return name
	}
	return w.Say("format.counter", map[string]any{"number": number})
}
