package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

type appointing struct {
	*globals
	address string
	none    bool
	asJSON  bool
}

// appointment is what hub prints with --json.
type appointment struct {
	Store    string    `json:"store"`
	Terminal string    `json:"terminal"` // "" where the store has none
	Term     int64     `json:"term"`
	Address  string    `json:"address,omitempty"`
	At       time.Time `json:"at"`

	Filling *cloud.HubFilling `json:"filling,omitempty"` // as the hub said last
	ToldAt  *time.Time        `json:"told_at,omitempty"`
}

func newHub(g *globals) *cobra.Command {
	a := &appointing{globals: g}
	cmd := &cobra.Command{
		Use:   "hub STORE [TERMINAL]",
		Short: "Make a terminal the hub of its store, or say which one is",
		Long: "Makes a terminal the hub of its store: while the internet is down it answers the store's other terminals on the shop's network, so that\n" +
			"two counters never honour one voucher twice. Choose one that always runs; it needs the program running, and port " + api.HubPort + " open.\n" +
			"Each change is a new term; terminals refuse a hub of an older one, as soon as they have heard of the new. Change it while the store is\n" +
			"online. Without TERMINAL it says which one is the hub.",
		Example: "  countersign-cloud hub quay counter-1 --address 192.0.2.10\n  countersign-cloud hub quay\n  countersign-cloud hub quay --none",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("address") && a.address == "" {
				return usage("--address is empty: leave it out where each terminal finds the hub by itself")
			}
			return g.with(func(s cloud.Office) error { return a.run(cmd.Context(), s, args) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&a.address, "address", "", "where its terminals call it on the shop's network, HOST or HOST:PORT; left out, each terminal's own\nconfiguration says (hub = \"HOST\"), or they find it by asking the shop's network")
	flags.BoolVar(&a.none, "none", false, "the store has no hub from now on")
	flags.BoolVar(&a.asJSON, "json", false, "as JSON")
	return cmd
}

func (a *appointing) run(ctx context.Context, s cloud.Office, args []string) error {
	typed := a.address
	if typed != "" {
		a.address = api.WithHubPort(typed)
	}
	switch {
	case a.none && len(args) == 2:
		return usage("--none is for no terminal at all: leave %s out", args[1])
	case len(args) == 1 && a.address != "":
		return usage("say which terminal has the address %s: hub %s TERMINAL", typed, args[0])
	case typed != "" && (!api.GoodPlace(a.address, false) || api.Anywhere(a.address)):
		return usage("%q is no HOST or HOST:PORT on the shop's network: it looks like 192.0.2.10, 192.0.2.10:%s or till-1.shop.example", typed, api.HubPort)
	}
	merchant, store, err := a.store(ctx, s, args[0])
	if err != nil {
		return err
	}
	if len(args) == 1 && !a.none {
		hub, err := s.Hub(ctx, merchant.ID, store.ID)
		if err != nil && !errors.Is(err, cloud.ErrUnknown) {
			return err
		}
		hub.Store = store.ID
		return a.tell(hub, "is")
	}
	wanted := cloud.Hub{Merchant: merchant.ID, Store: store.ID, Address: a.address, At: time.Now()}
	if len(args) == 2 {
		wanted.Terminal = args[1]
	}
	hub, changed, err := s.AppointHub(ctx, wanted)
	if errors.Is(err, cloud.ErrUnknown) {
		return usage("store %s has no terminal %q at work: see countersign-cloud terminals", store.ID, args[1])
	}
	if err != nil {
		return err
	}
	word := "is"
	if !changed {
		word = "is already"
	}
	return a.tell(hub, word)
}

func (a *appointing) tell(hub cloud.Hub, word string) error {
	if a.asJSON {
		facts := appointment{Store: hub.Store, Terminal: hub.Terminal, Term: hub.Term, Address: hub.Address, At: hub.At.UTC(), Filling: hub.Filling}
		if hub.Filling != nil {
			at := hub.ToldAt.UTC()
			facts.ToldAt = &at
		}
		return a.printJSON(facts)
	}
	if hub.Terminal == "" {
		_, err := fmt.Fprintf(a.out, "store %s has no hub\n", hub.Store)
		return err
	}
	where := ""
	if hub.Address != "" {
		where = " at " + hub.Address
	}
	_, err := fmt.Fprintf(a.out, "terminal %s %s the hub of store %s%s, term %d; %s\n", hub.Terminal, word, hub.Store, where, hub.Term, hubReadiness(hub))
	return err
}

// hubReadiness says whether a hub answers its store, as it said last.
func hubReadiness(hub cloud.Hub) string {
	switch {
	case hub.Filling == nil:
		return "it has not said yet whether it is ready: it needs its program running, and a line"
	case hub.Filling.Ready:
		return "ready since " + hub.ToldAt.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("not ready yet: %d %% of what the cloud has are there, %s; until then each counter asks the cloud, or decides alone",
		hub.Filling.Percent, hub.ToldAt.UTC().Format(time.RFC3339))
}
