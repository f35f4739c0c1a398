// Package manual writes a program's manual page from its commands, so that what "man" says is what --help says.
package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"countersign/assets/handbook"
	"countersign/cmd/internal/version"
)

// Section is one more part of a page: its title, and paragraphs of plain text.
type Section struct {
	Title      string
	Paragraphs []string
}

// Command is the hidden command "man" that prints the page of the program.
func Command(more ...Section) *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the manual page", Hidden: true, Args: cobra.NoArgs, Example: "  man -l <(countersignctl man)",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // needs neither a screen nor a data folder
		RunE: func(command *cobra.Command, _ []string) error {
			return Write(command.OutOrStdout(), command.Root(), more...)
		},
	}
}

// Write writes the page of a program in the format of man(7).
func Write(out io.Writer, root *cobra.Command, more ...Section) error {
	root.InitDefaultCompletionCmd()
	var page strings.Builder
	name := root.Name()
	fmt.Fprintf(&page, ".TH %s 1 \"\" \"Countersign %s\" \"Countersign\"\n", escape(strings.ToUpper(name)), escape(version.String()))
	fmt.Fprintf(&page, ".SH NAME\n%s \\- %s\n", escape(name), escape(root.Short))
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B %s\n.RI [ options ]", escape(name))
	if root.HasAvailableSubCommands() {
		page.WriteString(" [ command ]")
	}
	page.WriteString("\n")
	if root.Long != "" {
		fmt.Fprintf(&page, ".SH DESCRIPTION\n%s\n", escape(root.Long))
	}
	page.WriteString(".SH OPTIONS\n")
	writeFlags(&page, root.PersistentFlags())
	writeFlags(&page, root.LocalNonPersistentFlags())
	if root.HasAvailableSubCommands() {
		page.WriteString(".SH COMMANDS\n")
		writeCommands(&page, root)
	}
	for _, section := range append(more, Section{"EXAMPLES", nil}) {
		if section.Title == "EXAMPLES" && len(section.Paragraphs) == 0 {
			writeExample(&page, root.Example)
			continue
		}
		fmt.Fprintf(&page, ".SH %s\n", escape(section.Title))
		for i, paragraph := range section.Paragraphs {
			if i > 0 {
				page.WriteString(".PP\n")
			}
			fmt.Fprintln(&page, escape(paragraph))
		}
	}
	writeAlso(&page, name)
	_, err := io.WriteString(out, page.String())
	return err
}

// writeCommands writes each command that does something, with what lies below it.
func writeCommands(page *strings.Builder, parent *cobra.Command) {
	for _, command := range parent.Commands() {
		if !command.IsAvailableCommand() || command.Name() == "help" {
			continue
		}
		if command.Runnable() && command.Name() != "completion" {
			_, line, _ := strings.Cut(command.UseLine(), " ")
			fmt.Fprintf(page, ".SS %s\n%s.\n", escape(line), escape(strings.TrimSuffix(command.Short, ".")))
			if command.Long != "" {
				fmt.Fprintf(page, ".PP\n%s\n", escape(command.Long))
			}
			writeFlags(page, command.LocalNonPersistentFlags())
			if command.Example != "" {
				fmt.Fprintf(page, ".PP\n.EX\n%s\n.EE\n", escape(command.Example))
			}
		}
		if command.Name() == "completion" {
			fmt.Fprintf(page, ".SS %s\n%s.\n", escape("completion SHELL"), escape("Print the completions for bash, zsh, fish or powershell"))
			continue
		}
		writeCommands(page, command)
	}
}

func writeFlags(page *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" {
			return
		}
		placeholder, usage := pflag.UnquoteUsage(flag)
		names := "--" + flag.Name
		if flag.Shorthand != "" {
			names = "-" + flag.Shorthand + ", " + names
		}
		fmt.Fprintf(page, ".TP\n\\fB%s\\fR", escape(names))
		if placeholder != "" {
			fmt.Fprintf(page, " \\fI%s\\fR", escape(placeholder))
		}
		fmt.Fprintf(page, "\n%s", escape(usage))
		// A path is this machine's and this person's.
		if preset := flag.DefValue; preset != "" && preset != "false" && preset != "0" && preset != "[]" && !strings.ContainsAny(preset, `/\`) {
			fmt.Fprintf(page, " (default %s)", escape(preset))
		}
		page.WriteString("\n")
	})
}

// writeAlso names the other programs and the handbook, which has a manual page for each of its pages.
func writeAlso(page *strings.Builder, name string) {
	page.WriteString(".SH SEE ALSO\n")
	for _, program := range []string{"countersign", "countersignctl"} {
		if program != name {
			fmt.Fprintf(page, ".BR %s (1),\n", escape(program))
		}
	}
	names := handbook.Names()
	for i, one := range names {
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Fprintf(page, ".BR %s (7)%s\n", escape("countersign-"+one), comma)
	}
	page.WriteString(".PP\nThe handbook, for the people at the counter, their managers and IT, is also in the window (F1, F1), and as web pages in\n" +
		".IR /usr/share/doc/countersign/handbook/index.html .\n")
}

func writeExample(page *strings.Builder, example string) {
	if example != "" {
		fmt.Fprintf(page, ".SH EXAMPLES\n.EX\n%s\n.EE\n", escape(example))
	}
}

// escape writes text so that man(7) takes nothing in it for a request.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "→", `\(->`, "…", "...", "“", "\"", "”", "\"").Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
