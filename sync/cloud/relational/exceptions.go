package relational

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// exceptionBody is what an exception tells and never asks the database for.
type exceptionBody struct {
	Campaign  string                   `json:"campaign,omitempty"`
	AtRisk    *terminal.Money          `json:"at_risk,omitempty"`
	Uses      []api.ExceptionUse       `json:"uses"`
	Note      string                   `json:"note,omitempty"`
	Cause     string                   `json:"cause,omitempty"`
	Store     string                   `json:"store,omitempty"` // of a journal's: whose it is
	StoreName string                   `json:"store_name,omitempty"`
	Terminal  string                   `json:"terminal,omitempty"`
	Limit     *terminal.ExceptionLimit `json:"limit,omitempty"` // of a limit's
	Entry     uint64                   `json:"entry,omitempty"`
	Seconds   int64                    `json:"seconds,omitempty"` // of a clock's

	Stake   []terminal.ExceptionStake `json:"stake,omitempty"`
	History []parting                 `json:"history,omitempty"`
}

// use describes the entry's own use of a line.
func (s *settling) use(line terminal.EntryLine) api.ExceptionUse {
	use := api.ExceptionUse{
		Uid: s.entry.UID, Store: s.terminal.Store, Terminal: s.terminal.Name, At: s.entry.Wall, Assurance: s.entry.Assurance,
		Units: line.Units, Amount: line.Amount,
	}
	return named(s, s.terminal.Merchant, use, s.entry.Receipt.String(), s.entry.Operator)
}

func named(q Querier, merchant string, use api.ExceptionUse, receipt, operator string) api.ExceptionUse {
	set := func(into **string, value string) {
		if value != "" {
			*into = &value
		}
	}
	set(&use.Receipt, receipt)
	set(&use.StoreName, storeName(q, merchant, use.Store))
	set(&use.Operator, operator)
	set(&use.OperatorName, operatorName(q, merchant, operator))
	if use.Assurance == "" {
		use.Assurance = terminal.Offline
	}
	return use
}

// firstUse is the use of a voucher that the cloud had first and that still stands, or the claim that holds it.
func (s *settling) firstUse(v held, part string) (*api.ExceptionUse, error) {
	use, err := findUse(s, v, part, false)
	if err != nil || use != nil {
		return use, err
	}
	return findHolder(s, v, part, s.terminal.ID, s.entry.UID)
}

// findUse is the first or the newest use of a voucher that still stands and used it up, or nil. The empty part is any.
func findUse(q Querier, v held, part string, newest bool) (*api.ExceptionUse, error) {
	order := "ASC"
	if newest {
		order = "DESC"
	}
	return scanUse(q, v.merchant, first(q, askUse(v.ID, part, order)))
}

// scanUse reads a use from the bytes of its entry, its line there, and the store and name of its terminal; nil where there is none.
func scanUse(q Querier, merchant string, row interface{ Scan(...any) error }) (*api.ExceptionUse, error) {
	var raw []byte
	var line int
	var store, name string
	err := row.Scan(&raw, &line, &store, &name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e, err := entry.Decode(raw)
	if err != nil || line >= len(e.Lines) {
		return nil, fmt.Errorf("an entry of terminal %s cannot be read back: %w", name, err)
	}
	use := api.ExceptionUse{Uid: e.UID, Store: store, Terminal: name, At: e.Wall, Assurance: e.Assurance,
		Units: e.Lines[line].Units, Amount: e.Lines[line].Amount}
	use = named(q, merchant, use, e.Receipt.String(), e.Operator)
	return &use, nil
}

// findHolder is the oldest claim of another entry that holds units of a voucher, or nil.
func findHolder(q Querier, v held, part string, terminalID int64, uid terminal.UID) (*api.ExceptionUse, error) {
	var use api.ExceptionUse
	var heldUID []byte
	var operator string
	var at int64
	err := first(q, askHolder(v.ID, part, terminalID, uid)).
		Scan(&heldUID, &use.Store, &use.Terminal, &operator, &at, &use.Units)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	copy(use.Uid[:], heldUID)
	held := true
	use.At, use.Assurance, use.Held = fromMicros(at).In(storeZone(q, v.merchant, use.Store)), terminal.Confirmed, &held
	use = named(q, v.merchant, use, "", operator)
	return &use, nil
}

// arrived puts a line into the overruns that it is part of and that knew nothing of it but the claim: a manager looks for its slip, and has to
// know how sure that terminal was.
func (s *settling) arrived(line terminal.EntryLine) error {
	type telling struct {
		id     int64
		body   exceptionBody
		stores []string
	}
	var found []telling
	err := each(s, func(rows Rows) error {
		var one telling
		var raw, told []byte
		if err := rows.Scan(&one.id, &raw, &told); err != nil {
			return err
		}
		found = append(found, one)
		last := &found[len(found)-1]
		return errors.Join(json.Unmarshal(raw, &last.body), json.Unmarshal(told, &last.stores))
	}, "SELECT id, body, stores FROM exception WHERE voucher = ? AND part = ? AND state = 'open' AND kind = 'overrun' ORDER BY id", int64(line.Voucher), line.Part)
	if err != nil {
		return err
	}
	for _, x := range found {
		at := slices.IndexFunc(x.body.Uses, func(use api.ExceptionUse) bool { return use.Uid == s.entry.UID && use.Held != nil && *use.Held })
		if at < 0 {
			continue
		}
		x.body.Uses[at] = s.use(line)
		raw, err := json.Marshal(x.body)
		if err != nil {
			return err
		}
		if _, err := s.Exec("UPDATE exception SET body = ? WHERE id = ?", string(raw), x.id); err != nil {
			return err
		}
		if err := s.tellException(s.terminal.Merchant, x.id, x.stores); err != nil {
			return err
		}
		if err := s.tellRelated(x.id); err != nil {
			return err
		}
	}
	return nil
}

// open opens an exception about a line and tells the stores that it concerns.
func (s *settling) open(kind api.ExceptionKind, i int, line terminal.EntryLine, units int64, uses []api.ExceptionUse, note string) error {
	cause, err := s.cause(kind, line, uses)
	if err != nil {
		return err
	}
	body := exceptionBody{Campaign: line.Campaign, AtRisk: cloud.AtRisk(line, units), Uses: uses, Note: note, Cause: cause}
	return s.newException(s.terminal, kind, s.at, storesOf(uses), body, `entry, line, voucher, part, units`,
		s.ordinal, i, int64(line.Voucher), line.Part, units)
}

func (c *change) newException(t cloud.Terminal, kind api.ExceptionKind, at time.Time, stores []string, body exceptionBody, columns string, values ...any) error {
	told, err := json.Marshal(stores)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	query := "INSERT INTO exception (merchant, kind, state, opened_at, terminal, stores, body, " + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?"
	for range values {
		query += ", ?"
	}
	var id int64
	err = c.QueryRow(query+") ON CONFLICT DO NOTHING RETURNING id", append([]any{t.Merchant, string(kind), string(api.ExceptionOpen), micros(at), t.ID,
		string(told), string(raw)}, values...)...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it is open already
	}
	if err != nil {
		return err
	}
	if err := c.notifyException(t.Merchant, cloud.EventExceptionOpened, id, at); err != nil {
		return err
	}
	if err := c.tellException(t.Merchant, id, stores); err != nil {
		return err
	}
	return c.tellRelated(id)
}

func (c *change) tellException(merchant string, id int64, stores []string) error {
	for _, store := range stores {
		if err := c.Publish(merchant, "exception", strconv.FormatInt(id, 10), store, 0); err != nil {
			return err
		}
	}
	return nil
}

// journalAnomaly keeps what a refused batch means, and how its terminal finds itself: it says so nowhere else. A gap means nothing: the
// terminal sends again.
func (c *change) journalAnomaly(t cloud.Terminal, push cloud.Push, refused *cloud.JournalError) error {
	if err := c.noteReadiness(t, push); err != nil {
		return err
	}
	if refused.Code == "journal_gap" {
		return nil
	}
	digest := sha256.New()
	fmt.Fprintln(digest, refused.Code, push.FromSeq)
	if len(push.Entries) > 0 {
		digest.Write(push.Entries[0].Hash[:])
	}
	return c.openOf(t, api.ExceptionJournalChain, push.At, exceptionBody{Entry: push.FromSeq, Note: refused.Detail}, digest.Sum(nil))
}

// payOff settles the exceptions of a voucher after units of a line were reversed.
func (s *settling) payOff(voucherID int64, part string, ordinal int64, line int, units int64) error {
	debts, err := s.debts(voucherID, part, ordinal, line)
	if err != nil {
		return err
	}
	return s.pay(cloud.PayOff(debts, units), s.at)
}

func (c *change) debts(voucherID int64, part string, ordinal int64, line int) (debts []cloud.Debt, err error) {
	err = every(c, askDebts(voucherID, part), func(rows Rows) error {
		var id, ofEntry int64
		var ofLine int
		var debt cloud.Debt
		if err := rows.Scan(&id, &debt.Kind, &ofEntry, &ofLine, &debt.Open); err != nil {
			return err
		}
		debt.ID, debt.Own = strconv.FormatInt(id, 10), ofEntry == ordinal && ofLine == line
		debts = append(debts, debt)
		return nil
	})
	return debts, err
}

func (c *change) pay(payments []cloud.Payment, at time.Time) error {
	for _, payment := range payments {
		var merchant string
		var id int64
		var told []byte
		var state string
		err := c.QueryRow(`UPDATE exception SET paid = paid + ?1, state = CASE WHEN paid + ?1 >= units THEN 'closed' ELSE state END,
			closed_at = CASE WHEN paid + ?1 >= units THEN ?2 ELSE closed_at END WHERE id = ?3 RETURNING merchant, id, stores, state`,
			payment.Units, micros(at), payment.ID).Scan(&merchant, &id, &told, &state)
		if err != nil {
			return err
		}
		if state == string(api.ExceptionClosed) {
			if err := c.notifyException(merchant, cloud.EventExceptionClosed, id, at); err != nil {
				return err
			}
		}
		var stores []string
		if err := json.Unmarshal(told, &stores); err != nil {
			return err
		}
		if err := c.tellException(merchant, id, stores); err != nil {
			return err
		}
		if state == string(api.ExceptionClosed) {
			if err := c.tellRelated(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// relieve excuses overruns that stood only because of holds that are gone now.
func (c *change) relieve(voucherID terminal.VoucherID, part string, at time.Time) error {
	debts, err := c.debts(int64(voucherID), part, 0, 0)
	if err != nil {
		return err
	}
	debts = slices.DeleteFunc(debts, func(d cloud.Debt) bool { return d.Kind != api.ExceptionOverrun })
	total := int64(0)
	for _, debt := range debts {
		total += debt.Open
	}
	if total == 0 {
		return nil
	}
	v, err := voucher(c, "id = ?", int64(voucherID))
	if err != nil {
		return err
	}
	account, _, err := c.account(v, part, nobody, terminal.UID{})
	if err != nil {
		return err
	}
	return c.pay(cloud.PayOff(debts, account.Relief(total)), at)
}

const exceptionColumns = "id, kind, state, opened_at, closed_at, voucher, part, units, paid, body"

func scanException(row interface{ Scan(...any) error }) (x api.Exception, err error) {
	var id, opened int64
	var closed, voucherID sql.NullInt64
	var part string
	var raw []byte
	if err := row.Scan(&id, &x.Kind, &x.State, &opened, &closed, &voucherID, &part, &x.Units, &x.Paid, &raw); err != nil {
		return x, unknown(err, "the exception")
	}
	var body exceptionBody
	if err := json.Unmarshal(raw, &body); err != nil {
		return x, err
	}
	x.Id, x.OpenedAt, x.AtRisk, x.Uses, x.Limit = strconv.FormatInt(id, 10), fromMicros(opened), body.AtRisk, body.Uses, body.Limit
	if closed.Valid {
		at := fromMicros(closed.Int64)
		x.ClosedAt = &at
	}
	if voucherID.Valid {
		v := terminal.VoucherID(voucherID.Int64)
		x.Voucher = &v
	}
	if body.Entry > 0 {
		x.Entry = &body.Entry
	}
	if body.Seconds != 0 {
		x.Seconds = &body.Seconds
	}
	if len(body.Stake) > 0 {
		x.Stake = &body.Stake
	}
	if len(body.History) > 0 {
		history := make([]api.ExceptionEvent, len(body.History))
		for i, event := range body.History {
			history[i] = event.ExceptionEvent
		}
		x.History = &history
	}
	for _, member := range []struct {
		into  **string
		value string
	}{{&x.Part, part}, {&x.Campaign, body.Campaign}, {&x.Note, body.Note}, {&x.Cause, body.Cause}, {&x.Store, body.Store}, {&x.StoreName, body.StoreName}, {&x.Terminal, body.Terminal}} {
		if member.value != "" {
			*member.into = &member.value
		}
	}
	return x, nil
}

// Exceptions implements cloud.Storage.
func (s *Storage) Exceptions(ctx context.Context, merchant string, openOnly bool) (all []api.Exception, err error) {
	err = s.read(ctx, func(q Querier) error {
		all = []api.Exception{}
		if err := each(q, func(rows Rows) error {
			x, err := scanException(rows)
			all = append(all, x)
			return err
		}, "SELECT "+exceptionColumns+" FROM exception WHERE merchant = ? AND (state = 'open' OR NOT ?) ORDER BY id", merchant, openOnly); err != nil {
			return err
		}
		each := make([]*api.Exception, len(all))
		for i := range all {
			each[i] = &all[i]
		}
		return complete(q, merchant, each...)
	})
	return all, err
}
