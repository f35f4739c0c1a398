// Package escpos turns a laid-out slip into the bytes of one kind of printer, and those bytes back into a picture.
//
// The commands are those of Epson's ESC/POS reference as every maker of receipt printers copies them; what differs from one
// printer to the next stands in its Profile. Text never becomes a command: no byte below 0x20 ever comes out of it.
package escpos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/encoding/charmap"
)

// Profile is what is known of one kind of printer.
type Profile struct {
	ID           string         `toml:"id"`
	Name         string         `toml:"name"`
	Columns      int            `toml:"columns"` // characters of font A in a row
	Dots         int            `toml:"dots"`    // across the paper
	DPI          int            `toml:"dpi"`
	CodePages    map[string]int `toml:"code_pages"` // by character set: the number behind ESC t
	Chinese      string         `toml:"chinese"`    // "", "gb2312" or "gb18030"
	WakesChinese bool           `toml:"wakes_chinese"`
	QR           string         `toml:"qr"` // "native" or "raster"
	Cutter       bool           `toml:"cutter"`
	TearRows     int            `toml:"tear_rows"` // to feed where nothing cuts
	Drawer       bool           `toml:"drawer"`
	Status       string         `toml:"status"` // "yes", "try" or "no"
	ASB          bool           `toml:"asb"`
	Word         string         `toml:"word"`  // "process_id", "paper" or ""
	Chunk        int            `toml:"chunk"` // bytes
	Serial       Serial         `toml:"serial"`
}

// Serial is how a printer talks on a serial line when it leaves the factory.
type Serial struct {
	Baud     int    `toml:"baud"`
	DataBits int    `toml:"data_bits"`
	Parity   string `toml:"parity"` // "none", "even" or "odd"
	StopBits int    `toml:"stop_bits"`
}

// charsets lists the code pages that we can write, the most useful first: where several hold a text, the first is taken.
var charsets = []struct {
	name string
	page *charmap.Charmap
}{
	{"windows-1252", charmap.Windows1252}, {"cp858", charmap.CodePage858}, {"cp437", charmap.CodePage437},
	{"cp850", charmap.CodePage850}, {"iso-8859-15", charmap.ISO8859_15}, {"windows-1250", charmap.Windows1250},
	{"cp852", charmap.CodePage852}, {"iso-8859-2", charmap.ISO8859_2}, {"windows-1251", charmap.Windows1251},
	{"cp866", charmap.CodePage866}, {"cp855", charmap.CodePage855}, {"windows-1253", charmap.Windows1253},
	{"iso-8859-7", charmap.ISO8859_7}, {"windows-1254", charmap.Windows1254}, {"windows-1257", charmap.Windows1257},
	{"windows-1258", charmap.Windows1258}, {"cp860", charmap.CodePage860}, {"cp863", charmap.CodePage863},
	{"cp865", charmap.CodePage865}, {"cp862", charmap.CodePage862},
}

// ParseProfiles reads a table of profiles in TOML, an array named profile. An unknown key, a missing width or a code page that
// we cannot write is an error that names the profile.
func ParseProfiles(table []byte) ([]Profile, error) {
	var file struct {
		Profile []Profile `toml:"profile"`
	}
	meta, err := toml.Decode(string(table), &file)
	if err != nil {
		return nil, fmt.Errorf("the table of printers cannot be read: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("the table of printers has an unknown key %s", unknown[0])
	}
	for _, p := range file.Profile {
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("the printer profile %q: %w", p.ID, err)
		}
	}
	return file.Profile, nil
}

func (p Profile) check() error {
	switch {
	case p.ID == "" || p.Columns < 16 || p.Dots < 8*p.Columns || p.Dots%8 != 0:
		return fmt.Errorf("id, columns and dots (a multiple of 8) are needed")
	case p.Chunk < 1 || p.Chunk > 128:
		return fmt.Errorf("chunk must be 1 to 128 bytes")
	}
	choices := []struct {
		key, value string
		allowed    []string
	}{
		{"qr", p.QR, []string{"native", "raster"}},
		{"status", p.Status, []string{"yes", "try", "no"}},
		{"word", p.Word, []string{"process_id", "paper", ""}},
		{"chinese", p.Chinese, []string{"", "gb2312", "gb18030"}},
	}
	for _, choice := range choices {
		if !slices.Contains(choice.allowed, choice.value) {
			return fmt.Errorf("%s is %q, but must be one of %q", choice.key, choice.value, choice.allowed)
		}
	}
	for name, number := range p.CodePages {
		if pageNamed(name) == nil || number < 0 || number > 255 {
			return fmt.Errorf("the code page %s = %d cannot be written", name, number)
		}
	}
	return nil
}

func pageNamed(name string) *charmap.Charmap {
	for _, set := range charsets {
		if set.name == name {
			return set.page
		}
	}
	return nil
}

// pageNumbered is the character set behind a printer's ESC t number.
func (p Profile) pageNumbered(number byte) *charmap.Charmap {
	for name, n := range p.CodePages {
		if n == int(number) {
			return pageNamed(name)
		}
	}
	return nil
}

// Find returns the profile with an id, or an error that lists those there are.
func Find(profiles []Profile, id string) (Profile, error) {
	ids := make([]string, 0, len(profiles))
	for _, p := range profiles {
		if p.ID == id {
			return p, nil
		}
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return Profile{}, fmt.Errorf("there is no printer profile %q; choose one of %s", id, strings.Join(ids, ", "))
}
