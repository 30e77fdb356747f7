//go:build e2e

package test

import (
	"net/url"
	"strings"
	"testing"
)

// A configuration with a fault in or beside a secret is refused without showing it.
func TestFaultsHideSecrets(t *testing.T) {
	t.Parallel()
	st := newSite(t, 1)
	st.write("two", secretInFile+"\n"+secretInFile+"\n")
	st.write("control", secretInFile+"\x01")
	st.write("large", strings.Repeat(secretInFile, 10000))
	u := url.URL{Scheme: "http", User: url.UserPassword("user", secretFault), Host: "hook.example.net", Path: "/"}
	for _, fault := range []string{
		"header " + secretFault,
		"header X-Probe " + secretFault + " " + secretFault,
		"header X-Probe: " + secretFault,
		"header " + secretFault + " X-Probe:",
		"header \"X Probe\" " + secretFault,
		"header X-Probe \"" + secretFault + "\nX-Other: 1\"",
		"header Content-Length " + secretFault,
		"header X-Probe @" + st.path("two"),
		"header X-Probe @" + st.path("control"),
		"header X-Probe @" + st.path("large"),
		"webhook " + u.String(),
		"webhook ftp://hook.example.net/" + secretFault,
		"webhook http://hook.example.net/" + secretFault + "%zz",
		"webhook http://hook.example.net:http/" + secretFault,
		"webhook http://hook..example.net/" + secretFault,
		"webhook http://hook.example.net/" + secretFault + "#fragment",
		"webhook http://hook.example.net/" + secretFault + " " + st.path("missing"),
		"webhook http://hook.example.net/" + secretFault + " " + st.path("large"),
		"webhook http://hook.example.net/" + secretFault + "\n        webhook http://hook.example.net/" + secretFault,
		"webhook http://hook.example.net/ " + st.path("secret") + " " + secretFault,
		"object " + u.String(),
		"header X-Probe " + secretFault + "\n        nonsense here",
		"header X-Probe \"" + secretFault, // no quotation mark at the end
		"webhook http://hook.example.net/" + secretFault + " {",
		"header X-Probe " + secretFault + " {",
	} {
		name, _, _ := strings.Cut(fault, secretFault)
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newServer(t, dir, block(".", st.with("broken "+fault).directive("main", zone)))
			s.start()
			eventually(t, patience, "the server to refuse the configuration", func() bool { return !s.running() })
			if s.cmd.ProcessState.Success() {
				t.Error("it ended without an error")
			}
			seen := outputs{"the server": s.log()}
			for _, line := range []string{"try", "render", "check-zones"} {
				out, status := command(t, "/nowhere", line, s.corefile)
				if status == 0 && line == "try" {
					t.Errorf("edgemanage %s finds no fault", line)
				}
				seen["edgemanage "+line] = out
			}
			seen.check(t)
		})
	}
}
