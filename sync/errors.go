package sync

import (
	"errors"
	"fmt"
	"time"

	"countersign/sync/api"
	"countersign/terminal"
)

// NoAnswer says that the cloud did not answer, and why: the line is down, or something else answered in its place. It is
// terminal.ErrNoAnswer in the sense of errors.Is.
type NoAnswer struct {
	Cause error
	After time.Duration // how long whoever answered asked to wait
}

func noAnswer(cause error, after time.Duration) error { return &NoAnswer{cause, after} }

// Error implements error.
func (n *NoAnswer) Error() string { return fmt.Sprintf("no answer from the cloud: %v", n.Cause) }

// Unwrap implements errors.Is and errors.As.
func (n *NoAnswer) Unwrap() []error { return []error{terminal.ErrNoAnswer, n.Cause} }

// Refusal is a signed answer of the cloud that says no to a request as such, an RFC 9457 problem.
type Refusal struct {
	Status int
	Code   string // stable: "join_code_used", "terminal_suspended" …
	Title  string
	Detail string
	After  time.Duration // Retry-After
	Head   *api.Head     // of problems with the journal: the last entry that the cloud has
}

// Error implements error.
func (r *Refusal) Error() string {
	text := r.Title
	if r.Detail != "" {
		text = r.Detail
	}
	if text == "" {
		text = fmt.Sprintf("HTTP %d", r.Status)
	}
	return refuses + text
}

// temporary says that asking again later makes sense.
func (r *Refusal) temporary() bool {
	return r.Status >= 500 || r.Status == 429 || r.Status == 408 || r.Code == "use_dpop_nonce"
}

// afterOf is how long an error asks to wait.
func afterOf(err error) time.Duration {
	var none *NoAnswer
	if errors.As(err, &none) {
		return none.After
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.After
	}
	return 0
}

// ErrPin says that whoever answered holds another root key than the join code pins: a symbol of the code's last part is wrong, or it is
// another cloud that answers.
var ErrPin = errors.New("whoever answers is not the cloud that made this join code")

// ErrInPlace says that something on the way answered in the cloud's place: a network that wants somebody to log in, a proxy. It is looked
// for with errors.Is; what it says itself is more exact.
var ErrInPlace = errors.New("something on the way answers in the cloud's place")

// ErrDate says that this computer's date and what is signed do not go together.
var ErrDate = errors.New("an answer is signed by a key whose time is over: check this computer's date")

// refuses begins the sentence about a refusal; behind it stands what the other side says.
const refuses = "the cloud refuses: "
