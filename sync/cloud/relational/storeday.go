package relational

import (
	"context"
	"database/sql"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// StoreDay implements cloud.Storage.
func (s *Storage) StoreDay(ctx context.Context, t cloud.Terminal, day terminal.Date, after int64, limit int) (page cloud.DayPage, err error) {
	err = s.read(ctx, func(q Querier) (err error) {
		page = cloud.DayPage{Entries: []api.DayEntry{}, Counters: []api.DayCounter{}}
		if err = dayEntries(q, t, day, after, limit, &page); err != nil {
			return err
		}
		if err = dayCounters(q, t, day, &page); err != nil {
			return err
		}
		return dayCustomers(q, t, day, &page)
	})
	return page, err
}

func dayEntries(q Querier, t cloud.Terminal, day terminal.Date, after int64, limit int, page *cloud.DayPage) error {
	ordinals := []int64{}
	err := each(q, func(rows Rows) error {
		var found api.DayEntry
		var ordinal int64
		if err := rows.Scan(&ordinal, &found.Bytes, &found.Verdict); err != nil {
			return err
		}
		page.Entries, ordinals = append(page.Entries, found), append(ordinals, ordinal)
		return nil
	}, `SELECT e.ordinal, e.bytes, e.verdict FROM entry e JOIN terminal t ON t.id = e.terminal
		WHERE e.ordinal > ?1 AND t.merchant = ?2 AND t.store = ?3 AND e.business_day = ?4 AND e.kind IN (?5, ?6, ?7, ?8)
		ORDER BY e.ordinal LIMIT ?9`, after, t.Merchant, t.Store, day.String(), uint8(terminal.EntryRedeem), uint8(terminal.EntryReverse),
		uint8(terminal.EntryDecline), uint8(terminal.EntryDayClose), limit)
	if err != nil {
		return err
	}
	for i, ordinal := range ordinals {
		if page.Entries[i].Verdict == "" {
			continue
		}
		verdict, err := loadVerdict(q, ordinal)
		if err != nil {
			return err
		}
		reversed := []int64{}
		err = each(q, func(rows Rows) error {
			var units int64
			err := rows.Scan(&units)
			reversed = append(reversed, units)
			return err
		}, "SELECT reversed FROM line WHERE entry = ? ORDER BY line", ordinal)
		if err != nil {
			return err
		}
		page.Entries[i].Lines, page.Entries[i].Reversed = &verdict.Lines, &reversed
	}
	if len(ordinals) == limit {
		page.Next = ordinals[len(ordinals)-1]
	}
	return nil
}

// dayCounters lists the counters that work, and those that were suspended but wrote something on that day.
func dayCounters(q Querier, t cloud.Terminal, day terminal.Date, page *cloud.DayPage) error {
	err := each(q, func(rows Rows) error {
		var c api.DayCounter
		var seen sql.NullInt64
		if err := rows.Scan(&c.Terminal, &c.Pending, &seen, &c.Closed); err != nil {
			return err
		}
		if seen.Valid {
			at := fromMicros(seen.Int64)
			c.LastSeen = &at
		}
		page.Counters = append(page.Counters, c)
		return nil
	}, `SELECT t.name, t.pending, t.last_seen,
			EXISTS (SELECT 1 FROM entry e WHERE e.terminal = t.id AND e.business_day = ?3 AND e.kind = `+kindDayClose+`)
		FROM terminal t WHERE t.merchant = ?1 AND t.store = ?2
		AND (t.suspended = 0 OR EXISTS (SELECT 1 FROM entry e WHERE e.terminal = t.id AND e.business_day = ?3))
		ORDER BY t.name, t.id`, t.Merchant, t.Store, day.String())
	cloud.SortCounters(page.Counters)
	return err
}

// dayCustomers counts the customers of vouchers that name one. Of a voucher that names none, the column holds a name made from its id
// (terminal.Voucher.Counted), which has the shape that the pattern leaves out.
func dayCustomers(q Querier, t cloud.Terminal, day terminal.Date, page *cloud.DayPage) error {
	return q.QueryRow(`SELECT coalesce(sum(CASE WHEN before = 0 THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN before = 0 THEN 0 ELSE 1 END), 0)
		FROM (SELECT l.customer,
				CASE WHEN EXISTS (SELECT 1 FROM line b WHERE b.merchant = ?1 AND b.customer = l.customer AND b.kind = 1 AND b.day < ?3)
				THEN 1 ELSE 0 END AS before
			FROM line l WHERE l.merchant = ?1 AND l.store = ?2 AND l.day = ?3 AND l.kind = 1 AND l.customer <> ''
			AND NOT (length(l.customer) = 17 AND l.customer LIKE 'v%') GROUP BY l.customer) AS customers`,
		t.Merchant, t.Store, day.String()).Scan(&page.New, &page.Returning)
}
