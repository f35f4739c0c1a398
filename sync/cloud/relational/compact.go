package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// The outbox gets a row with each change, and a page of the feed tells of each thing how it is now: a row is of no more use to anybody
// once a later one is of the same thing. Rows younger than cloud.FeedKept stay all the same, since their nonces tell a cursor of this
// database from one of another history of it. Below, at the floor, only the newest row of each thing stays: whoever pulls from the beginning, or
// from a cursor whose row is still there, misses nothing; a cursor whose row is gone cannot be judged any more, and begins anew.
const (
	markEvery     = 6 * time.Hour
	compactLooked = 200_000 // rows that are looked up before they are removed
	compactAtOnce = 500     // rows that one transaction removes: others want to write
)

// errBehind says that a cursor is older than what is kept.
var errBehind = fmt.Errorf("%w: it is older than what the feed keeps", cloud.ErrCursor)

// CompactFeed implements cloud.Storage. It may run in several processes at once: what one has removed the other does not find.
func (s *Storage) CompactFeed(ctx context.Context, now time.Time) (removed int64, err error) {
	merchants, err := s.Merchants(ctx)
	if err != nil {
		return 0, err
	}
	for _, merchant := range merchants {
		if err := s.engine.Place(ctx, merchant.ID); err != nil {
			return removed, err
		}
		floor, err := s.lift(ctx, merchant.ID, now)
		if err != nil {
			return removed, err
		}
		for floor > 0 && ctx.Err() == nil {
			places, err := s.superseded(ctx, merchant.ID, floor, now)
			if err == nil {
				err = s.removePlaces(ctx, merchant.ID, places)
			}
			if err != nil {
				return removed, err
			}
			removed += int64(len(places))
			if len(places) < compactLooked {
				break
			}
		}
	}
	return removed, ctx.Err()
}

// lift notes where the feed ends, and answers up to where it may be compacted now; 0 is nowhere, or nowhere new. The floor is there
// before the first row goes: a cursor is judged by it. Each statement checks and writes at once, and two processes that do the same
// leave what one would.
func (s *Storage) lift(ctx context.Context, merchant string, now time.Time) (floor int64, err error) {
	err = s.engine.Write(ctx, Conditional, func(tx Tx) error {
		floor = 0
		_, err := tx.Exec(`INSERT INTO feed_mark (merchant, at, place) SELECT id, ?1, place FROM merchant WHERE id = ?2
			AND NOT EXISTS (SELECT 1 FROM feed_mark WHERE merchant = ?2 AND at > ?3) ON CONFLICT DO NOTHING`,
			micros(now), merchant, micros(now.Add(-markEvery)))
		if err != nil {
			return err
		}
		var place, at int64
		err = tx.QueryRow("SELECT place, at FROM feed_mark WHERE merchant = ? AND at <= ? ORDER BY at DESC LIMIT 1", merchant, micros(now.Add(-cloud.FeedKept))).Scan(&place, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		result, err := tx.Exec(`INSERT INTO feed_floor (merchant, place) VALUES (?, ?)
			ON CONFLICT (merchant) DO UPDATE SET place = excluded.place WHERE feed_floor.place < excluded.place`, merchant, place)
		if err != nil {
			return err
		}
		if lifted, err := result.RowsAffected(); err != nil {
			return err
		} else if lifted > 0 {
			floor = place
		}
		_, err = tx.Exec("DELETE FROM feed_mark WHERE merchant = ? AND at < ?", merchant, at)
		return err
	})
	return floor, err
}

// superseded are places up to floor whose thing has a later row there, or is of no use to anybody: what a campaign counted on a day that
// is over. The place of the floor itself stays: it may be the feed's end, which every terminal's cursor names. It sorts the rows up to the floor, which are one for each thing and those since the floor before.
func (s *Storage) superseded(ctx context.Context, merchant string, floor int64, now time.Time) (places []int64, err error) {
	err = s.read(ctx, func(q Querier) error {
		places = places[:0]
		err := each(q, func(rows Rows) error {
			var place int64
			err := rows.Scan(&place)
			places = append(places, place)
			return err
		}, `SELECT place FROM (SELECT place, lead(place) OVER (PARTITION BY kind, ref, store, terminal ORDER BY place) AS later
			FROM outbox WHERE merchant = ? AND place <= ?) AS kept WHERE later IS NOT NULL LIMIT ?`, merchant, floor, compactLooked)
		if err != nil || len(places) == compactLooked {
			return err
		}
		over := terminal.BusinessDay(now.Add(-cloud.FeedKept), time.UTC, 0).AddDays(-2).String() // whatever the zone and the hour at which its day turns
		return each(q, func(rows Rows) error {
			var place int64
			var ref []byte
			if err := rows.Scan(&place, &ref); err != nil {
				return err
			}
			var count terminal.Count
			if err := json.Unmarshal(ref, &count); err != nil {
				return err
			}
			if count.Customer == "" && count.Day.String() < over && len(places) < compactLooked {
				places = append(places, place)
			}
			return nil
		}, `SELECT place, ref FROM (SELECT place, ref, lead(place) OVER (PARTITION BY ref, store, terminal ORDER BY place) AS later
			FROM outbox WHERE merchant = ? AND place < ? AND kind = 'count') AS counts WHERE later IS NULL`, merchant, floor)
	})
	return places, err
}

// removePlaces removes rows of the outbox. Nobody is woken for it: a feed says the same as before.
func (s *Storage) removePlaces(ctx context.Context, merchant string, places []int64) error {
	for len(places) > 0 {
		some := places[:min(len(places), compactAtOnce)]
		places = places[len(some):]
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.engine.Write(ctx, Conditional, func(tx Tx) error {
			for _, place := range some {
				if _, err := tx.Exec("DELETE FROM outbox WHERE merchant = ? AND place = ?", merchant, place); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// floorOf is the place up to which a merchant's feed is compacted, 0 where it never was.
func floorOf(q Querier, merchant string) (floor int64, err error) {
	err = q.QueryRow("SELECT coalesce((SELECT place FROM feed_floor WHERE merchant = ?), 0)", merchant).Scan(&floor)
	return floor, err
}
