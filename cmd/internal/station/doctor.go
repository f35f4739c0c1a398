package station

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/terminal/journal"
	"countersign/terminal/keystore"
	"countersign/terminal/printer"
)

// Check is one thing that doctor looked at.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

func well(name, format string, args ...any) Check {
	return Check{Name: name, OK: true, Found: fmt.Sprintf(format, args...)}
}

func ill(name string, err error, do string) Check {
	return Check{Name: name, Found: err.Error(), Do: do}
}

// leastFree is the space that a data folder should have left, in bytes.
const leastFree = 500 << 20

// Examine checks a data folder from the bottom up. Where one thing is missing, what rests on it is not looked at.
func Examine(ctx context.Context, config Config) []Check {
	folder := FolderOf(config)
	checks := []Check{examineFolder(folder)}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return checks
	}
	settings, err := settingsOf(config)
	if err != nil {
		return append(checks, ill("config", err, "correct the file; countersignctl config --sample shows every key"))
	}
	checks = append(checks, well("config", "language %q, profile %q", settings.Language, settings.Profile))
	if _, err := os.Stat(filepath.Join(folder, JournalName)); errors.Is(err, os.ErrNotExist) {
		return append(checks, whatToDo("joined", missingJournal(ctx, folder), "run countersignctl join with a join code"))
	}
	if _, err := loadKeys(ctx, folder); err != nil {
		return append(checks, whatToDo("keys", err, "chmod 0600 "+filepath.Join(folder, KeysName)+", as the account that joined"))
	}
	checks = append(checks, well("keys", "readable by this account, and not by others"))
	verified, err := verifyOwn(ctx, config)
	if err != nil {
		checks = append(checks, ill("journal", err, "stop selling, keep every file of the data folder and call support"))
	} else {
		checks = append(checks, well("journal", "whole: %s", Counted(verified.Entries, "entry", "entries")))
	}
	reader, err := OpenReader(ctx, config)
	if err != nil {
		return append(checks, whatToDo("station", err, mendStation(err)))
	}
	defer reader.Close()
	return append(checks, reader.examine(ctx, config)...)
}

// whatToDo is a check that failed, with the way on that the error itself knows, or else do.
func whatToDo(name string, err error, do string) Check {
	var lost *Lost
	if errors.As(err, &lost) {
		do = lost.Do
	}
	return ill(name, err, do)
}

// mendStation is what to do about files that cannot be opened.
func mendStation(err error) string {
	if errors.Is(err, journal.ErrDamaged) {
		return "stop selling, keep every file of the data folder and call support"
	}
	return "check the rights and the disk of the data folder; if both are well, keep every file of it and call support"
}

func examineFolder(folder string) Check {
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		return Check{Name: "folder", Found: "there is no data folder at " + folder, Do: "run countersignctl join with a join code, or name the folder with --data"}
	}
	free, err := freeSpace(folder)
	switch {
	case err != nil:
		return ill("folder", err, "check the disk")
	case tryWriting(folder) != nil:
		unwritable := &Unwritable{folder, tryWriting(folder)}
		return ill("folder", unwritable, unwritable.Do())
	case free < leastFree:
		return Check{Name: "folder", Found: fmt.Sprintf("%s has only %d MB free", folder, free>>20), Do: "free some space: without it nothing can be redeemed"}
	}
	return well("folder", "%s, %d MB free", folder, free>>20)
}

// examine checks what needs the files open.
func (r *Reader) examine(ctx context.Context, config Config) []Check {
	status, err := r.Status(ctx)
	if err != nil {
		return []Check{whatToDo("status", err, mendStation(err))}
	}
	checks := []Check{well("terminal", "%s in %s", status.Terminal, status.StoreName)}
	if status.Suspended {
		checks[0] = Check{Name: "terminal", Found: "suspended by the merchant: it honours nothing", Do: "ask who runs the cloud: countersign-cloud readmit " + status.Terminal}
	}
	checks = append(checks, r.examineLine(ctx, config), examineCache(status), examinePending(status))
	if status.Hub != nil {
		checks = append(checks, r.examineHub(ctx, *status.Hub))
	}
	if trouble := status.Trouble; trouble != nil {
		checks = append(checks, Check{Name: "sync", Found: trouble.Cause + ", since " + trouble.Since.Local().Format(time.DateTime), Do: trouble.Do})
	}
	if barred := status.Barred; barred != nil {
		checks = append(checks, Check{Name: "journal", Found: barred.Found + ", since " + barred.Since.Local().Format(time.DateTime), Do: barred.Do})
	}
	clock := Check{Name: "clock", OK: status.Clock.Off == 0 || time.Duration(status.Clock.Off)*time.Second <= clockTolerance, Found: status.Clock.Sentence}
	if time.Duration(status.Clock.Off).Abs()*time.Second > clockTolerance {
		clock.OK, clock.Do = false, "set the date and time, and switch their automatic setting on"
	}
	if moved := status.Clock.Moved; moved != nil {
		clock.Found += "; it was " + moved.String()
		if clock.OK {
			clock.OK, clock.Do = false, "look at what was redeemed since, and switch the automatic setting of date and time on"
		}
	}
	return append(checks, clock, r.examinePrinter(ctx, config, status), r.examineScanners(ctx))
}

// examineLine asks the cloud for something harmless, signed from end to end.
func (r *Reader) examineLine(ctx context.Context, config Config) Check {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys, err := keystore.Load(filepath.Join(r.folder, KeysName))
	if err != nil {
		return ill("line", err, "see keys")
	}
	client, err := r.client(config, keys, nil)
	if err != nil {
		return ill("line", err, "join again with a new join code")
	}
	began := time.Now()
	if err := client.Probe(ctx); err != nil {
		return ill("line", err, "check cable, proxy and the address "+r.url+"; the counter works offline meanwhile")
	}
	return well("line", "%s answers in %d ms", r.url, time.Since(began).Milliseconds())
}

func examineCache(status Status) Check {
	const old = 24 * time.Hour
	age := time.Duration(status.Cache.AgeSeconds) * time.Second
	switch {
	case status.Cache.Trouble != "":
		return Check{Name: "cache", Found: status.Cache.Trouble, Do: "run countersignctl sync --wait 5m"}
	case status.Cache.AgeSeconds < 0:
		return Check{Name: "cache", Found: "never filled: nothing can be redeemed offline", Do: "run countersignctl sync --wait 5m"}
	case age > old:
		return Check{Name: "cache", Found: fmt.Sprintf("%d hours old", int(age.Hours())), Do: "run countersignctl sync --wait 5m; after 7 days nothing is redeemed offline"}
	}
	return well("cache", "%s, complete %s ago", Counted(status.Cache.Vouchers, "voucher", "vouchers"), age.Round(time.Second))
}

func examinePending(status Status) Check {
	const late = 24 * time.Hour
	if status.Pending.Count > 0 && time.Since(status.Pending.Oldest) > late {
		return Check{Name: "pending", Found: fmt.Sprintf("%s, the oldest of %s", Counted(status.Pending.Count, "entry", "entries"), status.Pending.Oldest.Format(time.DateTime)),
			Do: "run countersignctl sync --wait 5m"}
	}
	return well("pending", "%s", Counted(status.Pending.Count, "entry", "entries"))
}

// Counted writes how many there are of something.
func Counted[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (r *Reader) examinePrinter(ctx context.Context, config Config, status Status) Check {
	if status.Printer.Target == "" {
		return well("printer", "none set up")
	}
	if _, err := printer.ParseTarget(status.Printer.Target); err != nil {
		return ill("printer", err, "correct printer in the configuration; countersignctl printers lists ports")
	}
	if status.Printer.Doubtful > 0 {
		return Check{Name: "printer", Found: Counted(status.Printer.Doubtful, "slip", "slips") + " may not have been printed",
			Do: "run countersignctl queue, look at the paper, reprint what is missing, then countersignctl queue done, or queue drop"}
	}
	place := fmt.Sprintf("%s (%s), %s waiting", status.Printer.Target, status.Printer.Profile, Counted(status.Printer.Queued, "slip", "slips"))
	seen, held := r.LookAtPrinter(ctx)
	waits := Check{Name: "printer", Found: fmt.Sprintf("%s: %s for somebody to say yes", place, Counted(status.Printer.Asking, "slip waits", "slips wait")),
		Do: "run countersignctl queue, then countersignctl queue print, or queue drop"}
	if held && seen.State == "" && status.Printer.Asking > 0 {
		return waits
	}
	if held && seen.State == "" {
		return well("printer", "%s; the terminal that is running has it", place)
	}
	how, do := SayPrinter(r.Words(ctx, config.Language), seen)
	if seen.Needs() {
		return Check{Name: "printer", Found: place + ": " + how, Do: do}
	}
	if status.Printer.Asking > 0 {
		return waits
	}
	return Check{Name: "printer", OK: true, Found: place + ": " + how}
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
func (r *Reader) examineScanners(ctx context.Context) Check {
	layout, err := r.LearntScanner()
	if err != nil {
		return ill("scanner", err, "scan the code that it shows")
	}
	if _, held := FindHolder(r.folder); !held {
		for _, target := range r.Settings.Scanner {
			line, err := printer.Open(target)
			if err != nil {
				return Check{Name: "scanner", Found: target + " cannot be opened", Do: "check plug and name: countersignctl printers lists serial ports"}
			}
			line.Close()
		}
	} else if devices, err := r.neighbour(ctx); err == nil && devices.Scanners.Listening && devices.Scanners.There < devices.Scanners.All {
		return Check{Name: "scanner", Found: fmt.Sprintf("%d of %d are not there", devices.Scanners.All-devices.Scanners.There, devices.Scanners.All),
			Do: "check plug and name: countersignctl printers lists serial ports"}
	}
	found := "like a keyboard"
	if len(r.Settings.Scanner) > 0 {
		found = strings.Join(r.Settings.Scanner, ", ") + " and " + found
	}
	if len(layout.Runes) > 0 {
		found += ", mended as " + layout.Name
	}
	return well("scanner", "%s", found)
}
