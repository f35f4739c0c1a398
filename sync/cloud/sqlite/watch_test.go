package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// A cloud with nothing to do would burn half a core for each store that waits for news.
func TestNobodyIsWokenAtRest(t *testing.T) {
	s, err := Open(t.TempDir())
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
	_, head, gen, err := cursorPlace(readOnly{t.Context(), s.reader}, lakeside.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*watchEvery)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Await(ctx, lakeside.ID, fmt.Sprintf("%s.%d", gen, head)) }()
	wakes := 0
	for {
		select {
		case <-s.watch.next():
			wakes++
		case err := <-ended:
			if wakes > 1 || !errors.Is(err, context.DeadlineExceeded) { // the first look of a watch wakes once
				t.Errorf("woken %d times, %v", wakes, err)
			}
			return
		}
	}
}
