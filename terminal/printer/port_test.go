package printer

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"go.bug.st/serial/enumerator"
)

func TestTargets(t *testing.T) {
	// Broken in the shop: a printer's address that worked yesterday is read as another.
	cases := map[string]string{
		"serial:/dev/ttyUSB0?baud=38400": "serial:/dev/ttyUSB0?baud=38400",
		"serial:COM3":                    "serial:COM3?baud=9600",
		"COM12":                          "serial:COM12?baud=9600",
		`\\.\COM12`:                      `serial:\\.\COM12?baud=9600`,
		"/dev/ttyS0":                     "serial:/dev/ttyS0?baud=9600",
		"/dev/pts/4":                     "serial:/dev/pts/4?baud=9600",
		"/dev/serial/by-id/usb-x":        "serial:/dev/serial/by-id/usb-x?baud=9600",
		"serial:usb-04b8:0202:A1?baud=19200&parity=even": "serial:usb-04b8:0202:A1?baud=19200&data=8&parity=even&stop=1",
		"usb-04b8:0202":                                 "serial:usb-04b8:0202?baud=9600",
		"tcp:192.168.1.50:9100":                         "tcp:192.168.1.50:9100",
		"192.168.1.50:9100":                             "tcp:192.168.1.50:9100",
		"tcp:printer.shop":                              "tcp:printer.shop",
		"usb:/dev/usb/lp0":                              "usb:/dev/usb/lp0",
		"/dev/usb/lp1":                                  "usb:/dev/usb/lp1",
		"winspool:Receipt Printer":                      "winspool:Receipt Printer",
		"file:/var/tmp/slips.bin":                       "file:/var/tmp/slips.bin",
		"/var/tmp/slips.bin":                            "file:/var/tmp/slips.bin",
		`C:\slips\out.bin`:                              `file:C:\slips\out.bin`,
		" serial:/dev/ttyACM0?baud=9600&data=7&stop=2 ": "serial:/dev/ttyACM0?baud=9600&data=7&parity=none&stop=2",
	}
	for text, want := range cases {
		got, err := ParseTarget(text)
		if err != nil || got.String() != want {
			t.Errorf("%q is read as %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "printer", "serial:", "serial:/dev/ttyS0?baud=fast", "serial:/dev/ttyS0?baud=1", "serial:/dev/ttyS0?flow=rts", "gopher:x"} {
		if got, err := ParseTarget(text); !errors.Is(err, ErrTarget) {
			t.Errorf("%q is read as %q (%v)", text, got, err)
		}
	}
}

func TestPrinterIsFoundByWhatItIs(t *testing.T) {
	// Broken in the shop: after a reboot the slips go to the scanner, because the port numbers have moved.
	found := []*enumerator.PortDetails{
		{Name: "/dev/ttyS0"},
		{Name: "/dev/ttyUSB0", IsUSB: true, VID: "0C2E", PID: "0206", SerialNumber: "S1"},
		{Name: "/dev/ttyUSB1", IsUSB: true, VID: "04B8", PID: "0202", SerialNumber: "A:1"},
		{Name: "/dev/ttyUSB2", IsUSB: true, VID: "04B8", PID: "0202", SerialNumber: "A2"},
	}
	for identity, want := range map[string]string{"04b8:0202": "/dev/ttyUSB1", "04B8:0202:A2": "/dev/ttyUSB2", "04b8:0202:A:1": "/dev/ttyUSB1", "0c2e:0206": "/dev/ttyUSB0"} {
		if got, err := match(identity, found); err != nil || got != want {
			t.Errorf("%s: %q, %v", identity, got, err)
		}
	}
	if _, err := match("04b8:0202:A3", found); !errors.Is(err, ErrMissing) {
		t.Errorf("another printer of the kind is taken: %v", err)
	}
	if _, err := match("04b8", found); !errors.Is(err, ErrTarget) {
		t.Errorf("half an identity: %v", err)
	}
}

func TestSorter(t *testing.T) {
	// Broken in the shop: a status byte that passes for the word that a slip is printed, or for an XOFF that stops everything.
	id := func(text string) answer { return answer{kind: answerID, data: [4]byte([]byte(text))} }
	status := func(b byte) answer { return answer{kind: answerStatus, data: [4]byte{b}} }
	paper := answer{kind: answerPaper, data: [4]byte{0x0f}}
	asb := answer{kind: answerASB, data: [4]byte{0x18, 0x00, 0x0c, 0x0f}}
	xon, xoff := answer{kind: answerXON}, answer{kind: answerXOFF}
	cases := map[string]struct {
		wants bool
		bytes string
		want  []answer
	}{
		"status":                      {false, "\x12\x1a\x72", []answer{status(0x12), status(0x1a), status(0x72)}},
		"flow":                        {false, "\x13\x11", []answer{xoff, xon}},
		"id":                          {false, "\x37\x22AB12\x00", []answer{id("AB12")}},
		"id with flow in it":          {false, "\x37\x22A\x13B1\x112\x00", []answer{xoff, xon, id("AB12")}},
		"half an id, then a status":   {false, "\x37\x22AB\x12", []answer{status(0x12)}},
		"ASB":                         {false, "\x18\x00\x0c\x0f", []answer{asb}},
		"ASB with a status in it":     {false, "\x18\x00\x12\x0c\x0f", []answer{status(0x12), asb}},
		"ASB begun anew":              {false, "\x18\x00\x18\x00\x0c\x0f", []answer{asb}},
		"paper, asked for":            {true, "\x0f", []answer{paper}},
		"paper, not asked for":        {false, "\x0f", nil},
		"paper with unlike sensors":   {true, "\x01\x04\x0e", nil},
		"letters are no paper":        {true, "abc AB", nil},
		"noise":                       {true, "\xff\x80\x81\x9f", nil},
		"ASB's bytes are no paper":    {true, "\x18\x00\x0c\x0f", []answer{asb}},
		"another block is not an id":  {false, "\x37\x25ABCD\x00", nil},
		"an id with a control byte":   {false, "\x37\x22A\x01BC\x00", nil},
		"a status after another head": {false, "\x37\x12", []answer{status(0x12)}},
	}
	for name, c := range cases {
		s := sorter{wantsPaper: c.wants}
		var got []answer
		for _, b := range []byte(c.bytes) {
			if a, ok := s.feed(b); ok {
				got = append(got, a)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestFileGetsEverySlip(t *testing.T) {
	// Broken in the shop: a file that another system reads loses the slips before.
	path := filepath.Join(t.TempDir(), "slips.bin")
	for _, slip := range []string{"one\n", "two\n"} {
		port, err := Open("file:" + path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := port.Write([]byte(slip)); err != nil {
			t.Fatal(err)
		}
		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNetworkPrinter(t *testing.T) {
	// Broken in the shop: a printer on the network is not reached, or not heard.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received := make(chan []byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			close(received)
			return
		}
		conn.Write([]byte{0x12})
		data, _ := io.ReadAll(conn)
		received <- data
	}()
	port, err := Open("tcp:" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1)
	if _, err := port.Read(answer); err != nil || answer[0] != 0x12 {
		t.Errorf("heard %x, %v", answer, err)
	}
	if _, err := port.Write([]byte("slip")); err != nil {
		t.Error(err)
	}
	port.Close()
	if got := <-received; !bytes.Equal(got, []byte("slip")) {
		t.Errorf("it received %q", got)
	}
}

func TestOpeningSaysWhatIsWrong(t *testing.T) {
	// Broken in the shop: "errno 2" on the screen of somebody who only has to plug a cable in.
	folder := t.TempDir()
	plain := filepath.Join(folder, "no-tty")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"serial:" + filepath.Join(folder, "gone"), "usb:" + filepath.Join(folder, "lp0"),
		"tcp:127.0.0.1:1", "serial:usb-ffff:ffff:none"} {
		if _, err := Open(target); !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v", target, err)
		}
	}
	for target, want := range map[string]error{"serial:" + folder: ErrFolder, "serial:" + plain: ErrFile, "usb:" + folder: ErrFolder,
		"usb:" + plain: ErrFile, "file:" + folder: ErrFolder, "serial:" + os.DevNull: ErrNoLine} {
		if runtime.GOOS == "windows" && want == ErrNoLine {
			continue // there the system does not say so
		}
		if _, err := Open(target); !errors.Is(err, want) || errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v", target, err)
		}
	}
}
