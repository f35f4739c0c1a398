package sync

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Hindrance says who it is that keeps a terminal from its cloud, so that whoever looks into it begins at the right place.
type Hindrance string

// The hindrances.
const (
	HindranceUnknown       Hindrance = ""               // nobody answers, or what was said tells nothing more
	HindranceProxyAway     Hindrance = "proxy_away"     // the proxy itself cannot be reached
	HindranceProxyPassword Hindrance = "proxy_password" // the proxy wants a name and a password
	HindranceProxyRefuses  Hindrance = "proxy_refuses"  // the proxy lets nobody through to the cloud's address
	HindrancePortal        Hindrance = "portal"         // a network's login page answers in the cloud's place
	HindranceFront         Hindrance = "front"          // what stands before the cloud answers, and says that the cloud does not
	HindranceNotTLS        Hindrance = "not_tls"        // whoever answers does not speak TLS
	HindranceOver          Hindrance = "over"           // the certificate that is shown is over
	HindranceEarly         Hindrance = "early"          // it is not good yet: this computer's date is wrong, as a rule
	HindranceName          Hindrance = "name"           // it is for another name
	HindranceAuthority     Hindrance = "authority"      // it is of an authority that is not trusted here, or is wrong in another way
	HindranceDate          Hindrance = "date"           // the cloud's signature and this computer's date do not go together
)

// hindered is an error whose hindrance is known where it arises.
type hindered struct {
	kind  Hindrance
	text  string
	cause error
}

// Error implements error.
func (h *hindered) Error() string { return h.text }

// Unwrap implements errors.Is and errors.As.
func (h *hindered) Unwrap() error { return h.cause }

// Is says that a login page and what stands before the cloud answer in its place.
func (h *hindered) Is(target error) bool {
	return target == ErrInPlace && (h.kind == HindrancePortal || h.kind == HindranceFront || h.kind == HindranceNotTLS)
}

// HindranceOf says who it is that an error of the line tells of. shown is the certificate that was refused; nil where it is not one.
func HindranceOf(err error) (kind Hindrance, shown *x509.Certificate) {
	var known *hindered
	if errors.As(err, &known) {
		return known.kind, nil
	}
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) && len(verification.UnverifiedCertificates) > 0 {
		shown = verification.UnverifiedCertificates[0]
	}
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, ErrDate):
		return HindranceDate, nil
	case errors.As(err, &host):
		return HindranceName, host.Certificate
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return HindranceEarly, invalid.Cert
		}
		return HindranceOver, invalid.Cert
	case errors.As(err, &authority) && authority.Cert != nil:
		return HindranceAuthority, authority.Cert
	case verification != nil && shown != nil:
		return HindranceAuthority, shown
	}
	return HindranceUnknown, nil
}

// proxyAnswer turns what a proxy says to a request for a way through, other than yes, into an error that tells who said it. net/http alone
// would keep no more of it than "Forbidden" or "Found".
func proxyAnswer(answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status == http.StatusOK:
		return nil
	case status == http.StatusProxyAuthRequired:
		return &hindered{kind: HindranceProxyPassword, text: errProxyPassword}
	case status >= 300 && status < 400:
		return &hindered{kind: HindrancePortal, text: fmt.Sprintf("the proxy redirects to %s: perhaps this network wants somebody to log in", redirectHost(answer))}
	default:
		return &hindered{kind: HindranceProxyRefuses, text: fmt.Sprintf("the proxy refuses the way to the cloud (HTTP %d)", status)}
	}
}

const errProxyPassword = "the proxy asks for a name and a password"

// notTLS says whether an error tells that whoever answered does not speak TLS.
func notTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}
