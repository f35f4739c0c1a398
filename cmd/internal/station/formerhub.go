package station

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"

	cloudsync "countersign/sync"
)

// formerHubsName is the file that keeps where the hubs of earlier terms were called: one that has no line to the cloud has to be told that another
// one was appointed.
const formerHubsName = "formerhubs.json"

// formerHubsMost is how many of them are kept.
const formerHubsMost = 3

// keepAppointment stores the newest appointment of the store's hub, and where the one before it was called.
func (s *Station) keepAppointment(signed string, former cloudsync.Appointment) error {
	if err := s.keepFormer(former); err != nil {
		s.Log.Warn("where the store's hub was until now cannot be kept: it is looked for by asking the network", "error", err.Error())
	}
	return replaceFile(filepath.Join(s.folder, appointmentName), []byte(signed), true)
}

func (s *Station) keepFormer(former cloudsync.Appointment) error {
	if former.Nobody() || s.isHub(former) {
		return nil
	}
	where := s.knownHub(former)
	if where == "" {
		where = s.finder.last(former.HubName())
	}
	if where == "" {
		return nil
	}
	places := s.formerHubs()
	places[former.Term] = where
	for len(places) > formerHubsMost {
		delete(places, slices.Min(slices.Collect(maps.Keys(places))))
	}
	raw, err := json.Marshal(places)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.folder, formerHubsName), raw, true)
}

// formerHubs is where the hubs of earlier terms were called, by their term. A file that cannot be read is as good as none: they are looked for on
// the network as well.
func (r *Reader) formerHubs() map[int64]string {
	places := map[int64]string{}
	raw, err := os.ReadFile(filepath.Join(r.folder, formerHubsName))
	if err != nil || json.Unmarshal(raw, &places) != nil || places == nil {
		return map[int64]string{}
	}
	return places
}

// formerHub is where the hub of an earlier term, called name, may still listen: where it was called then, and where somebody answers to its name.
func (r *Reader) formerHub(ctx context.Context, term int64, name string) (places []string) {
	if where := r.formerHubs()[term]; where != "" {
		places = append(places, where)
	}
	if r.finder == nil || r.finder.networks == nil {
		return places
	}
	networks, err := r.finder.networks()
	if err != nil {
		return places
	}
	return append(places, lookOn(ctx, networks, name)...)
}
