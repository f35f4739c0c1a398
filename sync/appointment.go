package sync

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"countersign/sync/api"
)

// Appointment says who answers for a store on its own network, as the cloud signed it.
type Appointment struct {
	api.HubAppointment
	signed    string // as the cloud did
	authority *x509.Certificate
}

// Nobody reports that the store has no hub.
func (a Appointment) Nobody() bool { return a.Terminal == "" }

// Key is the hub's own key.
func (a Appointment) Key() ed25519.PublicKey { return valueOf(a.PublicKey) }

// URL is what the hub is called.
func (a Appointment) URL() string { return "https://" + valueOf(a.Name) + "/" }

// HubName is what the hub is called in its certificate, and where it is asked for.
func (a Appointment) HubName() string { return valueOf(a.Name) }

// Where is the address that the cloud knows of it, HOST:PORT, or "".
func (a Appointment) Where() string { return valueOf(a.Address) }

// Appointments keeps a store's newest appointment. One of an older term, of another store, or that the root key did not sign, is refused.
// It is safe for concurrent use.
type Appointments struct {
	root            ed25519.PublicKey
	merchant, store string
	keep            func(signed string, former Appointment) error

	mu      sync.Mutex
	newest  Appointment
	changed chan struct{} // closed at the next change
}

// NewAppointments begins with what an earlier start kept, "" for nothing. keep stores a newer one, which follows former, and may be nil.
func NewAppointments(root ed25519.PublicKey, merchant, store, signed string, keep func(signed string, former Appointment) error) (*Appointments, error) {
	a := &Appointments{root: root, merchant: merchant, store: store, changed: make(chan struct{})}
	if signed != "" {
		if err := a.Take(signed); err != nil {
			return nil, err
		}
	}
	a.keep = keep
	return a, nil
}

// Why an appointment with a good signature is not taken.
var (
	ErrAppointmentNotKept = errors.New("the appointment of the hub could not be stored")
	ErrAppointmentOld     = errors.New("a newer appointment of a hub is known here")
)

// Take replaces the appointment by signed, if that is of a higher term; of a lower one the error is ErrAppointmentOld.
func (a *Appointments) Take(signed string) error {
	taken, err := openAppointment(a.root, signed)
	if err != nil {
		return err
	}
	if taken.Merchant != a.merchant || taken.Store != a.store {
		return fmt.Errorf("an appointment of a hub is for store %q of %q, and this terminal is of %q", taken.Store, taken.Merchant, a.store)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if taken.Term < a.newest.Term {
		return fmt.Errorf("%w: one is of term %d, and term %d is", ErrAppointmentOld, taken.Term, a.newest.Term)
	}
	if taken.Term == a.newest.Term {
		return nil
	}
	if a.keep != nil {
		if err := a.keep(signed, a.newest); err != nil {
			return fmt.Errorf("%w: %w", ErrAppointmentNotKept, err)
		}
	}
	a.newest = taken
	close(a.changed)
	a.changed = make(chan struct{})
	return nil
}

// Now is the newest appointment, of nobody where there was never one, and a channel that closes when there is a newer one.
func (a *Appointments) Now() (Appointment, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newest, a.changed
}

// Newest is the newest appointment.
func (a *Appointments) Newest() Appointment {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newest
}

// openAppointment verifies a signed appointment.
func openAppointment(root ed25519.PublicKey, signed string) (Appointment, error) {
	var a Appointment
	payload, err := openRooted(root, signed, api.HubType)
	if err != nil {
		return a, fmt.Errorf("the appointment of a hub: %w", err)
	}
	if err := json.Unmarshal(payload, &a.HubAppointment); err != nil {
		return a, fmt.Errorf("the appointment of a hub cannot be read: %w", err)
	}
	a.signed = signed
	if a.Nobody() {
		return a, nil
	}
	if a.authority, err = x509.ParseCertificate(valueOf(a.Authority)); err != nil {
		return a, fmt.Errorf("the certificate that stands for the root key cannot be read: %w", err)
	}
	key, ok := a.authority.PublicKey.(ed25519.PublicKey)
	if !ok || !key.Equal(root) || a.authority.CheckSignatureFrom(a.authority) != nil {
		return a, errors.New("the certificate that should stand for the root key is of another one")
	}
	if len(a.Key()) != ed25519.PublicKeySize || valueOf(a.Name) != api.HubName(a.Merchant, a.Store, a.Term) {
		return a, errors.New("the appointment of a hub names no good key, or another hub")
	}
	return a, nil
}

// openRooted returns the payload of a compact JWS of the root key with this typ.
func openRooted(root ed25519.PublicKey, signed, kind string) ([]byte, error) {
	parsed, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	if typ, _ := parsed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != kind {
		return nil, errors.New("it is something else")
	}
	payload, err := parsed.Verify(root)
	if err != nil {
		return nil, errors.New("it is not signed by the root key that the join code named")
	}
	return payload, nil
}

// tls verifies the hub: by the root key, by its name, and by its own key. Certificates are held against the time of the appointment and
// not against this machine's clock: a hub ends with its term, and a clock that is wrong must not part a counter from it.
func (a Appointment) tls() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.authority)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: pool, ServerName: valueOf(a.Name), Time: func() time.Time { return a.At },
		VerifyConnection: func(state tls.ConnectionState) error {
			key, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
			if !ok || !bytes.Equal(key, a.Key()) {
				return errors.New("whoever answers at the hub's address has another key than the hub")
			}
			return nil
		},
	}
}

// TLSCertificate is what the hub shows to who calls it. key is its own.
func (a Appointment) TLSCertificate(key ed25519.PrivateKey) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{valueOf(a.HubAppointment.Certificate)}, PrivateKey: key}
}
