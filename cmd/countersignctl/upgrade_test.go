package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
)

// keptForms are what the versions before left on disk, each with its cloud: a counter that has honoured three vouchers and taken back a
// part of one with the line up, and four more without it, which are pending. testdata/kept/form-N.tar.gz holds the folders terminal and
// cloud, and the codes of its vouchers. One is added whenever a form of journal or cache lands, made by programs of that version.
const keptForms = 4

// Of each kept counter.
const (
	keptPending = 5 // four that were honoured, and one that was declined
	keptHead    = 9
)

// kept is a folder that an earlier version left.
type kept struct {
	*shop
	dinner, swim, gift []string // codes
}

func unpack(t *testing.T, form string) *kept {
	t.Helper()
	folder := t.TempDir()
	packed, err := os.Open(filepath.Join("testdata", "kept", form+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(plain); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, filepath.FromSlash(file.Name))
		if file.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o750)
		} else {
			var text []byte
			if text, err = io.ReadAll(files); err == nil {
				err = os.WriteFile(path, text, file.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	k := &kept{shop: &shop{t: t, data: filepath.Join(folder, "terminal")}}
	for name, codes := range map[string]*[]string{"dinner": &k.dinner, "swim": &k.swim, "gift": &k.gift} {
		text, err := os.ReadFile(filepath.Join(folder, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			*codes = append(*codes, row[1])
		}
	}
	return k
}

// serve starts today's cloud on the kept one's data, where the terminal finds it.
func (k *kept) serve() {
	k.t.Helper()
	link, err := demo.NewLink(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	folder := filepath.Dir(k.data)
	k.link, k.cloud = link, &cloudProgram{data: filepath.Join(folder, "cloud"), folder: folder, public: "http://" + link.Addr(), link: link}
	k.t.Cleanup(func() {
		k.cloud.stop(os.Kill)
		_ = link.Close() // the test is over: how it closes is nobody's business
	})
	path := filepath.Join(k.data, "cloud.json")
	var known map[string]string
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if err == nil {
		known["url"] = "http://" + link.Addr() + "/"
		text, err = json.Marshal(known)
	}
	if err = errors.Join(err, os.WriteFile(path, text, 0o600), k.cloud.start()); err != nil {
		k.t.Fatal(err)
	}
}

// wantKept checks that everything that the version before left is there.
func (k *kept) wantKept(when string) {
	k.t.Helper()
	var status station.Status
	if err := json.Unmarshal([]byte(k.ctl(0, "status", "--json")), &status); err != nil {
		k.t.Fatal(err)
	}
	if status.Pending.Count != keptPending || status.Pending.Head != keptHead || status.Terminal != "counter-1" || status.Cache.Vouchers != 18 || status.Cache.Trouble != "" {
		k.t.Fatalf("%s: %+v, %+v", when, status.Pending, status.Cache)
	}
	if out := k.ctl(0, "journal", "verify"); !strings.Contains(out, "9 entries") || !strings.Contains(out, "8 receipts") {
		k.t.Fatalf("%s: %s", when, out)
	}
}

func TestWhatAVersionBeforeLeftIsTakenOver(t *testing.T) {
	// A shop that installs the new package over the old one, with redemptions waiting, would lose them, be paid for them twice, or honour
	// again what was used; and fleet tools would call a good counter broken until somebody starts it.
	for form := 1; form <= keptForms; form++ {
		t.Run(fmt.Sprint("form ", form), func(t *testing.T) {
			k := unpack(t, fmt.Sprint("form-", form))
			if form < keptForms {
				k.wantOutdated()
			}
			backup := filepath.Join(t.TempDir(), "backup.db")
			before, err := os.ReadFile(filepath.Join(k.data, station.JournalName))
			if err = errors.Join(err, os.WriteFile(backup, before, 0o600)); err != nil {
				t.Fatal(err)
			}
			if out := k.ctl(0, "journal", "verify", backup); !strings.Contains(out, "9 entries") {
				t.Errorf("a backup of that version: %s", out)
			}
			if after, err := os.ReadFile(backup); err != nil || !bytes.Equal(before, after) {
				t.Errorf("verifying a backup changed it: %v", err)
			}
			k.wantKept("straight after the upgrade")
			if out, code := k.try("redeem", k.dinner[0]); code != 3 || !strings.Contains(out, "Already used") {
				t.Errorf("what was used before the upgrade: exit code %d: %s", code, out)
			}

			k.serve()
			k.drain()
			wantVerdicts(t, k.cloud, 8) // a reversal among them
			k.ctl(0, "redeem", k.dinner[3])
			k.ctl(3, "redeem", k.swim[0], "--units", "7") // of ten, three and two were used, and one was taken back
			k.ctl(0, "redeem", k.swim[0], "--units", "6")
			k.ctl(3, "redeem", k.gift[0], "--amount", "30.01")
			k.ctl(0, "redeem", k.gift[0], "--amount", "30.00")
			k.drain()
			wantVerdicts(t, k.cloud, 11)

			// What was backed up in the old form comes back in this one's.
			if err := os.Remove(filepath.Join(k.data, station.JournalName)); err != nil {
				t.Fatal(err)
			}
			k.ctl(0, "restore", backup)
			k.ctl(0, "journal", "verify")
			k.ctl(0, "sync", "--wait", "1m")
			k.ctl(3, "redeem", k.dinner[3])
			wantVerdicts(t, k.cloud, 11)
		})
	}
}

// wantOutdated has the version before still run, as a counter does whose package was upgraded under it: what would change its files says so.
func (k *kept) wantOutdated() {
	k.t.Helper()
	lock := flock.New(filepath.Join(k.data, "lock"))
	taken, err := lock.TryLock()
	if err != nil || !taken {
		k.t.Fatalf("the folder is not free: %v", err)
	}
	holder, err := json.Marshal(station.Holder{PID: os.Getpid(), Program: "countersign", Since: time.Now()})
	path := filepath.Join(k.data, "holder.json")
	if err = errors.Join(err, os.WriteFile(path, holder, 0o600)); err != nil {
		k.t.Fatal(err)
	}
	if out := k.ctl(5, "status"); !strings.Contains(out, "is in use by countersign (process") || !strings.Contains(out, "close it and start it again") {
		k.t.Errorf("while the version before runs: %s", out)
	}
	if err := errors.Join(os.Remove(path), lock.Unlock()); err != nil {
		k.t.Fatal(err)
	}
}

// wantVerdicts checks that the cloud has so many redemptions, and that each is accepted.
func wantVerdicts(t *testing.T, cloud *cloudProgram, wanted int) {
	t.Helper()
	out, err := cloud.run("redemptions", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ UID, Verdict string }
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, one := range all {
		if one.Verdict == "accepted" {
			accepted++
		}
	}
	if accepted != wanted {
		t.Errorf("%d redemptions are accepted of %d, and %d were honoured", accepted, len(all), wanted)
	}
}
