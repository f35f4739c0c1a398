package hub

import (
	"context"

	"countersign/sync/api"
	"countersign/sync/cloud/relational"
)

// A cloud that did not answer for a while may have been put back to a backup meanwhile, without what the hub had handed on and with a feed in
// which the hub's cursor is known all the same. Its first page afterwards says where each journal ends there.

// handed is how far the cloud had each journal before it is asked for the first page after it did not answer; nil at other times: of a journal that
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
