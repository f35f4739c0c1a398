package api

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"net"
	"net/url"
	"strings"
)

// JoinScheme is the scheme of a join code.
const JoinScheme = "countersign"

// LookupKeyInfo is the HPKE info under which the lookup key is sealed at enrolment.
const LookupKeyInfo = "countersign lookup key v1"

// JoinCode is what turns a fresh machine into a terminal: where its cloud is, a one-time secret, and the hash of the root key that the
// cloud's answer must be signed under.
type JoinCode struct {
	Base     string // of the cloud: scheme, host and path, ending in "/"
	Secret   string
	RootHash string // see RootHash
}

// ErrJoinCode says that a text is no join code.
var ErrJoinCode = errors.New("not a join code: it looks like countersign://HOST/#CODE")

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// RootHash is the part of a join code that pins the root key: the first 26 symbols (130 bits) of its SHA-256 in Crockford Base32.
func RootHash(root ed25519.PublicKey) string {
	sum := sha256.Sum256(root)
	out := make([]byte, 26)
	for i := range out {
		value := 0
		for bit := i * 5; bit < i*5+5; bit++ {
			value = value<<1 | int(sum[bit/8]>>(7-bit%8))&1
		}
		out[i] = crockford[value]
	}
	return string(out)
}

// Pins reports whether the join code names this root key.
func (j JoinCode) Pins(root ed25519.PublicKey) bool {
	return len(root) == ed25519.PublicKeySize && j.RootHash == RootHash(root)
}

// String writes countersign://HOST/PATH#SECRET.ROOTHASH. The scheme of Base is not written: see ParseJoinCode.
func (j JoinCode) String() string {
	_, rest, _ := strings.Cut(j.Base, "://")
	return JoinScheme + "://" + rest + "#" + j.Secret + "." + j.RootHash
}

// ParseJoinCode reads what String wrote, or answers ErrJoinCode. A join code means HTTPS, on a loopback address HTTP.
func ParseJoinCode(text string) (JoinCode, error) {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil || address.Scheme != JoinScheme || address.Host == "" || address.RawQuery != "" || address.User != nil {
		return JoinCode{}, ErrJoinCode
	}
	secret, hash, found := strings.Cut(strings.ToUpper(address.Fragment), ".")
	if !found || secret == "" || len(hash) != 26 || strings.Trim(secret+hash, crockford) != "" {
		return JoinCode{}, ErrJoinCode
	}
	scheme := "https"
	if Loopback(address.Hostname()) {
		scheme = "http"
	}
	path := strings.TrimSuffix(address.EscapedPath(), "/") + "/"
	return JoinCode{Base: scheme + "://" + address.Host + path, Secret: secret, RootHash: hash}, nil
}

// Loopback reports whether host, a name or an address, is this machine alone.
func Loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
