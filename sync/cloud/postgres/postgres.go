// Package postgres keeps what the cloud knows in PostgreSQL, or in an engine that speaks its protocol: any number of processes on any
// number of machines use one database at once.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"countersign/sync/cloud/relational"
)

//go:embed migrations/*.sql
var migrations embed.FS

// answerMost is how long a connection may take to come about.
const answerMost = 10 * time.Second

// Open opens the database that a URL such as postgres://user@host/name?sslmode=verify-full names, and brings it to the newest schema.
// The database has to exist. What the URL leaves out comes from libpq's environment, such as PGPASSWORD, and from ~/.pgpass.
func Open(ctx context.Context, url string) (*relational.Storage, error) {
	return openWithin(ctx, url, messageMost)
}

// openWithin is Open with how long a message of a push or a claim waits for its answer.
func openWithin(ctx context.Context, url string, most time.Duration) (*relational.Storage, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be read: %w", err) // pgx leaves the password out
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = answerMost
	}
	for key, value := range map[string]string{
		"application_name": "countersign-cloud",
		// A process that stands still in the middle of a transaction must not hold its locks for ever.
		"idle_in_transaction_session_timeout": "15000",
	} {
		if _, set := config.RuntimeParams[key]; !set {
			config.RuntimeParams[key] = value
		}
	}
	config.DialFunc = dialer.DialContext
	e := &engine{most: most}
	e.db = stdlib.OpenDB(*config, stdlib.OptionShouldPing(e.lives), stdlib.OptionResetSession(usable))
	db := e.db
	connections := max(8, 4*runtime.NumCPU())
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := prepare(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return relational.New(ctx, e)
}

// prepare checks the database and migrates. Processes that start at once take turns.
func prepare(ctx context.Context, db *sql.DB) error {
	var commits, encoding string
	if err := db.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commits); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if err := db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if commits == "off" {
		return errors.New("the database has synchronous_commit=off and would lose redemptions that it acknowledged: set it to on")
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database's encoding is %s: make one with encoding UTF8", encoding)
	}
	if err := migrate(ctx, db); err != nil {
		return fmt.Errorf("the database cannot be brought up to date: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	turns, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithSessionLocker(turns))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
