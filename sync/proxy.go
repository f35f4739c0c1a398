package sync

import (
	"errors"
	"net/http"
	"net/url"
	"os"

	"countersign/sync/api"
)

// findProxy says how requests get out of a shop's network. "" is what the environment names (HTTPS_PROXY, NO_PROXY), else what the
// system does; "none" is a straight line; all else is a proxy's address. This very machine is always reached straight.
func findProxy(setting string) (func(*http.Request) (*url.URL, error), error) {
	switch setting {
	case "none":
		return nil, nil
	case "":
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
			if os.Getenv(name) != "" {
				return http.ProxyFromEnvironment, nil
			}
		}
		return straightHome(systemProxy()), nil
	}
	address, err := url.Parse(setting)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https" && address.Scheme != "socks5") {
		return nil, errors.New("proxy is no address such as http://proxy.example:3128; it can also be none")
	}
	return straightHome(http.ProxyURL(address)), nil
}

func straightHome(through func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(request *http.Request) (*url.URL, error) {
		if api.Loopback(request.URL.Hostname()) {
			return nil, nil
		}
		return through(request)
	}
}
