package hub_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"countersign/sync/api"
	"countersign/sync/hub"
)

// loopback is this computer's own network: nothing of a test leaves it.
func loopback(t *testing.T) []net.Interface {
	t.Helper()
	networks, err := hub.Networks(true)
	if err != nil || len(networks) == 0 {
		t.Fatalf("this computer has no loopback: %v", err)
	}
	return networks
}

// look is what answers first, or "" where nobody does in the time of patience.
func look(t *testing.T, name string, patience time.Duration) (address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := hub.Look(ctx, loopback(t), name, func(found string) bool {
		address = found
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// A shop whose hub nobody gave an address would sell on alone with the internet down, and one voucher could be honoured twice.
func TestAHubIsFoundByAsking(t *testing.T) {
	name := api.HubName("lakeside", strconv.FormatInt(time.Now().UnixNano(), 36), 3)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- hub.Answer(ctx, loopback(t), name, 7743) }()
	if found := look(t, name, time.Minute); found != "127.0.0.1:7743" {
		t.Errorf("the hub was found at %q", found)
	}
	if found := look(t, api.HubName("lakeside", "another", 3), 200*time.Millisecond); found != "" {
		t.Errorf("another store's hub was found at %q", found)
	}
	stop()
	<-over
	if found := look(t, name, 200*time.Millisecond); found != "" {
		t.Errorf("a hub that stopped was found at %q", found)
	}
}

// If anything on the shop's network could stop the hub from answering with a packet of its own making, the shop would lose it.
func TestStrangePacketsAreLeftAlone(t *testing.T) {
	name := api.HubName("lakeside", strconv.FormatInt(time.Now().UnixNano(), 36), 1)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- hub.Answer(ctx, loopback(t), name, 7743) }()
	defer func() {
		stop()
		<-over
	}()
	if look(t, name, time.Minute) == "" {
		t.Fatal("the hub does not answer")
	}
	connection, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	many := dnsmessage.Message{Header: dnsmessage.Header{Response: true}}
	for range 100 {
		many.Questions = append(many.Questions, dnsmessage.Question{Name: dnsmessage.MustNewName(strings.Repeat("a.", 60)), Type: dnsmessage.TypeSRV})
	}
	packed, err := many.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, packet := range [][]byte{{}, {0}, []byte("GET / HTTP/1.1\r\n\r\n"), packed, packed[:len(packed)/2], make([]byte, 8000)} {
		if _, err := connection.Write(packet); err != nil {
			t.Logf("a packet of %d bytes was not sent: %v", len(packet), err)
		}
	}
	if look(t, name, time.Minute) == "" {
		t.Error("the hub does not answer any more")
	}
}
