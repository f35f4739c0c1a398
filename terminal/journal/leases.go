package journal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"countersign/terminal"
)

const leaseColumns = "id, voucher, part, campaign, day, units, expires, epoch, after, ended"

func scanLease(rows *sql.Rows) (terminal.Lease, error) {
	var l terminal.Lease
	var voucher, expires, after int64
	var day string
	err := rows.Scan(&l.ID, &voucher, &l.Part, &l.Campaign, &day, &l.Units, &expires, &l.Epoch, &after, &l.State)
	if err != nil {
		return l, err
	}
	l.Voucher, l.Expires, l.After = terminal.VoucherID(voucher), time.UnixMicro(expires).UTC(), uint64(after)
	l.Day, err = terminal.ParseDate(day)
	return l, err
}

// Leased implements terminal.Journal.
func (r *Reader) Leased(ctx context.Context, voucher terminal.VoucherID) (uint32, []terminal.Lease, error) {
	return r.q.leased(ctx, voucher)
}

// Leased implements terminal.Ledger.
func (l *ledger) Leased(voucher terminal.VoucherID) (uint32, []terminal.Lease, error) {
	return l.q.held(l.ctx, voucher)
}

func (q *queries) leased(ctx context.Context, voucher terminal.VoucherID) (epoch uint32, leases []terminal.Lease, err error) {
	rows, err := q.query(ctx, "SELECT "+leaseColumns+" FROM leases WHERE (voucher = ? OR voucher = 0) AND ended = 0 ORDER BY id", int64(voucher))
	held, err := collect(rows, err, scanLease)
	if err != nil || len(held) == 0 {
		return 0, nil, err
	}
	err = q.row(ctx, "SELECT epoch FROM entries ORDER BY seq DESC LIMIT 1").Scan(&epoch)
	if errors.Is(err, terminal.ErrUnknown) {
		epoch = 1
	} else if err != nil {
		return 0, nil, err
	}
	for _, lease := range held {
		if lease.Spent, err = q.leaseSpent(ctx, lease); err != nil {
			return 0, nil, err
		}
		leases = append(leases, lease)
	}
	return epoch, leases, nil
}

// leaseSpent is what this terminal redeemed since the lease was asked for. Nothing that was taken back comes off it.
func (q *queries) leaseSpent(ctx context.Context, lease terminal.Lease) (spent int64, err error) {
	if lease.Voucher == 0 {
		err = q.row(ctx, "SELECT coalesce(sum(units), 0) FROM counted WHERE campaign = ? AND day = ? AND seq > ? AND units > 0",
			lease.Campaign, dayColumn(lease.Day), int64(lease.After)).Scan(&spent)
		return spent, err
	}
	err = q.row(ctx, "SELECT coalesce(sum(units), 0) FROM lines WHERE voucher = ? AND part = ? AND seq > ? AND units > 0",
		int64(lease.Voucher), lease.Part, int64(lease.After)).Scan(&spent)
	return spent, err
}

// Leases returns what the cloud has leased to this terminal and does not have back, with what is spent of each.
func (r *Reader) Leases(ctx context.Context) ([]terminal.Lease, error) {
	rows, err := r.q.query(ctx, "SELECT "+leaseColumns+" FROM leases WHERE ended < 2 ORDER BY day, campaign, id")
	held, err := collect(rows, err, scanLease)
	if err != nil {
		return nil, err
	}
	for i := range held {
		if held[i].Spent, err = r.q.leaseSpent(ctx, held[i]); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// PutLeases takes over what the cloud says is leased to this terminal: what is new is kept, what the cloud no longer names ends. A lease
// that was given up here stays given up.
func (j *Journal) PutLeases(ctx context.Context, open []terminal.Lease) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		named := map[string]bool{}
		for _, lease := range open {
			named[lease.ID] = true
			_, err := q.exec(plain, `INSERT INTO leases (id, voucher, part, campaign, day, units, expires, epoch, after)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, lease.ID, int64(lease.Voucher), lease.Part, lease.Campaign,
				lease.Day.String(), lease.Units, lease.Expires.UnixMicro(), lease.Epoch, int64(lease.After))
			if err != nil {
				return err
			}
		}
		rows, err := q.query(plain, "SELECT "+leaseColumns+" FROM leases WHERE ended < 2")
		held, err := collect(rows, err, scanLease)
		if err != nil {
			return err
		}
		for _, lease := range held {
			if named[lease.ID] {
				continue
			}
			if _, err := q.exec(plain, "UPDATE leases SET ended = 2 WHERE id = ?", lease.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// GiveUpLeases ends spending under leases, for good: what can be said to the cloud once this has returned.
func (j *Journal) GiveUpLeases(ctx context.Context, ids []string) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		for _, id := range ids {
			if _, err := q.exec(plain, "UPDATE leases SET ended = 1 WHERE id = ? AND ended = 0", id); err != nil {
				return err
			}
		}
		return nil
	})
}
