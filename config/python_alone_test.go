package config

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The file alone means what a block does that has it, state and legacy.
func TestFromPython(t *testing.T) {
	t.Chdir("../legacy/testdata")
	got, err := FromPython("etc/edgemanage.yaml", "mynet", Alone{Legacy: "back"})
	if err != nil {
		t.Fatal(err)
	}
	if got.State != "var/edgemanage" || got.Control != "" {
		t.Errorf("got state %q and control socket %q, want them beside the statefile and nowhere", got.State, got.Control)
	}
	corefile := filepath.Join(t.TempDir(), "Corefile")
	block := fmt.Sprintf("example.org {\nedgemanage mynet {\nconfig etc/edgemanage.yaml\nstate %s\nlegacy back\n}\n}\n", got.State)
	if err := os.WriteFile(corefile, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := ReadCorefile(corefile)
	if err != nil {
		t.Fatal(err)
	}
	differ := cmpopts.IgnoreFields(Network{}, "File", "Line", "Control", "ControlAt", "DefaultControl")
	if diff := cmp.Diff(want[0], *got, differ, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
		t.Errorf("-block +alone\n%s", diff)
	}
}

func TestFromPythonFaults(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("dns: {ns_records: [ns1.example.net]}\nretry: often\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, file, network string
		want                []string
	}{
		{"all faults", bad, "mynet", []string{bad + ":1: testobject: missing", bad + ":1: edgelist_dir: missing", bad + ":2: retry: expected a number"}},
		{"no such file", filepath.Join(dir, "none.yaml"), "mynet", []string{"none.yaml", "no such file"}},
		{"network", bad, "../mynet", []string{`"../mynet" is not the name of a network`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := FromPython(tt.file, tt.network, Alone{State: "state"})
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "edges: missing") {
				t.Errorf("got %v, want a missing key told once", err)
			}
		})
	}
}

func TestIsPython(t *testing.T) {
	tests := []struct {
		name, text string
		want       bool
	}{
		{"a.yaml", "", true},
		{"a.YML", "anything", true},
		{"edgemanage.conf", "testobject: {host: www.example.org}\n", true},
		{"Corefile", "example.org {\n    edgemanage mynet {\n    }\n}\n", false},
		{"Corefile.1", ".:53 {\n    edgemanage mynet {\n        config edgemanage.yaml\n    }\n}\n", false},
		{"empty", "", false},
		{"other", "colour: blue\n", false},
		{"big", strings.Repeat("# a comment\n", 1000) + "workers: 3\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.name)
			if err := os.WriteFile(path, bytes.TrimLeft([]byte(tt.text), "\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := IsPython(path)
			if err != nil || got != tt.want {
				t.Errorf("got %t, error %v", got, err)
			}
		})
	}
	if _, err := IsPython(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("got no error for a file that is not there")
	}
}
