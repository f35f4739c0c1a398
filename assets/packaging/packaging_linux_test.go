// Package packaging_test holds parts of the packages' shell scripts against what they promise, without making a package.
package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// function cuts a function out of a script.
func function(t *testing.T, script, name string) string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?ms)^` + name + `\(\) \{$.*?^\}$`).Find(text)
	if found == nil {
		t.Fatalf("%s has no function %s", script, name)
	}
	return string(found)
}

func TestDataIsRemovedOnlyWhereTheLastLineSaysSo(t *testing.T) {
	// A purge would delete the record of what was honoured, although whoever wrote the file said no in the end.
	told := function(t, "debian/postrm", "told")
	preseed := filepath.Join(t.TempDir(), "preseed")
	told = strings.ReplaceAll(told, "/etc/countersign/preseed", preseed)
	for text, wanted := range map[string]string{
		"REMOVE_DATA=yes\nREMOVE_DATA=no\n": "", "REMOVE_DATA=no\n REMOVE_DATA = 1 \r\n": "yes", "REMOVE_DATA='yes'\r\n": "yes",
		"REMOVE_DATA=\"TRUE\"\n": "yes", "#REMOVE_DATA=yes\n": "", "REMOVE_DATA=yesterday\n": "", "": "",
	} {
		if err := os.WriteFile(preseed, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("sh", "-ec", told+"\ntold REMOVE_DATA").Output()
		if got := strings.TrimSpace(string(said)); err != nil || got != wanted {
			t.Errorf("%q is taken for %q, %v", text, got, err)
		}
	}
}

func TestWhatNOTICENamesLiesBesideIt(t *testing.T) {
	// A merchant would be handed programs and a typeface whose licence is named and not to be found.
	work, into := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "LICENCES.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(work, "handbook"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("bash", "-ec", function(t, "package", "documents")+"\ndocuments "+into)
	run.Dir, run.Env = "../..", append(os.Environ(), "work="+work)
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	notice, err := os.ReadFile(filepath.Join(into, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`see\s+([\w/]+(?:\.\w+)?)`).FindAllSubmatch(notice, -1)
	if len(named) < 2 {
		t.Fatalf("NOTICE names only %q", named)
	}
	for _, name := range named {
		if info, err := os.Stat(filepath.Join(into, string(name[1]))); err != nil || info.Size() == 0 {
			t.Errorf("NOTICE says to see %s: %v", name[1], err)
		}
	}
}
