package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/cmd/internal/station"
)

// IT would look for the fault at the cloud or the cable while a proxy refuses, a login page answers or a certificate is over; and a list
// of the terminals whose certificate is bad would never name one.
func TestDoctorSaysWhoAnswersInTheCloudsPlace(t *testing.T) {
	certificates := makeAuthority(t)
	f := openFleetAt(t, "https://"+farHost+"/", "--tls-cert", certificates.cert, "--tls-key", certificates.key)
	way := startProxy(t, f.served.link.Addr())
	ctl := func(wanted int, proxy, authorities string, args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(programs, "countersignctl"), args...)
		cmd.Env = append(os.Environ(), "COUNTERSIGN_DATA="+filepath.Join(f.folder, "till"), "COUNTERSIGN_PROXY=http://"+proxy, "COUNTERSIGN_CA_FILE="+authorities)
		out, err := cmd.Output()
		if got := cmd.ProcessState.ExitCode(); got != wanted {
			t.Fatalf("countersignctl %s: exit code %d instead of %d, %v: %s", args[0], got, wanted, err, out)
		}
		return string(out)
	}
	ctl(0, way.addr, certificates.authority, "join", strings.TrimSpace(f.cloud("invite", "quay")))

	proxy := func(answer http.HandlerFunc) string {
		server := httptest.NewServer(answer)
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	status := func(status int) string {
		return proxy(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://login.example/")
			w.WriteHeader(status)
		})
	}
	year, day := 365*24*time.Hour, 24*time.Hour
	shows := func(name string, from, until time.Duration) string {
		return startProxy(t, showCertificate(t, certificates, name, time.Now().Add(from), time.Now().Add(until))).addr
	}
	alien, old := makeAuthority(t).authority, oldAuthority(t)
	for name, c := range map[string]struct {
		proxy, authorities      string
		line, lineDo            string
		certificate, certificDo string // "" is a certificate that nobody saw
	}{
		"the proxy refuses":        {proxy: status(403), line: "the proxy answers, and refuses", lineDo: "have whoever runs the proxy allow"},
		"it wants a password":      {proxy: status(407), line: "asks for a name and a password", lineDo: `proxy = "http://USER:PASSWORD@HOST:PORT"`},
		"it leads to a login page": {proxy: status(302), line: "login.example", lineDo: "log in to the network"},
		"nobody is there":          {proxy: "127.0.0.1:1", line: "the proxy cannot be reached", lineDo: "check the proxy's address"},
		"a page instead of a way": {proxy: proxy(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Log in, please</html>") }),
			line: "does not speak TLS", lineDo: "log in to the network"},
		"a certificate that is over": {proxy: shows(farHost, -year, -day), line: "is not good here", lineDo: "beside certificate",
			certificate: "over since", certificDo: "check this computer's date"},
		"one that is not good yet": {proxy: shows(farHost, day, year), line: "is not good here", lineDo: "beside certificate",
			certificate: "good only from", certificDo: "set this computer's date"},
		"one of another": {proxy: shows("other.example", -day, year), line: "is not good here", lineDo: "beside certificate",
			certificate: "for another name: other.example", certificDo: "another server"},
		"an unknown authority": {proxy: way.addr, authorities: alien, line: "is not good here", lineDo: "beside certificate",
			certificate: "unknown here: CN=Shop Authority", certificDo: "ca_file"},
		"an own authority that is over": {proxy: way.addr, authorities: old, line: "is not good here", lineDo: "beside certificate",
			certificate: "your own authority in " + old, certificDo: "new authority"},
	} {
		if c.authorities == "" {
			c.authorities = certificates.authority
		}
		line, certificate := lineOf(t, ctl(1, c.proxy, c.authorities, "doctor", "--json", "--language", "en"))
		if line.OK || !strings.Contains(line.Found, c.line) || !strings.Contains(line.Do, c.lineDo) {
			t.Errorf("%s: line is %+v", name, line)
		}
		if c.certificate == "" && (!certificate.OK || !strings.Contains(certificate.Found, "not seen")) {
			t.Errorf("%s: certificate is %+v", name, certificate)
		}
		if c.certificate != "" && (certificate.OK || !strings.Contains(certificate.Found, c.certificate) || !strings.Contains(certificate.Do, c.certificDo)) {
			t.Errorf("%s: certificate is %+v", name, certificate)
		}
	}
}

// lineOf finds the two checks in what doctor writes.
func lineOf(t *testing.T, text string) (line, certificate station.Check) {
	t.Helper()
	var checks []station.Check
	if err := json.Unmarshal([]byte(text), &checks); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, check := range checks {
		switch check.Name {
		case "line":
			line = check
		case "certificate":
			certificate = check
		}
	}
	return line, certificate
}

// showCertificate is a server that shows a certificate of the authority for name.
func showCertificate(t *testing.T, by authority, name string, from, until time.Time) string {
	t.Helper()
	key, der := issueCertificate(t, &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: from, NotAfter: until}, by.ca, by.caKey)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() }) // the test is over: how it closes is nobody's business
	return listener.Addr().String()
}

// oldAuthority is the file of an authority that was good until yesterday.
func oldAuthority(t *testing.T) string {
	t.Helper()
	_, der := issueCertificate(t, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Old Authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, 0, -1)}, nil, nil)
	path := filepath.Join(t.TempDir(), "old.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
