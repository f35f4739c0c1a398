// Package sqlite keeps what the cloud knows in one embedded SQLite file: nothing to set up, and any number of processes on the
// same machine can use it at once.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	_ "github.com/mattn/go-sqlite3" // the driver
	"github.com/pressly/goose/v3"

	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
)

//go:embed migrations/*.sql
var migrations embed.FS

// FileName is the database's name within the data folder.
const FileName = "cloud.db"

// HubName is the name of a hub's database within the terminal's data folder.
const HubName = "hub.db"

// HubMarkName is the name of the file beside it that says how far it is.
const HubMarkName = "hub.mark"

// Open opens the database in folder dir, which it makes, and brings it to the newest schema.
func Open(dir string) (*relational.Storage, error) { return open(dir, FileName) }

// OpenHub opens the database of a store's hub in the terminal's data folder.
func OpenHub(dir string) (*relational.Copy, error) {
	s, err := open(dir, HubName)
	if err != nil {
		return nil, err
	}
	return relational.NewCopy(s), nil
}

// HubAwaits is how many terminals the hub's record in a terminal's data folder awaits at a time, whichever process serves it: see
// relational.Copy.Awaits. Nobody is awaited where there is no record yet.
func HubAwaits(ctx context.Context, dir string, at time.Time) (n int64, err error) {
	path := filepath.Join(dir, HubName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := connect(path, url.Values{"mode": {"ro"}, "_query_only": {"1"}}, 1)
	if err != nil {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM unheard WHERE since > ?", at.Add(-cloud.AwaitedMost).UnixMicro()).Scan(&n)
	if err = errors.Join(err, db.Close()); err != nil {
		return 0, fmt.Errorf("the hub's record %s cannot be read: %w", path, err)
	}
	return n, nil
}

func open(dir, name string) (*relational.Storage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	path := filepath.Join(dir, name)
	writer, err := connect(path, url.Values{"_txlock": {"immediate"}}, 1)
	if err != nil {
		return nil, err
	}
	if err := prepare(writer, dir, path); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	// After a power cut the log can end inside a sector. What is promised in it is brought into the file before anything is written
	// beside it, where the next torn write could take it along. Where another process reads, this does as much as it can.
	if _, err := writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return nil, errors.Join(fmt.Errorf("the database %s cannot be opened: %w", path, err), writer.Close())
	}
	reader, err := connect(path, url.Values{"_query_only": {"1"}, "_txlock": {"deferred"}}, max(4, runtime.NumCPU())+1)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return relational.New(context.Background(), &engine{writer, reader})
}

func connect(path string, options url.Values, connections int) (*sql.DB, error) {
	options.Set("_journal_mode", "WAL")
	options.Set("_synchronous", "FULL") // the driver would set NORMAL, which loses the newest commits in a power cut
	// Without it SQLite takes for granted that a power cut in the middle of a write leaves the rest of the sector as it was. Disks that write
	// 4 KiB for 512 bytes do not: a torn commit would take the one before with it, a claim that was granted, say.
	options.Set("psow", "0")
	options.Set("_busy_timeout", "15000")
	options.Set("_foreign_keys", "1")
	options.Set("_stmt_cache_size", "128") // else each of an intent's statements is compiled anew
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: options.Encode()}
	db, err := sql.Open("sqlite3", address.String())
	if err != nil {
		return nil, fmt.Errorf("the database %s cannot be opened: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// prepare checks the engine and migrates. Two processes that start at once take turns.
func prepare(writer *sql.DB, dir, path string) error {
	lock := flock.New(filepath.Join(dir, "migrate.lock"))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("the data folder %s cannot be locked: %w", dir, err)
	}
	defer lock.Unlock()
	var version string
	var synchronous int
	row := writer.QueryRow("SELECT sqlite_version(), (SELECT synchronous FROM pragma_synchronous)")
	if err := row.Scan(&version, &synchronous); err != nil {
		return fmt.Errorf("the database %s cannot be opened: %w", path, err)
	}
	if synchronous != 2 {
		return fmt.Errorf("SQLite did not accept synchronous=FULL (it says %d): this build cannot be trusted with redemptions", synchronous)
	}
	if !versionAtLeast(version, 3, 51, 3) {
		return fmt.Errorf("SQLite %s has a bug that can damage a database; at least 3.51.3 is needed", version)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("the database %s cannot be closed to others: %w", path, err)
	}
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if newest, err := isNewest(writer, folder); err != nil || newest {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, writer, folder)
	if err != nil {
		return fmt.Errorf("the database %s cannot be brought up to date: %w", path, err)
	}
	if _, err := provider.Up(context.Background()); err != nil {
		return fmt.Errorf("the database %s cannot be brought up to date: %w", path, err)
	}
	return nil
}

// isNewest reports that the file has seen the newest migration: goose would read all of them to find that out, at each start.
func isNewest(writer *sql.DB, folder fs.FS) (bool, error) {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil || len(files) == 0 {
		return false, err
	}
	number, _, _ := strings.Cut(files[len(files)-1], "_")
	newest, err := strconv.Atoi(number)
	if err != nil {
		return false, fmt.Errorf("the migration %s has no number: %w", files[len(files)-1], err)
	}
	version := -1
	if err := writer.QueryRow("SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version); err != nil {
		return false, nil // a new file has no such table, and of anything else goose tells
	}
	return version == newest, nil
}

func versionAtLeast(version string, least ...int) bool {
	parts := strings.Split(version, ".")
	for i, want := range least {
		got := 0
		if i < len(parts) {
			got, _ = strconv.Atoi(parts[i])
		}
		if got != want {
			return got > want
		}
	}
	return true
}
