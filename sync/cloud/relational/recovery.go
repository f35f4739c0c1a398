package relational

import (
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

// A database that was put back to an older copy does not know what was redeemed since, until the terminals have sent it again. What the
// others still have it cannot know; that it may be something it does: a terminal is unheard from the new generation on until
// it has shown that its journal is here whole. While others are, a yes holds the units as ever, so that no two who ask get the same, but
// it is worth no more than the terminal's own word. Nobody waits for a terminal that is suspended; one that is readmitted without having been
// heard has what it had: what is kept of it meanwhile is the time since when it is unheard as a negative number.

// awaitAll notes every terminal as unheard; of those that are suspended it is kept.
func (c *change) awaitAll(at time.Time) error {
	if _, err := c.Exec("DELETE FROM meta WHERE key LIKE 'recovered %'"); err != nil {
		return err
	}
	for suspended, since := range map[bool]int64{false: micros(at), true: -micros(at)} {
		_, err := c.Exec(`INSERT INTO unheard (terminal, merchant, since) SELECT id, merchant, ?1 FROM terminal WHERE suspended = ?2
			ON CONFLICT (terminal) DO UPDATE SET since = excluded.since`, since, flag(suspended))
		if err != nil {
			return err
		}
	}
	return nil
}

// excuse has nobody wait for a terminal that is suspended.
func (c *change) excuse(t cloud.Terminal) error {
	result, err := c.Exec("UPDATE unheard SET since = -since WHERE terminal = ? AND since > 0", t.ID)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return c.tellRecovered(t.Merchant)
}

// awaitAgain has a terminal that is readmitted awaited as before it was suspended: it was off meanwhile, or was not listened to.
func (c *change) awaitAgain(t cloud.Terminal) error {
	_, err := c.Exec("UPDATE unheard SET since = -since WHERE terminal = ? AND since < 0", t.ID)
	return err
}

// await notes that a terminal's journal is not here, and that the terminal may have what the database does not know.
func (c *change) await(t cloud.Terminal, at time.Time) error {
	_, err := c.Exec("INSERT INTO unheard (terminal, merchant, since) VALUES (?, ?, ?)", t.ID, t.Merchant, micros(at))
	return err
}

// heardWhole notes that a terminal's journal is here whole.
func (c *change) heardWhole(t cloud.Terminal) error {
	var awaited bool
	if err := first(c, askAwaited(t)).Scan(&awaited); err != nil || !awaited {
		return err
	}
	if _, err := c.Exec("DELETE FROM unheard WHERE terminal = ?", t.ID); err != nil {
		return err
	}
	return c.tellRecovered(t.Merchant)
}

// countUnheard, as part of a query, is how many other terminals than ?1, of the merchant ?3, are awaited at ?4.
const countUnheard = "(SELECT count(*) FROM unheard WHERE merchant = ?3 AND terminal <> ?1 AND since > ?4)"

// awaitedSince is the oldest begin of a recovery that still counts.
func awaitedSince(at time.Time) int64 { return micros(at.Add(-cloud.AwaitedMost)) }

// unheard is how many other terminals of the merchant may still have what the database does not know.
func unheard(q Querier, t cloud.Terminal, at time.Time) (n int64, err error) {
	err = q.QueryRow("SELECT count(*) FROM unheard WHERE merchant = ? AND terminal <> ? AND since > ?", t.Merchant, t.ID, awaitedSince(at)).Scan(&n)
	return n, err
}

// metaRecovery is the key in table meta of the word for the newest time that the database was found to have been put back.
const metaRecovery = "recovery_word"

// recoveryOf is what terminals are told of that with each page: they know more of some vouchers than the database.
func recoveryOf(q Querier, merchant string, at time.Time) (*api.Recovery, error) {
	var word []byte
	var recovery api.Recovery
	err := q.QueryRow("SELECT (SELECT value FROM meta WHERE key = ?), (SELECT count(*) FROM unheard WHERE merchant = ? AND since > ?)",
		metaRecovery, merchant, awaitedSince(at)).Scan(&word, &recovery.Awaited)
	if err != nil || word == nil {
		return nil, err
	}
	recovery.Word = string(word)
	return &recovery, nil
}
