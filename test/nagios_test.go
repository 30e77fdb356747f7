//go:build e2e

package test

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// checkNagios runs the commands as the services of the Nagios file would.
func checkNagios(t *testing.T, socket string) {
	text := readFile(t, "../examples/nagios/edgemanage.cfg")
	lines := map[string]string{}
	for _, m := range regexp.MustCompile(`command_name\s+(\S+)\s+command_line\s+(.*)`).FindAllStringSubmatch(text, -1) {
		lines[m[1]] = m[2]
	}
	services := regexp.MustCompile(`check_command\s+(.*)`).FindAllStringSubmatch(text, -1)
	if len(lines) != len(services) || len(lines) == 0 {
		t.Errorf("%d commands and %d services, want one each", len(lines), len(services))
	}
	for _, m := range services {
		args := strings.Split(m[1], "!")
		t.Run(args[0], func(t *testing.T) {
			line := strings.NewReplacer("/usr/local/bin/edgemanage", edgemanagePath, "$ARG1$", args[1], "$ARG2$", args[2], "$ARG3$", args[3]).Replace(lines[args[0]])
			words := append(strings.Fields(line), "--control", socket)
			said, err := exec.Command(words[0], words[1:]...).CombinedOutput()
			status := 0
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				status, err = exit.ExitCode(), nil
			}
			// OK, WARN or CRIT: the network is what the other tests made of it.
			if err != nil || status > 2 || !strings.Contains(string(said), "|") {
				t.Errorf("%s: exit status %d, %v\n%s", strings.Join(words, " "), status, err, said)
			}
		})
	}
}
