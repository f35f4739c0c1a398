package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
)

// A cloud that did not answer for a while, or that a hub was not there to ask, may have been put back to a backup meanwhile, without what the hub had
// handed on and with a feed in which the hub's cursor is known all the same. Its first page afterwards says where each journal ends there.

// handed is how far the cloud had each journal before it is asked for the first page of this start, or after it did not answer; nil at other times: of a journal that
// the cloud finds fault with it always has less.
func (h *Hub) handed(ctx context.Context) (map[string]relational.Handed, error) {
	if !h.parted {
		return nil, nil
	}
	return h.config.Copy.HandedOn(ctx)
}

// fillAgain has what the cloud does not have any more handed on once more.
func (h *Hub) fillAgain(ctx context.Context, handed map[string]relational.Handed, page *api.FeedPage) error {
	if !h.parted {
		return nil
	}
	if page.Peers != nil {
		for _, peer := range *page.Peers {
			if had, ok := handed[string(peer.PublicKey)]; ok && peer.Head.Seq < had.Through {
				h.config.Log.Warn("the cloud has less of a terminal's journal than it had: it gets the rest again", "terminal", had.Terminal.Name,
					"had", had.Through, "has", peer.Head.Seq)
				if err := h.config.Copy.Sent(ctx, had.Terminal, peer.Head.Seq); err != nil {
					return err
				}
				h.nudge()
			}
		}
	}
	h.parted = false
	return nil
}

// The hub's own record may have been put back to an older copy, too. A hub that notices awaits every terminal of its store, as a cloud does: until
// one has shown that its journal is here whole, what was granted to it may be forgotten.

// remember notes this start, and notices by the mark that the record is older than it was.
func (h *Hub) remember(ctx context.Context) error {
	noted, err := h.mark.load()
	if err != nil {
		return err
	}
	start := rand.Text()
	forgot, err := h.config.Copy.Begin(ctx, noted, h.config.Appointment.Term, start, time.Now())
	if err != nil {
		return fmt.Errorf("the hub's record cannot be written: %w", err)
	}
	if forgot {
		h.tellForgot("what is noted beside it")
	}
	return h.begin(ctx, start)
}

// begin has everybody know from now on by which start the hub's record goes on.
func (h *Hub) begin(ctx context.Context, start string) error {
	answered, err := h.config.Copy.Answered(ctx)
	if err != nil {
		return err
	}
	return h.mark.begin(relational.Moment{Start: start, Answered: answered})
}

// reminded notices by what a terminal heard last that the record is older than it was then. From then on every terminal is asked where its
// journal ends, since the start that they see is another one.
func (h *Hub) reminded(ctx context.Context, heard api.HubParams) error {
	now := h.mark.now()
	if heard.Start == nil || heard.Answered == nil || (*heard.Start == now.Start && *heard.Answered <= now.Answered) {
		return nil
	}
	start := rand.Text()
	forgot, err := h.config.Copy.Remind(ctx, relational.Moment{Start: *heard.Start, Answered: *heard.Answered}, start, time.Now())
	if err != nil || !forgot {
		return err
	}
	h.tellForgot("what a counter heard of it")
	return h.begin(ctx, start)
}

func (h *Hub) tellForgot(by string) {
	h.config.Log.Error("the hub's record is older than it was: it was put back to an older copy. Until every counter of the store has been heard again, "+
		"its own word counts for no more than a counter's: switch all of them on", "by", by)
}

// noted notes beside the record how far it is.
func (h *Hub) noted(ctx context.Context) error {
	answered, err := h.config.Copy.Answered(ctx)
	if err == nil {
		err = h.mark.reach(answered)
	}
	if err != nil {
		h.config.Log.Error("the hub cannot note what it granted", "error", err.Error())
		return cloud.Unavailable("This hub cannot note what it granted now: look at its disk.")
	}
	return nil
}
