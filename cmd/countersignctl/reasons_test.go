package main_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"countersign/cmd/internal/demo"
	"countersign/terminal"
)

// scene is one rule or kind: the vouchers it takes, what the cloud does to them beforehand, and what is done at the counter, each with
// its answer. $1 and $ID1 are the code and the id of the first voucher, $R1 and $U1 receipt and uid of the first redemption, PASS the
// pass; as:li signs in, as:li! with a wrong PIN, ok:mia approves. An answer is a decision with its reason or first question, and what
// else the JSON has to say.
type scene struct {
	name  string
	issue []string
	cloud []string
	steps []string
}

var scenes = []scene{
	{"product", []string{"dinner"}, nil, []string{
		"check $1 => approved redeemed=false units=1",
		"redeem $1 => approved redeemed=true left=0",
		"redeem $1 => declined already_redeemed facts.terminal=counter-1",
		"redeem $1 --units 2 => declined already_redeemed",
		"reverse $R1 --reason test => approved reverses=$R1",
		"reverse $R1 --reason test => declined already_reversed",
		"redeem $1 => approved",
	}},
	{"pass", []string{"swim --units 4"}, nil, []string{
		"redeem $1 => ask units",
		"redeem $1 --units 4 => declined units_limit facts.most=3",
		"redeem $1 --units 3 => approved left=1",
		"redeem $1 --units 2 => declined uses_exhausted",
		"redeem $1 => approved left=0",
		"redeem $1 => declined uses_exhausted",
		"reverse $R1 --units 4 --reason test => declined units_limit",
		"reverse $R1 --units 2 --reason test => approved units=2 left=2",
		"redeem $1 --units 2 => approved left=0",
		"reverse $R1 --reason test => approved units=1",
	}},
	{"a balance of 50.00, part by part", []string{"card"}, nil, []string{
		"redeem $1 => ask amount missing.0.most=5000",
		"redeem $1 --amount 0.00 => declined amount_invalid",
		"redeem $1 --amount 20.00USD => declined wrong_currency",
		"redeem $1 --amount 20.00 => approved left=3000",
		"redeem $1 --amount 35.00 => declined insufficient_balance facts.left.minor=3000",
		"redeem $1 --amount 30.00 => approved left=0",
		"redeem $1 --amount 0.01 => declined insufficient_balance",
		"reverse $R1 --reason test => approved amount.minor=2000 left=2000",
		"reverse $R1 --reason test => declined already_reversed left=2000",
		"redeem $1 --amount 20.01 => declined insufficient_balance facts.left.minor=2000",
		"redeem $1 --amount 20.00 => approved left=0",
	}},
	{"discounts", []string{"tenth", "fiver"}, nil, []string{
		"redeem $1 => ask bill",
		"redeem $1 --bill 49.99 => declined minimum_spend facts.missing.minor=1",
		"redeem $1 --bill 80.00GBP => declined wrong_currency",
		"redeem $1 $2 --bill 22.22 => declined minimum_spend",
		"redeem $1 $2 --bill 200.00 => approved lines.0.discount.minor=1500 lines.1.discount.minor=500 left_to_pay.minor=18000",
		"reverse $R1 --reason test => approved campaign=tenth discount.minor=1500 units=1 left=1 lines.len=2 lines.1.discount.minor=500 lines.1.left=1",
		"redeem $2 --bill 19.99 => declined minimum_spend",
		"redeem $2 --bill 20.00 => approved left_to_pay.minor=1500",
	}},
	{"a minimum after other discounts", []string{"tenth", "fiver"}, nil, []string{
		"redeem $1 $2 --bill 50.00 => approved left_to_pay.minor=4000",
		"redeem $1 $2 --bill 50.00 => declined already_redeemed",
	}},
	{"booking", []string{"table --slot-from SOON --slot-until LATER --party 2", "table --slot-from 2020-02-02T19:00:00+01:00 --slot-until 2020-02-02T21:00:00+01:00",
		"table --slot-from 2090-02-02T19:00:00+01:00 --slot-until 2090-02-02T21:00:00+01:00"}, nil, []string{
		"redeem $1 => approved slot.party=2",
		"redeem $2 => declined slot_too_late slot.from=2020-02-02T19:00:00+01:00",
		"redeem $3 => declined slot_too_early slot.until=2090-02-02T21:00:00+01:00",
		"check $3 --at 2090-02-02T18:29 => declined slot_too_early",
		"check $3 --at 2090-02-02T18:30 => approved",
		"check $3 --at 2090-02-02T21:00 => approved",
		"check $3 --at 2090-02-02T21:01 => declined slot_too_late",
		"reverse $R1 --reason test => approved",
	}},
	{"pickup, line by line", []string{"parcel --lines=Bread_x_2;Milk;Tea"}, nil, []string{
		"redeem $1 --lines b => approved units=1 left=2",
		"redeem $1 --lines b => declined already_redeemed facts.lines.len=1 facts.open.len=2 facts.terminal=counter-1",
		"redeem $1 --lines z => declined amount_invalid",
		"redeem $1 => approved units=2 left=0",
		"redeem $1 => declined already_redeemed",
		"reverse $R1 --reason test => approved units=1 left=1 lines.len=1 lines.0.parts.len=1 lines.0.parts.0.name=Milk",
		"redeem $1 => approved units=1",
		"reverse $R2 --lines c --reason test => approved units=1 left=1 lines.len=1 lines.0.parts.0.name=Tea",
		"reverse $R2 --reason test => approved units=1 left=2 lines.len=1 lines.0.parts.0.name=Bread",
		"reverse $R2 --reason test => declined already_reversed left=2",
	}},
	{"several vouchers of one order", []string{"dinner --order o-PASS --count 2", "card --order o-PASS"}, nil, []string{
		"check $1 => approved order.len=2",
		"redeem $1 --order => ask amount",
		"redeem $1 --order --amount 50.00 => approved lines.len=3",
		"redeem $2 => declined already_redeemed",
		"redeem $3 --amount 1.00 => declined insufficient_balance",
		"reverse $R1 --reason test => approved units=1 left=1 amount_total.minor=5000 lines.len=3 lines.2.left=5000",
		"redeem $2 => approved order.len=2",
		"redeem $1 --order --amount 10.00 => approved lines.len=2",
	}},
	{"codes that are none", []string{"dinner", "dinner --token"}, nil, []string{
		"redeem $1X => declined malformed_code",
		"redeem FOREIGN => declined not_found",
		"redeem $1 FOREIGN => declined not_found reasons.len=1",
		"redeem FOREIGN-TOKEN => declined unknown_issuer",
		"redeem FORGED$2 => declined bad_signature",
		"scan RU$1 => declined scanner_layout facts.layout=ru",
		"scan $1 => approved",
		"redeem $2 => approved",
		"redeem $2 => declined already_redeemed",
	}},
	{"withdrawn", []string{"dinner", "dinner state=refunded", "dinner state=disabled", "sold-out"}, []string{"revoke $ID1", "pause sold-out"}, []string{
		"redeem $1 => declined revoked",
		"redeem $2 => declined refunded",
		"redeem $3 => declined disabled",
		"redeem $4 => declined campaign_paused",
	}},
	{"validity, hours and days", []string{"past", "future", "night"}, nil, []string{
		"redeem $1 => declined expired",
		"redeem $2 => declined not_yet_valid",
		"check $3 --at 2027-01-01T16:59:59 => declined outside_hours",
		"check $3 --at 2027-01-01T17:00:00 => approved",
		"check $3 --at 2027-01-03T01:59:59 => approved",
		"check $3 --at 2027-01-03T02:00:00 => declined outside_hours",
		"check $3 --at 2027-12-31T18:00:00 => declined blackout",
		"check $3 --at 2028-01-01T01:00:00 => declined blackout",
		"check $1 --at 2025-12-31T23:59:59 => approved",
		"check $3 --at 9000-01-01T12:00 => declined outside_hours",
		"check $1 --at 2026-01-01T00:00:00 => declined expired",
	}},
	{"nights on which clocks change", []string{"spring", "until-spring", "autumn", "until-autumn"}, nil, []string{
		"check $1 --at 2027-03-28T00:59:59Z => declined not_yet_valid",
		"check $1 --at 2027-03-28T01:00:00Z => approved",
		"check $2 --at 2027-03-28T01:00:00Z => approved",
		"check $2 --at 2027-03-28T01:00:01Z => declined expired",
		"check $3 --at 2027-10-31T00:29:59Z => declined not_yet_valid",
		"check $3 --at 2027-10-31T00:30:00Z => approved",
		"check $4 --at 2027-10-31T01:30:00Z => approved",
		"check $4 --at 2027-10-31T01:30:01Z => declined expired",
	}},
	{"places", []string{"on-the-hill", "at-the-bar", "dinner --store hill"}, nil, []string{
		"redeem $1 => declined wrong_store",
		"redeem $2 => declined wrong_terminal",
		"redeem $3 => declined wrong_store",
	}},
	{"not with others", []string{"alone", "fiver"}, nil, []string{
		"redeem $1 $2 --bill 50.00 => declined not_combinable",
		"redeem $1 --bill 50.00 => approved left_to_pay.minor=4700",
		"reverse $R1 --reason test => approved",
	}},
	{"limits of a customer", []string{"once-a-day --count 2 --customer ann-PASS", "once-a-day --customer ben-PASS", "once-a-week"}, nil, []string{
		"redeem $1 $2 => declined customer_limit",
		"redeem $1 => approved",
		"redeem $2 => declined customer_limit facts.count=1 facts.per=day facts.used=1",
		"redeem $3 => approved",
		"reverse $R1 --reason test => approved",
		"redeem $2 => approved",
		"redeem $4 --units 2 => declined customer_limit facts.per=week",
		"redeem $4 => approved left=4",
		"redeem $4 => declined customer_limit",
		"reverse $R4 --reason test => approved",
		"redeem $4 => approved left=4",
	}},
	{"limits of a campaign", []string{"one-here --count 2", "one-anywhere --count 2"}, nil, []string{
		"redeem $1 => approved",
		"redeem $2 => declined campaign_limit facts.count=1 facts.used=1",
		"redeem $3 --amount 5.00 => approved left=1500",
		"redeem $4 --amount 5.00 => declined campaign_limit",
		"reverse $R1 --reason test => approved",
		"redeem $2 => approved",
		"reverse $R3 --reason test => approved",
		"reverse $R2 --reason test => approved",
	}},
	{"people", []string{"by-the-manager --count 2", "dear", "dinner --count 2"}, nil, []string{
		"redeem $1 as:li! => declined wrong_pin",
		"redeem $1 as:li => ask operator_not_allowed missing.0.missing=approval",
		"redeem $1 as:tom => declined operator_not_allowed",
		"redeem $1 as:bo => declined operator_not_allowed",
		"redeem $1 as:li ok:mia => approved operator=li approver=mia",
		"redeem $2 as:mia => approved operator=mia",
		"redeem $3 as:li => ask approval_required",
		"redeem $3 as:li ok:tom => ask operator_not_allowed facts.approver=Tom reasons.len=2 missing.0.missing=approval",
		"redeem $3 as:li ok:mia! => declined wrong_pin",
		"redeem $3 as:li ok:mia => approved operator=li approver=mia",
		"reverse $R3 --reason test as:kai-PASS => declined operator_not_allowed",
		"reverse $R3 --reason test as:kai-PASS ok:mia => approved operator=kai-PASS approver=mia",
		"redeem $4 as:kai-PASS! => declined wrong_pin",
		"redeem $4 as:kai-PASS! => declined wrong_pin",
		"redeem $4 as:kai-PASS! => declined wrong_pin",
		"redeem $4 as:kai-PASS! => declined wrong_pin",
		"redeem $4 as:kai-PASS! => declined pin_locked",
		"redeem $4 as:kai-PASS => declined pin_locked",
	}},
	{"no way back", []string{"final"}, nil, []string{
		"redeem $1 => approved",
		"reverse $R1 --reason test => declined reversal_too_late",
		"reverse $R1 --reason test as:mia => approved",
	}},
}

// If a reason were wrong, missing, or another without the internet, a cashier would tell a customer something that is not so. Every kind
// and rule is redeemed, declined and reversed by the real programs, online and again with the cloud stopped; the reasons that
// depend on the line have a run of their own; and no reason is left out.
func TestEveryReasonByItsTrueCause(t *testing.T) {
	s := openEverything(t)
	plays := map[string][]*play{}
	for _, pass := range []string{"online", "offline"} {
		for _, scene := range scenes {
			plays[pass] = append(plays[pass], s.prepare(scene, pass))
		}
	}
	lineCodes := s.prepare(lineScene, "line")
	s.join("counter-1")
	s.at("counter-1").drain()
	for _, pass := range []string{"online", "offline"} {
		if pass == "offline" {
			s.at("counter-1").drain()
			s.cloud.stop(syscall.SIGTERM)
		}
		for _, play := range plays[pass] {
			t.Run(pass+"/"+play.scene.name, play.run)
		}
	}
	if err := s.cloud.start(); err != nil {
		t.Fatal(err)
	}
	s.at("counter-1").drain()
	t.Run("the line", func(t *testing.T) { s.onTheLine(t, lineCodes) })
	for _, reason := range terminal.Reasons {
		if !s.seen[reason] {
			t.Errorf("nothing was declined as %s", reason)
		}
	}
	s.reports()
}

// everything is a merchant with every rule, the cloud, and counters at the quay.
type everything struct {
	*shop
	seen    map[terminal.Reason]bool
	pins    string
	foreign []string // a code and a token of another merchant
	losing  atomic.Bool
	lost    func()
	folder  string
}

func openEverything(t *testing.T) *everything {
	s := &everything{seen: map[terminal.Reason]bool{}, folder: t.TempDir()}
	link, err := demo.NewLink(func(fromTerminal bool, data []byte) {
		if !fromTerminal && s.losing.Load() && bytes.Contains(data, []byte(`"granted":true`)) {
			s.lost()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = link.Close() }) // the test is over
	s.lost = link.Cut
	s.shop = &shop{t: t, link: link, cloud: &cloudProgram{data: filepath.Join(s.folder, "cloud"), folder: s.folder, public: "http://" + link.Addr(), link: link}}
	s.pins = filepath.Join(s.folder, "pins")
	if err := os.Mkdir(s.pins, 0o700); err != nil {
		t.Fatal(err)
	}
	for who, pin := range map[string]string{"li": "739105", "bo": "620417", "kai-online": "385126", "kai-offline": "385126",
		"mia": "918273", "tom": "564738", "wrong": "000000"} {
		if err := os.WriteFile(filepath.Join(s.pins, who), []byte(pin), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.cloud.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cloud.stop(syscall.SIGKILL) })
	offers, err := filepath.Abs("testdata/everything.toml")
	if err != nil {
		t.Fatal(err)
	}
	s.admin("apply", "-f", offers)
	other := &cloudProgram{data: filepath.Join(s.folder, "other"), folder: s.folder}
	if _, err := other.run("apply", "-f", offers); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{nil, {"--token"}} {
		codes, _, err := other.issue("dinner", "1", flags...)
		if err != nil {
			t.Fatal(err)
		}
		s.foreign = append(s.foreign, codes...)
	}
	return s
}

func (s *everything) admin(args ...string) string {
	s.t.Helper()
	out, err := s.cloud.run(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// at is one counter.
func (s *everything) at(name string) *shop {
	counter := *s.shop
	counter.data = filepath.Join(s.folder, name)
	return &counter
}

func (s *everything) join(name string) {
	s.t.Helper()
	s.at(name).ctl(0, "join", strings.TrimSpace(s.admin("invite", "quay", "--terminal", name)))
}

// play is a scene with its vouchers.
type play struct {
	*everything
	scene      scene
	pass       string
	codes, ids []string
	receipts   map[string]string // by $R1 and $U1
	sold       int
}

// prepare issues a scene's vouchers and does to them what the cloud does.
func (s *everything) prepare(scene scene, pass string) *play {
	s.t.Helper()
	p := &play{everything: s, scene: scene, pass: pass, receipts: map[string]string{}}
	soon := time.Now().Truncate(time.Second)
	for _, spec := range scene.issue {
		words := strings.Fields(strings.NewReplacer("PASS", pass, "SOON", soon.Format(time.RFC3339), "LATER", soon.Add(2*time.Hour).Format(time.RFC3339)).Replace(spec))
		var codes, ids []string
		var err error
		if len(words) > 1 && strings.HasPrefix(words[1], "state=") {
			codes, ids = s.imported(words[0], strings.TrimPrefix(words[1], "state="))
		} else {
			count := "1"
			if i := slices.Index(words, "--count"); i > 0 {
				count = words[i+1]
				words = slices.Delete(words, i, i+2)
			}
			for i := range words {
				if strings.HasPrefix(words[i], "--lines=") {
					words[i] = strings.ReplaceAll(words[i], "_", " ")
				}
			}
			codes, ids, err = s.cloud.issue(words[0], count, words[1:]...)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		p.codes, p.ids = append(p.codes, codes...), append(p.ids, ids...)
	}
	for _, command := range scene.cloud {
		s.admin(strings.Fields(p.fill(command))...)
	}
	return p
}

var platformCodes = 482910573300

// imported takes over one voucher of another platform, in a state.
func (s *everything) imported(campaign, state string) (codes, ids []string) {
	s.t.Helper()
	platformCodes++
	code := fmt.Sprint(platformCodes)
	file := filepath.Join(s.folder, "import.csv")
	if err := os.WriteFile(file, fmt.Appendf(nil, "Coupon,state\n%s,%s\n", code, state), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.admin("import", campaign, file, "--map", "Coupon=code")
	return []string{code}, []string{""}
}

// fill puts codes, ids, receipts and files in their places.
func (p *play) fill(text string) string {
	pairs := []string{"PASS", p.pass, "FOREIGN-TOKEN", p.foreign[1], "FOREIGN", p.foreign[0]}
	for i := len(p.codes) - 1; i >= 0; i-- {
		n := fmt.Sprint(i + 1)
		pairs = append(pairs, "FORGED$"+n, forged(p.codes[i]), "RU$"+n, throughRussianKeys(p.codes[i]), "$"+n+"X", spoilt(p.codes[i]),
			"$"+n, p.codes[i], "$ID"+n, p.ids[i])
	}
	for name, value := range p.receipts {
		pairs = append(pairs, name, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// forged changes one symbol of a token's signature, spoilt the check symbol of a code.
func forged(token string) string {
	at := len(token) - 20
	if at < 0 {
		return token
	}
	return token[:at] + string(other(token[at])) + token[at+1:]
}

func spoilt(code string) string { return code[:len(code)-1] + string(other(code[len(code)-1])) }

func other(symbol byte) byte {
	if symbol == '7' {
		return '8'
	}
	return '7'
}

// throughRussianKeys is what a scanner's US keys write on a computer that is set to Russian.
func throughRussianKeys(code string) string {
	var out strings.Builder
	for _, r := range code {
		if i := strings.IndexRune("QWERTYUIOPASDFGHJKLZXCVBNM", r); i >= 0 {
			r = []rune("ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ")[i]
		}
		out.WriteRune(r)
	}
	return out.String()
}

func (p *play) run(t *testing.T) {
	for _, step := range p.scene.steps {
		p.step(t, p.at("counter-1"), step)
	}
}

// step does one thing at a counter and holds its answer to what is expected.
func (p *play) step(t *testing.T, counter *shop, text string) {
	t.Helper()
	does, wants, _ := strings.Cut(text, " => ")
	words := strings.Fields(p.fill(does))
	var args []string
	for _, word := range words {
		who, isOperator := strings.CutPrefix(word, "as:")
		boss, approves := strings.CutPrefix(word, "ok:")
		switch {
		case isOperator:
			args = append(args, "--operator", strings.TrimSuffix(who, "!"), "--pin-file", p.pin(who))
		case approves:
			args = append(args, "--approve", strings.TrimSuffix(boss, "!"), "--approve-pin-file", p.pin(boss))
		default:
			args = append(args, word)
		}
	}
	answer, code := p.ask(t, counter, args)
	expected := strings.Fields(p.fill(wants))
	exit := map[string]int{"approved": 0, "declined": 3, "ask": 4}[expected[0]]
	if args[0] == "scan" {
		exit = 0
	}
	reason, _ := at(answer, "reason")
	question, _ := at(answer, "missing.0.missing")
	if decision, _ := at(answer, "decision"); decision != expected[0] || code != exit {
		t.Fatalf("%s: %v for %v, exit code %d, and %s was expected: %v", text, decision, reason, code, wants, answer)
	}
	rest := expected[1:]
	if expected[0] != "approved" {
		if fmt.Sprint(reason) != rest[0] && (expected[0] != "ask" || fmt.Sprint(question) != rest[0]) {
			t.Fatalf("%s: %v, asks %v, and %s was expected: %v", text, reason, question, rest[0], answer)
		}
		rest = rest[1:]
	}
	if reason != nil {
		p.seen[terminal.Reason(fmt.Sprint(reason))] = true
	}
	for _, want := range rest {
		path, value, _ := strings.Cut(want, "=")
		if got, _ := at(answer, path); fmt.Sprint(got) != value {
			t.Fatalf("%s: %s is %v: %v", text, path, got, answer)
		}
	}
	if redeemed, _ := at(answer, "redeemed"); redeemed == true {
		sure, _ := at(answer, "assurance")
		if wanted := map[string]string{"online": "confirmed", "offline": "offline"}[p.pass]; wanted != "" && sure != wanted {
			t.Fatalf("%s: the assurance is %v", text, sure)
		}
		p.sold++
		p.receipts[fmt.Sprintf("$R%d", p.sold)] = fmt.Sprint(answer["receipt"])
		p.receipts[fmt.Sprintf("$U%d", p.sold)] = fmt.Sprint(answer["uid"])
	}
}

func (p *play) pin(who string) string {
	if strings.HasSuffix(who, "!") {
		who = "wrong"
	}
	return filepath.Join(p.pins, who)
}

func (p *play) ask(t *testing.T, counter *shop, args []string) (answer map[string]any, code int) {
	t.Helper()
	var cmd *exec.Cmd
	if args[0] == "scan" {
		cmd = counter.command("counter", "--json")
		cmd.Stdin = strings.NewReader(strings.Join(args[1:], " ") + "\n")
	} else {
		cmd = counter.command(append(args, "--json")...)
	}
	out, err := cmd.Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	if err := decoder.Decode(&answer); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return answer, cmd.ProcessState.ExitCode()
}

// lineScene has the vouchers for what depends on the line.
var lineScene = scene{name: "the line", issue: []string{"ask-first --count 2", "small", "with-a-manager", "dinner --count 4", "dinner --valid-until 2026-01-01"}}

// onTheLine plays the reasons that depend on who can be asked, and when somebody could be asked last.
func (s *everything) onTheLine(t *testing.T, p *play) {
	s.join("counter-2")
	one, two := s.at("counter-1"), s.at("counter-2")
	step := func(counter *shop, text string) { t.Helper(); p.step(t, counter, text) }
	// An answer that is lost on its way: the cloud holds the unit, and only counter-2 can say that nothing will come of it.
	s.losing.Store(true)
	step(two, "redeem $1 => declined offline_not_allowed")
	s.losing.Store(false)
	s.link.Restore()
	one.drain()
	step(one, "redeem $1 => declined held_elsewhere facts.terminal=counter-2")
	two.drain()
	step(one, "redeem $1 => approved assurance=confirmed")
	// What another counter redeemed is undone with the cloud's yes, and not without.
	step(two, "redeem $5 => approved")
	two.drain()
	s.link.Cut()
	step(one, "reverse $U2 --reason test => declined not_this_terminal")
	s.link.Restore()
	one.drain()
	step(one, "redeem $5 => declined already_redeemed facts.terminal=counter-2")
	step(one, "reverse $U2 --reason test => approved assurance=confirmed")
	step(one, "reverse $U2 --reason test => declined already_reversed")
	one.drain()
	step(two, "redeem $5 => approved assurance=confirmed") // the counter that redeemed it first, and was not told
	step(two, "redeem $5 => declined already_redeemed")
	two.drain()
	one.drain()
	step(one, "redeem $5 => declined already_redeemed")
	// Alone.
	s.link.Cut()
	step(one, "redeem $2 => declined offline_not_allowed")
	step(one, "redeem $3 --amount 10.01 => declined offline_limit")
	step(one, "redeem $3 --amount 10.00 => approved assurance=offline")
	step(one, "redeem $4 => ask approval_required")
	step(one, "redeem $4 as:li ok:mia => approved assurance=offline approver=mia")
	age(t, one, 25*time.Hour)
	step(one, "redeem $3 --amount 1.00 => declined cache_too_old")
	step(one, "redeem $6 => approved assurance=offline")
	age(t, one, 7*24*time.Hour)
	step(one, "redeem $7 as:li ok:mia => declined cache_too_old")
	s.link.Restore()
	one.drain()
	step(one, "redeem $7 => approved assurance=confirmed")
	// The computer was off for two years, or its clock says so.
	s.link.Cut()
	forget(t, one)
	step(one, "check $9 => ask clock_untrusted")
	s.link.Restore()
	one.drain()
	step(one, "check $9 => declined expired")
	// Suspended: known here once it has synced.
	s.admin("suspend", "counter-1")
	_, _ = one.try("sync") // the cloud may refuse a suspended terminal's sync; what it says is kept
	step(one, "redeem $8 => declined terminal_suspended")
	if status, _ := one.try("status"); !strings.Contains(status, "SUSPENDED") || !strings.Contains(status, "readmit quay/counter-1") {
		t.Errorf("the status of a suspended terminal says only\n%s", status)
	}
	step(one, "reverse $R7 --reason test => declined terminal_suspended")
	s.admin("readmit", "counter-1")
	step(one, "redeem $8 => approved") // without a sync by hand
	step(one, "reverse $R7 --reason test => approved")
}

// age makes a counter's cache so much older.
func age(t *testing.T, counter *shop, by time.Duration) {
	t.Helper()
	edit(t, counter, "cache.db", "UPDATE place SET reached_end = reached_end - ?", by.Microseconds())
}

// forget takes from a counter what it knows of the time since two years ago.
func forget(t *testing.T, counter *shop) {
	t.Helper()
	edit(t, counter, "journal.db", "UPDATE mark SET at = ?, boot = 'another', heard = 0", time.Now().AddDate(-2, 0, 0).UnixMicro())
}

func edit(t *testing.T, counter *shop, file, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(counter.data, file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := result.RowsAffected(); err != nil || changed != 1 {
		t.Fatalf("%s changed %d rows: %v", query, changed, err)
	}
}

// reports holds the day's report to what was turned away: every decline is in it, by its first reason.
func (s *everything) reports() {
	s.t.Helper()
	one := s.at("counter-1")
	var report struct {
		Declines int64
		Declined []struct {
			Reason terminal.Reason
			Count  int64
		}
	}
	if err := json.Unmarshal([]byte(one.ctl(0, "report", "--format", "json")), &report); err != nil {
		s.t.Fatal(err)
	}
	listed, sum := map[terminal.Reason]bool{}, int64(0)
	for _, each := range report.Declined {
		listed[each.Reason], sum = true, sum+each.Count
	}
	if sum != report.Declines || sum < 50 {
		s.t.Errorf("%d declines, and %d by reason", report.Declines, sum)
	}
	table, csv := one.ctl(0, "report", "--format", "table"), one.ctl(0, "report", "--format", "csv")
	for _, reason := range []terminal.Reason{terminal.CustomerLimit, terminal.CampaignLimit, terminal.CacheTooOld, terminal.NotCombinable} {
		if !listed[reason] || !strings.Contains(csv, string(reason)) {
			s.t.Errorf("the report does not tell %s", reason)
		}
	}
	if !strings.Contains(table, "Customer's limit reached") {
		s.t.Errorf("the table does not say what was turned away: %s", table)
	}
	out := one.ctl(0, "journal", "verify")
	if !strings.Contains(out, "the journal is whole") {
		s.t.Error(out)
	}
}
