package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/cache"
	"countersign/terminal/token"
)

// offer is the campaign that is sold: a product that is honoured at any time.
const offer = "free-coffee"

// shop is a counter of the sample merchant with as many vouchers in its cache as a measurement wants, its line to the cloud cut: what
// it decides it decides alone.
type shop struct {
	world   *demo.Demo
	counter *station.Station
	folder  string
	cashier *terminal.Operator
	lookup  []byte // the merchant's lookup key
	next    uint64 // the id of the next voucher
	cursor  int
	cached  int
}

// pageRows is how many vouchers a page of the feed brings here.
const pageRows = 20_000

func openShop(ctx context.Context, l *lab, vouchers int) (s *shop, err error) {
	s = &shop{next: 1 << 40}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.folder, err = os.MkdirTemp(l.folder, "shop-"); err != nil {
		return s, err
	}
	if s.world, err = demo.Start(ctx, demo.Options{Below: l.folder}); err != nil {
		return s, err
	}
	code, err := s.world.Cloud.Invite(ctx, demo.Store, "bench")
	if err != nil {
		return s, err
	}
	s.counter, err = station.Join(ctx, station.Config{Folder: filepath.Join(s.folder, "data"), Program: "bench",
		Settings: &station.Settings{Profile: "generic-80"}}, code, "")
	if err != nil {
		return s, err
	}
	if s.lookup, err = s.world.Cloud.Storage.LookupKey(ctx, s.world.Cloud.Merchant); err != nil {
		return s, err
	}
	s.world.Link.Cut()
	operator, finding, err := s.counter.Terminal.SignIn(ctx, demo.Cashier, demo.CashierPIN)
	if err != nil || finding != nil {
		return s, fmt.Errorf("the cashier cannot sign in: %v %w", finding, err)
	}
	s.cashier = operator
	return s, s.fill(ctx, vouchers, nil)
}

// fill brings the cache to as many vouchers; codes gets those with whose codes something is done. What nothing is done with comes in the order
// of its lookups, as a first fill brings it: in any other order it takes most of the time of a whole run to put 10,000,000 into the index.
func (s *shop) fill(ctx context.Context, vouchers int, codes []string) error {
	step, place := math.MaxUint64/uint64(max(1, vouchers-s.cached)), uint64(0)
	for len(codes) > 0 || s.cached < vouchers {
		page := cache.Page{AtEnd: true, ServerTime: time.Now()}
		for len(page.Vouchers) < pageRows && (len(codes) > 0 || s.cached < vouchers) {
			voucher := terminal.Voucher{ID: terminal.VoucherID(s.next), Campaign: offer, State: terminal.VoucherActive, Units: 1, Version: 1}
			if len(codes) > 0 {
				forms, err := token.Canonical(codes[0])
				if err != nil {
					return err
				}
				voucher.Lookup, codes = token.LookupOf(s.lookup, forms[0]), codes[1:]
			} else {
				_, _ = rand.Read(voucher.Lookup[:]) // never fails: crypto/rand ends the program instead
				binary.BigEndian.PutUint64(voucher.Lookup[:], place)
				place += step
			}
			page.Vouchers = append(page.Vouchers, voucher)
			s.next++
			s.cached++
		}
		s.cursor++
		page.Cursor = fmt.Sprintf("bench.%d", s.cursor)
		if err := s.counter.Cache.Apply(ctx, page); err != nil {
			return err
		}
	}
	return nil
}

// sell puts n vouchers with codes into the cache and returns the codes.
func (s *shop) sell(ctx context.Context, n int) ([]string, error) {
	codes := make([]string, n)
	for i := range codes {
		code, err := token.NewCode(rand.Reader)
		if err != nil {
			return nil, err
		}
		codes[i] = code
	}
	return codes, s.fill(ctx, 0, codes)
}

// redeem honours vouchers one after the other and says how long each took.
func (s *shop) redeem(ctx context.Context, codes []string) ([]time.Duration, error) {
	times := make([]time.Duration, len(codes))
	for i, code := range codes {
		began := time.Now()
		outcome, err := s.counter.Terminal.Redeem(ctx, s.request(code))
		times[i] = time.Since(began)
		if err != nil {
			return nil, err
		}
		if !outcome.Redeemed() {
			return nil, fmt.Errorf("a voucher was not honoured: %s", outcome.Reason())
		}
	}
	return times, nil
}

// remember writes so many redemptions of other vouchers into the journal, as if the cloud had long taken them: of those that it has not yet
// taken, only so many are allowed.
func (s *shop) remember(ctx context.Context, redemptions int) error {
	journal := s.counter.Journal
	identity := journal.Identity()
	for n := 1; n <= redemptions; n++ {
		if _, err := journal.Append(ctx, func(ledger terminal.Ledger) (terminal.Draft, error) {
			draft := sale(ledger, n)
			draft.Entry.Merchant, draft.Entry.Store, draft.Entry.Terminal = identity.Merchant, identity.Store, identity.Terminal
			return draft, nil
		}); err != nil {
			return err
		}
	}
	return s.acknowledge(ctx)
}

// acknowledge has the cloud have taken all entries.
func (s *shop) acknowledge(ctx context.Context) error {
	counts, err := s.counter.Journal.Counts(ctx)
	if err != nil {
		return err
	}
	return s.counter.Journal.Ack(ctx, counts.Head, nil)
}

func (s *shop) request(code string) terminal.Request {
	return terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}, Operator: s.cashier}
}

func (s *shop) close() error {
	var all error
	if s.counter != nil {
		all = s.counter.Close()
	}
	if s.world != nil {
		all = errors.Join(all, s.world.Close())
	}
	return errors.Join(all, os.RemoveAll(s.folder))
}

func sum(times []time.Duration) (all time.Duration) {
	for _, took := range times {
		all += took
	}
	return all
}
