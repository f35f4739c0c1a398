package conformance

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// lent is a voucher as a history of leases and claims knows it: what is used up, what each counter holds, and what is left of its lease.
type lent struct {
	used         int64
	held, leased [linearClaimers]int64
}

func (l lent) free(total int64) int64 {
	total -= l.used
	for n := range l.held {
		total -= l.held[n] + l.leased[n]
	}
	return total
}

// lending is what a counter does with a voucher. The answer is units: those leased, claimed, or accepted.
type lending struct {
	counter int
	what    string // lease, spend, return, claim, redeem
	units   int64
}

// lentVoucher is the voucher that leases and claims must look like: one after the other, each seeing all before it.
func lentVoucher(total int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return lent{} },
		Step: func(state, input, output any) (bool, any) {
			now, did, got := state.(lent), input.(lending), output.(int64)
			n := did.counter
			want := did.units
			switch did.what {
			case "lease":
				want = max(0, min(did.units, now.free(total)))
				now.leased[n] = want
			case "spend":
				now.leased[n] -= did.units
				now.used += did.units
			case "return":
				now.leased[n] = 0
			case "claim":
				now.held[n] = 0
				if did.units > now.free(total) {
					want = 0
				}
				now.held[n] = want
			case "redeem":
				now.used += now.held[n]
				now.held[n] = 0
			}
			return got == want && now.leased[n] >= 0, now
		},
		DescribeOperation: func(input, output any) string {
			did := input.(lending)
			return fmt.Sprintf("counter %d: %s %d, and gets %d", did.counter, did.what, did.units, output)
		},
	}
}

// lender is a counter that leases, spends what it has leased, and gives the rest back.
type lender struct {
	*counter
	ticket
	lease cloud.Lease
}

func (l *lender) do(what string, units int64) (int64, error) {
	request := cloud.LeaseRequest{}
	switch what {
	case "lease":
		request.Want = []cloud.LeaseWant{{Voucher: l.Voucher.ID, Units: units}}
	case "return":
		request.GivenUp = []string{l.lease.ID}
	default:
		uid := l.counter.uid()
		l.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Assurance: terminal.Leased, Lease: l.lease.ID,
			Lines: []terminal.EntryLine{l.line(l.ticket, units, uid, "")}})
		ack, err := l.storage.ApplyJournal(l.Context(), l.Terminal, l.batch(l.place.Seq))
		if err != nil {
			return 0, err
		}
		l.lease.Units -= units
		return ack.Verdicts[0].Lines[0].Accepted, nil
	}
	open, err := l.tryLease(request)
	l.lease = cloud.Lease{}
	if len(open) > 0 {
		l.lease = open[0]
	}
	return l.lease.Units, err
}

// turn is what the lender does next.
func (l *lender) turn(dice *rand.Rand) (what string, units int64) {
	switch {
	case l.lease.Units == 0 && l.lease.ID == "":
		return "lease", 1 + dice.Int64N(4)
	case l.lease.Units > 0 && dice.IntN(3) > 0:
		return "spend", 1 + dice.Int64N(l.lease.Units)
	}
	return "return", 0
}

// A counter would spend what another has just been told it may claim, if a lease and a claim could overtake each other halfway.
func leasesInOrder(here, there *world) {
	here.lendable()
	pass := here.issue("swim", cloud.Facts{Units: 15})
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	record := func(did lending, do func() (int64, error)) int64 {
		call := time.Since(began)
		got, err := do()
		back := time.Since(began)
		if err != nil {
			here.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: did.counter, Input: did, Call: call.Nanoseconds(), Output: got, Return: back.Nanoseconds()})
		return got
	}
	var running sync.WaitGroup
	for n := range linearClaimers {
		world := *here
		if n%2 == 1 {
			world = *there
		}
		world.uids += uint64(n+1) << 40
		dice, till := rand.New(rand.NewPCG(uint64(n), 11)), world.counter([]string{quay, harbour}[n%2])
		running.Go(func() {
			lender, claimer := &lender{counter: till, ticket: pass}, &linear{counter: till, ticket: pass}
			for range linearRounds {
				if n < 3 {
					what, units := lender.turn(dice)
					record(lending{n, what, units}, func() (int64, error) { return lender.do(what, units) })
					continue
				}
				units := 1 + dice.Int64N(3)
				granted := record(lending{n, "claim", units}, func() (int64, error) {
					yes, err := claimer.Claim(units)
					if !yes {
						return 0, err
					}
					return units, err
				})
				if granted > 0 && dice.IntN(2) == 0 {
					record(lending{n, "redeem", 0}, func() (int64, error) { return 0, claimer.Redeem() })
				}
			}
		})
	}
	running.Wait()
	if here.Failed() {
		return
	}
	model := lentVoucher(pass.Voucher.Units)
	switch porcupine.CheckOperationsTimeout(model, history, linearSeconds*time.Second) {
	case porcupine.Illegal:
		for _, operation := range history {
			here.Logf("%d to %d: %s", operation.Call, operation.Return, model.DescribeOperation(operation.Input, operation.Output))
		}
		here.Error("these answers cannot have been given one after the other")
	case porcupine.Unknown:
		here.Errorf("%d answers could not be checked within %d seconds", len(history), linearSeconds)
	}
	last := history[len(history)-1].Return
	wrong := append(history[:len(history):len(history)], porcupine.Operation{Input: lending{0, "lease", 1 << 20}, Call: last + 1, Output: int64(1 << 20), Return: last + 2})
	if porcupine.CheckOperationsTimeout(model, wrong, linearSeconds*time.Second) == porcupine.Ok {
		here.Error("the check takes a lease of more units than there are: it checks nothing")
	}
}
