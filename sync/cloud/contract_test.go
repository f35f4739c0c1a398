package cloud_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// Who writes a request by hand would read that something is wrong, and not what; or it would be carried out as something else.
func TestAMisfitIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	secret, hash := cloud.NewAdminToken()
	if err := r.storage.NewAdminToken(t.Context(), cloud.AdminToken{Name: "office", CreatedAt: r.now}, hash); err != nil {
		t.Fatal(err)
	}
	ask := func(token, method, path, body string) (int, string, string) {
		request := httptest.NewRequestWithContext(t.Context(), method, publicURL+path, strings.NewReader(body))
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer := httptest.NewRecorder()
		r.handler.ServeHTTP(answer, request)
		return answer.Code, answer.Header().Get("Content-Type"), answer.Body.String()
	}
	issue := "/v1/admin/merchants/lakeside/campaigns/dinner/vouchers"
	for body, want := range map[string]string{
		`{"count":-1}`:            "count has to be at least 1",
		`{"count":6000}`:          "count can be 5000 at most",
		`{"count":"4938271605"}`:  "count has to be a whole number",
		`{"count":1.5}`:           "count has to be a whole number",
		`[]`:                      "the body has to be an object",
		`null`:                    "the body must not be null",
		``:                        "it needs a body, of JSON",
		`{}`:                      "count is missing",
		`{"count":1`:              "the body is no JSON",
		`{"count":1,"bogus":1}`:   "bogus is nothing that it can hold, which is: amount, count, customer",
		`{"count":1,"amount":-5}`: "amount has to be an object",
		`{"count":1,"amount":{"currency":"EUR"}}`:      "amount.minor is missing",
		`{"count":1,"amount":{"minor":1,"curency":1}}`: "amount.",
		`{"count":1,"valid_until":"4938271605"}`:       "valid_until is not written as the API describes it: 2026-",
		`{"count":1,"lines":[{"id":3}]}`:               "lines.0.",
	} {
		status, _, text := ask(secret, "POST", issue, body)
		if (status != 422 && status != 400) || !strings.Contains(text, "nothing was done: "+want) || strings.Contains(text, "4938271605") {
			t.Errorf("%s is answered by %d %s", body, status, text)
		}
	}
	if _, err := r.storage.Apply(t.Context(), cloud.Catalogue{
		Merchant:  terminal.Merchant{ID: "hill", Name: "Hill", Currency: "EUR", Languages: []string{"en"}},
		Campaigns: []terminal.Campaign{{ID: "card", Name: terminal.Text{"en": "Card"}, Kind: terminal.KindBalance, Currency: "EUR"}},
	}); err != nil {
		t.Fatal(err)
	}
	status, _, text := ask(secret, "POST", "/v1/admin/merchants/hill/campaigns/card/vouchers", `{"count":1,"amount":{"minor":-500,"currency":"EUR"}}`)
	if status != 422 || !strings.Contains(text, "more than nothing, and not -5.00 EUR") {
		t.Errorf("an amount below nothing is answered by %d %s", status, text)
	}
	if status, _, text := ask(secret, "GET", "/v1/admin/merchants/lakeside/exceptions?language=xx", ""); status != 422 || !strings.Contains(text, "no parameter language") {
		t.Errorf("a parameter that there is not is answered by %d %s", status, text)
	}
	for _, path := range []string{"/v1/nope", "/v1/admin/nope", "/v2/feed"} {
		if status, kind, text := ask("", "GET", path, ""); status != 404 || kind != "application/problem+json" || !strings.Contains(text, `"not_found"`) {
			t.Errorf("%s is answered by %d %s %s", path, status, kind, text)
		}
	}
	for _, path := range []string{"/v1/feed", issue} { // where there is something, who asks has to say who he is
		if status, _, text := ask("", "POST", path, "{}"); status != 401 {
			t.Errorf("%s is answered by %d %s", path, status, text)
		}
	}
}
