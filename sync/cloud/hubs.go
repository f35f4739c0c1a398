package cloud

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
)

// Hub is a store's newest appointment of a hub.
type Hub struct {
	Merchant string
	Store    string
	Term     int64
	Terminal string // the hub's name; "" where the store has none
	ID       int64  // of that terminal
	Key      ed25519.PublicKey
	Address  string // HOST:PORT on the shop's network, or ""
	At       time.Time

	Filling *HubFilling // as it said last; nil before it said anything
	ToldAt  time.Time
}

// HubDismissed says what it means to have suspended the terminal called name where hub is the store's hub before that; "" where it is another.
func HubDismissed(hub Hub, name string) string {
	if hub.Terminal == "" || hub.Terminal != name {
		return ""
	}
	return fmt.Sprintf("Terminal %s was the hub of store %s: the store has no hub now, and while it has no line each counter decides alone. "+
		"Appoint another one: countersign-cloud hub %s TERMINAL.", name, hub.Store, hub.Store)
}

// hubServes is what a hub answers; all else is the cloud's.
var hubServes = map[string]bool{"/v1/hub": true, "/v1/claims": true, "/v1/lookup": true, "/v1/redemption": true, "/v1/journal": true,
	"/v1/feed": true, "/v1/trust": true, "/healthz": true, "/readyz": true}

// certificateLife is how long a hub's certificate says that it is good. What ends a hub is the next term: terminals hold the certificate
// against the time of the appointment, since a clock that is wrong must not part a counter from its hub.
const certificateLife = 10 * 365 * 24 * time.Hour

// SignHub makes the appointment that terminals are told of, with the hub's certificate, signed by the root key.
func SignHub(keys Keys, hub Hub) (string, error) {
	appointment := api.HubAppointment{Merchant: hub.Merchant, Store: hub.Store, Term: hub.Term, Terminal: hub.Terminal, At: hub.At.UTC()}
	if hub.Terminal != "" {
		name := api.HubName(hub.Merchant, hub.Store, hub.Term)
		authority, certificate, err := hubCertificates(keys.Root, hub, name)
		if err != nil {
			return "", err
		}
		key := []byte(hub.Key)
		appointment.PublicKey, appointment.Name, appointment.Authority, appointment.Certificate = &key, &name, &authority, &certificate
		if hub.Address != "" {
			appointment.Address = &hub.Address
		}
	}
	payload, err := json.Marshal(appointment)
	if err != nil {
		return "", err
	}
	return signByRoot(keys.Root, api.HubType, payload)
}

// signByRoot makes a compact JWS of the root key.
func signByRoot(root ed25519.PrivateKey, kind jose.ContentType, payload []byte) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: root}, (&jose.SignerOptions{}).WithType(kind))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// hubCertificates are the root key's own certificate and the one it gives to a hub. The same appointment always gets the same two: a
// signature by Ed25519 has no chance in it.
func hubCertificates(root ed25519.PrivateKey, hub Hub, name string) (authority, certificate []byte, err error) {
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Countersign"}, NotBefore: hub.At.Add(-certificateLife), NotAfter: hub.At.Add(2 * certificateLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"countersign.internal"},
	}
	if authority, err = x509.CreateCertificate(nil, own, own, root.Public(), root); err != nil {
		return nil, nil, fmt.Errorf("the certificate of the root key cannot be made: %w", err)
	}
	issuer, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, nil, err
	}
	serial := sha256.Sum256([]byte(name))
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:16]), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: hub.At.Add(-24 * time.Hour), NotAfter: hub.At.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if certificate, err = x509.CreateCertificate(nil, leaf, issuer, hub.Key, root); err != nil {
		return nil, nil, fmt.Errorf("the certificate of the hub cannot be made: %w", err)
	}
	return authority, certificate, nil
}

// onBehalf is the terminal that a hub forwards for. Only the store's newest hub may, and only for terminals of its own store.
func (s *server) onBehalf(ctx context.Context, hub Terminal, named string) (Terminal, error) {
	refused := problem(http.StatusForbidden, "not_the_hub",
		"This terminal is not the hub of that terminal's store: send what is its own, and appoint it with countersign-cloud hub.")
	key, err := base64.RawURLEncoding.DecodeString(named)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return Terminal{}, refused
	}
	t, err := s.storage.TerminalByKey(ctx, ed25519.PublicKey(key))
	if errors.Is(err, ErrUnknown) {
		return t, refused
	}
	if err != nil {
		return t, err
	}
	appointed, err := s.storage.Hub(ctx, hub.Merchant, hub.Store)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return t, err
	}
	if err != nil || appointed.Terminal == "" || appointed.ID != hub.ID || hub.Suspended || t.Merchant != hub.Merchant || t.Store != hub.Store {
		return t, refused
	}
	return t, nil
}

// Hub implements api.StrictServerInterface.
func (s *server) Hub(ctx context.Context, r api.HubRequestObject) (api.HubResponseObject, error) {
	if s.options.Hub == nil {
		return nil, problem(http.StatusNotFound, "not_found", "This is the cloud itself, and no hub: ask the hub of the store at its own address.")
	}
	state, err := s.options.Hub(ctx, r.Params)
	return api.Hub200JSONResponse(state), err
}

// isHubNews reports what anybody may say to a hub: it is good by the cloud's own signature, and a hub may not know yet, or not any more, who is
// enrolled.
func isHubNews(method, path string) bool { return method == http.MethodPost && path == "/v1/hub" }

// TellHub implements api.StrictServerInterface.
func (s *server) TellHub(ctx context.Context, r api.TellHubRequestObject) (api.TellHubResponseObject, error) {
	if s.options.Appointed == nil {
		return nil, problem(http.StatusNotFound, "not_found", "This is the cloud itself, and no hub: tell the hub of the store at its own address.")
	}
	term, err := s.options.Appointed(ctx, r.Body.Appointment)
	var not *NotAppointed
	if errors.As(err, &not) {
		return nil, problem(http.StatusBadRequest, "malformed_request", not.Error()+".")
	}
	return api.TellHub200JSONResponse{Term: term, ServerTime: s.options.Now().UTC()}, err
}

// NotAppointed says why an appointment is not good.
type NotAppointed struct{ Cause error }

// Error implements error.
func (n *NotAppointed) Error() string { return n.Cause.Error() }

// Unavailable is an answer of who cannot answer yet.
func Unavailable(detail string) error {
	return problem(http.StatusServiceUnavailable, "unavailable", detail)
}
