//go:build e2e

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostExposed is what systemd-analyze security may say of the unit at most, in tenths; 100 is a service of root's without
// any restriction.
const mostExposed = "15"

// systemd finds no fault with the unit, and little that an intruder could do.
func TestServiceUnit(t *testing.T) {
	t.Parallel()
	const installed = "/usr/local/bin/coredns"
	text := readFile(t, "../examples/systemd/coredns-edgemanage.service")
	if !strings.Contains(text, "ExecStart="+installed+" ") {
		t.Fatalf("the unit does not start %s", installed)
	}
	unit := filepath.Join(t.TempDir(), "coredns-edgemanage.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, installed, corednsPath)), 0o644); err != nil {
		t.Fatal(err)
	}
	sysusers, err := filepath.Abs("../examples/systemd/edgemanage.sysusers")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"systemd-analyze", "verify", "--man=no", unit},
		{"systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=" + mostExposed, unit},
		{"systemd-sysusers", "--dry-run", sysusers},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			cmd := exec.Command(need(t, args[0]), args[1:]...)
			out, err := cmd.CombinedOutput()
			if err != nil || args[1] == "verify" && len(out) > 0 {
				t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			t.Log(lines[len(lines)-1])
		})
	}
	// Whoever reads the unit finds the state, and so the control socket, where the Corefile has it.
	if !strings.Contains(text, "StateDirectory=edgemanage\n") || !strings.Contains(readFile(t, "../examples/Corefile"), "/var/lib/edgemanage\n") {
		t.Error("the unit and the Corefile do not keep the state in one place")
	}
}
