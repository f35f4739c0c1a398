package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/assets/translations"
	"countersign/cmd/internal/speaker"
	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/terminal/printer"
)

// Check is one thing that doctor looked at. Name is the same in every language and version, for scripts.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	// Do is what to do about it. Beside a check that is OK it is a piece of advice.
	Do string `json:"do,omitempty"`

	over bool // somebody should know of it, and it keeps the terminal from nothing any more
}

// CheckReady is the name of the last check: whether the terminal is ready for offline.
const CheckReady = "ready"

// doctor says what it finds in one language.
type doctor struct {
	words   terminal.Words
	damaged bool // the journal was verified, and it was said what is wrong with it
}

// doctorFor speaks the language that is asked for or configured.
func doctorFor(languages ...string) doctor {
	for _, language := range languages {
		if language != "" {
			return doctor{words: translations.For(language, time.Local)}
		}
	}
	return doctor{words: translations.For("en", time.Local)}
}

// well, advise and ill say the sentence doctor.NAME.STATE; the two latter also what to do, doctor.NAME.STATE_do.
func (d doctor) well(name, state string, args map[string]any) Check {
	return Check{Name: name, OK: true, Found: d.words.Say("doctor."+name+"."+state, args)}
}

func (d doctor) advise(name, state string, args map[string]any) Check {
	check := d.well(name, state, args)
	check.Do = d.words.Say("doctor."+name+"."+state+"_do", args)
	return check
}

func (d doctor) ill(name, state string, args map[string]any) Check {
	check := d.advise(name, state, args)
	check.OK = false
	return check
}

// fault is a check that failed for a reason that an error tells. Some errors know the way on themselves.
func (d doctor) fault(name, state string, err error, args map[string]any) Check {
	check := Check{Name: name}
	var told bool
	if check.Found, check.Do, told = SayFault(d.words, err); !told {
		check.Found = SayCause(d.words, err)
	}
	if check.Do == "" {
		check.Do = d.words.Say("doctor."+name+"."+state+"_do", args)
	}
	return check
}

// Examine checks a data folder from the bottom up. Where one thing is missing, what rests on it is not looked at. The last check says
// whether the terminal is ready for offline, and what of the others keeps it from that.
func Examine(ctx context.Context, config Config) []Check {
	d := doctorFor(config.Language)
	checks, whole := d.examineComputer(config)
	if whole {
		var rest []Check
		rest, d = d.examineTerminal(ctx, config)
		checks = append(checks, rest...)
	}
	missing := missingOffline(checks)
	if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == "cache" }) { // it did not come so far
		missing = failed(checks)
	}
	if len(missing) > 0 {
		return append(checks, d.ill(CheckReady, "no", map[string]any{"missing": strings.Join(missing, ", ")}))
	}
	return append(checks, d.well(CheckReady, "ok", nil))
}

func failed(checks []Check) []string {
	names := []string{}
	for _, check := range checks {
		if !check.OK && !slices.Contains(names, check.Name) {
			names = append(names, check.Name)
		}
	}
	return names
}

// examineComputer checks what does not need a terminal. whole says that there is a data folder to look into.
func (d doctor) examineComputer(config Config) (checks []Check, whole bool) {
	folder := FolderOf(config)
	program := []Check{d.well("version", "ok", map[string]any{"version": config.Version}), d.examineFonts()}
	if info, err := os.Stat(folder); errors.Is(err, os.ErrPermission) {
		return append([]Check{d.fault("rights", "closed", &Unwritable{folder, err}, map[string]any{"folder": folder})}, program...), false
	} else if err != nil || !info.IsDir() {
		return append([]Check{d.ill("folder", "none", map[string]any{"folder": folder})}, program...), false
	}
	return append([]Check{d.well("folder", "ok", map[string]any{"folder": folder}), d.examineRights(folder), d.examineDisk(folder),
		d.examineEncryption(folder), d.examineGraphics(folder), d.examineSound()}, program...), true
}

// examineSound says what the window's sounds are played with. They are a help and no more: without them a counter works as well.
func (d doctor) examineSound() Check {
	player := speaker.Find()
	if player == "" {
		return d.advise("sound", "none", nil)
	}
	return d.well("sound", "ok", map[string]any{"player": player})
}

// examineTerminal checks the terminal in the data folder. The doctor that it returns speaks the language of the store.
func (d doctor) examineTerminal(ctx context.Context, config Config) ([]Check, doctor) {
	folder := FolderOf(config)
	layers, err := layersOf(config)
	if err != nil {
		return []Check{d.fault("config", "broken", err, nil)}, d
	}
	settings := layers.Settings
	d = doctorFor(config.Language, settings.Language)
	checks := d.amiss(layers)
	if len(failed(checks)) == 0 {
		checks = append([]Check{d.well("config", "ok", map[string]any{"profile": settings.Profile})}, checks...)
	}
	if _, err := os.Stat(filepath.Join(folder, JournalName)); errors.Is(err, os.ErrNotExist) {
		state, args := "no", map[string]any(nil)
		if waiting := FoundJoinFile(folder); waiting != "" {
			state, args = "waiting", map[string]any{"file": waiting}
		}
		return append(checks, d.fault("joined", state, missingJournal(ctx, folder), args)), d
	}
	if _, err := loadKeys(ctx, folder); err != nil {
		return append(checks, d.fault("keys", "rights", err, map[string]any{"file": filepath.Join(folder, KeysName)})), d
	}
	checks = append(checks, d.well("keys", "ok", nil))
	if place, err := readPlace(folder); err == nil { // what follows may fail before the store's language is known from the cache
		d = doctorFor(config.Language, settings.Language, place.Store.Language)
	}
	verified, err := verifyOwn(ctx, config)
	if changed := d.examineSlips(err); changed != nil {
		checks, err = append(checks, *changed), nil
	}
	if err != nil {
		checks = append(checks, d.fault("journal", "damaged", err, nil))
		d.damaged = true
	} else {
		checks = append(checks, d.well("journal", "ok", map[string]any{"count": verified.Entries}))
	}
	if slices.ContainsFunc(layers.wrongs(), wrong.fatal) { // said already, beside what mends it
		return checks, d
	}
	reader, err := OpenReader(ctx, config)
	if err != nil {
		return append(checks, d.fault("station", stationState(err), err, nil)), d
	}
	defer reader.Close()
	d.words = reader.Words(ctx, config.Language)
	return append(checks, d.examine(ctx, reader, config)...), d
}

// stationState is which sentence says what to do about files that cannot be opened.
func stationState(err error) string {
	if errors.Is(err, journal.ErrDamaged) {
		return "damaged"
	}
	return "closed"
}

// examine checks what needs the files open.
func (d doctor) examine(ctx context.Context, r *Reader, config Config) []Check {
	status, err := r.Status(ctx)
	if err != nil {
		return []Check{d.fault("station", stationState(err), err, nil)}
	}
	line, certificate := d.examineLine(ctx, r, config)
	checks := []Check{d.examineSuspended(status), line, certificate, d.examineTrust(r), d.examineCache(status), d.examinePending(status)}
	if status.Hub != nil {
		checks = append(checks, d.examineHub(ctx, r, *status.Hub))
	}
	if status.Trouble != nil {
		checks = append(checks, d.examineTrouble(status, r.folder))
	}
	if status.Barred != nil && !(d.damaged && status.Barred.Cause == terminal.BarredDamaged) {
		checks = append(checks, d.examineBarred(status))
	}
	if lost := d.examineLost(ctx, r); lost != nil {
		checks = append(checks, *lost)
	}
	if unsettled := d.examineReadmit(ctx, r); unsettled != nil {
		checks = append(checks, *unsettled)
	}
	checks = append(checks, examineClock(d, status))
	if status.Clock.Moved != nil {
		moved := d.ill("clock", "moved", map[string]any{"moved": status.Clock.Moved.String()})
		moved.over = true
		checks = append(checks, moved)
	}
	return append(checks, d.examinePort(ctx, r), d.examinePrinter(ctx, r, status), d.examineScanners(ctx, r))
}

// examineSlips tells of a kept slip that is not what the terminal made; nil for none. Nobody is kept from selling by it: it is not printed,
// and the entry that it is for is whole.
func (d doctor) examineSlips(err error) *Check {
	var changed *journal.ChangedSlip
	if !errors.As(err, &changed) {
		return nil
	}
	args := map[string]any{}
	if changed.Receipt.Number > 0 {
		args["receipt"] = changed.Receipt.String()
	}
	check := d.ill("slips", "changed", args)
	check.over = true
	return &check
}

func (d doctor) examineSuspended(status Status) Check {
	args := map[string]any{"name": status.Terminal, "store": status.StoreName}
	if status.Suspended {
		return d.ill("terminal", "suspended", args)
	}
	return d.well("terminal", "ok", args)
}

func (d doctor) examineTrouble(status Status, folder string) Check {
	cause, do := sayTrouble(d.words, &status.Trouble.Trouble, folder, status.Terminal)
	return Check{Name: "sync", Do: do, Found: d.words.Say("doctor.sync.trouble", map[string]any{"cause": cause, "since": status.Trouble.Since})}
}

// examineBarred tells what keeps a terminal from selling by itself, where something does.
func (d doctor) examineBarred(status Status) Check {
	cause, do := sayBarred(d.words, status.Barred.Cause, status.Terminal, status.Machine)
	return Check{Name: "journal", Do: do,
		Found: d.words.Say("doctor.sync.trouble", map[string]any{"cause": cause, "since": status.Barred.Since})}
}

// lostNamed is how many vouchers one sentence names.
const lostNamed = 10

// examineLost names what the cloud had withdrawn before it was put back to an older copy, and has not withdrawn again; nil where there is nothing.
// This terminal sells, and nobody but it may know of them.
func (d doctor) examineLost(ctx context.Context, r *Reader) *Check {
	lost, err := r.Cache.Lost(ctx)
	if err != nil {
		check := d.fault("station", stationState(err), err, nil)
		return &check
	}
	if len(lost) == 0 {
		return nil
	}
	var named []string
	for _, one := range lost[:min(len(lost), lostNamed)] {
		named = append(named, one.Voucher.String())
	}
	check := d.ill("withdrawn", "lost", map[string]any{"count": len(lost), "vouchers": strings.Join(named, " ")})
	check.over = true
	return &check
}

// examineReadmit tells that the cloud waits for somebody to say that a restored or copied journal is settled; nil where it does not. This
// terminal sells, and its fleet's list calls it not ready until then: doctor says the same.
func (d doctor) examineReadmit(ctx context.Context, r *Reader) *Check {
	open, err := r.Journal.Exceptions(ctx, true)
	if err != nil {
		check := d.fault("station", stationState(err), err, nil)
		return &check
	}
	own := r.Journal.Identity()
	for _, x := range open {
		if (x.Kind == "journal_restore" || x.Kind == "journal_fork") && x.Store == own.Store && x.Terminal == own.Terminal {
			title, _, do := x.Told(d.words)
			return &Check{Name: "readmit", Found: strings.TrimRight(title, ".。"), Do: strings.TrimRight(do, ".。")}
		}
	}
	return nil
}

// trustSoon is how long before their end the cloud's keys are worth a word: a terminal that stays offline until then believes nothing more.
const trustSoon = 7 * 24 * time.Hour

func (d doctor) examineTrust(r *Reader) Check {
	now := r.Clock.Read().Lower
	until, good := r.trust.GoodUntil(now)
	args := map[string]any{"version": r.trust.Version(), "until": until}
	switch {
	case !good:
		return d.ill("trust", "over", args)
	case until.IsZero():
		return d.well("trust", "open", args)
	case until.Sub(now) < trustSoon:
		return d.advise("trust", "soon", args)
	}
	return d.well("trust", "ok", args)
}

func (d doctor) examineCache(status Status) Check {
	const old = 24 * time.Hour
	age := time.Duration(status.Cache.AgeSeconds) * time.Second
	args := map[string]any{"vouchers": status.Cache.Vouchers, "campaigns": status.Cache.Campaigns, "age": age}
	switch {
	case status.Cache.cause != nil:
		return d.fault("cache", "empty", status.Cache.cause, args)
	case status.Cache.AgeSeconds < 0:
		return d.ill("cache", "empty", args)
	case age > old:
		return d.ill("cache", "old", args)
	}
	return d.well("cache", "ok", args)
}

func (d doctor) examinePending(status Status) Check {
	const late = 24 * time.Hour
	args := map[string]any{"count": status.Pending.Count, "oldest": status.Pending.Oldest}
	if status.Pending.Count > 0 && time.Since(status.Pending.Oldest) > late {
		return d.ill("pending", "late", args)
	}
	return d.well("pending", "ok", args)
}

func examineClock(d doctor, status Status) Check {
	off := time.Duration(status.Clock.Off) * time.Second
	switch {
	case off.Abs() > clockTolerance:
		return d.ill("clock", "wrong", map[string]any{"off": off.Abs()})
	case status.Clock.Certain:
		return d.well("clock", "ok", nil)
	}
	return d.well("clock", "unchecked", nil)
}

// examinePort asks the counter that is running over the computer's own socket, as the commands beside it do.
func (d doctor) examinePort(ctx context.Context, r *Reader) Check {
	holder, held := FindHolder(r.folder)
	if !held {
		return d.well("port", "unused", nil)
	}
	args := map[string]any{"program": holder.Program, "pid": strconv.Itoa(holder.PID)}
	if _, err := r.neighbour(ctx); err != nil {
		return d.advise("port", "silent", args)
	}
	return d.well("port", "ok", args)
}

// examineQueue checks what can be known of the printer without asking it.
func (d doctor) examineQueue(status Status) Check {
	args := map[string]any{"target": status.Printer.Target, "profile": status.Printer.Profile, "queued": status.Printer.Queued, "count": status.Printer.Doubtful}
	if status.Printer.Target == "" {
		return d.well("printer", "none", nil)
	}
	if _, err := printer.ParseTarget(status.Printer.Target); err != nil {
		return d.fault("printer", "target", err, args)
	}
	if status.Printer.Doubtful > 0 {
		return d.ill("printer", "doubtful", args)
	}
	return d.well("printer", "held", args)
}

func (d doctor) examinePrinter(ctx context.Context, r *Reader, status Status) Check {
	check := d.examineQueue(status)
	if !check.OK || status.Printer.Target == "" {
		return check
	}
	seen, held := r.LookAtPrinter(ctx)
	asking := d.ill("printer", "asking", map[string]any{"count": status.Printer.Asking})
	if held && seen.State == "" && status.Printer.Asking > 0 {
		return asking
	}
	if held && seen.State == "" {
		return check
	}
	how, do := SayPrinter(d.words, seen)
	found := d.words.Say("doctor.printer.seen", map[string]any{"target": status.Printer.Target, "profile": status.Printer.Profile,
		"queued": status.Printer.Queued, "state": how})
	if seen.Needs() {
		return Check{Name: "printer", Found: found, Do: do}
	}
	if status.Printer.Asking > 0 {
		return asking
	}
	return Check{Name: "printer", OK: true, Found: found}
}

// LookAtPrinter asks the printer how it is, printing nothing. held says that another program has it: then that one is asked, and where it
// does not answer, the state is empty.
func (r *Reader) LookAtPrinter(ctx context.Context) (status printer.Status, held bool) {
	if _, held := FindHolder(r.folder); held {
		devices, err := r.neighbour(ctx)
		if err != nil {
			return printer.Status{Target: r.Settings.Printer, Paper: printer.PaperUnknown, Cover: printer.CoverUnknown}, true
		}
		return devices.Printer, true
	}
	return printer.Look(ctx, printer.Config{Target: r.Settings.Printer, Status: r.profile.Status}), false
}

// neighbour asks the counter that is running how its devices are.
func (r *Reader) neighbour(ctx context.Context) (Devices, error) {
	ctx, cancel := context.WithTimeout(ctx, deviceSoon)
	defer cancel()
	return (&Neighbour{r.folder}).Devices(ctx)
}

// examineScanners opens each line that is to have a scanner, or asks whoever reads them.
func (d doctor) examineScanners(ctx context.Context, r *Reader) Check {
	layout, err := r.LearntScanner()
	if err != nil {
		return d.fault("scanner", "learnt", err, nil)
	}
	if _, held := FindHolder(r.folder); !held {
		for _, target := range r.Settings.Scanner {
			line, err := printer.Open(target)
			if err != nil {
				return d.ill("scanner", "closed", map[string]any{"target": target})
			}
			line.Close()
		}
	} else if devices, err := r.neighbour(ctx); err == nil && devices.Scanners.Listening && devices.Scanners.There < devices.Scanners.All {
		return d.ill("scanner", "missing", map[string]any{"count": devices.Scanners.All - devices.Scanners.There, "all": devices.Scanners.All})
	}
	args := map[string]any{}
	if len(r.Settings.Scanner) > 0 {
		args["lines"] = strings.Join(r.Settings.Scanner, ", ")
	}
	if len(layout.Runes) > 0 {
		args["layout"] = layout.Name
	}
	return d.well("scanner", "ok", args)
}
