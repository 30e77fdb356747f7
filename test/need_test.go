//go:build e2e

package test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// packages says which Debian package has a program.
var packages = map[string]string{
	"delv":             "bind9-dnsutils",
	"dig":              "bind9-dnsutils",
	"dnsperf":          "dnsperf",
	"ip":               "iproute2",
	"knotd":            "knot",
	"kzonecheck":       "knot-dnssecutils",
	"named":            "bind9",
	"named-checkzone":  "bind9-utils",
	"nginx":            "nginx-light",
	"nsd":              "nsd",
	"nsenter":          "util-linux",
	"prometheus":       "prometheus",
	"promtool":         "prometheus",
	"python3":          "python3",
	"rndc":             "bind9-utils",
	"setpriv":          "util-linux",
	"systemd-analyze":  "systemd",
	"systemd-sysusers": "systemd",
	"unshare":          "util-linux",
}

// need finds a program. A missing one fails the test: a check that is left out in silence proves nothing.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		// A user's PATH on Debian has no sbin, where nginx is.
		path = filepath.Join("/usr/sbin", program)
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%s is not installed: apt-get install %s", program, packages[program])
		}
	}
	return path
}

// runProgram runs a program to its end and returns what it wrote to standard output, and its exit status.
func runProgram(t testing.TB, stdin string, program string, args ...string) (stdout string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, need(t, program), args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errout
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Logf("%s %s: %v\n%s", program, strings.Join(args, " "), err, errout.String())
		return out.String() + errout.String(), exit.ExitCode()
	case err != nil:
		t.Fatalf("running %s: %v", program, err)
	}
	return out.String(), 0
}
