package relational

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// What came back after the database was put back to an older copy is counted for each terminal apart, so that they are not in each other's
// way when all send at once, and added up where somebody asks what it may cost.

// recovered is what a terminal brought before it was heard whole.
type recovered struct {
	Entries int64           `json:"entries"`
	Claims  int64           `json:"claims"` // that it holds open and nothing is known of here
	Units   int64           `json:"units"`  // redeemed under leases that nothing is known of here
	Worth   *terminal.Money `json:"worth,omitempty"`
}

// metaRecovered is the key in table meta of what a terminal brought; those of a merchant lie between it without the terminal and the same
// with an exclamation mark, which follows the space.
func metaRecovered(t cloud.Terminal) string { return fmt.Sprintf("recovered %s %d", t.Merchant, t.ID) }

// noteRecovered counts what a batch brings of a terminal that was not heard whole since.
func (a *applying) noteRecovered(fresh []entry.Read) error {
	var awaited bool
	if err := first(a, askAwaited(a.terminal)).Scan(&awaited); err != nil || !awaited {
		return err
	}
	so, err := recoveredBetween(a, metaRecovered(a.terminal), metaRecovered(a.terminal))
	if err != nil {
		return err
	}
	so.Entries, so.Claims = so.Entries+int64(len(fresh)), 0
	for _, uid := range a.push.Standing.Open {
		var known bool
		err := a.QueryRow("SELECT EXISTS (SELECT 1 FROM hold WHERE terminal = ?1 AND uid = ?2) OR EXISTS (SELECT 1 FROM entry WHERE terminal = ?1 AND uid = ?2)",
			a.terminal.ID, uid[:]).Scan(&known)
		if err != nil {
			return err
		}
		if !known {
			so.Claims++
		}
	}
	for _, read := range fresh {
		if err := so.addLeased(a, read.Entry); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(so)
	if err != nil {
		return err
	}
	return a.setMeta(metaRecovered(a.terminal), string(raw))
}

// addLeased counts a redemption under leases that are not known here.
func (r *recovered) addLeased(q Querier, e terminal.Entry) error {
	if e.Kind != terminal.EntryRedeem || e.Assurance != terminal.Leased {
		return nil
	}
	known := false
	for _, id := range strings.Fields(e.Lease) {
		if err := q.QueryRow("SELECT EXISTS (SELECT 1 FROM lease WHERE id = ?)", id).Scan(&known); err != nil || known {
			return err
		}
	}
	given := cloud.Stake{AtRisk: r.Worth}
	given.Add(e)
	r.Units, r.Worth = terminal.AddUnitsUpTo(r.Units, given.Units), given.AtRisk
	return nil
}

// recoveredBetween adds up what was brought under the keys from one to another.
func recoveredBetween(q Querier, from, to string) (sum recovered, err error) {
	var worth cloud.Stake
	err = each(q, func(rows Rows) error {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		var one recovered
		err := json.Unmarshal(raw, &one)
		sum.Entries, sum.Claims, sum.Units = sum.Entries+one.Entries, sum.Claims+one.Claims, terminal.AddUnitsUpTo(sum.Units, one.Units)
		worth.Put(one.Worth)
		return err
	}, "SELECT value FROM meta WHERE key BETWEEN ? AND ?", from, to)
	sum.Worth = worth.AtRisk
	return sum, err
}

// recovery is what a cloud that was put back to an older copy may have cost the merchant, by what is known.
func recovery(q Querier, merchant string) (stake []terminal.ExceptionStake, atRisk *terminal.Money, err error) {
	sum, err := recoveredBetween(q, "recovered "+merchant+" ", "recovered "+merchant+"!")
	if err != nil {
		return nil, nil, err
	}
	var awaited int64
	if err := q.QueryRow("SELECT count(*) FROM unheard WHERE merchant = ? AND since > 0", merchant).Scan(&awaited); err != nil {
		return nil, nil, err
	}
	stake = []terminal.ExceptionStake{{What: "resent", Count: sum.Entries}, {What: "claims", Count: sum.Claims},
		{What: "lent", Count: sum.Units, Worth: sum.Worth}, {What: "awaited", Count: awaited}}
	return slices.DeleteFunc(stake, func(part terminal.ExceptionStake) bool { return part.Count == 0 }), sum.Worth, nil
}

// tellRecovered tells all stores what the older copy may have cost, once every terminal has sent again.
func (c *change) tellRecovered(merchant string) error {
	var awaited bool
	if err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM unheard WHERE merchant = ? AND since > 0)", merchant).Scan(&awaited); err != nil || awaited {
		return err
	}
	type telling struct {
		id     int64
		stores []string
	}
	var all []telling
	err := each(c, func(rows Rows) error {
		var one telling
		var raw []byte
		if err := rows.Scan(&one.id, &raw); err != nil {
			return err
		}
		err := json.Unmarshal(raw, &one.stores)
		all = append(all, one)
		return err
	}, "SELECT id, stores FROM exception WHERE merchant = ? AND state = 'open' AND kind = ?", merchant, string(api.ExceptionCloudRestore))
	for _, one := range all {
		if err == nil {
			err = c.tellException(merchant, one.id, one.stores)
		}
	}
	return err
}
