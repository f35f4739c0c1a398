package relational

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/pin"
)

// bodies reads the JSON bodies that a query returns.
func bodies[T any](q Querier, query string, args ...any) ([]T, error) {
	var all []T
	err := each(q, func(rows Rows) error {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var one T
		if err := json.Unmarshal(body, &one); err != nil {
			return err
		}
		all = append(all, one)
		return nil
	}, query, args...)
	return all, err
}

func readBodies[T any](ctx context.Context, s *Storage, query string, args ...any) (all []T, err error) {
	err = s.read(ctx, func(q Querier) error {
		all, err = bodies[T](q, query, args...)
		return err
	})
	return all, err
}

// Merchants implements cloud.Storage.
func (s *Storage) Merchants(ctx context.Context) ([]terminal.Merchant, error) {
	return readBodies[terminal.Merchant](ctx, s, "SELECT body FROM merchant ORDER BY id")
}

// Stores implements cloud.Storage.
func (s *Storage) Stores(ctx context.Context, merchant string) ([]terminal.Store, error) {
	return readBodies[terminal.Store](ctx, s, "SELECT body FROM store WHERE merchant = ? ORDER BY id", merchant)
}

// Operators implements cloud.Storage.
func (s *Storage) Operators(ctx context.Context, merchant string) ([]terminal.Operator, error) {
	return readBodies[terminal.Operator](ctx, s, "SELECT body FROM operator WHERE merchant = ? ORDER BY id", merchant)
}

// Campaigns implements cloud.Storage.
func (s *Storage) Campaigns(ctx context.Context, merchant string) ([]terminal.Campaign, error) {
	return readBodies[terminal.Campaign](ctx, s, "SELECT body FROM campaign WHERE merchant = ? ORDER BY id", merchant)
}

// Apply implements cloud.Storage.
func (s *Storage) Apply(ctx context.Context, catalogue cloud.Catalogue) (changes []cloud.Change, err error) {
	err = s.write(ctx, func(c *change) error {
		changes = nil
		note := func(what, id, action string) {
			if action != "" {
				changes = append(changes, cloud.Change{What: what, ID: id, Action: action})
			}
		}
		action, err := c.applyMerchant(catalogue.Merchant)
		if err != nil {
			return err
		}
		note("merchant", catalogue.Merchant.ID, action)
		told := action == "changed"
		for _, store := range catalogue.Stores {
			action, err := c.applyBody("store", catalogue.Merchant.ID, store.ID, store)
			if err != nil {
				return err
			}
			told = told || action != ""
			note("store", store.ID, action)
		}
		if told { // every terminal knows the names of all stores
			if err := c.Publish(catalogue.Merchant.ID, "settings", "", "", 0); err != nil {
				return err
			}
		}
		if err := c.applyOperators(catalogue, note); err != nil {
			return err
		}
		for _, campaign := range catalogue.Campaigns {
			action, err := c.applyCampaign(catalogue.Merchant.ID, campaign)
			if err != nil {
				return err
			}
			note("campaign", campaign.ID, action)
		}
		return nil
	})
	return changes, err
}

func (c *change) applyMerchant(merchant terminal.Merchant) (string, error) {
	body, err := json.Marshal(merchant)
	if err != nil {
		return "", err
	}
	var old []byte
	switch err := c.QueryRow("SELECT body FROM merchant WHERE id = ?", merchant.ID).Scan(&old); {
	case err == sql.ErrNoRows:
		key := make([]byte, 32)
		rand.Read(key)
		_, err := c.Exec("INSERT INTO merchant (id, body, lookup_key) VALUES (?, ?, ?)", merchant.ID, string(body), key)
		return "added", err
	case err != nil:
		return "", err
	case bytes.Equal(old, body):
		return "", nil
	}
	var was terminal.Merchant
	if err := json.Unmarshal(old, &was); err != nil {
		return "", err
	}
	if was.Currency != merchant.Currency {
		return "", fmt.Errorf("the currency of merchant %s is %s and cannot become %s: its vouchers are worth %s; make another merchant",
			merchant.ID, was.Currency, merchant.Currency, was.Currency)
	}
	_, err = c.Exec("UPDATE merchant SET body = ? WHERE id = ?", string(body), merchant.ID)
	return "changed", err
}

// applyBody writes the body of a store or an operator where it differs, and says what that did.
func (c *change) applyBody(table, merchant, id string, value any) (string, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	var old []byte
	switch err := c.QueryRow("SELECT body FROM "+table+" WHERE merchant = ? AND id = ?", merchant, id).Scan(&old); {
	case err == sql.ErrNoRows:
		_, err := c.Exec("INSERT INTO "+table+" (merchant, id, body) VALUES (?, ?, ?)", merchant, id, string(body))
		return "added", err
	case err != nil:
		return "", err
	case bytes.Equal(old, body):
		return "", nil
	}
	_, err = c.Exec("UPDATE "+table+" SET body = ? WHERE merchant = ? AND id = ?", string(body), merchant, id)
	return "changed", err
}

func (c *change) applyOperators(catalogue cloud.Catalogue, note func(what, id, action string)) error {
	merchant := catalogue.Merchant.ID
	before, err := bodies[terminal.Operator](c, "SELECT body FROM operator WHERE merchant = ? ORDER BY id", merchant)
	if err != nil {
		return err
	}
	was := map[string]terminal.Operator{}
	for _, operator := range before {
		was[operator.ID] = operator
	}
	for _, listed := range catalogue.Operators {
		operator := listed.Operator
		old, known := was[operator.ID]
		delete(was, operator.ID)
		if listed.PIN != "" {
			// The same PIN keeps its hash: a new salt would look like a change.
			if known && pin.Matches(listed.PIN, old.PINHash) {
				operator.PINHash = old.PINHash
			} else if operator.PINHash, err = pin.Hash(listed.PIN); err != nil {
				return fmt.Errorf("operator %s: %w", operator.ID, err)
			}
		}
		action, err := c.applyOperator(merchant, operator, old)
		if err != nil {
			return err
		}
		note("operator", operator.ID, action)
	}
	for _, operator := range before {
		if _, left := was[operator.ID]; !left || !operator.Active {
			continue
		}
		rested := operator
		rested.Active = false
		if _, err := c.applyOperator(merchant, rested, operator); err != nil {
			return err
		}
		note("operator", operator.ID, "removed")
	}
	return nil
}

// applyOperator writes an operator and tells the stores where he works, and those where he worked before.
func (c *change) applyOperator(merchant string, operator, old terminal.Operator) (string, error) {
	action, err := c.applyBody("operator", merchant, operator.ID, operator)
	if err != nil || action == "" {
		return action, err
	}
	stores := append(slices.Clone(operator.Stores), old.Stores...)
	if len(operator.Stores) == 0 || (old.ID != "" && len(old.Stores) == 0) {
		stores = []string{""}
	}
	slices.Sort(stores)
	for _, store := range slices.Compact(stores) {
		if err := c.Publish(merchant, "operator", operator.ID, store, 0); err != nil {
			return "", err
		}
	}
	return action, nil
}

// applyCampaign writes a campaign where it differs. Whether it is paused stays as it was, and the policy version counts changes.
func (c *change) applyCampaign(merchant string, campaign terminal.Campaign) (string, error) {
	old, err := c.campaign(merchant, campaign.ID)
	known := err == nil
	if err != nil && !isUnknown(err) {
		return "", err
	}
	campaign.State, campaign.PolicyVersion = terminal.CampaignLive, 1
	if known {
		if old.Kind != campaign.Kind {
			return "", fmt.Errorf("campaign %s is of kind %s and cannot become %s: make another campaign", campaign.ID, old.Kind, campaign.Kind)
		}
		campaign.State, campaign.PausedStores, campaign.PolicyVersion = old.State, old.PausedStores, old.PolicyVersion
		before, err := json.Marshal(old)
		if err != nil {
			return "", err
		}
		if now, err := json.Marshal(campaign); err != nil || bytes.Equal(before, now) {
			return "", err
		}
		campaign.PolicyVersion++
	}
	if err := c.saveCampaign(merchant, campaign); err != nil {
		return "", err
	}
	if !known {
		return "added", nil
	}
	if sameLimits(old.Rules, campaign.Rules) {
		return "changed", nil
	}
	return "changed", c.publishAllCounts(merchant, campaign)
}

func (c *change) saveCampaign(merchant string, campaign terminal.Campaign) error {
	body, err := json.Marshal(campaign)
	if err != nil {
		return err
	}
	_, err = c.Exec(`INSERT INTO campaign (merchant, id, kind, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (merchant, id) DO UPDATE SET body = excluded.body`, merchant, campaign.ID, string(campaign.Kind), string(body))
	if err != nil {
		return err
	}
	return c.Publish(merchant, "campaign", campaign.ID, "", 0)
}

func loadCampaign(q Querier, merchant, id string) (campaign terminal.Campaign, err error) {
	var body []byte
	if err := first(q, askBody("campaign", merchant, id)).Scan(&body); err != nil {
		return campaign, unknown(err, "campaign "+id)
	}
	return campaign, json.Unmarshal(body, &campaign)
}

// Pause implements cloud.Storage.
func (s *Storage) Pause(ctx context.Context, merchant, id string, stores []string, paused bool) (changed bool, err error) {
	err = s.write(ctx, func(c *change) error {
		campaign, err := c.campaign(merchant, id)
		if err != nil {
			return err
		}
		before, err := json.Marshal(campaign)
		if err != nil {
			return err
		}
		switch {
		case len(stores) > 0 && paused:
			campaign.PausedStores = append(campaign.PausedStores, stores...)
			slices.Sort(campaign.PausedStores)
			campaign.PausedStores = slices.Compact(campaign.PausedStores)
		case len(stores) > 0:
			campaign.PausedStores = slices.DeleteFunc(campaign.PausedStores, func(s string) bool { return slices.Contains(stores, s) })
		case paused:
			campaign.State = terminal.CampaignPaused
		default:
			campaign.State, campaign.PausedStores = terminal.CampaignLive, nil
		}
		now, err := json.Marshal(campaign)
		if changed = !bytes.Equal(before, now); err != nil || !changed {
			return err
		}
		campaign.PolicyVersion++
		return c.saveCampaign(merchant, campaign)
	})
	return changed, err
}
