// Package cache keeps cache.db: the terminal's disposable copy of what the cloud knows. It may vanish at any time and is filled
// again from the feed; a file that turns out to be damaged is set aside and begun anew, empty.
//
// Vouchers lie under the first 16 bytes of a keyed hash of their codes, operators' PIN hashes are sealed under a key from the
// system's key store: a copied file gives nobody a usable voucher and no PIN.
package cache

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"

	"countersign/terminal"
)

// KeyBytes is the length of the key that operators are sealed under (AES-256-GCM).
const KeyBytes = 32

// ErrSetAside says that the file was damaged and an empty one stands in its place: what was to be stored belongs to rows that are gone,
// and the feed has to be pulled from the beginning.
var ErrSetAside = errors.New("the cache was damaged and is being filled again; sync once more")

// ErrDamaged says that the file is not what this package wrote; it never leaves the package but from OpenReader.
var ErrDamaged = errors.New("the cache is damaged; it is filled again when the terminal runs")

// ErrOlder says that an older program wrote the file, and that none of this version has opened it for writing yet. Only OpenReader says it.
var ErrOlder = errors.New("the cache is still in the form of an older version; start the counter once")

//go:embed migrations/*.sql
var migrations embed.FS

const (
	schemaVersion = 2
	readers       = 4
	readerCache   = "-1000" // KiB a connection: the upper levels of the indexes, the system keeps the rest
)

var _ terminal.Cache = (*Cache)(nil)

// Cache implements terminal.Cache. It is safe for concurrent use; one process may write, others read.
type Cache struct {
	path     string
	readOnly bool
	seal     cipher.AEAD

	gate sync.RWMutex // held for writing while the file is set aside
	at   *handles

	mu        sync.Mutex
	campaigns map[int64]stamped // by number
	setAside  bool
	stale     bool // a page may be on its way that continues a cursor which is gone

	generation uint64 // from 1; counts the changes of the file
	settings   memo[terminal.Settings]
	operators  memo[[]terminal.Operator]
	fresh      memo[terminal.Freshness]
}

type stamped struct {
	stamp    int64
	campaign terminal.Campaign
}

// handles are the open file.
type handles struct {
	write *sql.DB // one connection; nil for a reader
	read  *sql.DB

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

// Open opens the cache in path, or makes an empty one. key seals the operators: KeyBytes bytes. A file that cannot be used is renamed
// to path with ".damaged" behind it, replacing an older one.
func Open(ctx context.Context, path string, key []byte) (*Cache, error) {
	c, err := newCache(path, key)
	if err != nil {
		return nil, err
	}
	if c.at, err = openHandles(ctx, path); err == nil {
		return c, nil
	}
	if !damaged(err) {
		return nil, fmt.Errorf("the cache cannot be opened; check the rights and the space of the data folder: %w", err)
	}
	if err := c.replace(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// OpenReader opens the cache in path for commands that take no lock. A missing file is terminal.ErrUnknown, one in
// an older form ErrOlder.
func OpenReader(ctx context.Context, path string, key []byte) (*Cache, error) {
	c, err := newCache(path, key)
	if err != nil {
		return nil, err
	}
	c.readOnly = true
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, terminal.ErrUnknown
	}
	const options = "mode=ro&_query_only=true&_busy_timeout=5000&_cache_size=" + readerCache
	c.at = newHandles(nil, open(path, options, readers))
	version, err := versionOf(ctx, c.at.read)
	if err != nil && !damaged(err) && noLog(path) {
		// On a disk that is read-only or full nothing can be made beside the file: it is read as it lies there.
		if err := c.at.close(); err != nil {
			return nil, err
		}
		c.at = newHandles(nil, open(path, options+"&immutable=1", readers))
		version, err = versionOf(ctx, c.at.read)
	}
	switch {
	case damaged(err):
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), c.at.close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("the cache cannot be opened; check the rights and the space of the data folder: %w", err), c.at.close())
	case version > 0 && version < schemaVersion:
		return nil, errors.Join(fmt.Errorf("%w (form %d, and %d is this version's)", ErrOlder, version, schemaVersion), c.at.close())
	case version != schemaVersion:
		return nil, errors.Join(fmt.Errorf("%w (form %d)", ErrDamaged, version), c.at.close())
	}
	return c, nil
}

// noLog reports that no write-ahead log lies beside the file, so that the file alone is the whole cache.
func noLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return errors.Is(err, os.ErrNotExist) || (err == nil && info.Size() == 0)
}

// Blank is a cache of nothing, in memory: for commands that only read, where the file is missing or cannot be read.
func Blank(ctx context.Context, key []byte) (*Cache, error) {
	c, err := newCache("", key)
	if err != nil {
		return nil, err
	}
	c.readOnly = true
	name := fmt.Sprintf("blank-%p", c)
	write := open(name, "mode=memory&cache=shared", 1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	c.at = newHandles(write, open(name, "mode=memory&cache=shared&_query_only=true", readers))
	return c, nil
}

func newCache(path string, key []byte) (*Cache, error) {
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("the cache's key has %d bytes instead of %d; restore the key file", len(key), KeyBytes)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Cache{path: path, seal: seal, campaigns: map[int64]stamped{}, generation: 1}, nil
}

// Close closes the file.
func (c *Cache) Close() error {
	c.gate.Lock()
	defer c.gate.Unlock()
	return c.at.close()
}

// SetAside reports that a damaged file was replaced by an empty one since Open began: the feed has to be pulled from the beginning.
func (c *Cache) SetAside() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setAside
}

// guarded runs work, which only reads, on the open file. When that finds the file damaged, it is set aside and work runs once more, on
// an empty one: the terminal then knows no voucher for a while, which is true, and nobody has to come.
func (c *Cache) guarded(work func(*handles) error) error {
	err := c.once(work)
	if errors.Is(err, ErrSetAside) {
		err = c.once(work)
	}
	return err
}

// once runs work and answers ErrSetAside where the file had to be replaced.
func (c *Cache) once(work func(*handles) error) error {
	c.gate.RLock()
	used := c.at
	err := work(used)
	c.gate.RUnlock()
	if !damaged(err) || c.readOnly {
		return unknown(err)
	}
	c.gate.Lock()
	defer c.gate.Unlock()
	if c.at == used { // nobody else has done it meanwhile
		if err := errors.Join(c.at.close(), c.replace(context.Background())); err != nil {
			return err
		}
		c.mu.Lock()
		c.stale = true
		c.mu.Unlock()
	}
	return ErrSetAside
}

// takeStale reports, once, that the file was replaced while a page may have been on its way.
func (c *Cache) takeStale() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.stale
	c.stale = false
	return was
}

func unknown(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return terminal.ErrUnknown
	}
	return err
}

// replace sets the file aside and opens an empty one.
func (c *Cache) replace(ctx context.Context) error {
	if err := os.Rename(c.path, c.path+".damaged"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the cache is damaged and cannot be set aside; delete %s: %w", filepath.Base(c.path), err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(c.path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the cache is damaged and cannot be set aside; delete %s: %w", filepath.Base(c.path)+suffix, err)
		}
	}
	at, err := openHandles(ctx, c.path)
	if err != nil {
		return fmt.Errorf("a new cache cannot be made; check the rights and the space of the data folder: %w", err)
	}
	c.mu.Lock()
	c.campaigns, c.setAside = map[int64]stamped{}, true
	c.mu.Unlock()
	c.at = at
	c.changed()
	return nil
}

// damaged reports that the file itself is at fault, not the disk or the asker.
func damaged(err error) bool {
	var fault sqlite3.Error
	if errors.Is(err, ErrDamaged) {
		return true
	}
	return errors.As(err, &fault) && (fault.Code == sqlite3.ErrCorrupt || fault.Code == sqlite3.ErrNotADB)
}

// sealOperator and openOperator encrypt an operator, bound to his id.
func (c *Cache) sealOperator(operator terminal.Operator) ([]byte, error) {
	body, err := json.Marshal(operator)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, c.seal.NonceSize(), c.seal.NonceSize()+len(body)+c.seal.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return c.seal.Seal(nonce, nonce, body, []byte(operator.ID)), nil
}

func (c *Cache) openOperator(id string, sealed []byte) (operator terminal.Operator, err error) {
	size := c.seal.NonceSize()
	if len(sealed) < size {
		return operator, fmt.Errorf("%w: operator %s", ErrDamaged, id)
	}
	body, err := c.seal.Open(nil, sealed[:size], sealed[size:], []byte(id))
	if err != nil { // another key: the file belongs to an enrolment before
		return operator, fmt.Errorf("%w: operator %s", ErrDamaged, id)
	}
	if err := json.Unmarshal(body, &operator); err != nil {
		return operator, fmt.Errorf("%w: operator %s: %w", ErrDamaged, id, err)
	}
	return operator, nil
}

// connector opens connections with one set of options.
type connector struct {
	dsn   string
	drive *sqlite3.SQLiteDriver
}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.drive.Open(c.dsn) }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.drive }

func open(path, options string, conns int) *sql.DB {
	slashed := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		slashed = "/" + slashed
	}
	db := sql.OpenDB(connector{dsn: "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + options, drive: &sqlite3.SQLiteDriver{}})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

func newHandles(write, read *sql.DB) *handles {
	return &handles{write: write, read: read, prepared: map[string]*sql.Stmt{}}
}

func openHandles(ctx context.Context, path string) (*handles, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	// NORMAL may lose the last pages in a power cut and keeps the file whole: the feed goes on from the cursor that is left.
	write := open(path, "mode=rwc&_txlock=immediate&_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=5000&_cache_size=-32000&_stmt_cache_size=32", 1)
	if err := migrate(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	// A fill touches every page of the file again and again: checkpoints are what it waits for, and each brings a page home once.
	if _, err := write.ExecContext(ctx, "PRAGMA wal_autocheckpoint = 8000"); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	at := newHandles(write, open(path, "mode=ro&_query_only=true&_busy_timeout=5000&_cache_size="+readerCache, readers))
	for _, query := range []string{findQuery, placeQuery} { // a file that lacks a table or a column is none of ours
		if _, err := at.statement(ctx, query); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrDamaged, err), at.close())
		}
	}
	return at, nil
}

// statement prepares a query for the readers, once.
func (h *handles) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if statement := h.prepared[query]; statement != nil {
		return statement, nil
	}
	statement, err := h.read.PrepareContext(context.WithoutCancel(ctx), query)
	if err == nil {
		h.prepared[query] = statement
	}
	return statement, err
}

func (h *handles) close() error {
	err := h.read.Close() // with its statements
	if h.write != nil {
		err = errors.Join(err, h.write.Close())
	}
	return err
}

func migrate(ctx context.Context, db *sql.DB) error {
	version, err := versionOf(ctx, db)
	if err != nil || version == schemaVersion {
		return err
	}
	if version > schemaVersion { // of a newer program, which will fill its own again
		return fmt.Errorf("%w: form %d, and %d is the newest known", ErrDamaged, version, schemaVersion)
	}
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, schemaVersion)
	if err != nil && strings.Contains(err.Error(), "already exists") {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// versionOf returns the number of the last migration that the file has seen, 0 for an empty one.
func versionOf(ctx context.Context, db *sql.DB) (int, error) {
	var tables, version int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	return version, err
}
