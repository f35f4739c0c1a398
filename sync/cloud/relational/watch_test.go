package relational_test

import (
	"context"
	"errors"
	"testing"

	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// A cloud with nothing to do would burn half a core for each store that waits for news.
func TestNobodyIsWokenAtRest(t *testing.T) {
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	lakeside := terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}}
	if _, err := s.Apply(t.Context(), cloud.Catalogue{Merchant: lakeside}); err != nil {
		t.Fatal(err)
	}
	cursor, err := s.Cursor(t.Context(), lakeside.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*relational.WatchEvery)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Await(ctx, lakeside.ID, cursor) }()
	wakes := 0
	for {
		select {
		case <-s.NextChange():
			wakes++
		case err := <-ended:
			if wakes > 1 || !errors.Is(err, context.DeadlineExceeded) { // the first look of a watch wakes once
				t.Errorf("woken %d times, %v", wakes, err)
			}
			return
		}
	}
}
