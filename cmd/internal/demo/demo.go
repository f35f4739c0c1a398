// Package demo is a shop's whole world on one machine: a cloud with a sample merchant, a counter that has joined it, and between them a
// line that can be cut. The text demo and the demo in windows play on it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/printer"
)

// The counter of the demo, and who works there. The PINs are the sample catalogue's.
const (
	Store      = "quay"
	OtherStore = "harbour"
	Counter    = "counter-1"
	Cashier    = "li"
	CashierPIN = "4821"
	Manager    = "chen"
	ManagerPIN = "7316"

	otherCashier    = "ana"
	otherCashierPIN = "3907"
)

// What a voucher of the demo is there to show.
type Sort string

// The sorts of voucher.
const (
	Good        Sort = "good"          // honoured at any time
	Used        Sort = "used"          // at the other store, today
	Revoked     Sort = "revoked"       // withdrawn by the merchant
	Refunded    Sort = "refunded"      // the customer got the money back
	Disabled    Sort = "disabled"      // blocked
	Expired     Sort = "expired"       // the campaign is over
	NotYet      Sort = "not yet valid" // from next month on
	Elsewhere   Sort = "elsewhere"     // the other store only
	CertainTime Sort = "certain hours" // whether it is honoured depends on the time of the week
)

// Voucher is a voucher of the demo with its code, as a customer's phone shows it.
type Voucher struct {
	ID       terminal.VoucherID
	Code     string
	Campaign terminal.Campaign
	Sort     Sort
}

// Options changes how a demo starts. The zero value will do.
type Options struct {
	// Below is the folder that the demo's own is made in; "" for the system's folder for temporary files.
	Below string
	// Language of the screen; "" for the store's.
	Language string
	// Print opens the counter's printer; nil prints into a file, PaperName in the demo's folder.
	Print func(target string) (printer.Port, error)
	// Profile of the printer; "" for generic-80.
	Profile string
	// PrinterChanged and Composed are the station's.
	PrinterChanged func(printer.Status)
	Composed       func(terminal.Slip)
	Version        string
}

// PaperName is the file that the counter prints into, in the demo's folder.
const PaperName = "paper.bin"

// Demo is the world. Close ends it and removes its folder.
type Demo struct {
	Station  *station.Station // the counter, started: it syncs and prints
	Link     *Link
	Cloud    *Cloud
	Vouchers []Voucher
	Folder   string
}

// Start builds the world in a folder of its own. It takes a second or two.
func Start(ctx context.Context, options Options) (d *Demo, err error) {
	folder, err := os.MkdirTemp(options.Below, "countersign-demo-")
	if err != nil {
		return nil, err
	}
	d = &Demo{Folder: folder}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.Link, err = NewLink(nil); err != nil {
		return d, err
	}
	var addr string
	d.Cloud, addr, err = startCloud(ctx, filepath.Join(folder, "cloud"), "http://"+d.Link.Addr())
	if err != nil {
		return d, err
	}
	d.Link.Serve(addr)
	if err := d.issueAll(ctx); err != nil {
		return d, err
	}
	if err := d.useElsewhere(ctx); err != nil {
		return d, err
	}
	return d, d.openCounter(ctx, options)
}

// issueAll makes some hundred vouchers in every state.
func (d *Demo) issueAll(ctx context.Context) error {
	nextMonth := terminal.Moment{Instant: time.Now().AddDate(0, 1, 0)}
	for _, lot := range []struct {
		campaign string
		count    int
		sort     Sort
		facts    cloud.Facts
	}{
		{"dinner-for-two", 90, Good, cloud.Facts{}},
		{"free-coffee", 70, Good, cloud.Facts{Holder: "M. Chen"}},
		{"dinner-for-two", 8, Used, cloud.Facts{Holder: "A. Keller"}},
		{"free-coffee", 4, Revoked, cloud.Facts{}},
		{"dinner-for-two", 6, Refunded, cloud.Facts{}},
		{"free-coffee", 3, Disabled, cloud.Facts{}},
		{"summer-barbecue", 20, Expired, cloud.Facts{}},
		{"dinner-for-two", 6, NotYet, cloud.Facts{ValidFrom: &nextMonth}},
		{"boat-hour", 25, Elsewhere, cloud.Facts{}},
		{"lunch-menu", 30, CertainTime, cloud.Facts{}},
		{"weekend", 30, CertainTime, cloud.Facts{}},
	} {
		issued, err := d.Cloud.issue(ctx, lot.campaign, lot.count, lot.facts)
		if err != nil {
			return fmt.Errorf("vouchers of %s: %w", lot.campaign, err)
		}
		ids := make([]terminal.VoucherID, len(issued))
		for i, one := range issued {
			ids[i] = one.Voucher.ID
			d.Vouchers = append(d.Vouchers, Voucher{ID: one.Voucher.ID, Code: one.Code, Campaign: d.Cloud.campaign[lot.campaign], Sort: lot.sort})
		}
		if state, withdrawn := withdrawn[lot.sort]; withdrawn {
			if _, err := d.Cloud.Storage.SetVoucherState(ctx, d.Cloud.Merchant, ids, state, time.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

var withdrawn = map[Sort]terminal.VoucherState{
	Revoked: terminal.VoucherRevoked, Refunded: terminal.VoucherRefunded, Disabled: terminal.VoucherDisabled,
}

// Of returns the n-th voucher of a sort, from 0; of the last there is for a larger n.
func (d *Demo) Of(sort Sort, n int) Voucher {
	var last Voucher
	for _, voucher := range d.Vouchers {
		if voucher.Sort != sort {
			continue
		}
		if last = voucher; n == 0 {
			break
		}
		n--
	}
	return last
}

// useElsewhere has the other store's counter redeem the used vouchers, so that a scan can tell when, where and by whom.
func (d *Demo) useElsewhere(ctx context.Context) error {
	code, err := d.Cloud.Invite(ctx, OtherStore, Counter)
	if err != nil {
		return err
	}
	other, err := station.Join(ctx, station.Config{
		Folder: filepath.Join(d.Folder, OtherStore), Settings: &station.Settings{Profile: "generic-80"}, Program: "countersign demo",
	}, code, "")
	if err != nil {
		return err
	}
	return errors.Join(d.redeemUsed(ctx, other), other.Close())
}

func (d *Demo) redeemUsed(ctx context.Context, other *station.Station) error {
	operator, finding, err := other.Terminal.SignIn(ctx, otherCashier, otherCashierPIN)
	if err != nil {
		return err
	}
	if finding != nil {
		return fmt.Errorf("%s cannot sign in: %s", otherCashier, finding.Reason)
	}
	for _, voucher := range d.Vouchers {
		if voucher.Sort != Used {
			continue
		}
		outcome, err := other.Terminal.Redeem(ctx, terminal.Request{
			Scans: []terminal.Scan{{Code: voucher.Code, Source: terminal.SourceScanner}}, Operator: operator,
		})
		if err != nil {
			return err
		}
		if !outcome.Redeemed() {
			return fmt.Errorf("a voucher of %s was turned away at %s: %s", voucher.Campaign.ID, OtherStore, outcome.Reason())
		}
	}
	return other.Pump.Push(ctx)
}

// openCounter joins the counter that the demo is about, and starts it.
func (d *Demo) openCounter(ctx context.Context, options Options) error {
	code, err := d.Cloud.Invite(ctx, Store, Counter)
	if err != nil {
		return err
	}
	profile := options.Profile
	if profile == "" {
		profile = "generic-80"
	}
	d.Station, err = station.Join(ctx, station.Config{
		Folder: filepath.Join(d.Folder, Store), Program: "countersign demo", Version: options.Version,
		Settings: &station.Settings{Printer: "file:" + filepath.Join(d.Folder, PaperName), Profile: profile, Language: options.Language},
		Print:    options.Print, PrinterChanged: options.PrinterChanged, Composed: options.Composed,
	}, code, "")
	if err != nil {
		return err
	}
	d.Station.Start(ctx)
	return nil
}

// Close ends the world and removes its folder.
func (d *Demo) Close() error {
	var err error
	if d.Station != nil {
		err = d.Station.Close()
	}
	if d.Link != nil {
		err = errors.Join(err, d.Link.Close())
	}
	if d.Cloud != nil {
		err = errors.Join(err, d.Cloud.Close())
	}
	return errors.Join(err, os.RemoveAll(d.Folder))
}
