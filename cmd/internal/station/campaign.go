package station

import (
	"context"

	"countersign/terminal"
	"countersign/terminal/cache"
)

// campaigns finds one campaign among the cached ones.
type campaigns struct{ *cache.Cache }

// Campaign implements terminal.Cache.
func (c campaigns) Campaign(ctx context.Context, id string) (terminal.Campaign, error) {
	all, err := c.Campaigns(ctx)
	if err != nil {
		return terminal.Campaign{}, err
	}
	for _, campaign := range all {
		if campaign.ID == id {
			return campaign, nil
		}
	}
	return terminal.Campaign{}, terminal.ErrUnknown
}
