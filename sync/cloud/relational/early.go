package relational

import (
	"fmt"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// A reversal that a hub allowed comes here in the journal of the counter that took back, which may get its line back sooner than the counter
// that redeemed. Until the redemption is here there is nothing to take back: the reversal is void and an exception, as one of more than was
// redeemed is. When the redemption comes the reversal is settled again as if it came now, and the exception is closed.

// early is a line of a reversal that came before what it takes back.
type early struct {
	terminal cloud.Terminal
	entry    terminal.Entry
	ordinal  int64
	line     int
	void     int64 // units that it took back in vain
}

// anyVoid picks the reversals of voucher ?1 or its part ?3 that took back in vain: nearly always there are none, and it is asked of each
// redemption, with its voucher. To ask for them at once took a third of the cloud's time for a push.
var anyVoid = "SELECT 1 FROM line WHERE voucher = ?1 AND part = ?3 AND kind = " + kindReverse + " AND invalid > 0"

// askVoid asks for those reversals, the oldest first.
func askVoid(line terminal.EntryLine) Ask {
	return Ask{`SELECT l.entry, l.line, l.invalid, e.bytes, e.terminal FROM line l JOIN entry e ON e.ordinal = l.entry
		WHERE l.voucher = ? AND l.part = ? AND l.kind = ` + kindReverse + ` AND l.invalid > 0 ORDER BY l.entry, l.line`,
		[]any{int64(line.Voucher), line.Part}, []Touch{{LinesOf, int64(line.Voucher)}}}
}

// findEarly finds the reversals of the i-th line of this redemption that came before it. Of a voucher that the merchant does not have there may
// be some, too.
func (s *settling) findEarly(i int, line terminal.EntryLine, v spent) error {
	s.early, s.excused = nil, 0
	if v.known && !v.void {
		return nil
	}
	var terminals []int64
	err := every(s, askVoid(line), func(rows Rows) error {
		var one early
		var raw []byte
		var of int64
		if err := rows.Scan(&one.ordinal, &one.line, &one.void, &raw, &of); err != nil {
			return err
		}
		e, err := entry.Decode(raw)
		if err != nil || one.line >= len(e.Lines) {
			return fmt.Errorf("entry %d, a reversal, cannot be read back: %w", one.ordinal, err)
		}
		if one.entry = e; e.About == s.entry.UID && e.Lines[one.line].Original == i && e.Merchant == s.terminal.Merchant {
			s.early, terminals = append(s.early, one), append(terminals, of)
		}
		return nil
	})
	if err != nil || len(s.early) == 0 {
		return err
	}
	if _, _, err := redeemedLine(s, s.terminal.Merchant, s.entry.UID, i); !isUnknown(err) {
		s.early = nil // it is here a second time, and the reversals were judged by the first
		return err
	}
	for n, id := range terminals {
		if s.early[n].terminal, err = terminalBy(s, "id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// returned is how many units early reversals take back.
func returned(all []early) (units int64) {
	for _, one := range all {
		units = terminal.AddUnitsUpTo(units, one.void)
	}
	return units
}

// takeBack settles the early reversals of the line that was judged again.
func (s *settling) takeBack() error {
	for _, one := range s.early {
		again := &settling{change: s.change, terminal: one.terminal, entry: one.entry, ordinal: one.ordinal, at: s.at}
		effective, err := again.settleAgain(one, s.excused)
		if err != nil {
			return err
		}
		s.excused -= min(s.excused, effective)
	}
	return nil
}

// settleAgain counts an early reversal now that what it takes back is here, and says how many units of it have their effect.
func (s *settling) settleAgain(one early, excused int64) (int64, error) {
	line := s.entry.Lines[one.line]
	original, ordinal, err := redeemedLine(s, s.terminal.Merchant, s.entry.About, line.Original)
	if err != nil {
		return 0, err
	}
	reversal := cloud.Reverse(original, one.void)
	if reversal.Effective == 0 {
		return 0, nil
	}
	_, err = s.Exec("UPDATE line SET accepted = accepted + ?1, invalid = invalid - ?1 WHERE entry = ?2 AND line = ?3", reversal.Effective, s.ordinal, one.line)
	if err != nil {
		return 0, err
	}
	if err := s.undo(line, original, ordinal, reversal, min(excused, reversal.Effective)); err != nil {
		return 0, err
	}
	if err := s.payExcess(one.line, reversal.Effective); err != nil {
		return 0, err
	}
	return reversal.Effective, s.judgeAnew()
}

// payExcess settles the exception about a line of this reversal that took back in vain.
func (s *settling) payExcess(line int, units int64) error {
	var payments []cloud.Payment
	err := each(s, func(rows Rows) error {
		var payment cloud.Payment
		err := rows.Scan(&payment.ID, &payment.Units)
		payment.Units = min(payment.Units, units)
		payments = append(payments, payment)
		return err
	}, "SELECT id, units - paid FROM exception WHERE entry = ? AND line = ? AND kind = ? AND state = 'open'",
		s.ordinal, line, string(api.ExceptionReversalExcess))
	if err != nil {
		return err
	}
	return s.pay(payments, s.at)
}

// judgeAnew stores the verdict that the entry's lines come to by now, and tells its terminal.
func (s *settling) judgeAnew() error {
	verdict, err := loadVerdict(s, s.ordinal)
	if err != nil || verdict == nil {
		return err
	}
	if _, err := s.Exec("UPDATE entry SET verdict = ? WHERE ordinal = ?", string(cloud.Overall(verdict.Lines)), s.ordinal); err != nil {
		return err
	}
	return s.Publish(s.terminal.Merchant, "verdict", fmt.Sprint(s.ordinal), s.terminal.Store, s.terminal.ID)
}
