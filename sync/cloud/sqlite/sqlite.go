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
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "github.com/mattn/go-sqlite3" // the driver
	"github.com/pressly/goose/v3"

	"countersign/sync/cloud"
)

//go:embed migrations/*.sql
var migrations embed.FS

// FileName is the database's name within the data folder.
const FileName = "cloud.db"

// Storage implements cloud.Storage.
type Storage struct {
	writer *sql.DB // one connection; every transaction takes the write lock at once
	reader *sql.DB
	watch  watch
}

var _ cloud.Storage = (*Storage)(nil)

// Open opens the database in folder dir, which it makes, and brings it to the newest schema.
func Open(dir string) (*Storage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	path := filepath.Join(dir, FileName)
	writer, err := connect(path, url.Values{"_txlock": {"immediate"}}, 1)
	if err != nil {
		return nil, err
	}
	if err := prepare(writer, dir, path); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader, err := connect(path, url.Values{"_query_only": {"1"}, "_txlock": {"deferred"}}, max(4, runtime.NumCPU())+1)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	s := &Storage{writer: writer, reader: reader}
	s.watch.storage = s
	if err := s.ensureGeneration(context.Background()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connect(path string, options url.Values, connections int) (*sql.DB, error) {
	options.Set("_journal_mode", "WAL")
	options.Set("_synchronous", "FULL") // the driver would set NORMAL, which loses the newest commits in a power cut
	options.Set("_busy_timeout", "15000")
	options.Set("_foreign_keys", "1")
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
	provider, err := goose.NewProvider(goose.DialectSQLite3, writer, folder)
	if err != nil {
		return fmt.Errorf("the database %s cannot be brought up to date: %w", path, err)
	}
	if _, err := provider.Up(context.Background()); err != nil {
		return fmt.Errorf("the database %s cannot be brought up to date: %w", path, err)
	}
	return nil
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

// Close closes the database.
func (s *Storage) Close() error {
	s.watch.stop()
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Ready implements cloud.Storage.
func (s *Storage) Ready(ctx context.Context) error {
	var merchants int
	return s.reader.QueryRowContext(ctx, "SELECT count(*) FROM merchant").Scan(&merchants)
}

// change is one write transaction.
type change struct {
	*sql.Tx
	places map[string]int64
}

// write runs do in a write transaction, whole or not at all. The context ends waiting for the lock, never a COMMIT.
func (s *Storage) write(ctx context.Context, do func(c *change) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := s.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("the database is busy: %w", err)
	}
	c := &change{Tx: tx, places: map[string]int64{}}
	if err := do(c); err != nil {
		return errors.Join(err, rollback(tx))
	}
	for merchant, place := range c.places {
		if _, err := tx.Exec("UPDATE merchant SET place = ? WHERE id = ?", place, merchant); err != nil {
			return errors.Join(err, rollback(tx))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("the database could not be written: %w", err)
	}
	s.watch.wake()
	return nil
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// read runs do in a transaction that sees one state of the database.
func (s *Storage) read(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	defer tx.Rollback()
	return do(tx)
}

// publish gives a change its place in the merchant's feed. SQLite has one writer at a time: its write lock is the sequencer's lock,
// and the order of commits is the order of places.
func (c *change) publish(merchant, kind, ref, store string, terminalID int64) error {
	place, err := c.place(merchant)
	if err != nil {
		return err
	}
	c.places[merchant] = place + 1
	_, err = c.Exec("INSERT INTO outbox (merchant, place, kind, ref, store, terminal) VALUES (?, ?, ?, ?, ?, ?)",
		merchant, place+1, kind, ref, store, terminalID)
	return err
}

// place is the last one given.
func (c *change) place(merchant string) (int64, error) {
	if place, ok := c.places[merchant]; ok {
		return place, nil
	}
	var place int64
	err := c.QueryRow("SELECT place FROM merchant WHERE id = ?", merchant).Scan(&place)
	return place, err
}

// querier is a transaction of either sort.
type querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}

// each calls scan for every row of a query.
func each(q querier, scan func(rows *sql.Rows) error, query string, args ...any) error {
	rows, err := q.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// unknown turns an empty result into cloud.ErrUnknown.
func unknown(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, cloud.ErrUnknown)
	}
	return err
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// watch wakes those who wait for changes: at once for changes of this process, within a fifth of a second for those of others.
type watch struct {
	storage *Storage
	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	waiting int
	quit    chan struct{}
	closed  bool
}

const watchEvery = 200 * time.Millisecond

// join makes the watch look for other processes' changes until the function it returns is called. Whoever waits stays in it from
// his first look to his last: a watch that stopped and began between two looks would wake him each time it begins.
func (w *watch) join() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting++
	if w.waiting == 1 && !w.closed {
		w.quit = make(chan struct{})
		go w.poll(w.quit)
	}
	var once sync.Once
	return func() { once.Do(w.leave) }
}

// next returns a channel that closes at the next change.
func (w *watch) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	return w.changed
}

func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting--; w.waiting == 0 && w.quit != nil {
		close(w.quit)
		w.quit = nil
	}
}

func (w *watch) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	w.closed = true
	if w.quit != nil {
		close(w.quit)
		w.quit = nil
	}
	w.mu.Unlock()
	w.wake()
}

// poll notices what other processes commit: data_version changes for exactly those, on one and the same connection.
func (w *watch) poll(quit <-chan struct{}) {
	connection, err := w.storage.reader.Conn(context.Background())
	if err != nil {
		return
	}
	defer connection.Close()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last := int64(-1)
	for {
		var version int64
		err := connection.QueryRowContext(context.Background(), "PRAGMA data_version").Scan(&version)
		// The first look wakes too: a change may have come between a waiter's last look and this one.
		if err == nil && version != last {
			w.wake()
		}
		last = version
		select {
		case <-quit:
			return
		case <-tick.C:
		}
	}
}
