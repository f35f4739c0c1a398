package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud/sqlite"
	"countersign/sync/hub"
	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/terminal/keystore"
)

// appointmentName is the file that keeps the newest appointment of the store's hub, as the cloud signed it.
const appointmentName = "hub.jws"

// hubs makes the line to the store's hub.
func (r *Reader) hubs(keys keystore.Keys, claims *cloudsync.Claims, lines cloudsync.LineStore, log *slog.Logger, keep func(signed string, former cloudsync.Appointment) error) error {
	signed, err := os.ReadFile(filepath.Join(r.folder, appointmentName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	identity := r.Journal.Identity()
	r.appointments, err = cloudsync.NewAppointments(identity.RootKey, identity.Merchant, identity.Store, string(signed), keep)
	if err != nil { // it will come again with the feed, and until then the cloud answers
		if r.appointments, err = cloudsync.NewAppointments(identity.RootKey, identity.Merchant, identity.Store, "", keep); err != nil {
			return err
		}
	}
	if r.dial == nil {
		r.finder = newFinder(r.url)
	}
	r.hub = cloudsync.NewHubLine(cloudsync.HubConfig{
		Appointments: r.appointments, Key: keys.Sign, Claims: claims, Journal: journalOfHub{r.Journal}, Lines: lines, Find: r.findHub,
		Former: r.formerHub, Dial: r.dial, Log: log,
	})
	return nil
}

// journalOfHub is the journal as the line to the hub knows it.
type journalOfHub struct{ *journal.Reader }

// Since implements cloudsync.HubJournal.
func (j journalOfHub) Since(ctx context.Context, seq uint64, limit, maxBytes int) (cloudsync.Batch, error) {
	batch, err := j.Reader.Since(ctx, seq, limit, maxBytes)
	return cloudsync.Batch(batch), err
}

// findHub says where the hub listens: here, where this terminal is it; else where the configuration says; else where the cloud says; else
// where it answers on this computer's networks.
func (r *Reader) findHub(ctx context.Context, appointed cloudsync.Appointment) string {
	if where := r.knownHub(appointed); where != "" || r.isHub(appointed) {
		return where
	}
	return r.finder.where(ctx, appointed.HubName(), r.hub.Alive())
}

// knownHub is findHub without asking anybody who may not answer it: "" where only the network knows.
func (r *Reader) knownHub(appointed cloudsync.Appointment) string {
	if r.isHub(appointed) {
		r.serving.Lock()
		defer r.serving.Unlock()
		return r.serving.address
	}
	if r.Settings.Hub != "" {
		return api.WithHubPort(r.Settings.Hub)
	}
	return appointed.Where()
}

func (r *Reader) isHub(appointed cloudsync.Appointment) bool {
	return !appointed.Nobody() && appointed.Key().Equal(r.Journal.Identity().PublicKey)
}

// hubListens is where this terminal listens as the store's hub.
func (r *Reader) hubListens(appointed cloudsync.Appointment) string {
	if r.Settings.HubListen != "" {
		return api.WithHubPort(r.Settings.HubListen)
	}
	host, port, err := net.SplitHostPort(appointed.Where())
	switch {
	case err != nil:
		return ":" + api.HubPort
	case api.Loopback(host): // nobody else is meant to call
		return net.JoinHostPort(host, port)
	}
	return ":" + port
}

// beHub serves the store for as long as this terminal is its hub, until ctx is done.
func (s *Station) beHub(ctx context.Context) {
	var backoff cloudsync.Backoff
	for ctx.Err() == nil {
		appointed, changed := s.appointments.Now()
		if !s.isHub(appointed) {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		term, end := context.WithCancel(ctx)
		go func() {
			select {
			case <-term.Done():
			case <-changed:
				end()
			}
		}()
		err := s.serveStore(term, appointed)
		end()
		if err == nil || ctx.Err() != nil {
			backoff.Reset()
			continue
		}
		s.Log.Error("this terminal is the store's hub and cannot serve it", "error", err.Error())
		s.setServing("", err)
		wait := time.NewTimer(backoff.Next(0))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// serveStore serves one term.
func (s *Station) serveStore(ctx context.Context, appointed cloudsync.Appointment) (err error) {
	copied, err := sqlite.OpenHub(s.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	told := make(chan *Filling, 1)
	filling := s.tellHubFilling(told)
	if _, filled, err := copied.Cursor(ctx); err != nil {
		return err
	} else if filled {
		filling(nil)
	}
	served, err := hub.New(ctx, hub.Config{Appointment: appointed, Key: s.keys.Sign, Copy: copied, Log: s.Log,
		Upstream: cloudsync.NewUpstream(s.upstream, s.breaker), Trust: s.trust.Signed, Appointments: s.appointments, Settle: cloudsync.HubSettle,
		Folder: filepath.Join(s.folder, hubFillFolder), Filling: filling, Mark: filepath.Join(s.folder, sqlite.HubMarkName)})
	if err != nil {
		return err
	}
	listener, err := s.listen("tcp", s.hubListens(appointed))
	if err != nil {
		return fmt.Errorf("nothing can listen at %s; set hub_listen in the configuration: %w", s.hubListens(appointed), err)
	}
	s.setServing(reachable(listener.Addr()), nil)
	defer s.setServing("", nil)
	s.Log.Info("this terminal is the store's hub", "term", appointed.Term, "address", listener.Addr().String())
	s.hub.Nudge()
	var answering sync.WaitGroup
	defer answering.Wait()
	serving, end := context.WithCancel(ctx)
	defer end()
	answering.Go(func() { s.answerForHub(serving, appointed, listener.Addr()) })
	answering.Go(func() { s.reportHubFilling(serving, told) })
	return served.Run(ctx, listener)
}

// reachable is where this very computer calls a listener.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
	}
	return address.String()
}

func (s *Station) setServing(address string, trouble error) {
	s.serving.Lock()
	s.serving.address, s.serving.trouble = address, trouble
	s.serving.Unlock()
	s.notify()
}

// HubStatus is the store's hub as this terminal sees it.
type HubStatus struct {
	cloudsync.HubStatus
	Here    bool   `json:"here"`              // this terminal is it
	Address string `json:"address,omitempty"` // where it is called
	// Filling is how far its copy of what the cloud has is, where it is here and not whole: it answers nobody before it is.
	Filling *Filling `json:"filling,omitempty"`
}

// HubStatus says how the store's hub is; nil where the store has none.
func (r *Reader) HubStatus(ctx context.Context) *HubStatus {
	appointed := r.appointments.Newest()
	if appointed.Nobody() {
		return nil
	}
	status := &HubStatus{HubStatus: r.hub.Status(), Here: r.isHub(appointed), Address: r.knownHub(appointed)}
	if status.Here {
		status.Filling = fillingIn(filepath.Join(r.folder, hubFillingName))
	}
	if status.Here && !status.Told { // nobody asks the hub from this process: its record says so, too
		if awaits, err := sqlite.HubAwaits(ctx, r.folder, time.Now()); err == nil {
			status.Awaits = awaits
		} else if status.Trouble == "" {
			status.Trouble = err.Error()
		}
	}
	if status.Address == "" && !status.Here {
		status.Address = r.finder.last(appointed.HubName())
	}
	if r.serving.Lock(); r.serving.trouble != nil {
		status.Trouble = r.serving.trouble.Error()
	}
	r.serving.Unlock()
	return status
}

// examineHub asks the hub for a sign of life.
func (d doctor) examineHub(ctx context.Context, r *Reader, hub HubStatus) Check {
	args := map[string]any{"name": hub.Terminal, "address": hub.Address}
	if hub.Here {
		if _, held := FindHolder(r.folder); !held {
			return d.ill("hub", "off", nil)
		}
		if hub.Filling != nil {
			return d.ill("hub", "filling", map[string]any{"percent": hub.Filling.Percent()})
		}
		if hub.Awaits > 0 {
			return d.ill("hub", "awaits", map[string]any{"count": hub.Awaits})
		}
		return d.well("hub", "here", nil)
	}
	if hub.Address == "" {
		hub.Address = r.findHub(ctx, r.appointments.Newest())
		args["address"] = hub.Address
	}
	if hub.Address == "" {
		return d.ill("hub", "nowhere", args)
	}
	if err := r.hub.Beat(ctx); err != nil {
		args["trouble"] = cloudsync.HubTrouble(err)
		return d.ill("hub", "silent", args)
	}
	if awaits := r.hub.Status().Awaits; awaits > 0 {
		args["count"] = awaits
		return d.ill("hub", "forgot", args)
	}
	return d.well("hub", "ok", args)
}

var (
	_ cloudsync.HubJournal = journalOfHub{}
	_ terminal.Authority   = (*cloudsync.StoreAuthority)(nil)
)
