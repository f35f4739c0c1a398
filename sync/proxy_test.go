package sync

import (
	"net/http"
	"testing"
)

func TestTheProxyThatIsNamedIsTaken(t *testing.T) {
	// Behind a proxy no counter would ever reach its cloud; and one that asks a proxy for its own machine reaches nothing.
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	for setting, want := range map[string]string{
		"http://proxy.example:3128": "http://proxy.example:3128", "socks5://proxy.example:1080": "socks5://proxy.example:1080", "none": "", "": "",
	} {
		find, err := findProxy(setting)
		if err != nil {
			t.Errorf("%q: %v", setting, err)
			continue
		}
		for target, want := range map[string]string{"https://cloud.example/v1": want, "http://127.0.0.1:8443/v1": "", "http://localhost/v1": ""} {
			request, err := http.NewRequest(http.MethodGet, target, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if find != nil {
				through, err := find(request)
				if err != nil {
					t.Fatal(err)
				}
				if through != nil {
					got = through.String()
				}
			}
			if got != want {
				t.Errorf("with %q, %s goes through %q, want %q", setting, target, got, want)
			}
		}
	}
	for _, setting := range []string{"proxy.example:3128", "ftp://proxy.example", "http://", "off"} {
		if _, err := findProxy(setting); err == nil {
			t.Errorf("%q is taken for a proxy", setting)
		}
	}
}
