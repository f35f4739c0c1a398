package relational

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A cursor is GENERATION.PLACE.NONCE. The generation is random and as old as the database, so that a cursor of another one is known. The
// nonce is that of the change at the place: a database that was restored from a backup and went on reaches the same place by
// another way, and with another nonce. Where the row at the place is compacted away, the cursor is older than anybody can judge.

func generation(q Querier) (string, error) {
	var raw []byte
	err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaGeneration).Scan(&raw)
	return hex.EncodeToString(raw), err
}

// ensureGeneration makes the generation once.
func (s *Storage) ensureGeneration(ctx context.Context) error {
	return s.write(ctx, func(c *change) error {
		_, err := c.meta(metaGeneration, 4)
		return err
	})
}

// cursorPlace reads a cursor, or answers ErrCursor where it is of another database or ahead of this one.
func cursorPlace(q Querier, merchant, cursor string) (place, head int64, gen string, err error) {
	if gen, err = generation(q); err != nil {
		return 0, 0, "", err
	}
	if err := q.QueryRow("SELECT place FROM merchant WHERE id = ?", merchant).Scan(&head); err != nil {
		return 0, 0, "", unknown(err, "merchant "+merchant)
	}
	if cursor == "" {
		return 0, head, gen, nil
	}
	cursor, knows, of, err := known(cursor)
	if err != nil {
		return 0, 0, "", cloud.ErrCursor
	}
	from, text, _ := strings.Cut(cursor, ".")
	text, nonce, _ := strings.Cut(text, ".")
	place, err = strconv.ParseInt(text, 10, 64)
	if err != nil || from != gen || place < 0 {
		return 0, 0, "", cloud.ErrCursor
	}
	if place > head || knows > head {
		return 0, 0, "", errRestored
	}
	if err := checkNonce(q, merchant, place, nonce); err != nil {
		return 0, 0, "", err
	}
	if of != "" {
		if err := checkNonce(q, merchant, knows, of); err != nil {
			return 0, 0, "", err
		}
	}
	return place, head, gen, nil
}

// checkNonce holds what a cursor shows beside a place against what is there.
func checkNonce(q Querier, merchant string, place int64, nonce string) error {
	there, err := nonceAt(q, merchant, place)
	if err != nil || there == nonce {
		return err
	}
	floor, err := floorOf(q, merchant)
	switch {
	case err != nil:
		return err
	case there == "" && place <= floor:
		return errBehind
	}
	return errRestored
}

// errRestored says that the database is an older copy of the one that gave the cursor.
var errRestored = fmt.Errorf("%w: the database is an older copy of the one that it is from", cloud.ErrCursor)

// nonceAt is what a cursor shows beside a place; "" for changes that are older than nonces, and for the beginning.
func nonceAt(q Querier, merchant string, place int64) (string, error) {
	var nonce int64
	err := q.QueryRow("SELECT nonce FROM outbox WHERE merchant = ? AND place = ?", merchant, place).Scan(&nonce)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return formNonce(nonce), err
}

func formNonce(nonce int64) string {
	if nonce == 0 {
		return ""
	}
	return strconv.FormatInt(nonce, 36)
}

// cursorAt is the cursor of a place.
func cursorAt(q Querier, merchant, gen string, place int64) (string, error) {
	nonce, err := nonceAt(q, merchant, place)
	return formCursor(gen, place, nonce), err
}

func formCursor(gen string, place int64, nonce string) string {
	if nonce != "" {
		nonce = "." + nonce
	}
	return fmt.Sprintf("%s.%d%s", gen, place, nonce)
}

// beginGeneration begins anew after a terminal has shown that the database was restored from an older backup: every cursor is of another
// feed then, so that every cache is filled again, and what terminals had sent meanwhile they send again. Voucher ids go on far from
// where they were: those that were handed out meanwhile stand in journals, and must never be another voucher's.
func (s *Storage) beginGeneration(ctx context.Context, t cloud.Terminal, old string) error {
	return s.write(ctx, func(c *change) error {
		if gen, err := generation(c); err != nil || gen != old {
			return err // somebody did already
		}
		fresh := make([]byte, 4)
		rand.Read(fresh)
		if _, err := c.Exec("UPDATE meta SET value = ? WHERE key = ?", fresh, metaGeneration); err != nil {
			return err
		}
		if err := c.setMeta(metaRecovery, hex.EncodeToString(fresh)); err != nil {
			return err
		}
		if err := c.skipVoucherIDs(); err != nil {
			return err
		}
		now := time.Now()
		if err := c.awaitAll(now); err != nil {
			return err
		}
		c.news = true // also where the exception stands already
		return c.openEverywhere(t, api.ExceptionCloudRestore, now, exceptionBody{Note: cloud.CloudRestoreNote()}, []byte(old))
	})
}

// placed is one row of the outbox.
type placed struct {
	place     int64
	kind, ref string
}

// Feed implements cloud.Storage. One record takes one place; a page ends at a place, and what it says of a thing is the thing's
// state now, which a later page says again where it changed after that place.
func (s *Storage) Feed(ctx context.Context, t cloud.Terminal, cursor string, limit int) (page cloud.Page, err error) {
	page, err = s.feed(ctx, t, cursor, limit)
	if errors.Is(err, errRestored) {
		old, _, _ := strings.Cut(cursor, ".")
		err = errors.Join(err, s.beginGeneration(ctx, t, old))
	}
	return page, err
}

// knownCursor answers as Feed does to a cursor: a database that was restored from an older backup must not grant what terminals know to be
// used. It is a transaction of its own: a claim that read what the sequencer writes would wait for it, or fail with it.
func (s *Storage) knownCursor(ctx context.Context, t cloud.Terminal, cursor string) error {
	if cursor == "" || s.copy {
		return nil
	}
	if plain, err := s.plainCursor(ctx, t.Merchant, cursor); plain || err != nil {
		return err
	}
	err := s.read(ctx, func(q Querier) error {
		_, _, _, err := cursorPlace(q, t.Merchant, cursor)
		return err
	})
	if errors.Is(err, errBehind) { // that says nothing of what the database knows
		return nil
	}
	if errors.Is(err, errRestored) {
		old, _, _ := strings.Cut(cursor, ".")
		err = errors.Join(err, s.beginGeneration(ctx, t, old))
	}
	return err
}

// plainCursor reports, by one query, that a cursor is good in every way that cursorPlace looks for, as nearly all are. What else it is takes
// more than one, and they have to see the same database.
func (s *Storage) plainCursor(ctx context.Context, merchant, cursor string) (plain bool, err error) {
	rest, knows, of, err := known(cursor)
	if err != nil {
		return false, nil // cursorPlace says what it is
	}
	from, text, _ := strings.Cut(rest, ".")
	text, nonce, _ := strings.Cut(text, ".")
	place, err := strconv.ParseInt(text, 10, 64)
	if err != nil || place < 0 {
		return false, nil
	}
	err = s.look(ctx, func(q Querier) error {
		const nonceThere = "coalesce((SELECT nonce FROM outbox o WHERE o.merchant = m.id AND o.place = ?), 0)"
		var gen []byte
		var head, there, thereOf int64
		err := q.QueryRow("SELECT (SELECT value FROM meta WHERE key = ?), m.place, "+nonceThere+", "+nonceThere+" FROM merchant m WHERE m.id = ?",
			metaGeneration, place, knows, merchant).Scan(&gen, &head, &there, &thereOf)
		plain = err == nil && hex.EncodeToString(gen) == from && place <= head && knows <= head && formNonce(there) == nonce &&
			(of == "" || formNonce(thereOf) == of)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return plain, err
}

func (s *Storage) feed(ctx context.Context, t cloud.Terminal, cursor string, limit int) (page cloud.Page, err error) {
	if err := s.engine.Place(ctx, t.Merchant); err != nil {
		return page, err
	}
	err = s.read(ctx, func(q Querier) error {
		page = cloud.Page{Records: []api.FeedRecord{}}
		from, head, gen, err := cursorPlace(q, t.Merchant, cursor)
		if err != nil {
			return err
		}
		_, knows, _, err := known(cursor)
		if err != nil {
			return err
		}
		rows, err := outbox(q, t, from, knows, limit)
		if err != nil {
			return err
		}
		page.AtEnd = len(rows) < limit
		last := head
		if !page.AtEnd {
			last = rows[len(rows)-1].place
			page.Behind = max(head-last, 1)
		}
		if page.Cursor, err = cursorAt(q, t.Merchant, gen, last); err != nil {
			return err
		}
		if knows > last {
			page.Cursor += cursor[strings.IndexByte(cursor, '-'):]
		}
		seen := map[string]bool{}
		for _, row := range rows {
			if key := row.kind + "\x00" + row.ref; seen[key] {
				continue
			} else {
				seen[key] = true
			}
			record, err := loadRecord(q, t, row)
			if err != nil {
				return err
			}
			page.Records = append(page.Records, record)
		}
		if err := addPeers(q, t, last, &page); err != nil {
			return err
		}
		if page.Recovery, err = recoveryOf(q, t.Merchant, time.Now()); err != nil {
			return err
		}
		return q.QueryRow("SELECT coalesce(max(seq), 0) FROM entry WHERE terminal = ? AND aside = 0 AND place BETWEEN 0 AND ?", t.ID, last).Scan(&page.Included)
	})
	return page, err
}

// outbox returns the next rows after from, without the vouchers up to the place known.
func outbox(q Querier, t cloud.Terminal, from, known int64, limit int) (rows []placed, err error) {
	scan := func(r Rows) error {
		var row placed
		err := r.Scan(&row.place, &row.kind, &row.ref)
		rows = append(rows, row)
		return err
	}
	const columns = "SELECT place, kind, ref FROM outbox WHERE merchant = ? AND place > ? AND store IN ('', ?) AND terminal IN (0, ?) "
	if known > from {
		err := each(q, scan, columns+"AND place <= ? AND kind <> 'voucher' ORDER BY place LIMIT ?", t.Merchant, from, t.Store, t.ID, known, limit)
		if err != nil || len(rows) == limit {
			return rows, err
		}
		from = known
	}
	err = each(q, scan, columns+"ORDER BY place LIMIT ?", t.Merchant, from, t.Store, t.ID, limit-len(rows))
	return rows, err
}

// loadRecord is the state that a row of the outbox stands for.
func loadRecord(q Querier, t cloud.Terminal, row placed) (record api.FeedRecord, err error) {
	switch row.kind {
	case "voucher":
		var id terminal.VoucherID
		if err := id.UnmarshalText([]byte(row.ref)); err != nil {
			return record, err
		}
		v, err := voucher(q, "id = ?", int64(id))
		if isUnknown(err) {
			record.RemovedVoucher = &id
			return record, nil
		}
		record.Voucher = &v.Voucher
		return record, err
	case "campaign":
		campaign, err := loadCampaign(q, t.Merchant, row.ref)
		record.Campaign = &campaign
		return record, err
	case "count":
		count, err := loadCount(q, t.Merchant, row.ref)
		record.Count = &count
		return record, err
	case "operator":
		return loadOperator(q, t, row.ref)
	case "settings":
		settings, err := loadSettings(q, t)
		record.Settings = &settings
		return record, err
	case "exception":
		x, err := scanException(q.QueryRow("SELECT "+exceptionColumns+" FROM exception WHERE id = ?", row.ref))
		if err == nil {
			err = complete(q, t.Merchant, &x)
		}
		record.Exception = &x
		return record, err
	case "trust":
		list, err := loadTrust(q, t.Merchant)
		record.Trust = &list
		return record, err
	case "hub":
		hub, err := signedHub(q, t.Merchant, row.ref)
		record.Hub = &hub
		return record, err
	case "lease":
		record.EndedLease = &row.ref
		return record, nil
	case "verdict":
		ordinal, err := strconv.ParseInt(row.ref, 10, 64)
		if err != nil {
			return record, err
		}
		record.Verdict, err = loadVerdict(q, ordinal)
		return record, err
	}
	return record, fmt.Errorf("the outbox holds a %q, which this version does not know", row.kind)
}

// loadOperator shows a store only the operators that work there.
func loadOperator(q Querier, t cloud.Terminal, id string) (record api.FeedRecord, err error) {
	var body []byte
	var operator terminal.Operator
	if err := q.QueryRow("SELECT body FROM operator WHERE merchant = ? AND id = ?", t.Merchant, id).Scan(&body); err != nil {
		return record, unknown(err, "operator "+id)
	}
	if err := json.Unmarshal(body, &operator); err != nil {
		return record, err
	}
	if len(operator.Stores) > 0 && !slices.Contains(operator.Stores, t.Store) {
		record.RemovedOperator = &id
		return record, nil
	}
	record.Operator = &operator
	return record, nil
}

// Await implements cloud.Storage. Whoever waits does nothing else on his goroutine, and looks after each change together with all who wait for
// the same: however many those are, the database is asked once.
func (s *Storage) Await(ctx context.Context, merchant, cursor string) error {
	defer s.watch.join()()
	for {
		changed := s.watch.next()
		look := s.looks.join(spot{merchant, cursor}, changed, func() (bool, error) { return s.isBehind(merchant, cursor) })
		select {
		case <-look.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if look.err != nil || look.behind {
			return look.err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isBehind reports whether the merchant's feed goes on after a cursor.
func (s *Storage) isBehind(merchant, cursor string) (bool, error) {
	ctx := context.Background()
	if err := s.engine.Place(ctx, merchant); err != nil {
		return false, err
	}
	newest, err := s.newest(ctx, merchant)
	if err != nil || newest == cursor {
		return false, err
	}
	var place, head int64
	err = s.read(ctx, func(q Querier) (err error) {
		place, head, _, err = cursorPlace(q, merchant, cursor)
		return err
	})
	return err == nil && head > place, err
}

// newest is the cursor at the end of a merchant's feed.
func (s *Storage) newest(ctx context.Context, merchant string) (cursor string, err error) {
	err = s.look(ctx, func(q Querier) error {
		var gen []byte
		var place, nonce int64
		err := q.QueryRow(`SELECT (SELECT value FROM meta WHERE key = ?), m.place, coalesce((SELECT nonce FROM outbox o WHERE o.merchant = m.id AND o.place = m.place), 0)
			FROM merchant m WHERE m.id = ?`, metaGeneration, merchant).Scan(&gen, &place, &nonce)
		cursor = formCursor(hex.EncodeToString(gen), place, formNonce(nonce))
		return unknown(err, "merchant "+merchant)
	})
	return cursor, err
}
