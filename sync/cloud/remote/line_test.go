package remote

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An administrator would sit in front of a command that says nothing for minutes, where a network swallows what is sent.
func TestASilentNetworkIsSaid(t *testing.T) {
	t.Parallel()
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close() // the system takes connections, and nobody ever answers one
	unhurried := 5 * time.Minute
	office, err := newOffice("http://"+hole.Addr().String(), "cst_X", limits{connect: unhurried, answer: 50 * time.Millisecond, whole: unhurried, work: 60 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, brief := office.Merchants(t.Context())
	_, issuing := office.api.ListMerchantsWithResponse(long(t.Context()))
	for _, err := range []error{brief, issuing} {
		if err == nil || !strings.Contains(err.Error(), "nothing came from "+hole.Addr().String()) || !strings.Contains(err.Error(), "check --url") {
			t.Errorf("a network that swallows everything is said as %v", err)
		}
	}
	if ordinary.connect > 10*time.Second || ordinary.answer > 30*time.Second || ordinary.whole > time.Minute || ordinary.work < 5*time.Minute {
		t.Errorf("a person waits %+v", ordinary)
	}
	carried := newLine(ordinary)
	if carrier := carried.brief.Transport.(*http.Transport); carrier.DialContext == nil || carrier.TLSHandshakeTimeout != ordinary.connect || carrier.ResponseHeaderTimeout != ordinary.answer {
		t.Errorf("the limits do not reach the network: %+v", carrier)
	}
}

// A hotel's login page that calls itself JSON would be told as a fault in the program's words.
func TestALoginPageIsNoCloud(t *testing.T) {
	t.Parallel()
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write([]byte("<html>log in</html>")); err != nil {
			t.Error(err)
		}
	}))
	defer portal.Close()
	office, err := New(portal.URL, "cst_X")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := office.Merchants(t.Context()); err == nil || !strings.Contains(err.Error(), "is no cloud") || strings.Contains(err.Error(), "invalid character") {
		t.Errorf("a login page is said as %v", err)
	}
}
