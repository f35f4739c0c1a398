package station

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// plainText reads a text as people's programs leave it: UTF-8 with or without a mark at its beginning, or UTF-16 with one, which is what
// Windows' shell writes with ">".
func plainText(raw []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return strings.TrimPrefix(string(raw), "\ufeff")
	}
	raw = raw[2:]
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// hidePassword takes the password out of a proxy's address, also of one that is written wrongly.
func hidePassword(address string) string {
	at := strings.LastIndex(address, "@")
	if at < 0 {
		return address
	}
	begin := 0
	if scheme := strings.Index(address[:at], "://"); scheme >= 0 {
		begin = scheme + len("://")
	}
	colon := strings.Index(address[begin:at], ":")
	if colon < 0 {
		return address
	}
	return address[:begin+colon+1] + "xxxxx" + address[at:]
}
