package station

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/scanner"
)

// SayJoinTrouble says why joining failed, and the way on.
func SayJoinTrouble(words terminal.Words, err error) (found, do string) {
	var lost *Lost
	var unwritable *Unwritable
	var held *InUse
	fault, way, _ := SayFault(words, err) // of these three it has a sentence in each language
	switch {
	case errors.As(err, &lost):
		return fault, way
	case errors.As(err, &unwritable):
		return words.Say("setup.join.trouble.folder", map[string]any{"cause": fault}), words.Say("setup.join.trouble.folder_do", nil)
	case errors.As(err, &held):
		return words.Say("setup.join.trouble.other", map[string]any{"cause": fault}), words.Say("ui.not_started.in_use", nil)
	}
	key := "setup.join.trouble." + joinTrouble(err)
	return words.Say(key, map[string]any{"cause": SayCause(words, err), "now": time.Now()}), words.Say(key+"_do", nil)
}

// joinTrouble is which of the sentences tells why joining failed.
func joinTrouble(err error) string {
	var refused *cloudsync.Refusal
	var date x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, api.ErrJoinCode):
		return "code"
	case errors.Is(err, errOtherCloud):
		return "other_cloud"
	case errors.As(err, &refused):
		switch refused.Code {
		case "join_code_unknown":
			return "unknown"
		case "join_code_used":
			return "used"
		case "join_code_expired":
			return "expired"
		}
		return "other"
	case errors.Is(err, cloudsync.ErrDate), errors.As(err, &date) && date.Reason == x509.Expired:
		return "clock" // a certificate that really is over is rarer than a computer whose battery is empty, and its date is told
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &certificate):
		return "certificate"
	case errors.Is(err, cloudsync.ErrPin):
		return "pin"
	case errors.Is(err, cloudsync.ErrInPlace):
		return "portal"
	case errors.Is(err, terminal.ErrNoAnswer):
		return "network"
	}
	return "other"
}

// MendJoinCode undoes what a keyboard of another country makes of a scanned join code, where that can be told: the scanner is calibrated
// only after joining.
func MendJoinCode(typed string) string {
	if _, err := api.ParseJoinCode(typed); err == nil {
		return typed
	}
	for _, meant := range scanner.Mend(typed) {
		if at := strings.Index(strings.ToLower(meant), api.JoinScheme+"://"); at >= 0 {
			if _, err := api.ParseJoinCode(meant[at:]); err == nil {
				return meant[at:]
			}
		}
	}
	return typed
}
