package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

func TestConvert(t *testing.T) {
	t.Chdir("../../legacy/testdata")
	bad := filepath.Join(t.TempDir(), "edgemanage.yaml")
	if err := os.WriteFile(bad, []byte("edgelist_dir: etc/edges\nrun_frequency: soon\ntestobject: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile("etc/edgemanage.yaml")
	if err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(t.TempDir(), "odd.yaml")
	if err := os.WriteFile(odd, bytes.Replace(sound, []byte("workers: 10"), []byte("workers: 1.5"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string // begins
		stderr string // has
	}{
		{"every network", []string{"-c", "etc/edgemanage.yaml"}, 0, "edgemanage mynet {\n    edges etc/edges/mynet\n",
			"edgemanage: etc/edgemanage.yaml: not used here: logpath, lockfile, prometheus_logs\n"},
		{"one that has no list yet", []string{"-c", "etc/edgemanage.yaml", "-A", "other"}, 0, "edgemanage other {\n    edges etc/edges/other\n", ""},
		{"under a root", []string{"-c", "edgemanage.yaml", "--root", "etc", "-A", "x"}, 0, "edgemanage x {\n", ""},
		{"a network that none can be", []string{"-c", "etc/edgemanage.yaml", "-A", "../mynet"}, 2, "", `"../mynet" is not the name of a network`},
		{"values that the server would refuse", []string{"-c", odd, "-A", "mynet"}, 2, "", odd + `:19: workers: workers: "1.5" is not a number`},
		{"no list at all", []string{"-c", "edgemanage.yaml", "--root", "etc"}, 2, "", "reading edgelist_dir"},
		{"no file named", nil, 2, "", "expected -c edgemanage.yaml"},
		{"no such file", []string{"-c", "nowhere.yaml"}, 2, "", `reading "nowhere.yaml": no such file or directory`},
		{"all faults at once", []string{"-c", bad}, 2, "", bad + ":2: run_frequency: expected seconds\n" + bad + ":3: testobject: expected keys such as host\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"convert"}, tt.args...)...)
			if code != tt.code || !strings.HasPrefix(stdout, tt.stdout) || tt.stdout == "" && stdout != "" || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got exit %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
	t.Run("the block is read back", func(t *testing.T) {
		code, block, _ := execute(t, "convert", "-c", "etc/edgemanage.yaml")
		path := filepath.Join(t.TempDir(), "Corefile")
		if err := os.WriteFile(path, []byte(". {\n"+block+"}\n"), 0o600); err != nil || code != 0 {
			t.Fatal(code, err)
		}
		networks, err := config.ReadCorefile(path)
		if err != nil || len(networks) != 1 || networks[0].Keep != "pass_threshold" {
			t.Errorf("got %v, %v", networks, err)
		}
	})
}
