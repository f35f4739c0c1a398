//go:build unix

package sync

import (
	"net/http"
	"net/url"
)

// systemProxy is what the environment says: these systems have no other place for it.
func systemProxy() func(*http.Request) (*url.URL, error) { return http.ProxyFromEnvironment }
