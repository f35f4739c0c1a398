package cloud_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

var (
	dinner = terminal.Campaign{ID: "dinner", Kind: terminal.KindProduct, Currency: "EUR"}
	swim   = terminal.Campaign{ID: "swim", Kind: terminal.KindPass, Currency: "EUR", Units: 10}
	card   = terminal.Campaign{ID: "card", Kind: terminal.KindBalance, Currency: "EUR"}
	table  = terminal.Campaign{ID: "table", Kind: terminal.KindBooking, Currency: "EUR"}
	order  = terminal.Campaign{ID: "order", Kind: terminal.KindPickup, Currency: "EUR"}
)

var at = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// spoiltOn are the faults of codes that a spreadsheet has spoilt.
func spoiltOn(lines ...int) (bad []cloud.RowError) {
	for _, line := range lines {
		bad = append(bad, cloud.RowError{Line: line, What: "a spreadsheet has spoilt the code: format its column as text, and save the file again from what the platform sent"})
	}
	return bad
}

// A shop that takes over a platform's codes would lose some of them, or take wrong ones, without being told which.
func TestReadImport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		campaign terminal.Campaign
		names    map[string]string
		file     string
		codes    []string
		bad      []cloud.RowError
	}{
		{"codes alone", dinner, nil, "code\n123456789012\nabcd-efgh\n", []string{"123456789012", "ABCDEFGH"}, nil},
		{"their names", dinner, map[string]string{"Coupon No": "code", "Name": "holder"}, "Name,Coupon No\nM. Chen,123456789012\n", []string{"123456789012"}, nil},
		{"a byte order mark", dinner, nil, "\ufeffcode\n123456789012\n", []string{"123456789012"}, nil},
		{"twice the same", dinner, nil, "code\nABC-123\nxyz987\nabc 123\n", []string{"ABC123", "XYZ987"}, []cloud.RowError{{4, "the code is the same as that of line 2"}}},
		{"read alike", dinner, nil, "code\n0123456789ABV\nO123456789ABV\n", []string{"0123456789ABV"}, []cloud.RowError{{3, "the code is the same as that of line 2"}}},
		{"spoilt by a spreadsheet", dinner, nil, "code\n1.23457E+11\n\"1,23457E+11\"\n=1+1+1+1\n=HYPERLINK(1)\n123E+456\n#######\n#VALUE!\n1234E5678\n", []string{"1234E5678"},
			spoiltOn(2, 3, 4, 5, 6, 7, 8)},
		{"the same voucher", dinner, nil, "code,voucher\n123456,v00b1e5c0ffee0001\n223456,v00b1e5c0ffee0001\n323456,\n423456,\n", []string{"123456", "323456", "423456"},
			[]cloud.RowError{{3, "the voucher is the same as that of line 2"}}},
		{"a holder of absurd length", dinner, nil, "code,holder\n123456," + strings.Repeat("李", 60) + "\n223456," + strings.Repeat("李", 61) + "\n", []string{"123456"},
			[]cloud.RowError{{3, `holder "` + strings.Repeat("李", 20) + `"… is longer than the 60 letters that fit on a screen or a slip`}}},
		{"a party of a product", dinner, nil, "code,party\n123456,3\n", nil, []cloud.RowError{{2, "only a booking has a party, and dinner is a product"}}},
		{"too short", dinner, nil, "code\n12345\n123456\n", []string{"123456"}, []cloud.RowError{{2, "the code cannot be one: it has to have 6 to 64 letters and digits"}}},
		{"a field more", dinner, nil, "code\n123456,7\n", nil, []cloud.RowError{{2, "the row has 2 fields and the header 1"}}},
		{"units of a product", dinner, nil, "code,units\n123456,2\n", nil, []cloud.RowError{{2, "only a pass has units, and dinner is a product"}}},
		{"a pass", swim, nil, "code,units\n123456,\n1234567,3\n12345678,none\n", []string{"123456", "1234567"}, []cloud.RowError{{4, `"none" is not a number of units: 1 to 1000000 are`}}},
		{"a balance", card, nil, "code,amount\n123456,12.50\n1234567,\n12345678,12.505\n", []string{"123456"},
			[]cloud.RowError{{3, "a balance needs an amount, and campaign card has no value to take it from"}, {4, `"12.505" is not an amount of EUR: write it like "12.50"`}}},
		{"dates", dinner, nil, "code,valid_from,valid_until\n123456,2026-01-01,2026-12-31\n1234567,tomorrow,\n", []string{"123456"},
			[]cloud.RowError{{3, `"tomorrow" is not a time such as 2026-12-31T23:59:59, or the same with an offset`}}},
		{"slots", table, nil, "code,slot_from,slot_until,party\n123456,2026-12-24 19:00:00,2026-12-24 21:00:00,4\n1234567,,,\n12345678,2026-12-24T19:00:00,2026-12-24T18:00:00,\n",
			[]string{"123456"}, []cloud.RowError{{3, "a booking needs its slot: from when until when?"}, {4, "the slot ends before it begins"}}},
		{"orders", order, nil, "code,lines\n123456,\"Bread x 2; Milk\"\n1234567,\n12345678,Bread x many\n", []string{"123456"},
			[]cloud.RowError{{3, "a pickup needs its lines: what is there to collect?"}, {4, `"Bread x many" is not a line such as "Bread x 2"`}}},
		{"states", dinner, nil, "code,state\n123456,refunded\n1234567,gone\n", []string{"123456"},
			[]cloud.RowError{{3, `"gone" is not a state: active, refunded, revoked and disabled are`}}},
		{"quotes out of place", dinner, nil, "code,holder\n123456,a\"b\n1234567,c\n", []string{"1234567"}, []cloud.RowError{{2, "the row cannot be read: bare \" in non-quoted-field"}}},
		{"a quote that opens by mistake", dinner, nil, "code,holder\n123456,a\n223456,\"b\n323456,c\n423456,\"d\"\n523456,e\n", []string{"123456", "323456", "423456", "523456"},
			[]cloud.RowError{{3, "the row cannot be read: extraneous or missing \" in quoted-field"}}},
		{"a quote that is never closed", dinner, nil, "code,holder\r\n\"123456,a\r\n\r\n223456,b\r\n", []string{"223456"},
			[]cloud.RowError{{2, "the row cannot be read: extraneous or missing \" in quoted-field"}}},
		{"quotes that close each other", dinner, nil, "code,holder\n123456,\"a\n223456,b\n323456,c\"\n423456,d\n", []string{"423456"},
			[]cloud.RowError{{2, `holder "a\n223456,b\n323456,c" holds a line break, a control character, a mark that turns the direction of writing, or is not UTF-8`},
				{3, "a quotation mark makes this part of the row of line 2, so that it was not taken either"},
				{4, "a quotation mark makes this part of the row of line 2, so that it was not taken either"}}},
		{"absurd amounts", card, nil, "code,amount\n123456,92233720368547758.07\n223456,92233720368547758.08\n323456,10000000.00\n423456,10000000.01\n", []string{"323456"},
			[]cloud.RowError{{2, `"92233720368547758.07" is more than a voucher can be worth, which is 10000000.00 EUR`},
				{3, `"92233720368547758.08" is more than a voucher can be worth, which is 10000000.00 EUR`},
				{5, `"10000000.01" is more than a voucher can be worth, which is 10000000.00 EUR`}}},
		{"absurd units", swim, nil, "code,units\n123456,1000000\n223456,1000001\n", []string{"123456"}, []cloud.RowError{{3, `"1000001" is not a number of units: 1 to 1000000 are`}}},
		{"yen", terminal.Campaign{ID: "karte", Kind: terminal.KindBalance, Currency: "JPY"}, nil, "code,amount\n123456,12.50\n", nil,
			[]cloud.RowError{{2, `"12.50" is not an amount of JPY: write it like "1250"`}}},
		{"a turned name", dinner, nil, "code,holder\n123456,a\u202eb\n", nil,
			[]cloud.RowError{{2, `holder "a\u202eb" holds a line break, a control character, a mark that turns the direction of writing, or is not UTF-8`}}},
		{"lines within a field", order, nil, "code,lines\n123456,\"Bread x 2;\nMilk\"\n12345,x\n", []string{"123456"},
			[]cloud.RowError{{4, "the code cannot be one: it has to have 6 to 64 letters and digits"}}},
	} {
		rows, bad, err := cloud.ReadImport(strings.NewReader(test.file), test.campaign, test.names, berlin(t), at)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var codes []string
		for _, row := range rows {
			codes = append(codes, row.Code)
		}
		if diff := cmp.Diff(test.codes, codes); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if diff := cmp.Diff(test.bad, bad); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// A booking imported without an offset would be honoured an hour early, or in the wrong country.
func TestReadImportFacts(t *testing.T) {
	t.Parallel()
	file := "code,slot_from,slot_until,party,holder,customer,order\n123456,2026-12-24T19:00:00,2026-12-24T21:00:00+01:00,4,M. Chen,c7,o1\n"
	rows, bad, err := cloud.ReadImport(strings.NewReader(file), table, nil, berlin(t), at)
	if err != nil || len(bad) > 0 || len(rows) != 1 {
		t.Fatal(rows, bad, err)
	}
	v := rows[0].Voucher
	slot := terminal.Slot{From: time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC), Until: time.Date(2026, 12, 24, 20, 0, 0, 0, time.UTC), Party: 4}
	if !v.Slot.From.Equal(slot.From) || !v.Slot.Until.Equal(slot.Until) || v.Slot.Party != 4 || v.Holder != "M. Chen" || v.Customer != "c7" || v.Order != "o1" || v.Units != 1 {
		t.Errorf("the voucher is %+v with slot %+v", v, v.Slot)
	}
	if _, bad, _ := cloud.ReadImport(strings.NewReader(file), table, nil, nil, at); len(bad) != 1 || !strings.Contains(bad[0].What, "needs an offset") {
		t.Errorf("a local time in several zones: %v", bad)
	}
}

// A file with a misspelt column would be imported without it.
func TestImportHeaders(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                    "the file is empty",
		"\n\n":                "the file is empty",
		"holder\n":            "the column code is missing",
		"code,hodler\n":       `no column "hodler"`,
		"code,CODE\n":         `two columns are "code"`,
		"code,Customer id\n1": `--map "Customer id=COLUMN"`,
	} {
		if _, _, err := cloud.ReadImport(strings.NewReader(file), dinner, nil, nil, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, and %q was expected", file, err, want)
		}
	}
}

// A second import of the same file would double a platform's vouchers, or refuse the new ones among them.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Apply(t.Context(), cloud.Catalogue{Merchant: terminal.Merchant{ID: "m", Currency: "EUR"}, Campaigns: []terminal.Campaign{dinner}}); err != nil {
		t.Fatal(err)
	}
	load := func(file string, skip bool) (int, []cloud.RowError) {
		rows, _, err := cloud.ReadImport(strings.NewReader(file), dinner, nil, nil, at)
		if err != nil {
			t.Fatal(err)
		}
		stored, bad, err := cloud.StoreImport(t.Context(), s, "m", rows, skip)
		if err != nil {
			t.Fatal(err)
		}
		return stored, bad
	}
	if stored, bad := load("code\n111111\n222222\n", false); stored != 2 || len(bad) != 0 {
		t.Fatalf("stored %d, bad %v", stored, bad)
	}
	more := "code\n333333\n222222\n444444\n111111\n"
	taken := []cloud.RowError{{3, "a voucher with this code or id exists already"}, {5, "a voucher with this code or id exists already"}}
	if stored, bad := load(more, false); stored != 0 || !cmp.Equal(bad, taken) {
		t.Errorf("stored %d, bad %v", stored, bad)
	}
	if stored, bad := load(more, true); stored != 2 || !cmp.Equal(bad, taken) {
		t.Errorf("with skip: stored %d, bad %v", stored, bad)
	}
	if stored, bad := load(more, true); stored != 0 || len(bad) != 4 {
		t.Errorf("all there: stored %d, bad %v", stored, bad)
	}
}

// A file from elsewhere would crash the import.
func FuzzReadImport(f *testing.F) {
	f.Add("code,lines,slot_from,slot_until,party,valid_from,units,amount,state\n123456,\"Bread x 2; Milk\",2026-12-24,2026-12-25,4,2026-01-01,1,1.00,active\n")
	f.Add("code\n\"\n")
	f.Add("\ufeffcode,voucher\n7K3M-Q9TX-4B2H-Q,v0000000000000001\n")
	zone := berlin(f)
	f.Fuzz(func(t *testing.T, file string) {
		for _, campaign := range []terminal.Campaign{dinner, swim, card, table, order} {
			rows, bad, err := cloud.ReadImport(strings.NewReader(file), campaign, nil, zone, at)
			if err != nil && len(rows)+len(bad) > 0 {
				t.Errorf("rows beside an error: %v", err)
			}
			seen := map[string]bool{}
			for _, row := range rows {
				if seen[row.Code] || row.Code == "" || row.Voucher.Units < 1 || row.Line < 2 {
					t.Errorf("a bad row was taken: %+v", row)
				}
				seen[row.Code] = true
			}
		}
	})
}
