package postgres_test

import (
	"context"
	"time"

	"countersign/sync/cloud"
)

func (p pair) AddWebhook(ctx context.Context, webhook cloud.Webhook, secret []byte) error {
	return p.next().AddWebhook(ctx, webhook, secret)
}

func (p pair) Webhooks(ctx context.Context, merchant string) ([]cloud.Webhook, error) {
	return p.next().Webhooks(ctx, merchant)
}

func (p pair) RotateWebhook(ctx context.Context, merchant, id string, secret []byte, until time.Time) error {
	return p.next().RotateWebhook(ctx, merchant, id, secret, until)
}

func (p pair) RemoveWebhook(ctx context.Context, merchant, id string) error {
	return p.next().RemoveWebhook(ctx, merchant, id)
}

func (p pair) EnableWebhook(ctx context.Context, merchant, id string) (bool, error) {
	return p.next().EnableWebhook(ctx, merchant, id)
}

func (p pair) QueueDelivery(ctx context.Context, merchant, id string, delivery cloud.Delivery, at time.Time) error {
	return p.next().QueueDelivery(ctx, merchant, id, delivery, at)
}

func (p pair) DueWebhooks(ctx context.Context, now time.Time) ([]string, error) {
	return p.next().DueWebhooks(ctx, now)
}

func (p pair) DropDeliveries(ctx context.Context, before time.Time, most int) (int64, error) {
	return p.next().DropDeliveries(ctx, before, most)
}

func (p pair) ClaimDeliveries(ctx context.Context, id string, now, until time.Time, most int) (cloud.WebhookTarget, []cloud.Delivery, error) {
	return p.next().ClaimDeliveries(ctx, id, now, until, most)
}

func (p pair) SettleDeliveries(ctx context.Context, id string, outcome cloud.DeliveryOutcome) error {
	return p.next().SettleDeliveries(ctx, id, outcome)
}

func (p pair) RotateFeedKey(ctx context.Context, from, at time.Time) (cloud.FeedKey, error) {
	return p.next().RotateFeedKey(ctx, from, at)
}
