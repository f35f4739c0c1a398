package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"countersign/sync/cloud/relational"
)

// OpenEngine opens a database that has its tables, without the storage on it.
func OpenEngine(url string) (relational.Engine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	return &engine{db: stdlib.OpenDB(*config)}, nil
}

// OpenWithin is Open with how long a message of a push or a claim waits for its answer.
func OpenWithin(ctx context.Context, url string, most time.Duration) (*relational.Storage, error) {
	return openWithin(ctx, url, most)
}

// TurnOf is the number of a merchant's lock.
func TurnOf(merchant string) int64 { return turnOf(merchant) }
