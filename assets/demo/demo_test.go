package demo

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// keys are all that a catalogue can hold, by table.
var keys = map[string]string{
	"merchant": "id name currency languages",
	"store": "id name zone business_day_starts address language sign_in redeem_at_once print copies logo colour " +
		"offline_low_value",
	"operator": "id name role pin pin_hash stores",
	"campaign": "id name kind price value terms extract valid_from valid_until hours blackout stores terminals units " +
		"units_at_once discount minimum_bill per_customer per_day combinable slot role approval_above reversal offline",
}

// decode reads a catalogue as its tables, the merchant's as a list of one.
func decode(t *testing.T, text string) map[string][]map[string]any {
	t.Helper()
	var file map[string]any
	if _, err := toml.Decode(text, &file); err != nil {
		t.Fatal(err)
	}
	tables := map[string][]map[string]any{}
	for name, value := range file {
		switch table := value.(type) {
		case map[string]any:
			tables[name] = []map[string]any{table}
		case []map[string]any:
			tables[name] = table
		default:
			t.Fatalf("%s is neither a table nor a list of tables", name)
		}
	}
	if names := slices.Sorted(maps.Keys(tables)); !slices.Equal(names, slices.Sorted(maps.Keys(keys))) {
		t.Fatalf("the tables are %v", names)
	}
	return tables
}

// Whoever writes a first catalogue copies from this one: a key that it lacks is one that nobody finds, and a commented one that is
// wrong costs an afternoon.
func TestTheSampleShowsEveryKey(t *testing.T) {
	uncommented := regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(string(Catalogue()), "$1")
	for table, rows := range decode(t, uncommented) {
		known, shown := strings.Fields(keys[table]), map[string]bool{}
		for _, row := range rows {
			for key := range row {
				shown[key] = true
				if !slices.Contains(known, key) {
					t.Errorf("%s: the key %q is none of a catalogue's", table, key)
				}
			}
		}
		for _, key := range known {
			if !shown[key] {
				t.Errorf("%s: the key %q is not shown", table, key)
			}
		}
	}
}

// The demo scans vouchers of six offers in two stores, and every screen can be put into each language.
func TestTheSampleMerchantIsComplete(t *testing.T) {
	tables := decode(t, string(Catalogue()))
	for table, want := range map[string]int{"store": 2, "operator": 4, "campaign": 6} {
		if len(tables[table]) != want {
			t.Errorf("%d of %s, want %d", len(tables[table]), table, want)
		}
	}
	for _, campaign := range tables["campaign"] {
		if campaign["kind"] != "product" {
			t.Errorf("%v is of kind %v", campaign["id"], campaign["kind"])
		}
		for _, key := range []string{"name", "terms"} {
			texts, given := campaign[key].(map[string]any)
			if key == "terms" && !given {
				continue
			}
			if languages := slices.Sorted(maps.Keys(texts)); !slices.Equal(languages, []string{"de", "en", "es", "zh-Hans"}) {
				t.Errorf("%v: its %s is written in %v", campaign["id"], key, languages)
			}
		}
	}
}
