package escpos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"countersign/terminal"
	"countersign/terminal/escpos"
	"countersign/terminal/receipt"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/text/encoding/simplifiedchinese"
)

var update = flag.Bool("update", false, "write the golden files anew")

var typesetter = sync.OnceValue(func() *escpos.Typesetter {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("../../assets/fonts", name))
		if err != nil {
			panic(err)
		}
		return data
	}
	t, err := escpos.NewTypesetter(read("NotoSansSC-Regular.otf"), read("NotoSansSC-Bold.otf"))
	if err != nil {
		panic(err)
	}
	return t
})

func profile(t testing.TB, id string) escpos.Profile {
	t.Helper()
	table, err := os.ReadFile("../../assets/printers/profiles.toml")
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := escpos.ParseProfiles(table)
	if err != nil {
		t.Fatal(err)
	}
	p, err := escpos.Find(profiles, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// words says the slips' own sentences, with amounts and times as the languages write them.
type words struct {
	language  string
	sentences map[string]string
}

func wordsIn(t *testing.T, language string) words {
	t.Helper()
	data, err := os.ReadFile("../../assets/translations/receipt." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	w := words{language: language}
	if err := json.Unmarshal(data, &w.sentences); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w words) Language() string { return w.language }

func (w words) Say(key string, args map[string]any) string {
	sentence := w.sentences[key]
	for name, value := range args {
		text := fmt.Sprint(value)
		switch v := value.(type) {
		case time.Time:
			text = v.Format("2006-01-02 15:04")
		case terminal.Money:
			text = map[string]string{"en": "€" + v.Decimal(), "zh-Hans": "￥" + v.Decimal(), "de": strings.Replace(v.Decimal(), ".", ",", 1) + "\u00a0€",
				"es": strings.Replace(v.Decimal(), ".", ",", 1) + "\u00a0€"}[w.language]
		}
		sentence = strings.ReplaceAll(sentence, "{"+name+"}", text)
	}
	return sentence
}

func money(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

// scenes are the slips that a shop sees.
func scenes() map[string]terminal.SlipFacts {
	at := time.Date(2026, 11, 21, 20, 4, 0, 0, time.FixedZone("CET", 3600))
	uid, err := terminal.ParseUID("3R4XWZ0C9KQ7T5N1V8B2DEFGHJ")
	if err != nil {
		panic(err)
	}
	deal := terminal.SlipDeal{
		Name:   terminal.Text{"en": "Dinner for two with a view over the lake", "zh-Hans": "湖景双人晚餐套餐（含饮料）", "de": "Abendessen für zwei mit Seeblick"},
		Terms:  terminal.Text{"en": "Drinks not included.", "zh-Hans": "不含酒水。", "de": "Getränke nicht enthalten."},
		Holder: "M. Chen",
		Line:   terminal.EntryLine{Kind: terminal.KindProduct, Units: 1, Masked: "B2HQ", Value: money(6800), Price: money(3990)},
	}
	base := terminal.SlipFacts{
		Kind: terminal.SlipRedemption,
		Settings: terminal.Settings{
			Merchant: terminal.Merchant{Name: "Lakeside Group"},
			Store:    terminal.Store{Name: "Lakeside Quay", Zone: "Europe/Berlin", Address: []string{"1 Quay Street", "10117 Berlin"}},
			Terminal: "counter-1",
		},
		Operator:        "Li",
		Entry:           terminal.Entry{UID: uid, Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 42}, Wall: at, Assurance: terminal.Confirmed},
		Deals:           []terminal.SlipDeal{deal},
		ReversibleUntil: at.Add(time.Hour),
	}
	bill := base
	bill.Entry.Assurance, bill.Entry.Bill, bill.LeftToPay, bill.Duplicate = terminal.Offline, money(12345), money(10345), 2
	bill.Deals = []terminal.SlipDeal{deal, {Name: terminal.Text{"en": "20 % off", "zh-Hans": "八折", "de": "20 % Nachlass"},
		Line: terminal.EntryLine{Kind: terminal.KindDiscount, Units: 1, Discount: money(2000), Masked: "9A"}}}
	reversal := base
	reversal.Kind, reversal.Training = terminal.SlipReversal, true
	reversal.Original = &terminal.SlipOriginal{Receipt: terminal.ReceiptNumber{Epoch: 1, Number: 41}, At: at.Add(-time.Hour)}
	test := base
	test.Kind, test.Deals, test.Entry = terminal.SlipTest, nil, terminal.Entry{Wall: at}
	kinds := base
	kinds.Deals = []terminal.SlipDeal{
		{Name: terminal.Text{"en": "Gift card", "zh-Hans": "礼品卡", "de": "Geschenkkarte"},
			Line: terminal.EntryLine{Kind: terminal.KindBalance, Units: 1250, Left: 123456750, Amount: money(1250), Masked: "77ZP"}},
		{Name: terminal.Text{"en": "Table by the window", "zh-Hans": "靠窗餐桌", "de": "Fenstertisch"}, Slot: &terminal.Slot{From: at, Until: at.Add(time.Hour), Party: 4},
			Line: terminal.EntryLine{Kind: terminal.KindBooking, Units: 1, Masked: "K3"}},
		{Name: terminal.Text{"en": "Order 815", "zh-Hans": "订单 815", "de": "Bestellung 815"},
			Parts: []terminal.OrderLine{{ID: "a", Name: "Himbeer-Buttermilch-Frühstückstorte mit Sahne", Quantity: 2}, {ID: "b", Name: "奶油蛋糕", Quantity: 1}},
			Line:  terminal.EntryLine{Kind: terminal.KindPickup, Units: 2, Left: 3, Masked: "9Q"}},
	}
	duplicate, training := base, base
	duplicate.Duplicate, training.Training = 1, true
	return map[string]terminal.SlipFacts{"redemption": base, "duplicate": duplicate, "training": training, "bill": bill, "reversal": reversal, "test": test, "kinds": kinds, "day_close": dayClose(base)}
}

func dayClose(base terminal.SlipFacts) terminal.SlipFacts {
	z := base
	z.Kind, z.Deals, z.ReversibleUntil = terminal.SlipDayClose, nil, time.Time{}
	z.Entry.Kind, z.Entry.Assurance, z.Entry.BusinessDay = terminal.EntryDayClose, "", terminal.Date{Year: 2026, Month: 11, Day: 21}
	number := func(n uint64) terminal.ReceiptNumber { return terminal.ReceiptNumber{Epoch: 1, Number: n} }
	z.Entry.Totals = &terminal.DayTotals{Number: 118, First: number(1), Last: number(41), Redemptions: 39, Reversals: 2, Declines: 7, Late: 1,
		Assurances: []terminal.AssuranceTotal{{Assurance: terminal.Confirmed, Redemptions: 31}, {Assurance: terminal.ByStore, Redemptions: 2},
			{Assurance: terminal.Leased, Redemptions: 1}, {Assurance: terminal.Offline, Redemptions: 5}},
		Campaigns: []terminal.CampaignTotal{
			{Campaign: "dinner", Kind: terminal.KindProduct, Redeemed: terminal.Tally{Lines: 21, Units: 21, Value: money(142800), Price: money(83790)},
				Reversed: terminal.Tally{Lines: 2, Units: 2, Value: money(13600), Price: money(7980)}},
			{Campaign: "gift", Kind: terminal.KindBalance, Redeemed: terminal.Tally{Lines: 17, Units: 123456789, Amount: money(123456789)}},
			{Campaign: "coffee-that-the-cache-has-forgotten", Kind: terminal.KindPass, Redeemed: terminal.Tally{Lines: 1, Units: 12}},
		}}
	z.Campaigns = map[string]terminal.Text{
		"dinner": {"en": "Dinner for two with a view over the lake", "zh-Hans": "湖景双人晚餐套餐（含饮料）", "de": "Abendessen für zwei mit Seeblick"},
		"gift":   {"en": "Gift card", "zh-Hans": "礼品卡", "de": "Geschenkkarte"},
	}
	return z
}

func TestGoldenBytes(t *testing.T) {
	// Broken in the shop: a change nobody meant puts other bytes on everybody's paper, or a QR code that no phone reads.
	for name, facts := range scenes() {
		for _, language := range []string{"en", "zh-Hans", "de", "es"} {
			for _, id := range []string{"xprinter-58", "epson-tm-t88v", "xprinter-80"} {
				p := profile(t, id)
				label := fmt.Sprintf("%s-%s-%d", name, language, p.Columns)
				data, err := typesetter().Encode(receipt.Layout(facts, wordsIn(t, language), p.Columns), p)
				if err != nil {
					t.Fatalf("%s: %v", label, err)
				}
				if folder := os.Getenv("COUNTERSIGN_GALLERY"); folder != "" {
					keep(t, filepath.Join(folder, "slip-"+label+".png"), data, p)
				}
				golden := filepath.Join("testdata", label+".bin")
				if *update {
					if err := os.WriteFile(golden, data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil || !bytes.Equal(data, want) {
					t.Errorf("%s: the bytes differ from the golden ones (%v); look at the preview, then run with -update", label, err)
				}
				code := facts.Entry.UID.String()
				if facts.Kind == terminal.SlipTest {
					code = receipt.TestCode
				}
				if got := decode(t, data, p); got != code {
					t.Errorf("%s: the QR code says %q, want %q", label, got, code)
				}
			}
		}
	}
}

func TestFurtherCopyKicksNoDrawer(t *testing.T) {
	// Broken in the shop: with two copies of each slip the drawer springs open again while the cashier's hand is in it.
	p := profile(t, "epson-tm-t88v")
	for name, facts := range scenes() {
		slip := receipt.Layout(facts, wordsIn(t, "zh-Hans"), p.Columns)
		plain, err := typesetter().Encode(slip, p)
		if err != nil {
			t.Fatal(err)
		}
		slip.Rows = append([]terminal.SlipRow{{Drawer: true}}, slip.Rows...)
		kicks, err := typesetter().Encode(slip, p)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(kicks, plain) || !bytes.Equal(escpos.Copy(kicks), plain) || !bytes.Equal(escpos.Copy(plain), plain) {
			t.Errorf("%s: the further copy is not the slip without its drawer", name)
		}
	}
}

// keep writes the picture of a slip for people to look at.
func keep(t *testing.T, path string, data []byte, p escpos.Profile) {
	t.Helper()
	picture, err := typesetter().Preview(data, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(file, picture), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// decode reads the QR code in the picture of a slip, as a phone would.
func decode(t *testing.T, data []byte, p escpos.Profile) string {
	t.Helper()
	picture, err := typesetter().Preview(data, p)
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return err.Error()
	}
	return result.GetText()
}

// rows are the texts of a slip's rows as a printer of that profile prints them.
func rows(t *testing.T, data []byte, p escpos.Profile) []string {
	t.Helper()
	commands, err := escpos.Interpret(data)
	if err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	var out []string
	line, chinese := "", false
	for _, c := range commands {
		switch c.Name {
		case "FS &":
			chinese = true
		case "FS .":
			chinese = false
		case "text":
			if chinese {
				decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(c.Data)
				if err != nil {
					t.Fatal(err)
				}
				line += string(decoded)
			} else {
				line += string(c.Data)
			}
		case "LF":
			out, line = append(out, line), ""
		}
	}
	if line != "" {
		t.Errorf("%q is left in the printer's line buffer", line)
	}
	return out
}

func encode(t *testing.T, p escpos.Profile, rows ...terminal.SlipRow) []byte {
	t.Helper()
	data, err := typesetter().Encode(terminal.Slip{Columns: p.Columns, Rows: rows}, p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTextNeverCommandsThePrinter(t *testing.T) {
	// Broken in the shop: whoever names a voucher opens the cash drawer, or prints what he likes.
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	controls := ""
	for r := rune(0x80); r < 0xa0; r++ {
		controls += string(r)
	}
	hostile := []string{string(every), controls, "\x1bp\x00\x19\xfa drawer", "\x1d(k\x03\x001C\x08", "\x1dV\x00 cut", "\x10\x04\x01", "\x1b@\x1bt\x10",
		"双\x1b双", "\x0a\x0d\x0c\x18", "é\x1b@é", "\u2028\u2029\u202e\ufeff", "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"}
	for _, id := range []string{"generic-58", "generic-80", "generic-80-chinese", "epson-tm-t88v", "xprinter-58", "star-escpos", "bixolon-srp-350"} {
		p := profile(t, id)
		allowed := map[string]bool{"ESC @": true, "GS a": true, "FS .": true, "FS &": true, "ESC t": true, "text": true, "LF": true, "GS v": true, "ESC J": true}
		for _, name := range hostile {
			for i := range utf8.RuneCountInString(name) { // as a whole, and each character alone
				part := name
				if i > 0 {
					part = string([]rune(name)[i])
				}
				commands, err := escpos.Interpret(encode(t, p, terminal.SlipRow{Text: part}))
				if err != nil {
					t.Fatalf("%s: %q: %v", id, part, err)
				}
				for _, c := range commands {
					if !allowed[c.Name] {
						t.Errorf("%s: %q sends %s", id, part, c.Name)
					}
					if c.Name == "text" && bytes.ContainsFunc(c.Data, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
						t.Errorf("%s: %q sends control bytes %q", id, part, c.Data)
					}
				}
			}
		}
	}
}

func TestHostileNameInAWholeSlip(t *testing.T) {
	// Broken in the shop: the same, by way of the layout; and the name is not on the slip any more.
	facts := scenes()["redemption"]
	facts.Deals[0].Name = terminal.Text{"en": "Free\x1bp\x00\x19\xfa\x1d(k\x03\x001C\x08meal\x1b@\x1d\x56\x00"}
	facts.Deals[0].Holder = "\x10\x04\x01"
	p := profile(t, "xprinter-80")
	data, err := typesetter().Encode(receipt.Layout(facts, wordsIn(t, "en"), p.Columns), p)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(rows(t, data, p), "\n"); !strings.Contains(text, "Free p") || !strings.Contains(text, "meal @ V") {
		t.Errorf("the name is printed as\n%s", text)
	}
	for _, command := range []string{"\x1bp", "\x10\x04"} {
		if bytes.Contains(data, []byte(command)) {
			t.Errorf("the bytes hold %q", command)
		}
	}
	if bytes.Count(data, []byte("\x1dV")) != 1 || bytes.Count(data, []byte("\x1b@")) != 1 {
		t.Error("the slip is cut or reset by its text")
	}
}

func TestCodePages(t *testing.T) {
	// Broken in the shop: names with the wrong letters, or a printer that is made to switch for every letter.
	cases := []struct {
		id, text string
		want     string // after the beginning, without the line feed
	}{
		{"epson-tm-t88v", "plain", "plain"},
		{"epson-tm-t88v", "Größe 5 €", "Gr\x1bt\x10\xf6\xdfe 5 \x80"},
		{"epson-tm-t88v", "Łódź", "\x1bt\x2d\xa3\xf3d\x9f"},
		{"epson-tm-t88v", "Привет", "\x1bt\x2e\xcf\xf0\xe8\xe2\xe5\xf2"},
		{"xprinter-80", "双人", "\x1c&\xcb\xab\xc8\xcb\x1c."},
		{"xprinter-80", "A双é", "A\x1c&\xcb\xab\x1c.\x1bt\x10\xe9"},
		{"xprinter-80", "￥1", "\x1c&\xa3\xa4\x1c.1"},
		{"xprinter-80", "¥1", "\x1bt\x10\xa51"},
		{"xprinter-80", "e\u0301", "\x1bt\x10\xe9"},
		{"xprinter-80", "a\u00a0b\tc", "a b c"},
		{"xprinter-80", "bad\xff", "bad?"},
	}
	for _, c := range cases {
		p := profile(t, c.id)
		begin := encode(t, p)
		if got := encode(t, p, terminal.SlipRow{Text: c.text}); string(got) != string(begin)+c.want+"\n" {
			t.Errorf("%s: %q becomes %q, want %q", c.id, c.text, got[len(begin):], c.want)
		}
	}
	p := profile(t, "epson-tm-t88v")
	data := encode(t, p, terminal.SlipRow{Text: "é"}, terminal.SlipRow{Text: "abc"}, terminal.SlipRow{Text: "ü"})
	if n := bytes.Count(data, []byte("\x1bt")); n != 1 {
		t.Errorf("the code page is sent %d times for two rows that share one", n)
	}
}

func TestWhatThePrinterCannotSayIsDrawn(t *testing.T) {
	// Broken in the shop: question marks instead of a customer's name.
	for _, c := range []struct{ id, text string }{{"epson-tm-t88v", "双人晚餐"}, {"generic-58", "Ελλάδα ₩"}, {"xprinter-58", "𠮷野家"}} {
		p := profile(t, c.id)
		commands, err := escpos.Interpret(encode(t, p, terminal.SlipRow{Text: c.text, Align: terminal.AlignCentre}))
		if err != nil {
			t.Fatal(err)
		}
		dots := 0
		for _, command := range commands {
			if command.Name == "text" {
				t.Errorf("%s: %q is sent as the text %q", c.id, c.text, command.Data)
			}
			if command.Name == "GS v" {
				if rows := int(command.Data[4]) + int(command.Data[5])<<8; rows > 128 {
					t.Errorf("a slice of %d rows", rows)
				}
				for _, b := range command.Data[6:] {
					for ; b != 0; b &= b - 1 {
						dots++
					}
				}
			}
		}
		if dots < 200 {
			t.Errorf("%s: %q is drawn with %d dots", c.id, c.text, dots)
		}
	}
}

func TestCapitalSharpSIsNoBox(t *testing.T) {
	// A name in capitals comes out with a box in its middle: neither a code page nor the slip's font has the letter.
	for _, id := range []string{"generic-80", "epson-tm-t88v"} {
		p := profile(t, id)
		got := encode(t, p, terminal.SlipRow{Text: "GROẞE PIZZA"})
		if !bytes.Contains(got, []byte("GRO\x1bt\x10\xdfE PIZZA")) { // a letter of Windows-1252, and no picture
			t.Errorf("%s prints %q", id, got)
		}
	}
}

func TestRasterQRComesInSlices(t *testing.T) {
	// Broken in the shop: a small printer's memory overruns and the rest of the slip is rubbish.
	p := profile(t, "xprinter-58")
	data := encode(t, p, terminal.SlipRow{QR: strings.Repeat("A", 200)}, terminal.SlipRow{Cut: true})
	commands, err := escpos.Interpret(data)
	if err != nil {
		t.Fatal(err)
	}
	slices := 0
	for _, c := range commands {
		if c.Name == "GS v" {
			slices++
			if rows := int(c.Data[4]) + int(c.Data[5])<<8; rows > 128 {
				t.Errorf("a slice of %d rows", rows)
			}
		}
	}
	if slices < 2 || decode(t, data, p) != strings.Repeat("A", 200) {
		t.Errorf("%d slices, which read %q", slices, decode(t, data, p))
	}
}

func TestLogo(t *testing.T) {
	// Broken in the shop: a logo wider than the paper, or one that stops the slip.
	logo := image.NewRGBA(image.Rect(0, 0, 1200, 300))
	for x := range 1200 {
		for y := range 300 {
			logo.Set(x, y, color.Gray{Y: uint8(x / 5)})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, logo); err != nil {
		t.Fatal(err)
	}
	p := profile(t, "generic-58")
	commands, err := escpos.Interpret(encode(t, p, terminal.SlipRow{Image: file.Bytes()}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if c.Name == "GS v" && 8*(int(c.Data[2])+int(c.Data[3])<<8) > p.Dots {
			t.Error("the logo is wider than the paper")
		}
	}
	if _, err := typesetter().Encode(terminal.Slip{Columns: 32, Rows: []terminal.SlipRow{{Image: []byte("GIF89a")}}}, p); err == nil {
		t.Error("a logo that is no PNG is passed over in silence")
	}
}

func TestRefusals(t *testing.T) {
	// Broken in the shop: a slip for wide paper on a narrow printer, or bytes of another program shown as a slip of ours.
	p := profile(t, "generic-58")
	if _, err := typesetter().Encode(terminal.Slip{Columns: 48}, p); !errors.Is(err, escpos.ErrTooWide) {
		t.Errorf("48 columns on 32: %v", err)
	}
	for _, text := range []string{"\x1b@", strings.Repeat("A", 301), "双"} {
		if _, err := typesetter().Encode(terminal.Slip{Columns: 32, Rows: []terminal.SlipRow{{QR: text}}}, p); !errors.Is(err, escpos.ErrQR) {
			t.Errorf("the QR code %q: %v", text, err)
		}
	}
	for _, data := range []string{"\x07", "\x1bZ", "\x1dv0\x00\x01\x00\x02\x00x", "\x1b", "\x1d(L\x02\x00xx", "a\x00b"} {
		if _, err := escpos.Interpret([]byte(data)); !errors.Is(err, escpos.ErrBytes) {
			t.Errorf("%q is taken for a slip: %v", data, err)
		}
	}
	for _, table := range []string{"[[profile]]\nid = \"x\"", "[[profile]]\nwidth = 3",
		"[[profile]]\nid=\"x\"\ncolumns=32\ndots=384\nchunk=64\nqr=\"native\"\nstatus=\"yes\"\ncode_pages={latin9=3}"} {
		if _, err := escpos.ParseProfiles([]byte(table)); err == nil {
			t.Errorf("the table %q is taken", table)
		}
	}
}

func TestBoundariesCutNothing(t *testing.T) {
	// Broken in the shop: a question about the paper lands in the middle of a picture and shifts it.
	p := profile(t, "xprinter-58")
	data, err := typesetter().Encode(receipt.Layout(scenes()["bill"], wordsIn(t, "zh-Hans"), 32), p)
	if err != nil {
		t.Fatal(err)
	}
	cuts := escpos.Boundaries(data)
	if len(cuts) < 20 || cuts[len(cuts)-1] > len(data) {
		t.Fatalf("boundaries %v", cuts)
	}
	for _, at := range cuts {
		for _, part := range [][]byte{data[:at], data[at:]} {
			if _, err := escpos.Interpret(part); err != nil {
				t.Errorf("cut at %d: %v", at, err)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	p := profile(b, "xprinter-80")
	facts := scenes()["bill"]
	w := words{language: "en", sentences: map[string]string{}}
	for b.Loop() {
		if _, err := typesetter().Encode(receipt.Layout(facts, w, p.Columns), p); err != nil {
			b.Fatal(err)
		}
	}
}
