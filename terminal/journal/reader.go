package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// readers is how many reads run at once. A read is short: a long one would keep the write-ahead log from being folded in.
const readers = 4

// Reader is the journal open for reading, by the program that writes it or beside it.
type Reader struct {
	path     string
	db       *sql.DB
	q        *queries
	identity Identity
	moved    moved
}

// OpenReader opens the journal in path for commands that take no lock. A missing file is ErrNotEnrolled, one in an older form ErrOlder.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotEnrolled
	}
	db, version, err := openToRead(ctx, path)
	if db == nil {
		return nil, err
	}
	r := &Reader{path: path, db: db, q: newQueries(db)}
	switch {
	case err != nil:
	case version > schemaVersion:
		err = fmt.Errorf("%w (form %d, and %d is the newest known)", ErrNewer, version, schemaVersion)
	case version < schemaVersion:
		err = ErrNotEnrolled
		if version > 0 {
			err = fmt.Errorf("%w (form %d, and %d is this version's)", ErrOlder, version, schemaVersion)
		}
	default:
		r.identity, err = r.q.identity(ctx)
	}
	if err != nil {
		return nil, errors.Join(explain(err), r.Close())
	}
	return r, nil
}

// openToRead opens the file in whichever way can be read, and says in which form it is. The pool is nil where there is none.
func openToRead(ctx context.Context, path string) (*sql.DB, int, error) {
	db, err := openPool(path, toRead, readers)
	if err != nil {
		return nil, 0, err
	}
	version, err := versionOf(ctx, db)
	if err != nil && noLog(path) {
		// A file on a read-only medium: nothing can be made beside it, so it is read as it lies there.
		if err = db.Close(); err == nil {
			if db, err = openPool(path, toReadImmutable, readers); err != nil {
				return nil, 0, err
			}
			version, err = versionOf(ctx, db)
		}
	}
	return db, version, err
}

// noLog reports that no write-ahead log lies beside the file, so that the file alone is the whole journal.
func noLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return errors.Is(err, os.ErrNotExist) || (err == nil && info.Size() == 0)
}

// IdentityOf is whose journal lies in path, as the file itself says and whichever form it has: nothing is verified.
func IdentityOf(ctx context.Context, path string) (Identity, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return Identity{}, ErrNotEnrolled
	}
	db, _, err := openToRead(ctx, path)
	if db == nil {
		return Identity{}, err
	}
	q := newQueries(db)
	var identity Identity
	if err == nil {
		identity, err = q.identity(ctx)
	}
	return identity, explain(errors.Join(err, q.close(), db.Close()))
}

// Close closes the reader.
func (r *Reader) Close() error { return errors.Join(r.q.close(), r.db.Close()) }

// Identity is who the terminal is.
func (r *Reader) Identity() Identity { return r.identity }

// Use implements terminal.Journal.
func (r *Reader) Use(ctx context.Context, voucher terminal.VoucherID, part string, after uint64) (terminal.Use, error) {
	return r.q.use(ctx, voucher, part, after)
}

// Exposure implements terminal.Journal. Its currency is the merchant's also when nothing is at risk.
func (r *Reader) Exposure(ctx context.Context) (terminal.Exposure, error) {
	return r.q.exposure(ctx, r.identity.Currency)
}

// ByUID implements terminal.Journal.
func (r *Reader) ByUID(ctx context.Context, uid terminal.UID) (terminal.Record, error) {
	return r.q.record(ctx, "uid = ?", uid[:])
}

// ByReceipt implements terminal.Journal.
func (r *Reader) ByReceipt(ctx context.Context, receipt terminal.ReceiptNumber) (terminal.Record, error) {
	return r.q.record(ctx, "epoch = ? AND receipt = ? AND receipt IS NOT NULL", receipt.Epoch, int64(receipt.Number))
}

// Recent implements terminal.Journal. One damaged entry does not hide the others: those that can be read come with ErrDamaged.
func (r *Reader) Recent(ctx context.Context, limit int) ([]terminal.Record, error) {
	rows, err := r.q.query(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE kind IN (1, 2) ORDER BY seq DESC LIMIT +?", limit)
	found, err := collect(rows, err, func(rows *sql.Rows) (sealedRow, error) { return r.q.sealedRow(rows) })
	if err != nil {
		return nil, err
	}
	records, damage := make([]terminal.Record, 0, len(found)), error(nil)
	for _, row := range found {
		record, err := r.q.complete(ctx, row)
		switch {
		case err == nil:
			records = append(records, record)
		case !errors.Is(err, ErrDamaged):
			return nil, err
		case damage == nil:
			damage = err
		}
	}
	return records, damage
}

// Day returns every entry of a business day, of all kinds, in order.
func (r *Reader) Day(ctx context.Context, day terminal.Date) ([]terminal.Record, error) {
	return r.records(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE business_day = ? ORDER BY seq", day.String())
}

// Trace is terminal.Trace with the redemptions that this journal has. One of them that is damaged counts as not known: the day in which it was
// taken back can still be added up.
func (r *Reader) Trace(ctx context.Context, records []terminal.Record) error {
	return terminal.Trace(records, func(uid terminal.UID) (terminal.Record, error) {
		record, err := r.ByUID(ctx, uid)
		if errors.Is(err, ErrDamaged) {
			err = terminal.ErrUnknown
		}
		return record, err
	})
}

// Entries returns up to limit entries later than seq after, of all kinds, in order.
func (r *Reader) Entries(ctx context.Context, after uint64, limit int) ([]terminal.Record, error) {
	return r.records(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE seq > ? ORDER BY seq LIMIT +?", int64(after), limit)
}

// About returns the entries that are about another one, its reversals and reprints, in order.
func (r *Reader) About(ctx context.Context, uid terminal.UID) ([]terminal.Record, error) {
	return r.records(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE about = ? ORDER BY seq", uid[:])
}

func (r *Reader) records(ctx context.Context, query string, args ...any) ([]terminal.Record, error) {
	rows, err := r.q.query(ctx, query, args...)
	found, err := collect(rows, err, func(rows *sql.Rows) (sealedRow, error) { return r.q.sealedRow(rows) })
	if err != nil {
		return nil, err
	}
	records := make([]terminal.Record, 0, len(found))
	for _, row := range found {
		record, err := r.q.complete(ctx, row)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// Reprints is how many reprint entries there are for the slip of entry uid.
func (r *Reader) Reprints(ctx context.Context, uid terminal.UID) (int, error) {
	return r.q.reprints(ctx, uid)
}

// Head is the place of the newest entry; entry.Start of the identity's key before the first.
func (r *Reader) Head(ctx context.Context) (entry.Place, error) {
	return r.q.head(ctx, r.identity.PublicKey)
}

// HashAt is the hash of the entry with number seq, of 0 the genesis hash; terminal.ErrUnknown beyond the head.
func (r *Reader) HashAt(ctx context.Context, seq uint64) ([32]byte, error) {
	if seq == 0 {
		return entry.Genesis(r.identity.PublicKey), nil
	}
	s, err := r.q.sealed(ctx, seq)
	return s.Hash, err
}

// PINTries implements terminal.Journal.
func (r *Reader) PINTries(ctx context.Context, operator string) (int, time.Time, error) {
	var wrong int
	var last sql.NullInt64
	err := r.q.row(ctx, "SELECT wrong, last FROM pin_tries WHERE operator = ?", operator).Scan(&wrong, &last)
	if errors.Is(err, terminal.ErrUnknown) {
		return 0, time.Time{}, nil
	}
	return wrong, fromMicros(last), err
}

// Mark is the time mark, or terminal.ErrUnknown before the first.
func (r *Reader) Mark(ctx context.Context) (terminal.Mark, error) {
	var mark terminal.Mark
	var at sql.NullInt64
	var monotonic int64
	err := r.q.row(ctx, "SELECT at, boot, monotonic, heard FROM mark").Scan(&at, &mark.Boot, &monotonic, &mark.Heard)
	mark.At, mark.Monotonic = fromMicros(at), time.Duration(monotonic)*time.Microsecond
	return mark, err
}

// Instance returns the instance that the cloud acknowledged last and the one of the newest start, "" for none.
func (r *Reader) Instance(ctx context.Context) (acked, now string, err error) {
	err = r.q.row(ctx, "SELECT acked, now FROM instance").Scan(&acked, &now)
	if errors.Is(err, terminal.ErrUnknown) {
		err = nil
	}
	return acked, now, err
}

// State returns what SetState stored under key, or terminal.ErrUnknown.
func (r *Reader) State(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := r.q.row(ctx, "SELECT value FROM state WHERE key = ?", key).Scan(&value)
	return value, err
}
