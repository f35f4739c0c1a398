package sync

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/mattn/go-ieproxy"
)

// askSystemEvery is how long what Windows said of a host counts. A script that finds the proxy may take seconds: a customer must not
// wait for it at each question.
const askSystemEvery = 10 * time.Minute

// systemProxy is what Windows' settings say, a fixed proxy or a script: Go itself looks at the environment alone.
func systemProxy() func(*http.Request) (*url.URL, error) {
	type answer struct {
		through *url.URL
		at      time.Time
	}
	ask := ieproxy.GetProxyFunc()
	var mu sync.Mutex
	known := map[string]answer{}
	return func(request *http.Request) (*url.URL, error) {
		mu.Lock()
		defer mu.Unlock()
		if last, ok := known[request.URL.Host]; ok && time.Since(last.at) < askSystemEvery {
			return last.through, nil
		}
		through, err := ask(request)
		if err != nil {
			return nil, err
		}
		known[request.URL.Host] = answer{through, time.Now()}
		return through, nil
	}
}
