package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"countersign/cmd/internal/version"
	"countersign/sync/api"
	"countersign/sync/cloud"
)

// drainMost is how long a stop waits for requests that are being answered.
const drainMost = 15 * time.Second

type serving struct {
	*globals
	listen, public, cert, key string
	behindProxy               bool
	networks                  []string // that webhooks may be in besides public ones
}

func newServe(g *globals) *cobra.Command {
	s := &serving{globals: g}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the cloud",
		Long: "Runs the cloud until it is told to stop. Plain HTTP is served to this machine alone; to others TLS, or behind a proxy that does it.\n" +
			"GET /healthz says that it runs, /readyz that terminals can be answered, /api what it understands, /metrics how it does (for Prometheus;\n" +
			"from elsewhere with a token of countersign-cloud token create). Its log is JSON on standard error: a line for each start, stop, exception, terminal that\n" +
			"joined or was suspended, and for who was refused; none for ordinary requests, and no code, PIN or token.",
		Example: "  countersign-cloud serve --listen 127.0.0.1:8080\n  countersign-cloud serve --listen :443 --public-url https://cloud.example --tls-cert cert.pem --tls-key key.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.here(func(st cloud.Storage) error { return s.run(cmd.Context(), st) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to listen on; port 0 picks one")
	flags.StringVar(&s.public, "public-url", "", "what terminals call; the listening address where it is left out")
	flags.BoolVar(&s.behindProxy, "behind-proxy", false, "a proxy in front does TLS")
	flags.StringVar(&s.cert, "tls-cert", "", "certificate chain, PEM")
	flags.StringVar(&s.key, "tls-key", "", "its private key, PEM")
	flags.StringSliceVar(&s.networks, "webhook-networks", nil, "networks that webhooks may be in besides public addresses, such as 10.1.0.0/16")
	return cmd
}

func (s *serving) run(ctx context.Context, storage cloud.Storage) error {
	if (s.cert == "") != (s.key == "") {
		return usage("--tls-cert and --tls-key go together")
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return cannot("nothing can listen on %s: %w; choose another address with --listen", s.listen, err)
	}
	defer listener.Close()
	address := listener.Addr().(*net.TCPAddr)
	if s.cert == "" && !address.IP.IsLoopback() && !s.behindProxy {
		return usage("plain HTTP is served on loopback only: give --tls-cert and --tls-key, or --behind-proxy where a proxy does TLS")
	}
	here := url.URL{Scheme: "http", Host: address.String()}
	if s.cert != "" {
		here.Scheme = "https"
	}
	public, err := s.publicURL(here, address.IP)
	if err != nil {
		return err
	}
	networks, err := s.webhookNetworks(address.IP)
	if err != nil {
		return err
	}
	cloud.Collect()
	log := slog.New(slog.NewJSONHandler(s.err, nil))
	stopping := make(chan struct{})
	var lobby *cloud.Lobby
	if s.cert == "" { // where this server does TLS, its connections cannot leave it
		lobby = cloud.NewLobby(listener)
		listener = lobby
	}
	handler, err := cloud.New(ctx, storage, cloud.Options{PublicURL: public, Log: log, Stopping: stopping, Lobby: lobby, OpenMetrics: address.IP.IsLoopback() && !s.behindProxy})
	if err != nil {
		return err
	}
	release, err := s.announce(ctx, storage, public, log)
	if err != nil {
		return err
	}
	defer release()
	delivering := cloud.Deliverer{Storage: storage, Networks: networks, Log: log}
	defer beside(ctx, delivering.Run)()
	defer beside(ctx, cloud.Keeper{Storage: storage, Log: log}.Run)()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	return s.serveUntil(ctx, server, listener, lobby, here.String(), stopping, log.With("address", here.String(), "version", version.String()))
}

// beside runs work beside the server until ctx ends, or the function that it returns is called, which waits for what was begun.
func beside(ctx context.Context, work func(context.Context)) func() {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(ctx)
	}()
	return func() {
		stop()
		<-done
	}
}

// webhookNetworks are the networks of --webhook-networks, and this machine where it serves itself alone: whoever can add a webhook must not
// reach through the cloud what he cannot reach himself.
func (s *serving) webhookNetworks(ip net.IP) (networks []netip.Prefix, err error) {
	for _, text := range s.networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usage("--webhook-networks %q is no network such as 10.1.0.0/16", text)
		}
		networks = append(networks, network.Masked())
	}
	if ip.IsLoopback() && !s.behindProxy {
		networks = append(networks, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	return networks, nil
}

// announceEvery is how often a second server looks whether the first has gone.
const announceEvery = time.Second

// announce records what terminals call, for the join codes. Only one running server of a data folder does: another one, for a test say, waits
// until the first has stopped. The function that it returns ends that.
func (s *serving) announce(ctx context.Context, storage cloud.Storage, public string, log *slog.Logger) (func(), error) {
	if s.database != "" { // its servers, on whatever machines, are behind one address
		return func() {}, storage.RecordPublicURL(ctx, public)
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, cannot("the data folder %s cannot be made: %w", s.data, err)
	}
	first := flock.New(filepath.Join(s.data, "serve.lock"))
	mine, err := first.TryLock()
	if err != nil {
		return nil, cannot("the data folder %s cannot be locked: %w; %s", s.data, err, s.folderHint())
	}
	if mine {
		return func() { first.Close() }, storage.RecordPublicURL(ctx, public)
	}
	recorded, err := storage.PublicURL(ctx)
	if err != nil {
		return nil, err
	}
	log.Warn("another server runs on this data folder: join codes go on naming its address until it stops", "address", recorded)
	waiting, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if mine, err := first.TryLockContext(waiting, announceEvery); err == nil && mine {
			if err := storage.RecordPublicURL(waiting, public); err != nil {
				log.Error("what terminals call could not be recorded", "error", err)
			}
		}
	}()
	return func() {
		stop()
		<-done
		first.Close()
	}, nil
}

// publicURL is what terminals call. A join code cannot say the scheme: loopback means HTTP, everything else HTTPS.
func (s *serving) publicURL(here url.URL, ip net.IP) (string, error) {
	if s.public == "" {
		if ip.IsUnspecified() || s.behindProxy {
			return "", usage("terminals have to know what to call: give --public-url https://NAME")
		}
		s.public = here.String()
	}
	public, err := url.Parse(s.public)
	if err != nil || public.Host == "" || public.RawQuery != "" || public.Fragment != "" || (public.Scheme != "http" && public.Scheme != "https") {
		return "", usage("--public-url %q is not a URL such as https://cloud.example", s.public)
	}
	switch loopback := api.Loopback(public.Hostname()); {
	case loopback && public.Scheme == "https":
		return "", usage("terminals call this machine's loopback address by plain HTTP: give a --public-url with a name, or leave TLS out")
	case !loopback && public.Scheme == "http":
		return "", usage("terminals call other machines by HTTPS only: give --public-url https://%s", public.Host)
	}
	return s.public, nil
}

// serveUntil serves until ctx ends, then answers what has begun.
func (s *serving) serveUntil(ctx context.Context, server *http.Server, listener net.Listener, lobby *cloud.Lobby, here string, stopping chan struct{}, log *slog.Logger) error {
	began := time.Now()
	failed := make(chan error, 1)
	go func() {
		if s.cert != "" {
			failed <- server.ServeTLS(listener, s.cert, s.key)
		} else {
			failed <- server.Serve(listener)
		}
	}()
	if _, err := fmt.Fprintf(s.out, "listening on %s\n", here); err != nil {
		return err
	}
	log.Info("listening", "public_url", s.public, "storage", s.storageKind())
	select {
	case err := <-failed:
		log.Error("the server stopped by itself", "error", err)
		return cannot("the server stopped: %w", err)
	case <-ctx.Done():
	}
	log.Info("asked to stop: what has begun is answered")
	close(stopping)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainMost)
	defer cancel()
	err := server.Shutdown(drain)
	if lobby != nil {
		err = errors.Join(err, lobby.Wait(drain))
	}
	if err != nil {
		log.Warn("stopped before all requests were answered", "error", err)
		return fmt.Errorf("some requests were not answered before the stop: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	log.Info("stopped", "served_seconds", time.Since(began).Round(time.Second).Seconds())
	return nil
}

// storageKind is where the data is, without what opens it.
func (s *serving) storageKind() string {
	if s.database != "" {
		return "postgresql"
	}
	return s.data
}
