package main_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
)

// disaster is what may happen to a counter PC on any day. More of a clock that is off is tried in the package station, where the clock can
// be played, and a kill in the middle of an upgrade in TestKilledInTheMiddleOfAnUpgrade.
type disaster struct {
	name string
	// strike brings it about, and returns what puts it right again, as IT would.
	strike func(t *testing.T, s *shop) (mend func())
	code   int    // exit code of redeeming meanwhile
	says   string // what redeeming says meanwhile
	check  string // of doctor, that fails meanwhile; "" where none does
	more   int    // redemptions that striking brings with it
	disk   bool   // it takes a disk of its own
}

var disasters = []disaster{
	{name: "full disk", strike: fullDisk, code: 5, says: "is full", check: "rights", more: 1, disk: true},
	{name: "read-only disk", strike: readOnlyDisk, code: 5, says: "is read-only", check: "rights", disk: true},
	{name: "folder of another account", strike: foreignFolder, code: 5, says: "may not write", check: "rights"},
	{name: "damaged cache", strike: damagedCache, code: 0, says: "APPROVED"},
	{name: "damaged journal", strike: damagedJournal, code: 1, says: "the journal is damaged", check: "journal"},
	{name: "damaged entry", strike: damagedEntry, code: 3, says: "Journal damaged", check: "journal", more: 1},
	{name: "changed slip", strike: changedSlip, code: 0, says: "APPROVED", check: "slips"},
	{name: "clock a year off", strike: clockOff, code: 3, says: "too old", check: "clock"},
	{name: "no fonts", strike: noFonts, code: 0, says: "APPROVED"},
	{name: "second start", strike: secondStart, code: 5, says: "is in use by countersignctl (process"},
}

func TestDisasters(t *testing.T) {
	// A shop would lose what it honoured, or stand before a stack trace with a queue waiting, on a day when something else goes wrong.
	for _, d := range disasters {
		t.Run(d.name, func(t *testing.T) {
			if why := noDisks(); d.disk && why != "" {
				t.Logf("not tried here: %s: nobody may make a disk of his own on this machine: %s", d.name, why)
				return
			}
			s := openShop(t, "6", nil)
			s.ctl(0, "redeem", s.codes[0])
			s.drain()
			mend := d.strike(t, s)
			out, code := s.try("redeem", s.codes[1])
			if code != d.code || !strings.Contains(out, d.says) || strings.Contains(out, "goroutine ") {
				t.Errorf("redeeming: exit code %d: %s", code, out)
			}
			approved := 1 + d.more
			if d.code == 0 {
				approved++
			}
			if d.check != "" {
				s.wantToldInAllLanguages(d.check)
			}
			mend()
			if d.code != 0 {
				s.ctl(0, "redeem", s.codes[1])
				approved++
			}
			s.ctl(0, "redeem", s.codes[2])
			s.ctl(3, "redeem", s.codes[0])
			s.ctl(0, "journal", "verify")
			s.drain()
			wantVerdicts(t, s.cloud, approved+1)
		})
	}
}

// wantToldInAllLanguages wants doctor to fail a check, and to say why and what to do in words of each language.
func (s *shop) wantToldInAllLanguages(name string) {
	s.t.Helper()
	told := map[string]string{}
	for _, language := range translations.Languages {
		out := s.ctl(1, "doctor", "--json", "--language", language)
		var checks []station.Check
		if err := json.Unmarshal([]byte(out), &checks); err != nil {
			s.t.Fatalf("%v: %s", err, out)
		}
		for _, check := range checks {
			if check.Name != name || check.OK {
				continue
			}
			if check.Found == "" || check.Do == "" {
				s.t.Errorf("%s: %+v", language, check)
			}
			told[check.Found+check.Do] = language
		}
	}
	if len(told) != len(translations.Languages) {
		s.t.Errorf("doctor says of %s only this: %v", name, told)
	}
}

// inDisks is how programs are run where they may make disks that nobody else sees.
func inDisks() []string {
	if os.Getuid() != 0 {
		return []string{"--mount", "--user", "--map-root-user"}
	}
	return []string{"--mount"}
}

// noDisks is why nobody may make a disk of his own here, as in a container without namespaces of its own; "" where he may. What a disk does
// to the journal is then tried in the package journal alone, whose disks are played.
func noDisks() string {
	out, err := exec.Command("unshare", append(inDisks(), "sh", "-ec", `mount -t tmpfs -o size=1m none "$1"`, "sh", os.TempDir())...).CombinedOutput()
	if err == nil {
		return ""
	}
	return strings.Join(strings.Fields(err.Error()+": "+string(out)), " ")
}

// ontoDisk moves the terminal's folder onto a disk of its own, of 8 MiB, which goes away with the test, and which nobody but the
// terminal's programs sees. Anybody may make such a disk in a namespace of mounts that is his own (mount_namespaces(7)); who is not root
// has one of users, too.
func (s *shop) ontoDisk() {
	s.t.Helper()
	flags, enter := inDisks(), []string{"--mount"}
	if os.Getuid() != 0 {
		enter = append(enter, "--user", "--preserve-credentials")
	}
	holder := exec.Command("unshare", append(flags, "sh", "-ec",
		`mkdir "$1.was"; cp -a "$1/." "$1.was"; mount -t tmpfs -o size=8m,mode=0770 none "$1"; cp -a "$1.was/." "$1"; echo ready; exec cat`, "sh", s.data)...)
	in, err := holder.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	var failed strings.Builder
	holder.Stderr = &failed
	if err := holder.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = errors.Join(in.Close(), holder.Wait()) // with the last process that sees it the disk goes
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		s.t.Fatalf("a disk cannot be made: %v: %s", err, failed.String())
	}
	s.on = append([]string{"nsenter", "--target", fmt.Sprint(holder.Process.Pid)}, enter...)
}

// onDisk runs a line of shell where the terminal's programs run; $1 is the data folder.
func (s *shop) onDisk(line string) {
	s.t.Helper()
	args := append(append([]string{}, s.on...), "sh", "-ec", line, "sh", s.data)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v: %s", line, err, out)
	}
}

// fullDisk fills the disk under a counter that is running: it turns customers away, and goes on by itself when there is room.
func fullDisk(t *testing.T, s *shop) func() {
	s.ontoDisk()
	counter := s.command("counter", "--json")
	in, err := counter.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := counter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := counter.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	scan := func(code string) string {
		if _, err := io.WriteString(in, code+"\n"); err != nil {
			t.Fatal(err)
		}
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	if answer := scan(s.codes[0]); !strings.Contains(answer, "already_redeemed") {
		t.Fatalf("before: %s", answer)
	}
	fill := func() { s.onDisk(`cat /dev/zero >"$1/filler" 2>/dev/null || true`) }
	fill()
	if answer := scan(s.codes[3]); !strings.Contains(answer, " is full\"") || strings.Contains(answer, `"decision":"approved"`) {
		t.Errorf("a counter that runs says on a full disk: %s", answer)
	}
	s.onDisk(`rm "$1/filler"`)
	if answer := scan(s.codes[3]); !strings.Contains(answer, `"decision":"approved"`) {
		t.Errorf("and when there is room again: %s", answer)
	}
	if err := errors.Join(in.Close(), counter.Wait()); err != nil {
		t.Fatal(err)
	}
	fill()
	return func() { s.onDisk(`rm "$1/filler"`) }
}

func readOnlyDisk(_ *testing.T, s *shop) func() {
	s.ontoDisk()
	s.onDisk(`mount -o remount,ro "$1"`)
	return func() { s.onDisk(`mount -o remount,rw "$1"`) }
}

// foreignFolder has the programs run as somebody to whom the folder does not belong.
func foreignFolder(t *testing.T, s *shop) func() {
	if os.Getuid() != 0 {
		if err := os.Chmod(s.data, 0o550); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Chmod(s.data, 0o770); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, folder := range []string{programs, filepath.Dir(s.data), filepath.Dir(filepath.Dir(s.data))} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.on = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	return func() { s.on = nil }
}

// damagedCache writes over the beginning of the cache: it is filled again before the customer is turned away.
func damagedCache(t *testing.T, s *shop) func() {
	scribble(t, filepath.Join(s.data, station.CacheName))
	return func() {}
}

// damagedJournal writes over the beginning of the journal. Not one byte of it is changed by what is tried afterwards, and its backup is
// what puts it right.
func damagedJournal(t *testing.T, s *shop) func() {
	backup, path := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(s.data, station.JournalName)
	s.ctl(0, "backup", backup)
	scribble(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		s.ctl(0, "restore", backup)
		aside, err := filepath.Glob(path + ".before-*[0-9]")
		if err != nil || len(aside) != 1 {
			t.Fatalf("the damaged journal is kept in %v, %v", aside, err)
		}
		if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, before) {
			t.Errorf("the damaged journal was changed: %v", err)
		}
		s.drain()
	}
}

// damagedEntry spoils an entry that the cloud has, in a journal that opens all the same, and takes the line away: alone, nothing is honoured.
func damagedEntry(t *testing.T, s *shop) func() {
	s.ctl(0, "redeem", s.codes[3])
	s.drain()
	backup, path := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(s.data, station.JournalName)
	s.ctl(0, "backup", backup)
	db, err := sql.Open("sqlite3", path)
	if err == nil {
		_, err = db.Exec("UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE seq = 1")
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.cloud.stop(syscall.SIGTERM)
	return func() {
		if err := s.cloud.start(); err != nil {
			t.Fatal(err)
		}
		s.ctl(0, "restore", backup)
		s.drain()
	}
}

// changedSlip has somebody write another slip into the journal: it is not shown for the terminal's, verify names it, and it can be made
// again from its entry.
func changedSlip(t *testing.T, s *shop) func() {
	write := func(query string) {
		db, err := sql.Open("sqlite3", filepath.Join(s.data, station.JournalName))
		if err == nil {
			_, err = db.Exec(query)
			err = errors.Join(err, db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("CREATE TABLE kept AS SELECT bytes FROM jobs WHERE id = 1")
	write("UPDATE jobs SET bytes = CAST('PAID TWICE' AS BLOB) WHERE id = 1")
	if out := s.ctl(1, "journal", "verify"); !strings.Contains(out, "the kept slip of receipt 1-000001 was changed") {
		t.Errorf("verify: %s", out)
	}
	picture := filepath.Join(t.TempDir(), "slip.png")
	if out := s.ctl(1, "preview", "1-000001", "--out", picture); !strings.Contains(out, "was changed") {
		t.Errorf("preview: %s", out)
	}
	t.Setenv("COUNTERSIGN_PRINTER", "file:"+filepath.Join(t.TempDir(), "paper.bin"))
	s.ctl(0, "reprint", "1-000001")
	paper, err := os.ReadFile(strings.TrimPrefix(os.Getenv("COUNTERSIGN_PRINTER"), "file:"))
	if err != nil || !bytes.Contains(paper, []byte("1-000001")) || bytes.Contains(paper, []byte("PAID TWICE")) {
		t.Errorf("reprinted as %q, %v", paper, err)
	}
	return func() {
		write("UPDATE jobs SET bytes = (SELECT bytes FROM kept) WHERE id = 1")
		write("DROP TABLE kept")
	}
}

// clockOff has the computer's clock stand a year behind, and takes the line away. Nobody may set the clock of the machine that tests run on:
// what the terminal heard of the time last is set a year ahead instead, which is the same to it.
func clockOff(t *testing.T, s *shop) func() {
	s.cloud.stop(syscall.SIGTERM)
	db, err := sql.Open("sqlite3", filepath.Join(s.data, station.JournalName))
	if err == nil {
		_, err = db.Exec("UPDATE mark SET at = at + ?", (365 * 24 * time.Hour).Microseconds())
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := s.cloud.start(); err != nil {
			t.Fatal(err)
		}
		s.drain()
	}
}

func scribble(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = file.Write(bytes.Repeat([]byte("not a database "), 500)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// noFonts takes the system's fonts away, as a bare PC has none: slips look as they always do.
func noFonts(t *testing.T, s *shop) func() {
	drawn := func(name string) []byte {
		path := filepath.Join(t.TempDir(), name)
		s.ctl(0, "preview", "1-000001", "--out", path)
		picture, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return picture
	}
	with := drawn("with.png")
	empty := t.TempDir()
	for name, value := range map[string]string{"FONTCONFIG_FILE": os.DevNull, "FONTCONFIG_PATH": empty, "XDG_DATA_HOME": empty, "XDG_DATA_DIRS": empty, "HOME": empty, "FYNE_FONT": filepath.Join(empty, "none.ttf")} {
		t.Setenv(name, value)
	}
	if without := drawn("without.png"); !bytes.Equal(with, without) {
		t.Error("slips look otherwise where there are no fonts")
	}
	return func() {}
}

// secondStart has another program at work on the folder.
func secondStart(t *testing.T, s *shop) func() {
	first := s.command("counter", "--json")
	in, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool {
		holder, taken := station.FindHolder(s.data)
		return taken && holder.PID == first.Process.Pid
	}, "two programs")
	return func() {
		if err := errors.Join(in.Close(), first.Wait()); err != nil {
			t.Fatal(err)
		}
	}
}
