package conformance

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

// Claimer is one counter that claims units of one voucher, as somebody who has nothing to hide: each question says what of the earlier
// ones still counts.
type Claimer interface {
	// Claim lets go of what it claimed before and asks for units, in one question.
	Claim(units int64) (granted bool, err error)
	// Redeem makes an entry of what was claimed last and granted, and returns when whoever answers claims has it.
	Redeem() error
}

// The size of a race that is checked. A history of so many questions is checked within a moment.
const (
	linearClaimers = 5
	linearRounds   = 12
	linearSeconds  = 60
)

// counted is the voucher as a history knows it: what is used up, and what each counter holds.
type counted struct {
	used int64
	held [linearClaimers]int64
}

// question is what a counter does: claim units, or, with 0, make an entry of what it holds.
type question struct {
	counter int
	units   int64
}

// voucherOf is the voucher that claims must look like: one after the other, each seeing all before it.
func voucherOf(total int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return counted{} },
		Step: func(state, input, output any) (bool, any) {
			now, asked := state.(counted), input.(question)
			if asked.units == 0 {
				now.used += now.held[asked.counter]
				now.held[asked.counter] = 0
				return true, now
			}
			now.held[asked.counter] = 0
			free := total - now.used
			for _, units := range now.held {
				free -= units
			}
			granted := asked.units <= free
			if granted {
				now.held[asked.counter] = asked.units
			}
			return granted == output.(bool), now
		},
		DescribeOperation: func(input, output any) string {
			asked := input.(question)
			if asked.units == 0 {
				return fmt.Sprintf("counter %d redeems", asked.counter)
			}
			return fmt.Sprintf("counter %d claims %d: %v", asked.counter, asked.units, output)
		},
	}
}

// CheckLinear has counters claim and redeem units of a voucher of total units at the same time, and fails where their answers could not
// have been given one after the other in the order in which they were asked.
func CheckLinear(t *testing.T, total int64, counters []Claimer) {
	t.Helper()
	if len(counters) > linearClaimers {
		t.Fatalf("at most %d counters are checked", linearClaimers)
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	ask := func(asked question, do func() (bool, error)) bool {
		call := time.Since(began)
		granted, err := do()
		back := time.Since(began)
		if err != nil {
			t.Error(err)
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: asked.counter, Input: asked, Call: call.Nanoseconds(), Output: granted, Return: back.Nanoseconds()})
		return granted
	}
	var running sync.WaitGroup
	for n, counter := range counters {
		dice := rand.New(rand.NewPCG(uint64(n), 7))
		running.Go(func() {
			for range linearRounds {
				units := 1 + dice.Int64N(3)
				granted := ask(question{n, units}, func() (bool, error) { return counter.Claim(units) })
				if granted && dice.IntN(3) == 0 {
					ask(question{n, 0}, func() (bool, error) { return false, counter.Redeem() })
				}
			}
		})
	}
	running.Wait()
	if t.Failed() {
		return
	}
	model := voucherOf(total)
	switch porcupine.CheckOperationsTimeout(model, history, linearSeconds*time.Second) {
	case porcupine.Illegal:
		for _, operation := range history {
			t.Logf("%d to %d: %s", operation.Call, operation.Return, model.DescribeOperation(operation.Input, operation.Output))
		}
		t.Error("these answers cannot have been given one after the other")
	case porcupine.Unknown:
		t.Errorf("%d answers could not be checked within %d seconds", len(history), linearSeconds)
	}
	refuseNonsense(t, model, history)
}

// refuseNonsense shows that the check can fail: the same history with one yes for more than there is.
func refuseNonsense(t *testing.T, model porcupine.Model, history []porcupine.Operation) {
	t.Helper()
	last := history[len(history)-1].Return
	wrong := append(history[:len(history):len(history)], porcupine.Operation{Input: question{0, 1 << 20}, Call: last + 1, Output: true, Return: last + 2})
	if porcupine.CheckOperationsTimeout(model, wrong, linearSeconds*time.Second) == porcupine.Ok {
		t.Error("the check takes a yes to more units than there are: it checks nothing")
	}
}

// linear is a counter of the conformance suite as a Claimer.
type linear struct {
	*counter
	ticket
	units int64
	uid   terminal.UID
}

// Claim implements Claimer.
func (l *linear) Claim(units int64) (bool, error) {
	l.units, l.uid = units, l.counter.uid()
	l.claims++
	l.open = []terminal.UID{l.uid}
	answer, err := l.storage.Claim(l.Context(), l.Terminal, cloud.Claim{Claim: terminal.Claim{UID: l.uid, Operator: "li",
		Lines: []terminal.ClaimLine{{Lookup: l.ticket.lookup, Units: units, Proof: token.Proof(l.inner, l.uid)}}}, Standing: l.standing(), At: start})
	return answer.Granted, err
}

// Redeem implements Claimer.
func (l *linear) Redeem() error {
	l.write(terminal.Entry{UID: l.uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{l.line(l.ticket, l.units, l.uid, "")}})
	ack, err := l.storage.ApplyJournal(l.Context(), l.Terminal, l.batch(l.place.Seq))
	if err == nil && ack.Verdicts[0].Lines[0].Accepted != l.units {
		err = fmt.Errorf("what was held is judged %+v", ack.Verdicts[0])
	}
	return err
}

// Two counters would each be told yes by a cloud that lets one question overtake another halfway.
func claimsInOrder(here, there *world) {
	pass := here.issue("swim", cloud.Facts{})
	var counters []Claimer
	for n := range linearClaimers {
		world := *here
		if n%2 == 1 {
			world = *there
		}
		world.uids += uint64(n+1) << 40 // each its own uids and its own clock
		counters = append(counters, &linear{counter: world.counter([]string{quay, harbour}[n%2]), ticket: pass})
	}
	CheckLinear(here.T, pass.Voucher.Units, counters)
}
