package relational

import (
	"strconv"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// Kinds of entries as queries name them. They are no parameters: SQLite plans a statement anew for every value that it compares with the
// condition of a partial index, and that took longer than most of the statements themselves.
var (
	kindRedeem   = strconv.Itoa(int(terminal.EntryRedeem))
	kindReverse  = strconv.Itoa(int(terminal.EntryReverse))
	kindDayClose = strconv.Itoa(int(terminal.EntryDayClose))
)

// batchFacts are what the entries of one batch are judged by and do not change, looked up once: campaigns and names change in transactions of
// their own, and so do webhooks; leases and claims are only ended by a batch, never begun.
type batchFacts struct {
	campaigns map[string]terminal.Campaign
	operators map[string]string                     // their names
	leases    *bool                                 // whether the merchant has open ones
	hooks     map[string][]string                   // ids of live webhooks by event
	claimed   map[terminal.UID][]terminal.VoucherID // what the terminal has claimed; nil where that was not looked up
}

// looksUpOnce has the change remember, from now on, what batchFacts tells of.
func (c *change) looksUpOnce() {
	c.facts = &batchFacts{campaigns: map[string]terminal.Campaign{}, operators: map[string]string{}, hooks: map[string][]string{}}
}

func (c *change) campaign(merchant, id string) (terminal.Campaign, error) {
	if c.facts == nil {
		return loadCampaign(c, merchant, id)
	}
	campaign, known := c.facts.campaigns[id]
	if known {
		return campaign, nil
	}
	campaign, err := loadCampaign(c, merchant, id)
	if err == nil {
		c.facts.campaigns[id] = campaign
	}
	return campaign, err
}

// operatorName is what people call an operator of the terminal's merchant.
func (s *settling) operatorName(id string) string {
	if s.facts == nil {
		return operatorName(s, s.terminal.Merchant, id)
	}
	name, known := s.facts.operators[id]
	if !known {
		name = operatorName(s, s.terminal.Merchant, id)
		s.facts.operators[id] = name
	}
	return name
}

// noLeases reports that the merchant has no open lease at all, as most have: then there is none to look for.
func (c *change) noLeases(merchant string) (bool, error) {
	if c.facts == nil {
		return false, nil
	}
	if c.facts.leases == nil {
		var some bool
		if err := first(c, askLeases(merchant)).Scan(&some); err != nil {
			return false, err
		}
		c.facts.leases = &some
	}
	return !*c.facts.leases, nil
}

// endClaim ends the claim for an entry that is here.
func (c *change) endClaim(t cloud.Terminal, uid terminal.UID) error {
	const end = "DELETE FROM hold WHERE terminal = ? AND uid = ?"
	if c.facts == nil || c.facts.claimed == nil {
		_, err := c.Exec(end, t.ID, uid[:])
		return err
	}
	of, some := c.facts.claimed[uid]
	if !some {
		return nil
	}
	touched := []Touch{{HoldsBy, t.ID}}
	for _, v := range of {
		touched = append(touched, Touch{HoldsOf, int64(v)})
	}
	return c.Later(touched, end, t.ID, uid[:])
}

// hooksFor are the webhooks that are told of an event.
func (c *change) hooksFor(merchant, event string) (ids []string, err error) {
	if c.facts != nil {
		if ids, known := c.facts.hooks[event]; known {
			return ids, nil
		}
	}
	err = every(c, askHooks(merchant, event), func(rows Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err == nil && c.facts != nil {
		c.facts.hooks[event] = ids
	}
	return ids, err
}
