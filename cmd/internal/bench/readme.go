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
	Sync    time.Duration // what a bare fsync took then
	Load    float64       // of the machine when it began: what others did on it then is in the figures
	Quick   bool
	Rows    []keptRow
}

type keptRow struct {
	What, Reference, Ratio, Goal, Detail string
	Met                                  bool
}

// results are the measurements by name.
type results map[string]taken

// resultsName is the file in the folder of -out that they are kept in.
const resultsName = "results.json"

func loadResults(out string) (results, error) {
	raw, err := os.ReadFile(filepath.Join(out, resultsName))
	if errors.Is(err, fs.ErrNotExist) {
		return results{}, nil
	}
	if err != nil {
		return nil, err
	}
	var all results
	return all, json.Unmarshal(raw, &all)
}

// add keeps a measurement's rows.
func (r results) add(name string, one taken, rows []row) {
	one.Go, one.On = runtime.Version(), time.Now().Format(time.DateOnly)
	for _, found := range rows {
		one.Rows = append(one.Rows, keptRow{What: found.what, Reference: found.reference, Ratio: found.ratio, Goal: found.goal, Detail: found.detail, Met: found.met})
	}
	r[name] = one
}

// save writes the results, and the table beside them.
func (r results) save(out string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(out, resultsName), append(raw, '\n'), 0o644),
		os.WriteFile(filepath.Join(out, "table.md"), []byte(r.table()), 0o644))
}

// table is the table in Markdown, its rows in the order in which they are measured.
func (r results) table() string {
	var text, rows strings.Builder
	var machines []string
	var loads []float64
	var syncs []time.Duration
	quick := false
	for _, m := range measurements {
		one, made := r[m.name]
		if !made {
			continue
		}
		if about := fmt.Sprintf("%s, with %s, on %s", one.Machine, one.Go, one.On); !slices.Contains(machines, about) {
			machines = append(machines, about)
		}
		loads, syncs, quick = append(loads, one.Load), append(syncs, one.Sync.Round(time.Microsecond)), quick || one.Quick
		for _, found := range one.Rows {
			mark := ""
			if one.Quick {
				mark = " \\*"
			}
			fmt.Fprintf(&rows, "| %s%s | %s | %s | %s | %s | %s |\n", found.What, mark, found.Reference, found.Ratio, found.Goal, metOr(found.Met), found.Detail)
		}
	}
	if len(loads) == 0 {
		return "Nothing was measured yet.\n"
	}
	fmt.Fprintf(&text, "Taken on %s. When measurements began a bare fsync took %s to %s, and the load of the machine was %.1f to %.1f. Long polls are plain HTTP.\n\n",
		strings.Join(machines, "; and on "), slices.Min(syncs), slices.Max(syncs), slices.Min(loads), slices.Max(loads))
	text.WriteString("| what | reference | ratio | to reach | met | figures |\n| --- | --- | --- | --- | --- | --- |\n")
	text.WriteString(rows.String())
	if quick {
		text.WriteString("\n\\* measured with the smaller numbers of `BENCH=quick`.\n")
	}
	return text.String()
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
	return os.WriteFile(document, []byte(before+tableBegin+all.table()+tableEnd+after), 0o644)
}
