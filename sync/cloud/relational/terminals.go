package relational

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Invite implements cloud.Storage.
func (s *Storage) Invite(ctx context.Context, invitations []cloud.Invitation) error {
	return s.write(ctx, func(c *change) error {
		for _, i := range invitations {
			if i.Name != "" {
				if taken, err := nameTaken(c, i.Merchant, i.Store, i.Name); err != nil {
					return err
				} else if taken {
					return cloud.ErrNameTaken
				}
			}
			_, err := c.Exec("INSERT INTO invitation (secret_hash, merchant, store, name, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
				i.SecretHash[:], i.Merchant, i.Store, i.Name, micros(i.CreatedAt), micros(i.ExpiresAt))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func nameTaken(q Querier, merchant, store, name string) (taken bool, err error) {
	err = q.QueryRow("SELECT EXISTS (SELECT 1 FROM terminal WHERE merchant = ? AND store = ? AND name = ? AND suspended = 0)",
		merchant, store, name).Scan(&taken)
	return taken, err
}

// Enrol implements cloud.Storage.
func (s *Storage) Enrol(ctx context.Context, request cloud.Enrolment) (t cloud.Terminal, err error) {
	err = s.write(ctx, func(c *change) error {
		var merchant, store, name string
		var expires int64
		var bound sql.NullInt64
		if request.Journal != nil { // of a terminal that is known no code is looked at: nothing is the matter with it
			switch _, err := terminalBy(c, "public_key = ?", []byte(request.Key)); {
			case err == nil:
				return cloud.ErrEnrolled
			case !isUnknown(err):
				return err
			}
		}
		row := c.QueryRow("SELECT merchant, store, name, expires_at, terminal FROM invitation WHERE secret_hash = ?", request.SecretHash[:])
		if err := row.Scan(&merchant, &store, &name, &expires, &bound); err != nil {
			return unknown(err, "the join code")
		}
		existing, err := terminalBy(c, "public_key = ?", []byte(request.Key))
		if err != nil && !isUnknown(err) {
			return err
		}
		known := err == nil
		switch {
		case bound.Valid && known && existing.ID == bound.Int64: // the machine asks again: the answer was lost
			t = existing
			t.SealKey = request.SealKey
			_, err := c.Exec("UPDATE terminal SET seal_key = ?, version = ?, computer = ?, last_seen = ? WHERE id = ?",
				request.SealKey, request.ProgramVersion, request.Computer, micros(request.At), t.ID)
			return err
		case bound.Valid:
			return cloud.ErrJoinUsed
		case micros(request.At) > expires:
			return cloud.ErrJoinExpired
		case known:
			return cloud.ErrEnrolled
		}
		if own := request.Journal; own != nil {
			if own.Merchant != merchant || own.Store != store || name != "" && own.Terminal != name {
				return cloud.ErrOtherJournal
			}
			name = own.Terminal
		}
		if name == "" {
			name = request.Name
		}
		t, err = c.newTerminal(request, merchant, store, name)
		if err != nil {
			return err
		}
		if request.Journal != nil {
			if err := c.await(t, request.At); err != nil {
				return err
			}
		}
		if _, err = c.Exec("UPDATE invitation SET terminal = ? WHERE secret_hash = ?", t.ID, request.SecretHash[:]); err != nil {
			return err
		}
		return c.tellHub(merchant, store)
	})
	return t, err
}

func (c *change) newTerminal(request cloud.Enrolment, merchant, store, name string) (cloud.Terminal, error) {
	if name == "" {
		var err error
		if name, err = freeName(c, merchant, store); err != nil {
			return cloud.Terminal{}, err
		}
	} else if taken, err := nameTaken(c, merchant, store, name); err != nil {
		return cloud.Terminal{}, err
	} else if taken {
		return cloud.Terminal{}, cloud.ErrNameTaken
	}
	genesis := entry.Genesis(request.Key)
	var id int64
	err := c.QueryRow(`INSERT INTO terminal (merchant, store, name, public_key, seal_key, version, computer, enrolled_at, last_seen, head_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, merchant, store, name, []byte(request.Key), request.SealKey, request.ProgramVersion, request.Computer,
		micros(request.At), micros(request.At), genesis[:]).Scan(&id)
	return cloud.Terminal{ID: id, Merchant: merchant, Store: store, Name: name, Key: request.Key, SealKey: request.SealKey}, err
}

// freeName is the first of counter-1, counter-2 … that no terminal of the store has, nor an open invitation promises. All are read at once:
// asked for one by one, the thousandth counter of a store would take a thousand looks through its terminals.
func freeName(q Querier, merchant, store string) (string, error) {
	taken := map[string]bool{}
	err := each(q, func(rows Rows) error {
		var name string
		err := rows.Scan(&name)
		taken[name] = true
		return err
	}, `SELECT name FROM terminal WHERE merchant = ?1 AND store = ?2
		UNION ALL SELECT name FROM invitation WHERE merchant = ?1 AND store = ?2 AND terminal IS NULL`, merchant, store)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		if name := fmt.Sprintf("counter-%d", n); !taken[name] {
			return name, nil
		}
	}
}

const terminalColumns = "id, merchant, store, name, public_key, seal_key, suspended, last_seen"

func terminalBy(q Querier, condition string, args ...any) (t cloud.Terminal, err error) {
	return scanTerminal(q.QueryRow("SELECT "+terminalColumns+" FROM terminal WHERE "+condition, args...))
}

// scanTerminal reads a row of terminalColumns.
func scanTerminal(row Row) (t cloud.Terminal, err error) {
	var key []byte
	var seen sql.NullInt64
	if err := row.Scan(&t.ID, &t.Merchant, &t.Store, &t.Name, &key, &t.SealKey, &t.Suspended, &seen); err != nil {
		return t, unknown(err, "the terminal")
	}
	t.Key, t.LastSeen = ed25519.PublicKey(key), fromMicros(seen.Int64)
	return t, nil
}

// TerminalByKey implements cloud.Storage.
func (s *Storage) TerminalByKey(ctx context.Context, key ed25519.PublicKey) (t cloud.Terminal, err error) {
	if s.engine.Together() > 1 {
		return s.callers.find(ctx, s, key)
	}
	err = s.look(ctx, func(q Querier) error {
		t, err = terminalBy(q, "public_key = ?", []byte(key))
		return err
	})
	return t, err
}

// Seen implements cloud.Storage.
func (s *Storage) Seen(ctx context.Context, t cloud.Terminal, at time.Time) error {
	return s.writeConditional(ctx, func(c *change) error {
		_, err := c.Exec("UPDATE terminal SET last_seen = ?1 WHERE id = ?2 AND coalesce(last_seen, 0) < ?1", micros(at), t.ID)
		return err
	})
}

// Terminals implements cloud.Storage.
func (s *Storage) Terminals(ctx context.Context, merchant string) (reports []cloud.TerminalReport, err error) {
	err = s.read(ctx, func(q Querier) error {
		reports = nil
		return each(q, func(rows Rows) error {
			var r cloud.TerminalReport
			var enrolled int64
			var seen, checked sql.NullInt64
			var missing sql.NullString
			err := rows.Scan(&r.Merchant, &r.Store, &r.Name, &r.Version, &enrolled, &seen, &r.Head, &r.Epoch, &r.Pending, &r.Suspended, &r.Holds, &r.Anomalies, &r.Forked, &r.Cloned,
				&missing, &checked, &r.Awaited, &r.Computer, &r.Restored)
			r.EnrolledAt = fromMicros(enrolled)
			if seen.Valid {
				at := fromMicros(seen.Int64)
				r.LastSeen = &at
			}
			r.Missing = strings.Fields(missing.String)
			for name, known := range map[string]bool{"terminal": r.Suspended, "journal": r.Cloned, "readmit": r.Forked} {
				if known && !slices.Contains(r.Missing, name) {
					r.Missing = append(r.Missing, name)
				}
			}
			slices.Sort(r.Missing)
			if checked.Valid {
				at, ready := fromMicros(checked.Int64), len(r.Missing) == 0
				r.CheckedAt, r.Ready = &at, &ready
			}
			reports = append(reports, r)
			return err
		}, `SELECT merchant, store, name, version, enrolled_at, last_seen, head_seq, epoch, pending, suspended,
			(SELECT count(DISTINCT uid) FROM hold WHERE hold.terminal = t.id),
			(SELECT count(*) FROM exception x WHERE x.terminal = t.id AND x.kind IN ('journal_fork', 'journal_chain', 'journal_restore', 'journal_gap', 'clone', 'clock')
				AND x.state = 'open'),
			EXISTS (SELECT 1 FROM exception x WHERE x.terminal = t.id AND x.kind IN ('journal_fork', 'journal_restore') AND x.state = 'open'),
			EXISTS (SELECT 1 FROM exception x WHERE x.terminal = t.id AND x.kind = 'clone' AND x.state = 'open'),
			missing, checked_at, EXISTS (SELECT 1 FROM unheard u WHERE u.terminal = t.id AND u.since > 0), computer,
			EXISTS (SELECT 1 FROM exception x WHERE x.terminal = t.id AND x.kind = 'journal_restore' AND x.state = 'open')
			FROM terminal t WHERE merchant = ? ORDER BY store, name, id`, merchant)
	})
	cloud.MarkOutdated(reports)
	cloud.SortTerminals(reports)
	return reports, err
}

// noteReadiness keeps how a terminal finds itself, where the push says it.
func (c *change) noteReadiness(t cloud.Terminal, push cloud.Push) error {
	if push.Readiness == nil {
		return nil
	}
	if push.Readiness.Computer != "" {
		if err := c.Later(nil, "UPDATE terminal SET computer = ? WHERE id = ?", push.Readiness.Computer, t.ID); err != nil {
			return err
		}
	}
	if told := push.Readiness.Hub; told != nil { // who is no hub any more changes nothing
		err := c.Later(nil, "UPDATE hub SET ready = ?, percent = ?, told_at = ? WHERE merchant = ? AND store = ? AND terminal = ?",
			flag(told.Ready), told.Percent, micros(push.At), t.Merchant, t.Store, t.ID)
		if err != nil {
			return err
		}
	}
	return c.Later(nil, "UPDATE terminal SET version = ?, missing = ?, checked_at = ? WHERE id = ?",
		push.Readiness.Version, strings.Join(push.Readiness.Missing, " "), micros(push.At), t.ID)
}

// NoteReadiness implements cloud.Storage.
func (s *Storage) NoteReadiness(ctx context.Context, t cloud.Terminal, found cloud.Readiness, at time.Time) error {
	return s.writeConditional(ctx, func(c *change) error {
		return c.noteReadiness(t, cloud.Push{Readiness: &found, At: at})
	})
}

// Suspend implements cloud.Storage.
func (s *Storage) Suspend(ctx context.Context, merchant, store, name string, suspended bool) (changed bool, err error) {
	return s.admit(ctx, merchant, store, name, suspended, "")
}

// Readmit implements cloud.Storage.
func (s *Storage) Readmit(ctx context.Context, merchant, store, name, machine string) (changed bool, err error) {
	return s.admit(ctx, merchant, store, name, false, machine)
}

func (s *Storage) admit(ctx context.Context, merchant, store, name string, suspended bool, machine string) (changed bool, err error) {
	err = s.write(ctx, func(c *change) error {
		t, err := terminalBy(c, "merchant = ? AND store = ? AND name = ? ORDER BY (suspended = ?), id DESC LIMIT 1", merchant, store, name, flag(suspended))
		if err != nil {
			return err
		}
		closed := 0
		if !suspended {
			if closed, err = c.readmit(merchant, store, name, machine, time.Now()); err != nil {
				return err
			}
		}
		if changed = t.Suspended != suspended || closed > 0; t.Suspended == suspended {
			return nil
		}
		if !suspended {
			if taken, err := nameTaken(c, merchant, store, name); err != nil {
				return err
			} else if taken && closed > 0 { // it was about the one that works, not about its predecessor of the same name
				return nil
			} else if taken {
				return cloud.ErrNameTaken
			}
		}
		if _, err := c.Exec("UPDATE terminal SET suspended = ? WHERE id = ?", flag(suspended), t.ID); err != nil {
			return err
		}
		if suspended { // whoever suspends it says not to wait for it: what it had claimed is free, and what it honoured of that all the same is judged
			if err := c.excuse(t); err != nil {
				return err
			}
			if err := c.releaseIf(t, time.Now(), func(heldBy) bool { return true }); err != nil {
				return err
			}
			if err := c.dismissHub(t, time.Now()); err != nil {
				return err
			}
		} else if err := c.awaitAgain(t); err != nil {
			return err
		}
		if err := c.tellHub(merchant, store); err != nil {
			return err
		}
		return c.Publish(merchant, "settings", "", store, t.ID)
	})
	return changed, err
}

// Settings implements cloud.Storage.
func (s *Storage) Settings(ctx context.Context, t cloud.Terminal) (settings terminal.Settings, err error) {
	err = s.read(ctx, func(q Querier) error {
		settings, err = loadSettings(q, t)
		return err
	})
	return settings, err
}

func loadSettings(q Querier, t cloud.Terminal) (terminal.Settings, error) {
	settings := terminal.Settings{Terminal: t.Name, Stores: map[string]string{}}
	merchants, err := bodies[terminal.Merchant](q, "SELECT body FROM merchant WHERE id = ?", t.Merchant)
	if err != nil {
		return settings, err
	}
	stores, err := bodies[terminal.Store](q, "SELECT body FROM store WHERE merchant = ?", t.Merchant)
	if err != nil {
		return settings, err
	}
	for _, merchant := range merchants {
		settings.Merchant = merchant
	}
	for _, store := range stores {
		settings.Stores[store.ID] = store.Name
		if store.ID == t.Store {
			settings.Store = store
		}
	}
	err = q.QueryRow("SELECT suspended FROM terminal WHERE id = ?", t.ID).Scan(&settings.Suspended)
	return settings, unknown(err, "the terminal")
}

// storeName and operatorName are what people call them, else their ids.
func storeName(q Querier, merchant, id string) string { return nameOf(q, "store", merchant, id) }

// storeZone is the zone of a store; UTC where it is not known.
func storeZone(q Querier, merchant, id string) *time.Location {
	var body []byte
	var store terminal.Store
	if q.QueryRow("SELECT body FROM store WHERE merchant = ? AND id = ?", merchant, id).Scan(&body) != nil || json.Unmarshal(body, &store) != nil {
		return time.UTC
	}
	zone, err := store.Location()
	if err != nil {
		return time.UTC
	}
	return zone
}

func operatorName(q Querier, merchant, id string) string { return nameOf(q, "operator", merchant, id) }

func nameOf(q Querier, table, merchant, id string) string {
	var body []byte
	var named struct{ Name string }
	if id == "" {
		return ""
	}
	err := first(q, askBody(table, merchant, id)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) || json.Unmarshal(body, &named) != nil || named.Name == "" {
		return id
	}
	return named.Name
}
