package remote

import (
	"context"
	"fmt"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

// Webhooks implements cloud.Office.
func (o *Office) Webhooks(ctx context.Context, merchant string) ([]cloud.Webhook, error) {
	got, err := o.api.ListWebhooksWithResponse(ctx, merchant)
	if err != nil {
		return nil, fmt.Errorf("the cloud did not answer: %w", err)
	}
	list, err := open(got, got.Body, got.JSON200)
	return reshape[[]cloud.Webhook](list.Items, err)
}

// AddWebhook implements cloud.Office.
func (o *Office) AddWebhook(ctx context.Context, merchant, url string, events []string) (made cloud.MadeWebhook, err error) {
	order := api.WebhookOrder{Url: url}
	if len(events) > 0 {
		order.Events = &[]api.WebhookEvent{}
		for _, event := range events {
			*order.Events = append(*order.Events, api.WebhookEvent(event))
		}
	}
	got, err := o.api.AddWebhookWithResponse(ctx, merchant, order)
	if err != nil {
		return made, fmt.Errorf("the cloud did not answer, so that it may have added the webhook: see webhooks list; %w", err)
	}
	said, err := open(got, got.Body, got.JSON200)
	made.Secret = said.Secret
	made.Webhook, err = reshape[cloud.Webhook](said.Webhook, err)
	return made, err
}

// RotateWebhook implements cloud.Office.
func (o *Office) RotateWebhook(ctx context.Context, merchant, id string) (string, error) {
	got, err := o.api.RotateWebhookWithResponse(ctx, merchant, id)
	if err != nil {
		return "", fmt.Errorf("the cloud did not answer, so that there may be a new secret which nobody knows: rotate again; %w", err)
	}
	said, err := open(got, got.Body, got.JSON200)
	return said.Secret, err
}

// RemoveWebhook implements cloud.Office.
func (o *Office) RemoveWebhook(ctx context.Context, merchant, id string) error {
	got, err := o.api.RemoveWebhookWithResponse(ctx, merchant, id)
	if err != nil {
		return fmt.Errorf("the cloud did not answer: %w", err)
	}
	_, err = open(got, got.Body, got.JSON200)
	return err
}

// EnableWebhook implements cloud.Office.
func (o *Office) EnableWebhook(ctx context.Context, merchant, id string) (bool, error) {
	got, err := o.api.EnableWebhookWithResponse(ctx, merchant, id)
	if err != nil {
		return false, fmt.Errorf("the cloud did not answer: %w", err)
	}
	done, err := open(got, got.Body, got.JSON200)
	return done.Changed > 0, err
}

// TestWebhook implements cloud.Office.
func (o *Office) TestWebhook(ctx context.Context, merchant, id string) (string, error) {
	got, err := o.api.TestWebhookWithResponse(ctx, merchant, id)
	if err != nil {
		return "", fmt.Errorf("the cloud did not answer: %w", err)
	}
	said, err := open(got, got.Body, got.JSON200)
	return said.Id, err
}
