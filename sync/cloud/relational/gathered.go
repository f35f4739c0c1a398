package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// TakeRows stores vouchers that the cloud told of on being asked, and that the feed has not brought yet.
func (s *Copy) TakeRows(ctx context.Context, merchant string, rows []api.Row) error {
	if len(rows) == 0 {
		return nil
	}
	return s.write(ctx, func(c *change) error {
		for _, row := range rows {
			_, err := voucher(c, "id = ?", int64(row.Voucher.ID))
			if err == nil {
				continue // what the feed says of it stands in the order of the feed
			}
			if !isUnknown(err) {
				return err
			}
			record := api.FeedRecord{Campaign: &row.Campaign}
			if err := c.takeRecord(merchant, record, nil); err != nil {
				return err
			}
			if err := c.takeVoucher(merchant, row.Voucher); err != nil {
				return err
			}
			if err := c.rebase(row.Voucher.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Gathered are the terminals with entries that the cloud does not have, as far as the hub knows.
func (s *Copy) Gathered(ctx context.Context) (terminals []cloud.Terminal, pending int64, err error) {
	err = s.read(ctx, func(q Querier) error {
		terminals, pending = nil, 0
		var ids []int64
		err := each(q, func(rows Rows) error {
			var id, waiting int64
			err := rows.Scan(&id, &waiting)
			ids, pending = append(ids, id), pending+waiting
			return err
		}, "SELECT t.id, t.head_seq - u.sent FROM terminal t JOIN upstream u ON u.terminal = t.id WHERE t.head_seq > u.sent ORDER BY t.id")
		for _, id := range ids {
			t, err := terminalBy(q, "id = ?", id)
			if err != nil {
				return err
			}
			terminals = append(terminals, t)
		}
		return err
	})
	return terminals, pending, err
}

// Handed is how far the cloud has a terminal's journal, as far as the hub knows.
type Handed struct {
	Terminal cloud.Terminal
	Through  uint64
}

// HandedOn is how far the cloud has each terminal's journal, by the terminal's key.
func (s *Copy) HandedOn(ctx context.Context) (all map[string]Handed, err error) {
	err = s.read(ctx, func(q Querier) error {
		all = map[string]Handed{}
		return each(q, func(rows Rows) error {
			var one Handed
			var key []byte
			err := rows.Scan(&one.Terminal.ID, &one.Terminal.Name, &key, &one.Through)
			all[string(key)] = one
			return err
		}, "SELECT t.id, t.name, t.public_key, u.sent FROM terminal t JOIN upstream u ON u.terminal = t.id")
	})
	return all, err
}

// Waiting are the uids of a terminal's entries that the cloud does not have, oldest first and at most limit. The cloud may hold units for
// them, and the terminal need not name them any more once they are here: so whoever forwards its claims has to.
func (s *Copy) Waiting(ctx context.Context, t cloud.Terminal, limit int) (uids []terminal.UID, err error) {
	err = s.read(ctx, func(q Querier) (err error) {
		uids, err = waiting(q, t, limit)
		return err
	})
	return uids, err
}

func waiting(q Querier, t cloud.Terminal, limit int) (uids []terminal.UID, err error) {
	err = each(q, func(rows Rows) error {
		var raw []byte
		err := rows.Scan(&raw)
		var uid terminal.UID
		copy(uid[:], raw)
		uids = append(uids, uid)
		return err
	}, `SELECT e.uid FROM entry e JOIN upstream u ON u.terminal = e.terminal WHERE e.terminal = ? AND e.seq > u.sent AND e.aside = 0
		ORDER BY e.seq LIMIT ?`, t.ID, max(0, limit))
	return uids, err
}

// NextBatch is what to send to the cloud next of a terminal's journal: whole entries of one epoch, at most limit and about maxBytes of
// them. It is empty where there is nothing, and cloud.ErrUnknown says that the hub has not what the cloud lacks before that. What it names as open includes what waits here, as far as there is room for it.
func (s *Copy) NextBatch(ctx context.Context, t cloud.Terminal, limit, maxBytes int) (push cloud.Push, err error) {
	err = s.read(ctx, func(q Querier) error {
		push = cloud.Push{}
		var sent uint64
		var open string
		err := q.QueryRow("SELECT sent, instance, counter, open FROM upstream WHERE terminal = ?", t.ID).
			Scan(&sent, &push.Standing.Instance, &push.Standing.Counter, &open)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(open), &push.Standing.Open); err != nil {
			return err
		}
		uids, err := waiting(q, t, api.OpenMost-len(push.Standing.Open))
		if err != nil {
			return err
		}
		push.Standing.Open = append(push.Standing.Open, uids...)
		push.FromSeq = sent + 1
		prev, err := hashAt(q, t, sent)
		if errors.Is(err, sql.ErrNoRows) {
			prev, err = baseOf(q, t.ID, sent)
		}
		if err != nil {
			return unknown(err, fmt.Sprintf("entry %d of terminal %s", sent, t.Name))
		}
		copy(push.Prev[:], prev)
		size := 0
		return each(q, func(rows Rows) error {
			var sealed entry.Sealed
			var seq uint64
			var epoch uint32
			if err := rows.Scan(&seq, &epoch, &sealed.Bytes, &sealed.Signature); err != nil {
				return err
			}
			if len(push.Entries) == 0 && seq != push.FromSeq { // before the first of all there is no entry to be missed
				return fmt.Errorf("%w: entries %d to %d of terminal %s", cloud.ErrUnknown, push.FromSeq, seq-1, t.Name)
			}
			if size += len(sealed.Bytes); len(push.Entries) > 0 && (size > maxBytes || epoch != push.Epoch) {
				size = maxBytes // what follows has no room either
				return nil
			}
			push.Epoch = epoch
			push.Entries = append(push.Entries, sealed)
			return nil
		}, "SELECT seq, epoch, bytes, signature FROM entry WHERE terminal = ? AND seq > ? ORDER BY seq LIMIT ?", t.ID, sent, limit)
	})
	return push, err
}

// Sent notes how far the cloud has a terminal's journal. A cloud that was restored from an older copy has less than before.
func (s *Copy) Sent(ctx context.Context, t cloud.Terminal, through uint64) error {
	return s.write(ctx, func(c *change) error {
		_, err := c.Exec("UPDATE upstream SET sent = ? WHERE terminal = ?", through, t.ID)
		return err
	})
}

// Drop ends a claim that the cloud refused after it was granted here.
func (s *Copy) Drop(ctx context.Context, t cloud.Terminal, claim cloud.Claim) error {
	return s.write(ctx, func(c *change) error {
		_, err := c.Exec("DELETE FROM hold WHERE terminal = ? AND uid = ?", t.ID, claim.UID[:])
		return err
	})
}
