package cache

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"countersign/terminal"
)

// Page is a page of the feed, sorted by what it is about: absolute states, of each thing only the last, either what it is or that it
// is removed. Rows, cursor and Included belong together and are stored in one transaction.
type Page struct {
	Vouchers         []terminal.Voucher
	RemovedVouchers  []terminal.VoucherID
	Campaigns        []terminal.Campaign
	Counts           []terminal.Count
	Operators        []terminal.Operator
	RemovedOperators []string
	Settings         *terminal.Settings
	Cursor           string
	AtEnd            bool   // the page reached the end of the feed
	Included         uint64 // the last own entry whose uses the rows count, once AtEnd
	ServerTime       time.Time
	// Recovery is the word for the newest time that the cloud's database was put back to an older copy, "" for never, and Awaited how many
	// terminals have not sent again since.
	Recovery string
	Awaited  int64
}

const settingsKey = "settings"

// suspendedKey has a value while an authority has said that the terminal is suspended, and no page has come since.
const suspendedKey = "suspended"

// Apply stores a page: rows and cursor in one transaction, and with a page that reached the end also the head that the rows
// include and the time. Until then the old head stays, under which own uses may count twice but never too little. A row older than
// the one that is there is left aside.
//
// The first page after a damaged file was replaced is refused with ErrSetAside: it may continue a cursor that is gone, and storing it
// would skip all before it. The next one starts from the empty cursor.
func (c *Cache) Apply(ctx context.Context, page Page) error {
	if c.takeStale() {
		return ErrSetAside
	}
	err := c.store(ctx, page)
	if errors.Is(err, ErrSetAside) {
		c.takeStale() // this was the page on its way
	}
	return err
}

func (c *Cache) store(ctx context.Context, page Page) error {
	return c.change(ctx, func(tx *sql.Tx) error {
		a := &applying{tx: tx, cache: c, refs: map[string]int64{}, prepared: map[string]*sql.Stmt{}}
		if err := a.recall(page); err != nil {
			return err
		}
		for _, campaign := range page.Campaigns {
			if err := a.putCampaign(campaign); err != nil {
				return err
			}
		}
		for _, id := range page.RemovedVouchers {
			if err := a.removeVoucher(id, nil); err != nil {
				return err
			}
		}
		// In the order of the file, rows that lie together are written together.
		vouchers := slices.Clone(page.Vouchers)
		slices.SortFunc(vouchers, func(a, b terminal.Voucher) int { return bytes.Compare(a.Lookup[:], b.Lookup[:]) })
		for i := range vouchers {
			if err := a.putVoucher(&vouchers[i]); err != nil {
				return err
			}
		}
		for _, count := range page.Counts {
			if err := a.putCount(count); err != nil {
				return err
			}
		}
		for _, operator := range page.Operators {
			if err := a.putOperator(operator); err != nil {
				return err
			}
		}
		for _, id := range page.RemovedOperators {
			if _, err := a.exec("DELETE FROM operators WHERE id = ?", id); err != nil {
				return err
			}
		}
		if page.Settings != nil {
			if err := a.putSettings(*page.Settings); err != nil {
				return err
			}
		}
		if _, err := a.exec("DELETE FROM state WHERE key = ?", suspendedKey); err != nil {
			return err
		}
		if err := a.move(page); err != nil {
			return err
		}
		return a.settle(page)
	})
}

// applying is one page on its way into the file.
type applying struct {
	tx       *sql.Tx
	cache    *Cache
	refs     map[string]int64 // of campaigns
	prepared map[string]*sql.Stmt
	vouchers int64 // more or fewer than before
	added    int64 // campaigns
	keeps    bool  // rows of before the cloud was put back are kept; see Doubt
}

// statement is for a query that this page has asked before, and nil the first time: most pages have one thing to say, and the connection
// keeps what it compiled for the page before.
func (a *applying) statement(query string) (*sql.Stmt, error) {
	statement, again := a.prepared[query]
	if !again {
		a.prepared[query] = nil
		return nil, nil
	}
	if statement != nil {
		return statement, nil
	}
	statement, err := a.tx.Prepare(query)
	if err == nil {
		a.prepared[query] = statement // closed with the transaction
	}
	return statement, err
}

// exec returns how many rows changed.
func (a *applying) exec(query string, args ...any) (int64, error) {
	statement, err := a.statement(query)
	if err != nil {
		return 0, err
	}
	var result sql.Result
	if statement != nil {
		result, err = statement.Exec(args...)
	} else {
		result, err = a.tx.Exec(query, args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// ref is the number of a campaign. One that is not here yet gets a number and no body: its vouchers are found once it comes.
func (a *applying) ref(id string) (int64, error) {
	if ref, ok := a.refs[id]; ok {
		return ref, nil
	}
	// Of almost every page the campaigns are here already.
	const find = "SELECT ref FROM campaigns WHERE id = ?"
	var ref int64
	err := a.tx.QueryRow(find, id).Scan(&ref)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err = a.exec("INSERT INTO campaigns (id, stamp, body) VALUES (?, 0, x'')", id); err == nil {
			err = a.tx.QueryRow(find, id).Scan(&ref)
		}
	}
	if err != nil {
		return 0, err
	}
	a.refs[id] = ref
	return ref, nil
}

func (a *applying) putCampaign(campaign terminal.Campaign) error {
	ref, err := a.ref(campaign.ID)
	if err != nil {
		return err
	}
	body, err := json.Marshal(campaign)
	if err != nil {
		return fmt.Errorf("campaign %s: %w", campaign.ID, err)
	}
	first, err := a.exec("UPDATE campaigns SET body = ?, stamp = ? WHERE ref = ? AND stamp = 0", body, newStamp(), ref)
	if err != nil {
		return err
	}
	a.added += first
	if first == 0 {
		_, err = a.exec("UPDATE campaigns SET body = ?, stamp = ? WHERE ref = ?", body, newStamp(), ref)
	}
	return err
}

// newStamp makes a number that no earlier state of a campaign had, in this file or in one that was thrown away.
func newStamp() int64 { return 1 + rand.Int64N(1<<62) }

func (a *applying) putVoucher(v *terminal.Voucher) error {
	ref, err := a.ref(v.Campaign)
	if err != nil {
		return err
	}
	state, err := stateNumber(v.State)
	if err != nil {
		return fmt.Errorf("voucher %s: %w", v.ID, err)
	}
	extra, err := packExtra(v)
	if err != nil {
		return fmt.Errorf("voucher %s: %w", v.ID, err)
	}
	holder := orNull(v.Holder)
	args := []any{v.Lookup[:], int64(v.ID), ref, state, v.Units, v.Used, v.Version, holder, extra, orNull(v.Customer), orNull(v.Order)}
	// A first fill is all new rows: those cost one statement each.
	added, err := a.exec(`INSERT OR IGNORE INTO vouchers (lookup, id, campaign, state, units, used, version, holder, extra, customer, purchase)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`, args...)
	if err != nil {
		return err
	}
	if added == 0 && a.keeps {
		if err := a.meetKept(v); err != nil {
			return err
		}
	}
	if added == 0 {
		_, err = a.exec(`UPDATE vouchers SET id = ?2, campaign = ?3, state = ?4, units = ?5, used = ?6, version = ?7, holder = ?8,
			extra = ?9, customer = ?10, purchase = ?11 WHERE lookup = ?1 AND version <= ?7`, args...)
		return err
	}
	a.vouchers++
	return a.removeVoucher(v.ID, v.Lookup[:]) // its code was changed: the old one finds it no more
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// putCount replaces a count. Of a store the days before yesterday's are over, and no limit counts them.
func (a *applying) putCount(count terminal.Count) error {
	units := "excluded.units"
	if a.keeps {
		units = "max(units, excluded.units)"
	}
	_, err := a.exec("INSERT INTO counts (campaign, customer, store, day, units) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET units = "+units, count.Campaign, count.Customer, count.Store, count.Day.String(), count.Units)
	if err != nil || count.Customer != "" {
		return err
	}
	_, err = a.exec("DELETE FROM counts WHERE campaign = ? AND customer = '' AND store = ? AND day < ?",
		count.Campaign, count.Store, count.Day.AddDays(-2).String())
	return err
}

// removeVoucher removes every row of a voucher but the one with lookup keep.
func (a *applying) removeVoucher(id terminal.VoucherID, keep []byte) error {
	removed, err := a.exec("DELETE FROM vouchers WHERE id = ?1 AND lookup IS NOT ?2", int64(id), keep)
	a.vouchers -= removed
	return err
}

func (a *applying) putOperator(operator terminal.Operator) error {
	sealed, err := a.cache.sealOperator(operator)
	if err != nil {
		return err
	}
	_, err = a.exec("INSERT INTO operators (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", operator.ID, sealed)
	return err
}

func (a *applying) putSettings(settings terminal.Settings) error {
	body, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	_, err = a.exec("INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", settingsKey, body)
	return err
}

func (a *applying) move(page Page) error {
	var reachedEnd any
	if page.AtEnd && !page.ServerTime.IsZero() {
		reachedEnd = page.ServerTime.UnixMicro()
	}
	_, err := a.exec(`UPDATE place SET cursor = ?, included = CASE WHEN ? THEN ? ELSE included END,
		reached_end = coalesce(?, reached_end), vouchers = vouchers + ?, campaigns = campaigns + ?`,
		page.Cursor, page.AtEnd, int64(page.Included), reachedEnd, a.vouchers, a.added)
	return err
}

// Empty throws everything away, the cursor too, as a new generation of the feed demands. What SetState stored stays.
func (c *Cache) Empty(ctx context.Context) error {
	return c.change(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			"DELETE FROM vouchers", "DELETE FROM campaigns", "DELETE FROM counts", "DELETE FROM operators",
			"DELETE FROM state WHERE key IN ('" + settingsKey + "', '" + keptKey + "')",
			"UPDATE place SET cursor = '', included = 0, reached_end = NULL, vouchers = 0, campaigns = 0",
		} {
			if _, err := tx.Exec(query); err != nil {
				return err
			}
		}
		return nil
	})
}

// change runs work in one write transaction. Losing it costs a page that is pulled again: the file syncs only at checkpoints.
func (c *Cache) change(ctx context.Context, work func(*sql.Tx) error) error {
	defer c.changed()
	return c.once(func(h *handles) error {
		if h.write == nil {
			return errors.New("the cache is open for reading only")
		}
		tx, err := h.write.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			return err
		}
		if err := work(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	})
}
