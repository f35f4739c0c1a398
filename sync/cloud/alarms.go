package cloud

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"countersign/sync/api"
)

// What IT looks for in the log of a cloud: each alarm once, and who was refused. Ordinary requests are counted (/metrics) and leave no line.

// Alarm is an exception that was opened or closed.
type Alarm struct {
	Merchant string
	Closed   bool
	api.Exception
}

// alarmed says in the log what a manager must look at. Nothing of a code is in an exception.
func (s *server) alarmed(a Alarm) {
	x := a.Exception
	facts := []any{"exception", x.Id, "kind", string(x.Kind), "merchant", a.Merchant}
	add := func(name string, member *string) {
		if member != nil {
			facts = append(facts, name, *member)
		}
	}
	add("store", x.Store)
	add("terminal", x.Terminal)
	add("campaign", x.Campaign)
	if x.Voucher != nil {
		facts = append(facts, "voucher", x.Voucher.String())
	}
	if x.Units > 0 {
		facts = append(facts, "units", x.Units)
	}
	if x.AtRisk != nil {
		facts = append(facts, "at_risk", x.AtRisk.String())
	}
	var counters []string
	for _, use := range x.Uses {
		counters = append(counters, use.Store+"/"+use.Terminal)
	}
	if len(counters) > 0 {
		facts = append(facts, "used_at", counters)
	}
	if x.Machines != nil {
		var machines []string
		for _, machine := range *x.Machines {
			machines = append(machines, machine.Id)
		}
		facts = append(facts, "machines", machines)
	}
	if a.Closed {
		s.options.Log.Info("an exception was closed", facts...)
		return
	}
	s.options.Log.Warn(alarmWords(x.Kind), append(facts, "next", "countersign-cloud exceptions says what to do")...)
	if x.Kind == api.ExceptionCloudRestore {
		s.tellTokens(a.Merchant)
	}
}

// tellTokens names the tokens that let in after the database was put back to an older copy: those among them that had been ended since do so
// again, and nobody but who ended them knows which.
func (s *server) tellTokens(merchant string) {
	all, err := s.storage.AdminTokens(context.Background())
	if err != nil {
		s.options.Log.Error("which tokens let in after the database was put back cannot be read", "error", err)
		return
	}
	names := []string{}
	for _, token := range all {
		if token.EndedAt == nil && (token.Merchant == "" || token.Merchant == merchant) {
			names = append(names, token.Name)
		}
	}
	s.options.Log.Warn("these admin tokens let in now: whichever of them was ended since that copy was made has to be ended again, and keys that were revoked since have to be revoked again",
		"merchant", merchant, "tokens", names, "next", "countersign-cloud token end NAME for each of them that was ended since, and countersign-cloud keys revoke KEY for each key that was revoked since")
}

func alarmWords(kind api.ExceptionKind) string {
	switch kind {
	case api.ExceptionClone:
		return "a terminal's key is in use on several machines"
	case api.ExceptionJournalFork:
		return "a terminal's journal parts from the one that is here"
	case api.ExceptionJournalRestore:
		return "a terminal's journal was restored from a backup"
	case api.ExceptionCloudRestore:
		return "the cloud's database was put back to an older copy"
	}
	return "an exception was opened"
}

// seldom lets a line about the same thing through once in a while, so that nobody can fill the disk by being refused.
type seldom struct {
	mu    sync.Mutex
	lines map[string]*line
}

type line struct {
	at     time.Time
	silent int // how often it was not said since
}

// seldomMost is how many things seldom remembers; beyond it begins anew.
const seldomMost = 10_000

// say reports whether a line about key is due, and how many were left out since the last one.
func (q *seldom) say(key string, now time.Time, every time.Duration) (due bool, silent int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	known := q.lines[key]
	if known != nil && now.Sub(known.at).Abs() < every {
		known.silent++
		return false, 0
	}
	if known != nil {
		silent = known.silent
	}
	if q.lines == nil || len(q.lines) >= seldomMost {
		q.lines = map[string]*line{}
	}
	q.lines[key] = &line{at: now}
	return true, silent
}

// refusedEvery is how often the log says that the same one was refused for the same reason.
const refusedEvery = time.Minute

// refusedLoud are the problems that say that somebody is not who may ask, and what the log says of them. Nothing secret is told with it.
var refusedLoud = map[string]string{
	"invalid_token":       "a request of the merchant's side was refused",
	"invalid_proof":       "a request was refused: its proof is not good",
	"not_enrolled":        "a machine was refused that is not enrolled",
	"not_the_hub":         "a terminal was refused that speaks for another",
	"join_code_unknown":   "a machine was refused that wanted to join",
	"join_code_used":      "a machine was refused that wanted to join",
	"other_journal":       "a machine was refused that wanted to join again with another terminal's join code",
	"join_code_expired":   "a machine was refused that wanted to join",
	"terminal_name_taken": "a machine was refused that wanted to join",
}

// refused says in the log that somebody was turned away who may have no business here. The problem's sentence is not told where it may
// hold what was sent.
func (s *server) refused(r *http.Request, path string, p *Problem) {
	words, loud := refusedLoud[p.Code]
	if !loud {
		return
	}
	from := caughtFrom(r)
	due, silent := s.lines.say(p.Code+" "+from, s.options.Now(), refusedEvery)
	if !due {
		return
	}
	facts := []any{"code", p.Code, "method", r.Method, "path", path, "from", from}
	if forwarded := r.Header.Get("X-Forwarded-For"); forwarded != "" {
		facts = append(facts, "forwarded_for", forwarded[:min(len(forwarded), 100)])
	}
	if p.Code == "invalid_proof" {
		facts = append(facts, "why", p.Detail[:min(len(p.Detail), 300)])
	}
	if silent > 0 {
		facts = append(facts, "times_since_last_line", silent)
	}
	s.options.Log.Warn(words, facts...)
}

// caughtFrom is the address that a request came from, without the port.
func caughtFrom(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// suspendedEvery is how often the log says that a suspended terminal still asks.
const suspendedEvery = time.Hour

// heardSuspended says in the log that a terminal asks that the merchant suspended.
func (s *server) heardSuspended(t Terminal) {
	key := "suspended " + t.Merchant + "/" + t.Store + "/" + t.Name
	if due, _ := s.lines.say(key, s.options.Now(), suspendedEvery); due {
		s.options.Log.Warn("a suspended terminal asks: it is granted nothing", "merchant", t.Merchant, "store", t.Store, "terminal", t.Name)
	}
}

// setSuspended says in the log who suspended a terminal or readmitted it.
func (s *server) setSuspended(ctx context.Context, merchant, store, name string, suspended bool, machine string) {
	held, _ := ctx.Value(adminKey{}).(AdminToken)
	words := "a terminal was readmitted"
	if suspended {
		words = "a terminal was suspended"
	}
	facts := []any{"merchant", merchant, "store", store, "terminal", name, "token", held.Name}
	if machine != "" {
		facts = append(facts, "machine", machine)
	}
	s.options.Log.Info(words, facts...)
}

// enrolled says in the log that a machine joined.
func (s *server) enrolled(t Terminal, version, computer string) {
	s.options.Log.Info("a terminal joined", "merchant", t.Merchant, "store", t.Store, "terminal", t.Name, "version", version, "computer", computer)
}

// hungUp reports whether err came about because who asked did not wait for the answer: nothing is wrong then.
func hungUp(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	if errors.Is(err, context.Canceled) {
		return true
	}
	// Databases tell in their own words that they were interrupted.
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "interrupted") || strings.Contains(text, "canceling statement") || strings.Contains(text, "context canceled")
}
