// Package relational is the storage of the cloud on a relational database, whichever that is: what each intent reads, decides and
// writes. What differs between databases is an Engine, of which packages sqlite and postgres have one each.
package relational

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"countersign/sync/cloud"
)

// Engine is a database. Queries are written with ?, or ?1 and so on, for parameters.
type Engine interface {
	// Write runs do in one transaction, whole or not at all, and do may run several times until that succeeds: it has no effect but
	// on the transaction and on variables that each run sets anew. The context ends waiting, never a COMMIT.
	Write(ctx context.Context, needs Isolation, do func(tx Tx) error) error
	// WriteInTurn is Write, Serial, of what changes a merchant's journals and claims: one after the other, whichever process asks, as far
	// as that can be had. It is right without, and then some begin again.
	WriteInTurn(ctx context.Context, merchant string, do func(tx Tx) error) error
	// Together is how many pushes and claims that wait at the same moment are best done in one transaction.
	Together() int
	// Read runs do in a transaction that sees one state of the database.
	Read(ctx context.Context, do func(q Querier) error) error
	// Look runs do, which makes one query and reads its answer to the end, without a transaction around it.
	Look(ctx context.Context, do func(q Querier) error) error
	// Place gives all that is committed its place in the merchant's feed, where the commit itself does not.
	Place(ctx context.Context, merchant string) error
	// Probe returns a function whose answer changes after another process changed a feed. It is called again and again by one
	// goroutine, which calls end when it is done.
	Probe(ctx context.Context) (look func() (int64, error), end func(), err error)
	Close() error
}

// Isolation is what a transaction needs to be right beside others.
type Isolation int

const (
	// Serial is as if there were no others.
	Serial Isolation = iota
	// Conditional is for statements that each check and write at once, by a condition or a unique key, and read nothing before.
	Conditional
)

// Querier reads within a transaction.
type Querier interface {
	Query(query string, args ...any) (Rows, error)
	QueryRow(query string, args ...any) Row
}

// Rows is an answer, as *sql.Rows is one.
type Rows interface {
	Next() bool
	Row
	Err() error
	Close() error
}

// Row is the first row of an answer, or sql.ErrNoRows.
type Row interface{ Scan(into ...any) error }

// Tx is a write transaction.
type Tx interface {
	Querier
	Exec(query string, args ...any) (sql.Result, error)
	// Later is Exec for who need not know what it did: it is done before anything is read, or with the COMMIT. It changes no answer to
	// what was foreseen but those that depend on what it touches.
	Later(touches []Touch, query string, args ...any) error
	// Number inserts a row into a table whose column id numbers the rows, and returns its number. The row is written as Later's are.
	Number(touches []Touch, table, id, columns string, args ...any) (int64, error)
	// Foresee asks all at once what will be asked one by one, and keeps the answers until they are asked for or touched. numbers is how
	// many rows of a table will get a number.
	Foresee(asks []Ask, numbers map[string]int) error
	Prepare(query string) (Statement, error)
	// Publish says in the merchant's feed that the thing ref of the given kind changed. Who is told: the terminals of a store, or one
	// of them, or everybody where they are empty.
	Publish(merchant, kind, ref, store string, terminal int64) error
	// Place is the place of what was published last. Where that is known after the commit only, it is negative or NULL, and Engine.Place
	// sets it right in the entries that hold it.
	// ahead changes more are published before that.
	Place(merchant string, ahead int) (sql.NullInt64, error)
}

// Statement is one that is executed often.
type Statement interface {
	Exec(args ...any) (sql.Result, error)
	Close() error
}

// Ask is a query that will be made, and what its answer depends on. What is not named there changes only by statements that are no Later.
type Ask struct {
	Query   string
	Args    []any
	Depends []Touch
}

// Touch is something that answers depend on and that writes touch.
type Touch struct {
	What What
	ID   int64
}

// What there is to touch.
type What byte

const (
	RowOf     What = iota // a voucher, by its id
	Vouchers              // any voucher: 0
	HoldsOf               // the claims of a voucher, by its id
	HoldsBy               // the claims of a terminal
	JournalOf             // entries of a terminal, and where its journal ends
	LinesOf               // the redeemed lines of a voucher
)

// Nonce is what a change in the outbox is known by beside its place: random, never 0.
func Nonce() int64 { return 1 + rand.Int64N(math.MaxInt64-1) }

// Storage implements cloud.Storage.
type Storage struct {
	engine  Engine
	watch   watch
	looks   looks
	turns   turns
	callers callers
	copy    bool // see Copy
	tell    atomic.Pointer[func(cloud.Alarm)]
}

var _ cloud.Storage = (*Storage)(nil)

// New returns the storage on a database that has the newest schema, and which it closes in the end, also after an error.
func New(ctx context.Context, engine Engine) (*Storage, error) {
	s := &Storage{engine: engine}
	s.watch.probe = engine.Probe
	if err := s.ensureGeneration(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *Storage) Close() error {
	s.watch.stop()
	return s.engine.Close()
}

// Tell implements cloud.Storage.
func (s *Storage) Tell(tell func(cloud.Alarm)) { s.tell.Store(&tell) }

// Ready implements cloud.Storage.
func (s *Storage) Ready(ctx context.Context) error {
	return s.look(ctx, func(q Querier) error {
		var merchants int
		return q.QueryRow("SELECT count(*) FROM merchant").Scan(&merchants)
	})
}

// roomNeeded is how many bytes Room writes.
const roomNeeded = 256 << 10

// metaRoom is the key in table meta of what Room writes.
const metaRoom = "room"

// Room implements cloud.Storage. What is written has to be there after a COMMIT: a transaction that is undone may never touch the disk.
func (s *Storage) Room(ctx context.Context) error {
	err := s.writeConditional(ctx, func(c *change) error { return c.setMeta(metaRoom, strings.Repeat("x", roomNeeded)) })
	if err != nil {
		return err
	}
	return s.writeConditional(ctx, func(c *change) error {
		_, err := c.Exec("DELETE FROM meta WHERE key = '" + metaRoom + "'")
		return err
	})
}

// change is one write transaction.
type change struct {
	Tx
	copied bool        // of a hub's copy, whose versions are the cloud's
	facts  *batchFacts // nil but in what is done together
	news   bool        // whoever waits for changes of the feed is to look
	loud   bool        // somebody is to be told of exceptions
	alarms []cloud.Alarm
}

// Publish implements Tx.
func (c *change) Publish(merchant, kind, ref, store string, terminal int64) error {
	c.news = true
	return c.Tx.Publish(merchant, kind, ref, store, terminal)
}

// write runs do in a write transaction as if there were no other.
func (s *Storage) write(ctx context.Context, do func(c *change) error) error {
	return s.writeAs(ctx, Serial, do)
}

// writeConditional is for what Conditional says.
func (s *Storage) writeConditional(ctx context.Context, do func(c *change) error) error {
	return s.writeAs(ctx, Conditional, do)
}

func (s *Storage) writeAs(ctx context.Context, needs Isolation, do func(c *change) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.writeBy(func(run func(tx Tx) error) error { return s.engine.Write(ctx, needs, run) }, do)
}

// writeBy runs do in a write transaction of the engine's, and then tells of what it did.
func (s *Storage) writeBy(write func(run func(tx Tx) error) error, do func(c *change) error) error {
	tell := s.tell.Load()
	var done *change
	err := write(func(tx Tx) error {
		done = &change{Tx: tx, copied: s.copy, loud: tell != nil}
		return do(done)
	})
	if err != nil || done == nil {
		return err
	}
	if done.news {
		s.watch.wake()
	}
	for _, alarm := range done.alarms {
		(*tell)(alarm)
	}
	return nil
}

func (s *Storage) read(ctx context.Context, do func(q Querier) error) error {
	return s.engine.Read(ctx, do)
}

// look is read for one query alone.
func (s *Storage) look(ctx context.Context, do func(q Querier) error) error {
	return s.engine.Look(ctx, do)
}

// each calls scan for every row of a query.
func each(q Querier, scan func(rows Rows) error, query string, args ...any) error {
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

// flag is a truth as both databases store it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
