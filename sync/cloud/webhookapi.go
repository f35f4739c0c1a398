package cloud

import (
	"context"

	"countersign/sync/api"
)

// ListWebhooks implements api.StrictServerInterface.
func (s *server) ListWebhooks(ctx context.Context, r api.ListWebhooksRequestObject) (api.ListWebhooksResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	all, err := o.Webhooks(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	items, err := reshape[[]api.WebhookReport](append([]Webhook{}, all...))
	return api.ListWebhooks200JSONResponse{Items: items}, err
}

// AddWebhook implements api.StrictServerInterface.
func (s *server) AddWebhook(ctx context.Context, r api.AddWebhookRequestObject) (api.AddWebhookResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	var events []string
	if r.Body.Events != nil {
		for _, event := range *r.Body.Events {
			events = append(events, string(event))
		}
	}
	made, err := o.AddWebhook(ctx, r.Merchant, r.Body.Url, events)
	if err != nil {
		return nil, adminProblem(err)
	}
	report, err := reshape[api.WebhookReport](made.Webhook)
	return api.AddWebhook200JSONResponse{Webhook: report, Secret: made.Secret}, err
}

// RemoveWebhook implements api.StrictServerInterface.
func (s *server) RemoveWebhook(ctx context.Context, r api.RemoveWebhookRequestObject) (api.RemoveWebhookResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	err = o.RemoveWebhook(ctx, r.Merchant, r.Webhook)
	return api.RemoveWebhook200JSONResponse(changed(true)), adminProblem(err)
}

// RotateWebhook implements api.StrictServerInterface.
func (s *server) RotateWebhook(ctx context.Context, r api.RotateWebhookRequestObject) (api.RotateWebhookResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	secret, err := o.RotateWebhook(ctx, r.Merchant, r.Webhook)
	return api.RotateWebhook200JSONResponse{Secret: secret}, adminProblem(err)
}

// EnableWebhook implements api.StrictServerInterface.
func (s *server) EnableWebhook(ctx context.Context, r api.EnableWebhookRequestObject) (api.EnableWebhookResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	yes, err := o.EnableWebhook(ctx, r.Merchant, r.Webhook)
	return api.EnableWebhook200JSONResponse(changed(yes)), adminProblem(err)
}

// TestWebhook implements api.StrictServerInterface.
func (s *server) TestWebhook(ctx context.Context, r api.TestWebhookRequestObject) (api.TestWebhookResponseObject, error) {
	o, err := s.allowed(ctx, r.Merchant)
	if err != nil {
		return nil, err
	}
	id, err := o.TestWebhook(ctx, r.Merchant, r.Webhook)
	return api.TestWebhook200JSONResponse{Id: id}, adminProblem(err)
}
