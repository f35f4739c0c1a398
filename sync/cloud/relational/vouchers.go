package relational

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

func isUnknown(err error) bool { return errors.Is(err, cloud.ErrUnknown) }

// VoucherIDs implements cloud.Storage. Ids follow each other from a random number on, so that rows of one batch are alike in
// their first bytes and compress well.
func (s *Storage) VoucherIDs(ctx context.Context, n int) (first terminal.VoucherID, err error) {
	err = s.write(ctx, func(c *change) error {
		raw, err := c.meta(metaVoucher, 8)
		if err != nil {
			return err
		}
		next := binary.BigEndian.Uint64(raw) &^ (1 << 63) // stays positive as SQLite's signed integer
		if next == 0 || next > 1<<62 {
			rand.Read(raw)
			next = binary.BigEndian.Uint64(raw)>>2 | 1
		}
		first = terminal.VoucherID(next)
		binary.BigEndian.PutUint64(raw, next+uint64(n))
		_, err = c.Exec("UPDATE meta SET value = ? WHERE key = ?", raw, metaVoucher)
		return err
	})
	return first, err
}

// skipVoucherIDs has ids go on from another random number.
func (c *change) skipVoucherIDs() error {
	raw := make([]byte, 8)
	rand.Read(raw)
	binary.BigEndian.PutUint64(raw, binary.BigEndian.Uint64(raw)>>2|1)
	_, err := c.Exec("UPDATE meta SET value = ? WHERE key = ?", raw, metaVoucher)
	return err
}

// NewVouchers implements cloud.Storage.
func (s *Storage) NewVouchers(ctx context.Context, merchant string, vouchers []cloud.NewVoucher) error {
	return s.writeConditional(ctx, func(c *change) error {
		var taken cloud.TakenError
		insert, err := c.Prepare(`INSERT INTO voucher (id, merchant, campaign, lookup, "inner", token, kid, state, state_at, units, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for i, voucher := range vouchers {
			body, err := json.Marshal(issued(voucher.Voucher))
			if err != nil {
				return err
			}
			var at sql.NullInt64
			if voucher.StateAt != nil {
				at = sql.NullInt64{Int64: micros(*voucher.StateAt), Valid: true}
			}
			result, err := insert.Exec(int64(voucher.ID), merchant, voucher.Campaign, voucher.Lookup[:], voucher.Inner[:],
				flag(voucher.Token), voucher.Key, string(voucher.State), at, voucher.Units, string(body))
			if err != nil {
				return fmt.Errorf("voucher %s cannot be stored: %w", voucher.ID, err)
			}
			if stored, err := result.RowsAffected(); err != nil {
				return err
			} else if stored == 0 {
				taken.Indexes = append(taken.Indexes, i)
				continue
			}
			if err := c.Publish(merchant, "voucher", voucher.ID.String(), "", 0); err != nil {
				return err
			}
		}
		if len(taken.Indexes) > 0 {
			return &taken
		}
		return nil
	})
}

// issued is what never changes of a voucher; the rest is in columns.
func issued(v terminal.Voucher) terminal.Voucher {
	return terminal.Voucher{Order: v.Order, Customer: v.Customer, Holder: v.Holder, Price: v.Price, Value: v.Value,
		Slot: v.Slot, Lines: v.Lines, Rules: v.Rules}
}

// held is a voucher with what the cloud alone knows of it.
type held struct {
	terminal.Voucher
	merchant           string
	inner              [32]byte
	secret             bool // inner is there
	redeemed, reversed int64
	kid                string // the key that signed its token; "" of a plain code, and of tokens that are older than the record of it
}

func (v held) shown() cloud.Shown { return cloud.Shown{Inner: v.inner, Order: v.Order} }

// copied says that this is a hub's copy, where nobody can tell whether a code was shown.
func (v held) copied() bool { return !v.secret }

const voucherColumns = `id, merchant, campaign, lookup, "inner", state, state_at, units, redeemed, reversed, last_use, body, version, kid`

// keyRevoked reports that the voucher's token was signed with a key that was revoked since: nothing under it is honoured any more.
func (v held) keyRevoked(q Querier) (revoked bool, err error) {
	if v.kid == "" {
		return false, nil
	}
	err = q.QueryRow("SELECT EXISTS (SELECT 1 FROM token_key WHERE merchant = ? AND kid = ? AND state = ?)", v.merchant, v.kid, string(api.KeyRevoked)).
		Scan(&revoked)
	return revoked, err
}

// voucher loads the one voucher that condition picks.
func voucher(q Querier, condition string, args ...any) (v held, err error) {
	return asked(q, Ask{Query: "SELECT " + voucherColumns + " FROM voucher WHERE " + condition, Args: args})
}

// asked loads the one voucher that is asked for.
func asked(q Querier, ask Ask) (v held, err error) {
	v, err = scanVoucher(first(q, ask))
	if err != nil {
		return v, unknown(err, "the voucher")
	}
	return v, v.loadParts(q)
}

// plainBody is what most vouchers were issued as: with nothing of their own.
var plainBody = func() []byte {
	body, err := json.Marshal(issued(terminal.Voucher{}))
	if err != nil {
		panic(err) // the empty voucher holds nothing that JSON cannot say
	}
	return body
}()

// scanVoucher reads a row of voucherColumns, and of what follows them, but not what was collected of an order.
func scanVoucher(row Row, following ...any) (v held, err error) {
	var id int64
	var lookup, inner, lastUse, body []byte
	var at sql.NullInt64
	var state, campaign string
	var units, version int64
	err = row.Scan(append([]any{&id, &v.merchant, &campaign, &lookup, &inner, &state, &at, &units, &v.redeemed, &v.reversed, &lastUse, &body,
		&version, &v.kid}, following...)...)
	if err != nil {
		return v, err
	}
	if !bytes.Equal(body, plainBody) {
		if err := json.Unmarshal(body, &v.Voucher); err != nil {
			return v, err
		}
	}
	if len(lastUse) > 0 {
		if err := json.Unmarshal(lastUse, &v.LastUse); err != nil {
			return v, err
		}
	}
	v.ID, v.Campaign, v.State, v.Units, v.Version = terminal.VoucherID(id), campaign, terminal.VoucherState(state), units, version
	v.Used = v.redeemed - v.reversed
	copy(v.Lookup[:], lookup)
	v.secret = copy(v.inner[:], inner) > 0
	if at.Valid {
		moment := fromMicros(at.Int64)
		v.StateAt = &moment
	}
	return v, nil
}

// loadParts marks the lines of an order that were collected.
func (v *held) loadParts(q Querier) error {
	if len(v.Lines) == 0 {
		return nil
	}
	return each(q, func(rows Rows) error {
		var part string
		var net int64
		if err := rows.Scan(&part, &net); err != nil {
			return err
		}
		for i := range v.Lines {
			if v.Lines[i].ID == part {
				v.Lines[i].Collected = net > 0
			}
		}
		return nil
	}, "SELECT part, redeemed - reversed FROM part WHERE voucher = ?", int64(v.ID))
}

// SetVoucherState implements cloud.Storage.
func (s *Storage) SetVoucherState(ctx context.Context, merchant string, ids []terminal.VoucherID, state terminal.VoucherState, at time.Time) (changed int, err error) {
	err = s.write(ctx, func(c *change) error {
		changed = 0
		for _, id := range ids {
			v, err := voucher(c, "id = ? AND merchant = ?", int64(id), merchant)
			if isUnknown(err) {
				return fmt.Errorf("voucher %s: %w", id, cloud.ErrUnknown)
			}
			if err != nil {
				return err
			}
			if v.State == state {
				continue
			}
			moment := sql.NullInt64{Int64: micros(at), Valid: state != terminal.VoucherActive}
			if _, err := c.Exec("UPDATE voucher SET state = ?, state_at = ?, version = version + 1 WHERE id = ?",
				string(state), moment, int64(id)); err != nil {
				return err
			}
			if err := c.Publish(merchant, "voucher", id.String(), "", 0); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	return changed, err
}
