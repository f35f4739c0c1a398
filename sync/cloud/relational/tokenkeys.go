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

	"countersign/sync/api"
	"countersign/sync/cloud"
)

// TokenKeys implements cloud.Storage.
func (s *Storage) TokenKeys(ctx context.Context, merchant string, at time.Time) (keys cloud.TokenKeys, err error) {
	err = s.read(ctx, func(q Querier) error {
		keys, err = loadTokenKeys(q, merchant)
		return err
	})
	if err != nil {
		return keys, err
	}
	if _, err := keys.Signing(at); err == nil {
		return keys, nil
	}
	err = s.write(ctx, func(c *change) error {
		if keys, err = loadTokenKeys(c, merchant); err != nil {
			return err
		}
		if _, err := keys.Signing(at); err == nil {
			return nil // another process was first
		}
		if _, err := c.addTokenKey(merchant, at); err != nil {
			return err
		}
		if err := c.newTrust(merchant, at); err != nil {
			return err
		}
		keys, err = loadTokenKeys(c, merchant)
		return err
	})
	return keys, err
}

// RotateTokenKey implements cloud.Storage.
func (s *Storage) RotateTokenKey(ctx context.Context, merchant string, from, at time.Time) (key cloud.TokenKey, err error) {
	err = s.write(ctx, func(c *change) error {
		if _, err := loadTokenKeys(c, merchant); err != nil {
			return err
		}
		state := api.KeyLive
		if !from.After(at) {
			state = api.KeyRetired
		}
		if _, err := c.Exec(`UPDATE token_key SET valid_until = ?1, state = ?2
			WHERE merchant = ?3 AND state = 'live' AND (valid_until IS NULL OR valid_until > ?1)`,
			micros(from), string(state), merchant); err != nil {
			return err
		}
		if key, err = c.addTokenKey(merchant, from); err != nil {
			return err
		}
		return c.newTrust(merchant, at)
	})
	return key, err
}

// EndTokenKey implements cloud.Storage.
func (s *Storage) EndTokenKey(ctx context.Context, merchant, kid string, state api.TrustedKeyState, at time.Time) (changed bool, err error) {
	err = s.write(ctx, func(c *change) error {
		changed = false
		var now string
		row := c.QueryRow("SELECT state FROM token_key WHERE merchant = ? AND kid = ?", merchant, kid)
		if err := row.Scan(&now); err != nil {
			return unknown(err, "token key "+kid)
		}
		if now == string(state) || now == string(api.KeyRevoked) {
			return nil
		}
		if _, err := c.Exec(`UPDATE token_key SET state = ?1, valid_until = CASE WHEN valid_until < ?2 THEN valid_until ELSE ?2 END
			WHERE merchant = ?3 AND kid = ?4`, string(state), micros(at), merchant, kid); err != nil {
			return err
		}
		changed = true
		return c.newTrust(merchant, at)
	})
	return changed, err
}

// addTokenKey makes a key that signs from the given time on.
func (c *change) addTokenKey(merchant string, from time.Time) (cloud.TokenKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	key := cloud.TokenKey{Key: ed25519.NewKeyFromSeed(seed), From: from, State: api.KeyLive}
	// Short, since every token carries it.
	key.ID = "k" + hex.EncodeToString(key.Key.Public().(ed25519.PublicKey)[:4])
	_, err := c.Exec("INSERT INTO token_key (merchant, kid, seed, valid_from, state) VALUES (?, ?, ?, ?, ?)",
		merchant, key.ID, seed, micros(from), string(key.State))
	return key, err
}

// newTrust makes the trust list a version newer and tells every terminal of the merchant.
func (c *change) newTrust(merchant string, at time.Time) error {
	if _, err := c.Exec("UPDATE merchant SET trust_version = trust_version + 1, trust_changed = ? WHERE id = ?", micros(at), merchant); err != nil {
		return err
	}
	return c.Publish(merchant, "trust", "", "", 0)
}

func loadTokenKeys(q Querier, merchant string) (keys cloud.TokenKeys, err error) {
	var changed int64
	row := q.QueryRow("SELECT trust_version, trust_changed FROM merchant WHERE id = ?", merchant)
	if err := row.Scan(&keys.Version, &changed); err != nil {
		return keys, unknown(err, "merchant "+merchant)
	}
	if changed != 0 {
		keys.ChangedAt = fromMicros(changed)
	}
	return keys, each(q, func(rows Rows) error {
		var key cloud.TokenKey
		var seed []byte
		var from int64
		var until sql.NullInt64
		if err := rows.Scan(&key.ID, &seed, &from, &until, &key.State); err != nil {
			return err
		}
		if len(seed) != ed25519.SeedSize {
			return fmt.Errorf("the token key %s is damaged: restore the cloud's database from a backup", key.ID)
		}
		key.Key, key.From = ed25519.NewKeyFromSeed(seed), fromMicros(from)
		if until.Valid {
			key.Until = fromMicros(until.Int64)
		}
		keys.Keys = append(keys.Keys, key)
		return nil
	}, "SELECT kid, seed, valid_from, valid_until, state FROM token_key WHERE merchant = ? ORDER BY valid_from DESC, kid", merchant)
}

// loadTrust is the merchant's trust list as it goes into the feed.
func loadTrust(q Querier, merchant string) (string, error) {
	keys, err := loadKeys(q)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errors.New("the cloud has no keys yet: run countersign-cloud serve once")
	}
	if err != nil {
		return "", err
	}
	issuers, err := loadTokenKeys(q, merchant)
	if err != nil {
		return "", err
	}
	return cloud.SignTrust(keys, merchant, issuers)
}
