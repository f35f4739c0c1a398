package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// Figures implements cloud.Storage.
func (s *Storage) Figures(ctx context.Context, now time.Time) (all []cloud.Figures, retries int64, err error) {
	merchants, err := s.Merchants(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, merchant := range merchants {
		f := cloud.Figures{Merchant: merchant.ID}
		err := s.read(ctx, func(q Querier) error {
			f = cloud.Figures{Merchant: merchant.ID, Terminals: map[string]int64{"live": 0, "suspended": 0},
				Open: map[string]int64{"overrun": 0, "journal_fork": 0}}
			if err := terminalFigures(q, &f, now); err != nil {
				return err
			}
			if err := exceptionFigures(q, &f); err != nil {
				return err
			}
			if err := hubFigures(q, &f, now); err != nil {
				return err
			}
			if err := webhookFigures(q, &f, now); err != nil {
				return err
			}
			row := q.QueryRow(`SELECT (SELECT count(*) FROM entry e JOIN terminal t ON t.id = e.terminal WHERE e.kind = 8 AND t.merchant = ?1),
				(SELECT count(*) FROM (SELECT DISTINCT h.terminal, h.uid FROM hold h JOIN terminal t ON t.id = h.terminal WHERE t.merchant = ?1) AS open),
				(SELECT count(*) FROM outbox WHERE merchant = ?1 AND place IS NULL),
				(SELECT count(*) FROM unheard WHERE merchant = ?1 AND since > 0), (SELECT count(*) FROM lease WHERE merchant = ?1 AND state = 'open')`, merchant.ID)
			return row.Scan(&f.ClockSteps, &f.Holds, &f.Unplaced, &f.Awaited, &f.Leases)
		})
		if err != nil {
			return nil, 0, err
		}
		all = append(all, f)
	}
	if counting, ok := s.engine.(interface{ Retries() int64 }); ok {
		retries = counting.Retries()
	}
	return all, retries, nil
}

func terminalFigures(q Querier, f *cloud.Figures, now time.Time) error {
	return each(q, func(rows Rows) error {
		var suspended bool
		var pending, seen int64
		if err := rows.Scan(&suspended, &pending, &seen); err != nil {
			return err
		}
		silent := max(now.Sub(fromMicros(seen)), 0)
		if pending > 0 { // also of one that is suspended: what it recorded is not here yet
			f.Pending += pending
			f.PendingFor = max(f.PendingFor, silent)
		}
		if suspended {
			f.Terminals["suspended"]++
			return nil
		}
		f.Terminals["live"]++
		f.Silence = max(f.Silence, silent)
		return nil
	}, "SELECT suspended, pending, coalesce(last_seen, enrolled_at) FROM terminal WHERE merchant = ?", f.Merchant)
}

func exceptionFigures(q Querier, f *cloud.Figures) error {
	var all []terminal.Exception
	var restored []int
	err := each(q, func(rows Rows) error {
		var id int64
		var kind string
		var units, paid int64
		var raw []byte
		if err := rows.Scan(&id, &kind, &units, &paid, &raw); err != nil {
			return err
		}
		var body exceptionBody
		if err := json.Unmarshal(raw, &body); err != nil {
			return err
		}
		f.Open[kind]++
		if kind == "overrun" {
			f.Overruns += max(units-paid, 0)
		}
		if kind == string(api.ExceptionCloudRestore) {
			restored = append(restored, len(all))
		}
		all = append(all, terminal.Exception{ID: strconv.FormatInt(id, 10), Kind: kind, State: string(api.ExceptionOpen), AtRisk: body.AtRisk})
		return nil
	}, "SELECT id, kind, units, paid, body FROM exception WHERE merchant = ? AND state = 'open' ORDER BY id", f.Merchant)
	if err != nil {
		return err
	}
	for _, i := range restored {
		if _, all[i].AtRisk, err = recovery(q, f.Merchant); err != nil {
			return err
		}
	}
	stakes, err := overlapping(q, f.Merchant)
	if err != nil {
		return err
	}
	for i, x := range all {
		if at := slices.IndexFunc(stakes, func(one staked) bool { return one.id == x.ID }); at >= 0 {
			all[i].Shared = stakes[at].shared
		}
	}
	f.AtRisk = terminal.ValueAtRisk(all)
	return nil
}

// hubFigures says how the hubs of the merchant's stores are, as far as the cloud hears of them.
func hubFigures(q Querier, f *cloud.Figures, now time.Time) error {
	return each(q, func(rows Rows) error {
		var seen int64
		err := rows.Scan(&seen)
		f.Hubs++
		f.HubSilence = max(f.HubSilence, now.Sub(fromMicros(seen)))
		return err
	}, "SELECT coalesce(t.last_seen, t.enrolled_at) FROM hub h JOIN terminal t ON t.id = h.terminal WHERE h.merchant = ?", f.Merchant)
}

// webhookFigures says what the merchant's own systems have not been told.
func webhookFigures(q Querier, f *cloud.Figures, now time.Time) error {
	f.Hooks = map[string]int64{"live": 0, "failing": 0, "disabled": 0}
	err := each(q, func(rows Rows) error {
		var state string
		var failures, givenUp int64
		if err := rows.Scan(&state, &failures, &givenUp); err != nil {
			return err
		}
		if state == "live" && failures > 0 {
			state = "failing"
		}
		f.Hooks[state]++
		f.GivenUp += givenUp
		return nil
	}, "SELECT state, failures, given_up FROM webhook WHERE merchant = ?", f.Merchant)
	if err != nil {
		return err
	}
	var oldest sql.NullInt64
	err = q.QueryRow("SELECT count(*), min(d.created_at) FROM delivery d JOIN webhook w ON w.id = d.webhook WHERE w.merchant = ?", f.Merchant).Scan(&f.Untold, &oldest)
	if oldest.Valid {
		f.UntoldFor = max(now.Sub(fromMicros(oldest.Int64)), 0)
	}
	return err
}
