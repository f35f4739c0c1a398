package relational

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// notify writes an event for every webhook of the merchant that asks for it, within the transaction of what it tells of. Webhooks are only
// ever changed by Conditional transactions, which are no reason to begin this one again. message is asked for only where somebody is told.
func (c *change) notify(merchant, event string, message func() (cloud.Delivery, error)) error {
	ids, err := c.hooksFor(merchant, event)
	if err != nil || len(ids) == 0 {
		return err
	}
	delivery, err := message()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.queue(id, delivery, delivery.CreatedAt); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) queue(webhook string, d cloud.Delivery, due time.Time) error {
	_, err := c.Exec(`INSERT INTO delivery (webhook, id, event, payload, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		webhook, d.ID, d.Event, d.Payload, micros(d.CreatedAt), micros(due))
	return err
}

// notifyEntry tells of a redemption or reversal that has its verdict.
func (c *change) notifyEntry(t cloud.Terminal, e terminal.Entry, hash [32]byte, verdict terminal.Verdict, ordinal int64, at time.Time) error {
	events := []string{cloud.EventRedemption}
	if e.Kind == terminal.EntryReverse {
		events[0] = cloud.EventReversal
	}
	if verdict != terminal.Accepted {
		events = append(events, cloud.EventNotAccepted)
	}
	for _, event := range events {
		if err := c.notify(t.Merchant, event, func() (cloud.Delivery, error) {
			told := redemption(e, string(verdict), micros(at))
			if err := countLines(c, &told, ordinal); err != nil {
				return cloud.Delivery{}, err
			}
			return cloud.NewDelivery(event, hash[:], told, at)
		}); err != nil {
			return err
		}
	}
	return nil
}

// notifyException tells of an exception that was opened or closed.
func (c *change) notifyException(merchant, event string, id int64, at time.Time) error {
	read := func() (x api.Exception, err error) {
		if x, err = scanException(c.QueryRow("SELECT "+exceptionColumns+" FROM exception WHERE id = ?", id)); err == nil {
			err = complete(c, merchant, &x)
		}
		return x, err
	}
	if c.loud {
		x, err := read()
		if err != nil {
			return err
		}
		c.alarms = append(c.alarms, cloud.Alarm{Merchant: merchant, Closed: event == cloud.EventExceptionClosed, Exception: x})
	}
	return c.notify(merchant, event, func() (cloud.Delivery, error) {
		x, err := read()
		if err != nil {
			return cloud.Delivery{}, err
		}
		key, err := json.Marshal(x)
		if err != nil {
			return cloud.Delivery{}, err
		}
		return cloud.NewDelivery(event, key, x, at)
	})
}

// AddWebhook implements cloud.Storage.
func (s *Storage) AddWebhook(ctx context.Context, w cloud.Webhook, secret []byte) error {
	events := ""
	if len(w.Events) > 0 {
		events = " " + strings.Join(w.Events, " ") + " "
	}
	return s.writeConditional(ctx, func(c *change) error {
		done, err := c.Exec(`INSERT INTO webhook (id, merchant, url, events, secret, state, created_at) SELECT ?, id, ?, ?, ?, ?, ? FROM merchant WHERE id = ?`,
			w.ID, w.URL, events, secret, string(w.State), micros(w.CreatedAt), w.Merchant)
		return one(done, err, "merchant "+w.Merchant)
	})
}

// one answers ErrUnknown where a statement changed nothing.
func one(done sql.Result, err error, what string) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return fmt.Errorf("%s: %w", what, cloud.ErrUnknown)
}

// Webhooks implements cloud.Storage.
func (s *Storage) Webhooks(ctx context.Context, merchant string) (all []cloud.Webhook, err error) {
	err = s.read(ctx, func(q Querier) error {
		all = nil
		return each(q, func(rows Rows) error {
			w := cloud.Webhook{Merchant: merchant}
			var events string
			var created int64
			var failing, last sql.NullInt64
			if err := rows.Scan(&w.ID, &w.URL, &events, &w.State, &w.Reason, &created, &failing, &last, &w.LastError, &w.Delivered, &w.GivenUp, &w.Waiting); err != nil {
				return err
			}
			w.Events, w.CreatedAt, w.FailingSince, w.LastDelivered = append([]string{}, strings.Fields(events)...), fromMicros(created), instant(failing), instant(last)
			all = append(all, w)
			return nil
		}, `SELECT id, url, events, state, reason, created_at, failing_since, last_at, last_error, delivered, given_up,
			(SELECT count(*) FROM delivery d WHERE d.webhook = w.id) FROM webhook w WHERE merchant = ? ORDER BY created_at, id`, merchant)
	})
	return all, err
}

func instant(n sql.NullInt64) *time.Time {
	if !n.Valid {
		return nil
	}
	at := fromMicros(n.Int64)
	return &at
}

// RotateWebhook implements cloud.Storage.
func (s *Storage) RotateWebhook(ctx context.Context, merchant, id string, secret []byte, until time.Time) error {
	return s.writeConditional(ctx, func(c *change) error {
		done, err := c.Exec("UPDATE webhook SET old_secret = secret, old_until = ?, secret = ? WHERE merchant = ? AND id = ?", micros(until), secret, merchant, id)
		return one(done, err, "webhook "+id)
	})
}

// RemoveWebhook implements cloud.Storage. What a redemption adds meanwhile goes with the next one
// that is removed: nobody is told of it.
func (s *Storage) RemoveWebhook(ctx context.Context, merchant, id string) error {
	return s.writeConditional(ctx, func(c *change) error {
		done, err := c.Exec("DELETE FROM webhook WHERE merchant = ? AND id = ?", merchant, id)
		if err := one(done, err, "webhook "+id); err != nil {
			return err
		}
		_, err = c.Exec("DELETE FROM delivery WHERE webhook NOT IN (SELECT id FROM webhook)")
		return err
	})
}

// EnableWebhook implements cloud.Storage.
func (s *Storage) EnableWebhook(ctx context.Context, merchant, id string) (changed bool, err error) {
	err = s.writeConditional(ctx, func(c *change) error {
		changed = false
		done, err := c.Exec(`UPDATE webhook SET state = 'live', reason = '', failures = CASE WHEN failures > 0 THEN 1 ELSE 0 END, failing_since = NULL, resume_at = 0
			WHERE merchant = ? AND id = ? AND state = 'disabled'`, merchant, id)
		if err = one(done, err, "webhook "+id); !errors.Is(err, cloud.ErrUnknown) {
			changed = err == nil
			return err
		}
		var there bool
		if err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM webhook WHERE merchant = ? AND id = ?)", merchant, id).Scan(&there); err != nil || there {
			return err
		}
		return fmt.Errorf("webhook %s: %w", id, cloud.ErrUnknown)
	})
	return changed, err
}

// QueueDelivery implements cloud.Storage.
func (s *Storage) QueueDelivery(ctx context.Context, merchant, id string, d cloud.Delivery, at time.Time) error {
	return s.writeConditional(ctx, func(c *change) error {
		done, err := c.Exec(`INSERT INTO delivery (webhook, id, event, payload, created_at, due_at) SELECT id, ?, ?, ?, ?, ? FROM webhook WHERE merchant = ? AND id = ?`,
			d.ID, d.Event, d.Payload, micros(d.CreatedAt), micros(at), merchant, id)
		return one(done, err, "webhook "+id)
	})
}

// dropAtOnce is how many deliveries one transaction gives up: others want to write.
const dropAtOnce = 500

// DropDeliveries implements cloud.Storage.
func (s *Storage) DropDeliveries(ctx context.Context, before time.Time, most int) (dropped int64, err error) {
	var disabled []string
	err = s.read(ctx, func(q Querier) error {
		disabled = nil
		return each(q, func(rows Rows) error {
			var id string
			err := rows.Scan(&id)
			disabled = append(disabled, id)
			return err
		}, "SELECT id FROM webhook WHERE state = 'disabled' ORDER BY id")
	})
	for _, id := range disabled {
		for more := true; more && err == nil; err = cmp.Or(err, ctx.Err()) {
			var some int64
			err = s.writeConditional(ctx, func(c *change) error {
				done, err := c.Exec(`DELETE FROM delivery WHERE webhook = ?1 AND EXISTS (SELECT 1 FROM webhook WHERE id = ?1 AND state = 'disabled')
					AND id IN (SELECT id FROM delivery WHERE webhook = ?1 AND (due_at < ?2 OR due_at < (SELECT due_at FROM delivery WHERE webhook = ?1 ORDER BY due_at DESC LIMIT 1 OFFSET ?3))
					ORDER BY due_at LIMIT ?4)`, id, micros(before), most-1, dropAtOnce)
				if err != nil {
					return err
				}
				if some, err = done.RowsAffected(); err != nil || some == 0 {
					return err
				}
				_, err = c.Exec("UPDATE webhook SET given_up = given_up + ? WHERE id = ?", some, id)
				return err
			})
			dropped += some
			more = some == dropAtOnce
		}
	}
	return dropped, err
}

// DueWebhooks implements cloud.Storage. Looking is not writing: whoever runs the cloud pays nothing for webhooks that nobody has.
func (s *Storage) DueWebhooks(ctx context.Context, now time.Time) (ids []string, err error) {
	err = s.read(ctx, func(q Querier) error {
		ids = nil
		return each(q, func(rows Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, `SELECT id FROM webhook w WHERE state = 'live' AND resume_at <= ?1 AND EXISTS (SELECT 1 FROM delivery d WHERE d.webhook = w.id AND d.due_at <= ?1)
			ORDER BY resume_at, id`, micros(now))
	})
	return ids, err
}

// ClaimDeliveries implements cloud.Storage. At READ COMMITTED the one that comes second waits for the rows of the first, finds that they
// are not due any more, and leaves them.
func (s *Storage) ClaimDeliveries(ctx context.Context, id string, now, until time.Time, most int) (target cloud.WebhookTarget, due []cloud.Delivery, err error) {
	lease := Nonce()
	err = s.writeConditional(ctx, func(c *change) error {
		target, due = cloud.WebhookTarget{}, nil
		var secret, old []byte
		var oldUntil int64
		// One that failed is tried by one alone: whoever moves resume_at first.
		err := c.QueryRow(`UPDATE webhook SET resume_at = CASE WHEN failures > 0 THEN ?1 ELSE resume_at END WHERE id = ?2 AND state = 'live' AND resume_at <= ?3
			RETURNING url, secret, old_secret, old_until, failures`, micros(until), id, micros(now)).Scan(&target.URL, &secret, &old, &oldUntil, &target.Failures)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		target.Secrets = [][]byte{secret}
		if len(old) > 0 && oldUntil > micros(now) {
			target.Secrets = append(target.Secrets, old)
		}
		if target.Failures > 0 {
			most = 1
		}
		return each(c, func(rows Rows) error {
			d := cloud.Delivery{Lease: lease}
			var created int64
			err := rows.Scan(&d.ID, &d.Event, &d.Payload, &created, &d.Attempts)
			d.CreatedAt = fromMicros(created)
			due = append(due, d)
			return err
		}, `UPDATE delivery SET due_at = ?1, lease = ?2, attempts = attempts + 1 WHERE webhook = ?3 AND due_at <= ?4
			AND id IN (SELECT id FROM delivery WHERE webhook = ?3 AND due_at <= ?4 ORDER BY due_at, id LIMIT ?5)
			RETURNING id, event, payload, created_at, attempts`, micros(until), lease, id, micros(now), most)
	})
	slices.SortFunc(due, func(a, b cloud.Delivery) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return target, due, err
}

// SettleDeliveries implements cloud.Storage. What was taken is gone whoever has claimed it meanwhile; what was not stays with the lease.
func (s *Storage) SettleDeliveries(ctx context.Context, id string, o cloud.DeliveryOutcome) error {
	return s.writeConditional(ctx, func(c *change) error {
		for _, done := range append(slices.Clone(o.Taken), o.GivenUp...) {
			if _, err := c.Exec("DELETE FROM delivery WHERE webhook = ? AND id = ?", id, done); err != nil {
				return err
			}
		}
		for _, again := range o.Again {
			if _, err := c.Exec("UPDATE delivery SET due_at = ?, lease = 0 WHERE webhook = ? AND id = ? AND lease = ?", micros(again.DueAt), id, again.ID, again.Lease); err != nil {
				return err
			}
		}
		at, resume := micros(o.At), int64(0)
		if !o.ResumeAt.IsZero() {
			resume = micros(o.ResumeAt)
		}
		if len(o.Taken) > 0 {
			if _, err := c.Exec(`UPDATE webhook SET failures = 0, failing_since = NULL, resume_at = ?, last_error = '', last_at = ?, delivered = delivered + ?,
				given_up = given_up + ? WHERE id = ?`, resume, at, len(o.Taken), len(o.GivenUp), id); err != nil {
				return err
			}
		} else if _, err := c.Exec(`UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, ?1), resume_at = ?2, last_error = ?3,
			given_up = given_up + ?4 WHERE id = ?5`, at, resume, o.Error, len(o.GivenUp), id); err != nil {
			return err
		}
		reason := "It was not reached for days: " + o.Error
		if o.Gone {
			reason = "Its receiver said that it is gone (HTTP 410)."
		}
		_, err := c.Exec("UPDATE webhook SET state = 'disabled', reason = ? WHERE id = ? AND state = 'live' AND (? OR failing_since <= ?)",
			reason, id, o.Gone, micros(o.DisableIf))
		return err
	})
}
