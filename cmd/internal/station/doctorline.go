package station

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal/keystore"
)

// certificateSoon is how long before its end a certificate is worth a word.
const certificateSoon = 21 * 24 * time.Hour

// examineLine asks the cloud for something harmless, signed from end to end, and looks at its certificate.
func (d doctor) examineLine(ctx context.Context, r *Reader, config Config) (line, certificate Check) {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	args := map[string]any{"url": r.url}
	unseen := d.well("certificate", "unseen", nil)
	keys, err := keystore.Load(filepath.Join(r.folder, KeysName))
	if err != nil {
		return d.fault("line", "no", err, args), unseen
	}
	client, err := r.client(config, keys, nil)
	if err != nil {
		return d.fault("line", "no", err, args), unseen
	}
	began := time.Now()
	if err := client.Probe(ctx); err != nil {
		return d.hindered(err, args, r.Settings.CAFile)
	}
	args["ms"] = time.Since(began).Milliseconds()
	line = d.well("line", "ok", args)
	shown, err := client.Certificate(ctx)
	switch {
	case err != nil:
		return line, d.fault("certificate", "bad", err, nil)
	case shown == nil:
		return line, d.well("certificate", "plain", nil)
	}
	told := map[string]any{"until": shown.NotAfter, "issuer": shown.Issuer.String()}
	if time.Until(shown.NotAfter) < certificateSoon {
		return line, d.advise("certificate", "soon", told)
	}
	if own := ownAuthorityOver(r.Settings.CAFile); own != nil { // the line does without it
		certificate = d.well("certificate", "ok", told)
		certificate.Do = d.words.Say("doctor.certificate.own_over_note", map[string]any{"file": r.Settings.CAFile, "subject": own.Subject.String()})
		return line, certificate
	}
	return line, d.well("certificate", "ok", told)
}

// hindered says who it is that keeps the terminal from its cloud, and whether it is by a certificate. Each has its own next step.
func (d doctor) hindered(err error, args map[string]any, caFile string) (line, certificate Check) {
	kind, shown := cloudsync.HindranceOf(err)
	state := lineState[kind]
	if state == "" {
		return d.fault("line", "no", err, args), d.well("certificate", "unseen", nil)
	}
	args["cause"] = err.Error()
	var none *cloudsync.NoAnswer
	if errors.As(err, &none) {
		args["cause"] = none.Cause.Error()
	}
	line = d.ill("line", state, args)
	if shown == nil {
		return line, d.well("certificate", "unseen", nil)
	}
	told := map[string]any{"from": shown.NotBefore, "until": shown.NotAfter, "subject": shown.Subject.String(), "issuer": shown.Issuer.String(),
		"names": strings.Join(shown.DNSNames, ", "), "now": time.Now(), "url": args["url"], "file": caFile}
	if own := ownAuthorityOver(caFile); own != nil && kind != cloudsync.HindranceName && kind != cloudsync.HindranceEarly {
		told["subject"], told["until"] = own.Subject.String(), own.NotAfter
		return line, d.ill("certificate", "own_over", told)
	}
	switch kind {
	case cloudsync.HindranceOver:
		return line, d.ill("certificate", "over", told)
	case cloudsync.HindranceEarly:
		return line, d.ill("certificate", "early", told)
	case cloudsync.HindranceName:
		return line, d.ill("certificate", "name", told)
	}
	return line, d.ill("certificate", "authority", told)
}

// lineState is which sentence tells who it is that keeps the terminal from its cloud, and what to do.
var lineState = map[cloudsync.Hindrance]string{
	cloudsync.HindranceProxyAway:     "proxy_away",
	cloudsync.HindranceProxyPassword: "proxy_password",
	cloudsync.HindranceProxyRefuses:  "proxy_refuses",
	cloudsync.HindrancePortal:        "portal",
	cloudsync.HindranceNotTLS:        "not_tls",
	cloudsync.HindranceFront:         "front",
	cloudsync.HindranceOver:          "certificate",
	cloudsync.HindranceEarly:         "certificate",
	cloudsync.HindranceName:          "certificate",
	cloudsync.HindranceAuthority:     "certificate",
	cloudsync.HindranceDate:          "date",
}

// ownAuthorityOver is the first certificate in a network's own file of authorities that is over; nil for none. A file that cannot be read is
// told of elsewhere: with it there is no line at all.
func ownAuthorityOver(file string) *x509.Certificate {
	if file == "" {
		return nil
	}
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil
		}
		if own, err := x509.ParseCertificate(block.Bytes); err == nil && time.Now().After(own.NotAfter) {
			return own
		}
	}
}
