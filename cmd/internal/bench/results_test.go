package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// say is a measurement of a name that the table knows.
func say(t *testing.T, name string, rows []row, err error) measurement {
	t.Helper()
	found, problem := choose(name)
	if problem != nil {
		t.Fatal(problem)
	}
	found[0].run = func(context.Context, *lab) ([]row, error) { return rows, err }
	return found[0]
}

// If it failed, one tool that a machine lacks would keep everything else from being measured, and the table would show what an older run had
// found as if it were new.
func TestOneFailureLeavesTheOthers(t *testing.T) {
	out := t.TempDir()
	met := func(what string) []row {
		return []row{{what: what, reference: "–", ratio: "1 ×", goal: "≤ 2 ×", met: true}}
	}
	if err := run(t.Context(), out, []measurement{say(t, "push", met("an older push"), nil), say(t, "pair", met("an older pair"), nil)}, true); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("exec: \"pgbench\":\nnot | found")
	err := run(t.Context(), out, []measurement{say(t, "check", met("a check"), nil), say(t, "pair", met("a part of pair"), lost), say(t, "verify", met("a verify"), nil)}, true)
	if err == nil || !strings.Contains(err.Error(), "pair") {
		t.Errorf("the run ended with %v, which does not name what failed", err)
	}
	raw, err := os.ReadFile(filepath.Join(out, tableName))
	if err != nil {
		t.Fatal(err)
	}
	table := string(raw)
	for _, line := range []string{"| a check", "| a part of pair", "| an older push", "| a verify",
		"| journal push and claims on PostgreSQL, the rest | – | – | – | not measured | not measured: exec: \"pgbench\": not / found |"} {
		if !strings.Contains(table, line) {
			t.Errorf("the table lacks %q:\n%s", line, table)
		}
	}
	if strings.Contains(table, "an older pair") {
		t.Errorf("the table shows an older figure of what failed:\n%s", table)
	}
	if left, _ := filepath.Glob(filepath.Join(out, labPrefix+"*")); len(left) > 0 {
		t.Errorf("the run left %s", left)
	}
}

// If it failed, a table put together from several runs would pass for one that was taken at once.
func TestSaysOfWhichRunARowIs(t *testing.T) {
	kept := func(minute int, commit string) taken {
		return taken{Machine: "a machine", Commit: commit, Began: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)}.with([]row{{what: "a thing"}})
	}
	one := results{"check": kept(4, "abc"), "push": kept(4, "abc")}.table()
	if !strings.Contains(one, "on 2026-01-02 03:04 UTC, commit abc.") || strings.Contains(one, "measured |") {
		t.Errorf("the table of one run:\n%s", one)
	}
	two := results{"check": kept(4, "abc"), "push": kept(5, "def-dirty")}.table()
	for _, end := range []string{"| 2026-01-02 03:04 UTC, commit abc |\n", "| 2026-01-02 03:05 UTC, commit def-dirty |\n"} {
		if !strings.Contains(two, end) {
			t.Errorf("the table of two runs lacks %q:\n%s", end, two)
		}
	}
}

// If it failed, nobody could see how far the rounds that a ratio is the median of lie apart.
func TestKeepsTheRoundsOfARow(t *testing.T) {
	out := t.TempDir()
	times := []round{{3 * time.Second, time.Second}, {time.Second, time.Second}, {4 * time.Second, 2 * time.Second}}
	n := -1
	took, err := turns(len(times), func(int) (time.Duration, error) { n++; return times[n].Measured, nil },
		func(round int) (time.Duration, error) { return times[round].Reference, nil })
	if err != nil || took.ratio != 2 || took.own != 3*time.Second || took.other != time.Second {
		t.Fatalf("the rounds came to %+v, %v", took, err)
	}
	found := []row{atMost("a time", "–", took, 2, ""), atLeast("a pace", "–", took, 0.6, ""), {what: "one long look"}}
	if !found[0].met || found[1].met {
		t.Errorf("a ratio of 2 is at most 2: %v, and its pace at least 0.6: %v", found[0].met, found[1].met)
	}
	if err := (results{"check": taken{}.with(found)}).save(out); err != nil {
		t.Fatal(err)
	}
	again, err := loadResults(out)
	if err != nil {
		t.Fatal(err)
	}
	for i, kept := range again["check"].Rows {
		if want := found[i].rounds; !slices.Equal(kept.Rounds, want) {
			t.Errorf("%s: %v was kept of %v", kept.What, kept.Rounds, want)
		}
	}
}

// If it failed, a wrong word after -only would measure nothing and show an old table.
func TestRefusesUnknownNames(t *testing.T) {
	for _, only := range []string{"reedem", "redeem, check", " redeem", ",", "redeem,"} {
		if _, err := choose(only); err == nil || !strings.Contains(err.Error(), "redeem, check, fill, push, pair, polls, verify, window") {
			t.Errorf("-only %q: %v", only, err)
		}
	}
	for only, want := range map[string]int{"": len(measurements), "verify,check": 2} {
		if found, err := choose(only); err != nil || len(found) != want {
			t.Errorf("-only %q: %d measurements, %v", only, len(found), err)
		}
	}
}

// If it failed, results that a full disk cut short would end every later run, or be lost without a word.
func TestSetsUnreadableResultsAside(t *testing.T) {
	for _, cut := range []string{"", `{"check": {"Mach`, "null", "[]"} {
		out := t.TempDir()
		if err := os.WriteFile(filepath.Join(out, resultsName), []byte(cut), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadResults(out); err == nil || !strings.Contains(err.Error(), resultsName) {
			t.Errorf("%q: %v does not name the file", cut, err)
		}
		said := ""
		all, err := openResults(out, func(format string, _ ...any) { said += format })
		if err != nil || said == "" {
			t.Fatalf("%q: %v, and %q was said", cut, err, said)
		}
		all["check"] = taken{}.with([]row{{what: "a check"}})
		if err := all.save(out); err != nil {
			t.Fatal(err)
		}
		if aside, _ := filepath.Glob(filepath.Join(out, "unreadable-*")); len(aside) != 1 {
			t.Errorf("%q: set aside were %s", cut, aside)
		}
		if again, err := loadResults(out); err != nil || len(again) != 1 {
			t.Errorf("%q: then %d measurements, %v", cut, len(again), err)
		}
	}
}

// If it failed, gigabytes of killed runs would stay on the disk or in memory, or a run would lose its folder to the next one.
func TestClearsWhatKilledRunsLeft(t *testing.T) {
	parent := t.TempDir()
	killed, err := newScratch(parent, labPrefix)
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // as the system does with a process's end
		t.Fatal(err)
	}
	living, err := newScratch(parent, labPrefix)
	if err != nil {
		t.Fatal(err)
	}
	strangers := []string{filepath.Join(parent, labPrefix+"without-a-lock"), filepath.Join(parent, "of-somebody-else")}
	for _, folder := range strangers {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(strangers[1], lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	clearLeft(parent, labPrefix, t.Logf)
	if _, err := os.Stat(killed.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed run left is still there: %v", err)
	}
	for _, folder := range append(strangers, living.folder) {
		if _, err := os.Stat(folder); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	}
	if err := living.close(); err != nil {
		t.Error(err)
	}
}
