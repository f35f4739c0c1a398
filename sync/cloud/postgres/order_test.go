package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// A terminal would never hear of a change whose transaction began before, and ended after, one that it was told of.
func TestLateCommitIsToldAfterTheCursor(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	s := open(t, url)
	campaign := func(id string) terminal.Campaign {
		return terminal.Campaign{ID: id, Kind: terminal.KindProduct, Name: terminal.Text{"en": id}, Currency: "EUR"}
	}
	catalogue := cloud.Catalogue{Merchant: terminal.Merchant{ID: "m", Name: "M", Currency: "EUR"}, Campaigns: []terminal.Campaign{campaign("early"), campaign("late")}}
	if _, err := s.Apply(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	listener := cloud.Terminal{Merchant: "m", Store: "s"}
	feed := func(cursor string) (campaigns []string, next string) {
		t.Helper()
		page, err := s.Feed(t.Context(), listener, cursor, 2000)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range page.Records {
			if record.Campaign != nil {
				campaigns = append(campaigns, record.Campaign.ID)
			}
		}
		return campaigns, page.Cursor
	}
	_, cursor := feed("")
	connection, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context())
	slow, err := connection.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Exec(t.Context(), "INSERT INTO outbox (merchant, kind, ref) VALUES ('m', 'campaign', 'late')"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pause(t.Context(), "m", "early", nil, true); err != nil {
		t.Fatal(err)
	}
	told, cursor := feed(cursor)
	if len(told) != 1 || told[0] != "early" {
		t.Errorf("the feed told %v while a transaction was open, and early was expected", told)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told, _ = feed(cursor); len(told) != 1 || told[0] != "late" {
		t.Errorf("the feed told %v after the late commit, and late was expected", told)
	}
}
