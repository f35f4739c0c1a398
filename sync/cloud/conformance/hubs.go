package conformance

import (
	"bytes"
	"errors"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

var hubTests = []test{
	{"each change of a hub is a new term", hubTerms},
	{"the store hears who its hub is, and the hub who its terminals are", hubPeers},
	{"a hub that is suspended is none any more", suspendedHub},
}

func (w *world) appoint(store, name, address string) (cloud.Hub, bool) {
	w.Helper()
	hub, changed, err := w.storage.AppointHub(w.Context(), cloud.Hub{Merchant: merchantID, Store: store, Terminal: name, Address: address, At: w.tick()})
	if err != nil {
		w.Fatal(err)
	}
	return hub, changed
}

// Two terminals would be the hub of one store in the same term, and grant the same voucher.
func hubTerms(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	far := w.counter(harbour)
	if _, err := w.storage.Hub(w.Context(), merchantID, quay); !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a store without a hub: %v", err)
	}
	for n, step := range []struct {
		name, address string
		changed       bool
		term          int64
	}{
		{a.Name, "192.0.2.1:7743", true, 1}, {a.Name, "192.0.2.1:7743", false, 1}, {a.Name, "192.0.2.2:7743", true, 2},
		{b.Name, "192.0.2.2:7743", true, 3}, {"", "", true, 4}, {"", "", false, 4}, {b.Name, "", true, 5},
	} {
		hub, changed := w.appoint(quay, step.name, step.address)
		if hub.Term != step.term || changed != step.changed || hub.Terminal != step.name || hub.Address != step.address {
			w.Errorf("step %d: %+v, changed %v", n, hub, changed)
		}
	}
	hub, err := w.storage.Hub(w.Context(), merchantID, quay)
	if err != nil || hub.ID != b.ID || !bytes.Equal(hub.Key, b.Key) {
		w.Errorf("the newest: %+v, %v", hub, err)
	}
	filling := func(teller *counter, percent int, ready bool) *cloud.HubFilling {
		told := cloud.Readiness{Version: "1", Hub: &cloud.HubFilling{Ready: ready, Percent: percent}}
		if err := w.storage.NoteReadiness(w.Context(), teller.Terminal, told, w.tick()); err != nil {
			w.Fatal(err)
		}
		hub, err := w.storage.Hub(w.Context(), merchantID, quay)
		if err != nil || (hub.Filling != nil && !hub.ToldAt.Equal(w.now)) {
			w.Fatalf("%+v, %v", hub, err)
		}
		return hub.Filling
	}
	w.expect("how full it is, before it said so", hub.Filling == nil, true)
	w.expect("how full who is no hub says to be", filling(a, 40, false) == nil, true)
	w.expect("how full it is", *filling(b, 40, false), cloud.HubFilling{Percent: 40})
	w.expect("in the end", *filling(b, 100, true), cloud.HubFilling{Ready: true, Percent: 100})
	next, _ := w.appoint(quay, a.Name, "")
	w.expect("how full the next one is", next.Filling == nil, true)
	_, _, err = w.storage.AppointHub(w.Context(), cloud.Hub{Merchant: merchantID, Store: quay, Terminal: far.Name + "x", At: w.tick()})
	if !errors.Is(err, cloud.ErrUnknown) {
		w.Errorf("a terminal that the store does not have: %v", err)
	}
}

// The counters of a store would go on asking a hub that is none, or the hub would turn away a counter that joined today.
func hubPeers(w *world) {
	hub, peer, far := w.counter(quay), w.counter(quay), w.counter(harbour)
	ticket := w.issue("dinner", cloud.Facts{})
	peer.redeem(ticket, 1)
	peer.push(1)
	w.appoint(quay, hub.Name, "")
	if told := hubsIn(peer.pull("", 100)); told != 1 {
		w.Errorf("the store's terminal was told of %d appointments", told)
	}
	if told := hubsIn(far.pull("", 100)); told != 0 {
		w.Errorf("another store's terminal was told of %d appointments", told)
	}
	page, err := w.storage.Feed(w.Context(), hub.Terminal, "", 2000)
	if err != nil {
		w.Fatal(err)
	}
	peers := map[string]api.Peer{}
	for _, p := range page.Peers {
		peers[p.Terminal] = p
	}
	told := peers[peer.Name]
	if len(peers) != 2 || told.Included != 1 || told.Head.Seq != 1 || !bytes.Equal(told.Head.Hash, peer.place.Hash[:]) ||
		!bytes.Equal(told.PublicKey, peer.Key) || told.Receipt != 1 || told.Suspended || told.Forked {
		w.Errorf("the hub is told of %+v", page.Peers)
	}
	for _, other := range []*counter{peer, far} {
		if page, err := w.storage.Feed(w.Context(), other.Terminal, "", 2000); err != nil || len(page.Peers) != 0 {
			w.Errorf("%s, which is no hub, is told of %+v (%v)", other.Name, page.Peers, err)
		}
	}
	late := w.counter(quay)
	next, err := w.storage.Feed(w.Context(), hub.Terminal, page.Cursor, 2000)
	if err != nil || hubsIn(next) != 1 || len(next.Peers) != 3 {
		w.Errorf("of %s, which joined after it was appointed, the hub hears %+v (%v)", late.Name, next.Peers, err)
	}
}

func hubsIn(page cloud.Page) (count int) {
	for _, record := range page.Records {
		if record.Hub != nil {
			count++
		}
	}
	return count
}

// A machine that the merchant has barred, a stolen one say, would go on vouching for its store.
func suspendedHub(w *world) {
	hub, peer := w.counter(quay), w.counter(quay)
	w.appoint(quay, hub.Name, "")
	before := peer.pull("", 100)
	suspend := func(name string, suspended bool) {
		if _, err := w.storage.Suspend(w.Context(), merchantID, quay, name, suspended); err != nil {
			w.Fatal(err)
		}
	}
	now := func() cloud.Hub {
		hub, err := w.storage.Hub(w.Context(), merchantID, quay)
		if err != nil {
			w.Fatal(err)
		}
		return hub
	}
	suspend(peer.Name, true)
	w.expect("after another one was suspended", []any{now().Terminal, now().Term}, []any{hub.Name, int64(1)})
	suspend(peer.Name, false)
	suspend(hub.Name, true)
	w.expect("after it was suspended itself", []any{now().Terminal, now().Term}, []any{"", int64(2)})
	w.expect("what its store hears", hubsIn(peer.pull(before.Cursor, 100)), 1)
	w.expect("what it hears itself", hubsIn(hub.pull(before.Cursor, 100)), 1)
	suspend(hub.Name, false)
	w.expect("after it was readmitted", now().Terminal, "")
}
