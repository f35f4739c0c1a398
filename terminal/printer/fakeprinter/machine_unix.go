//go:build unix

package fakeprinter

// machine is the printer without its line: what it has received, what it has printed, how it is.
type machine struct {
	power     bool
	powerLeft int // bytes it prints before the power fails; 0 for never
	paper     int // bytes the paper lasts for
	endless   bool
	cover     bool
	stalled   bool
	asb       byte // what GS a asked for
	xoff      bool
	rest      int // bytes of a picture that are still to come: it is printed as it comes
	pauses    int // how often it said XOFF
	missed    int // bytes that came while it had no power
	limited   bool
	allowed   int // bytes that it prints before its mechanics stand still, where they are limited

	realtime []byte // the beginning of a real-time command
	buffer   []byte
	printed  []byte
	answers  []byte
}

func (m *machine) hasPaper() bool { return m.endless || m.paper > 0 }

func (m *machine) well() bool { return m.power && m.hasPaper() && !m.cover }

// off loses what is in memory, the status by itself and the XOFF state with it.
func (m *machine) off() {
	m.power, m.asb, m.xoff, m.rest, m.buffer, m.realtime, m.answers = false, 0, false, 0, nil, nil, nil
}

func (m *machine) on() { m.power, m.powerLeft = true, 0 }

// receive takes bytes from the line. Real-time questions are answered at once, wherever they stand; everything goes into the
// buffer.
func (m *machine) receive(data []byte, options Options) {
	if !m.power {
		m.missed += len(data)
		return
	}
	for _, b := range data {
		m.realtime = append(m.realtime, b)
		switch n := len(m.realtime); {
		case m.realtime[0] != 0x10, n == 2 && b != 0x04:
			m.realtime = nil
		case n == 3:
			m.answers = append(m.answers, m.status(b)...)
			m.realtime = nil
		}
	}
	m.buffer = append(m.buffer, data...)
	if !options.NoXOFF && !m.xoff && len(m.buffer) > options.Buffer-256 {
		m.xoff = true
		m.pauses++
		m.answers = append(m.answers, 0x13)
	}
	m.wait()
}

// status answers DLE EOT n.
func (m *machine) status(n byte) []byte {
	status := byte(0x12)
	switch n {
	case 1:
		if !m.well() {
			status |= 0x08
		}
	case 2:
		if m.cover {
			status |= 0x04
		}
		if !m.hasPaper() {
			status |= 0x20
		}
	case 3:
	case 4:
		if !m.hasPaper() {
			status |= 0x6c
		}
	default:
		return nil
	}
	return []byte{status}
}

// report sends the status by itself, where GS a asked for it.
func (m *machine) report() {
	if !m.power || m.asb == 0 {
		return
	}
	answer := []byte{0x10, 0, 0, 0}
	if !m.well() {
		answer[0] |= 0x08
	}
	if m.cover {
		answer[0] |= 0x20
	}
	if !m.hasPaper() {
		answer[2] |= 0x0c
	}
	m.answers = append(m.answers, answer...)
}

func (m *machine) canPrint() bool {
	return m.well() && m.next() > 0 && (!m.limited || m.allowed > 0)
}

// next is the length of the command at the head of the buffer, 0 where it is not whole yet. The lengths are those of Epson's
// reference for the commands that receipts use; every other byte is a character.
func (m *machine) next() int {
	b := m.buffer
	if m.rest > 0 {
		return min(m.rest, len(b), 16)
	}
	at := func(i int) int {
		if i < len(b) {
			return int(b[i])
		}
		return 0
	}
	length := 1
	switch at(0) {
	case 0x10:
		length = 3
	case 0x1c:
		length = 2
	case 0x1b:
		switch at(1) {
		case '@':
			length = 2
		case 'p':
			length = 5
		default:
			length = 3
		}
	case 0x1d:
		switch at(1) {
		case '(':
			length = 5 + at(3) + at(4)<<8
		case 'v':
			length = 8
		case 'V':
			length = 4
		default:
			length = 3
		}
	}
	if len(b) == 0 || len(b) < length || (b[0] == 0x1d && len(b) < 2) || (b[0] == 0x1b && len(b) < 2) {
		return 0
	}
	if b[0] == 0x1d && ((b[1] == '(' && len(b) < 5) || (b[1] == 'v' && len(b) < 8)) {
		return 0
	}
	return length
}

// wait says XON when what came ends in the middle of a command: a printer reads a picture as it prints, and never waits for the rest of
// one with its buffer full.
func (m *machine) wait() {
	if m.xoff && m.well() && m.next() == 0 {
		m.xoff = false
		m.answers = append(m.answers, 0x11)
	}
}

// step prints the command at the head of the buffer and returns its length.
func (m *machine) step(options Options) int {
	length := m.next()
	command := m.buffer[:length]
	m.buffer = m.buffer[length:]
	if m.xoff && len(m.buffer) < options.Buffer/4 {
		m.xoff = false
		m.answers = append(m.answers, 0x11)
	}
	switch {
	case m.rest > 0:
		m.rest -= length
	case length == 8 && command[0] == 0x1d && command[1] == 'v':
		m.rest = (int(command[4]) + int(command[5])<<8) * (int(command[6]) + int(command[7])<<8)
	case m.question(command, options):
		return 0
	}
	m.printed = append(m.printed, command...)
	m.allowed -= length
	if !m.endless {
		if m.paper -= length; m.paper <= 0 {
			m.paper = 0
			m.report()
		}
	}
	if m.powerLeft > 0 {
		if m.powerLeft -= length; m.powerLeft <= 0 {
			m.off()
		}
	}
	return length
}

// question answers what prints nothing.
func (m *machine) question(command []byte, options Options) bool {
	switch {
	case command[0] == 0x10:
		return true
	case len(command) == 3 && command[0] == 0x1d && command[1] == 'r':
		if !options.NoWord {
			m.answers = append(m.answers, 0) // it comes to this only while there is paper
		}
		return true
	case len(command) == 11 && command[0] == 0x1d && command[2] == 'H':
		if !options.NoWord {
			m.answers = append(append(append(m.answers, 0x37, 0x22), command[7:11]...), 0)
		}
		return true
	case len(command) == 3 && command[0] == 0x1d && command[1] == 'a':
		m.asb = command[2]
		m.report()
	case len(command) == 2 && command[0] == 0x1b:
		m.asb = 0 // ESC @ brings everything back to what it was at power-on
	}
	return false
}
