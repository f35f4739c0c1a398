package relational

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Copy is the storage of a store's hub: what the cloud's feed tells, and on top of it the entries of the store's terminals that the cloud
// does not count yet. As a Storage it claims and takes journals over exactly as the cloud does. What it cannot know are the secrets that
// prove that a code was shown: the proofs are in the entries, and the cloud checks them there.
type Copy struct{ *Storage }

// NewCopy makes the storage of a hub.
func NewCopy(s *Storage) *Copy {
	s.copy = true
	return &Copy{s}
}

// The keys of table meta at a hub.
const (
	metaCursor = "copy_cursor"
	metaFilled = "copy_filled" // it has reached the end of the feed once
	metaBehind = "copy_behind" // where the feed goes on behind a first fill, of which it has taken no page yet
	metaCounts = "copy_counts" // vouchers have the cloud's versions, and not a count of the hub's own
)

// AdoptVersions forgets the versions that a hub of an earlier program counted by itself: until the feed tells of a voucher again, what its terminals
// have heard of it counts as newer.
func (s *Copy) AdoptVersions(ctx context.Context) error {
	return s.write(ctx, func(c *change) error {
		var done bool
		if err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)", metaCounts).Scan(&done); err != nil || done {
			return err
		}
		if _, err := c.Exec("UPDATE voucher SET version = 0"); err != nil {
			return err
		}
		return c.setMeta(metaCounts, "1")
	})
}

// Cursor is where the copy stands in the cloud's feed, "" at its beginning; filled says that it has been at the end of it.
func (s *Copy) Cursor(ctx context.Context) (cursor string, filled bool, err error) {
	err = s.read(ctx, func(q Querier) error {
		var raw []byte
		if err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaCursor).Scan(&raw); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if cursor = string(raw); cursor == "" {
			var err error
			if cursor, err = behind(q); err != nil {
				return err
			}
		}
		return q.QueryRow("SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)", metaFilled).Scan(&filled)
	})
	return cursor, filled, err
}

func (c *change) setMeta(key, value string) error {
	_, err := c.Exec("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, []byte(value))
	return err
}

// Empty forgets what the feed told: the cloud begins anew. What the terminals sent stays.
func (s *Copy) Empty(ctx context.Context) error {
	return s.write(ctx, func(c *change) error {
		for _, what := range []string{"DELETE FROM base", "DELETE FROM part", "DELETE FROM counted", "DELETE FROM voucher", "UPDATE upstream SET included = 0",
			"DELETE FROM meta WHERE key IN ('" + metaCursor + "', '" + metaFilled + "', '" + metaBehind + "')"} {
			if _, err := c.Exec(what); err != nil {
				return err
			}
		}
		return nil
	})
}

// Take stores a page of the cloud's feed with its cursor, in one transaction. self is the hub's own terminal.
func (s *Copy) Take(ctx context.Context, self cloud.Terminal, page *api.FeedPage, at time.Time) error {
	return s.write(ctx, func(c *change) error {
		if err := c.takePlace(self, page); err != nil {
			return err
		}
		touched := map[terminal.VoucherID]bool{}
		if page.Peers != nil {
			var begun bool
			if err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)", metaCursor).Scan(&begun); err != nil {
				return err
			}
			for _, peer := range *page.Peers {
				if err := c.takePeer(self, peer, !begun, page.AtEnd, at, touched); err != nil {
					return err
				}
			}
		}
		for _, record := range page.Records {
			if err := c.takeRecord(self.Merchant, record, touched); err != nil {
				return err
			}
		}
		if err := c.rebaseAll(touched); err != nil {
			return err
		}
		if err := c.forgetStrangers(); err != nil {
			return err
		}
		// A hub's terminals get the cloud's own pages: what the copy's outbox gathers nobody reads.
		if _, err := c.Exec("DELETE FROM outbox"); err != nil {
			return err
		}
		if err := c.setMeta(metaCursor, page.Cursor); err != nil || !page.AtEnd {
			return err
		}
		return c.setMeta(metaFilled, "1")
	})
}

// takePlace stores merchant and store, which everything else refers to.
func (c *change) takePlace(self cloud.Terminal, page *api.FeedPage) error {
	place := terminal.Settings{Merchant: terminal.Merchant{ID: self.Merchant}, Store: terminal.Store{ID: self.Store}}
	said := false
	for _, record := range page.Records {
		if record.Settings != nil {
			place, said = *record.Settings, true
		}
	}
	merchant, err := json.Marshal(place.Merchant)
	if err != nil {
		return err
	}
	store, err := json.Marshal(place.Store)
	if err != nil {
		return err
	}
	keep := "DO NOTHING"
	if said {
		keep = "DO UPDATE SET body = excluded.body"
	}
	// The lookup key is the terminals': a hub that enrols nobody has no use for it.
	_, err = c.Exec("INSERT INTO merchant (id, body, lookup_key) VALUES (?, ?, ?) ON CONFLICT (id) "+keep, self.Merchant, string(merchant), []byte{})
	if err != nil {
		return err
	}
	if _, err := c.Exec("INSERT INTO store (merchant, id, body) VALUES (?, ?, ?) ON CONFLICT (merchant, id) "+keep, self.Merchant, self.Store, string(store)); err != nil {
		return err
	}
	for id, name := range place.Stores { // of the others the names are all that is told
		body, err := json.Marshal(terminal.Store{ID: id, Name: name})
		if err != nil {
			return err
		}
		if id == self.Store {
			continue
		}
		if _, err := c.Exec("INSERT INTO store (merchant, id, body) VALUES (?, ?, ?) ON CONFLICT (merchant, id) DO UPDATE SET body = excluded.body",
			self.Merchant, id, string(body)); err != nil {
			return err
		}
	}
	return nil
}

// metaBase is the key in table meta of the entry of a terminal's journal that what the hub gathers of it follows, as "SEQ HASH": the hub does
// not have that one.
func metaBase(terminalID int64) string { return fmt.Sprintf("base %d", terminalID) }

// baseOf is the hash of entry seq of a journal, where what the hub gathers follows that.
func baseOf(q Querier, terminalID int64, seq uint64) (hash []byte, err error) {
	var raw []byte
	if err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaBase(terminalID)).Scan(&raw); err != nil {
		return nil, err
	}
	var base uint64
	if _, err := fmt.Sscanf(string(raw), "%d %x", &base, &hash); err != nil {
		return nil, err
	}
	if base != seq {
		return nil, sql.ErrNoRows
	}
	return hash, nil
}

// takePeer stores a terminal of the store; anew says that this page is the feed's first. Its journal is gathered from where the cloud's ended when the hub first heard of it. Only at the
// feed's end do the rows count what the page says that they include: a row of this page may have moved to a later one, since the
// feed keeps but the newest of each thing.
func (c *change) takePeer(self cloud.Terminal, peer api.Peer, anew, atEnd bool, at time.Time, touched map[terminal.VoucherID]bool) error {
	key := ed25519.PublicKey(peer.PublicKey)
	t, err := terminalBy(c, "public_key = ?", []byte(key))
	if err != nil && !isUnknown(err) {
		return err
	}
	if isUnknown(err) {
		hash := peer.Head.Hash
		if peer.Head.Seq == 0 {
			genesis := entry.Genesis(key)
			hash = genesis[:]
		}
		err = c.QueryRow(`INSERT INTO terminal (merchant, store, name, public_key, seal_key, version, enrolled_at, suspended, epoch, head_seq, head_hash, head_receipt)
			VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?) RETURNING id`, self.Merchant, self.Store, peer.Terminal, []byte(key), []byte{}, micros(at),
			flag(peer.Suspended), peer.Head.Epoch, peer.Head.Seq, hash, peer.Receipt).Scan(&t.ID)
		if err != nil {
			return err
		}
		if peer.Leases != nil {
			if err := c.takeLeases(self, t.ID, *peer.Leases, at); err != nil {
				return err
			}
		}
		if err := c.setMeta(metaBase(t.ID), fmt.Sprintf("%d %x", peer.Head.Seq, hash)); err != nil {
			return err
		}
		t.Merchant = self.Merchant
		if err := c.awaitPeer(t, peer.Suspended); err != nil {
			return err
		}
		_, err = c.Exec("INSERT INTO upstream (terminal, included, sent) VALUES (?, ?, ?)", t.ID, peer.Included, peer.Head.Seq)
		return err
	}
	if peer.Leases != nil {
		if err := c.takeLeases(self, t.ID, *peer.Leases, at); err != nil {
			return err
		}
	}
	if !peer.Forked && t.Suspended && !peer.Suspended { // a manager readmitted it
		if _, err := c.readmit(self.Merchant, self.Store, peer.Terminal, "", at); err != nil && !errors.Is(err, cloud.ErrWhichMachine) {
			return err
		}
	}
	if _, err := c.Exec("UPDATE terminal SET name = ?, suspended = ? WHERE id = ?", peer.Terminal, flag(peer.Suspended), t.ID); err != nil {
		return err
	}
	if err := c.awaitUnlessSuspended(t, peer.Suspended); err != nil {
		return err
	}
	// What the terminal pushed itself need not be handed on; what a cloud does not have any more that was restored has to be, again.
	if _, err := c.Exec("UPDATE upstream SET sent = ?1 WHERE terminal = ?2 AND (sent < ?1 OR ?3)", peer.Head.Seq, t.ID, flag(anew)); err != nil {
		return err
	}
	if !atEnd {
		return nil
	}
	return c.countUpTo(t.ID, peer.Included, touched)
}

// countUpTo says that the copy's rows count a terminal's entries up to included, and names the vouchers for which that changes something.
func (c *change) countUpTo(id int64, included uint64, touched map[terminal.VoucherID]bool) error {
	var before uint64
	if err := c.QueryRow("SELECT included FROM upstream WHERE terminal = ?", id).Scan(&before); err != nil || before == included {
		return err
	}
	low, high := min(before, included), max(before, included)
	if err := vouchersOf(c, id, low, high, touched); err != nil {
		return err
	}
	if _, err := c.Exec("UPDATE upstream SET included = ? WHERE terminal = ?", included, id); err != nil {
		return err
	}
	return c.uncount(id, included)
}

// uncount takes the lines that the cloud counts under its limits out of what is counted here.
func (c *change) uncount(id int64, included uint64) error {
	_, err := c.Exec("UPDATE line SET merchant = '' WHERE merchant <> '' AND entry IN (SELECT ordinal FROM entry WHERE terminal = ? AND seq <= ?)", id, included)
	return err
}

// vouchersOf names the vouchers of a terminal's entries after one and through another.
func vouchersOf(q Querier, id int64, after, through uint64, into map[terminal.VoucherID]bool) error {
	return each(q, func(rows Rows) error {
		var voucher int64
		err := rows.Scan(&voucher)
		into[terminal.VoucherID(voucher)] = true
		return err
	}, "SELECT DISTINCT l.voucher FROM line l JOIN entry e ON e.ordinal = l.entry WHERE e.terminal = ? AND e.seq > ? AND e.seq <= ?", id, after, through)
}

func (c *change) takeRecord(merchant string, record api.FeedRecord, touched map[terminal.VoucherID]bool) error {
	switch {
	case record.Campaign != nil:
		body, err := json.Marshal(record.Campaign)
		if err != nil {
			return err
		}
		_, err = c.Exec(`INSERT INTO campaign (merchant, id, kind, body) VALUES (?, ?, ?, ?) ON CONFLICT (merchant, id) DO UPDATE SET body = excluded.body`,
			merchant, record.Campaign.ID, string(record.Campaign.Kind), string(body))
		return err
	case record.Voucher != nil:
		touched[record.Voucher.ID] = true
		return c.takeVoucher(merchant, *record.Voucher)
	case record.RemovedVoucher != nil:
		delete(touched, *record.RemovedVoucher)
		for _, what := range []string{"DELETE FROM base WHERE voucher = ?", "DELETE FROM part WHERE voucher = ?", "DELETE FROM voucher WHERE id = ?"} {
			if _, err := c.Exec(what, int64(*record.RemovedVoucher)); err != nil {
				return err
			}
		}
	case record.Count != nil:
		_, err := c.Exec(`INSERT INTO counted (merchant, campaign, customer, store, day, units) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (merchant, campaign, customer, store, day) DO UPDATE SET units = excluded.units`,
			merchant, record.Count.Campaign, record.Count.Customer, record.Count.Store, record.Count.Day.String(), record.Count.Units)
		return err
	case record.Operator != nil:
		_, err := c.applyBody("operator", merchant, record.Operator.ID, *record.Operator)
		return err
	}
	return nil // the rest is for the terminal alone
}

// takeVoucher stores a voucher as the cloud counts it. Its version stays the cloud's, whatever the store's entries add to it: by that a terminal
// tells which changes the hub has not heard of.
func (c *change) takeVoucher(merchant string, v terminal.Voucher) error {
	body, err := json.Marshal(issued(v))
	if err != nil {
		return err
	}
	var last sql.NullString
	if v.LastUse != nil {
		text, err := json.Marshal(v.LastUse)
		if err != nil {
			return err
		}
		last = sql.NullString{String: string(text), Valid: true}
	}
	var at sql.NullInt64
	if v.StateAt != nil {
		at = sql.NullInt64{Int64: micros(*v.StateAt), Valid: true}
	}
	_, err = c.Exec(`INSERT INTO voucher (id, merchant, campaign, lookup, "inner", state, state_at, units, last_use, body, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET campaign = excluded.campaign, lookup = excluded.lookup, state = excluded.state, state_at = excluded.state_at,
			units = excluded.units, last_use = excluded.last_use, body = excluded.body, version = excluded.version`,
		int64(v.ID), merchant, v.Campaign, v.Lookup[:], []byte{}, string(v.State), at, v.Units, last, string(body), v.Version)
	if err != nil {
		return fmt.Errorf("voucher %s cannot be stored: %w", v.ID, err)
	}
	used := map[string]int64{"": v.Used}
	for _, line := range v.Lines {
		used[line.ID] = 0
		if line.Collected {
			used[line.ID] = 1
		}
	}
	for part, units := range used {
		_, err := c.Exec("INSERT INTO base (voucher, part, used) VALUES (?, ?, ?) ON CONFLICT (voucher, part) DO UPDATE SET used = excluded.used",
			int64(v.ID), part, units)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *change) rebaseAll(vouchers map[terminal.VoucherID]bool) error {
	for id := range vouchers {
		if err := c.rebase(id); err != nil {
			return fmt.Errorf("voucher %s: %w", id, err)
		}
	}
	return nil
}

// rebase counts a voucher again: as the cloud does, and the entries on top that the cloud's row does not count.
func (c *change) rebase(id terminal.VoucherID) error {
	parts := map[string]int64{}
	err := each(c, func(rows Rows) error {
		var part string
		var used int64
		err := rows.Scan(&part, &used)
		parts[part] = used
		return err
	}, "SELECT part, used FROM base WHERE voucher = ?", int64(id))
	if err != nil {
		return err
	}
	for part, used := range parts {
		var redeemed, reversed int64
		err := c.QueryRow(`SELECT coalesce(sum(CASE WHEN l.kind = `+kindRedeem+` THEN l.units ELSE 0 END), 0),
				coalesce(sum(CASE WHEN l.kind = `+kindRedeem+` THEN 0 ELSE l.accepted END), 0)
			FROM line l JOIN entry e ON e.ordinal = l.entry JOIN upstream u ON u.terminal = e.terminal
			WHERE l.voucher = ?1 AND (?2 = '' OR l.part = ?2) AND l.kind IN (`+kindRedeem+`, `+kindReverse+`) AND e.seq > u.included
			AND l.units BETWEEN 1 AND 1000000000000000`, int64(id), part).Scan(&redeemed, &reversed)
		if err != nil {
			return err
		}
		if part == "" {
			_, err = c.Exec("UPDATE voucher SET redeemed = ?, reversed = ? WHERE id = ?", used+redeemed, reversed, int64(id))
		} else {
			_, err = c.Exec(`INSERT INTO part (voucher, part, redeemed, reversed) VALUES (?, ?, ?, ?)
				ON CONFLICT (voucher, part) DO UPDATE SET redeemed = excluded.redeemed, reversed = excluded.reversed`, int64(id), part, used+redeemed, reversed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recount sets right what a terminal's fresh entries counted, and keeps what it said of its claims for whoever forwards them.
func (c *change) recount(t cloud.Terminal, standing cloud.Standing, after uint64) error {
	if err := c.keepStanding(t, standing); err != nil {
		return err
	}
	var included, head uint64
	err := c.QueryRow("SELECT u.included, t.head_seq FROM upstream u JOIN terminal t ON t.id = u.terminal WHERE t.id = ?", t.ID).Scan(&included, &head)
	if err != nil || head == after {
		return err
	}
	if err := c.noteAnswer(); err != nil {
		return err
	}
	touched := map[terminal.VoucherID]bool{}
	if err := vouchersOf(c, t.ID, after, head, touched); err != nil {
		return err
	}
	if err := c.uncount(t.ID, included); err != nil {
		return err
	}
	return c.rebaseAll(touched)
}

func (c *change) keepStanding(t cloud.Terminal, standing cloud.Standing) error {
	open := standing.Open
	if open == nil {
		open = []terminal.UID{}
	}
	listed, err := json.Marshal(open)
	if err != nil {
		return err
	}
	_, err = c.Exec("UPDATE upstream SET instance = ?1, counter = ?2, open = ?3 WHERE terminal = ?4 AND (instance <> ?1 OR counter <= ?2)",
		standing.Instance, standing.Counter, string(listed), t.ID)
	return err
}
