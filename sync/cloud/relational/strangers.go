package relational

import (
	"bytes"
	"encoding/json"
	"slices"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// stranger is a code that a terminal asked a hub for whose copy had no such voucher then. The terminal's own list may have it: without the
// hub's yes it goes on by its offline policy, and so would the next terminal of the store.
type stranger struct {
	lookup   []byte
	terminal int64
	uid      []byte
	instance string
	counter  int64
	at       int64

	entered bool // the journal of its terminal here has the redemption
	known   bool // the copy has the voucher by now
	open    bool // its terminal may still write it down
}

// strangers returns what is noted of one code, or of all where lookup is nil.
func strangers(q Querier, lookup []byte) (all []stranger, err error) {
	err = each(q, func(rows Rows) error {
		var s stranger
		var instance, listed string
		var counter int64
		var suspended bool
		err := rows.Scan(&s.lookup, &s.terminal, &s.uid, &s.instance, &s.counter, &s.at, &instance, &counter, &listed, &suspended, &s.entered, &s.known)
		if err != nil {
			return err
		}
		var uids []terminal.UID
		if err := json.Unmarshal([]byte(listed), &uids); err != nil {
			return err
		}
		listedOpen := slices.ContainsFunc(uids, func(u terminal.UID) bool { return bytes.Equal(u[:], s.uid) })
		s.open = !suspended && (listedOpen || instance == s.instance && counter < s.counter)
		all = append(all, s)
		return nil
	}, `SELECT s.lookup, s.terminal, s.uid, s.instance, s.counter, s.at, u.instance, u.counter, u.open, t.suspended,
			EXISTS (SELECT 1 FROM entry e WHERE e.terminal = s.terminal AND e.uid = s.uid),
			EXISTS (SELECT 1 FROM voucher v WHERE v.merchant = t.merchant AND v.lookup = s.lookup)
		FROM stranger s JOIN upstream u ON u.terminal = s.terminal JOIN terminal t ON t.id = s.terminal WHERE ?1 IS NULL OR s.lookup = ?1 ORDER BY s.at`, lookup)
	return all, err
}

// over reports that nothing depends on it any more: nobody will write it down, or it was, and the copy counts it with its voucher.
func (s stranger) over() bool { return !s.open && (!s.entered || s.known) }

// byStranger is why a terminal may not have what another one asked for first and may have used. Of what nobody else asked for it notes, where
// the copy does not know it, that this terminal did.
func (g *claiming) byStranger(line terminal.ClaimLine, known bool) (*terminal.Finding, error) {
	if !g.copy || g.claim.Reverse != nil {
		return nil, nil
	}
	noted, err := strangers(g, line.Lookup[:])
	if err != nil {
		return nil, err
	}
	for _, s := range noted {
		if s.terminal == g.terminal.ID || s.over() || s.entered && known {
			continue
		}
		of, err := terminalBy(g, "id = ?", s.terminal)
		if err != nil {
			return nil, err
		}
		name := storeName(g, of.Merchant, of.Store)
		return &terminal.Finding{Reason: terminal.HeldElsewhere, Facts: useFacts(&api.ExceptionUse{At: fromMicros(s.at), StoreName: &name, Terminal: of.Name})}, nil
	}
	if known {
		return nil, nil
	}
	standing := g.claim.Standing
	_, err = g.Exec(`INSERT INTO stranger (lookup, terminal, uid, instance, counter, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (lookup, terminal, uid) DO UPDATE SET instance = excluded.instance, counter = excluded.counter`,
		line.Lookup[:], g.terminal.ID, g.claim.UID[:], standing.Instance, standing.Counter, micros(g.claim.At))
	return nil, err
}

// forgetStrangers drops what is over.
func (c *change) forgetStrangers() error {
	noted, err := strangers(c, nil)
	if err != nil {
		return err
	}
	for _, s := range noted {
		if !s.over() {
			continue
		}
		if _, err := c.Exec("DELETE FROM stranger WHERE lookup = ? AND terminal = ? AND uid = ?", s.lookup, s.terminal, s.uid); err != nil {
			return err
		}
	}
	return nil
}

// asking is what a terminal says of its claims with the one that it is making: it may become an entry like the others.
func asking(standing cloud.Standing, uid terminal.UID) cloud.Standing {
	if !slices.Contains(standing.Open, uid) {
		standing.Open = append(slices.Clone(standing.Open), uid)
	}
	return standing
}
