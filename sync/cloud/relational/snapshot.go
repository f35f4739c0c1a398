package relational

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/snapshot"
	"countersign/terminal"
)

// Who is loading a first fill when a newer one is made keeps his for so long.
const snapshotLife = 6 * time.Hour

// The cursor that belongs to a first fill is that of the feed's beginning with "-PLACE" behind it: the vouchers up to that place are
// known. So the feed brings everything else from its beginning, and vouchers from there on.

// known takes the place up to which vouchers are known off a cursor, and the nonce of that place; "" for a file made before there were any.
func known(cursor string) (rest string, place int64, nonce string, err error) {
	rest, text, found := strings.Cut(cursor, "-")
	if !found {
		return cursor, 0, "", nil
	}
	text, nonce, _ = strings.Cut(text, ".")
	place, err = strconv.ParseInt(text, 10, 64)
	if err != nil || place < 0 || rest == "" {
		return "", 0, "", cloud.ErrCursor
	}
	return rest, place, nonce, nil
}

// NewestSnapshot implements cloud.Storage.
func (s *Storage) NewestSnapshot(ctx context.Context, merchant string) (found cloud.Snapshot, err error) {
	err = s.read(ctx, func(q Querier) error {
		found = cloud.Snapshot{PartSize: cloud.SnapshotPartSize}
		var created int64
		row := q.QueryRow("SELECT id, cursor, place, vouchers, size, created_at FROM snapshot WHERE merchant = ? ORDER BY created_at DESC, id LIMIT 1", merchant)
		if err := row.Scan(&found.ID, &found.Cursor, &found.Place, &found.Vouchers, &found.Size, &created); err != nil {
			return unknown(err, "a first fill")
		}
		found.CreatedAt = fromMicros(created)
		// One of another database, such as this one before it was restored, is none.
		_, _, _, err := cursorPlace(q, merchant, found.Cursor)
		if errors.Is(err, cloud.ErrCursor) {
			return fmt.Errorf("a first fill: %w", cloud.ErrUnknown)
		}
		if err != nil {
			return err
		}
		return each(q, func(rows Rows) error {
			var hash []byte
			err := rows.Scan(&hash)
			found.Parts = append(found.Parts, hash)
			return err
		}, "SELECT hash FROM snapshot_part WHERE snapshot = ? ORDER BY part", found.ID)
	})
	return found, err
}

// SnapshotPart implements cloud.Storage.
func (s *Storage) SnapshotPart(ctx context.Context, merchant, id string, part int64) (raw []byte, err error) {
	err = s.look(ctx, func(q Querier) error {
		row := q.QueryRow("SELECT p.bytes FROM snapshot s JOIN snapshot_part p ON p.snapshot = s.id WHERE s.merchant = ? AND s.id = ? AND p.part = ?", merchant, id, part)
		return unknown(row.Scan(&raw), "the first fill's part")
	})
	return raw, err
}

// FeedSize implements cloud.Storage.
func (s *Storage) FeedSize(ctx context.Context, merchant string) (vouchers, place int64, err error) {
	if err := s.engine.Place(ctx, merchant); err != nil {
		return 0, 0, err
	}
	err = s.read(ctx, func(q Querier) error {
		if err := q.QueryRow("SELECT count(*) FROM voucher WHERE merchant = ?", merchant).Scan(&vouchers); err != nil {
			return err
		}
		_, place, _, err = cursorPlace(q, merchant, "")
		return err
	})
	return vouchers, place, err
}

// MakeSnapshot implements cloud.Storage. The rows are read in short transactions after the place was, so that they hold at least what the
// feed says up to that place, and perhaps what it says later: those changes come again.
func (s *Storage) MakeSnapshot(ctx context.Context, merchant string, at time.Time, progress func(vouchers int64)) (cloud.Snapshot, error) {
	var raw [8]byte
	rand.Read(raw[:])
	m := &making{storage: s, merchant: merchant, at: at, made: cloud.Snapshot{ID: hex.EncodeToString(raw[:]), CreatedAt: at, PartSize: cloud.SnapshotPartSize}}
	err := m.make(ctx, progress)
	if err != nil {
		// Its parts belong to nothing. What cannot be removed now is removed with the next one's making.
		err = errors.Join(err, s.writeConditional(context.WithoutCancel(ctx), func(c *change) error {
			_, err := c.Exec("DELETE FROM snapshot_part WHERE snapshot = ?", m.made.ID)
			return err
		}))
	}
	return m.made, err
}

// making is a first fill that is being written, part by part.
type making struct {
	storage  *Storage
	ctx      context.Context
	merchant string
	at       time.Time
	made     cloud.Snapshot
	waiting  bytes.Buffer // less than a part
}

func (m *making) make(ctx context.Context, progress func(int64)) error {
	m.ctx = ctx
	if err := m.storage.engine.Place(ctx, m.merchant); err != nil {
		return err
	}
	err := m.storage.read(ctx, func(q Querier) error {
		_, head, gen, err := cursorPlace(q, m.merchant, "")
		if err != nil {
			return err
		}
		nonce, err := nonceAt(q, m.merchant, head)
		if nonce != "" {
			nonce = "." + nonce
		}
		m.made.Place, m.made.Cursor = head, fmt.Sprintf("%s.0-%d%s", gen, head, nonce)
		return err
	})
	if err != nil {
		return err
	}
	file, err := snapshot.NewWriter(m, m.merchant)
	if err != nil {
		return err
	}
	if err := m.rows(ctx, file, progress); err != nil {
		file.Abort()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := m.part(m.waiting.Bytes()); err != nil {
		return err
	}
	m.made.Vouchers = file.Rows()
	return m.storage.writeConditional(ctx, m.publish)
}

func (m *making) rows(ctx context.Context, file *snapshot.Writer, progress func(int64)) error {
	after := make([]byte, 0, 16)
	for {
		var page []terminal.Voucher
		err := m.storage.read(ctx, func(q Querier) (err error) {
			page, err = vouchersAfter(q, m.merchant, after, snapshot.BlockRows)
			return err
		})
		if err != nil {
			return err
		}
		if err := file.Add(page...); err != nil {
			return err
		}
		if progress != nil {
			progress(file.Rows())
		}
		if len(page) < snapshot.BlockRows {
			return nil
		}
		after = append(after[:0], page[len(page)-1].Lookup[:]...)
	}
}

// Write takes the file's next bytes and stores the parts that are whole.
func (m *making) Write(data []byte) (int, error) {
	m.waiting.Write(data)
	for m.waiting.Len() >= cloud.SnapshotPartSize {
		if err := m.part(m.waiting.Next(cloud.SnapshotPartSize)); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

func (m *making) part(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	hash := sha256.Sum256(data)
	err := m.storage.writeConditional(m.ctx, func(c *change) error {
		_, err := c.Exec("INSERT INTO snapshot_part (snapshot, part, hash, bytes, made_at) VALUES (?, ?, ?, ?, ?)",
			m.made.ID, len(m.made.Parts), hash[:], data, micros(m.at))
		return err
	})
	if err != nil {
		return err
	}
	m.made.Parts = append(m.made.Parts, hash[:])
	m.made.Size += int64(len(data))
	return nil
}

// publish makes the file one that terminals get, and removes those that nobody can be loading any more.
func (m *making) publish(c *change) error {
	_, err := c.Exec("INSERT INTO snapshot (id, merchant, cursor, place, vouchers, size, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		m.made.ID, m.merchant, m.made.Cursor, m.made.Place, m.made.Vouchers, m.made.Size, micros(m.at))
	if err != nil {
		return err
	}
	if _, err := c.Exec("DELETE FROM snapshot WHERE merchant = ? AND id <> ? AND created_at < ?", m.merchant, m.made.ID, micros(m.at.Add(-snapshotLife))); err != nil {
		return err
	}
	_, err = c.Exec("DELETE FROM snapshot_part WHERE made_at < ? AND snapshot NOT IN (SELECT id FROM snapshot)", micros(m.at.Add(-snapshotLife)))
	return err
}

// vouchersAfter returns the next vouchers in the order of their lookups.
func vouchersAfter(q Querier, merchant string, after []byte, limit int) (page []terminal.Voucher, err error) {
	ordered := []int{}
	err = each(q, func(rows Rows) error {
		v, err := scanVoucher(rows)
		if len(v.Lines) > 0 {
			ordered = append(ordered, len(page))
		}
		page = append(page, v.Voucher)
		return err
	}, "SELECT "+voucherColumns+" FROM voucher WHERE merchant = ? AND lookup > ? ORDER BY lookup LIMIT ?", merchant, after, limit)
	if err != nil {
		return nil, err
	}
	for _, i := range ordered { // once the rows are read: a connection answers one question at a time
		v := held{Voucher: page[i]}
		if err := v.loadParts(q); err != nil {
			return nil, err
		}
		page[i] = v.Voucher
	}
	return page, nil
}
