package hub

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
)

// A hub whose address nobody wrote down is found by multicast DNS (RFC 6762) as a service of its own kind (RFC 6763). Whoever answers is
// not believed for that: the address is called by TLS, and only the hub that the cloud appointed has the certificate. The name that is
// asked for says neither merchant nor store.

// Service is the kind of service that a hub is on its network.
const Service = "_countersign._tcp.local."

// mdnsGroup is where multicast DNS is spoken.
var mdnsGroup = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}

// answerLife is how long, in seconds, an answer may be kept by others.
const answerLife = 120

// Networks are the networks that a hub can be found on: those of this computer that carry multicast, or, where everything is on this
// computer, its loopback.
func Networks(loopback bool) (found []net.Interface, err error) {
	all, err := net.Interfaces()
	for _, one := range all {
		up := one.Flags&net.FlagUp != 0
		local := one.Flags&net.FlagLoopback != 0
		if up && local == loopback && (local || one.Flags&net.FlagMulticast != 0) {
			found = append(found, one)
		}
	}
	return found, err
}

// service is the name of a hub as a service; name is what its certificate calls it.
func service(name string) (dnsmessage.Name, error) {
	label, _, _ := strings.Cut(name, ".")
	return dnsmessage.NewName(label + "." + Service)
}

// Answer says where the hub called name is, at port, to whoever asks on the networks, until ctx ends.
func Answer(ctx context.Context, networks []net.Interface, name string, port uint16) error {
	asked, err := service(name)
	if err != nil {
		return err
	}
	var failed []error
	var running sync.WaitGroup
	answering := 0
	for _, network := range networks {
		connection, err := net.ListenMulticastUDP("udp4", &network, mdnsGroup)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		answering++
		stop := context.AfterFunc(ctx, func() { connection.Close() })
		running.Go(func() {
			defer stop()
			answerOn(ctx, connection, network, asked, port)
		})
	}
	if answering == 0 {
		return errors.Join(append(failed, errors.New("no network of this computer carries multicast"))...)
	}
	running.Wait()
	return ctx.Err()
}

// answerOn answers on one network until its connection is closed.
func answerOn(ctx context.Context, connection *net.UDPConn, network net.Interface, asked dnsmessage.Name, port uint16) {
	defer connection.Close()
	packet := make([]byte, 9000) // the most that RFC 6762 allows
	for ctx.Err() == nil {
		n, from, err := connection.ReadFromUDP(packet)
		if err != nil {
			return
		}
		answer := answerTo(packet[:n], asked, port, addressesOf(network))
		if answer == nil {
			continue
		}
		to := from
		if from.Port == mdnsGroup.Port { // who speaks multicast DNS itself hears it there; a simple asker hears it alone
			to = mdnsGroup
		}
		_, _ = connection.WriteToUDP(answer, to) // who heard nothing asks again
	}
}

func addressesOf(network net.Interface) (all []net.IP) {
	addresses, err := network.Addrs()
	if err != nil {
		return nil
	}
	for _, one := range addresses {
		if local, ok := one.(*net.IPNet); ok && local.IP.To4() != nil {
			all = append(all, local.IP.To4())
		}
	}
	return all
}

// answerTo is the answer to a query, or nil where it asks for something else.
func answerTo(query []byte, asked dnsmessage.Name, port uint16, addresses []net.IP) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil || header.Response {
		return nil
	}
	questions, err := parser.AllQuestions()
	if err != nil {
		return nil
	}
	kind := dnsmessage.MustNewName(Service)
	about := slices.IndexFunc(questions, func(q dnsmessage.Question) bool {
		same := func(name dnsmessage.Name) bool { return strings.EqualFold(q.Name.String(), name.String()) }
		return (same(asked) && (q.Type == dnsmessage.TypeSRV || q.Type == dnsmessage.TypeALL)) ||
			(same(kind) && (q.Type == dnsmessage.TypePTR || q.Type == dnsmessage.TypeALL))
	})
	if about < 0 {
		return nil
	}
	label, _, _ := strings.Cut(asked.String(), ".")
	host, err := dnsmessage.NewName(label + ".local.")
	if err != nil {
		return nil
	}
	headerOf := func(name dnsmessage.Name, kind dnsmessage.Type) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name, Type: kind, Class: dnsmessage.ClassINET, TTL: answerLife}
	}
	message := dnsmessage.Message{
		// A simple asker knows its answer by the id and the question (RFC 6762, 6.7); the others look at neither.
		Header:    dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true},
		Questions: questions[about : about+1],
		Answers: []dnsmessage.Resource{
			{Header: headerOf(kind, dnsmessage.TypePTR), Body: &dnsmessage.PTRResource{PTR: asked}},
			{Header: headerOf(asked, dnsmessage.TypeSRV), Body: &dnsmessage.SRVResource{Target: host, Port: port}},
			{Header: headerOf(asked, dnsmessage.TypeTXT), Body: &dnsmessage.TXTResource{TXT: []string{"v=1"}}},
		},
	}
	for _, address := range addresses {
		message.Additionals = append(message.Additionals, dnsmessage.Resource{Header: headerOf(host, dnsmessage.TypeA), Body: &dnsmessage.AResource{A: [4]byte(address)}})
	}
	packed, err := message.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// Look asks on the networks where the hub called name is, until ctx ends or found says that it is enough. found gets HOST:PORT of each who
// answers: the address that the answer came from, which is one that can be called from here.
func Look(ctx context.Context, networks []net.Interface, name string, found func(address string) (enough bool)) error {
	asked, err := service(name)
	if err != nil {
		return err
	}
	looking, enough := context.WithCancel(ctx)
	defer enough()
	var mu sync.Mutex
	var failed []error
	var running sync.WaitGroup
	for _, network := range networks {
		running.Go(func() {
			err := lookOn(looking, network, asked, func(address string) {
				mu.Lock()
				defer mu.Unlock()
				if looking.Err() == nil && found(address) {
					enough()
				}
			})
			if err != nil && looking.Err() == nil {
				mu.Lock()
				failed = append(failed, err)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return errors.Join(failed...)
}

// askAgain is how often a question is repeated within one look: multicast is lost easily on wireless networks.
const askAgain = 700 * time.Millisecond

func lookOn(ctx context.Context, network net.Interface, asked dnsmessage.Name, found func(address string)) error {
	addresses := addressesOf(network)
	if len(addresses) == 0 {
		return nil
	}
	connection, err := net.ListenUDP("udp4", &net.UDPAddr{IP: addresses[0]})
	if err != nil {
		return err
	}
	defer connection.Close()
	stop := context.AfterFunc(ctx, func() { connection.Close() })
	defer stop()
	if err := ipv4.NewPacketConn(connection).SetMulticastInterface(&network); err != nil {
		return err
	}
	var id [2]byte
	rand.Read(id[:])
	query := dnsmessage.Message{Header: dnsmessage.Header{ID: binary.BigEndian.Uint16(id[:])},
		Questions: []dnsmessage.Question{{Name: asked, Type: dnsmessage.TypeSRV, Class: dnsmessage.ClassINET}}}
	packed, err := query.Pack()
	if err != nil {
		return err
	}
	packet := make([]byte, 9000)
	for ctx.Err() == nil {
		if _, err := connection.WriteToUDP(packed, mdnsGroup); err != nil {
			return err
		}
		if err := connection.SetReadDeadline(time.Now().Add(askAgain)); err != nil {
			return err
		}
		for {
			n, from, err := connection.ReadFromUDP(packet)
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				break
			}
			if err != nil {
				return err
			}
			if port := portIn(packet[:n], query.ID, asked); port != 0 {
				found(net.JoinHostPort(from.IP.String(), strconv.Itoa(int(port))))
			}
		}
	}
	return nil
}

// portIn is the port that an answer names, or 0 where it is none to the question.
func portIn(packet []byte, id uint16, asked dnsmessage.Name) uint16 {
	var answer dnsmessage.Message
	if answer.Unpack(packet) != nil || !answer.Response || answer.ID != id {
		return 0
	}
	for _, one := range answer.Answers {
		if place, ok := one.Body.(*dnsmessage.SRVResource); ok && strings.EqualFold(one.Header.Name.String(), asked.String()) {
			return place.Port
		}
	}
	return 0
}
