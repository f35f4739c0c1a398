package main_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/sync/api"
)

const farHost = "cloud.example"

// Where a merchant's network has certificates of its own, or a proxy is the only way out, no counter would ever reach its cloud; and if a
// join code's pin did not hold there, whoever has the network could be the cloud.
func TestTheLineGoesThroughTheShopsOwnNetwork(t *testing.T) {
	certificates := makeAuthority(t)
	f := openFleetAt(t, "https://"+farHost+"/", "--tls-cert", certificates.cert, "--tls-key", certificates.key)
	proxy := startProxy(t, f.served.link.Addr())
	join := strings.TrimSpace(f.cloud("invite", "quay"))
	ctl := func(wanted int, environment []string, args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(programs, "countersignctl"), args...)
		cmd.Env = append(os.Environ(), "HTTPS_PROXY=", "https_proxy=", "COUNTERSIGN_DATA="+filepath.Join(f.folder, "till"))
		cmd.Env = append(cmd.Env, environment...)
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != wanted {
			t.Fatalf("countersignctl %s with %v: exit code %d instead of %d, %v: %s", args[0], environment, got, wanted, err, out)
		}
		return string(out)
	}
	through, trusting := "HTTPS_PROXY=http://"+proxy.addr, "COUNTERSIGN_CA_FILE="+certificates.authority

	// Without the way out, and without the network's own authority.
	ctl(5, []string{trusting, "HTTPS_PROXY=http://127.0.0.1:1"}, "join", join)
	if out := ctl(5, []string{through}, "join", join); !strings.Contains(out, "certificate") || !strings.Contains(out, "ca_file") {
		t.Errorf("a certificate of an unknown authority: %s", out)
	}
	if out := ctl(5, []string{through, "COUNTERSIGN_CA_FILE=" + certificates.key}, "join", join); !strings.Contains(out, "no certificate") {
		t.Errorf("a file without a certificate: %s", out)
	}
	// The network's authority vouches for the server, and the join code for the cloud: one does not stand in for the other.
	code, err := api.ParseJoinCode(join)
	if err != nil {
		t.Fatal(err)
	}
	code.RootHash = api.RootHash(make([]byte, 32))
	if out := ctl(5, []string{through, trusting}, "join", code.String()); !strings.Contains(out, "not the cloud that made this join code") ||
		!strings.Contains(out, "compare the 26 symbols") {
		t.Errorf("a wrong pin: %s", out)
	}
	before := proxy.count()
	ctl(0, []string{through, trusting}, "join", join)
	if proxy.count() == before {
		t.Error("it joined without asking the proxy")
	}
	out := ctl(0, []string{through, trusting}, "doctor", "--language", "en")
	if !strings.Contains(out, "ok    certificate good until") || !strings.Contains(out, "Shop Authority") {
		t.Errorf("doctor does not see the certificate: %s", out)
	}
	// The same by configuration alone.
	before = proxy.count()
	ctl(0, []string{"COUNTERSIGN_PROXY=http://" + proxy.addr, trusting}, "sync", "--wait", "30s")
	if proxy.count() == before {
		t.Error("it synced without asking the proxy that is configured")
	}
}

// authority is a certificate authority of a shop's network, and a certificate of it for the cloud, as PEM files.
type authority struct {
	authority, cert, key string

	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
}

func makeAuthority(t *testing.T) authority {
	t.Helper()
	folder := t.TempDir()
	caKey, caDER := issueCertificate(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Shop Authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	ca, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	key, der := issueCertificate(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: farHost}, DNSNames: []string{farHost}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return authority{write("ca.pem", "CERTIFICATE", caDER), write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", raw), ca, caKey}
}

// issueCertificate signs with signer's key, or with its own where there is no signer.
func issueCertificate(t *testing.T, wanted, signer *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if wanted.NotAfter.IsZero() {
		wanted.NotBefore, wanted.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	}
	if signer == nil {
		signer, by = wanted, key
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, signer, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// connectProxy is a proxy that leads to one place, whatever name it is asked for, as long as it is the cloud's.
type connectProxy struct {
	addr string
	to   string

	mu    sync.Mutex
	asked int
}

func startProxy(t *testing.T, to string) *connectProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &connectProxy{addr: listener.Addr().String(), to: to}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			go p.serve(conn)
		}
	}()
	t.Cleanup(func() { _ = listener.Close() }) // the test is over: how it closes is nobody's business
	return p
}

func (p *connectProxy) serve(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Method != http.MethodConnect || request.Host != farHost+":443" {
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\n\r\n") // whoever asked sees that it failed
		return
	}
	cloud, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer cloud.Close()
	p.mu.Lock()
	p.asked++
	p.mu.Unlock()
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(cloud, reader) // it ends with either side
		_ = cloud.Close()
	}()
	_, _ = io.Copy(conn, cloud)
}

func (p *connectProxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}
