package printer

// answerKind says what a printer said.
type answerKind uint8

const (
	answerXON    answerKind = iota + 1
	answerXOFF              // take a break
	answerStatus            // one byte, to DLE EOT n; which n is known by what was asked last
	answerASB               // four bytes that it sends by itself
	answerPaper             // one byte, to GS r 1
	answerID                // four characters, to GS ( H function 48
)

// answer is one thing that a printer said.
type answer struct {
	kind answerKind
	data [4]byte
}

// sorter tells apart what a printer sends on one line, by the bits that each kind of answer fixes (Epson, "Transmission status
// identification"): XON and XOFF are 0x11 and 0x13 wherever they stand; a DLE EOT answer is 0xx1xx10, the first byte of ASB
// 0xx1xx00, the others 0xx0xxxx, an answer to GS r 0000xxxx, and a block begins with 0x37 and ends with NUL. What fits nothing
// is noise and is dropped.
type sorter struct {
	asb   []byte
	block []byte
	// wantsPaper is set where answers to GS r may come, also late ones: of a printer that is never asked, its byte alone says too little.
	wantsPaper bool
}

const (
	blockHead = 0x37
	idMark    = 0x22
)

// feed takes the next byte; ok says that it completed an answer.
func (s *sorter) feed(b byte) (a answer, ok bool) {
	switch b {
	case 0x11:
		return answer{kind: answerXON}, true
	case 0x13:
		return answer{kind: answerXOFF}, true
	}
	if len(s.block) > 0 {
		if s.block = append(s.block, b); s.fits() {
			return s.finished()
		}
		s.block = nil // no block of ours: look at the byte for itself
	}
	switch {
	case b == blockHead:
		s.asb, s.block = nil, []byte{b}
	case b&0x93 == 0x12:
		return answer{kind: answerStatus, data: [4]byte{b}}, true
	case b&0x93 == 0x10:
		s.asb = []byte{b}
	case b&0x90 == 0 && len(s.asb) > 0:
		if s.asb = append(s.asb, b); len(s.asb) == 4 {
			a = answer{kind: answerASB, data: [4]byte(s.asb)}
			s.asb = nil
			return a, true
		}
	case s.wantsPaper && b&0xf0 == 0 && pair(b) && pair(b>>2):
		return answer{kind: answerPaper, data: [4]byte{b}}, true
	default:
		s.asb = nil
	}
	return answer{}, false
}

// pair reports whether the two lowest bits are alike, as both sensors of one kind always are.
func pair(b byte) bool { return b&3 == 0 || b&3 == 3 }

// fits reports whether the block so far can be the echo of a process id: head, mark, four printable characters, NUL.
func (s *sorter) fits() bool {
	at := len(s.block) - 1
	b := s.block[at]
	switch {
	case at == 1:
		return b == idMark
	case at <= 5:
		return b >= 0x20 && b <= 0x7e
	}
	return b == 0
}

func (s *sorter) finished() (answer, bool) {
	if len(s.block) < 7 {
		return answer{}, false
	}
	a := answer{kind: answerID, data: [4]byte(s.block[2:6])}
	s.block = nil
	return a, true
}
