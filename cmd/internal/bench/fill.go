package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"countersign/cmd/internal/station"
)

// What a first fill may take beside its time: the issue's limits.
const (
	fillWire   = 25_000_000  // bytes
	fillMemory = 150_000_000 // bytes
)

// filled is what a process that joined says of itself.
type filled struct {
	Took     time.Duration
	Peak     int64 // the most memory that it had resident, bytes
	Vouchers int64 // in its cache
}

// measureFill measures how long a counter that joins takes until every voucher of the cloud's is in its cache, checked: over loopback,
// in a process of its own. The file that many counters share is made by the first, before anything is timed.
func measureFill(ctx context.Context, l *lab) ([]row, error) {
	vouchers := 1_000_000
	if l.quick {
		vouchers = 100_000
	}
	if _, err := exec.LookPath("sqlite3"); err != nil { // before minutes went by
		return nil, errors.New("the reference is the sqlite3 shell, which is not installed: .ci/provision test installs it")
	}
	folder, cloud, err := l.cloud(ctx, "fill")
	if err != nil {
		return nil, err
	}
	defer func() { _ = cloud.close() }()
	for issued := 0; issued < vouchers; issued += pageRows {
		if _, err := cloud.issue(ctx, min(pageRows, vouchers-issued)); err != nil {
			return nil, err
		}
	}
	l.log("%d vouchers are issued", vouchers)
	joined := func(name string) (filled, error) {
		one, err := joinAlone(ctx, cloud, filepath.Join(folder, name))
		if err == nil && one.Vouchers != int64(vouchers) {
			err = fmt.Errorf("a counter has %d vouchers after its first fill, of %d", one.Vouchers, vouchers)
		}
		return one, err
	}
	began := time.Now()
	if _, err := joined("first"); err != nil {
		return nil, err
	}
	first := time.Since(began)
	l.log("the first counter had its vouchers after %s, the making of the file included", first.Round(time.Millisecond))
	shell := &shellInsert{cache: filepath.Join(folder, "first", station.CacheName), script: filepath.Join(folder, "rows.sql"), into: filepath.Join(folder, "shell.db")}
	if err := shell.write(ctx); err != nil {
		return nil, err
	}
	var peak, wire int64
	took, err := turns(l.rounds(), func(round int) (time.Duration, error) {
		before := cloud.sent.Load()
		one, err := joined(fmt.Sprint("counter-", round))
		peak, wire = max(peak, one.Peak), max(wire, cloud.sent.Load()-before)
		return one.Took, err
	}, func(int) (time.Duration, error) { return shell.run(ctx) })
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("first fill, %s vouchers from the cloud over loopback, verified", thousands(vouchers))
	limit := func(what string, got, most int64) row {
		return row{what: what, reference: "–", ratio: megabytes(got), goal: "≤ " + megabytes(most), met: got <= most, detail: "most of all rounds"}
	}
	return []row{
		atMost(what, "sorted multi-row insert of the same rows by the sqlite3 shell", took, 2.5,
			fmt.Sprintf("%s against %s, both until their files are closed; %s for the first counter, for which the cloud makes the file that the others get, too",
				took.own.Round(time.Millisecond), took.other.Round(time.Millisecond), first.Round(time.Millisecond))),
		limit("the same, on the wire", wire, fillWire),
		limit("the same, memory", peak, fillMemory),
	}, nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// joinAlone has a process of its own join in a new data folder and fill its cache.
func joinAlone(ctx context.Context, cloud *office, folder string) (filled, error) {
	code, err := cloud.invite(ctx)
	if err != nil {
		return filled{}, err
	}
	var answer filled
	return answer, runSelf(ctx, &answer, "-join", code, "-out", folder)
}

// runSelf runs this program once more with other arguments and reads what it answers.
func runSelf(ctx context.Context, answer any, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, args...)
	child.Stderr = os.Stderr
	raw, err := child.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return json.Unmarshal(raw, answer)
}

// join is what joinAlone's process does.
func join(ctx context.Context, folder, code string) error {
	began := time.Now()
	s, err := station.Join(ctx, station.Config{Folder: folder, Program: "bench", Settings: &station.Settings{Profile: "generic-80"}}, code, "")
	if err != nil {
		return err
	}
	fresh, err := s.Cache.Freshness(ctx)
	if err == nil && fresh.ReachedEnd.IsZero() {
		err = errors.New("the first fill did not come to its end")
	}
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	took := time.Since(began) // with what its files have to be tidied for, as the shell's time is with that of its own
	peak, err := peakMemory(os.Getpid())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(filled{took, peak, fresh.Vouchers})
}

// shellInsert is the reference: the same rows of the same table with the same indexes, by the sqlite3 shell.
type shellInsert struct{ cache, script, into string }

// shellRows is how many rows one statement inserts.
const shellRows = 500

func (s *shellInsert) write(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite3", source(s.cache, "mode=ro"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	file, err := os.Create(s.script)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriterSize(file, 1<<20)
	defer func() { err = errors.Join(err, out.Flush()) }()
	made, err := collect(ctx, db, "SELECT sql FROM sqlite_schema WHERE tbl_name = 'vouchers' AND sql IS NOT NULL ORDER BY type DESC")
	if err != nil {
		return err
	}
	columns, err := collect(ctx, db, "SELECT group_concat('quote(' || name || ')', ' || '','' || ') FROM pragma_table_info('vouchers')")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "PRAGMA journal_mode = WAL;\nPRAGMA synchronous = FULL;\n%s;\nBEGIN;\n", made[0][0])
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM vouchers ORDER BY lookup", columns[0][0]))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 0; rows.Next(); n++ {
		var values string
		if err := rows.Scan(&values); err != nil {
			return err
		}
		before := ",\n("
		if n%shellRows == 0 {
			before = ";\nINSERT INTO vouchers VALUES\n("
		}
		if n == 0 {
			before = before[2:]
		}
		_, _ = out.WriteString(before + values + ")")
	}
	_, _ = out.WriteString(";\n")
	for _, index := range made[1:] {
		fmt.Fprintf(out, "%s;\n", index[0])
	}
	_, err = out.WriteString("COMMIT;\n")
	return errors.Join(err, rows.Err())
}

func (s *shellInsert) run(ctx context.Context) (took time.Duration, err error) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.into + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
	}
	script, err := os.Open(s.script)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, script.Close()) }()
	shell := exec.CommandContext(ctx, "sqlite3", "-bail", s.into)
	shell.Stdin, shell.Stderr = script, os.Stderr
	began := time.Now()
	err = shell.Run()
	return time.Since(began), err
}
