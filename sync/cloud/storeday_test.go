package cloud_test

import (
	"net/http"
	"slices"
	"testing"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A manager would see nothing of what the other counters of the store did, or a cashier could take an offer off sale.
func TestAStoreReadsItsDayAndPausesItsOffers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	catalogue := cloud.Catalogue{Merchant: terminal.Merchant{ID: "lakeside", Name: "Lakeside", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{{ID: "quay", Name: "Quay", Zone: "Europe/Berlin", Language: "en", SignIn: "none", Print: "never", Copies: 1}},
		Operators: []cloud.CatalogueOperator{
			{Operator: terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier, Active: true}},
			{Operator: terminal.Operator{ID: "mo", Name: "Mo", Role: terminal.RoleManager, Stores: []string{"harbour"}, Active: true}},
			{Operator: terminal.Operator{ID: "ida", Name: "Ida", Role: terminal.RoleManager, Active: true}}},
		Campaigns: []terminal.Campaign{{ID: "dinner", Name: terminal.Text{"en": "Dinner"}, Kind: terminal.KindProduct, Currency: "EUR"}}}
	if _, err := r.storage.Apply(t.Context(), catalogue); err != nil {
		t.Fatal(err)
	}
	e := r.join()
	r.pushDecline(e)
	var page api.DayPage
	if code := r.ask("POST", "/v1/day", api.DayRequest{Day: terminal.Date{Year: 2026, Month: 1, Day: 2}}, &page); code != http.StatusOK {
		t.Fatalf("the day was answered %d", code)
	}
	if len(page.Entries) != 1 || page.Next != nil || len(page.Counters) != 1 || page.Counters[0].Terminal != e.Terminal {
		t.Errorf("the day is %+v", page)
	}
	for _, ask := range []struct {
		campaign, operator string
		code               int
		problem            string
	}{
		{"dinner", "li", http.StatusForbidden, "operator_not_allowed"},
		{"dinner", "mo", http.StatusForbidden, "operator_not_allowed"},
		{"dinner", "nobody", http.StatusForbidden, "operator_not_allowed"},
		{"lunch", "ida", http.StatusNotFound, "not_found"},
	} {
		var problem api.Problem
		if code := r.ask("POST", "/v1/pause", api.PauseRequest{Campaign: ask.campaign, Operator: ask.operator, Paused: true}, &problem); code != ask.code || problem.Code != ask.problem {
			t.Errorf("%+v was answered %d %s", ask, code, problem.Code)
		}
	}
	for i, want := range []struct{ paused, changed bool }{{true, true}, {true, false}, {false, true}} {
		var answer api.PauseAnswer
		code := r.ask("POST", "/v1/pause", api.PauseRequest{Campaign: "dinner", Operator: "ida", Paused: want.paused}, &answer)
		campaigns, err := r.storage.Campaigns(t.Context(), "lakeside")
		if err != nil {
			t.Fatal(err)
		}
		if code != http.StatusOK || answer.Changed != want.changed || slices.Contains(campaigns[0].PausedStores, "quay") != want.paused {
			t.Errorf("%d: answered %d %+v; paused in %v", i, code, answer, campaigns[0].PausedStores)
		}
	}
}
