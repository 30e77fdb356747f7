//go:build e2e

package zonefile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checkers are the programs with which operators of name servers check a file, and the Debian packages that have them.
var checkers = []struct {
	program, debian string
	args            func(zone, file string) []string
}{
	{"named-checkzone", "bind9-utils", func(zone, file string) []string { return []string{"-i", "full", "-k", "warn", zone, file} }},
	{"kzonecheck", "knot-dnssecutils", func(zone, file string) []string { return []string{"-o", zone, file} }},
}

// TestCheckers: what is written of every good include is accepted by others.
func TestCheckers(t *testing.T) {
	zones, _, err := ZonesIn("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checkers {
		program, err := exec.LookPath(c.program)
		if err != nil {
			t.Errorf("%s is not installed: apt-get install %s", c.program, c.debian)
			continue
		}
		for zone, path := range zones {
			t.Run(c.program+" "+zone, func(t *testing.T) {
				labels := labelsOf(readTestdata(t, path))
				inc, err := ReadInclude(path, zone, labels)
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), "file")
				text := render(t, zone, testTemplate(labels).Complete(zone, 7, live4, live6, inc))
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := exec.Command(program, c.args(strings.TrimSuffix(zone, "."), file)...).CombinedOutput()
				if err != nil {
					t.Errorf("%v\n%s\n%s", err, out, text)
				}
			})
		}
	}
}
