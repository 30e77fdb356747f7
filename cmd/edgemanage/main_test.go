package main

import (
	"bytes"
	"flag"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// execute runs the command as a shell would.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&errs)
	code = run(root, args)
	return code, out.String(), errs.String()
}

func TestRoot(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string // must be part of it
		stderr string
	}{
		{"help", nil, 0, "Usage:", ""},
		{"help of a subcommand", []string{"help", "replay"}, 0, "--set name=value", ""},
		{"unknown command", []string{"reply"}, 2, "", "edgemanage: unknown command \"reply\" for \"edgemanage\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, tt.args...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || stderr != tt.stderr {
				t.Errorf("got %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}

// The plugin's package must stay out of this command: with it would come the
// global flags of CoreDNS's coremain, of which -conf is one.
func TestDoesNotImportCoreDNS(t *testing.T) {
	if f := flag.Lookup("conf"); f != nil {
		t.Errorf("got the flag -conf (%s), want none of CoreDNS's", f.Usage)
	}
}
