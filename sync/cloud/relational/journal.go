package relational

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// ApplyJournal implements cloud.Storage.
func (s *Storage) ApplyJournal(ctx context.Context, t cloud.Terminal, push cloud.Push) (ack cloud.Ack, err error) {
	var refused *cloud.JournalError
	err = s.write(ctx, func(c *change) error {
		ack, refused = cloud.Ack{Verdicts: []api.EntryVerdict{}}, nil
		head, err := c.head(t)
		if err != nil {
			return err
		}
		fresh, known, err := c.alreadyThere(t, push, head, &ack)
		suspect := false
		if err == nil {
			suspect, err = c.compare(t, push.Standing, push.At)
		}
		if err == nil && !suspect {
			// Before the entries are judged: a hold that this terminal let go of must not make its own redemption an overrun.
			err = c.release(t, sparing(push.Standing, fresh), nil, push.At)
		}
		before := head.Seq
		if err == nil && len(fresh) > 0 {
			err = c.applyFresh(t, push, &head, fresh, known, &ack)
		}
		if err == nil && s.copy {
			err = c.recount(t, push.Standing, before)
		}
		if errors.As(err, &refused) {
			refused.Head = apiHead(head)
			// The refusal is an answer, and what it means for the merchant is kept: the transaction goes on.
			return c.journalAnomaly(t, push, refused)
		}
		if err != nil {
			return err
		}
		ack.Head = apiHead(head)
		_, err = c.Exec("UPDATE terminal SET last_seen = ?, pending = ? WHERE id = ?", micros(push.At), push.Pending, t.ID)
		return err
	})
	if err == nil && refused != nil {
		err = refused
	}
	return ack, err
}

// sparing adds the entries of a batch to what is still open, whether or not the terminal listed them: they are about to be judged,
// and a hold of theirs counts for them.
func sparing(standing cloud.Standing, batch []entry.Sealed) cloud.Standing {
	standing.Open = slices.Clone(standing.Open)
	for _, sealed := range batch {
		if e, err := entry.Decode(sealed.Bytes); err == nil {
			standing.Open = append(standing.Open, e.UID)
		}
	}
	return standing
}

func (c *change) head(t cloud.Terminal) (entry.Place, error) {
	var place entry.Place
	var hash []byte
	row := c.QueryRow("SELECT epoch, head_seq, head_hash, head_receipt FROM terminal WHERE id = ?", t.ID)
	if err := row.Scan(&place.Epoch, &place.Seq, &hash, &place.Receipt); err != nil {
		return place, unknown(err, "the terminal")
	}
	copy(place.Hash[:], hash)
	return place, nil
}

func apiHead(place entry.Place) api.Head {
	return api.Head{Epoch: place.Epoch, Seq: place.Seq, Hash: place.Hash[:]}
}

// alreadyThere compares the part of a batch that the cloud has already with what it has, answers its verdicts again, and returns
// the rest, which begins right after the head.
func (c *change) alreadyThere(t cloud.Terminal, push cloud.Push, head entry.Place, ack *cloud.Ack) (fresh []entry.Sealed, known int, err error) {
	if push.FromSeq > head.Seq+1 || push.FromSeq == 0 {
		return nil, 0, &cloud.JournalError{Code: "journal_gap",
			Detail: fmt.Sprintf("Entries %d and on were sent and the last one here is %d: send from %d.", push.FromSeq, head.Seq, head.Seq+1)}
	}
	before, err := c.hashAt(t, push.FromSeq-1)
	if err != nil {
		return nil, 0, err
	}
	if !bytes.Equal(before, push.Prev[:]) {
		return nil, 0, c.branch(t, push, push.FromSeq-1)
	}
	for n, sealed := range push.Entries {
		seq := push.FromSeq + uint64(n)
		if seq > head.Seq {
			return push.Entries[n:], n, nil
		}
		there, err := c.hashAt(t, seq)
		if err != nil {
			return nil, 0, err
		}
		if !bytes.Equal(there, sealed.Hash[:]) {
			return nil, 0, c.branch(t, push, seq)
		}
		verdict, err := c.storedVerdict(t, seq)
		if err != nil {
			return nil, 0, err
		}
		if verdict != nil {
			ack.Verdicts = append(ack.Verdicts, *verdict)
		}
	}
	return nil, len(push.Entries), nil
}

// branch tells a fork, whose entries the terminal did sign, from bytes that were damaged on the way.
func (c *change) branch(t cloud.Terminal, push cloud.Push, seq uint64) error {
	if n := len(push.Entries); n == 0 || entry.Verify(t.Key, push.Entries[n-1].Hash, push.Entries[n-1].Signature) {
		return &cloud.JournalError{Code: "journal_fork", At: seq, Detail: fmt.Sprintf(
			"Another entry %d of this terminal is here already: keep the journal, and begin a new epoch that names both heads.", seq)}
	}
	return &cloud.JournalError{Code: "journal_chain", Detail: fmt.Sprintf(
		"The entries do not follow entry %d that is here and their signature does not verify: keep the journal and run journal verify.", seq)}
}

func (c *change) hashAt(t cloud.Terminal, seq uint64) ([]byte, error) { return hashAt(c, t, seq) }

func hashAt(q Querier, t cloud.Terminal, seq uint64) ([]byte, error) {
	if seq == 0 {
		genesis := entry.Genesis(t.Key)
		return genesis[:], nil
	}
	var hash []byte
	// A hub may have the head of a journal and not the entry there: it gathers what comes after.
	err := q.QueryRow(`SELECT hash FROM entry WHERE terminal = ?1 AND seq = ?2 UNION ALL
		SELECT head_hash FROM terminal WHERE id = ?1 AND head_seq = ?2 LIMIT 1`, t.ID, seq).Scan(&hash)
	return hash, err
}

// applyFresh takes over the entries that follow the head and verify, and moves the head.
func (c *change) applyFresh(t cloud.Terminal, push cloud.Push, head *entry.Place, fresh []entry.Sealed, known int, ack *cloud.Ack) error {
	entries, _, bad := entry.VerifyBatch(t.Key, *head, fresh)
	for n, e := range entries {
		if e.Merchant != t.Merchant || e.Store != t.Store || e.Terminal != t.Name {
			bad = fmt.Errorf("journal entry %d is of terminal %s of store %s", e.Seq, e.Terminal, e.Store)
			entries = entries[:n]
			break
		}
	}
	if len(entries) == 0 && known == 0 {
		code := "journal_chain"
		if errors.Is(bad, entry.ErrMalformed) || !errors.As(bad, new(*entry.BadEntry)) {
			code = "journal_entry"
		}
		return &cloud.JournalError{Code: code, Detail: fmt.Sprintf("%v: keep the journal and run journal verify.", bad)}
	}
	for n, e := range entries {
		verdict, err := c.applyEntry(t, e, fresh[n], push)
		if err != nil {
			return err
		}
		if verdict != nil {
			ack.Verdicts = append(ack.Verdicts, *verdict)
		}
		next, _, err := head.Follow(fresh[n])
		if err != nil {
			return err
		}
		*head = next
	}
	_, err := c.Exec("UPDATE terminal SET epoch = ?, head_seq = ?, head_hash = ?, head_receipt = ? WHERE id = ?",
		head.Epoch, head.Seq, head.Hash[:], head.Receipt, t.ID)
	return err
}

// applyEntry stores one entry with its verdicts.
func (c *change) applyEntry(t cloud.Terminal, e terminal.Entry, sealed entry.Sealed, push cloud.Push) (*api.EntryVerdict, error) {
	var ordinal int64
	err := c.QueryRow(`INSERT INTO entry (terminal, seq, epoch, uid, kind, hash, bytes, signature, business_day, verdict, received_at, place)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, 0) RETURNING ordinal`, t.ID, e.Seq, e.Epoch, e.UID[:], uint8(e.Kind), sealed.Hash[:], sealed.Bytes,
		sealed.Signature, e.BusinessDay.String(), micros(push.At)).Scan(&ordinal)
	if err != nil {
		return nil, err
	}
	settling := settling{change: c, terminal: t, entry: e, ordinal: ordinal, at: push.At}
	var lines []terminal.LineVerdict
	switch e.Kind {
	case terminal.EntryRedeem:
		lines, err = settling.redeem()
	case terminal.EntryReverse:
		lines, err = settling.reverse()
	}
	if err != nil {
		return nil, err
	}
	var verdict *api.EntryVerdict
	text := ""
	if lines != nil {
		verdict = &api.EntryVerdict{Uid: e.UID, Verdict: cloud.Overall(lines), Lines: lines}
		if text = string(verdict.Verdict); verdict.Verdict != terminal.Accepted {
			// Whoever lost the answer, or let a hub push for it, learns it from the feed.
			if err := c.Publish(t.Merchant, "verdict", fmt.Sprint(ordinal), t.Store, t.ID); err != nil {
				return nil, err
			}
		}
	}
	place, err := c.Place(t.Merchant)
	if err != nil {
		return nil, err
	}
	_, err = c.Exec("UPDATE entry SET verdict = ?, place = ? WHERE ordinal = ?", text, place, ordinal)
	return verdict, err
}

func (c *change) storedVerdict(t cloud.Terminal, seq uint64) (*api.EntryVerdict, error) {
	var ordinal int64
	if err := c.QueryRow("SELECT ordinal FROM entry WHERE terminal = ? AND seq = ?", t.ID, seq).Scan(&ordinal); err != nil {
		return nil, err
	}
	return loadVerdict(c, ordinal)
}

// loadVerdict returns the verdict on an entry, or nil where its kind gets none.
func loadVerdict(q Querier, ordinal int64) (*api.EntryVerdict, error) {
	var uid []byte
	var text string
	if err := q.QueryRow("SELECT uid, verdict FROM entry WHERE ordinal = ?", ordinal).Scan(&uid, &text); err != nil {
		return nil, unknown(err, "the entry")
	}
	if text == "" {
		return nil, nil
	}
	verdict := &api.EntryVerdict{Verdict: terminal.Verdict(text), Lines: []terminal.LineVerdict{}}
	copy(verdict.Uid[:], uid)
	err := each(q, func(rows *sql.Rows) error {
		var line terminal.LineVerdict
		var other []byte
		if err := rows.Scan(&line.Accepted, &line.Overrun, &line.Revoked, &line.Invalid, &other); err != nil {
			return err
		}
		if len(other) > 0 {
			if err := json.Unmarshal(other, &line.Other); err != nil {
				return err
			}
		}
		verdict.Lines = append(verdict.Lines, line)
		return nil
	}, "SELECT accepted, overrun, revoked, invalid, other FROM line WHERE entry = ? ORDER BY line", ordinal)
	return verdict, err
}
