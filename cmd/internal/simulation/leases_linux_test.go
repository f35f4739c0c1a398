package simulation

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// spent holds an approval under a lease against the lease itself.
func (c *counter) spent(ctx context.Context, e terminal.Entry, when asked) {
	held, err := c.station.Journal.Leases(ctx)
	if err != nil {
		c.failed("reading the leases", err)
		return
	}
	for _, lease := range held {
		if slices.Contains(strings.Fields(e.Lease), lease.ID) && when.until.After(lease.Expires.Add(when.doubt+time.Minute)) {
			c.violate(6, "till %d spent of lease %s, which had expired %v before", c.index, lease.ID, when.until.Sub(lease.Expires))
		}
	}
}

// granted is a lease as the cloud has it.
type granted struct {
	terminal, store string
	voucher         terminal.VoucherID // 0 of one of a campaign's limit
	campaign, day   string
	units, spent    int64
	open            bool
	at, expires     time.Time
}

// leases are all that the cloud ever granted.
func (w *world) leases() map[string]granted {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(w.cloud.folder, sqlite.FileName)+"?mode=ro")
	w.must(err)
	defer db.Close()
	rows, err := db.Query("SELECT l.id, t.name, t.store, l.voucher, l.campaign, l.day, l.units, l.spent, l.state = 'open', l.granted_at, l.expires_at FROM lease l JOIN terminal t ON t.id = l.terminal")
	w.must(err)
	defer rows.Close()
	all := map[string]granted{}
	for rows.Next() {
		var id string
		var l granted
		var voucher, at, expires int64
		w.must(rows.Scan(&id, &l.terminal, &l.store, &voucher, &l.campaign, &l.day, &l.units, &l.spent, &l.open, &at, &expires))
		l.voucher, l.at, l.expires = terminal.VoucherID(voucher), time.UnixMicro(at), time.UnixMicro(expires)
		all[id] = l
	}
	w.must(rows.Err())
	return all
}

// checkLeases holds what was spent under leases against what was leased.
func (w *world) checkLeases(all book, reversed map[terminal.VoucherID]bool) {
	leases, spent, together := w.leases(), map[string]int64{}, map[terminal.VoucherID]int64{}
	for id, l := range leases {
		w.count("lease")
		if l.expires.Sub(l.at) > cloud.LeaseLife {
			w.violate(6, "lease %s lasts %v", id, l.expires.Sub(l.at))
		}
	}
	w.checkLimits(leases, reversed)
	for _, e := range all {
		if e.Kind != terminal.EntryRedeem || e.Assurance != terminal.Leased {
			continue
		}
		for _, line := range e.Lines {
			together[line.Voucher] += line.Units
			covered := false
			for _, id := range strings.Fields(e.Lease) {
				l := leases[id]
				if l.voucher != line.Voucher || l.terminal != e.Terminal || l.store != e.Store || e.Lower.After(l.expires) {
					continue
				}
				covered = true
				spent[id] += line.Units
			}
			if !covered {
				w.violate(6, "%s of %s is spent of %q, which nobody leased to it then", e.UID, line.Voucher, e.Lease)
			}
		}
	}
	for id, units := range spent {
		if units > leases[id].units {
			w.violate(6, "of the %d units of lease %s %d are spent", leases[id].units, id, units)
		}
	}
	for voucher, units := range together {
		if total := w.voucherOf(voucher).issued.Voucher.Units; units > total && !reversed[voucher] {
			w.violate(6, "%d of the %d units of %s are spent under leases", units, total, voucher)
		}
	}
}

// checkLimits holds what of a campaign's limit for a day was leased against the limit: of a lease that is over, what was spent.
func (w *world) checkLimits(leases map[string]granted, reversed map[terminal.VoucherID]bool) {
	again := map[string]bool{} // what was taken back may be leased once more
	for voucher := range reversed {
		again[w.voucherOf(voucher).campaign.ID] = true
	}
	together := map[[2]string]int64{}
	for id, l := range leases {
		if l.voucher != 0 {
			continue
		}
		w.count("lease of a limit")
		if l.spent > l.units {
			w.violate(6, "of the %d units of lease %s, of the limit of %s on %s, %d are spent", l.units, id, l.campaign, l.day, l.spent)
		}
		if l.open {
			together[[2]string{l.campaign, l.day}] += l.units
		} else {
			together[[2]string{l.campaign, l.day}] += l.spent
		}
	}
	for _, c := range offers().Campaigns {
		for key, units := range together {
			if limit := c.Rules.PerDay; key[0] == c.ID && !again[c.ID] && units > limit.Count {
				w.violate(6, "of the limit of %s on %s, %d, %d units were leased", c.ID, key[1], limit.Count, units)
			}
		}
	}
}
