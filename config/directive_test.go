package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/coredns/caddy/caddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const body = " {" + required + "}\n"

// TestParseDirectiveConsumes: the directive behind one is found, however faulty that is.
func TestParseDirectiveConsumes(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"name alone", "edgemanage mynet\n"},
		{"zones", "edgemanage mynet example.org example.net\n"},
		{"no network", "edgemanage\n"},
		{"body", "edgemanage mynet" + body},
		{"empty body", "edgemanage mynet {\n}\n"},
		{"empty body on one line", "edgemanage mynet { }\n"},
		{"body without a name", "edgemanage" + body},
		{"faults", "edgemanage my!net {\nfoo\nttl\nedge_count 99\n}\n"},
		{"nested body", "edgemanage mynet {\nns {\na {\nb\n}\n}\nttl 5\n}\n"},
		{"nested on one line", "edgemanage mynet {\nns a { b } c\nttl 5\n}\n"},
		{"closed on the line", "edgemanage mynet {\nttl 5 }\n"},
		{"brace alone", "edgemanage mynet {\n{\n}\n{ ttl }\n}\n"},
		{"words behind", "edgemanage mynet {\n} foo bar\n"},
		{"block behind", "edgemanage mynet {\n} foo {\nbar\n}\n"},
		{"quoted line break", "edgemanage mynet {\nheader X \"a\nb\"\n}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := caddyfile.NewDispenser("Corefile", strings.NewReader(test.text+"edgemanage next example.org\n"))
			d.Next()
			ParseDirective(&d, "")
			if !d.Next() || d.Val() != "edgemanage" {
				t.Fatalf("the cursor is on %q, want edgemanage", d.Val())
			}
			got, faults := ParseDirective(&d, "")
			want := Directive{Network: "next", ZoneArgs: []string{"example.org"}, File: "Corefile", Line: strings.Count(test.text, "\n") + 1}
			if diff := cmp.Diff(want, got); diff != "" || faults != nil {
				t.Errorf("faults %v, next directive differs (-want +got):\n%s", faults, diff)
			}
			if d.Next() {
				t.Errorf("left over: %q", d.Val())
			}
		})
	}
}

// TestParseDirectiveFaults has what caddyfile.Parse would catch before ReadCorefile gets to see it.
func TestParseDirectiveFaults(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"never closed", "edgemanage mynet {" + required, []string{`Corefile:5: no closing brace: expected "edgemanage NETWORK [ZONES...] { ... }"`}},
		{"never closed, nested", "edgemanage mynet {" + required + "ttl {\n{ 5\n}", []string{
			`Corefile:6: ttl: unexpected brace: expected "ttl DURATION"`,
			`Corefile:8: no closing brace: expected "edgemanage NETWORK [ZONES...] { ... }"`,
		}},
		{"stray brace", "edgemanage mynet }", []string{`Corefile:1: edgemanage: "}" is not a zone: expected "edgemanage NETWORK [ZONES...] { ... }"`}},
		{"brace for a name", "edgemanage }", []string{
			`Corefile:1: edgemanage: "}" is not the name of a network: expected letters, digits, dots, underscores and hyphens, at most 63, the first a letter or digit`,
		}},
		{"NUL in a path", "edgemanage mynet {" + required[:len(required)-1] + "\x00\n}", []string{
			`Corefile:5: state: "/var/lib/edgemanage\x00" is not a path: expected a file or a directory`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, faults := parse(test.text, "")
			var got []string
			for _, err := range faults {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("faults differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckDefinitions(t *testing.T) {
	at := func(line int, name string, body bool) Directive {
		d := Directive{Network: name, File: "Corefile", Line: line}
		if body {
			d.Body = &Network{Name: name}
		}
		return d
	}
	for _, test := range []struct {
		name   string
		blocks [][]Directive
		want   string
	}{
		{"none", nil, ""},
		{"defined before", [][]Directive{{at(1, "a", true)}, {at(2, "a", false)}}, ""},
		{"defined after", [][]Directive{{at(1, "a", false)}, {at(2, "a", true)}}, ""},
		{"faulty name", [][]Directive{{at(1, "", false), at(2, "", true)}}, ""},
		{"names differ in case", [][]Directive{{at(1, "a", true)}, {at(2, "A", false)}},
			`Corefile:2: edgemanage: network "A" is defined nowhere: expected a body here or in another server block`},
		{"three bodies", [][]Directive{{at(1, "a", true)}, {at(2, "a", true)}, {at(3, "a", true)}},
			`Corefile:2: edgemanage: network "a" is defined at Corefile:1 already: expected its name without a body` + "\n" +
				`Corefile:3: edgemanage: network "a" is defined at Corefile:1 already: expected its name without a body`},
		{"thrice in a block", [][]Directive{{at(1, "a", true), at(2, "a", true), at(3, "a", false)}},
			`Corefile:2: edgemanage: network "a" stands in this server block at Corefile:1 already` + "\n" +
				`Corefile:3: edgemanage: network "a" stands in this server block at Corefile:1 already`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var faults []error
			for _, block := range test.blocks {
				faults = append(faults, CheckBlock(block)...)
			}
			got := ""
			if err := errors.Join(append(faults, CheckDefinitions(test.blocks...)...)...); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("faults differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadCorefileFiles(t *testing.T) {
	for _, test := range []struct{ name, path, want string }{
		{"missing", "testdata/none", `reading Corefile "testdata/none": no such file or directory`},
		{"directory", "testdata", `reading Corefile "testdata": is a directory`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ReadCorefile(test.path); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

// TestIndependentBodies: two directives of one text share nothing that one could change in the other.
func TestIndependentBodies(t *testing.T) {
	d := caddyfile.NewDispenser("Corefile", strings.NewReader("edgemanage a"+body+"edgemanage b"+body))
	d.Next()
	a, _ := ParseDirective(&d, "")
	d.Next()
	b, _ := ParseDirective(&d, "")
	a.Body.NS[0], a.Body.Sources[0].Edge.Name, a.Body.Object.URL.Host = "x.", "x", "x"
	want := network("b", "Corefile", 7, func(n *Network) { n.Sources = []Source{named("edge1.example.net", "Corefile", 8)} })
	if diff := cmp.Diff(&want, b.Body, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
		t.Errorf("the second network differs (-want +got):\n%s", diff)
	}
}
