package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	assets "countersign/assets/demo"
	"countersign/cmd/internal/demo"
	"countersign/cmd/internal/station"
	"countersign/sync/cloud/catalogue"
	"countersign/terminal"
)

// dayShop is a real cloud with two counters of one store, whose business day begins when a test says so.
type dayShop struct {
	t        *testing.T
	ctx      context.Context
	world    *demo.Demo
	programs string
	counters []*station.Station
	honoured int // vouchers that were used up
}

func openDayShop(t *testing.T) *dayShop {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(stop)
	world, err := demo.Start(ctx, demo.Options{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	s := &dayShop{t: t, ctx: ctx, world: world}
	t.Cleanup(func() {
		for _, counter := range s.counters {
			if err := counter.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	})
	s.begins(13*60 + 30)
	for _, name := range []string{"counter-2", "counter-3"} {
		code, err := world.Cloud.Invite(ctx, demo.Store, name)
		if err != nil {
			t.Fatal(err)
		}
		counter, err := station.Join(ctx, station.Config{Folder: filepath.Join(world.Folder, name), Settings: &station.Settings{Profile: "generic-80"}, Program: "test"}, code, "")
		if err != nil {
			t.Fatal(err)
		}
		s.counters = append(s.counters, counter)
	}
	return s
}

// build makes the real programs that the window is compared with.
func (s *dayShop) build() {
	s.t.Helper()
	s.programs = s.t.TempDir()
	build := exec.CommandContext(s.ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "x11", "-o", s.programs+"/", "../countersignctl", "../countersign-cloud")
	if output, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("the programs cannot be built: %v\n%s", err, output)
	}
}

// begins has the store's business day begin so many minutes after midnight, in a zone in which it is noon now.
func (s *dayShop) begins(minutes int) {
	s.t.Helper()
	offers, err := catalogue.Read("catalogue.toml", string(assets.Catalogue()), func(string) ([]byte, error) { return nil, errors.New("there is no file") })
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range offers.Stores {
		ahead := 12 - time.Now().UTC().Hour()
		offers.Stores[i].Zone, offers.Stores[i].BusinessDayStarts = fmt.Sprintf("Etc/GMT%+d", -ahead), minutes
	}
	if _, err := s.world.Cloud.Storage.Apply(s.ctx, offers); err != nil {
		s.t.Fatal(err)
	}
	for _, counter := range s.counters {
		if err := counter.Pump.Pull(s.ctx); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *dayShop) redeem(counter int, code string) terminal.Outcome {
	s.t.Helper()
	operator, finding, err := s.counters[counter].Terminal.SignIn(s.ctx, demo.Cashier, demo.CashierPIN)
	if err != nil || finding != nil {
		s.t.Fatal(err, finding)
	}
	outcome, err := s.counters[counter].Terminal.Redeem(s.ctx, terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}, Operator: operator})
	if err != nil {
		s.t.Fatal(err)
	}
	return outcome
}

// good redeems another good voucher.
func (s *dayShop) good(counter int) terminal.Record {
	s.t.Helper()
	outcome := s.redeem(counter, s.world.Of(demo.Good, s.honoured).Code)
	s.honoured += 17
	if !outcome.Redeemed() {
		s.t.Fatalf("turned away: %s", outcome.Reason())
	}
	return *outcome.Record
}

func (s *dayShop) takeBack(counter int, record terminal.Record) {
	s.t.Helper()
	operator, _, err := s.counters[counter].Terminal.SignIn(s.ctx, demo.Cashier, demo.CashierPIN)
	if err != nil {
		s.t.Fatal(err)
	}
	outcome, err := s.counters[counter].Terminal.Reverse(s.ctx, terminal.Reversal{UID: record.Entry.UID, Operator: operator, Note: "wrong voucher"})
	if err != nil || outcome.Choice != terminal.Approved {
		s.t.Fatal(err, outcome.Reason())
	}
}

// settle goes on until every counter has sent everything and heard what the cloud says of it.
func (s *dayShop) settle(days ...terminal.Date) {
	s.t.Helper()
	for _, counter := range s.counters {
		for pending := true; pending; {
			if err := s.ctx.Err(); err != nil {
				s.t.Fatal(err)
			}
			if err := errors.Join(counter.Pump.Push(s.ctx), counter.Pump.Pull(s.ctx)); err != nil {
				s.t.Logf("the line is not back yet: %v", err)
				continue
			}
			pending = false
			for _, day := range days {
				account, err := daySource{Station: counter}.Own(s.ctx, day)
				if err != nil {
					s.t.Fatal(err)
				}
				pending = pending || account.Figures.Pending > 0
			}
		}
	}
}

func (s *dayShop) run(into any, program string, args ...string) {
	s.t.Helper()
	var failed bytes.Buffer
	command := exec.CommandContext(s.ctx, filepath.Join(s.programs, program), args...)
	command.Stderr = &failed
	out, err := command.Output()
	if err != nil {
		s.t.Fatalf("%s %s: %v: %s", program, strings.Join(args, " "), err, failed.String())
	}
	if err := json.Unmarshal(out, into); err != nil {
		s.t.Fatal(err)
	}
}

// cloudSays adds up what the cloud's redemptions lists of a day, and by assurance: made notes what was redeemed, for what is taken back later.
func (s *dayShop) cloudSays(day terminal.Date, made map[string]string) (redemptions, reversals, minor int64, assured map[string]int64) {
	s.t.Helper()
	var listed []struct {
		Kind, UID, Reverses, Assurance string
		Lines                          []struct{ Amount, Discount, Price, Value *terminal.Money }
	}
	assured = map[string]int64{}
	s.run(&listed, "countersign-cloud", "--data", filepath.Join(s.world.Folder, "cloud"), "redemptions", "--day", day.String(), "--store", demo.Store, "--format", "json")
	for _, one := range listed {
		sign, assurance := int64(1), one.Assurance
		if one.Kind == "reverse" {
			sign, assurance = -1, made[one.Reverses]
			reversals++
		} else {
			made[one.UID] = assurance
			redemptions++
		}
		for _, line := range one.Lines {
			worth := terminal.EntryLine{Amount: line.Amount, Discount: line.Discount, Price: line.Price, Value: line.Value}.Worth()
			minor += sign * worth.Minor
			assured[assurance] += sign * worth.Minor
		}
	}
	return redemptions, reversals, minor, assured
}

// netBy is what each line of a list comes to, of one currency.
func netBy(groups []terminal.GroupFigures) map[string]int64 {
	nets := map[string]int64{}
	for _, group := range groups {
		for _, worth := range group.Worth {
			nets[group.Key] += worth.Net.Minor
		}
	}
	return nets
}

func TestManagersFiguresAreTheReportsAndTheClouds(t *testing.T) {
	// A manager would book other sums than IT's report and the merchant's list, most of all around the hour at which the day turns.
	s := openDayShop(t)
	s.build()
	first := s.good(0)
	s.good(0)
	s.good(1)
	s.redeem(1, s.world.Of(demo.Expired, 0).Code)
	s.world.Link.Cut()
	if alone := s.good(1); alone.Entry.Assurance != terminal.Offline {
		t.Fatalf("the line is cut, and the redemption is %s", alone.Entry.Assurance)
	}
	s.world.Link.Restore()
	before := first.Entry.BusinessDay
	s.settle(before)
	s.begins(6 * 60)
	after := s.good(0).Entry.BusinessDay
	if after != before.AddDays(1) {
		t.Fatalf("the day turned from %s to %s", before, after)
	}
	s.good(1)
	s.takeBack(0, first) // of the day before: it counts today
	s.settle(before, after)

	source, made := daySource{Station: s.counters[0]}, map[string]string{}
	for _, day := range []terminal.Date{before, after} {
		whole, err := source.Store(s.ctx, day)
		if err != nil {
			t.Fatal(err)
		}
		redemptions, reversals, minor, assured := s.cloudSays(day, made)
		f := whole.Figures
		if f.Redemptions != redemptions || f.Reversals != reversals || len(f.Worth) != 1 || f.Worth[0].Net.Minor != minor || redemptions == 0 || f.Pending != 0 {
			t.Errorf("%s: the room says %+v, the cloud %d redeemed, %d taken back, %d", day, f, redemptions, reversals, minor)
		}
		if diff := cmp.Diff(assured, netBy(f.Assurances)); diff != "" {
			t.Errorf("%s: by certainty the cloud and the room differ (-cloud +room):\n%s", day, diff)
		}
		for list, groups := range map[string][]terminal.GroupFigures{"certainty": f.Assurances, "kind": f.Kinds, "hour": f.Hours, "cashier": f.Operators, "counter": f.Terminals} {
			net := int64(0)
			for _, part := range netBy(groups) {
				net += part
			}
			if net != minor {
				t.Errorf("%s: by %s the room comes to %d, the day to %d", day, list, net, minor)
			}
		}
		var sum, declines, offline int64
		for i, counter := range s.counters {
			var report terminal.Figures
			s.run(&report, "countersignctl", "--data", counter.Folder(), "report", "--day", day.String(), "--json")
			own, err := daySource{Station: counter}.Own(s.ctx, day)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(report, own.Figures); diff != "" {
				t.Errorf("%s, counter %d: the report and the room differ (-report +room):\n%s", day, i, diff)
			}
			declines, offline = declines+report.Declines, offline+report.Offline
			for _, worth := range report.Worth {
				sum += worth.Net.Minor
			}
		}
		if sum != minor || declines != f.Declines || offline != f.Offline {
			t.Errorf("%s: the reports come to %d, %d turned away, %d offline; the room says %+v", day, sum, declines, offline, f)
		}
		for _, counter := range whole.Counters {
			if counter.Pending != 0 {
				t.Errorf("%s is not in yet", counter.Name)
			}
		}
	}
}

func TestPausedOfferIsTurnedAwayAtOnce(t *testing.T) {
	// "Sold out today" would be said in the office, and the counters would go on selling.
	s := openDayShop(t)
	manager, _, err := s.counters[0].Terminal.SignIn(s.ctx, demo.Manager, demo.ManagerPIN)
	if err != nil {
		t.Fatal(err)
	}
	source := daySource{Station: s.counters[0]}
	voucher := s.world.Of(demo.Good, 0)
	if err := source.Pause(s.ctx, voucher.Campaign.ID, true, manager); err != nil {
		t.Fatal(err)
	}
	if err := s.counters[1].Pump.Pull(s.ctx); err != nil {
		t.Fatal(err)
	}
	if outcome := s.redeem(1, voucher.Code); outcome.Reason() != terminal.CampaignIsPaused {
		t.Errorf("the other counter says %q", outcome.Reason())
	}
	s.world.Link.Cut()
	if err := source.Pause(s.ctx, voucher.Campaign.ID, false, manager); !errors.Is(err, terminal.ErrNoAnswer) {
		t.Errorf("without the line: %v", err)
	}
}
