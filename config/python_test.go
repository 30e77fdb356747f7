package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coredns/caddy/caddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"net/netip"
	"pgregory.net/rapid"
)

// TestConvert compares what each testdata/python/good/*.yaml comes to, with the warnings, to the .want file beside it; and
// the block that is written means the same as the file itself.
func TestConvert(t *testing.T) {
	t.Chdir("testdata/python/good")
	for _, file := range corpus(t, "*.yaml", 3) {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			settings, warnings, err := ReadPython(file, "", "mynet")
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := Convert(&b, "mynet", settings); err != nil {
				t.Fatal(err)
			}
			for _, w := range warnings {
				fmt.Fprintf(&b, "# %s\n", w)
			}
			compareWant(t, strings.TrimSuffix(file, ".yaml")+".want", b.String())
			compareBoth(t, file, b.String())
		})
	}
}

// compareBoth reads a block that was made of a file, and one that names the file.
func compareBoth(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Helper()
}, file, block string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "convert-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var read [2]Network
	for i, body := range []string{block, "edgemanage mynet {\n config " + file + "\n}\n"} {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(". {\nroot "+root+"\n"+body+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		networks, err := ReadCorefile(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		read[i] = networks[0]
	}
	if diff := cmp.Diff(read[0], read[1], cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}),
		cmpopts.IgnoreFields(Network{}, "File", "Line", "Warnings", "Import", "ControlAt", "StatusAt"), cmpopts.IgnoreFields(Run{}, "At")); diff != "" {
		t.Fatalf("the block means something else (-block +file):\n%s\n%s", diff, block)
	}
}

// TestPythonFaults compares the faults of a block with each testdata/python/bad/*.yaml to the .want file beside it.
func TestPythonFaults(t *testing.T) {
	t.Chdir("testdata/python/bad")
	for _, file := range corpus(t, "*.yaml", 9) {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			_, faults := parseText(t, "edgemanage mynet {\n config "+file+"\n}\n")
			var b strings.Builder
			for _, fault := range faults {
				fmt.Fprintln(&b, fault)
			}
			if b.Len() == 0 {
				t.Fatal("no fault found")
			}
			compareWant(t, strings.TrimSuffix(file, ".yaml")+".want", b.String())
		})
	}
}

// TestBlockWins: a property beside config counts, on whichever side it stands, and makes good what the file lacks.
func TestBlockWins(t *testing.T) {
	t.Chdir("testdata/python")
	tests := []struct {
		name, body string
		want       func(n Network) (got, want any)
	}{
		{"before it", "edge_count 7\nconfig good/whole.yaml", func(n Network) (any, any) { return n.EdgeCount, 7 }},
		{"after it", "config good/whole.yaml\nttl 30", func(n Network) (any, any) { return n.TTL, uint32(30) }},
		{"over what has no key", "config good/whole.yaml\nfamilies both\nkeep better", func(n Network) (any, any) {
			return n.Families.String() + n.Keep, "bothbetter"
		}},
		{"all of a kind that may be repeated", "config good/much.yaml\nrun after /bin/true", func(n Network) (any, any) { return len(n.Runs), 1 }},
		{"for what is missing", "config bad/missing.yaml\nedges edge1.example.net\nobject http://example.org/\nns ns1.example.net", func(n Network) (any, any) {
			return n.NS, []string{"ns1.example.net."}
		}},
		{"what to import", "config good/whole.yaml", func(n Network) (any, any) {
			return *n.Import, Import{HealthStore: "var/health", StateFile: "var/mynet.state"}
		}},
		{"what to import of each network", "config good/all.yaml", func(n Network) (any, any) {
			return *n.Import, Import{HealthStore: "health/mynet", StateFile: "/var/lib/edgemanage/mynet.state"}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, faults := parseText(t, "edgemanage mynet {\n"+tt.body+"\n}\n")
			if faults != nil {
				t.Fatal(faults)
			}
			got, want := tt.want(*dir.Body)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitCommand(t *testing.T) {
	for line, want := range map[string][]string{
		"/usr/sbin/rndc reload":      {"/usr/sbin/rndc", "reload"},
		"  a\t'b c' \"d\\\"e\\n\" ":  {"a", "b c", `d"e\n`},
		`a\ b ''`:                    {"a b", ""},
		`a'b'"c"`:                    {"abc"},
		"":                           nil,
		"'a":                         nil,
		`a\`:                         nil,
		"'' x":                       nil,
		"/bin/sh -c 'echo $x | cat'": {"/bin/sh", "-c", "echo $x | cat"},
	} {
		got, err := splitCommand(line)
		if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
			t.Errorf("%q: %v\n%s", line, err, diff)
		}
	}
}

// TestConvertAnyPath: whatever a path holds, the block means the same, or it is said that none can.
func TestConvertAnyPath(t *testing.T) {
	t.Chdir(t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`[a-z"' #{}\\$%.;|-]{1,12}`).Draw(t, "path")
		text := fmt.Sprintf("testobject: {host: example.org, proto: http, uri: /, local: %q}\ndns: {ns_records: [ns1.example.net]}\nedgelist_dir: /edges\n", path)
		if err := os.WriteFile("x.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, _, err := ReadPython("x.yaml", "", "mynet")
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := Convert(&b, "mynet", settings); err != nil {
			if !strings.ContainsAny(path, `{}\`) { // a backslash before the closing quote is lost to the lexer
				t.Fatal(err)
			}
			return
		}
		compareBoth(t, "x.yaml", b.String())
	})
}

func FuzzReadPython(f *testing.F) {
	for _, text := range corpusTexts(f, "testdata/python/good/*.yaml", "testdata/python/bad/*.yaml") {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "x.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, _, err := ReadPython(path, "", "mynet")
		if err != nil {
			return
		}
		for _, s := range settings {
			if pythonOrder(s.Name) < 0 || properties[s.Name].read == nil {
				t.Errorf("no such property: %v", s)
			}
		}
	})
}

// parseText reads one directive, with paths relative to the working directory.
func parseText(t *testing.T, text string) (Directive, []error) {
	t.Helper()
	d := caddyfile.NewDispenser("Corefile", strings.NewReader(text))
	d.Next()
	return ParseDirective(&d, "")
}
