// Package catalogue reads the TOML file that says what a merchant offers, where, and who works there. It is strict: an unknown
// key, a wrong type or a bad reference is refused with its line and what may have been meant, and then nothing is applied.
package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/language"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/pin"
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	Line int
	What string
}

// Error lists everything that is wrong with a file.
type Error struct {
	File   string
	Faults []Fault
}

// faultsMost is how many faults are told at once.
const faultsMost = 20

// Error says each fault as FILE:LINE: sentence, one a line.
func (e *Error) Error() string {
	var text strings.Builder
	for i, fault := range e.Faults {
		if i == faultsMost {
			fmt.Fprintf(&text, "\nand %d more", len(e.Faults)-i)
			break
		}
		if i > 0 {
			text.WriteByte('\n')
		}
		fmt.Fprintf(&text, "%s:%d: %s", e.File, fault.Line, fault.What)
	}
	return text.String()
}

// ReadFile reads the catalogue in a file; the files it names are looked for beside it.
func ReadFile(path string) (cloud.Catalogue, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return cloud.Catalogue{}, fmt.Errorf("the catalogue cannot be read: %w", err)
	}
	folder := filepath.Dir(path)
	return Read(path, string(source), func(name string) ([]byte, error) {
		if !filepath.IsLocal(name) {
			return nil, errors.New("it has to stand beside the catalogue")
		}
		return os.ReadFile(filepath.Join(folder, name))
	})
}

// reader is one file while it is read.
type reader struct {
	lines    lines
	faults   []Fault
	currency string
	open     func(name string) ([]byte, error)
}

// Read reads a catalogue; open reads the files that it names. A file that is refused comes back as *Error.
func Read(file, source string, open func(name string) ([]byte, error)) (cloud.Catalogue, error) {
	var values map[string]any
	if _, err := toml.Decode(source, &values); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return cloud.Catalogue{}, &Error{file, []Fault{{max(1, syntax.Position.Line), syntax.Message}}} // the library counts from 0 in a key
		}
		return cloud.Catalogue{}, &Error{file, []Fault{{1, err.Error()}}}
	}
	r := &reader{lines: findLines(source), open: open}
	root := &table{reader: r, values: values}
	var c cloud.Catalogue
	if merchant := root.within("merchant"); merchant != nil {
		c.Merchant = merchant.merchant()
	} else {
		root.fault("merchant", "the [merchant] is missing")
	}
	for _, store := range root.tables("store") {
		c.Stores = append(c.Stores, store.store())
	}
	for _, operator := range root.tables("operator") {
		c.Operators = append(c.Operators, operator.operator(storeIDs(c)))
	}
	for _, campaign := range root.tables("campaign") {
		c.Campaigns = append(c.Campaigns, campaign.campaign(storeIDs(c)))
	}
	root.done("the catalogue")
	r.unique("store", ids(c.Stores, func(s terminal.Store) string { return s.ID }))
	r.unique("operator", ids(c.Operators, func(o cloud.CatalogueOperator) string { return o.ID }))
	r.unique("campaign", ids(c.Campaigns, func(c terminal.Campaign) string { return c.ID }))
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
		return cloud.Catalogue{}, &Error{file, r.faults}
	}
	return c, nil
}

func ids[T any](all []T, id func(T) string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = id(one)
	}
	return out
}

func storeIDs(c cloud.Catalogue) []string {
	return ids(c.Stores, func(s terminal.Store) string { return s.ID })
}

func (r *reader) unique(what string, all []string) {
	for i, id := range all {
		if first := slices.Index(all, id); id != "" && first < i {
			path := fmt.Sprintf("%s[%d]", what, i)
			r.faults = append(r.faults, Fault{r.lines.of(path + ".id"), fmt.Sprintf("there is %s %q already, at line %d",
				withArticle(what), id, r.lines.of(fmt.Sprintf("%s[%d].id", what, first)))})
		}
	}
}

func withArticle(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func (t *table) id() string {
	id := t.text("id", true)
	if id != "" && !idPattern.MatchString(id) {
		t.fault("id", "%q cannot be an id: small letters, digits and hyphens make one", id)
	}
	return id
}

// references reads a list of ids that have to exist.
func (t *table) references(key, what string, known []string) []string {
	list := t.some(key, "every "+what)
	for _, id := range list {
		if !slices.Contains(known, id) {
			t.fault(key, "there is no %s %q%s", what, id, meant(id, known))
		}
	}
	return list
}

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

func (t *table) merchant() terminal.Merchant {
	m := terminal.Merchant{ID: t.id(), Name: t.text("name", true), Currency: t.text("currency", true), Languages: t.texts("languages")}
	switch {
	case m.Currency == "":
	case !currencyPattern.MatchString(m.Currency):
		t.fault("currency", "%q is not a currency: three capital letters such as \"EUR\" are", m.Currency)
	case !terminal.KnownCurrency(m.Currency):
		t.fault("currency", "%q is not a currency in use by ISO 4217: codes such as \"EUR\", \"CNY\" or \"JPY\" are", m.Currency)
	}
	t.legible("name", m.Name)
	for _, tag := range m.Languages {
		t.language("languages", tag)
	}
	if len(m.Languages) == 0 {
		m.Languages = []string{"en"}
	}
	t.currency = m.Currency
	t.done("[merchant]")
	return m
}

func (t *table) language(key, tag string) {
	if _, err := language.Parse(tag); err != nil {
		t.fault(key, "%q is not a language: a tag such as \"en\" or \"zh-Hans\" is", tag)
	}
}

var colourPattern = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func (t *table) store() terminal.Store {
	s := terminal.Store{
		ID: t.id(), Name: t.text("name", true), Zone: t.text("zone", true), BusinessDayStarts: t.minutes("business_day_starts", false),
		Address: t.texts("address"), Language: t.text("language", false), Colour: t.text("colour", false), Logo: t.logo(),
		SignIn: terminal.SignIn(t.oneOf("sign_in", "shift", "none", "shift", "each")),
		Print:  t.oneOf("print", "always", "always", "ask", "never"), Copies: int(t.number("copies", 1, 5)),
		OfflineLowValue: t.money("offline_low_value"),
	}
	for _, kind := range t.texts("redeem_at_once") {
		s.RedeemAtOnce = append(s.RedeemAtOnce, terminal.Kind(kind))
		if !slices.Contains(terminal.Kinds, terminal.Kind(kind)) {
			t.fault("redeem_at_once", "there is no kind %q%s", kind, meant(kind, kindNames()))
		}
	}
	if _, err := time.LoadLocation(s.Zone); s.Zone != "" && (err != nil || s.Zone == "Local") {
		t.fault("zone", "%q is not a time zone: a name such as \"Europe/Berlin\" is", s.Zone)
	}
	if s.BusinessDayStarts >= 24*60 {
		t.fault("business_day_starts", "a business day cannot start at 24:00: \"00:00\" is meant")
	}
	if s.Colour != "" && !colourPattern.MatchString(s.Colour) {
		t.fault("colour", "%q is not a colour: one is written \"#0F6FDE\"", s.Colour)
	}
	if s.Language == "" {
		s.Language = "en"
	}
	t.language("language", s.Language)
	t.legible("name", s.Name)
	t.legible("address", s.Address...)
	s.Copies = max(s.Copies, 1)
	t.done("[[store]]")
	return s
}

const logoMost = 256 << 10

func (t *table) logo() []byte {
	name := t.text("logo", false)
	if name == "" {
		return nil
	}
	raw, err := t.open(name)
	switch {
	case err != nil:
		t.fault("logo", "the logo %q cannot be read: %v", name, err)
	case !bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		t.fault("logo", "the logo %q is not a PNG picture", name)
	case len(raw) > logoMost:
		t.fault("logo", "the logo %q has %d bytes and %d are the most", name, len(raw), logoMost)
	}
	return raw
}

func kindNames() []string {
	names := make([]string, len(terminal.Kinds))
	for i, kind := range terminal.Kinds {
		names[i] = string(kind)
	}
	return names
}

func (t *table) operator(stores []string) cloud.CatalogueOperator {
	o := cloud.CatalogueOperator{PIN: t.text("pin", false), Operator: terminal.Operator{
		ID: t.id(), Name: t.text("name", true), Role: terminal.Role(t.oneOf("role", "cashier", "cashier", "manager", "technician")),
		PINHash: t.text("pin_hash", false), Stores: t.references("stores", "store", stores), Active: t.boolean("active", true),
	}}
	switch {
	case o.PIN != "" && o.PINHash != "":
		t.fault("pin_hash", "operator %q has both pin and pin_hash: one of them is enough", o.ID)
	case o.PINHash != "" && !pin.Valid(o.PINHash):
		t.fault("pin_hash", "pin_hash has to be an Argon2id hash in PHC form ($argon2id$v=19$…)")
	case o.PIN != "" && (len(o.PIN) < 4 || len(o.PIN) > 12 || strings.Trim(o.PIN, "0123456789") != ""):
		t.fault("pin", "a PIN has 4 to 12 digits")
	}
	t.legible("name", o.Name)
	t.done("[[operator]]")
	return o
}
