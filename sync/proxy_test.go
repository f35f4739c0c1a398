package sync

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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

func TestAProxyThatFailsIsNotCalledTheCloud(t *testing.T) {
	// IT would look for the fault at the cloud while it is the proxy that is off, or that wants a password.
	asking := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer asking.Close()
	off := httptest.NewServer(nil)
	off.Close()
	for proxy, wanted := range map[string]string{asking.URL: "the proxy asks for a name and a password", off.URL: "nothing listens at the proxy's address"} {
		address, err := url.Parse(proxy)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
		answer, err := client.Get("https://cloud.example/")
		if err == nil {
			answer.Body.Close()
			t.Fatal("it was answered")
		}
		if told := plainCause(err); told.Error() != wanted {
			t.Errorf("%q, want %q", told, wanted)
		}
	}
}
