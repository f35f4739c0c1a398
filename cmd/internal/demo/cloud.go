package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	assets "countersign/assets/demo"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/token"
)

// Cloud is a cloud of one merchant inside this process.
type Cloud struct {
	Storage  cloud.Storage
	Merchant string

	url      string // as terminals call it
	server   *http.Server
	stop     context.CancelFunc // of the requests that wait for news
	served   chan struct{}
	campaign map[string]terminal.Campaign
}

// startCloud starts a cloud with the sample merchant in folder, which terminals call at url and which listens at Addr.
func startCloud(ctx context.Context, folder, url string) (c *Cloud, addr string, err error) {
	storage, err := sqlite.Open(folder)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, storage.Close())
		}
	}()
	offers, err := catalogue.Read("catalogue.toml", string(assets.Catalogue()), noFile)
	if err != nil {
		return nil, "", err
	}
	if _, err := storage.Apply(ctx, offers); err != nil {
		return nil, "", err
	}
	if err := storage.RecordPublicURL(ctx, url); err != nil {
		return nil, "", err
	}
	handler, err := cloud.New(ctx, storage, cloud.Options{PublicURL: url})
	if err != nil {
		return nil, "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	c = &Cloud{
		Storage: storage, Merchant: offers.Merchant.ID, url: url, stop: stop, served: make(chan struct{}), campaign: map[string]terminal.Campaign{},
		server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return base }},
	}
	for _, campaign := range offers.Campaigns {
		c.campaign[campaign.ID] = campaign
	}
	go func() {
		defer close(c.served)
		_ = c.server.Serve(listener) // it returns when Close ends it
	}()
	return c, listener.Addr().String(), nil
}

func noFile(name string) ([]byte, error) {
	return nil, fmt.Errorf("the sample catalogue has no file %s beside it", name)
}

// Close stops the cloud.
func (c *Cloud) Close() error {
	c.stop()
	err := c.server.Close()
	<-c.served
	return errors.Join(err, c.Storage.Close())
}

// Invite makes a join code for a terminal of a store.
func (c *Cloud) Invite(ctx context.Context, store, name string) (string, error) {
	secret, err := token.NewCode(rand.Reader)
	if err != nil {
		return "", err
	}
	now := time.Now()
	err = c.Storage.Invite(ctx, []cloud.Invitation{{
		Merchant: c.Merchant, Store: store, Name: name, SecretHash: cloud.SecretHash(secret), CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour),
	}})
	if err != nil {
		return "", err
	}
	keys, err := c.Storage.Keys(ctx)
	if err != nil {
		return "", err
	}
	return api.JoinCode{Base: c.url + "/", Secret: secret, RootHash: api.RootHash(keys.Root.Public().(ed25519.PublicKey))}.String(), nil
}

// issue makes vouchers of a campaign.
func (c *Cloud) issue(ctx context.Context, campaign string, count int, facts cloud.Facts) ([]cloud.Issued, error) {
	issued, err := cloud.Prepare(ctx, c.Storage, c.Merchant, c.campaign[campaign], facts, count, rand.Reader, time.Now())
	if err != nil {
		return nil, err
	}
	return issued, cloud.Store(ctx, c.Storage, c.Merchant, issued)
}

// Redemptions lists what the cloud knows was honoured and taken back, in the order in which it heard of it.
func (c *Cloud) Redemptions(ctx context.Context, store string) ([]cloud.Redemption, error) {
	var all []cloud.Redemption
	err := c.Storage.Redemptions(ctx, cloud.RedemptionFilter{Merchant: c.Merchant, Store: store}, func(r cloud.Redemption) error {
		all = append(all, r)
		return nil
	})
	return all, err
}
