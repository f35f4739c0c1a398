package cloud_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// metricsOf serves a cloud with one merchant and asks it for its figures.
func metricsOf(t *testing.T, open bool, token string) (status int, text string) {
	t.Helper()
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Apply(t.Context(), cloud.Catalogue{Merchant: terminal.Merchant{ID: "m", Name: "M", Currency: "EUR"}}); err != nil {
		t.Fatal(err)
	}
	for _, held := range []struct{ secret, merchant string }{{"all", ""}, {"one", "m"}} {
		made := cloud.AdminToken{Name: held.secret, Merchant: held.merchant, CreatedAt: time.Now()}
		if err := s.NewAdminToken(t.Context(), made, cloud.AdminTokenHash(held.secret)); err != nil {
			t.Fatal(err)
		}
	}
	handler, err := cloud.New(t.Context(), s, cloud.Options{PublicURL: "https://cloud.example", OpenMetrics: open})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for range 2 { // the first is counted when the second asks
		request, err := http.NewRequest("GET", server.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		status, text = answer.StatusCode, string(body)
	}
	return status, text
}

var metricName = regexp.MustCompile(`countersign_cloud_[a-z_]+`)

// Whoever runs the cloud would look at a dashboard of empty panels, and take that for good news.
func TestTheDashboardKnowsTheFigures(t *testing.T) {
	t.Parallel()
	status, text := metricsOf(t, true, "")
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, text)
	}
	there := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		if name, found := strings.CutPrefix(line, "# TYPE "); found {
			name, kind, _ := strings.Cut(name, " ")
			there[name] = true
			if kind == "histogram" {
				there[name+"_bucket"] = true
			}
		}
	}
	there["countersign_cloud_value_at_risk_minor"] = true // is there once something is at risk
	raw, err := os.ReadFile("../../assets/grafana/countersign-cloud.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(raw) {
		t.Fatal("the dashboard is no JSON")
	}
	shown := map[string]bool{}
	for _, name := range metricName.FindAllString(string(raw), -1) {
		shown[name] = true
		if !there[name] {
			t.Errorf("the dashboard shows %s, which no cloud tells", name)
		}
	}
	for name := range there {
		if strings.HasPrefix(name, "countersign_") && !shown[name] && !shown[name+"_bucket"] && !strings.HasSuffix(name, "_bucket") {
			t.Errorf("the cloud tells %s, which the dashboard does not show", name)
		}
	}
	for _, one := range []string{`countersign_cloud_exceptions_open{kind="journal_fork",merchant="m"} 0`, `countersign_cloud_terminals{merchant="m",state="live"} 0`,
		"countersign_cloud_transaction_retries_total 0", `countersign_cloud_requests_total{operation="none",status="200"} 1`} {
		if !strings.Contains(text, one) {
			t.Errorf("%s is not among the figures", one)
		}
	}
}

// Everybody on the internet could read how much a merchant sells and what went wrong.
func TestFiguresAreNotForEverybody(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]int{"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, "one": http.StatusForbidden, "all": http.StatusOK} {
		if status, text := metricsOf(t, false, token); status != want {
			t.Errorf("with the token %q the figures were answered %d: %.80s", token, status, text)
		}
	}
}

// frozen is a storage whose database does not answer any more.
type frozen struct{ cloud.Storage }

func (frozen) Ready(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (frozen) Figures(ctx context.Context, _ time.Time) ([]cloud.Figures, int64, error) {
	<-ctx.Done()
	return nil, 0, ctx.Err()
}

// While the database hangs, whoever looks after the cloud would see nothing of it, not even that it is the database.
func TestAFrozenDatabaseIsAFigureToo(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	handler, err := cloud.New(t.Context(), frozen{s}, cloud.Options{PublicURL: "https://cloud.example", OpenMetrics: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for path, want := range map[string]struct {
		status int
		text   string
	}{"/readyz": {http.StatusServiceUnavailable, "database cannot answer"}, "/metrics": {http.StatusOK, "countersign_cloud_database_up 0"}, "/healthz": {http.StatusOK, "ok"}} {
		answer, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want.status || !strings.Contains(string(body), want.text) {
			t.Errorf("%s: %d, %v: %.300s", path, answer.StatusCode, err, body)
		}
	}
}
