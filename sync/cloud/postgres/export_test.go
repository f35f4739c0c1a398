package postgres

import (
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

// TurnOf is the number of a merchant's lock.
func TurnOf(merchant string) int64 { return turnOf(merchant) }
