package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/terminal"
)

// Voucher, campaign and included head come from one statement, and so from one state of the file.
const rowColumns = `v.lookup, v.id, v.state, v.units, v.used, v.version, v.holder, v.extra, v.campaign, c.id, c.stamp, p.included
	FROM vouchers AS v CROSS JOIN campaigns AS c ON c.ref = v.campaign CROSS JOIN place AS p `

const (
	// With a bare ? SQLite would look at each value anew to choose among the plans of the join: go-sqlite3 clears the bindings after each
	// use, and then it prepares the statement again.
	findQuery     = "SELECT " + rowColumns + "WHERE v.lookup = +?"
	byIDQuery     = "SELECT " + rowColumns + "WHERE v.id = ? LIMIT ?"
	byHolderQuery = "SELECT " + rowColumns + `WHERE v.holder IS NOT NULL AND v.holder >= ?1 COLLATE NOCASE
		AND v.holder < ?2 COLLATE NOCASE ORDER BY v.holder COLLATE NOCASE LIMIT ?3`
	placeQuery      = "SELECT cursor, reached_end, vouchers, campaigns FROM place"
	byCampaignQuery = "SELECT " + rowColumns + "WHERE v.campaign = ? LIMIT ?"
)

// Find implements terminal.Cache. The campaign is shared with other rows: it must not be changed.
func (c *Cache) Find(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	// For a query that can be cancelled the driver starts a goroutine that watches; a look for one row is over before it is needed.
	ctx = context.WithoutCancel(ctx)
	var row terminal.Row
	err := c.guarded(func(h *handles) error {
		statement, err := h.statement(ctx, findQuery)
		if err != nil {
			return err
		}
		for _, lookup := range lookups {
			found, err := scanRow(statement.QueryRowContext(ctx, lookup[:]))
			if err == nil {
				row, err = c.complete(ctx, h, found)
			}
			if err == nil {
				err = h.addRelated(ctx, &row, found.ref)
			}
			if !errors.Is(err, terminal.ErrUnknown) {
				return err
			}
		}
		return terminal.ErrUnknown
	})
	return row, err
}

// found is a row without its campaign.
type found struct {
	row        terminal.Row
	ref, stamp int64 // of the campaign
}

// scanRow reads one row of rowColumns. A voucher whose campaign has not arrived is ErrUnknown: nobody could decide about it.
func scanRow(from interface{ Scan(into ...any) error }) (found, error) {
	var f found
	v := &f.row.Voucher
	var lookup, packed []byte
	var id, included int64
	var state int
	var holder sql.NullString
	err := from.Scan(&lookup, &id, &state, &v.Units, &v.Used, &v.Version, &holder, &packed, &f.ref, &v.Campaign, &f.stamp, &included)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && f.stamp == 0) {
		return f, terminal.ErrUnknown
	}
	if err != nil {
		return f, err
	}
	if len(lookup) != len(v.Lookup) || state < 0 || state >= len(states) {
		return f, fmt.Errorf("%w: a voucher's row is not one", ErrDamaged)
	}
	copy(v.Lookup[:], lookup)
	v.ID, v.State, v.Holder = terminal.VoucherID(id), states[state], holder.String
	if err := unpackExtra(v, packed); err != nil {
		return f, fmt.Errorf("%w: voucher %s: %w", ErrDamaged, v.ID, err)
	}
	f.row.Included = uint64(included)
	return f, nil
}

// complete adds the campaign.
func (c *Cache) complete(ctx context.Context, h *handles, f found) (row terminal.Row, err error) {
	f.row.Campaign, err = c.campaign(ctx, h, f.ref, f.stamp)
	return f.row, err
}

// campaign returns the campaign with number ref, decoding it only when its stamp is a new one. A page that arrives between the
// row and its campaign makes that a newer state, never a wrong one.
func (c *Cache) campaign(ctx context.Context, h *handles, ref, stamp int64) (terminal.Campaign, error) {
	c.mu.Lock()
	known, ok := c.campaigns[ref]
	c.mu.Unlock()
	if ok && known.stamp == stamp {
		return known.campaign, nil
	}
	statement, err := h.statement(ctx, "SELECT stamp, body FROM campaigns WHERE ref = ?")
	if err != nil {
		return terminal.Campaign{}, err
	}
	var body []byte
	err = statement.QueryRowContext(ctx, ref).Scan(&stamp, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return terminal.Campaign{}, terminal.ErrUnknown
	}
	if err != nil {
		return terminal.Campaign{}, err
	}
	var campaign terminal.Campaign
	if err := json.Unmarshal(body, &campaign); err != nil {
		return campaign, fmt.Errorf("%w: campaign %d: %w", ErrDamaged, ref, err)
	}
	c.mu.Lock()
	c.campaigns[ref] = stamped{stamp: stamp, campaign: campaign}
	c.mu.Unlock()
	return campaign, nil
}

// Search finds vouchers for a person who has no code to scan: by voucher id ("v" and 16 hexadecimal digits), by the beginning of
// the holder's name, or by a campaign's id or the beginning of its name, in this order, and at most limit. By campaign it may have
// to read every voucher.
func (c *Cache) Search(ctx context.Context, text string, limit int) ([]terminal.Row, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	var rows []terminal.Row
	err := c.guarded(func(h *handles) (err error) {
		var id terminal.VoucherID
		if id.UnmarshalText([]byte(text)) == nil {
			rows, err = c.rows(ctx, h, byIDQuery, int64(id), limit)
			return err
		}
		if rows, err = c.rows(ctx, h, byHolderQuery, text, text+"\U0010FFFF", limit); err != nil {
			return err
		}
		refs, err := c.campaignsLike(ctx, h, text)
		for _, ref := range refs {
			if err != nil || len(rows) >= limit {
				break
			}
			var more []terminal.Row
			more, err = c.rows(ctx, h, byCampaignQuery, ref, limit-len(rows))
			rows = append(rows, more...)
		}
		return err
	})
	return rows, err
}

// rows reads every row before it asks for a campaign: who held one connection while waiting for another could wait for ever.
func (c *Cache) rows(ctx context.Context, h *handles, query string, args ...any) ([]terminal.Row, error) {
	all, err := h.scanRows(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var rows []terminal.Row
	for _, one := range all {
		row, err := c.complete(ctx, h, one)
		if errors.Is(err, terminal.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (h *handles) scanRows(ctx context.Context, query string, args ...any) (all []found, err error) {
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
		one, err := scanRow(rows)
		if errors.Is(err, terminal.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// campaignsLike returns the numbers of the campaigns with id text, or whose name in any language begins with it.
func (c *Cache) campaignsLike(ctx context.Context, h *handles, text string) ([]int64, error) {
	var refs []int64
	lower := strings.ToLower(text)
	err := h.eachCampaign(ctx, func(ref int64, campaign terminal.Campaign) {
		like := strings.EqualFold(campaign.ID, text)
		for _, name := range campaign.Name {
			like = like || strings.HasPrefix(strings.ToLower(name), lower)
		}
		if like {
			refs = append(refs, ref)
		}
	})
	return refs, err
}

func (h *handles) eachCampaign(ctx context.Context, use func(ref int64, campaign terminal.Campaign)) (err error) {
	statement, err := h.statement(ctx, "SELECT ref, body FROM campaigns WHERE stamp > 0 ORDER BY id")
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var ref int64
		var body []byte
		if err := rows.Scan(&ref, &body); err != nil {
			return err
		}
		var campaign terminal.Campaign
		if err := json.Unmarshal(body, &campaign); err != nil {
			return fmt.Errorf("%w: campaign %d: %w", ErrDamaged, ref, err)
		}
		use(ref, campaign)
	}
	return rows.Err()
}

// Campaign implements terminal.Cache. Like Find's, it is shared and must not be changed.
func (c *Cache) Campaign(ctx context.Context, id string) (terminal.Campaign, error) {
	var campaign terminal.Campaign
	err := c.guarded(func(h *handles) error {
		statement, err := h.statement(ctx, "SELECT ref, stamp FROM campaigns WHERE id = ? AND stamp > 0")
		if err != nil {
			return err
		}
		var ref, stamp int64
		if err := statement.QueryRowContext(ctx, id).Scan(&ref, &stamp); err != nil {
			return err
		}
		campaign, err = c.campaign(ctx, h, ref, stamp)
		return err
	})
	return campaign, err
}

// Campaigns returns every campaign, by id.
func (c *Cache) Campaigns(ctx context.Context) ([]terminal.Campaign, error) {
	var campaigns []terminal.Campaign
	err := c.guarded(func(h *handles) error {
		campaigns = nil
		return h.eachCampaign(ctx, func(_ int64, campaign terminal.Campaign) { campaigns = append(campaigns, campaign) })
	})
	return campaigns, err
}

// Settings implements terminal.Cache. They are shared: they must not be changed.
func (c *Cache) Settings(ctx context.Context) (terminal.Settings, error) {
	return recall(c, &c.settings, func() (settings terminal.Settings, err error) {
		body, err := c.State(ctx, settingsKey)
		if err != nil {
			return settings, err
		}
		if err := json.Unmarshal(body, &settings); err != nil {
			return settings, err
		}
		_, err = c.State(ctx, suspendedKey)
		if errors.Is(err, terminal.ErrUnknown) {
			return settings, nil
		}
		settings.Suspended = settings.Suspended || err == nil
		return settings, err
	})
}

// Suspend implements terminal.Cache.
func (c *Cache) Suspend(ctx context.Context) error { return c.SetState(ctx, suspendedKey, nil) }

// Operators implements terminal.Cache. Those who are not active any more are among them, marked so, for reports name them.
func (c *Cache) Operators(ctx context.Context) ([]terminal.Operator, error) {
	operators, err := recall(c, &c.operators, func() ([]terminal.Operator, error) { return c.ofStore(ctx) })
	return slices.Clone(operators), err
}

// ofStore reads the operators of this store.
func (c *Cache) ofStore(ctx context.Context) ([]terminal.Operator, error) {
	settings, err := c.Settings(ctx)
	if errors.Is(err, terminal.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var operators []terminal.Operator
	err = c.guarded(func(h *handles) error {
		all, err := c.allOperators(ctx, h)
		operators = slices.DeleteFunc(all, func(o terminal.Operator) bool {
			return len(o.Stores) > 0 && !slices.Contains(o.Stores, settings.Store.ID)
		})
		return err
	})
	slices.SortFunc(operators, func(a, b terminal.Operator) int {
		return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
	})
	return operators, err
}

func (c *Cache) allOperators(ctx context.Context, h *handles) (operators []terminal.Operator, err error) {
	statement, err := h.statement(ctx, "SELECT id, body FROM operators")
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var sealed []byte
		if err := rows.Scan(&id, &sealed); err != nil {
			return nil, err
		}
		operator, err := c.openOperator(id, sealed)
		if err != nil {
			return nil, err
		}
		operators = append(operators, operator)
	}
	return operators, rows.Err()
}

// Freshness implements terminal.Cache.
func (c *Cache) Freshness(ctx context.Context) (terminal.Freshness, error) {
	return recall(c, &c.fresh, func() (terminal.Freshness, error) { return c.readFreshness(ctx) })
}

func (c *Cache) readFreshness(ctx context.Context) (terminal.Freshness, error) {
	var fresh terminal.Freshness
	err := c.guarded(func(h *handles) error {
		statement, err := h.statement(ctx, placeQuery)
		if err != nil {
			return err
		}
		var reachedEnd sql.NullInt64
		err = statement.QueryRowContext(ctx).Scan(&fresh.Cursor, &reachedEnd, &fresh.Vouchers, &fresh.Campaigns)
		if err == nil && reachedEnd.Valid {
			fresh.ReachedEnd = time.UnixMicro(reachedEnd.Int64).UTC()
		}
		return err
	})
	return fresh, err
}

// State returns what SetState stored under key, or terminal.ErrUnknown.
func (c *Cache) State(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := c.guarded(func(h *handles) error {
		statement, err := h.statement(ctx, "SELECT value FROM state WHERE key = ?")
		if err != nil {
			return err
		}
		return statement.QueryRowContext(ctx, key).Scan(&value)
	})
	return value, err
}

// SetState stores a value under key: what may be lost with the file and need not be synced, such as how the line was.
func (c *Cache) SetState(ctx context.Context, key string, value []byte) error {
	if key == settingsKey {
		return fmt.Errorf("the key %q is the cache's own", key)
	}
	return c.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
			key, append([]byte{}, value...))
		return err
	})
}
