package cloud

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/sync/api"
)

// The events that a webhook can be told of.
const (
	EventRedemption      = "redemption.recorded"
	EventReversal        = "reversal.recorded"
	EventNotAccepted     = "redemption.not_accepted" // the verdict on a redemption or reversal is another than accepted
	EventExceptionOpened = "exception.opened"
	EventExceptionClosed = "exception.closed"
	eventTest            = "webhook.test"
)

// Events are all events that a webhook can ask for.
var Events = []string{EventRedemption, EventReversal, EventNotAccepted, EventExceptionOpened, EventExceptionClosed}

// WebhookState says whether a webhook is told anything.
type WebhookState string

// The states of a webhook.
const (
	WebhookLive     WebhookState = "live"
	WebhookDisabled WebhookState = "disabled" // it failed for too long, or its receiver said that it is gone
)

// Webhook is an address of the merchant's own systems that is told of events.
type Webhook struct {
	ID            string       `json:"id"`
	Merchant      string       `json:"merchant"`
	URL           string       `json:"url"`
	Events        []string     `json:"events"` // none are all
	State         WebhookState `json:"state"`
	Reason        string       `json:"reason,omitempty"` // why it is disabled
	CreatedAt     time.Time    `json:"created_at"`
	FailingSince  *time.Time   `json:"failing_since"`
	LastDelivered *time.Time   `json:"last_delivered"`
	LastError     string       `json:"last_error,omitempty"`
	Waiting       int64        `json:"waiting"`   // deliveries that are still to be made
	Delivered     int64        `json:"delivered"` // deliveries that were taken
	GivenUp       int64        `json:"given_up"`  // deliveries that were refused for too long while others were taken, or waited for too long
}

// MadeWebhook is a webhook with its secret, which is shown this once.
type MadeWebhook struct {
	Webhook
	Secret string `json:"secret"`
}

// Webhooks is the part of a Storage that keeps webhooks and what they are still to be told. What a webhook is to be told is written in
// the transaction of what it tells of: neither is ever there without the other.
type Webhooks interface {
	AddWebhook(ctx context.Context, webhook Webhook, secret []byte) error
	Webhooks(ctx context.Context, merchant string) ([]Webhook, error)
	// RotateWebhook makes secret the webhook's; deliveries are signed by the one before too until the given time.
	RotateWebhook(ctx context.Context, merchant, id string, secret []byte, until time.Time) error
	// RemoveWebhook removes a webhook with all that it was still to be told.
	RemoveWebhook(ctx context.Context, merchant, id string) error
	// EnableWebhook lets a disabled webhook be told again, of what waits first, and reports whether that changed anything.
	EnableWebhook(ctx context.Context, merchant, id string) (bool, error)
	// DropDeliveries gives up what waits for disabled webhooks and was due before a time, and of each the oldest beyond most. It answers how
	// much that was.
	DropDeliveries(ctx context.Context, before time.Time, most int) (dropped int64, err error)
	// QueueDelivery adds a delivery to one webhook.
	QueueDelivery(ctx context.Context, merchant, id string, delivery Delivery, at time.Time) error

	// DueWebhooks are the webhooks that can be told something now.
	DueWebhooks(ctx context.Context, now time.Time) ([]string, error)
	// ClaimDeliveries takes at most most of the webhook's due deliveries, which nobody else is given until then; one alone where the webhook
	// failed last.
	ClaimDeliveries(ctx context.Context, id string, now, until time.Time, most int) (WebhookTarget, []Delivery, error)
	// SettleDeliveries says how claimed deliveries ended.
	SettleDeliveries(ctx context.Context, id string, outcome DeliveryOutcome) error
}

// WebhookTarget is where deliveries go.
type WebhookTarget struct {
	URL      string
	Secrets  [][]byte // the newest first
	Failures int64    // since the last delivery that was taken
}

// Delivery is one message to one webhook.
type Delivery struct {
	ID        string // stays the same however often it is sent
	Event     string
	Payload   []byte
	CreatedAt time.Time
	Attempts  int64 // with the one that is being made
	Lease     int64 // who claimed it
}

// DeliveryOutcome is how a webhook's claimed deliveries ended.
type DeliveryOutcome struct {
	At      time.Time
	Taken   []string        // ids
	Again   []DeliveryAgain // are to be made again
	GivenUp []string        // are made no more
	// Where none was taken:
	Error    string
	ResumeAt time.Time // the webhook is left alone until then
	// DisableIf disables the webhook where it has failed since then or longer; Gone disables it at once.
	DisableIf time.Time
	Gone      bool
}

// DeliveryAgain says when a delivery is to be made again.
type DeliveryAgain struct {
	ID    string
	Lease int64
	DueAt time.Time
}

// secretPrefix and secretSize are those of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec).
const (
	secretPrefix = "whsec_"
	secretSize   = 32
)

// oldSecretLife is how long the secret before still signs, for receivers that take the new one over later.
const oldSecretLife = 24 * time.Hour

// NewDelivery makes the message of an event. Its id follows from the event and key, what it is about: a cloud that was restored from a
// backup and hears the same entry again tells it on under the same id.
func NewDelivery(event string, key []byte, data any, at time.Time) (Delivery, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Delivery{}, err
	}
	digest := sha256.Sum256(append([]byte(event+"\x00"), key...))
	payload, err := json.Marshal(struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}{event, at.UTC(), raw})
	return Delivery{ID: "msg_" + hex.EncodeToString(digest[:16]), Event: event, Payload: payload, CreatedAt: at}, err
}

// SignDelivery is the header webhook-signature of a delivery that is sent at a time: one signature for each secret.
func SignDelivery(secrets [][]byte, id string, at time.Time, payload []byte) string {
	all := []string{}
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(payload)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

// urlMost is the longest address of a webhook.
const urlMost = 2048

// checkWebhook says what is wrong with an order, or nil. Which addresses its name leads to is looked at when it is called.
func checkWebhook(address string, events []string) error {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" || len(address) > urlMost {
		return fmt.Errorf("%w: %q is not a URL such as https://shop.example/hooks", ErrInvalid, address)
	}
	if target.User != nil || target.Fragment != "" {
		return fmt.Errorf("%w: the URL of a webhook has no user name and no fragment; its secret shows that the cloud calls", ErrInvalid)
	}
	if target.Scheme != "https" && (target.Scheme != "http" || !api.Loopback(target.Hostname())) {
		return fmt.Errorf("%w: a webhook is called by https; plain http is for this computer only", ErrInvalid)
	}
	if ip, err := netip.ParseAddr(target.Hostname()); err == nil && !callable(ip) && !ip.IsLoopback() && !ip.IsPrivate() {
		return fmt.Errorf("%w: no webhook can be at the address %s", ErrInvalid, ip)
	}
	for _, event := range events {
		if !slices.Contains(Events, event) {
			return fmt.Errorf("%w: there is no event %q; there is: %s", ErrInvalid, event, strings.Join(Events, ", "))
		}
	}
	return nil
}

func newSecret() (secret []byte, shown string) {
	secret = make([]byte, secretSize)
	rand.Read(secret)
	return secret, secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// AddWebhook implements Office.
func (o office) AddWebhook(ctx context.Context, merchant, address string, events []string) (MadeWebhook, error) {
	if err := checkWebhook(address, events); err != nil {
		return MadeWebhook{}, err
	}
	all, err := o.Webhooks(ctx, merchant)
	if err != nil {
		return MadeWebhook{}, err
	}
	for _, w := range all {
		if w.URL == address && (len(events) == 0 || len(w.Events) == 0 || slices.ContainsFunc(events, func(e string) bool { return slices.Contains(w.Events, e) })) {
			return MadeWebhook{}, fmt.Errorf("%w: webhook %s calls that URL already, and the same events would be sent there twice; rotate shows a new secret of it, remove ends it", ErrInvalid, w.ID)
		}
	}
	events = append([]string{}, events...)
	slices.Sort(events)
	secret, shown := newSecret()
	made := Webhook{ID: "wh_" + strings.ToLower(rand.Text()[:12]), Merchant: merchant, URL: address, Events: slices.Compact(events), State: WebhookLive,
		CreatedAt: time.Now().UTC()}
	return MadeWebhook{made, shown}, o.Storage.AddWebhook(ctx, made, secret)
}

// RotateWebhook implements Office.
func (o office) RotateWebhook(ctx context.Context, merchant, id string) (string, error) {
	secret, shown := newSecret()
	return shown, o.Storage.RotateWebhook(ctx, merchant, id, secret, time.Now().Add(oldSecretLife))
}

// TestWebhook implements Office.
func (o office) TestWebhook(ctx context.Context, merchant, id string) (string, error) {
	all, err := o.Webhooks(ctx, merchant)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(all, func(w Webhook) bool { return w.ID == id })
	if at < 0 {
		return "", fmt.Errorf("webhook %s: %w", id, ErrUnknown)
	}
	if all[at].State != WebhookLive {
		return "", fmt.Errorf("%w: the webhook is disabled; enable it first", ErrInvalid)
	}
	now := time.Now().UTC()
	test, err := NewDelivery(eventTest, []byte(rand.Text()), map[string]string{"webhook": id}, now)
	if err != nil {
		return "", err
	}
	return test.ID, o.QueueDelivery(ctx, merchant, id, test, now)
}

// errTarget says that a webhook's name leads where no webhook may be.
var errTarget = errors.New("the address of the webhook is in a network that the cloud does not call")
