package translations

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/terminal"
)

// A sentence missing in one language would stand in English in the middle of a Chinese screen.
func TestEveryLanguageHasEveryKey(t *testing.T) {
	all := load()
	english := slices.Sorted(maps.Keys(all["en"]))
	if len(english) < 120 {
		t.Fatalf("only %d sentences were loaded", len(english))
	}
	for _, language := range Languages[1:] {
		if diff := cmp.Diff(english, slices.Sorted(maps.Keys(all[language]))); diff != "" {
			t.Errorf("en and %s have different keys (-en +%s):\n%s", language, language, diff)
		}
	}
}

// A translation without one of the places would keep a fact from the cashier, or show one that nobody gives.
func TestEveryLanguageHasTheSamePlaces(t *testing.T) {
	all := load()
	for key, english := range all["en"] {
		for _, language := range Languages[1:] {
			if diff := cmp.Diff(places(english), places(all[language][key])); diff != "" {
				t.Errorf("%s: the places in en and %s differ:\n%s", key, language, diff)
			}
		}
	}
}

// The cashier is told to look for a word that does not stand on the paper.
func TestWhatIsPrintedAgainIsCalledAsItIsHeaded(t *testing.T) {
	for _, language := range Languages {
		words := For(language, time.UTC)
		header, _, _ := strings.Cut(words.Say("receipt.duplicate", map[string]any{"number": int64(1)}), " ")
		if said := words.Say("ui.notice.reprinted", nil); header == "" || !strings.Contains(said, header) {
			t.Errorf("%s: %q does not say %q", language, said, header)
		}
	}
}

// A misspelt format would be ignored, and a customer told a time with seconds and offset.
func TestEveryFormatIsKnown(t *testing.T) {
	known := []string{"", "time", "date", "relative", "counter", "hours", "minutes", "seconds"}
	for language, sentences := range load() {
		for key, s := range sentences {
			for p := range pieces(s) {
				prefix, word := strings.CutPrefix(p.format, "@")
				switch {
				case word && !slices.ContainsFunc(slices.Collect(maps.Keys(sentences)), func(k string) bool { return strings.HasPrefix(k, prefix+".") }):
					t.Errorf("%s, %s: there are no words %s.…", language, key, prefix)
				case !word && !slices.Contains(known, p.format):
					t.Errorf("%s, %s: the format %q is unknown", language, key, p.format)
				}
			}
		}
	}
}

// Two files that both hold a key, or one that holds it twice, would say whichever sentence was read last.
func TestFilesAreStrictObjects(t *testing.T) {
	names, err := fs.Glob(files, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files are embedded: %v", err)
	}
	for _, bad := range []string{`{"a": "x", "a": "y"}`, `{"a": 1}`, `["a"]`, `{"a": "x"`, `{"a": "x"} {}`, ``} {
		if texts, err := decodeFlat([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, texts)
		}
	}
	for _, bad := range []string{"{", "}", "[x", "x]", "{}", "{a b}", "{a#one}", "{a#one|two|three}", "[{a]}"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("the sentence %q was taken", bad)
		}
	}
}

// A reason that has no words, or that shows a gap where a fact is unknown, would leave the cashier guessing with a queue in front
// of her.
func TestEveryReasonIsSaidWithAndWithoutFacts(t *testing.T) {
	for _, language := range Languages {
		words := For(language, time.UTC)
		for _, reason := range terminal.Reasons {
			finding := terminal.Finding{Reason: reason}
			for part, saying := range map[string]terminal.Saying{"title": finding.Title(), "fact": finding.Fact(), "next": finding.Next()} {
				said := saying.In(words)
				if said == saying.Key || strings.Contains(said, noValue+" ") || strings.ContainsAny(said, "{}[]") {
					t.Errorf("%s: %s of %s without facts is %q", language, part, reason, said)
				}
				if strings.Contains(said, "  ") || strings.Contains(said, " ,") || strings.Contains(said, " .") {
					t.Errorf("%s: %s of %s without facts is badly set: %q", language, part, reason, said)
				}
				if ended := strings.HasSuffix(said, ".") || strings.HasSuffix(said, "。"); ended == (part == "title") {
					t.Errorf("%s: a title has no full stop, a sentence has one: %q", language, said)
				}
			}
		}
	}
}

// A word for each value of the domain: without it the screen would show "kind.pickup".
func TestEveryValueOfTheDomainHasAWord(t *testing.T) {
	var keys []string
	for _, choice := range []terminal.Choice{terminal.Approved, terminal.Declined, terminal.Asking} {
		keys = append(keys, "choice."+string(choice))
	}
	for _, kind := range terminal.Kinds {
		keys = append(keys, "kind."+string(kind))
	}
	for _, assurance := range []terminal.Assurance{terminal.Confirmed, terminal.ByStore, terminal.Leased, terminal.Offline} {
		keys = append(keys, "assurance."+string(assurance))
	}
	for _, verdict := range []terminal.Verdict{terminal.Accepted, terminal.Overrun, terminal.Revoked, terminal.Invalid, terminal.Pending} {
		keys = append(keys, "verdict."+string(verdict))
	}
	for _, role := range []terminal.Role{terminal.RoleCashier, terminal.RoleManager, terminal.RoleTechnician} {
		keys = append(keys, "role."+string(role))
	}
	for _, period := range []terminal.Period{terminal.PerDay, terminal.PerWeek, terminal.PerMonth, terminal.PerEver} {
		keys = append(keys, "per."+string(period))
	}
	for _, cause := range []string{terminal.BarredRestored, terminal.BarredCloned, terminal.BarredGap, terminal.BarredDamaged, "refused", "fork"} {
		keys = append(keys, "barred."+cause, "barred."+cause+".fact", "barred."+cause+".next")
	}
	for _, key := range keys {
		for _, language := range Languages {
			if _, ok := load()[language][key]; !ok {
				t.Errorf("%s lacks %s", language, key)
			}
		}
	}
}

// columns is how many columns of a slip or a label each key may take, a Chinese glyph counting two. A key ending in "." stands for all that
// begin with it, one that begins with "." for all that end with it.
var columns = map[string]int{
	".title": 32, "choice.": 14, "kind.": 24, "assurance.": 28, "verdict.": 24, "role.": 14, "month.": 6,
}

// A word longer than its place would be cut off on the screen, or push the slip's columns apart.
func TestEveryCheckHasANameInTheWindow(t *testing.T) {
	// The diagnostics of a window in German would call a check by a key of the program, "setup.check.disk".
	checks := map[string]bool{}
	for key := range load()["en"] {
		if rest, is := strings.CutPrefix(key, "doctor."); is {
			name, _, _ := strings.Cut(rest, ".")
			checks[name] = true
		}
	}
	delete(checks, "cause") // parts of what checks say, and no checks
	delete(checks, "fault")
	if len(checks) < 20 {
		t.Fatalf("only %d checks have sentences", len(checks))
	}
	for language, sentences := range load() {
		for name := range checks {
			if _, is := sentences["setup.check."+name]; !is {
				t.Errorf("%s: the check %q has no name", language, name)
			}
		}
	}
}

func TestWordsFitTheirPlaces(t *testing.T) {
	for language, sentences := range load() {
		words := For(language, time.UTC)
		for key := range sentences {
			for place, most := range columns {
				if !strings.HasPrefix(key, place) && !(place[0] == '.' && strings.HasPrefix(key, "reason.") && strings.HasSuffix(key, place)) {
					continue
				}
				if said := words.Say(key, nil); terminal.Columns(said) > most {
					t.Errorf("%s: %s is %d columns wide, %d are allowed: %q", language, key, terminal.Columns(said), most, said)
				}
			}
		}
	}
}

// What the cashier reads when a voucher was used before, in the words that the documents promise.
func TestAlreadyUsedNamesTimePlaceAndPerson(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	used := time.Date(2026, 11, 20, 11, 4, 0, 0, time.UTC)
	facts := map[string]any{"at": used, "store": "Lakeside Quay", "terminal": "counter-2", "operator": "Li"}
	saying := terminal.Finding{Reason: terminal.AlreadyRedeemed, Facts: facts}.Fact()
	for _, c := range []struct {
		language string
		now      time.Time
		want     string
	}{
		{"en", used.Add(time.Hour), "Used today at 12:04 at Lakeside Quay, counter 2, by Li."},
		{"en", used.Add(12 * time.Hour), "Used yesterday at 12:04 at Lakeside Quay, counter 2, by Li."}, // past midnight in Berlin, not in UTC
		{"en", used.AddDate(0, 0, 9), "Used on 20 Nov 2026 at 12:04 at Lakeside Quay, counter 2, by Li."},
		{"zh-Hans", used, "已于今天12:04在 Lakeside Quay（2号收银台）由 Li 核销。"},
		{"de", used, "Eingelöst heute um 12:04 Uhr bei Lakeside Quay, Kasse 2, von Li."},
		{"es", used, "Usado hoy a las 12:04 en Lakeside Quay, caja 2, por Li."},
	} {
		words := For(c.language, berlin).At(func() time.Time { return c.now })
		if said := saying.In(words); said != c.want {
			t.Errorf("%s: got %q, want %q", c.language, said, c.want)
		}
	}
	facts["store"], facts["operator"] = "湖畔店", "李" // Chinese names stand as close as the words around them
	if said := saying.In(For("zh-Hans", berlin).At(func() time.Time { return used })); said != "已于今天12:04在湖畔店（2号收银台）由李核销。" {
		t.Errorf("with Chinese names: %q", said)
	}
	facts["store"] = "Lakeside Quay"
	delete(facts, "operator") // a store where nobody signs in
	facts["terminal"] = "bar"
	if said := saying.In(For("en", berlin).At(func() time.Time { return used })); said != "Used today at 12:04 at Lakeside Quay, bar." {
		t.Errorf("without an operator: %q", said)
	}
}

// Facts from the cloud arrive as JSON: a balance told as "map[currency:EUR …]" or a time with its offset would be read out to customers.
func TestFactsThatCameAsJSONAreSaidLikeOwn(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	facts := map[string]any{
		"at": now.Add(-time.Hour), "until": now, "left": terminal.Money{Minor: 1250, Currency: "EUR"},
		"asked": &terminal.Money{Minor: 1999999, Currency: "JPY"}, "day": terminal.Date{Year: 2026, Month: 11, Day: 21},
		"count": int64(1200), "stores": []string{"Quay", "Mill"}, "campaign": terminal.Text{"en": "Dinner", "de": "Essen"},
		"terminals": []string{"counter-1", "counter-2"}, "receipt": terminal.ReceiptNumber{Epoch: 1, Number: 42}, "per": terminal.PerWeek,
	}
	data, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	var arrived map[string]any
	if err := json.Unmarshal(data, &arrived); err != nil {
		t.Fatal(err)
	}
	s, err := parse("{at:relative}|{until}|{left}|{asked}|{day:relative}|{day}|{count}|{stores}|{campaign}|{terminals:counter}|{receipt}|{per:@per}")
	if err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]string{
		"en":      "today at 11:00|20 Nov 2026, 12:00|€12.50|¥1,999,999|tomorrow|21 Nov 2026|1,200|Quay, Mill|Dinner|counter 1, counter 2|1-000042|per week",
		"de":      "heute um 11:00 Uhr|20. Nov. 2026, 12:00 Uhr|12,50\u00a0€|1.999.999\u00a0¥|morgen|21. Nov. 2026|1.200|Quay, Mill|Essen|Kasse 1, Kasse 2|1-000042|pro Woche",
		"es":      "hoy a las 11:00|20 nov 2026, 12:00|12,50\u00a0€|1.999.999\u00a0JPY|mañana|21 nov 2026|1200|Quay, Mill|Dinner|caja 1, caja 2|1-000042|a la semana",
		"zh-Hans": "今天11:00|2026年11月20日 12:00|€12.50|JP¥1,999,999|明天|2026年11月21日|1,200|Quay、Mill|Dinner|1号收银台、2号收银台|1-000042|每周",
	} {
		words := For(language, time.UTC).At(func() time.Time { return now })
		for source, args := range map[string]map[string]any{"own": facts, "arrived": arrived} {
			if said := s.fill(words, args); said != want {
				t.Errorf("%s, %s:\n got %s\nwant %s", language, source, said, want)
			}
		}
	}
}

// Money is read at a glance: each language's order of sign, number and separators.
func TestMoneyIsWrittenAsTheLanguageDoes(t *testing.T) {
	for _, c := range []struct {
		language string
		money    terminal.Money
		want     string
	}{
		{"en", terminal.Money{Minor: 123456, Currency: "EUR"}, "€1,234.56"},
		{"en", terminal.Money{Minor: -5, Currency: "GBP"}, "-£0.05"},
		{"en", terminal.Money{Minor: 1250, Currency: "CHF"}, "CHF\u00a012.50"},
		{"en", terminal.Money{Minor: 1250, Currency: "KWD"}, "KWD\u00a01.250"},
		{"zh-Hans", terminal.Money{Minor: 1250, Currency: "CNY"}, "￥12.50"},
		{"de", terminal.Money{Minor: 123456, Currency: "EUR"}, "1.234,56\u00a0€"},
		{"de", terminal.Money{Minor: -1250, Currency: "CHF"}, "-12,50\u00a0CHF"},
		{"es", terminal.Money{Minor: 123456, Currency: "EUR"}, "1234,56\u00a0€"},
		{"es", terminal.Money{Minor: 1234567, Currency: "EUR"}, "12.345,67\u00a0€"},
	} {
		if said := For(c.language, nil).money(c.money); said != c.want {
			t.Errorf("%s: %v is written %q, want %q", c.language, c.money, said, c.want)
		}
	}
}

// Durations tell how long a PIN is locked or how early a guest is: the two largest parts are enough.
func TestDurationsKeepTheirTwoLargestParts(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 45 * time.Second: "45 s", 5*time.Minute + 3*time.Second: "5 min", 80 * time.Minute: "1 h 20 min",
		2 * time.Hour: "2 h", 24 * time.Hour: "1 day", 75*time.Hour + 12*time.Minute: "3 days 3 h",
	} {
		if said := For("en", nil).duration(d); said != want {
			t.Errorf("%v is said %q, want %q", d, said, want)
		}
	}
	if said := For("zh-Hans", nil).duration(80 * time.Minute); said != "1小时20分钟" {
		t.Errorf("in Chinese: %q", said)
	}
}

// A counter set to "zh-CN" or "de_AT.UTF-8" must not answer in English; one set to what nobody translated must answer all the same.
func TestTheNearestLanguageAnswers(t *testing.T) {
	for wanted, want := range map[string]string{
		"en": "en", "en-GB": "en", "zh": "zh-Hans", "zh-CN": "zh-Hans", "zh-Hans": "zh-Hans", "de_AT.UTF-8": "de", "DE": "de", "es-419": "es",
		"fr": "en", "": "en", "C.UTF-8": "en",
	} {
		if got := For(wanted, nil).Language(); got != want {
			t.Errorf("%q is answered in %s, want %s", wanted, got, want)
		}
	}
}

// A key that nobody wrote a sentence for must still show something to tell support.
func TestNothingIsEverSaidEmpty(t *testing.T) {
	words := For("de", nil)
	if said := words.Say("no.such.key", nil); said != "no.such.key" {
		t.Errorf("an unknown key is said %q", said)
	}
	words.sentences = map[string]sentence{}
	if said := words.Say("choice.approved", nil); said != "Approved" {
		t.Errorf("a key that German lacks is said %q", said)
	}
	empty, err := parse("[{a}]")
	if err != nil {
		t.Fatal(err)
	}
	words.sentences["only.brackets"] = empty
	if said := words.Say("only.brackets", nil); said != "only.brackets" {
		t.Errorf("a sentence with nothing left is said %q", said)
	}
}
