package sync

import (
	"context"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// StoreDay is one business day of a whole store, as far as its counters have sent it to the cloud.
type StoreDay struct {
	Records        []terminal.Record // redemptions, reversals, declines and day closes, in the order in which they arrived
	Counters       []api.DayCounter  // by name; those with entries pending are not in yet
	New, Returning int64             // customers of vouchers that name one
}

// StoreDay asks the cloud for a business day of the terminal's store. It takes as long as ctx lets it: a screen shows the counter's own
// figures meanwhile. A *NoAnswer or a *Refusal says why there are none.
func (c *Client) StoreDay(ctx context.Context, day terminal.Date) (StoreDay, error) {
	found := StoreDay{Records: []terminal.Record{}}
	request := api.DayRequest{Day: day}
	for {
		answer, err := c.api.StoreDayWithResponse(ctx, request)
		if err != nil {
			return found, asNoAnswer(ctx, err)
		}
		page := answer.JSON200
		if page == nil {
			return found, refusal(answer.HTTPResponse, answer.Body)
		}
		c.hear(page.ServerTime)
		for _, one := range page.Entries {
			record := terminal.Record{Acked: true, Verdict: terminal.Verdict(one.Verdict)}
			if record.Entry, err = entry.Decode(one.Bytes); err != nil {
				return found, err
			}
			if one.Lines != nil {
				record.Verdicts = *one.Lines
			}
			if one.Reversed != nil {
				record.Reversed = *one.Reversed
			}
			found.Records = append(found.Records, record)
		}
		found.Counters, found.New, found.Returning = page.Counters, page.Customers.New, page.Customers.Returning
		if page.Next == nil {
			return found, nil
		}
		request.After = page.Next
	}
}

// PauseOffer pauses or resumes a campaign in the terminal's store for the manager who is signed in, and reports whether that changed
// anything. The counters learn it with the feed.
func (c *Client) PauseOffer(ctx context.Context, campaign string, paused bool, manager terminal.Operator) (changed bool, err error) {
	answer, err := c.api.PauseOfferWithResponse(ctx, api.PauseRequest{Campaign: campaign, Paused: paused, Operator: manager.ID})
	if err != nil {
		return false, asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return false, refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return answer.JSON200.Changed, nil
}
