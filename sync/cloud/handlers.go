package cloud

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

var _ api.StrictServerInterface = (*server)(nil)

// waitMost is the longest long poll.
const waitMost = 25 * time.Second

func decodeProblem(body []byte) (p api.Problem, err error) {
	return p, json.Unmarshal(body, &p)
}

// Healthz implements api.StrictServerInterface.
func (s *server) Healthz(context.Context, api.HealthzRequestObject) (api.HealthzResponseObject, error) {
	return api.Healthz200TextResponse("ok\n"), nil
}

// readyBudget is how long the database may take to say that it is there: who looks after a service waits for a few seconds.
const readyBudget = 2 * time.Second

// Readyz implements api.StrictServerInterface.
func (s *server) Readyz(ctx context.Context, _ api.ReadyzRequestObject) (api.ReadyzResponseObject, error) {
	within, cancel := context.WithTimeout(ctx, readyBudget)
	defer cancel()
	if err := s.storage.Ready(within); err != nil {
		if hungUp(ctx, err) {
			return nil, err
		}
		s.options.Log.Error("the cloud is not ready", "error", err)
		return nil, problem(http.StatusServiceUnavailable, "unavailable", "The cloud's database cannot answer now: look into the cloud's log.")
	}
	if err := s.hasRoom(within); err != nil {
		return nil, err
	}
	return api.Readyz200TextResponse("ready\n"), nil
}

// Enrol implements api.StrictServerInterface.
func (s *server) Enrol(ctx context.Context, r api.EnrolRequestObject) (api.EnrolResponseObject, error) {
	now := s.options.Now().UTC()
	name := said(r.Body.Name)
	switch {
	case !bytes.Equal(r.Body.PublicKey, callerOf(ctx).key):
		return nil, problem(http.StatusUnauthorized, "invalid_proof", "The proof is not by the key that is to be enrolled.")
	case name != "" && !GoodTerminalName(name):
		return nil, problem(http.StatusBadRequest, "malformed_request", "A terminal's name is made of small letters, digits and hyphens: choose another.")
	}
	if _, err := sealLookupKey(r.Body.SealKey, make([]byte, 32)); err != nil {
		return nil, problem(http.StatusBadRequest, "malformed_request", "The seal key is not an X25519 key.")
	}
	t, err := s.storage.Enrol(ctx, Enrolment{
		SecretHash: SecretHash(r.Body.Code), Key: ed25519.PublicKey(r.Body.PublicKey), SealKey: r.Body.SealKey, Name: name,
		ProgramVersion: r.Body.ProgramVersion, Computer: said(r.Body.Computer), Journal: r.Body.Journal, At: now,
	})
	if err != nil {
		return nil, enrolProblem(err, r.Body.Journal)
	}
	s.enrolled(t, r.Body.ProgramVersion, said(r.Body.Computer))
	enrolment, err := s.enrolment(ctx, t, now)
	return api.Enrol200JSONResponse(enrolment), err
}

// said is a word that may be left out; "" then.
func said(word *string) string {
	if word == nil {
		return ""
	}
	return *word
}

// GoodTerminalName reports whether a terminal can be called name.
func GoodTerminalName(name string) bool {
	return name != "" && len(name) <= 32 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name[0] != '-'
}

// SecretHash is what the cloud keeps of a join code's secret.
func SecretHash(secret string) [32]byte {
	return sha256.Sum256([]byte("countersign join code 1\n" + strings.ToUpper(secret)))
}

func enrolProblem(err error, journal *api.JournalOwner) error {
	switch {
	case errors.Is(err, ErrUnknown):
		return problem(http.StatusNotFound, "join_code_unknown", "The join code is not one of this cloud: ask for a new one.")
	case errors.Is(err, ErrJoinUsed):
		return problem(http.StatusConflict, "join_code_used", "The join code was used by another machine: ask for a new one.")
	case errors.Is(err, ErrJoinExpired):
		return problem(http.StatusGone, "join_code_expired", "The join code has expired: ask for a new one.")
	case errors.Is(err, ErrNameTaken):
		return problem(http.StatusConflict, "terminal_name_taken", "Another terminal of the store has this name: choose another, or suspend that one first.")
	case errors.Is(err, ErrOtherJournal):
		return problem(http.StatusConflict, "other_journal", fmt.Sprintf("This machine has the journal of terminal %s of store %s, and the join code is for another one: ask for one of "+
			"countersign-cloud invite %[2]s --terminal %[1]s.", journal.Terminal, journal.Store))
	case errors.Is(err, ErrEnrolled):
		return problem(http.StatusConflict, "already_enrolled", "This machine is a terminal of this cloud already: nothing needs to be done.")
	}
	return err
}

func (s *server) enrolment(ctx context.Context, t Terminal, now time.Time) (e api.Enrolment, err error) {
	e = api.Enrolment{Merchant: t.Merchant, Store: t.Store, Terminal: t.Name, RootKey: s.keys.Root.Public().(ed25519.PublicKey), ServerTime: now}
	if e.Trust, err = s.trust(ctx, t.Merchant, now); err != nil {
		return e, err
	}
	lookupKey, err := s.storage.LookupKey(ctx, t.Merchant)
	if err != nil {
		return e, err
	}
	if e.LookupKey, err = sealLookupKey(t.SealKey, lookupKey); err != nil {
		return e, err
	}
	e.Settings, err = s.storage.Settings(ctx, t)
	return e, err
}

// PushJournal implements api.StrictServerInterface.
func (s *server) PushJournal(ctx context.Context, r api.PushJournalRequestObject) (api.PushJournalResponseObject, error) {
	now := s.options.Now().UTC()
	if len(r.Body.PrevHash) != 32 {
		return nil, problem(http.StatusBadRequest, "malformed_request", "prev_hash has to be 32 bytes.")
	}
	if len(r.Body.Entries) > 500 {
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", "At most 500 entries are taken at once: send fewer.")
	}
	push := Push{
		Standing: Standing{Instance: r.Body.Instance, Counter: r.Body.ClaimCounter, Open: r.Body.Open, Previous: list(r.Body.Previous),
			Restored: r.Body.Restored != nil && *r.Body.Restored, Nonce: callerOf(ctx).nonce},
		Epoch: r.Body.Epoch, FromSeq: r.Body.FromSeq, Prev: [32]byte(r.Body.PrevHash), At: now,
	}
	if r.Body.Missing != nil {
		push.Missing = *r.Body.Missing
	}
	if r.Body.Pending != nil {
		push.Pending = *r.Body.Pending
	}
	if ready := r.Body.Readiness; ready != nil {
		found := readinessOf(*ready)
		push.Readiness = &found
	}
	hash := push.Prev
	for _, sent := range r.Body.Entries {
		hash = entry.Hash(hash, sent.Bytes)
		push.Entries = append(push.Entries, entry.Sealed{Bytes: sent.Bytes, Hash: hash, Signature: sent.Signature})
	}
	if r.Body.Pending != nil && *r.Body.Pending == 0 { // it says that its journal ends here
		push.Standing.Journal = &api.Head{Epoch: push.Epoch, Seq: push.FromSeq - 1 + uint64(len(push.Entries)), Hash: hash[:]}
	}
	ack, err := s.storage.ApplyJournal(ctx, callerOf(ctx).terminal, push)
	if err != nil {
		return nil, err
	}
	out := api.PushJournal200JSONResponse{HeadSeq: ack.Head.Seq, HeadHash: ack.Head.Hash, Verdicts: ack.Verdicts, ServerTime: now, BeginEpoch: ack.Begin}
	if ack.Head.Epoch > 0 {
		out.HeadEpoch = &ack.Head.Epoch
	}
	if ack.Clone {
		suspect := api.SuspectClone
		out.Suspect = &suspect
	}
	return out, nil
}

// list is a list that may be left out: nil then, and never nil where it was sent.
func list[T any](sent *[]T) []T {
	if sent == nil {
		return nil
	}
	return append([]T{}, *sent...)
}

// readinessOf is how a terminal finds itself.
func readinessOf(told api.Readiness) Readiness {
	found := Readiness{Version: told.Version, Computer: said(told.Computer), Missing: told.Missing}
	if !told.Ready && len(told.Missing) == 0 {
		found.Missing = []string{"unknown"}
	}
	if told.Hub != nil {
		found.Hub = &HubFilling{Ready: told.Hub.Ready, Percent: min(max(told.Hub.Percent, 0), 100)}
	}
	return found
}

// TellReadiness implements api.StrictServerInterface.
func (s *server) TellReadiness(ctx context.Context, r api.TellReadinessRequestObject) (api.TellReadinessResponseObject, error) {
	now := s.options.Now().UTC()
	if err := s.storage.NoteReadiness(ctx, callerOf(ctx).terminal, readinessOf(*r.Body), now); err != nil {
		return nil, err
	}
	return api.TellReadiness200JSONResponse{ServerTime: now}, nil
}

// PullFeed implements api.StrictServerInterface. Where there is nothing new yet and time to wait, its answer is nil, and it is called again.
func (s *server) PullFeed(ctx context.Context, r api.PullFeedRequestObject) (api.PullFeedResponseObject, error) {
	cursor, limit, wait := "", 2000, time.Duration(0)
	if r.Params.Cursor != nil {
		cursor = *r.Params.Cursor
	}
	if r.Params.Limit != nil {
		limit = min(max(*r.Params.Limit, 1), 2000)
	}
	if r.Params.Wait != nil {
		wait = min(max(time.Duration(*r.Params.Wait)*time.Second, 0), waitMost)
	}
	t, p := callerOf(ctx).terminal, pollOf(ctx)
	p.begin(cursor, wait)
	page := p.last
	if !p.over {
		var err error
		if page, err = s.storage.Feed(ctx, t, p.last.Cursor, limit); err != nil {
			return nil, err
		}
		// What others are told moves the cursor and is no news for this terminal.
		if len(page.Records) == 0 && page.AtEnd && time.Now().Before(p.until) {
			p.merchant, p.last, p.waits = t.Merchant, page, true
			return nil, nil
		}
	}
	out := api.PullFeed200JSONResponse{Records: page.Records, Cursor: page.Cursor, AtEnd: page.AtEnd, Included: page.Included,
		Peers: present(page.Peers), Recovery: page.Recovery, ServerTime: s.options.Now().UTC()}
	if page.Behind > 0 {
		out.Behind = &page.Behind
	}
	if r.Params.Instance != nil {
		start, err := s.storage.Start(ctx, t, *r.Params.Instance)
		if err != nil {
			return nil, err
		}
		out.Start = &start
	}
	return out, nil
}

// Lookup implements api.StrictServerInterface.
func (s *server) Lookup(ctx context.Context, r api.LookupRequestObject) (api.LookupResponseObject, error) {
	if len(r.Body.Lookups) == 0 || len(r.Body.Lookups) > 100 {
		return nil, problem(http.StatusBadRequest, "malformed_request", "Between 1 and 100 lookups can be asked for at once.")
	}
	rows, err := s.storage.Lookup(ctx, callerOf(ctx).terminal, r.Body.Lookups)
	return api.Lookup200JSONResponse{Rows: apiRows(rows), ServerTime: s.options.Now().UTC()}, err
}

func apiRows(rows []terminal.Row) []api.Row {
	out := make([]api.Row, len(rows))
	for i, row := range rows {
		out[i] = api.Row{Voucher: row.Voucher, Campaign: row.Campaign, Included: row.Included,
			Counts: present(row.Counts), Siblings: present(row.Siblings), Order: present(row.Order)}
		if len(row.Undone) > 0 {
			out[i].Undone = &row.Undone
		}
	}
	return out
}

func present[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// Redemption implements api.StrictServerInterface.
func (s *server) Redemption(ctx context.Context, r api.RedemptionRequestObject) (api.RedemptionResponseObject, error) {
	bytes, reversed, err := s.storage.Redemption(ctx, callerOf(ctx).terminal, r.Body.Uid)
	if errors.Is(err, ErrUnknown) {
		return nil, problem(http.StatusNotFound, "not_found", "There is no such redemption here: look at the receipt again, or wait until its terminal has sent it.")
	}
	return api.Redemption200JSONResponse{Bytes: bytes, Reversed: reversed, ServerTime: s.options.Now().UTC()}, err
}

// Claim implements api.StrictServerInterface.
func (s *server) Claim(ctx context.Context, r api.ClaimRequestObject) (api.ClaimResponseObject, error) {
	now := s.options.Now().UTC()
	if len(r.Body.Lines) == 0 || len(r.Body.Lines) > 100 || r.Body.Uid.IsZero() {
		return nil, problem(http.StatusBadRequest, "malformed_request", "A claim has a uid and between 1 and 100 lines.")
	}
	claim := Claim{Claim: terminal.Claim{UID: r.Body.Uid, Bill: r.Body.Bill, Reverse: r.Body.Reverse}, At: now,
		Standing: Standing{Instance: r.Body.Instance, Counter: r.Body.Counter, Open: r.Body.Open, Journal: r.Body.Journal, Previous: list(r.Body.Previous),
			Restored: r.Body.Restored != nil && *r.Body.Restored, Nonce: callerOf(ctx).nonce}}
	if r.Body.Cursor != nil {
		claim.Cursor = *r.Body.Cursor
	}
	if r.Body.Operator != nil {
		claim.Operator = *r.Body.Operator
	}
	for _, line := range r.Body.Lines {
		asked := terminal.ClaimLine{Lookup: line.Lookup, Units: line.Units}
		if line.Part != nil {
			asked.Part = *line.Part
		}
		if line.Proof != nil {
			asked.Proof = *line.Proof
		}
		claim.Lines = append(claim.Lines, asked)
	}
	answer, err := s.storage.Claim(ctx, callerOf(ctx).terminal, claim)
	if err != nil {
		return nil, err
	}
	out := api.Claim200JSONResponse{Granted: answer.Granted, Findings: []terminal.Finding{}, Rows: apiRows(answer.Rows), ServerTime: now}
	out.Findings, out.BeginEpoch = append(out.Findings, answer.Findings...), answer.Begin
	if answer.Clone {
		suspect := api.SuspectClone
		out.Suspect = &suspect
	}
	if answer.Granted {
		out.Id = &answer.ID
		if answer.Assurance != "" {
			out.Assurance = &answer.Assurance
		}
	}
	return out, nil
}

// Trust implements api.StrictServerInterface.
func (s *server) Trust(ctx context.Context, _ api.TrustRequestObject) (api.TrustResponseObject, error) {
	now := s.options.Now().UTC()
	trust, err := s.trust(ctx, callerOf(ctx).terminal.Merchant, now)
	return api.Trust200JSONResponse{Trust: trust, ServerTime: now}, err
}
