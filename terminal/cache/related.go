package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"countersign/terminal"
)

// addRelated adds what a row needs besides itself: the rest of its order, and what limits count. It is read after the row, so that
// a page which arrives in between makes the counts newer than the head that the row names: uses then count twice, never too little.
func (h *handles) addRelated(ctx context.Context, row *terminal.Row, ref int64) (err error) {
	v := row.Voucher
	if v.Order != "" {
		row.Order, err = related(ctx, h, "SELECT lookup FROM vouchers WHERE purchase = ? AND id <> ? ORDER BY id",
			func(rows *sql.Rows) (lookup terminal.Lookup, err error) {
				var raw []byte
				if err = rows.Scan(&raw); err == nil && copy(lookup[:], raw) != len(raw) {
					err = fmt.Errorf("%w: a voucher's row is not one", ErrDamaged)
				}
				return lookup, err
			}, v.Order, int64(v.ID))
		if err != nil {
			return err
		}
	}
	customers, days := false, false
	for _, quota := range row.Quotas("", terminal.Date{}) {
		customers, days = customers || quota.Customer != "", days || quota.Customer == ""
	}
	if customers && v.Customer != "" {
		row.Siblings, err = related(ctx, h, "SELECT id FROM vouchers WHERE customer = ? AND campaign = ? AND id <> ?",
			func(rows *sql.Rows) (terminal.VoucherID, error) {
				var id int64
				err := rows.Scan(&id)
				return terminal.VoucherID(id), err
			}, v.Customer, ref, int64(v.ID))
	}
	for _, of := range []struct {
		wanted   bool
		customer string
	}{{customers, v.Counted()}, {days, ""}} {
		if err != nil || !of.wanted {
			continue
		}
		var counts []terminal.Count
		counts, err = related(ctx, h, "SELECT campaign, customer, store, day, units FROM counts WHERE campaign = ? AND customer = ?",
			scanCount, v.Campaign, of.customer)
		row.Counts = append(row.Counts, counts...)
	}
	return err
}

func scanCount(rows *sql.Rows) (count terminal.Count, err error) {
	var day string
	if err = rows.Scan(&count.Campaign, &count.Customer, &count.Store, &day, &count.Units); err != nil {
		return count, err
	}
	if count.Day, err = terminal.ParseDate(day); err != nil {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return count, err
}

func related[T any](ctx context.Context, h *handles, query string, scan func(*sql.Rows) (T, error), args ...any) (all []T, err error) {
	statement, err := h.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
