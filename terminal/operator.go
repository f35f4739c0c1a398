package terminal

import (
	"context"
	"slices"
	"time"
)

// Role is what a person at the terminal may do.
type Role string

// The roles. A manager may do all that a cashier may; a technician sets up and may neither redeem nor reverse.
const (
	RoleCashier    Role = "cashier"
	RoleManager    Role = "manager"
	RoleTechnician Role = "technician"
)

// Covers reports whether a person with role r may do what needs role least. The empty role needs a cashier.
func (r Role) Covers(least Role) bool {
	if r == RoleManager {
		return true
	}
	if least == "" {
		least = RoleCashier
	}
	return r == least
}

// Operator is a person at the terminal.
type Operator struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Role    Role     `json:"role"`
	PINHash string   `json:"pin_hash,omitempty"` // Argon2id as a PHC string; never a PIN
	Stores  []string `json:"stores,omitempty"`   // none means every store
	Active  bool     `json:"active"`
}

// Wrong PINs: after this many in a row an operator is locked out, first for lockedFor, then twice as long with each further one.
const (
	wrongPINsMost = 5
	lockedFor     = 5 * time.Minute
	lockedMost    = time.Hour
)

// SignIn checks an operator's PIN, offline, against the hash that the cache holds. A finding says wrong_pin, pin_locked or
// operator_not_allowed (unknown here, not active, or not of this store), and is journalled: a manager sees who was tried.
func (t *Terminal) SignIn(ctx context.Context, id, pin string) (*Operator, *Finding, error) {
	return t.Agree(ctx, nil, id, pin)
}

// Agree is SignIn of a second person, while operator is signed in: what fails is journalled as tried at his counter.
func (t *Terminal) Agree(ctx context.Context, operator *Operator, id, pin string) (*Operator, *Finding, error) {
	at, err := t.situation(ctx, operator, nil)
	if err != nil {
		return nil, nil, err
	}
	who, finding, err := t.signIn(ctx, id, pin, at)
	if err != nil || finding == nil {
		return who, nil, err
	}
	if operator != nil && finding.Reason == PINLocked { // somebody else at the counter would not help: another one has to agree
		finding.Facts["approval"] = true
	}
	uid := t.parts.Random.UID()
	_, err = t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		entry := at.entry(EntryDecline, ledger)
		entry.UID, entry.Reason, entry.Reasons = uid, finding.Reason, []Reason{finding.Reason}
		if _, known := at.Operators[id]; known && operator == nil {
			entry.Operator = id
		} else if known && operator.ID != id {
			entry.Approver = id
		}
		return Draft{Entry: entry}, nil
	})
	return nil, finding, err
}

func (t *Terminal) signIn(ctx context.Context, id, pin string, at Situation) (*Operator, *Finding, error) {
	operators, err := t.Operators(ctx)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(operators, func(o Operator) bool { return o.ID == id })
	if i < 0 {
		return nil, &Finding{Reason: OperatorNotAllowed, Facts: map[string]any{"unknown": id}}, nil
	}
	operator := operators[i]
	wrong, last, err := t.parts.Journal.PINTries(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if until := lockedUntil(wrong, last); at.Time().Before(until) {
		return nil, &Finding{Reason: PINLocked, Facts: map[string]any{"operator": operator.Name, "until": until.In(at.Zone)}}, nil
	}
	// The try is counted before the PIN is looked at, so that pulling the plug in between gains nobody a try.
	if err := t.parts.Journal.SetPINTries(ctx, id, wrong+1, at.Time()); err != nil {
		return nil, nil, err
	}
	if !t.parts.PINs.Matches(pin, operator.PINHash) {
		facts := map[string]any{"operator": operator.Name, "left": int64(max(0, wrongPINsMost-wrong-1))}
		if until := lockedUntil(wrong+1, at.Time()); at.Time().Before(until) {
			facts["until"] = until.In(at.Zone)
			return nil, &Finding{Reason: PINLocked, Facts: facts}, nil
		}
		return nil, &Finding{Reason: WrongPIN, Facts: facts}, nil
	}
	if err := t.parts.Journal.SetPINTries(ctx, id, 0, at.Time()); err != nil {
		return nil, nil, err
	}
	operator.PINHash = ""
	return &operator, nil, nil
}

func lockedUntil(wrong int, last time.Time) time.Time {
	if wrong < wrongPINsMost {
		return time.Time{}
	}
	locked := lockedFor
	for range wrong - wrongPINsMost {
		if locked *= 2; locked >= lockedMost {
			locked = lockedMost
			break
		}
	}
	return last.Add(locked)
}

// Operators lists who may sign in here, by name.
func (t *Terminal) Operators(ctx context.Context) ([]Operator, error) {
	settings, err := t.Settings(ctx)
	if err != nil {
		return nil, err
	}
	all, err := t.parts.Cache.Operators(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(o Operator) bool {
		return !o.Active || (len(o.Stores) > 0 && !slices.Contains(o.Stores, settings.Store.ID))
	}), nil
}
