package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"countersign/cmd/internal/manual"
	"countersign/cmd/internal/version"
	"countersign/sync/cloud"
	"countersign/sync/cloud/postgres"
	"countersign/sync/cloud/remote"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// globals are the flags that every command has.
type globals struct {
	machine string // of readmit
	streams
	data     string
	database string
	config   string
	merchant string
	url      string // of a cloud elsewhere, instead of data and database

	tokenFile string
}

func newRoot(io streams) *cobra.Command {
	g := &globals{streams: io}
	root := &cobra.Command{
		Use:   "countersign-cloud",
		Short: "The cloud that Countersign terminals report to",
		Long: "The cloud that Countersign terminals report to. All commands work on the data folder, also while serve runs on it;\n" +
			"with --database-url they work on PostgreSQL instead, from any number of machines. All but serve and token also work from\n" +
			"elsewhere, with --url and a token of countersign-cloud token create.\n" +
			"Every flag can be set by the environment too (--public-url is COUNTERSIGN_PUBLIC_URL) or in the TOML file that --config names.",
		Example: "  countersign-cloud apply -f catalogue.toml\n  countersign-cloud serve --listen 127.0.0.1:8080\n  countersign-cloud invite quay --terminal counter-1\n" +
			"  countersign-cloud issue dinner-for-two --count 100 --out vouchers.csv",
		Version: version.String(), SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return g.configure(cmd) },
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s; see %s --help", flagFault(err), cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&g.data, "data", defaultData(), "folder of the database")
	flags.StringVar(&g.database, "database-url", "", "PostgreSQL to use instead of the data folder, such as postgres://user@host/name; set it in the\n"+
		"environment or the file where it holds a password")
	flags.StringVar(&g.url, "url", "", "cloud to talk to instead, such as https://cloud.example, with a token in the environment ("+tokenVariable+") or in --token-file")
	flags.StringVar(&g.tokenFile, "token-file", "", "file that holds the token for --url")
	flags.StringVar(&g.config, "config", "", "TOML file with settings")
	flags.StringVar(&g.merchant, "merchant", "", "the merchant that is meant, where there are several")
	root.AddCommand(newServe(g), newApply(g), newIssue(g), newImport(g), newRevoke(g), newPause(g), newResume(g),
		newInvite(g), newTerminals(g), newSuspend(g), newReadmit(g), newLeases(g), newWriteOff(g), newHub(g), newRedemptions(g), newExceptions(g), newKeys(g), newWebhooks(g), newToken(g), manual.Command())
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	root.Args = usageArgs(cobra.NoArgs)
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// usageArgs makes wrong arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage("%s; see %s --help", argsFault(cmd, args, err), cmd.CommandPath())
		}
		return nil
	}
}

func defaultData() string {
	if folder, err := os.UserConfigDir(); err == nil {
		return filepath.Join(folder, "countersign-cloud")
	}
	return "countersign-cloud"
}

// configure sets the flags that the command line left out, from the environment, else from the file.
func (g *globals) configure(cmd *cobra.Command) error {
	settings := map[string]any{}
	if !cmd.Flags().Changed("config") {
		g.config = os.Getenv("COUNTERSIGN_CONFIG")
	}
	if g.config != "" {
		if _, err := toml.DecodeFile(g.config, &settings); err != nil {
			return usage("the settings in %s cannot be read: %w", g.config, err)
		}
	}
	known := []string{"listen", "public-url", "behind-proxy", "tls-cert", "tls-key", "database-url", "data", "merchant", "url", "token-file", "webhook-networks"}
	for key := range settings {
		if !slices.Contains(known, strings.ReplaceAll(key, "_", "-")) {
			return usage("%s has an unknown setting %q; it can be: %s", g.config, key, strings.ReplaceAll(strings.Join(known, ", "), "-", "_"))
		}
	}
	var err error
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		key := strings.ReplaceAll(flag.Name, "-", "_")
		value, set := os.LookupEnv("COUNTERSIGN_" + strings.ToUpper(key))
		if setting, ok := settings[key]; ok && !set {
			value, set = fmt.Sprint(setting), true
		}
		if set && !flag.Changed && slices.Contains(known, flag.Name) && err == nil {
			if err = flag.Value.Set(value); err != nil {
				err = usage("the setting %s cannot be %q: %w", key, value, err)
			}
		}
	})
	return err
}

// with opens the merchant's side for do: over the network where --url names a cloud, else on the database.
func (g *globals) with(do func(s cloud.Office) error) error {
	if g.url == "" {
		return g.here(func(s cloud.Storage) error { return do(cloud.NewOffice(s)) })
	}
	secret, err := g.secret()
	if err != nil {
		return err
	}
	far, err := remote.New(g.url, secret)
	if err != nil {
		return usage("--url: %w", err)
	}
	err = do(far)
	if errors.Is(err, remote.ErrRefused) {
		return cannot("%w", err)
	}
	return err
}

// secret is the token that --token-file holds, else the environment.
func (g *globals) secret() (string, error) {
	if g.tokenFile != "" {
		raw, err := os.ReadFile(g.tokenFile)
		if err != nil {
			return "", usage("%s", unreadable(g.tokenFile, err))
		}
		return strings.TrimSpace(string(raw)), nil
	}
	if secret := os.Getenv(tokenVariable); secret != "" {
		return secret, nil
	}
	return "", usage("--url needs a token: make one on the cloud's machine with countersign-cloud token create NAME, and put it into the\n"+
		"environment as %s or into a file that --token-file names", tokenVariable)
}

// tokenVariable holds an admin token. There is no flag for it: everybody on the machine can read flags.
const tokenVariable = "COUNTERSIGN_TOKEN"

// here opens the database for do: PostgreSQL where one is named, else that in the data folder.
func (g *globals) here(do func(s cloud.Storage) error) error {
	s, err := g.open()
	if err != nil {
		return err
	}
	return diskFault(errors.Join(do(s), s.Close()))
}

// folderHint says what to do about a data folder that cannot be used. One with a database is never to be swapped for an empty one.
func (g *globals) folderHint() string {
	if _, err := os.Stat(filepath.Join(g.data, sqlite.FileName)); err == nil || errors.Is(err, fs.ErrPermission) {
		return "this folder holds your cloud: free space on its disk and see that this user may write there, then try again"
	}
	return "choose another folder with --data, or see that this user may write there and that its disk has room"
}

// diskFault says what to do where the disk is at fault.
func diskFault(err error) error {
	if err == nil {
		return nil
	}
	for _, sign := range []string{"disk is full", "no space left", "readonly database", "read-only file system", "disk I/O error"} {
		if strings.Contains(err.Error(), sign) {
			return cannot("%w; free space on the disk and see that this user may write there, then try again: nothing was stored", err)
		}
	}
	return err
}

func (g *globals) open() (cloud.Storage, error) {
	if g.database == "" {
		s, err := sqlite.Open(g.data)
		if err != nil {
			return nil, cannot("%w; %s", err, g.folderHint())
		}
		return s, nil
	}
	address, err := url.Parse(g.database)
	if err != nil || (address.Scheme != "postgres" && address.Scheme != "postgresql") {
		return nil, usage("--database-url is not a URL such as postgres://user@host/name")
	}
	s, err := postgres.Open(context.Background(), g.database)
	if err != nil {
		return nil, cannot("%w; see --database-url", err)
	}
	return s, nil
}

// place is where the data is, as people are told.
func (g *globals) place() string {
	if g.url != "" {
		return g.url
	}
	if g.database != "" {
		return "the database"
	}
	return g.data
}

// merchants are those that a command is about: the one that --merchant names, or all.
func (g *globals) merchants(ctx context.Context, s cloud.Office) ([]terminal.Merchant, error) {
	all, err := s.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, cannot("there is no merchant yet in %s: begin with countersign-cloud apply -f FILE", g.place())
	}
	if g.merchant == "" {
		return all, nil
	}
	for _, merchant := range all {
		if merchant.ID == g.merchant {
			return []terminal.Merchant{merchant}, nil
		}
	}
	return nil, usage("there is no merchant %q", g.merchant)
}

// find returns the one thing called id that a merchant of the command has.
func find[T any](ctx context.Context, g *globals, s cloud.Office, what, id string, list func(context.Context, string) ([]T, error), idOf func(T) string) (merchant terminal.Merchant, found T, err error) {
	merchants, err := g.merchants(ctx, s)
	if err != nil {
		return merchant, found, err
	}
	var known []string
	hits := 0
	for _, m := range merchants {
		all, err := list(ctx, m.ID)
		if err != nil {
			return merchant, found, err
		}
		for _, one := range all {
			known = append(known, idOf(one))
			if idOf(one) == id {
				merchant, found = m, one
				hits++
			}
		}
	}
	switch hits {
	case 0:
		return merchant, found, usage("there is no %s %q; there is: %s", what, id, strings.Join(known, ", "))
	case 1:
		return merchant, found, nil
	}
	return merchant, found, usage("several merchants have a %s %q: say which with --merchant", what, id)
}

func (g *globals) campaign(ctx context.Context, s cloud.Office, id string) (terminal.Merchant, terminal.Campaign, error) {
	return find(ctx, g, s, "campaign", id, s.Campaigns, func(c terminal.Campaign) string { return c.ID })
}

func (g *globals) store(ctx context.Context, s cloud.Office, id string) (terminal.Merchant, terminal.Store, error) {
	return find(ctx, g, s, "store", id, s.Stores, func(s terminal.Store) string { return s.ID })
}

// printJSON writes a value as indented JSON.
func (g *globals) printJSON(value any) error {
	encoder := json.NewEncoder(g.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
