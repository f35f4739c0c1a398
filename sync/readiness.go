package sync

import (
	"context"
	"reflect"
	"slices"
	"time"

	"countersign/sync/api"
)

// tellReadinessEvery is how often the cloud is told how this terminal finds itself, where nothing about it changes.
const tellReadinessEvery = 12 * time.Hour

// lookReadinessEvery is how often it is looked at all, where the cloud has heard that this terminal is ready: it takes reading, and with a queue at the counter there is a push for each customer.
const lookReadinessEvery = 2 * time.Second

// Readiness is how a terminal finds itself.
type Readiness struct {
	Version  string   // of the program
	Computer string   // the computer's own name; "" where it has none
	Missing  []string // the names of the checks that fail, none where it is ready for offline
	// Hub is whether this terminal, as the store's hub, answers its store, and else how full it is; nil where there is nothing new to say.
	Hub *api.HubFilling
}

// Readiness has the cloud told how this terminal finds itself. It is set before Run.
func (p *Pump) Readiness(ready func(context.Context) (Readiness, error)) {
	p.ready = ready
}

// news is how this terminal finds itself, where the cloud has to be told; else nil.
func (p *Pump) news(ctx context.Context) *api.Readiness {
	if p.ready == nil || (p.told != nil && p.told.Ready && time.Since(p.looked).Abs() < lookReadinessEvery) {
		return nil
	}
	p.looked = time.Now()
	now, err := p.ready(ctx)
	if err != nil {
		p.log.Warn("whether this terminal is ready for offline is not known", "error", err.Error())
		return nil
	}
	news := &api.Readiness{Version: now.Version, Computer: optional(now.Computer), Ready: len(now.Missing) == 0,
		Missing: append([]string{}, now.Missing...), At: time.Now().UTC()}
	if told := p.told; told != nil && told.Version == news.Version && slices.Equal(told.Missing, news.Missing) &&
		reflect.DeepEqual(told.Computer, news.Computer) && time.Since(p.toldAt).Abs() < tellReadinessEvery {
		return nil
	}
	return news
}

// TellReadiness tells the cloud how this terminal finds itself, where it cannot push any more.
func (c *Client) TellReadiness(ctx context.Context, now Readiness) error {
	answer, err := c.api.TellReadinessWithResponse(ctx, api.Readiness{Version: now.Version, Computer: optional(now.Computer), Ready: len(now.Missing) == 0,
		Missing: append([]string{}, now.Missing...), Hub: now.Hub, At: time.Now().UTC()})
	if err != nil {
		return asNoAnswer(ctx, err)
	}
	if answer.JSON200 == nil {
		return refusal(answer.HTTPResponse, answer.Body)
	}
	c.hear(answer.JSON200.ServerTime)
	return nil
}

// optional is a word that may be left out.
func optional(word string) *string {
	if word == "" {
		return nil
	}
	return &word
}
