package journal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// leastSQLite is the first version without the bug that could lose pages when a write-ahead log was reset (3.51.3).
const leastSQLite = 3051003

// access says what a connection is for.
type access int

const (
	toWrite access = iota
	toRead
	toCopy          // reads, and may make another file: VACUUM INTO is refused under query_only
	toReadImmutable // a file in a folder nobody may write to, with no program at work on it
)

// connector opens connections that keep the journal's promises, or none: go-sqlite3 quietly sets synchronous=NORMAL on each
// connection that does not say otherwise, under which a power cut can lose approved redemptions.
type connector struct {
	dsn   string
	drive *sqlite3.SQLiteDriver
}

func newConnector(path string, mode access) (*connector, error) {
	if _, version, _ := sqlite3.Version(); version < leastSQLite {
		return nil, fmt.Errorf("%w: SQLite %d is older than %d", ErrUnsafe, version, leastSQLite)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := orphaned(absolute); err != nil {
		return nil, err
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… of Windows
	}
	options := url.Values{"_synchronous": {"FULL"}, "_busy_timeout": {"5000"}}
	switch mode {
	case toWrite:
		options.Set("mode", "rwc")
		options.Set("_txlock", "immediate")
		options.Set("_journal_mode", "WAL")
		// Without it SQLite takes for granted that a power cut in the middle of a write leaves the rest of the sector as it was.
		// Disks that write 4 KiB for 512 bytes do not. Each commit then ends on a sector's boundary, one frame longer at most.
		options.Set("psow", "0")
	case toCopy:
		options.Set("mode", "ro")
	case toRead:
		options.Set("mode", "ro")
		options.Set("_query_only", "true")
	case toReadImmutable:
		options.Set("mode", "ro")
		options.Set("immutable", "1")
		options.Set("_query_only", "true")
	}
	dsn := "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + options.Encode()
	hook := func(conn *sqlite3.SQLiteConn) error { return assertSafe(conn, mode) }
	return &connector{dsn: dsn, drive: &sqlite3.SQLiteDriver{ConnectHook: hook}}, nil
}

// orphaned refuses a file that is empty or gone while its log is there: SQLite would take the log for a left-over and delete it, whoever
// looks, with all entries that are in it alone.
func orphaned(path string) error {
	if file, err := os.Stat(path); err == nil && file.Size() > 0 {
		return nil
	}
	if log, err := os.Stat(path + "-wal"); err != nil || log.Size() == 0 {
		return nil // there is nothing to lose
	}
	return fmt.Errorf("%w: the file %s is empty or gone, and its log %s-wal is not: keep both", ErrDamaged, path, filepath.Base(path))
}

// Connect implements driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) { return c.drive.Open(c.dsn) }

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.drive }

// assertSafe asks SQLite what it will really do, rather than trusting what was asked for.
func assertSafe(conn *sqlite3.SQLiteConn, mode access) error {
	if full, err := pragma(conn, "synchronous"); err != nil || full != "2" {
		return fmt.Errorf("%w: synchronous is %s instead of 2: %w", ErrUnsafe, full, orNone(err))
	}
	if mode != toWrite {
		return nil
	}
	if journal, err := pragma(conn, "journal_mode"); err != nil || journal != "wal" {
		return fmt.Errorf("%w: journal_mode is %s instead of wal: %w", ErrUnsafe, journal, orNone(err))
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("SQLite did not take it")
	}
	return err
}

func pragma(conn *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := conn.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	values := make([]driver.Value, 1)
	if err := rows.Next(values); err != nil && err != io.EOF {
		return "", err
	}
	if text, ok := values[0].([]byte); ok {
		return string(text), nil
	}
	return fmt.Sprint(values[0]), nil
}

// openPool opens a pool of at most conns connections.
func openPool(path string, mode access, conns int) (*sql.DB, error) {
	connect, err := newConnector(path, mode)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connect)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}
