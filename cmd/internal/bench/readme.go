package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// taken is a measurement as it is kept, so that one that is made again replaces itself and nothing else.
type taken struct {
	Machine string
	Go      string
	On      string        // the day
	Commit  string        // of the sources, with "-dirty" where they were changed; "" where nobody says
	Began   time.Time     // its run: measurements of several may stand together
	Sync    time.Duration // what a bare fsync took then
	Load    float64       // of the machine when it began: what others did on it then is in the figures
	Quick   bool
	Failed  string // "not measured: …", why it has not all its rows; "" where it has
	Rows    []keptRow
}

type keptRow struct {
	What, Reference, Ratio, Goal, Detail string
	Met                                  bool
	Rounds                               []round `json:",omitempty"` // in the order in which they were taken, times in nanoseconds
}

// with is a measurement with its rows, of today.
func (t taken) with(rows []row) taken {
	t.Go, t.On = runtime.Version(), time.Now().UTC().Format(time.DateOnly)
	for _, found := range rows {
		t.Rows = append(t.Rows, keptRow{What: found.what, Reference: found.reference, Ratio: found.ratio, Goal: found.goal, Detail: found.detail, Met: found.met,
			Rounds: found.rounds})
	}
	return t
}

// when says which day and sources a measurement is of.
func (t taken) when() string {
	when := t.On
	if !t.Began.IsZero() {
		when = t.Began.Format("2006-01-02 15:04 UTC")
	}
	if t.Commit != "" {
		when += ", commit " + t.Commit
	}
	return when
}

// results are the measurements by name.
type results map[string]taken

// resultsName is the file in the folder of -out that they are kept in, and tableName the one with their table.
const resultsName, tableName = "results.json", "table.md"

// errUnreadable: the file of the results does not hold any.
var errUnreadable = errors.New("it holds no results of the bench")

func loadResults(out string) (results, error) {
	path := filepath.Join(out, resultsName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return results{}, nil
	}
	if err != nil {
		return nil, err
	}
	var all results
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return nil, fmt.Errorf("%s cannot be read: %w (%v); remove it, or measure again", path, errUnreadable, err)
	}
	return all, nil
}

// openResults loads the results that others are added to. What is no results is set aside, and a run begins without any.
func openResults(out string, log func(format string, args ...any)) (results, error) {
	all, err := loadResults(out)
	if !errors.Is(err, errUnreadable) {
		return all, err
	}
	aside := filepath.Join(out, "unreadable-"+time.Now().UTC().Format("20060102T150405")+"-"+resultsName)
	log("%s holds no results that can be read, and is now called %s", filepath.Join(out, resultsName), filepath.Base(aside))
	return results{}, os.Rename(filepath.Join(out, resultsName), aside)
}

// save writes the results, and the table beside them.
func (r results) save(out string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(replaceFile(filepath.Join(out, resultsName), append(raw, '\n')), replaceFile(filepath.Join(out, tableName), []byte(r.table())))
}

// replaceFile writes a file as a whole or not at all: a full disk leaves what was there.
func replaceFile(path string, raw []byte) error {
	next := path + ".new" // always the same, so that one that a killed run left is written over
	file, err := os.Create(next)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return nil
}

// table is the table in Markdown, its rows in the order in which they are measured. Where they are of several runs, each says of which.
func (r results) table() string {
	var text, rows strings.Builder
	var machines, runs []string
	var loads []float64
	var syncs []time.Duration
	quick := false
	for _, one := range r {
		if about := fmt.Sprintf("%s, with %s", one.Machine, one.Go); !slices.Contains(machines, about) {
			machines = append(machines, about)
		}
		if !slices.Contains(runs, one.when()) {
			runs = append(runs, one.when())
		}
		loads, syncs, quick = append(loads, one.Load), append(syncs, one.Sync.Round(time.Microsecond)), quick || one.Quick && len(one.Rows) > 0
	}
	if len(loads) == 0 {
		return "Nothing was measured yet.\n"
	}
	when, head, line := ", on "+runs[0], "", ""
	if len(runs) > 1 {
		when, head, line = ", in several runs: each row says in which", " measured |", " --- |"
	}
	var missing []string
	for _, m := range measurements {
		if one, made := r[m.name]; made {
			one.write(&rows, m.what, len(runs) > 1)
		} else {
			missing = append(missing, m.what)
		}
	}
	slices.Sort(machines)
	fmt.Fprintf(&text, "Taken on %s%s. When measurements began a bare fsync took %s to %s, and the load of the machine was %.1f to %.1f. Long polls are plain HTTP.\n\n",
		strings.Join(machines, "; and on "), when, slices.Min(syncs), slices.Max(syncs), slices.Min(loads), slices.Max(loads))
	text.WriteString("| what | reference | ratio | to reach | met | figures |" + head + "\n| --- | --- | --- | --- | --- | --- |" + line + "\n")
	text.WriteString(rows.String())
	if quick {
		text.WriteString("\n\\* measured with the smaller numbers of `BENCH=quick`.\n")
	}
	if len(missing) > 0 {
		text.WriteString("\nNot measured yet: " + strings.Join(missing, "; ") + ".\n")
	}
	return text.String()
}

// write writes a measurement's lines of the table; what names it where it has no row.
func (t taken) write(lines *strings.Builder, what string, when bool) {
	end := " |\n"
	if when {
		end = " | " + t.when() + " |\n"
	}
	for _, found := range t.Rows {
		mark := ""
		if t.Quick {
			mark = " \\*"
		}
		fmt.Fprintf(lines, "| %s%s | %s | %s | %s | %s | %s%s", found.What, mark, found.Reference, found.Ratio, found.Goal, metOr(found.Met), found.Detail, end)
	}
	if t.Failed != "" {
		if len(t.Rows) > 0 {
			what += ", the rest"
		}
		fmt.Fprintf(lines, "| %s | – | – | – | not measured | %s%s", what, t.Failed, end)
	}
}

// sentence is an error as a line of a table can say it.
func sentence(err error) string {
	const most = 400
	var lines []string
	for line := range strings.Lines(err.Error()) { // of many terminals all may say the same
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	text := []rune(strings.ReplaceAll(strings.Join(lines, " "), "|", "/"))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return string(text)
}

// What the table stands between in a document.
const tableBegin, tableEnd = "<!-- the bench's table begins -->\n", "<!-- the bench's table ends -->\n"

// putTable puts the table of the results in out into a document, in the place of the one that is there.
func putTable(out, document string) error {
	all, err := loadResults(out)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("nothing was measured yet in %s: run make bench first", out)
	}
	raw, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(raw), tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: it stands between the lines %q and %q", document, strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
	}
	return replaceFile(document, []byte(before+tableBegin+all.table()+tableEnd+after))
}
