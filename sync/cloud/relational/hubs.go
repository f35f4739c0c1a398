package relational

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// AppointHub implements cloud.Storage.
func (s *Storage) AppointHub(ctx context.Context, hub cloud.Hub) (appointed cloud.Hub, changed bool, err error) {
	err = s.write(ctx, func(c *change) error {
		appointed, changed, err = c.appointHub(hub)
		return err
	})
	return appointed, changed, err
}

func (c *change) appointHub(hub cloud.Hub) (appointed cloud.Hub, changed bool, err error) {
	var id sql.NullInt64
	if hub.Terminal != "" {
		t, err := terminalBy(c, "merchant = ? AND store = ? AND name = ? AND suspended = 0", hub.Merchant, hub.Store, hub.Terminal)
		if err != nil {
			return hub, false, err
		}
		id = sql.NullInt64{Int64: t.ID, Valid: true}
	}
	before, err := loadHub(c, hub.Merchant, hub.Store)
	if err != nil && !isUnknown(err) {
		return hub, false, err
	}
	if before.ID == id.Int64 && (!id.Valid || before.Address == hub.Address) {
		return before, false, nil
	}
	_, err = c.Exec(`INSERT INTO hub (merchant, store, term, terminal, address, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (merchant, store) DO UPDATE SET term = excluded.term, terminal = excluded.terminal, address = excluded.address, at = excluded.at,
				ready = CASE WHEN hub.terminal = excluded.terminal THEN hub.ready ELSE 0 END,
				percent = CASE WHEN hub.terminal = excluded.terminal THEN hub.percent ELSE 0 END,
				told_at = CASE WHEN hub.terminal = excluded.terminal THEN hub.told_at END`,
		hub.Merchant, hub.Store, before.Term+1, id, hub.Address, micros(hub.At))
	if err != nil {
		return hub, false, err
	}
	if appointed, err = loadHub(c, hub.Merchant, hub.Store); err != nil {
		return hub, false, err
	}
	return appointed, true, c.Publish(hub.Merchant, "hub", hub.Store, hub.Store, 0)
}

// dismissHub ends the office of a terminal that is its store's hub and was suspended: what a machine grants that the merchant has barred is
// no word of the store's. The next term is nobody's, so that whoever hears of it asks it no more, and tells it so.
func (c *change) dismissHub(t cloud.Terminal, at time.Time) error {
	hub, err := loadHub(c, t.Merchant, t.Store)
	if isUnknown(err) || (err == nil && hub.ID != t.ID) {
		return nil
	}
	if err == nil {
		_, _, err = c.appointHub(cloud.Hub{Merchant: t.Merchant, Store: t.Store, At: at})
	}
	return err
}

// Hub implements cloud.Storage.
func (s *Storage) Hub(ctx context.Context, merchant, store string) (hub cloud.Hub, err error) {
	err = s.look(ctx, func(q Querier) error {
		hub, err = loadHub(q, merchant, store)
		return err
	})
	return hub, err
}

func loadHub(q Querier, merchant, store string) (cloud.Hub, error) {
	hub := cloud.Hub{Merchant: merchant, Store: store}
	var id, at, told sql.NullInt64
	var ready int64
	var percent int
	var name sql.NullString
	var key []byte
	err := q.QueryRow(`SELECT h.term, h.terminal, t.name, t.public_key, h.address, h.at, h.ready, h.percent, h.told_at FROM hub h LEFT JOIN terminal t ON t.id = h.terminal
		WHERE h.merchant = ? AND h.store = ?`, merchant, store).Scan(&hub.Term, &id, &name, &key, &hub.Address, &at, &ready, &percent, &told)
	if told.Valid && id.Valid {
		hub.Filling, hub.ToldAt = &cloud.HubFilling{Ready: ready != 0, Percent: percent}, fromMicros(told.Int64)
	}
	hub.ID, hub.Terminal, hub.Key, hub.At = id.Int64, name.String, ed25519.PublicKey(key), fromMicros(at.Int64)
	return hub, unknown(err, "a hub of store "+store)
}

// signedHub is a store's appointment as it goes into the feed.
func signedHub(q Querier, merchant, store string) (string, error) {
	keys, err := loadKeys(q)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errors.New("the cloud has no keys yet: run countersign-cloud serve once")
	}
	if err != nil {
		return "", err
	}
	hub, err := loadHub(q, merchant, store)
	if err != nil {
		return "", err
	}
	return cloud.SignHub(keys, hub)
}

// tellHub has the store's hub, if there is one, ask for the terminals of its store again.
func (c *change) tellHub(merchant, store string) error {
	hub, err := loadHub(c, merchant, store)
	if isUnknown(err) || (err == nil && hub.ID == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.Publish(merchant, "hub", store, store, hub.ID)
}

// addPeers adds to a page for the store's hub the terminals of its store, as of place.
func addPeers(q Querier, t cloud.Terminal, place int64, page *cloud.Page) error {
	hub, err := loadHub(q, t.Merchant, t.Store)
	if isUnknown(err) || (err == nil && hub.ID != t.ID) {
		return nil
	}
	if err != nil {
		return err
	}
	ids := []int64{}
	if err := each(q, func(rows Rows) error {
		var peer api.Peer
		var id int64
		err := rows.Scan(&id, &peer.Terminal, &peer.PublicKey, &peer.Suspended, &peer.Head.Epoch, &peer.Head.Seq, &peer.Head.Hash, &peer.Receipt,
			&peer.Included, &peer.Forked)
		page.Peers, ids = append(page.Peers, peer), append(ids, id)
		return err
	}, `SELECT id, name, public_key, suspended, epoch, head_seq, head_hash, head_receipt,
			(SELECT coalesce(max(seq), 0) FROM entry WHERE entry.terminal = t.id AND place BETWEEN 0 AND ?1),
			EXISTS (SELECT 1 FROM exception x WHERE x.terminal = t.id AND x.kind IN ('journal_fork', 'journal_restore') AND x.state = 'open')
		FROM terminal t WHERE merchant = ?2 AND store = ?3 ORDER BY id`, place, t.Merchant, t.Store); err != nil {
		return err
	}
	for i, id := range ids {
		leases, err := peerLeases(q, id)
		if err != nil {
			return err
		}
		page.Peers[i].Leases = &leases
	}
	return nil
}

// peerLeases are a terminal's open leases as its store's hub is told of them.
func peerLeases(q Querier, terminalID int64) (all []api.PeerLease, err error) {
	all = []api.PeerLease{}
	open, err := openLeases(q, "terminal = ?", terminalID)
	for _, l := range open {
		day, err := terminal.ParseDate(l.day)
		if err != nil {
			return nil, err
		}
		one := api.PeerLease{Spent: l.spent, Lease: api.OpenLease{Id: l.id, Campaign: l.campaign, Day: day, Units: l.units, Expires: l.expires, Epoch: l.epoch, After: l.after}}
		if err := q.QueryRow("SELECT customer FROM lease WHERE id = ?", l.id).Scan(&one.Customer); err != nil {
			return nil, err
		}
		if l.voucher != 0 {
			one.Lease.Voucher = &l.voucher
		}
		if l.part != "" {
			one.Lease.Part = &l.part
		}
		all = append(all, one)
	}
	return all, err
}

// takeLeases makes what is leased to a terminal of a hub's store what the cloud says. What it spent that only the hub knows of stays spent.
func (c *change) takeLeases(self cloud.Terminal, terminalID int64, leases []api.PeerLease, at time.Time) error {
	if _, err := c.Exec("UPDATE lease SET state = 'returned' WHERE terminal = ? AND state = 'open'", terminalID); err != nil {
		return err
	}
	for _, one := range leases {
		var voucher int64
		var part string
		if one.Lease.Voucher != nil {
			voucher = int64(*one.Lease.Voucher)
		}
		if one.Lease.Part != nil {
			part = *one.Lease.Part
		}
		_, err := c.Exec(`INSERT INTO lease (id, merchant, terminal, voucher, part, campaign, customer, store, day, units, spent, epoch, after, granted_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = 'open',
			spent = CASE WHEN excluded.spent > lease.spent THEN excluded.spent ELSE lease.spent END`,
			one.Lease.Id, self.Merchant, terminalID, voucher, part, one.Lease.Campaign, one.Customer, self.Store, one.Lease.Day.String(), one.Lease.Units, one.Spent,
			one.Lease.Epoch, int64(one.Lease.After), micros(at), micros(one.Lease.Expires))
		if err != nil {
			return err
		}
	}
	return nil
}
