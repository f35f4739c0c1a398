package sync

import (
	"context"
	"errors"
	"time"
)

// TroubleKind says what stands between a journal and a cloud that answers.
type TroubleKind string

// The kinds of trouble. Those of a journal bear the names of the cloud's problems.
const (
	TroubleBehind  TroubleKind = "journal_behind"   // the cloud has later entries than the journal here
	TroubleFork    TroubleKind = "journal_fork"     // it has other entries in the same places
	TroubleGap     TroubleKind = "journal_gap"      // it lacks entries that the journal cannot send
	TroubleChain   TroubleKind = "journal_chain"    // hashes or signatures do not verify
	TroubleEntry   TroubleKind = "journal_entry"    // it finds fault with an entry
	TroubleRefused TroubleKind = "terminal_refused" // it does not talk to this terminal
	TroubleUnknown TroubleKind = "not_enrolled"     // it does not know this terminal: it was restored from a backup from before it joined
)

// Trouble keeps a journal from a cloud that answers. Waiting does not mend it: it is kept over restarts until a push gets through, so
// that a terminal in trouble never looks well.
type Trouble struct {
	Kind  TroubleKind `json:"kind"`
	Cause string      `json:"cause"`           // a sentence
	Entry uint64      `json:"entry,omitempty"` // the cloud's newest, where it is known
	Since time.Time   `json:"since"`

	cause error
}

// Error implements error.
func (t *Trouble) Error() string { return t.Cause }

// Unwrap is the answer that told of it.
func (t *Trouble) Unwrap() error { return t.cause }

// troubleOf finds the trouble in an error of a push; nil for what passes by itself.
func troubleOf(err error) *Trouble {
	var known *Trouble
	if errors.As(err, &known) {
		return known
	}
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.temporary() {
		return nil
	}
	found := &Trouble{Kind: TroubleRefused, Cause: refusal.Error(), cause: err}
	switch kind := TroubleKind(refusal.Code); kind {
	case TroubleFork, TroubleGap, TroubleChain, TroubleEntry, TroubleUnknown:
		found.Kind = kind
	}
	if refusal.Head != nil {
		found.Entry = refusal.Head.Seq
	}
	return found
}

// KeepTrouble begins with the trouble of an earlier start, nil for none, and has keep store what becomes of it, nil when it is over. It
// is called before the pump runs.
func (p *Pump) KeepTrouble(known *Trouble, keep func(ctx context.Context, trouble *Trouble) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept, p.keep = known, keep
}

// Trouble is what keeps the journal from the cloud; nil for nothing but, perhaps, the line.
func (p *Pump) Trouble() *Trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept
}

// learn takes from how a push ended whether the journal is in trouble. asked says that the cloud answered at all.
func (p *Pump) learn(ctx context.Context, err error, asked bool) {
	found := troubleOf(err)
	if found == nil && (err != nil || !asked) {
		return // it says nothing of the journal
	}
	p.mu.Lock()
	before := p.kept
	if found != nil {
		found.Since = time.Now()
		if before != nil && before.Kind == found.Kind {
			found.Since = before.Since
		}
	}
	p.kept = found
	keep := p.keep
	p.mu.Unlock()
	if same := before == found || (before != nil && found != nil && before.Kind == found.Kind && before.Cause == found.Cause); same {
		return
	}
	if keep != nil {
		if err := keep(context.WithoutCancel(ctx), found); err != nil {
			p.log.Error("what is wrong with the journal could not be kept", "error", err.Error())
		}
	}
	p.changed()
}
