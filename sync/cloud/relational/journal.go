package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// ApplyJournal implements cloud.Storage.
func (s *Storage) ApplyJournal(ctx context.Context, t cloud.Terminal, push cloud.Push) (ack cloud.Ack, err error) {
	var refused *cloud.JournalError
	read := entry.ReadBatch(push.Entries) // here, where no other terminal's batch waits for it
	err = s.together(ctx, t.Merchant, &unit{weight: 1 + len(read), foresee: foreseePush(t, push, read), do: func(c *change) error {
		ack, refused = cloud.Ack{Verdicts: []api.EntryVerdict{}}, nil
		head, err := c.head(t)
		if err != nil {
			return err
		}
		from, err := c.identify(t, push.Standing, push.At)
		if err != nil {
			return err
		}
		a := &applying{change: c, terminal: t, push: push, entries: read, from: from, head: head, ack: &ack}
		err = a.apply()
		if err == nil && s.copy {
			err = c.recount(t, push.Standing, head.Seq)
		}
		if errors.As(err, &refused) {
			refused.Head = apiHead(head)
			// The refusal is an answer, and what it means for the merchant is kept: the transaction goes on.
			return c.journalAnomaly(t, push, refused)
		}
		if err != nil {
			return err
		}
		if from.refused {
			return nil // what it says of itself is not the real one's
		}
		if err = c.Later(nil, "UPDATE terminal SET last_seen = ?, pending = ? WHERE id = ?", micros(push.At), push.Pending, t.ID); err != nil {
			return err
		}
		return c.noteReadiness(t, push)
	}})
	if err == nil && refused != nil {
		err = refused
	}
	return ack, err
}

// applying is one batch on its way in.
type applying struct {
	*change
	terminal cloud.Terminal
	push     cloud.Push
	entries  []entry.Read // what it brings
	from     machine
	head     entry.Place // where the journal ends that goes on
	moved    bool        // the batch moved it
	begun    bool        // the batch told how a journal goes on that parts
	tip      stored      // the last entry of the batch, or before it, that is here
	numbers  numbering   // of the entries that are still to come
	ack      *cloud.Ack
}

func (a *applying) apply() error {
	fresh, known, err := a.alreadyThere()
	if err != nil {
		return err
	}
	if a.push.Missing > 0 {
		if err := a.openGap(); err != nil {
			return err
		}
	}
	// Before the entries are judged: a hold that this terminal let go of must not make its own redemption an overrun.
	if err := a.release(a.terminal, a.from, sparing(a.push.Standing, fresh), nil, a.push.At); err != nil {
		return err
	}
	if len(fresh) > 0 {
		if err := a.applyFresh(fresh, known); err != nil {
			return err
		}
	}
	if err := a.noteRecovered(fresh); err != nil {
		return err
	}
	a.ack.Head = apiHead(a.head)
	if a.tip.aside || a.from.refused {
		a.ack.Head = api.Head{Epoch: a.tip.epoch, Seq: a.tip.seq, Hash: a.tip.hash[:]}
	}
	a.ack.Clone = a.from.clone || a.from.refused
	end := a.push.Standing.Journal
	ends := end != nil && end.Seq == a.tip.seq && !a.from.late
	if ends && !a.tip.aside && !a.from.refused && a.tip.seq == a.head.Seq {
		if err := a.heardWhole(a.terminal); err != nil {
			return err
		}
	}
	if a.ack.Begin, err = a.begin(a.terminal, a.tip, a.head, a.push.Standing.Instance, ends, a.from); err != nil {
		return err
	}
	if a.ack.Begin != nil {
		if err := a.tellParted(a.terminal, a.from, a.tip.seq+1, a.push.At); err != nil {
			return err
		}
	}
	return a.Later(nil, "UPDATE instance SET head_seq = ? WHERE terminal = ? AND instance = ? AND head_seq < ?",
		a.tip.seq, a.terminal.ID, a.push.Standing.Instance, a.tip.seq)
}

// sparing adds the entries of a batch to what is still open, whether or not the terminal listed them: they are about to be judged,
// and a hold of theirs counts for them.
func sparing(standing cloud.Standing, batch []entry.Read) cloud.Standing {
	standing.Open = slices.Clone(standing.Open)
	for _, read := range batch {
		if read.Err == nil {
			standing.Open = append(standing.Open, read.Entry.UID)
		}
	}
	return standing
}

func (c *change) head(t cloud.Terminal) (entry.Place, error) {
	var place entry.Place
	var hash []byte
	if err := first(c, askHead(t)).Scan(&place.Epoch, &place.Seq, &hash, &place.Receipt); err != nil {
		return place, unknown(err, "the terminal")
	}
	copy(place.Hash[:], hash)
	return place, nil
}

func apiHead(place entry.Place) api.Head {
	return api.Head{Epoch: place.Epoch, Seq: place.Seq, Hash: place.Hash[:]}
}

// alreadyThere compares the part of a batch that the cloud has already with what it has, answers its verdicts again, and returns
// the rest. What comes before the rest becomes the tip.
func (a *applying) alreadyThere() (fresh []entry.Read, known int, err error) {
	push := a.push
	gap := &cloud.JournalError{Code: "journal_gap", Detail: fmt.Sprintf(
		"Entries %d and on were sent and the last one here is %d: send from %d, or from the first where your entry %d is another.",
		push.FromSeq, a.head.Seq, a.head.Seq+1, a.head.Seq)}
	if push.FromSeq == 0 {
		return nil, 0, gap
	}
	a.tip, err = entryOf(a, a.terminal, push.FromSeq-1, push.Prev[:])
	if errors.Is(err, sql.ErrNoRows) {
		if n := len(push.Entries); n > 0 && push.FromSeq <= a.head.Seq+1 && !entry.Verify(a.terminal.Key, push.Entries[n-1].Hash, push.Entries[n-1].Signature) {
			return nil, 0, &cloud.JournalError{Code: "journal_chain", Detail: fmt.Sprintf(
				"The entries do not follow entry %d that is here and their signature does not verify: keep the journal and run journal verify.", push.FromSeq-1)}
		}
		return nil, 0, gap
	}
	if err != nil {
		return nil, 0, err
	}
	for n, sealed := range push.Entries {
		there, err := entryOf(a, a.terminal, push.FromSeq+uint64(n), sealed.Hash[:])
		if errors.Is(err, sql.ErrNoRows) {
			return a.entries[n:], n, nil
		}
		if err != nil {
			return nil, 0, err
		}
		a.tip = there
		verdict, err := loadVerdict(a, there.ordinal)
		if err != nil {
			return nil, 0, err
		}
		if verdict != nil {
			a.ack.Verdicts = append(a.ack.Verdicts, *verdict)
		}
	}
	return nil, len(push.Entries), nil
}

// applyFresh takes over the entries that follow the tip and verify, and moves the head where it was the tip.
func (a *applying) applyFresh(fresh []entry.Read, known int) error {
	t := a.terminal
	at, err := a.standsOn(t, a.tip, a.head)
	if err != nil {
		return err
	}
	places, bad := entry.VerifyBatch(t.Key, at, fresh)
	for n := range places {
		if e := fresh[n].Entry; e.Merchant != t.Merchant || e.Store != t.Store || e.Terminal != t.Name {
			bad = fmt.Errorf("journal entry %d is of terminal %s of store %s", e.Seq, e.Terminal, e.Store)
			places = places[:n]
			break
		}
	}
	if len(places) == 0 && known == 0 {
		code := "journal_chain"
		if errors.Is(bad, entry.ErrMalformed) || !errors.As(bad, new(*entry.BadEntry)) {
			code = "journal_entry"
		}
		return &cloud.JournalError{Code: code, Detail: fmt.Sprintf("%v: keep the journal and run journal verify.", bad)}
	}
	var stray []entry.Sealed
	leftBehind := false
	for n, place := range places {
		at = place
		leftBehind = leftBehind || (a.tip.aside && !a.tip.stray && fresh[n].Entry.Kind != terminal.EntryEpoch)
		if err := a.add(fresh[n].Entry, fresh[n].Sealed, at, places[len(places)-1].Seq); err != nil {
			return err
		}
		if a.tip.stray {
			stray = append(stray, fresh[n].Sealed)
		}
	}
	if len(stray) > 0 {
		if err := a.keepBranch(t, a.push, a.from, stray, at.Seq-uint64(len(stray))+1, a.begun); err != nil {
			return err
		}
	}
	if leftBehind && !a.from.refused {
		if err := a.tellLeftBehind(); err != nil {
			return err
		}
		if err := a.retold(a.terminal); err != nil {
			return err
		}
	}
	if !a.moved {
		return nil
	}
	return a.Later([]Touch{{JournalOf, t.ID}}, "UPDATE terminal SET epoch = ?, head_seq = ?, head_hash = ?, head_receipt = ?, head_instance = ? WHERE id = ?",
		a.head.Epoch, a.head.Seq, a.head.Hash[:], a.head.Receipt, a.push.Standing.Instance, t.ID)
}

// tellLeftBehind raises the alarm about a journal that was left behind and goes on: two machines write. Where a manager has refused the other
// it only has not heard yet that it is the real one.
func (a *applying) tellLeftBehind() error {
	if usurped, err := a.usurped(a.terminal); err != nil || usurped {
		return err
	}
	a.from.clone = true
	return a.openClone(a.terminal, a.push.At)
}

// add stores one entry after the tip and makes it the tip. at is where its journal stands with it, and last the sequence number that the batch
// ends with.
func (a *applying) add(e terminal.Entry, sealed entry.Sealed, at entry.Place, last uint64) error {
	stray, err := a.astray(e, last)
	if err != nil {
		return err
	}
	next := stored{epoch: e.Epoch, seq: e.Seq, hash: sealed.Hash, bytes: sealed.Bytes, stray: stray, aside: stray || a.tip.hash != a.head.Hash}
	if a.from.refused { // until it begins an epoch of its own its numbers are the real one's, whoever sends first
		next.aside = true
		next.refused = stray || (!a.tip.aside && e.Kind != terminal.EntryEpoch)
		next.stray = next.refused
	}
	if e.Kind == terminal.EntryEpoch && !stray && !a.from.refused && e.Epoch > a.head.Epoch {
		next.aside = false
		left, err := a.goOnWith(a.terminal, a.tip)
		if err != nil {
			return err
		}
		if err := a.tellBegun(e.Epoch, left); err != nil {
			return err
		}
	}
	verdict, err := a.applyEntry(a.terminal, e, sealed, a.push, &next)
	if err != nil {
		return err
	}
	if verdict != nil {
		a.ack.Verdicts = append(a.ack.Verdicts, *verdict)
	}
	if !next.aside {
		a.head, a.moved = at, true
	}
	a.tip = next
	if e.Kind == terminal.EntryClock {
		return a.tellClock(e)
	}
	return nil
}

// openGap tells of entries that can never come, once for each place.
func (a *applying) openGap() error {
	mark := fmt.Appendf(nil, "gap %d", a.push.Missing)
	body := exceptionBody{Entry: a.push.Missing, Note: cloud.GapNote(a.terminal, a.push.Missing, a.push.Pending)}
	return a.openOf(a.terminal, api.ExceptionJournalGap, a.push.At, body, mark)
}

// clockTold is the least move of a clock that a manager is told of: less is the work of a time service.
const clockTold = 2 * time.Minute

// tellClock opens the exception about a clock that was moved far.
func (a *applying) tellClock(e terminal.Entry) error {
	by, err := time.ParseDuration(e.Note)
	if err != nil || by.Abs() < clockTold {
		return nil // the entry is kept; what it says was not written by this program
	}
	body := exceptionBody{Entry: e.Seq, Seconds: int64(by.Seconds()), Note: cloud.ClockNote(a.terminal, by)}
	return a.openOf(a.terminal, api.ExceptionClock, a.push.At, body, e.UID[:])
}

func hashAt(q Querier, t cloud.Terminal, seq uint64) ([]byte, error) {
	if seq == 0 {
		genesis := entry.Genesis(t.Key)
		return genesis[:], nil
	}
	var hash []byte
	// A hub may have the head of a journal and not the entry there: it gathers what comes after.
	err := q.QueryRow(`SELECT hash FROM entry WHERE terminal = ?1 AND seq = ?2 AND aside = 0 UNION ALL
		SELECT head_hash FROM terminal WHERE id = ?1 AND head_seq = ?2 LIMIT 1`, t.ID, seq).Scan(&hash)
	return hash, err
}

// applyEntry stores one entry with its verdicts.
func (c *change) applyEntry(t cloud.Terminal, e terminal.Entry, sealed entry.Sealed, push cloud.Push, as *stored) (*api.EntryVerdict, error) {
	guess, err := c.likely(t, e)
	if err != nil {
		return nil, err
	}
	ordinal, err := c.Number([]Touch{{JournalOf, t.ID}}, "entry", "ordinal",
		"terminal, seq, epoch, uid, kind, hash, bytes, signature, business_day, verdict, received_at, place, aside, stray",
		t.ID, e.Seq, e.Epoch, e.UID[:], uint8(e.Kind), sealed.Hash[:], sealed.Bytes,
		sealed.Signature, e.BusinessDay.String(), guess.verdict, micros(push.At), guess.place, flag(as.aside), as.strayness())
	if err != nil {
		return nil, err
	}
	as.ordinal = ordinal
	if !as.aside {
		if err := c.returnPast(t, e, push.At); err != nil {
			return nil, err
		}
	}
	settling := settling{change: c, terminal: t, entry: e, ordinal: ordinal, at: push.At, refused: as.refused}
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
	place, err := c.Place(t.Merchant, 0)
	if err != nil {
		return nil, err
	}
	if guess != (settled{text, place}) {
		_, err = c.Exec("UPDATE entry SET verdict = ?, place = ? WHERE ordinal = ?", text, place, ordinal)
	}
	if err != nil || verdict == nil {
		return verdict, err
	}
	return verdict, c.notifyEntry(t, e, sealed.Hash, verdict.Verdict, ordinal, push.At)
}

// settled is what an entry came to: its verdict, "" for kinds that get none, and its place in the feed.
type settled struct {
	verdict string
	place   sql.NullInt64
}

// likely is what an entry comes to nearly always: what is judged is accepted, and one change is told for each line. It is stored with the
// entry, and written over where it turns out otherwise.
func (c *change) likely(t cloud.Terminal, e terminal.Entry) (settled, error) {
	switch e.Kind {
	case terminal.EntryRedeem, terminal.EntryReverse:
		place, err := c.Place(t.Merchant, len(e.Lines))
		return settled{string(terminal.Accepted), place}, err
	}
	place, err := c.Place(t.Merchant, 0)
	return settled{place: place}, err
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
	err := each(q, func(rows Rows) error {
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
