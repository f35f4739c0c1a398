package relational

import (
	"countersign/sync/api"
	"countersign/terminal"
)

// What causes of exceptions are called.
const (
	causeRestore  = "restore"  // the database was put back to an older copy, and may not have known of the other use
	causeMachines = "machines" // several machines have the key of one terminal
	causeUnknown  = "unknown"  // nobody issued the voucher, as far as is known here
)

// cause is why a line came to an exception where that is another reason than the usual one; else "". Whoever was at the counter is not to be
// asked for what nobody there did.
func (s *settling) cause(kind api.ExceptionKind, line terminal.EntryLine, uses []api.ExceptionUse) (string, error) {
	switch kind {
	case api.ExceptionInvalid:
		_, err := voucher(s, "id = ? AND merchant = ?", int64(line.Voucher), s.terminal.Merchant)
		if isUnknown(err) {
			return causeUnknown, nil
		}
		return "", err
	case api.ExceptionOverrun:
		if len(uses) > 1 && uses[0].Store == s.terminal.Store && uses[0].Terminal == s.terminal.Name {
			var cloned bool
			if err := first(s, askCloned(s.terminal.ID)).Scan(&cloned); err != nil || cloned {
				return causeMachines, err
			}
		}
		var restored bool
		err := s.QueryRow("SELECT EXISTS (SELECT 1 FROM exception WHERE merchant = ? AND kind = ? AND state = 'open')",
			s.terminal.Merchant, string(api.ExceptionCloudRestore)).Scan(&restored)
		if restored {
			return causeRestore, err
		}
		return "", err
	}
	return "", nil
}
