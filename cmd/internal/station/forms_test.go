package station_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// inProcess answers with a handler what is asked of whatever address.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	inner := r.Clone(r.Context())
	inner.RequestURI = r.URL.RequestURI()
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	p.handler.ServeHTTP(answer, inner)
	return answer.Result(), r.Context().Err()
}

// unpackForm unpacks what the programs of an earlier form of the cloud's database left behind: its database as it was when the cloud was
// killed, the data folder of a terminal with one redemption that waits, and the codes of four vouchers, of which three were redeemed.
func unpackForm(t *testing.T, path string) (folder string, codes []string) {
	t.Helper()
	folder = t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	packed, err := os.Open(path)
	must(err)
	defer packed.Close()
	plain, err := gzip.NewReader(packed)
	must(err)
	files := tar.NewReader(plain)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(err)
		if !filepath.IsLocal(header.Name) {
			t.Fatalf("%s holds %s", path, header.Name)
		}
		raw, err := io.ReadAll(files)
		must(err)
		to := filepath.Join(folder, header.Name)
		must(os.MkdirAll(filepath.Dir(to), 0o700))
		must(os.WriteFile(to, raw, 0o600))
	}
	list, err := os.Open(filepath.Join(folder, "codes.csv"))
	must(err)
	defer list.Close()
	rows, err := csv.NewReader(list).ReadAll()
	must(err)
	for _, row := range rows[1:] {
		codes = append(codes, row[1])
	}
	return folder, codes
}

// A merchant who upgrades would lose what was redeemed, or counters would not sell on, or sell again what they sold.
func TestAShopOfEveryLandedFormGoesOn(t *testing.T) {
	kept, err := filepath.Glob(filepath.Join("testdata", "form-*.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	migrations, err := filepath.Glob(filepath.Join("..", "..", "..", "sync", "cloud", "sqlite", "migrations", "*.sql"))
	if err != nil || len(kept) < len(migrations)-2 { // no program had the first form, and the newest is every other test's
		t.Fatalf("%d forms are kept, and there are %d: keep what the last one's programs make (%v)", len(kept), len(migrations), err)
	}
	for _, path := range kept {
		form := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "form-"), ".tar.gz")
		t.Run("form "+form, func(t *testing.T) {
			t.Parallel()
			if n, err := strconv.Atoi(form); err != nil || n < 2 {
				t.Fatalf("%s is of no form", path)
			}
			goOn(t, path)
		})
	}
}

func goOn(t *testing.T, path string) {
	folder, codes := unpackForm(t, path)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	storage, err := sqlite.Open(filepath.Join(folder, "cloud"))
	must(err)
	defer func() { must(storage.Close()) }()
	public, err := storage.PublicURL(ctx)
	must(err)
	stopping := make(chan struct{})
	defer close(stopping)
	handler, err := cloud.New(ctx, storage, cloud.Options{PublicURL: public, Stopping: stopping})
	must(err)
	s, err := station.Open(ctx, station.Config{Folder: filepath.Join(folder, "till"), Program: "test", NoSocket: true,
		Settings: &station.Settings{Profile: "generic-80"}, Transport: inProcess{handler}})
	must(err)
	defer func() { must(s.Close()) }()
	must(s.Pump.Once(ctx))
	redeem := func(code string) terminal.Outcome {
		t.Helper()
		outcome, err := s.Terminal.Redeem(ctx, terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}})
		must(err)
		return outcome
	}
	for _, code := range codes[:3] {
		if outcome := redeem(code); outcome.Reason() != terminal.AlreadyRedeemed {
			t.Errorf("what was redeemed before the upgrade came to %s, %s", outcome.Choice, outcome.Reason())
		}
	}
	if outcome := redeem(codes[3]); !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.Confirmed {
		t.Errorf("what nobody redeemed came to %s, %s", outcome.Choice, outcome.Reason())
	}
	must(s.Pump.Once(ctx))
	verdicts := map[terminal.Verdict]int{}
	must(storage.Redemptions(ctx, cloud.RedemptionFilter{Merchant: "lakeside"}, func(r cloud.Redemption) error {
		verdicts[r.Verdict]++
		return nil
	}))
	if verdicts[terminal.Accepted] != 4 || len(verdicts) != 1 {
		t.Errorf("the cloud's verdicts: %v", verdicts)
	}
	exceptions, err := storage.Exceptions(ctx, "lakeside", true)
	must(err)
	for _, x := range exceptions {
		if x.Kind != api.ExceptionClock { // of the computer that the test runs on
			t.Errorf("a false alarm: %+v", x)
		}
	}
	status, err := s.Status(ctx)
	must(err)
	if status.Pending.Count != 0 || status.Cache.Vouchers != 4 || status.Barred != nil || status.Trouble != nil {
		t.Errorf("the terminal's status: %+v", status)
	}
}
