package api

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// WithHubPort adds HubPort to an address without a port.
func WithHubPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return net.JoinHostPort(unbracketed(address), HubPort)
	}
	return address
}

// unbracketed is an address of IPv6 without the brackets that it needs only before a port.
func unbracketed(address string) string {
	if inner, ok := strings.CutPrefix(address, "["); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]")
	}
	return address
}

// GoodPlace reports whether HOST:PORT could be called, or with listening listened at, where the host may be left out.
func GoodPlace(address string, listening bool) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0 && (GoodHost(host) || listening && host == "")
}

// Anywhere reports that HOST:PORT is where a program listens for all addresses of its machine, and nowhere to call.
func Anywhere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

var hostName = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?(\.[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?)*\.?$`)

// numbered finds a name whose last label is a number: no domain ends so (RFC 1123, 2.1), and it was to be an address, 10.0.0.300.
var numbered = regexp.MustCompile(`\.[0-9]+\.?$`)

// GoodHost reports whether a host could be called so: an IP address or a name.
func GoodHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return hostName.MatchString(host) && !numbered.MatchString(host)
}
