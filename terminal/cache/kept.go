package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/terminal"
)

// A cloud whose database was put back to an older copy feeds what it knew then, and with that this terminal would unlearn what it knew of vouchers that
// were used or withdrawn since. Those rows are kept, under versions that no cloud gives, until the cloud says at least as much of
// them, or awaits no terminal any more: then what is still kept is what nobody sends again, and the feed alone counts.

// keptVersion is added to the version of a row that is kept. No row of anybody's is newer.
const keptVersion = 1 << 62

const (
	keptKey     = "kept"     // has a value while rows are kept
	recoveryKey = "recovery" // the word for the newest time that the cloud was put back, as far as it was heard here
	lostKey     = "lost"     // what the cloud had withdrawn and does not know of any more, as JSON
)

// Lost is a voucher that the cloud had withdrawn, and has not since it was put back to an older copy.
type Lost struct {
	Voucher  terminal.VoucherID    `json:"voucher"`
	Campaign string                `json:"campaign"`
	State    terminal.VoucherState `json:"state"`
	At       *time.Time            `json:"at,omitempty"` // when it was withdrawn
}

// lostMost is how many of them are named.
const lostMost = 100

// Doubt is Empty but for vouchers that were used or withdrawn and the counts of limits: the cloud does not know the cursor, and may know less than
// this terminal.
func (c *Cache) Doubt(ctx context.Context) error {
	return c.change(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			"DELETE FROM vouchers WHERE used = 0 AND state = 0",
			fmt.Sprintf("UPDATE vouchers SET version = version + %d WHERE version < %d", keptVersion, keptVersion),
			"DELETE FROM operators", "DELETE FROM state WHERE key = '" + settingsKey + "'",
			"INSERT INTO state (key, value) VALUES ('" + keptKey + "', x'01') ON CONFLICT (key) DO NOTHING",
			"UPDATE place SET cursor = '', included = 0, reached_end = NULL, vouchers = (SELECT count(*) FROM vouchers)",
		} {
			if _, err := tx.Exec(query); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *applying) stateOf(key string) (value []byte, err error) {
	err = a.tx.QueryRow("SELECT value FROM state WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

func (a *applying) setState(key string, value []byte) error {
	_, err := a.exec("INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// keeping reports whether rows are kept.
func (a *applying) keeping() (bool, error) {
	kept, err := a.stateOf(keptKey)
	return kept != nil, err
}

// recall finds out whether rows are kept, and lets them go where the cloud was not put back: its feed had only moved on too far.
func (a *applying) recall(page Page) (err error) {
	if a.keeps, err = a.keeping(); err != nil || !a.keeps {
		return err
	}
	known, err := a.stateOf(recoveryKey)
	if err != nil || string(known) != page.Recovery {
		return err
	}
	return a.letGo()
}

// letGo drops all rows that are kept.
func (a *applying) letGo() error {
	removed, err := a.exec(fmt.Sprintf("DELETE FROM vouchers WHERE version >= %d", keptVersion))
	if err != nil {
		return err
	}
	a.vouchers, a.keeps = a.vouchers-removed, false
	if _, err := a.exec("DELETE FROM counts"); err != nil {
		return err
	}
	_, err = a.exec("DELETE FROM state WHERE key = ?", keptKey)
	return err
}

// meetKept holds a voucher that the cloud tells of against the row of it that is kept, if there is one: that stays as long as it says more, with what else the cloud knows.
func (a *applying) meetKept(v *terminal.Voucher) error {
	var used int64
	var state int
	err := a.tx.QueryRow("SELECT used, state FROM vouchers WHERE lookup = ? AND version >= ?", v.Lookup[:], int64(keptVersion)).Scan(&used, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	said, err := stateNumber(v.State)
	if err != nil {
		return err
	}
	switch {
	case v.Used >= used && (said != 0 || state == 0): // as much: the row is the cloud's again
		_, err = a.exec("UPDATE vouchers SET version = -1 WHERE lookup = ?", v.Lookup[:])
	case v.Used > used:
		_, err = a.exec("UPDATE vouchers SET used = ? WHERE lookup = ?", v.Used, v.Lookup[:])
	case said != 0 && state == 0:
		_, err = a.exec("UPDATE vouchers SET state = ? WHERE lookup = ?", said, v.Lookup[:])
	}
	return err
}

// settle ends the keeping once the cloud awaits nobody. Where it does not know of something by then, the cache is filled once more, by what the
// cloud knows alone; and what it had withdrawn is noted, for a person to withdraw again.
func (a *applying) settle(page Page) error {
	if !page.AtEnd {
		return nil
	}
	if page.Recovery == "" && !a.keeps {
		return nil
	}
	if err := a.findLost(); err != nil || (a.keeps && page.Awaited > 0) {
		return err
	}
	known, err := a.stateOf(recoveryKey)
	if err == nil && string(known) != page.Recovery {
		err = a.setState(recoveryKey, []byte(page.Recovery))
	}
	if err != nil || !a.keeps {
		return err
	}
	var left bool
	if err := a.tx.QueryRow(fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM vouchers WHERE version >= %d)", keptVersion)).Scan(&left); err != nil {
		return err
	}
	if !left {
		_, err = a.exec("DELETE FROM state WHERE key = ?", keptKey)
		return err
	}
	if err := a.letGo(); err != nil {
		return err
	}
	_, err = a.exec("UPDATE place SET cursor = '', included = 0, reached_end = NULL, vouchers = (SELECT count(*) FROM vouchers)")
	return err
}

// findLost notes what is kept as withdrawn, and takes from what was noted what is withdrawn again, or is no voucher of the cloud's.
func (a *applying) findLost() error {
	was, err := a.stateOf(lostKey)
	if err != nil {
		return err
	}
	var lost []Lost
	if a.keeps {
		if lost, err = a.keptWithdrawn(); err != nil {
			return err
		}
	} else if was != nil {
		var noted []Lost
		if err := json.Unmarshal(was, &noted); err != nil {
			return err
		}
		for _, one := range noted {
			var good bool
			if err := a.tx.QueryRow("SELECT EXISTS (SELECT 1 FROM vouchers WHERE id = ? AND state = 0)", int64(one.Voucher)).Scan(&good); err != nil {
				return err
			}
			if good {
				lost = append(lost, one)
			}
		}
	}
	if len(lost) == 0 {
		if was == nil {
			return nil
		}
		_, err := a.exec("DELETE FROM state WHERE key = ?", lostKey)
		return err
	}
	raw, err := json.Marshal(lost)
	if err != nil || string(raw) == string(was) {
		return err
	}
	return a.setState(lostKey, raw)
}

// keptWithdrawn are the rows that are kept as withdrawn.
func (a *applying) keptWithdrawn() (lost []Lost, err error) {
	rows, err := a.tx.Query(fmt.Sprintf(`SELECT v.id, v.state, v.extra, c.id FROM vouchers v JOIN campaigns c ON c.ref = v.campaign
		WHERE v.version >= %d AND v.state <> 0 ORDER BY v.id LIMIT %d`, keptVersion, lostMost))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var state int
		var packed []byte
		one := Lost{}
		if err := rows.Scan(&id, &state, &packed, &one.Campaign); err != nil {
			return nil, err
		}
		var v terminal.Voucher
		if err := unpackExtra(&v, packed); err != nil || state < 0 || state >= len(states) {
			return nil, fmt.Errorf("%w: voucher %s", ErrDamaged, terminal.VoucherID(id))
		}
		one.Voucher, one.State, one.At = terminal.VoucherID(id), states[state], v.StateAt
		lost = append(lost, one)
	}
	return lost, rows.Err()
}

// Lost returns what the cloud had withdrawn and does not know of any more since it was put back to an older copy, at most 100.
func (c *Cache) Lost(ctx context.Context) (lost []Lost, err error) {
	raw, err := c.State(ctx, lostKey)
	if errors.Is(err, terminal.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lost, json.Unmarshal(raw, &lost)
}

// setKeptAside puts the rows that are kept where a fill does not clear them.
func (f *filling) setKeptAside() error {
	_, err := f.tx.Exec(fmt.Sprintf("CREATE TEMP TABLE kept AS SELECT * FROM vouchers WHERE version >= %d", keptVersion))
	return err
}

// bringKeptBack puts those back in place that say more than the fill.
func (f *filling) bringKeptBack() error {
	const less = " FROM vouchers v WHERE v.lookup = k.lookup AND (v.used < k.used OR (v.state = 0 AND k.state <> 0))"
	var before, after int64
	if err := f.tx.QueryRow("SELECT count(*) FROM vouchers").Scan(&before); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM temp.kept AS k WHERE EXISTS (SELECT 1 FROM vouchers v WHERE v.lookup = k.lookup) AND NOT EXISTS (SELECT 1" + less + ")",
		"UPDATE temp.kept AS k SET used = max(k.used, v.used), state = CASE WHEN k.state = 0 THEN v.state ELSE k.state END FROM vouchers v WHERE v.lookup = k.lookup",
		"INSERT OR REPLACE INTO vouchers (" + voucherColumns + ") SELECT " + voucherColumns + " FROM temp.kept",
		"DROP TABLE temp.kept",
	} {
		if _, err := f.tx.Exec(query); err != nil {
			return err
		}
	}
	if err := f.tx.QueryRow("SELECT count(*) FROM vouchers").Scan(&after); err != nil {
		return err
	}
	f.vouchers += after - before
	return nil
}
