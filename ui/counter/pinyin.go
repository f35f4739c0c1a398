package counter

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// sounds reports that the Chinese signs of some part of text, one after another, begin with wanted's letters when they are spoken: "wxm" for
// 王小明. It is how Chinese names are looked up with keys that have no Chinese. A sign that is too rare for its sound to be known may begin with
// any letter, but not all of them may.
func sounds(text, wanted string) bool {
	if len(wanted) < 2 || strings.Trim(wanted, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.Is(unicode.Han, r) }) {
		signs := []rune(name)
		for from := 0; from+len(wanted) <= len(signs); from++ {
			if allSound(signs[from:from+len(wanted)], wanted) {
				return true
			}
		}
	}
	return false
}

// allSound reports that each sign begins with its letter.
func allSound(signs []rune, letters string) bool {
	known := 0
	for i, sign := range signs {
		letter := initialOf(sign)
		switch {
		case letter == 0:
			continue
		case letter != letters[i] && otherSounds[sign] != letters[i]:
			return false
		}
		known++
	}
	return known > 0
}

// firstSigns are, in GB 2312, the first signs whose sounds begin with each of initials: the standard has its 3,755 commonest signs, from
// row 16 to row 55, in the order of their sounds.
const (
	initials   = "abcdefghjklmnopqrstwxyz"
	firstSigns = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
)

// afterCommon is where GB 2312 has the signs that are ordered by how they are written.
var afterCommon = []byte{0xD8, 0xA1}

// otherSounds are what signs begin with in a family's name, or in a common word, where their commonest sound begins otherwise.
var otherSounds = map[rune]byte{'单': 's', '解': 'x', '仇': 'q', '区': 'o', '查': 'z', '乐': 'y', '重': 'c', '长': 'z', '盛': 'c', '召': 's'}

// firstPlaces are the places of firstSigns.
var firstPlaces = func() [][]byte {
	var places [][]byte
	for _, sign := range firstSigns {
		places = append(places, placeOf(sign))
	}
	return places
}()

// placeOf is a sign's two bytes in GB 2312, or nil where it has none.
func placeOf(sign rune) []byte {
	pair, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(sign)))
	if err != nil || len(pair) != 2 || pair[1] < 0xA1 { // GBK has more signs than GB 2312, in no order of sounds
		return nil
	}
	return pair
}

// initialOf is the letter that a sign's sound begins with; 0 where the sign is too rare for it to be known.
func initialOf(sign rune) byte {
	place, letter := placeOf(sign), byte(0)
	if place == nil || bytes.Compare(place, afterCommon) >= 0 {
		return 0
	}
	for i, first := range firstPlaces {
		if bytes.Compare(place, first) < 0 {
			break
		}
		letter = initials[i]
	}
	return letter
}
