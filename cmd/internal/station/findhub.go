package station

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/hub"
)

const (
	lookMost  = time.Second            // for one look; nobody's scan waits for it
	lookMore  = 200 * time.Millisecond // after the first answer, for those that come later
	lookEvery = 10 * time.Second       // while the hub does not answer where it was
)

// finder finds a hub that has no address, by asking the networks of this computer. Whoever answers has to have the hub's certificate: of several
// that answer, each is called in turn.
type finder struct {
	networks func() ([]net.Interface, error) // nil never asks

	looking sync.Mutex // held by who asks

	mu    sync.Mutex
	name  string   // of the hub that was asked for
	there []string // addresses that answered
	next  int
	asked time.Time
}

// where is an address of the hub called name, or "". ctx ends waiting. It asks where nothing is known, and again where that has not helped.
func (f *finder) where(ctx context.Context, name string, alive bool) string {
	if f == nil || f.networks == nil {
		return ""
	}
	known, due := f.known(name, alive)
	if !due || !f.looking.TryLock() {
		return known
	}
	defer f.looking.Unlock()
	networks, err := f.networks()
	if err != nil {
		return known
	}
	there := lookOn(ctx, networks, name)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = time.Now()
	if len(there) > 0 {
		f.there = there
	}
	if f.next++; len(f.there) == 0 {
		return ""
	}
	return f.there[f.next%len(f.there)]
}

// lookOn asks these networks where a hub is.
func lookOn(ctx context.Context, networks []net.Interface, name string) (there []string) {
	limited, cancel := context.WithTimeout(ctx, lookMost)
	defer cancel()
	_ = hub.Look(limited, networks, name, func(address string) bool { // a network that cannot be asked has no hub to be found on
		if len(there) == 0 {
			time.AfterFunc(lookMore, cancel)
		}
		there = append(there, address)
		return false
	})
	return there
}

// known is what was found before, and whether it is time to ask.
func (f *finder) known(name string, alive bool) (address string, due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.name != name { // another hub, or another term of it
		f.name, f.there, f.next, f.asked = name, nil, -1, time.Time{}
	}
	due = !alive && time.Since(f.asked) > lookEvery
	if len(f.there) > 0 {
		address = f.there[max(f.next, 0)%len(f.there)]
	}
	return address, due
}

// last is where the hub called name was found, or "". It asks nobody.
func (f *finder) last(name string) string {
	if f == nil {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.name != name || len(f.there) == 0 {
		return ""
	}
	return f.there[max(f.next, 0)%len(f.there)]
}

// newFinder makes the finder of a terminal with this cloud. One whose cloud is on this very computer looks for the hub there, too.
func newFinder(cloud string) *finder {
	address, err := url.Parse(cloud)
	local := err == nil && api.Loopback(address.Hostname())
	return &finder{networks: func() ([]net.Interface, error) { return hub.Networks(local) }}
}

// answerForHub tells who asks on the networks where the store's hub listens, for as long as it serves, where no address says so.
func (s *Station) answerForHub(ctx context.Context, appointed cloudsync.Appointment, listens net.Addr) {
	if s.finder == nil || appointed.Where() != "" {
		return
	}
	_, text, err := net.SplitHostPort(listens.String())
	port, bad := strconv.ParseUint(text, 10, 16)
	if err != nil || bad != nil {
		return
	}
	for ctx.Err() == nil {
		networks, err := s.finder.networks()
		if err == nil {
			limited, cancel := context.WithTimeout(ctx, answerAnew)
			err = hub.Answer(limited, networks, appointed.HubName(), uint16(port))
			again := limited.Err() != nil
			cancel()
			if again { // networks come and go
				continue
			}
		}
		s.Log.Warn("this hub cannot be found by asking the network: set hub at the other counters", "error", err.Error())
		timer := time.NewTimer(answerAnew)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// answerAnew is how often a hub looks which networks there are.
const answerAnew = time.Minute
