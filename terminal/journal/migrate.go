package journal

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the number of the newest migration.
const schemaVersion = 4

// migrate brings the file to schemaVersion, each step in its own transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	version, err := versionOf(ctx, db)
	if err != nil {
		return err
	}
	if version == schemaVersion {
		return nil
	}
	if version > schemaVersion {
		return fmt.Errorf("%w (form %d, and %d is the newest known)", ErrNewer, version, schemaVersion)
	}
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps,
		goose.WithGoMigrations(goose.NewGoMigration(2, &goose.GoFunc{RunTx: makeCounted}, nil)))
	if err != nil {
		return err
	}
	if _, err := provider.UpTo(ctx, schemaVersion); err != nil {
		return fmt.Errorf("the journal could not be brought to the form of this version: %w", explain(err))
	}
	return nil
}

// versionOf returns the number of the last migration that the file has seen, 0 for an empty file.
func versionOf(ctx context.Context, db *sql.DB) (int, error) {
	var tables, version int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&tables)
	if err != nil || tables == 0 {
		return 0, explain(err)
	}
	err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	return version, explain(err)
}
