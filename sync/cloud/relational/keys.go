package relational

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"countersign/sync/cloud"
)

// The keys of table meta.
const (
	metaRoot       = "root_seed"
	metaNonce      = "nonce_key"
	metaGeneration = "generation"
	metaURL        = "public_url"
	metaVoucher    = "next_voucher"
)

// Keys implements cloud.Storage.
func (s *Storage) Keys(ctx context.Context) (cloud.Keys, error) {
	keys, err := s.keys(ctx)
	if !errors.Is(err, sql.ErrNoRows) {
		return keys, err
	}
	err = s.write(ctx, func(c *change) error {
		if _, err := c.meta(metaRoot, ed25519.SeedSize); err != nil {
			return err
		}
		if _, err := c.meta(metaNonce, 32); err != nil {
			return err
		}
		var count int
		if err := c.QueryRow("SELECT count(*) FROM feed_key").Scan(&count); err != nil || count > 0 {
			return err
		}
		_, err := c.addFeedKey(time.Now())
		return err
	})
	if err != nil {
		return cloud.Keys{}, err
	}
	return s.keys(ctx)
}

func (s *Storage) keys(ctx context.Context) (keys cloud.Keys, err error) {
	err = s.read(ctx, func(q Querier) error {
		keys, err = loadKeys(q)
		return err
	})
	return keys, err
}

func loadKeys(q Querier) (keys cloud.Keys, err error) {
	var root []byte
	if err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaRoot).Scan(&root); err != nil {
		return keys, err
	}
	if err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaNonce).Scan(&keys.Nonce); err != nil {
		return keys, err
	}
	keys.Root = ed25519.NewKeyFromSeed(root)
	if err := each(q, func(rows Rows) error {
		var key cloud.FeedKey
		var seed []byte
		var from int64
		err := rows.Scan(&key.ID, &seed, &from)
		if err == nil && len(seed) != ed25519.SeedSize {
			err = fmt.Errorf("the feed key %s is damaged: restore the cloud's database from a backup", key.ID)
		}
		if err == nil {
			key.Key, key.From = ed25519.NewKeyFromSeed(seed), fromMicros(from)
			keys.Feeds = append(keys.Feeds, key)
		}
		return err
	}, "SELECT kid, seed, valid_from FROM feed_key ORDER BY valid_from DESC, kid"); err != nil {
		return keys, err
	}
	if len(keys.Feeds) == 0 {
		return keys, sql.ErrNoRows
	}
	keys.Feed = keys.Feeds[len(keys.Feeds)-1] // where the clock is behind them all
	keys.Feed = keys.FeedAt(time.Now())
	return keys, nil
}

// RotateFeedKey implements cloud.Storage.
func (s *Storage) RotateFeedKey(ctx context.Context, from, at time.Time) (key cloud.FeedKey, err error) {
	if _, err := s.Keys(ctx); err != nil { // there is a first one
		return key, err
	}
	err = s.write(ctx, func(c *change) error {
		var merchants []string
		if err := each(c, func(rows Rows) error {
			var id string
			err := rows.Scan(&id)
			merchants = append(merchants, id)
			return err
		}, "SELECT id FROM merchant ORDER BY id"); err != nil {
			return err
		}
		if _, err := c.Exec("DELETE FROM feed_key WHERE valid_from > ?", micros(at)); err != nil { // never used: this one takes its place
			return err
		}
		if key, err = c.addFeedKey(from); err != nil {
			return err
		}
		for _, merchant := range merchants {
			if err := c.newTrust(merchant, at); err != nil {
				return err
			}
		}
		return nil
	})
	return key, err
}

func (c *change) addFeedKey(from time.Time) (cloud.FeedKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	key := cloud.FeedKey{Key: ed25519.NewKeyFromSeed(seed), From: fromMicros(micros(from))}
	key.ID = "feed-" + hex.EncodeToString(key.Key.Public().(ed25519.PublicKey)[:4])
	_, err := c.Exec("INSERT INTO feed_key (kid, seed, valid_from) VALUES (?, ?, ?)", key.ID, seed, micros(from))
	return key, err
}

// meta returns a secret of the database, which the first call makes at random.
func (c *change) meta(key string, size int) ([]byte, error) {
	fresh := make([]byte, size)
	rand.Read(fresh)
	if _, err := c.Exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", key, fresh); err != nil {
		return nil, err
	}
	var value []byte
	err := c.QueryRow("SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	return value, err
}

// PublicURL implements cloud.Storage.
func (s *Storage) PublicURL(ctx context.Context) (string, error) {
	var value []byte
	err := s.look(ctx, func(q Querier) error {
		return q.QueryRow("SELECT value FROM meta WHERE key = ?", metaURL).Scan(&value)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return string(value), err
}

// RecordPublicURL implements cloud.Storage.
func (s *Storage) RecordPublicURL(ctx context.Context, url string) error {
	return s.writeConditional(ctx, func(c *change) error {
		_, err := c.Exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", metaURL, []byte(url))
		return err
	})
}

// LookupKey implements cloud.Storage.
func (s *Storage) LookupKey(ctx context.Context, merchant string) ([]byte, error) {
	var key []byte
	err := s.look(ctx, func(q Querier) error {
		return q.QueryRow("SELECT lookup_key FROM merchant WHERE id = ?", merchant).Scan(&key)
	})
	return key, unknown(err, "merchant "+merchant)
}
