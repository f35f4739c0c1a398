package relational

import (
	"context"
	"database/sql"
	"time"

	"countersign/sync/cloud"
)

// NewAdminToken implements cloud.Storage.
func (s *Storage) NewAdminToken(ctx context.Context, token cloud.AdminToken, hash [32]byte) error {
	return s.write(ctx, func(c *change) error {
		var taken bool
		row := c.QueryRow("SELECT EXISTS (SELECT 1 FROM admin_token WHERE name = ? AND ended_at IS NULL)", token.Name)
		if err := row.Scan(&taken); err != nil {
			return err
		}
		if taken {
			return cloud.ErrNameTaken
		}
		_, err := c.Exec("INSERT INTO admin_token (hash, name, merchant, created_at) VALUES (?, ?, ?, ?)", hash[:], token.Name, token.Merchant, micros(token.CreatedAt))
		return err
	})
}

// AdminToken implements cloud.Storage.
func (s *Storage) AdminToken(ctx context.Context, hash [32]byte) (token cloud.AdminToken, err error) {
	err = s.look(ctx, func(q Querier) error {
		token, err = scanAdminToken(q.QueryRow("SELECT name, merchant, created_at, ended_at FROM admin_token WHERE hash = ? AND ended_at IS NULL", hash[:]))
		return unknown(err, "the token")
	})
	return token, err
}

// AdminTokens implements cloud.Storage.
func (s *Storage) AdminTokens(ctx context.Context) (all []cloud.AdminToken, err error) {
	err = s.read(ctx, func(q Querier) error {
		all = nil
		return each(q, func(rows Rows) error {
			token, err := scanAdminToken(rows)
			all = append(all, token)
			return err
		}, "SELECT name, merchant, created_at, ended_at FROM admin_token ORDER BY created_at, name")
	})
	return all, err
}

func scanAdminToken(row Row) (token cloud.AdminToken, err error) {
	var created int64
	var ended sql.NullInt64
	err = row.Scan(&token.Name, &token.Merchant, &created, &ended)
	token.CreatedAt = fromMicros(created)
	if ended.Valid {
		at := fromMicros(ended.Int64)
		token.EndedAt = &at
	}
	return token, err
}

// EndAdminToken implements cloud.Storage.
func (s *Storage) EndAdminToken(ctx context.Context, name string, at time.Time) error {
	return s.write(ctx, func(c *change) error {
		var hash []byte
		row := c.QueryRow("SELECT hash FROM admin_token WHERE name = ? AND ended_at IS NULL", name)
		if err := row.Scan(&hash); err != nil {
			return unknown(err, "token "+name)
		}
		_, err := c.Exec("UPDATE admin_token SET ended_at = ? WHERE hash = ?", micros(at), hash)
		return err
	})
}
