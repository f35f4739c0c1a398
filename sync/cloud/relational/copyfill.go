package relational

import (
	"context"
	"database/sql"
	"errors"
	"io"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// TakeOffers stores the offers of a page that is behind a first fill: vouchers refer to them. The page comes again, and then all of it is
// taken.
func (s *Copy) TakeOffers(ctx context.Context, self cloud.Terminal, page *api.FeedPage) error {
	return s.write(ctx, func(c *change) error {
		if err := c.takePlace(self, page); err != nil {
			return err
		}
		for _, record := range page.Records {
			if record.Campaign == nil {
				continue
			}
			if err := c.takeRecord(self.Merchant, record, map[terminal.VoucherID]bool{}); err != nil {
				return err
			}
		}
		_, err := c.Exec("DELETE FROM outbox")
		return err
	})
}

// Fill replaces all vouchers by those of a first fill; the feed goes on at cursor. The copy is not filled by that: it does not know the
// store's terminals, nor what changed since. A fill that was interrupted is begun anew. progress is told how many vouchers are stored.
func (s *Copy) Fill(ctx context.Context, merchant, cursor string, next func() ([]terminal.Voucher, error), progress func(vouchers int64)) error {
	if err := s.Empty(ctx); err != nil {
		return err
	}
	stored := int64(0)
	for {
		vouchers, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		err = s.write(ctx, func(c *change) error {
			touched := map[terminal.VoucherID]bool{}
			for _, v := range vouchers {
				touched[v.ID] = true
				if err := c.takeVoucher(merchant, v); err != nil {
					return err
				}
			}
			if err := c.rebaseAll(touched); err != nil {
				return err
			}
			_, err := c.Exec("DELETE FROM outbox")
			return err
		})
		if err != nil {
			return err
		}
		stored += int64(len(vouchers))
		progress(stored)
	}
	return s.write(ctx, func(c *change) error { return c.setMeta(metaBehind, cursor) })
}

// behind is where the feed goes on behind a first fill, until its first page is taken.
func behind(q Querier) (cursor string, err error) {
	var raw []byte
	if err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaBehind).Scan(&raw); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	return string(raw), nil
}
