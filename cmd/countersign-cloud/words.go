package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"countersign/sync/cloud"
)

// zones are the time zones of a merchant's stores.
type zones map[string]*time.Location

// stamp is a time with its offset: lists hold times of several zones.
const stamp = "2006-01-02 15:04:05-07:00"

func zonesOf(ctx context.Context, s cloud.Office, merchant string) (zones, error) {
	stores, err := s.Stores(ctx, merchant)
	if err != nil {
		return nil, err
	}
	all := zones{}
	for _, store := range stores {
		if all[store.ID], err = store.Location(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// in is a time in the zone of a store, whatever zone its terminal's clock was in.
func (z zones) in(store string, t time.Time) time.Time {
	if zone := z[store]; zone != nil {
		return t.In(zone)
	}
	return t.UTC()
}

func (z zones) at(store string, t time.Time) string { return z.in(store, t).Format(stamp) }

// inert keeps a spreadsheet from taking somebody's words for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// counted says how many there are of something whose plural ends in s.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// unreadable says why a file cannot be read, in words.
func unreadable(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no file %s: check its name", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("the file %s may not be read by this user: change its permissions, or run as its owner", path)
	}
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Sprintf("the file %s cannot be read: %v", path, err)
}

// flagFault says what is wrong with a flag, in words.
func flagFault(err error) string {
	var value *pflag.InvalidValueError
	if !errors.As(err, &value) {
		return err.Error()
	}
	wanted := map[string]string{"duration": "a time span such as 24h or 30m", "int": "a whole number", "int64": "a whole number",
		"bool": "true or false"}[value.GetFlag().Value.Type()]
	if wanted == "" {
		return err.Error()
	}
	return fmt.Sprintf("--%s cannot be %q: it has to be %s", value.GetFlag().Name, value.GetValue(), wanted)
}

// argsFault says which arguments a command needs.
func argsFault(cmd *cobra.Command, args []string, err error) string {
	_, wanted, _ := strings.Cut(cmd.Use, " ")
	switch {
	case !cmd.HasParent():
		return err.Error() // an unknown command, with what may be meant
	case wanted == "" || strings.HasPrefix(wanted, "-"):
		return fmt.Sprintf("%s takes no arguments, and %q was given", cmd.CommandPath(), strings.Join(args, " "))
	case len(args) < len(strings.Fields(wanted)):
		return fmt.Sprintf("something is missing: %s %s", cmd.CommandPath(), wanted)
	}
	return fmt.Sprintf("%d arguments are too many: %s %s", len(args), cmd.CommandPath(), wanted)
}
