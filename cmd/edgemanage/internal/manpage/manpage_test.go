package manpage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func TestCommand(t *testing.T) {
	root := &cobra.Command{Use: "tool", Short: "Do *things*", Long: "First line\nof it.\n\n  kept  as it_is\n  <too>\n\nLast."}
	root.AddGroup(&cobra.Group{ID: "g", Title: "Of a group:"})
	do := &cobra.Command{Use: "do THING", Short: "Do one", GroupID: "g", Example: "  tool do -n 3 <x>", Run: func(*cobra.Command, []string) {}}
	do.Flags().IntP("number", "n", 2, "so `many` times")
	do.Flags().String("again", "", "every `interval`")
	do.Flags().Lookup("again").NoOptDefVal = "1s"
	do.Flags().Bool("quick", false, "without _care_")
	root.AddCommand(do)
	want := `.nh
.TH "TOOL" "1" "" "edgemanage" "CoreDNS plugins"

.SH NAME
tool \- do *things*


.SH SYNOPSIS
\fBtool\fP \fICOMMAND\fP [\fIARGUMENT\fP\&...] [\fIOPTION\fP\&...]


.SH DESCRIPTION
First line
of it.

.EX
kept  as it_is
<too>
.EE

.PP
Last.


.SH OF A GROUP
.SS tool do THING
Do one
.TP
\fB--again\fP[=\fIinterval\fP]
every interval

.TP
\fB-n\fP, \fB--number\fP \fImany\fP
so many times (default 2)

.TP
\fB--quick\fP
without _care_

.PP
Examples:

.EX
tool do -n 3 <x>
.EE


.SH SEE ALSO
\fBcoredns-edgemanage\fP(7), \fBcoredns\fP(1)
`
	if diff := cmp.Diff(want, string(Command(root))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPlugin(t *testing.T) {
	page, err := Plugin([]byte("# x\n\nBuild it.\n\n## Name\n\n*edgemanage* - keeps.\n\n## Syntax\n\n~~~ txt\n## kept\n~~~\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := ".nh\n.TH \"COREDNS-EDGEMANAGE\" \"7\" \"\" \"edgemanage\" \"CoreDNS plugins\"\n\n.SH NAME\ncoredns-edgemanage \\- keeps.\n\n\n.SH SYNTAX\n.EX\n## kept\n.EE\n"
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := Plugin([]byte("# x\n\nNo name.\n")); err == nil || !strings.Contains(err.Error(), "section Name") {
		t.Errorf("got error %v, want one of the section", err)
	}
}
