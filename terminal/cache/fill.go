package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"countersign/terminal"
)

// fillRows is how many vouchers one statement of a fill inserts: each call into SQLite costs as much as a row.
const fillRows = 64

// The columns of a voucher, and the indexes beside its lookup. A fill makes those anew behind the rows: sorted at once they cost a
// fraction of what they cost row by row, since ids lie in another order than lookups.
const voucherColumns = "lookup, id, campaign, state, units, used, version, holder, extra, customer, purchase"

var voucherIndexes = []struct{ name, query string }{
	{"vouchers_id", "CREATE INDEX vouchers_id ON vouchers (id)"},
	{"vouchers_holder", "CREATE INDEX vouchers_holder ON vouchers (holder COLLATE NOCASE) WHERE holder IS NOT NULL"},
	{"vouchers_customer", "CREATE INDEX vouchers_customer ON vouchers (customer, campaign) WHERE customer IS NOT NULL"},
	{"vouchers_purchase", "CREATE INDEX vouchers_purchase ON vouchers (purchase) WHERE purchase IS NOT NULL"},
}

// Fill replaces all vouchers by those that next returns, until io.EOF, in the order of their lookups, and the cursor by the one that
// belongs to them: in one transaction, so that nobody ever sees a half. Campaigns, operators and counts stay as they are. Neither the
// head nor the time of the cache's age move: the feed behind the cursor brings them. progress, which may be nil, is told how many
// vouchers there are so far. An error of next ends the fill and changes nothing.
func (c *Cache) Fill(ctx context.Context, cursor string, next func() ([]terminal.Voucher, error), progress func(vouchers int64)) error {
	c.takeStale() // whatever a damaged file held, this begins anew
	return c.change(ctx, func(tx *sql.Tx) error {
		f := &filling{applying: applying{tx: tx, cache: c, refs: map[string]int64{}, prepared: map[string]*sql.Stmt{}}}
		var err error
		if f.keeps, err = f.keeping(); err != nil {
			return err
		}
		if err := f.clear(); err != nil {
			return err
		}
		for {
			vouchers, err := next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if err := errors.Join(ctx.Err(), f.add(vouchers)); err != nil {
				return err
			}
			if progress != nil {
				progress(f.vouchers)
			}
		}
		return f.finish(cursor)
	})
}

// filling is a fill on its way into the file.
type filling struct {
	applying
	args []any // of vouchers that wait for their statement
}

func (f *filling) clear() error {
	for _, index := range voucherIndexes {
		if _, err := f.tx.Exec("DROP INDEX " + index.name); err != nil {
			return err
		}
	}
	if f.keeps {
		if err := f.setKeptAside(); err != nil {
			return err
		}
	}
	_, err := f.tx.Exec("DELETE FROM vouchers")
	return err
}

func (f *filling) add(vouchers []terminal.Voucher) error {
	for i := range vouchers {
		v := &vouchers[i]
		ref, err := f.ref(v.Campaign)
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
		f.args = append(f.args, v.Lookup[:], int64(v.ID), ref, state, v.Units, v.Used, v.Version, orNull(v.Holder), extra, orNull(v.Customer), orNull(v.Order))
		f.vouchers++
		if len(f.args) == fillRows*11 {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return f.flush() // the vouchers are the caller's again
}

func (f *filling) flush() error {
	rows := len(f.args) / 11
	if rows == 0 {
		return nil
	}
	_, err := f.exec("INSERT INTO vouchers ("+voucherColumns+") VALUES "+strings.Repeat("(?,?,?,?,?,?,?,?,?,?,?),", rows-1)+"(?,?,?,?,?,?,?,?,?,?,?)", f.args...)
	f.args = f.args[:0]
	return err
}

func (f *filling) finish(cursor string) error {
	for _, index := range voucherIndexes {
		if _, err := f.tx.Exec(index.query); err != nil {
			return err
		}
	}
	if f.keeps {
		if err := f.bringKeptBack(); err != nil {
			return err
		}
	}
	_, err := f.exec("UPDATE place SET cursor = ?, vouchers = ?", cursor, f.vouchers)
	return err
}
