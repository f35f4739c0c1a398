package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/manual"
	"countersign/cmd/internal/station"
)

// provisionCommand is what installers run, as root or as the system; it is no command for people.
func (a *app) provisionCommand() *cobra.Command {
	var p station.Provisioning
	var noNews, removeData bool
	command := &cobra.Command{
		Use: "provision", Short: "Make the machine's folders, with their rights, and join: what the installers run", Hidden: true,
		Args:    exactly(0),
		Example: "  countersignctl provision --cloud https://cloud.example/ --join CODE",
		RunE: func(command *cobra.Command, _ []string) error {
			if removeData {
				return station.RemoveData()
			}
			// Installers fill in what they have: an empty text is none.
			for _, text := range []*string{&p.Code, &p.File, &p.Installer, &p.Cloud, &p.Group} {
				*text = strings.TrimSpace(*text)
			}
			p.Program, p.Version = "countersignctl", a.stationConfig().Version
			joined, err := station.Provision(command.Context(), p)
			if err != nil {
				return err
			}
			if !noNews {
				fmt.Fprintln(a.out, joined)
			}
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&p.Code, "join", "", "a join code")
	flags.StringVar(&p.File, "join-file", "", "a file with a join code or a list of them, where there is one")
	flags.StringVar(&p.Installer, "installer", "", "the installer, beside which a file with a join code may lie")
	flags.StringVar(&p.Cloud, "cloud", "", "the only cloud that may be joined, where the configuration names none yet")
	flags.StringVar(&p.Group, "group", "", "whose people may write the data: a group of this computer or its domain")
	flags.BoolVar(&removeData, "remove-data", false, "delete the machine's data, logs and configuration, and do nothing else")
	flags.BoolVar(&noNews, "quiet", false, "say nothing where all is well")
	return command
}

// manualSections are what the manual page says beyond the commands.
var manualSections = []manual.Section{
	{Title: "EXIT STATUS", Paragraphs: []string{
		"0 done, or approved; 1 failed; 2 wrong usage; 3 declined; 4 an amount, units or an approval is needed; 5 cannot now: locked, not joined, no disk, no line.",
	}},
	{Title: "FILES", Paragraphs: []string{
		"/etc/countersign/countersign.toml: the configuration. /etc/countersign/policy.toml: what IT manages, on top of everything. " +
			"/etc/countersign/preseed: what the package's installation is told. /etc/countersign/join: a join code, or a list of them, for the first start.",
		"/var/lib/countersign: the data of the installed terminal, writable by the group countersign. /var/log/countersign: its logs. " +
			"/usr/share/doc/countersign/handbook: the handbook.",
		"On Windows: C:\\ProgramData\\Countersign, and HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Countersign for the policy.",
	}},
	{Title: "ENVIRONMENT", Paragraphs: []string{
		"COUNTERSIGN_DATA and COUNTERSIGN_CONFIG stand for --data and --config; COUNTERSIGN_PRINTER and so on for each key of the configuration.",
		"HTTPS_PROXY and NO_PROXY name the way through a proxy.",
	}},
	{Title: "SEE ALSO", Paragraphs: []string{"countersign(1), countersign-cloud(1)"}},
}
