package main_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/sync/cloud"
)

// If a batch could not join by one list, IT would visit four hundred counters; and if the cloud did not know which of them are ready, IT
// would find out on the day the line is down. Each joins with its own line of the list, is filled, and asks its own doctor.
func TestAFleetJoinsByAListAndIsSeenToBeReady(t *testing.T) {
	counters := 40
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		counters = 400
	}
	f := openFleet(t)
	var names strings.Builder
	computers := make([]string, counters)
	for i := range computers {
		computers[i] = fmt.Sprintf("PC-%04d", i+1)
		fmt.Fprintln(&names, computers[i])
	}
	f.write("computers.txt", names.String())
	f.write("codes.csv", f.cloud("invite", "quay", "--names", filepath.Join(f.folder, "computers.txt")))

	var together sync.WaitGroup
	next := make(chan int)
	for range 8 {
		together.Go(func() {
			for i := range next {
				if err := f.join(computers[i], i); err != nil {
					t.Errorf("%s: %v", computers[i], err)
				}
			}
		})
	}
	for i := range computers {
		next <- i
	}
	close(next)
	together.Wait()

	reports := f.terminals()
	if len(reports) != counters {
		t.Fatalf("%d terminals joined, and the cloud lists %d", counters, len(reports))
	}
	listed := map[string]bool{}
	for _, computer := range computers {
		listed[computer] = true
	}
	for _, r := range reports {
		if !listed[r.Computer] {
			t.Errorf("%s is said to be the computer %q, which is none of the list or another's", r.Name, r.Computer)
		}
		delete(listed, r.Computer)
		if r.Ready == nil || !*r.Ready || len(r.Missing) > 0 || r.CheckedAt == nil || r.LastSeen == nil || r.Pending != 0 {
			t.Errorf("the cloud does not see that %s is ready: %+v", r.Name, r)
		}
		if old := r.Version == "v1.1.0"; r.Outdated != old {
			t.Errorf("%s with %s is called outdated: %v", r.Name, r.Version, r.Outdated)
		}
	}
	if len(strings.Split(strings.TrimSpace(f.cloud("terminals")), "\n")) != counters+1 {
		t.Error("the table has another number of lines")
	}
	if table := f.cloud("terminals"); !strings.Contains(table, "COMPUTER") || !strings.Contains(table, " "+computers[counters-1]+" ") {
		t.Errorf("the table does not say which computer is which: %s", table)
	}
	f.cloud("suspend", reports[0].Name)
	if r := f.terminals()[0]; r.Ready == nil || *r.Ready || !slices.Equal(r.Missing, []string{"terminal"}) {
		t.Errorf("a suspended terminal is called ready: %+v", r)
	}
}

// fleet is many computers of one store, with a real cloud.
type fleet struct {
	t      *testing.T
	folder string
	served *cloudProgram
}

func openFleet(t *testing.T) *fleet {
	t.Helper()
	return openFleetAt(t, "")
}

// openFleetAt is openFleet with a cloud that terminals call at a URL, served with these flags; "" is its plain address on loopback.
func openFleetAt(t *testing.T, url string, flags ...string) *fleet {
	t.Helper()
	link, err := demo.NewLink(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, folder: t.TempDir()}
	f.served = &cloudProgram{data: filepath.Join(f.folder, "cloud"), folder: f.folder, public: cmp.Or(url, "http://"+link.Addr()), link: link, flags: flags}
	t.Cleanup(func() {
		f.served.stop(os.Kill)
		_ = link.Close() // the test is over: how it closes is nobody's business
	})
	if err := f.served.start(); err != nil {
		t.Fatal(err)
	}
	f.write("catalogue.toml", catalogue)
	f.cloud("apply", "-f", "catalogue.toml")
	f.cloud("issue", "dinner", "--count", "50")
	return f
}

func (f *fleet) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) cloud(args ...string) string {
	f.t.Helper()
	out, err := f.served.run(args...)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *fleet) terminals() (reports []cloud.TerminalReport) {
	f.t.Helper()
	if err := json.Unmarshal([]byte(f.cloud("terminals", "--json")), &reports); err != nil {
		f.t.Fatal(err)
	}
	return reports
}

// join makes a computer a terminal by its line of the list, as countersignctl join --file does there, and examines it. Every tenth runs an
// older version.
func (f *fleet) join(computer string, n int) error {
	config := station.Config{
		Folder: filepath.Join(f.folder, computer), Settings: &station.Settings{Profile: "generic-80"}, Program: "countersignctl", Version: "v1.2.0", Computer: computer,
	}
	if n%10 == 9 {
		config.Version = "v1.1.0"
	}
	codes, err := station.ReadJoinFile(filepath.Join(f.folder, "codes.csv"), computer)
	if err != nil {
		return err
	}
	if len(codes) != 1 {
		return fmt.Errorf("the list has %d codes for it", len(codes))
	}
	s, err := station.JoinByList(f.t.Context(), config, codes, "")
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	for _, check := range station.Examine(f.t.Context(), config) {
		if !check.OK {
			return fmt.Errorf("doctor: %s: %s", check.Name, check.Found)
		}
	}
	return nil
}
