package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// asked is what the flags, or the words of a text counter's line, say beside the code.
type asked struct {
	units   []string // once, or once for each code
	amounts []string
	bill    string
	lines   string
	order   string // "all"
	hub     string // "without"
	// Only in a text counter's line: who does it, who agrees, each as ID:PIN, and a further code of the same bill.
	operator, approve string
	and               []string
}

func (q *asked) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringArrayVar(&q.units, "units", nil, "how many uses of a pass; of several codes once for each, - where it has none")
	flags.StringArrayVar(&q.amounts, "amount", nil, "how much of a balance: 12.50; of several codes once for each, - where it has none")
	flags.StringVar(&q.bill, "bill", "", "the bill before discounts: 80.00")
	flags.BoolFunc("without-hub", "go on without the store's hub, where it was there a moment ago and does not answer", func(string) error {
		q.hub = withoutHub
		return nil
	})
}

func (q *asked) linesFlag(command *cobra.Command) {
	command.Flags().Func("lines", "which lines of an order are handed over, by letter or name: `a,b` (default: all that are open)", func(named string) error {
		if strings.Trim(named, ", ") == "" {
			return errors.New("no line is named, and all that are open are handed over where --lines is left out")
		}
		q.lines = named
		return nil
	})
	command.Flags().BoolFunc("order", "with all that is open of the order the voucher belongs to: all or nothing", func(string) error {
		q.order = wholeOrder
		return nil
	})
}

// wholeOrder is the one value of order.
const wholeOrder = "all"

// withoutHub is the one value of hub.
const withoutHub = "without"

// sayable are the names of what can be said behind a code.
var sayable = []string{"units", "amount", "bill", "lines", "order", "hub", "and", "operator", "approve"}

// set takes one word such as units=2.
func (q *asked) set(word string) error {
	name, value, found := strings.Cut(word, "=")
	each := map[string]*[]string{"units": &q.units, "amount": &q.amounts}[name]
	switch {
	case found && value == "" && slices.Contains(sayable, name):
		return fmt.Errorf("%s= says nothing: leave it out, or say what is meant", name)
	case found && name == "and":
		q.and = append(q.and, value)
		return nil
	case found && each != nil: // of the code before it
		if len(*each) > len(q.and) {
			return fmt.Errorf("%s is said twice of one code: %s, and %s", name, (*each)[len(q.and)], value)
		}
		for len(*each) < len(q.and) {
			*each = append(*each, unsaid)
		}
		*each = append((*each)[:len(q.and)], value)
		return nil
	}
	field := map[string]*string{"bill": &q.bill, "lines": &q.lines, "order": &q.order, "hub": &q.hub,
		"operator": &q.operator, "approve": &q.approve}[name]
	if !found || field == nil {
		if found && strings.Contains(value, ":") {
			word = name + "=" // what follows may be a PIN
		}
		return fmt.Errorf("%q is none of units=2, amount=12.50, bill=80.00, lines=a,b, order=all, hub=without, and=CODE, operator=ID:PIN, approve=ID:PIN", word)
	}
	if *field != "" {
		return fmt.Errorf("%s is said twice", name)
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
	if err := q.share(&request, currency); err != nil {
		return request, err
	}
	if q.bill != "" {
		bill, err := amountOf(q.bill, currency)
		if err != nil {
			return request, err
		}
		request.Bill = bill
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

// unsaid stands for a code of which nothing is said.
const unsaid = "-"

// share puts what was said of each code where it belongs. What was said once is of the bill, and also of the code that it was said of.
func (q asked) share(request *terminal.Request, currency string) error {
	for _, said := range [][]string{q.units, q.amounts} {
		if len(said) > len(request.Scans) {
			return fmt.Errorf("%q says more than there are codes: say it once, or once for each code, - where it has none", strings.Join(said, " "))
		}
	}
	for i, text := range q.units {
		if text == unsaid {
			continue
		}
		units, err := strconv.ParseInt(text, 10, 64)
		if err != nil || units < 1 {
			return fmt.Errorf("%q is no number of uses", text)
		}
		if alone(q.units) {
			request.Units = &units
		} else {
			request.Scans[i].Units = &units
		}
	}
	for i, text := range q.amounts {
		if text == unsaid {
			continue
		}
		amount, err := amountOf(text, currency)
		if err != nil {
			return err
		}
		if alone(q.amounts) {
			request.Amount = amount
		}
		if len(q.amounts) > 1 {
			request.Scans[i].Amount = amount
		}
	}
	return nil
}

// alone reports that one thing was said, of whichever code it is.
func alone(said []string) bool {
	return len(said)-strings.Count(strings.Join(said, " ")+" ", unsaid+" ") == 1
}

func amountOf(text, currency string) (*terminal.Money, error) {
	amount, err := terminal.ParseMoney(withoutCurrency(text, currency))
	if err != nil {
		return nil, fmt.Errorf("%q is no amount in %s, such as 12.50", text, currency)
	}
	return &amount, nil
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

// signIn signs a person in; nil where nobody is named. beside is who stands at the counter where this is the second person. A decline is printed and ends the command.
func (a *app) signIn(ctx context.Context, s *station.Station, who person, beside *terminal.Operator) (*terminal.Operator, error) {
	if who.id == "" {
		return nil, nil
	}
	pin, err := a.readPIN(who)
	if err != nil {
		return nil, err
	}
	operator, finding, err := s.Terminal.Agree(ctx, beside, who.id, pin)
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
func (a *app) signInNow(ctx context.Context, s *station.Station, who string, otherwise, beside *terminal.Operator) (operator *terminal.Operator, told bool, err error) {
	if who == "" {
		return otherwise, false, nil
	}
	id, pin, found := strings.Cut(who, ":")
	if !found || id == "" || pin == "" {
		return nil, true, a.complain(ctx, s, errors.New("a person is named by ID and PIN: approve=chen:PIN"))
	}
	operator, finding, err := s.Terminal.Agree(ctx, beside, id, pin)
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
	amount, bill, parts, balances := false, false, false, 0
	for _, line := range outcome.Lines {
		kind := line.Campaign.Kind
		if kind == terminal.KindBalance {
			amount = true
			balances++
		}
		bill = bill || kind == terminal.KindDiscount || kind == terminal.KindBalance || line.Campaign.Rules.MinimumBill != nil ||
			(line.Voucher.Rules != nil && line.Voucher.Rules.MinimumBill != nil)
		parts = parts || kind == terminal.KindPickup
	}
	var names []string
	ofOne := slices.ContainsFunc(request.Scans, func(scan terminal.Scan) bool { return scan.Amount != nil })
	if request.Amount != nil && balances > 1 && !ofOne {
		names = append(names, "amount_each")
	}
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
