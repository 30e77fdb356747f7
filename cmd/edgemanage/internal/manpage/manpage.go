// Package manpage makes the manual pages of what is said elsewhere: edgemanage(1) of the commands' help, and
// coredns-edgemanage(7) of the README. They say the same whenever and wherever they are made: there is no date in them.
//
// Only tests import it, so no program carries it.
package manpage

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Command returns the page of a command and all that is under it, on one page: it is searched with / at night.
func Command(root *cobra.Command) []byte {
	var b strings.Builder
	name := root.Name()
	fmt.Fprintf(&b, "%% %q \"1\" \"\" \"edgemanage\" \"CoreDNS plugins\"\n", strings.ToUpper(name))
	fmt.Fprintf(&b, "# NAME\n\n%s - %s\n\n", name, escape(lowered(root.Short)))
	fmt.Fprintf(&b, "# SYNOPSIS\n\n**%s** *COMMAND* \\[*ARGUMENT*...\\] \\[*OPTION*...\\]\n\n", name)
	fmt.Fprintf(&b, "# DESCRIPTION\n\n%s", prose(root.Long))
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "# %s\n\n", strings.ToUpper(strings.Trim(group.Title, ":")))
		for _, cmd := range root.Commands() {
			if cmd.GroupID == group.ID {
				command(&b, cmd)
			}
		}
	}
	b.WriteString("# SEE ALSO\n\n**coredns-edgemanage**(7), **coredns**(1)\n")
	return md2man.Render([]byte(b.String()))
}

// command writes a section a command, those under it each with its own.
func command(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "### %s\n\n", escape(strings.TrimSuffix(cmd.UseLine(), " [flags]")))
	b.WriteString(prose(cmp.Or(cmd.Long, cmd.Short)))
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			flag(b, f)
		}
	})
	if cmd.Example != "" {
		b.WriteString("Examples:\n\n" + code(cmd.Example))
	}
	for _, sub := range cmd.Commands() {
		command(b, sub)
	}
}

// flag writes a flag as the term of a definition.
func flag(b *strings.Builder, f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	if f.Shorthand != "" {
		fmt.Fprintf(b, "**-%s**, ", f.Shorthand)
	}
	fmt.Fprintf(b, "**--%s**", f.Name)
	switch {
	case value != "" && f.NoOptDefVal != "" && f.Value.Type() != "bool":
		fmt.Fprintf(b, "\\[=*%s*\\]", value)
	case value != "":
		fmt.Fprintf(b, " *%s*", value)
	}
	if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" {
		usage += " (default " + d + ")"
	}
	fmt.Fprintf(b, "\n: %s\n\n", escape(usage))
}

// Plugin returns the page of the plugin, of its README: from its section Name on.
func Plugin(readme []byte) ([]byte, error) {
	_, body, ok := strings.Cut(string(readme), "\n## Name\n\n*edgemanage* - ")
	if !ok {
		return nil, fmt.Errorf("reading README: it has no section Name that begins with %q", "*edgemanage* - ")
	}
	fenced := false
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "~~~"):
			fenced = !fenced
		case fenced:
		case strings.HasPrefix(line, "## "):
			lines[i] = "# " + strings.ToUpper(line[3:])
		}
	}
	head := "% \"COREDNS-EDGEMANAGE\" \"7\" \"\" \"edgemanage\" \"CoreDNS plugins\"\n# NAME\n\ncoredns-edgemanage - "
	return md2man.Render([]byte(head + strings.Join(lines, "\n"))), nil
}

// prose is text as a terminal shows it, in paragraphs of Markdown; what is indented stays as it is.
func prose(text string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if strings.HasPrefix(paragraph, "  ") {
			b.WriteString(code(paragraph))
			continue
		}
		b.WriteString(escape(strings.Trim(paragraph, "\n")) + "\n\n")
	}
	return b.String()
}

// code is text that stays as it is.
func code(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		b.WriteString("    " + strings.TrimPrefix(line, "  ") + "\n")
	}
	return b.String() + "\n"
}

var special = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~]")

// escape makes Markdown of plain text.
func escape(text string) string { return special.ReplaceAllString(text, `\$0`) }

// lowered begins with a small letter, as the line of a NAME does.
func lowered(s string) string { return strings.ToLower(s[:1]) + s[1:] }
