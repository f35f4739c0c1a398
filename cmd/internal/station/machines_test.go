package station_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// mishaps is how many answers are lost, and how often the program is started again.
func mishaps() int {
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		return 1000
	}
	return 100
}

// errLost is what a program sees of a line that lost something.
var errLost = errors.New("connection reset")

// lossyLine loses requests, and answers to requests that were acted upon; some requests arrive only when nobody expects them any more.
type lossyLine struct {
	wire http.RoundTripper

	mu       sync.Mutex
	random   *rand.Rand
	calm     bool
	requests int // that never arrived
	answers  int // to what had arrived
	late     []*http.Request
}

// RoundTrip implements http.RoundTripper.
func (l *lossyLine) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close() // it is read
	}
	again := func() *http.Request {
		copied := r.Clone(r.Context())
		copied.Body, copied.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return copied
	}
	l.mu.Lock()
	fate := l.random.IntN(10)
	if l.calm {
		fate = 9
	}
	switch {
	case fate < 1:
		l.requests++
	case fate < 2:
		l.late = append(l.late, again())
	case fate < 5:
		l.answers++
	}
	l.mu.Unlock()
	if fate < 2 {
		return nil, errLost
	}
	answer, err := l.wire.RoundTrip(again())
	if err == nil && fate < 5 {
		_, err = io.Copy(io.Discard, answer.Body)
		return nil, errors.Join(errLost, err, answer.Body.Close())
	}
	return answer, err
}

// deliver hands over what was on its way.
func (l *lossyLine) deliver(q *quay) {
	l.mu.Lock()
	late := l.late
	l.late = nil
	l.mu.Unlock()
	for _, r := range late {
		answer, err := l.wire.RoundTrip(r.WithContext(q.t.Context()))
		q.must(err)
		_, err = io.Copy(io.Discard, answer.Body)
		q.must(errors.Join(err, answer.Body.Close()))
	}
}

func newLossyLine() *lossyLine {
	return &lossyLine{wire: http.DefaultTransport.(*http.Transport).Clone(), random: rand.New(rand.NewPCG(4, 5))}
}

// If a lost answer or a restart looked like a copied data folder, a bad line would bar honest counters from selling alone.
func TestABadLineIsNoSecondMachine(t *testing.T) {
	q := openQuay(t, 1)
	q.must(q.counters[0].Close())
	q.counters[0] = nil
	line := newLossyLine()
	codes := q.issue("easy", mishaps()/2)
	honoured := q.badDays(line, codes)
	line.calm = true
	line.deliver(q)
	s := q.startOn(line, name1)
	q.must(s.Pump.Once(t.Context()))
	q.unsuspected(s, honoured)
	q.must(s.Close())
}

// If commands that speak to the store's hub alone looked like another machine once the hub hands on what they did, a counter that sells by
// commands would be barred after each outage.
func TestCommandsThroughAHubAreNoSecondMachine(t *testing.T) {
	q := openQuay(t, 2)
	q.appoint(0)
	q.must(q.counters[1].Close())
	q.counters = q.counters[:1]
	codes := q.issue("careful", 4)
	q.must(q.counters[0].Pump.Once(t.Context()))
	q.until("the hub has the newest vouchers", func() bool {
		row, err := q.counters[0].Terminal.Check(t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: codes[len(codes)-1]}}}, nil)
		return err == nil && row.Choice == terminal.Approved
	})
	line := newLossyLine()
	line.calm = true
	q.link.Cut()
	for _, code := range codes {
		s := q.startOn(line, name(1))
		if outcome := q.redeem(s, code); !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.ByStore {
			t.Fatalf("through the hub: %+v", outcome)
		}
		s.Linger(t.Context(), 2*time.Second, 0)
		q.must(s.Close())
	}
	q.link.Restore()
	q.until("the hub has handed on what they did", func() bool {
		handed := 0
		q.must(q.storage.Redemptions(t.Context(), cloud.RedemptionFilter{Merchant: "lakeside"}, func(cloud.Redemption) error {
			handed++
			return nil
		}))
		return handed == len(codes)
	})
	s := q.startOn(line, name(1))
	q.must(s.Pump.Once(t.Context()))
	q.unsuspected(s, len(codes))
	q.must(s.Close())
}

// If a copy that is started beside the first machine looked like a restart, both would honour the same vouchers whenever they are alone.
func TestACopiedFolderIsNoticed(t *testing.T) {
	for name, running := range map[string]bool{"the first was started again": false, "the first runs on": true} {
		t.Run(name, func(t *testing.T) {
			q := openQuay(t, 1)
			q.must(q.counters[0].Close())
			q.counters[0] = nil
			line := newLossyLine()
			line.calm = true
			codes := q.issue("easy", 3)
			first := q.startOn(line, name1)
			q.redeem(first, codes[0])
			q.must(first.Pump.Once(t.Context()))
			if !running {
				q.must(first.Close())
				q.copyFolder()
				first = q.startOn(line, name1)
				q.must(first.Pump.Once(t.Context()))
			} else {
				q.copyFolder() // of what is on disk while the first sells
			}
			second := q.startOn(line, "copy")
			q.must(second.Pump.Once(t.Context()))
			if running { // this is what a restart looks like, until the first is heard again
				q.unsuspected(second, 1)
				q.must(first.Pump.Once(t.Context()))
			}
			q.suspected(first, second, codes[1])
			q.must(errors.Join(first.Close(), second.Close()))
		})
	}
}

// copyFolder copies the first machine's data folder, with its key, to another place.
func (q *quay) copyFolder() {
	q.t.Helper()
	from, to := filepath.Join(q.folder, name1), filepath.Join(q.folder, "copy")
	q.must(os.CopyFS(to, os.DirFS(from)))
	files, err := os.ReadDir(to)
	q.must(err)
	for _, file := range files {
		if file.IsDir() {
			continue
		}
		q.must(os.Chmod(filepath.Join(to, file.Name()), 0o600))
	}
}

// name1 is the data folder of the first machine.
const name1 = "counter-1"

// startOn starts the program on a data folder, with nothing in its background.
func (q *quay) startOn(line *lossyLine, folder string) *station.Station {
	q.t.Helper()
	config := q.config(0)
	config.Folder, config.Transport, config.NoSocket = filepath.Join(q.folder, folder), line, true
	s, err := station.Open(q.t.Context(), config)
	q.must(err)
	return s
}

// badDays has one machine sell over a bad line, with a restart between whatever it does. It returns how many vouchers were honoured.
func (q *quay) badDays(line *lossyLine, codes []string) (honoured int) {
	for starts := 0; starts < mishaps() || line.answers < mishaps(); starts++ {
		s := q.startOn(line, name1)
		if starts%2 == 0 && honoured < len(codes) {
			if q.redeem(s, codes[honoured]).Redeemed() {
				honoured++
			}
		}
		// Whether it ends well is the line's: what is left to do is done after the next start.
		for range line.random.IntN(3) {
			_ = s.Pump.Once(q.t.Context())
		}
		q.must(s.Close())
		if starts%3 == 0 {
			line.deliver(q)
		}
	}
	q.t.Logf("%d requests and %d answers were lost, and %d vouchers honoured", line.requests, line.answers, honoured)
	return honoured
}

// unsuspected says that nobody believes in a second machine, and that everything was counted once.
func (q *quay) unsuspected(s *station.Station, honoured int) {
	q.t.Helper()
	exceptions, err := q.storage.Exceptions(q.t.Context(), "lakeside", true)
	q.must(err)
	for _, x := range exceptions {
		q.t.Errorf("a false alarm: %+v", x)
	}
	barred, err := s.Journal.Barred(q.t.Context())
	q.must(err)
	if barred.Cause() != "" {
		q.t.Errorf("the terminal is barred: %s", barred.Cause())
	}
	var accepted int64
	q.must(q.storage.Redemptions(q.t.Context(), cloud.RedemptionFilter{Merchant: "lakeside"}, func(r cloud.Redemption) error {
		for _, line := range r.Lines {
			accepted += line.Accepted
		}
		return nil
	}))
	if accepted != int64(honoured) {
		q.t.Errorf("%d redemptions were accepted of %d", accepted, honoured)
	}
}

// suspected says that the copy was noticed, and that neither machine honours anything alone.
func (q *quay) suspected(first, second *station.Station, code string) {
	q.t.Helper()
	exceptions, err := q.storage.Exceptions(q.t.Context(), "lakeside", false)
	q.must(err)
	if len(exceptions) != 1 || exceptions[0].Kind != api.ExceptionClone || exceptions[0].Machines == nil || len(*exceptions[0].Machines) != 2 {
		q.t.Fatalf("the copy was not noticed: %+v", exceptions)
	}
	for _, s := range []*station.Station{first, second} {
		q.must(s.Pump.Once(q.t.Context()))
		barred, err := s.Journal.Barred(q.t.Context())
		q.must(err)
		if barred.Cause() != terminal.BarredCloned {
			q.t.Errorf("a machine sells alone: %q", barred.Cause())
		}
		status, err := s.Status(q.t.Context())
		q.must(err)
		named := slices.ContainsFunc(*exceptions[0].Machines, func(m api.Machine) bool { return m.Id == status.Machine })
		if !named || !strings.Contains(status.Barred.Do, status.Machine) {
			q.t.Errorf("nobody at the machine %s can tell which it is of %+v: %s", status.Machine, *exceptions[0].Machines, status.Barred.Do)
		}
	}
	q.link.Cut()
	for _, s := range []*station.Station{first, second} {
		outcome, err := s.Terminal.Redeem(q.t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}})
		q.must(err)
		if outcome.Reason() != terminal.OfflineNotAllowed {
			q.t.Errorf("alone: %+v", outcome.Findings)
		}
	}
	q.link.Restore()
}
