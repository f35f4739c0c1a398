package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal/token"
)

// measureCheck measures what a scan would be told against a prepared lookup of its row in the same file. Nothing is asked of the cloud
// and nothing is written.
func measureCheck(ctx context.Context, l *lab) ([]row, error) {
	vouchers, each := 1_000_000, 3000
	if l.quick {
		vouchers = 200_000
	}
	s, err := openShop(ctx, l, vouchers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.close() }()
	codes, err := s.sell(ctx, each)
	if err != nil {
		return nil, err
	}
	lookups := make([][]byte, each)
	for i, code := range codes {
		forms, err := token.Canonical(code)
		if err != nil {
			return nil, err
		}
		lookup := token.LookupOf(s.lookup, forms[0])
		lookups[i] = lookup[:]
	}
	var times []time.Duration
	var turned compared
	err = point(ctx, s, func(look *sql.Stmt) error {
		turned, err = turns(l.rounds(), func(int) (time.Duration, error) {
			took, err := s.check(ctx, codes)
			times = append(times, took...)
			return sum(took), err
		}, func(int) (time.Duration, error) {
			began := time.Now()
			var id, campaign, state, units, used any
			for _, lookup := range lookups {
				if err := look.QueryRow(lookup).Scan(&id, &campaign, &state, &units, &used); err != nil {
					return 0, err
				}
			}
			return time.Since(began), nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	p99 := percentile(times, 0.99)
	found := atMost(fmt.Sprintf("check, %s vouchers cached", thousands(s.cached)), "prepared point lookup in the same file", turned, 5,
		fmt.Sprintf("%s against %s; p99 %s; the same %s codes in each round, so that their pages are in memory", per(turned.own, each), per(turned.other, each), p99.Round(time.Microsecond), thousands(each)))
	found.goal += ", p99 < 1 ms"
	found.met = found.met && p99 < time.Millisecond
	return []row{found}, nil
}

// check asks what each code would be told.
func (s *shop) check(ctx context.Context, codes []string) ([]time.Duration, error) {
	times := make([]time.Duration, len(codes))
	for i, code := range codes {
		began := time.Now()
		outcome, err := s.counter.Terminal.Scan(ctx, s.request(code))
		times[i] = time.Since(began)
		if err != nil {
			return nil, err
		}
		if reason := outcome.Reason(); reason != "" {
			return nil, fmt.Errorf("a voucher would not be honoured: %s", reason)
		}
	}
	return times, nil
}

// point opens the cache's file beside the counter, with a prepared lookup of one row.
func point(ctx context.Context, s *shop, work func(look *sql.Stmt) error) error {
	db, err := sql.Open("sqlite3", source(filepath.Join(s.counter.Folder(), station.CacheName), "mode=ro"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	look, err := db.PrepareContext(ctx, "SELECT id, campaign, state, units, used FROM vouchers WHERE lookup = ?")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(work(look), look.Close(), db.Close())
}
