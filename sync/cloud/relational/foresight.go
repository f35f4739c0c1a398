package relational

import (
	"bytes"
	"math"
	"slices"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// What a push and a claim ask nearly always, in one place each: how it is asked when it is foreseen is how it is asked when it is needed. What
// the answer depends on names everything that a Later changes of it.

// first is the first row of the answer.
func first(q Querier, ask Ask) Row { return q.QueryRow(ask.Query, ask.Args...) }

// every calls scan for every row of the answer.
func every(q Querier, ask Ask, scan func(rows Rows) error) error {
	return each(q, scan, ask.Query, ask.Args...)
}

func askHead(t cloud.Terminal) Ask {
	return Ask{"SELECT epoch, head_seq, head_hash, head_receipt FROM terminal WHERE id = ?", []any{t.ID}, []Touch{{JournalOf, t.ID}}}
}

func askEpoch(t cloud.Terminal) Ask {
	return Ask{"SELECT epoch FROM terminal WHERE id = ?", []any{t.ID}, []Touch{{JournalOf, t.ID}}}
}

// askIncluded is up to where the terminal's journal is counted in what it is told.
func askIncluded(t cloud.Terminal) Ask {
	return Ask{`SELECT CASE WHEN coalesce(u.included, 0) > t.head_seq THEN u.included ELSE t.head_seq END
		FROM terminal t LEFT JOIN upstream u ON u.terminal = t.id WHERE t.id = ?`, []any{t.ID}, []Touch{{JournalOf, t.ID}}}
}

func askHeard(t cloud.Terminal, instance string) Ask {
	return Ask{"SELECT instance, side, superseded_at, refused FROM instance WHERE terminal = ? AND instance = ?", []any{t.ID, instance}, nil}
}

func askCloned(terminalID int64) Ask {
	return Ask{"SELECT EXISTS (" + openClones + ")", []any{terminalID}, nil}
}

func askAwaited(t cloud.Terminal) Ask {
	return Ask{"SELECT EXISTS (SELECT 1 FROM unheard WHERE terminal = ?)", []any{t.ID}, nil}
}

func askLeases(merchant string) Ask {
	return Ask{"SELECT EXISTS (SELECT 1 FROM lease WHERE state = 'open' AND merchant = ?)", []any{merchant}, nil}
}

// askBody asks for a campaign, an operator or a store.
func askBody(table, merchant, id string) Ask {
	return Ask{"SELECT body FROM " + table + " WHERE merchant = ? AND id = ?", []any{merchant, id}, nil}
}

// askHooks are also those that are disabled: what happens meanwhile waits for them, as far as DropDeliveries leaves it.
func askHooks(merchant, event string) Ask {
	// No LIKE: SQLite plans one anew for every value.
	return Ask{"SELECT id FROM webhook WHERE merchant = ? AND (events = '' OR replace(events, ?, '') <> events)", []any{merchant, " " + event + " "}, nil}
}

// rememberedMost is how much of each is foreseen because it was asked for the last time.
const rememberedMost = 16

// remembered are what the last batch of a merchant looked up once, and the next one will too.
type remembered struct{ campaigns, operators, events []string }

func (f *batchFacts) remember() remembered {
	return remembered{some(f.campaigns), some(f.operators), some(f.hooks)}
}

func some[V any](known map[string]V) (keys []string) {
	for key := range known {
		if keys = append(keys, key); len(keys) == rememberedMost {
			break
		}
	}
	return keys
}

func (f *foresight) recall(merchant string, known remembered) {
	for _, id := range known.campaigns {
		f.ask(askBody("campaign", merchant, id))
	}
	for _, id := range known.operators {
		f.ask(askBody("operator", merchant, id))
	}
	for _, event := range known.events {
		f.ask(askHooks(merchant, event))
	}
}

func askStored(t cloud.Terminal, hash []byte) Ask {
	return Ask{"SELECT " + storedColumns + " FROM entry WHERE terminal = ? AND hash = ?", []any{t.ID, hash}, []Touch{{JournalOf, t.ID}}}
}

func askEndsWith(t cloud.Terminal, seq uint64, hash []byte) Ask {
	return Ask{"SELECT epoch FROM terminal WHERE id = ? AND head_seq = ? AND head_hash = ?", []any{t.ID, seq, hash}, []Touch{{JournalOf, t.ID}}}
}

// askTaken asks for the first of the numbers of an epoch, from one through another, that an entry has; NULL where none has any.
func askTaken(t cloud.Terminal, epoch uint32, from, through uint64) Ask {
	// SQLite plans a statement anew for every number that it may compare with a column without an index of its own, but not for a CAST.
	return Ask{"SELECT min(seq) FROM entry WHERE terminal = CAST(? AS BIGINT) AND epoch = CAST(? AS BIGINT) AND seq BETWEEN ? AND ? AND NOT (aside = 1 AND stray = 2)",
		[]any{t.ID, epoch, from, through}, []Touch{{JournalOf, t.ID}}}
}

func askShown(t cloud.Terminal, line terminal.ClaimLine) Ask {
	return Ask{"SELECT " + voucherColumns + " FROM voucher WHERE merchant = ? AND lookup = ?", []any{t.Merchant, line.Lookup[:]}, []Touch{{Vouchers, 0}}}
}

// shownVoucher loads the voucher of a line of a claim.
func shownVoucher(q Querier, t cloud.Terminal, line terminal.ClaimLine) (held, error) {
	return asked(q, askShown(t, line))
}

var spentQuery = "SELECT " + voucherColumns + `,
		(SELECT coalesce(sum(units), 0) FROM hold WHERE voucher = ?1 AND part = ?3 AND reverse IS NULL AND terminal = ?4 AND uid = ?5),
		(SELECT coalesce(sum(units), 0) FROM hold WHERE voucher = ?1 AND part = ?3 AND reverse IS NULL AND NOT (terminal = ?4 AND uid = ?5)),
		EXISTS (` + anyVoid + `)
	FROM voucher WHERE id = ?1 AND merchant = ?2`

// askSpent asks for the voucher of a line of a redemption with what the line is judged by: what the entry's own claim holds of it or its part,
// what others hold, and whether there are reversals that took back in vain.
func askSpent(t cloud.Terminal, line terminal.EntryLine, uid terminal.UID) Ask {
	id := int64(line.Voucher)
	return Ask{spentQuery, []any{id, t.Merchant, line.Part, t.ID, uid[:]}, []Touch{{RowOf, id}, {HoldsOf, id}, {LinesOf, id}}}
}

// askHeld is what an entry's own claim holds of a voucher or a part of it, and what others hold.
func askHeld(v terminal.VoucherID, part string, terminalID int64, uid terminal.UID) Ask {
	return Ask{`SELECT coalesce(sum(CASE WHEN terminal = ?1 AND uid = ?2 THEN units END), 0),
			coalesce(sum(CASE WHEN terminal = ?1 AND uid = ?2 THEN 0 ELSE units END), 0)
		FROM hold WHERE voucher = ?3 AND part = ?4 AND reverse IS NULL`, []any{terminalID, uid[:], int64(v), part}, []Touch{{HoldsOf, int64(v)}}}
}

func askHolder(v terminal.VoucherID, part string, terminalID int64, uid terminal.UID) Ask {
	return Ask{`SELECT h.uid, t.store, t.name, h.operator, h.held_at, h.units FROM hold h JOIN terminal t ON t.id = h.terminal
		WHERE h.voucher = ? AND h.part = ? AND h.reverse IS NULL AND h.units > 0 AND NOT (h.terminal = ? AND h.uid = ?)
		ORDER BY h.held_at LIMIT 1`, []any{int64(v), part, terminalID, uid[:]}, []Touch{{HoldsOf, int64(v)}}}
}

func askUse(v terminal.VoucherID, part, order string) Ask {
	return Ask{`SELECT e.bytes, l.line, t.store, t.name FROM line l JOIN entry e ON e.ordinal = l.entry
		JOIN terminal t ON t.id = e.terminal
		WHERE l.voucher = ?1 AND (?2 = '' OR l.part = ?2) AND l.kind = ` + kindRedeem + ` AND l.accepted + l.overrun + l.revoked > l.reversed
		ORDER BY l.entry ` + order + ` LIMIT 1`, []any{int64(v), part}, []Touch{{LinesOf, int64(v)}}}
}

func askHeldFor(t cloud.Terminal, uid terminal.UID) Ask {
	return Ask{"SELECT id, voucher, part, units FROM hold WHERE terminal = ? AND uid = ? ORDER BY line", []any{t.ID, uid[:]}, []Touch{{HoldsBy, t.ID}}}
}

func askHeldBy(t cloud.Terminal) Ask {
	return Ask{`SELECT h.uid, h.line, h.voucher, h.part, h.instance, h.counter,
			coalesce((SELECT side FROM instance WHERE terminal = h.terminal AND instance = h.instance), 0)
		FROM hold h WHERE h.terminal = ?`, []any{t.ID}, []Touch{{HoldsBy, t.ID}}}
}

// everyHeld calls do for every line of the terminal's claims.
func everyHeld(q Querier, t cloud.Terminal, do func(h heldBy) error) error {
	return every(q, askHeldBy(t), func(rows Rows) error {
		var h heldBy
		var id int64
		if err := rows.Scan(&h.uid, &h.line, &id, &h.part, &h.instance, &h.counter, &h.side); err != nil {
			return err
		}
		h.voucher = terminal.VoucherID(id)
		return do(h)
	})
}

// askDebts asks for the open exceptions of a voucher, or of a part of it, that a return of units pays off.
func askDebts(voucherID int64, part string) Ask {
	return Ask{`SELECT id, kind, coalesce(entry, 0), coalesce(line, -1), units - paid FROM exception
		WHERE voucher = ? AND part = ? AND state = 'open' AND kind NOT IN ('reversal_excess', 'customer_limit', 'campaign_limit') ORDER BY id`,
		[]any{voucherID, part}, nil}
}

// foreseeRelease asks for what a claim of the terminal's excuses when it is released, as most are when the next request comes.
func (f *foresight) foreseeRelease(c *change, t cloud.Terminal, open []terminal.UID) error {
	return everyHeld(c, t, func(h heldBy) error {
		if !slices.ContainsFunc(open, func(u terminal.UID) bool { return bytes.Equal(u[:], h.uid) }) {
			f.ask(askDebts(int64(h.voucher), h.part))
		}
		return nil
	})
}

// askSituation is whether a claim's entry is here already, whether its terminal is suspended, and how many others are awaited.
func askSituation(t cloud.Terminal, claim cloud.Claim) Ask {
	return Ask{"SELECT EXISTS (SELECT 1 FROM entry WHERE terminal = ?1 AND uid = ?2), (SELECT suspended FROM terminal WHERE id = ?1), " + countUnheard,
		[]any{t.ID, claim.UID[:], t.Merchant, awaitedSince(claim.At)}, []Touch{{JournalOf, t.ID}}}
}

// foreseeClaim is what a claim asks: of its terminal and its vouchers, and then of who else has them.
func foreseeClaim(t cloud.Terminal, claim cloud.Claim) []func(*change, *foresight) error {
	return []func(*change, *foresight) error{
		func(_ *change, f *foresight) error {
			f.ask(askHeard(t, claim.Standing.Instance))
			f.ask(askCloned(t.ID))
			if end := claim.Standing.Journal; end != nil {
				f.ask(askHead(t))
				if end.Seq > 0 {
					f.ask(askStored(t, end.Hash))
				}
			}
			f.ask(askHeldBy(t))
			f.ask(askEpoch(t))
			f.ask(askHeldFor(t, claim.UID))
			f.ask(askSituation(t, claim))
			f.ask(askIncluded(t))
			f.ask(askLeases(t.Merchant))
			for _, line := range claim.Lines {
				f.ask(askShown(t, line))
			}
			return nil
		},
		func(c *change, f *foresight) error {
			for _, line := range claim.Lines {
				v, err := shownVoucher(c, t, line)
				if isUnknown(err) || claim.Reverse != nil {
					continue
				}
				if err != nil {
					return err
				}
				f.ask(askHeld(v.ID, line.Part, t.ID, claim.UID))
				f.ask(askUse(v.ID, line.Part, "DESC"))
				f.ask(askHolder(v.ID, line.Part, t.ID, claim.UID))
			}
			return f.foreseeRelease(c, t, claim.Standing.Open)
		},
	}
}

// foreseePush is what a push asks: where its terminal's journal stands, and of the vouchers of what it brings.
func foreseePush(t cloud.Terminal, push cloud.Push, batch []entry.Read) []func(*change, *foresight) error {
	return []func(*change, *foresight) error{func(_ *change, f *foresight) error {
		if push.FromSeq > math.MaxInt32 { // what it says is not checked yet
			return nil
		}
		f.ask(askHead(t))
		f.ask(askHeard(t, push.Standing.Instance))
		f.ask(askCloned(t.ID))
		f.ask(askHeldBy(t))
		f.ask(askAwaited(t))
		f.ask(askLeases(t.Merchant))
		if push.FromSeq > 1 {
			f.ask(askStored(t, push.Prev[:]))
		}
		for n, read := range batch {
			if n == 0 { // nearly always it is new, and so are all that follow
				f.ask(askStored(t, read.Sealed.Hash[:]))
				f.ask(askEndsWith(t, push.FromSeq, read.Sealed.Hash[:]))
				if read.Err == nil {
					f.ask(askTaken(t, read.Entry.Epoch, push.FromSeq, push.FromSeq+uint64(len(batch))-1))
				}
			}
			if read.Err != nil || read.Entry.Seq != push.FromSeq+uint64(n) {
				continue
			}
			f.expect("entry", 1)
			if read.Entry.Kind != terminal.EntryRedeem {
				continue
			}
			for _, line := range read.Entry.Lines {
				f.expect("outbox", 1)
				f.ask(askSpent(t, line, read.Entry.UID))
			}
		}
		return nil
	}, func(c *change, f *foresight) error {
		return f.foreseeRelease(c, t, push.Standing.Open)
	}}
}
