package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// asked is what the flags, or the words of a text counter's line, say beside the code.
type asked struct {
	units  string
	amount string
	bill   string
	lines  string
	order  string // "all"
	hub    string // "without"
	// Only in a text counter's line: who does it, who agrees, each as ID:PIN, and a further code of the same bill.
	operator, approve string
	and               []string
}

func (q *asked) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&q.units, "units", "", "how many uses of a pass")
	flags.StringVar(&q.amount, "amount", "", "how much of a balance: 12.50")
	flags.StringVar(&q.bill, "bill", "", "the bill before discounts: 80.00")
	flags.BoolFunc("without-hub", "go on without the store's hub, where it was there a moment ago and does not answer", func(string) error {
		q.hub = withoutHub
		return nil
	})
}

func (q *asked) linesFlag(command *cobra.Command) {
	command.Flags().StringVar(&q.lines, "lines", "", "which lines of an order are handed over: a,b")
	command.Flags().BoolFunc("order", "with all that is open of the order the voucher belongs to: all or nothing", func(string) error {
		q.order = wholeOrder
		return nil
	})
}

// wholeOrder is the one value of order.
const wholeOrder = "all"

// withoutHub is the one value of hub.
const withoutHub = "without"

// set takes one word such as units=2.
func (q *asked) set(word string) error {
	name, value, found := strings.Cut(word, "=")
	if found && name == "and" {
		q.and = append(q.and, value)
		return nil
	}
	field := map[string]*string{"units": &q.units, "amount": &q.amount, "bill": &q.bill, "lines": &q.lines, "order": &q.order, "hub": &q.hub,
		"operator": &q.operator, "approve": &q.approve}[name]
	if !found || field == nil {
		if found && strings.Contains(value, ":") {
			word = name + "=" // what follows may be a PIN
		}
		return fmt.Errorf("%q is none of units=2, amount=12.50, bill=80.00, lines=a,b, order=all, hub=without, and=CODE, operator=ID:PIN, approve=ID:PIN", word)
	}
	*field = value
	return nil
}

// request makes the terminal's request of it. Money is in the merchant's currency.
func (q asked) request(codes []string, currency string) (terminal.Request, error) {
	request := terminal.Request{Alone: q.hub == withoutHub}
	for _, code := range codes {
		request.Scans = append(request.Scans, terminal.Scan{Code: code, Source: terminal.SourceTyped})
	}
	if q.units != "" {
		units, err := strconv.ParseInt(q.units, 10, 64)
		if err != nil || units < 1 {
			return request, fmt.Errorf("%q is no number of uses", q.units)
		}
		request.Units = &units
	}
	for _, money := range []struct {
		text string
		into **terminal.Money
	}{{q.amount, &request.Amount}, {q.bill, &request.Bill}} {
		if money.text == "" {
			continue
		}
		amount, err := terminal.ParseMoney(withoutCurrency(money.text, currency))
		if err != nil {
			return request, fmt.Errorf("%q is no amount in %s, such as 12.50", money.text, currency)
		}
		*money.into = &amount
	}
	if q.order != "" && q.order != wholeOrder {
		return request, fmt.Errorf("%q is not how much of an order can be asked for: order=all", q.order)
	}
	request.WholeOrder = q.order == wholeOrder
	if q.lines != "" {
		request.Lines = strings.Split(q.lines, ",")
	}
	return request, nil
}

// withoutCurrency takes a currency off the end of an amount: 12.50USD. Where none is said, it is the merchant's.
func withoutCurrency(text, currency string) (number, named string) {
	text = strings.TrimSpace(text)
	if cut := len(text) - 3; cut > 0 && strings.Trim(text[cut:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return strings.TrimSpace(text[:cut]), text[cut:]
	}
	return text, currency
}

// person is an operator and where the PIN comes from.
type person struct {
	id      string
	pinFile string
}

// signIn signs a person in; nil where nobody is named. A decline is printed and ends the command.
func (a *app) signIn(ctx context.Context, s *station.Station, who person) (*terminal.Operator, error) {
	if who.id == "" {
		return nil, nil
	}
	pin, err := a.readPIN(who)
	if err != nil {
		return nil, err
	}
	operator, finding, err := s.Terminal.SignIn(ctx, who.id, pin)
	if err != nil {
		return nil, err
	}
	if finding != nil {
		outcome := terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{*finding}}
		if emptyHanded(ctx, s.Reader, outcome) {
			return nil, station.ErrUnfilled
		}
		if err := a.show(ctx, s.Reader, outcome); err != nil {
			return nil, err
		}
		return nil, ended(exitDeclined)
	}
	return operator, nil
}

// signInNow signs in whom a text counter's line names as ID:PIN; otherwise where it names nobody. Told says that it could not be, and
// that this was printed.
func (a *app) signInNow(ctx context.Context, s *station.Station, who string, otherwise *terminal.Operator) (operator *terminal.Operator, told bool, err error) {
	if who == "" {
		return otherwise, false, nil
	}
	id, pin, found := strings.Cut(who, ":")
	if !found || id == "" || pin == "" {
		return nil, true, a.complain(ctx, s, errors.New("a person is named by ID and PIN: approve=chen:PIN"))
	}
	operator, finding, err := s.Terminal.SignIn(ctx, id, pin)
	if err != nil || finding == nil {
		return operator, false, err
	}
	return nil, true, a.show(ctx, s.Reader, terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{*finding}})
}

// readPIN reads a PIN from its file, or asks for it without showing it.
func (a *app) readPIN(who person) (string, error) {
	if who.pinFile != "" {
		text, err := os.ReadFile(who.pinFile)
		if err != nil {
			return "", &failure{exitUsage, "name a file that holds the PIN and nothing else", fmt.Errorf("the PIN file cannot be read: %w", err)}
		}
		return strings.TrimSpace(string(text)), nil
	}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", usage(errors.New("there is nobody to ask for the PIN: use --pin-file"))
	}
	fmt.Fprintf(os.Stderr, "PIN of %s: ", who.id)
	pin, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("the PIN cannot be read: %w", err)
	}
	return string(pin), nil
}

// mustSignIn refuses work that nobody signed in for where the store signs in.
func mustSignIn(settings terminal.Settings, operator *terminal.Operator) error {
	if operator == nil && signsIn(settings.Store) {
		return nobodySignedIn()
	}
	return nil
}

// nobodySignedIn says that this store has people sign in, and nobody did.
func nobodySignedIn() error {
	return &failure{exitAsks, "say who does it: --operator ID --pin-file FILE", station.ErrSignIn}
}

func signsIn(store terminal.Store) bool {
	return store.SignIn != terminal.SignInNone && store.SignIn != ""
}

// ignored lists what was said with the codes that none of their vouchers has a use for.
func ignored(request terminal.Request, outcome terminal.Outcome) []string {
	if outcome.Choice == terminal.Declined || len(outcome.Lines) == 0 {
		return nil
	}
	amount, bill, parts := false, false, false
	for _, line := range outcome.Lines {
		kind := line.Campaign.Kind
		amount = amount || kind == terminal.KindBalance
		bill = bill || kind == terminal.KindDiscount || line.Campaign.Rules.MinimumBill != nil ||
			(line.Voucher.Rules != nil && line.Voucher.Rules.MinimumBill != nil)
		parts = parts || kind == terminal.KindPickup
	}
	var names []string
	for _, each := range []struct {
		name       string
		said, used bool
	}{{"amount", request.Amount != nil, amount}, {"bill", request.Bill != nil, bill}, {"lines", len(request.Lines) > 0, parts}} {
		if each.said && !each.used {
			names = append(names, each.name)
		}
	}
	return names
}
