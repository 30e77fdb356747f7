//go:build e2e

package test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// The secrets that a configuration holds. None is a word of another, so a trace of one says which.
const (
	secretHeader  = "canaryInHeaderQ7xZ2" // header NAME VALUE
	secretInFile  = "canaryInFileW4kT9"   // header NAME @FILE
	secretPath    = "canaryInPathE8mR3"   // webhook URL
	secretQuery   = "canaryInQueryY5nU6"  // webhook URL
	secretSigning = "canaryInSecretI1pO7" // webhook URL SECRETFILE
	secretSecond  = "canaryInSecondL2jK8" // the same after a reload
	secretArg     = "canaryInArgH6gF4"    // run WHEN COMMAND ARG
	secretEnv     = "canaryInEnvD9sA5"    // the server's environment
	secretFault   = "canaryInFaultN3vB1"  // a faulty property
)

var secrets = []string{secretHeader, secretInFile, secretPath, secretQuery, secretSigning, secretSecond, secretArg, secretEnv, secretFault}

// outputs are what people and programs get to see, by where.
type outputs map[string]string

// check fails for each secret in an output, as it is or encoded.
func (o outputs) check(t *testing.T) {
	t.Helper()
	for _, where := range slices.Sorted(maps.Keys(o)) {
		for _, secret := range secrets {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)} {
				if i := strings.Index(o[where], form); i >= 0 {
					t.Errorf("%s gives a secret away: ...%s", where, o[where][max(0, i-200):min(len(o[where]), i+len(form)+50)])
				}
			}
		}
	}
}

// files adds every file below a directory, and the names.
func (o outputs) files(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		o[path] = path + "\n" + string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readings are the paths of the control API that change nothing; NAME is an edge's name.
var readings = []string{
	"/v1/networks", "/v1/edges", "/v1/explain", "/v1/history?edge=*", "/v1/recent", "/v1/changes?limit=1000", "/v1/canaries",
	"/v1/trace?family=ipv4", "/v1/nothing", "/v1/edges?grade=NAME", "/v1/explain?edge=NAME&edge=NAME",
}

// everything asks all that can be asked of a server, over every door.
func (o outputs) everything(t *testing.T, socket, page, metricsAt, edge string) {
	t.Helper()
	unix := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	for _, path := range append(readings, "/", "/healthz", "/?q=edge") {
		path = strings.ReplaceAll(path, "NAME", edge)
		for door, c := range map[string]*http.Client{"the socket's ": unix, "the page's ": client} {
			r, err := c.Get("http://" + page + path) // the socket does not look at the host
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			o[door+path] = fmt.Sprintln(r.Header) + string(b)
		}
	}
	o["metrics"] = metricsPage(t, metricsAt)
	for _, line := range []string{
		"status", "status --format json", "edges", "edges --format csv", "edges --format json", "explain", "explain " + edge, "explain --format json",
		"history " + edge, "history --record", "changes", "changes --format json", "canaries", "check rotation", "check latency", "check integrity",
		"mode " + edge + " unavailable --comment c --preview", "mode nothing unavailable --comment c",
	} {
		out, _ := command(t, socket, strings.Fields(line)...)
		o["edgemanage "+line] = out
	}
}

// What is secret in a configuration reaches whom it is for and nobody else: no log, not that of debugging either, no
// metric, page, answer, command, error, hook, state or zone file has it, whatever edges and receivers send back.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	network := strings.TrimSuffix(st.edges[0].addr.String(), ".1")
	list := ""
	for _, e := range st.edges {
		list += e.name + " " + e.addr.String() + "\n"
	}
	var reflecting []*sockets
	for i, where := range slices.Sorted(maps.Keys(reflections)) {
		addr := fmt.Sprintf("%s.%d", network, 100+i)
		list += fmt.Sprintf("reflects%d.example.net %s\n", i, addr)
		reflecting = append(reflecting, answering(t, net.JoinHostPort(addr, st.port), func(_ []byte, r *http.Request) string {
			return reflections[where](r.Header.Get("X-Inline") + r.Header.Get("X-File"))
		}))
	}
	st.write("edges", list)
	st.write("header", secretInFile+"\n")
	st.write("secret", secretSigning+"\n")
	st.include("example.org.", "@ MX 10 mail\nmail A 198.51.100.7\n")
	st.write("hook", "#!/bin/sh\ncat >>"+st.path("hooked")+"; env >>"+st.path("hooked")+"; echo complaint >&2; exit 1\n")
	if err := os.Chmod(st.path("hook"), 0o755); err != nil {
		t.Fatal(err)
	}

	took := answering(t, "127.0.0.1:0", func([]byte, *http.Request) string { return "HTTP/1.1 204 No Content\r\n\r\n" })
	token := "/hooks/" + secretPath + "?key=" + secretQuery
	echo := func(form func(string) string) *sockets {
		return answering(t, "127.0.0.1:0", func(_ []byte, r *http.Request) string { return form(r.RequestURI) })
	}
	hookURLs := []string{
		"http://" + took.addr + token,
		"http://127.0.0.1:" + freePort(t) + token, // refuses
		"http://nobody.invalid" + token,
		"https://" + took.addr + token, // speaks no TLS
	}
	for _, where := range slices.Sorted(maps.Keys(reflections)) {
		hookURLs = append(hookURLs, "http://"+echo(reflections[where]).addr+token)
	}
	metricsAt, page := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	st.with("header X-Inline "+secretHeader+"\n        header X-File @"+st.path("header"), "run after_changes "+st.path("hook")+" "+secretArg,
		"webhook "+strings.Join(hookURLs, " "+st.path("secret")+"\n        webhook ")+" "+st.path("secret"),
		"status "+page, "includes "+st.path("includes"), "zonefiles "+st.path("zonefiles"))
	corefile := func() string { return block(".", "debug", "log", "prometheus "+metricsAt, st.directive("main")) }
	s := newServer(t, st.dir, corefile())
	s.env = []string{"DEPLOY_TOKEN=" + secretEnv}
	s.start()
	s.awaitAnswers()
	live := s.full(2)
	socket := st.path("state/control.sock")

	// Things happen, well and badly.
	gone := st.at(live[0])
	does(t, 0, socket, "mode", gone.name, "unavailable", "--comment", "seen", "--for", "2h")
	does(t, 0, socket, "freeze", "--comment", "seen", "--for", "1h")
	does(t, 0, socket, "unfreeze")
	arrives := func(what, at string, got func() string) {
		t.Helper()
		sees(t, patience, what+" to reach "+at, got, func(text string) bool { return strings.Contains(text, what) })
	}
	for _, e := range reflecting {
		arrives(secretHeader, "an edge", e.asked)
		arrives(secretInFile, "an edge", e.asked)
	}
	arrives(secretPath, "a receiver", took.asked)
	arrives(secretQuery, "a receiver", took.asked)
	arrives("complaint", "the log", s.log)
	s.awaitLine("posting", "nobody.invalid")
	if signed(took, secretSigning) == 0 {
		t.Errorf("no message is signed by the secret:\n%s", took.asked())
	}

	st.write("secret", secretSecond+"\n")
	s.signal(syscall.SIGUSR1)
	s.awaitLine("[INFO] Reloading complete")
	does(t, 0, socket, "mode", gone.name, "available")
	eventually(t, patience, "a signature by the new secret", func() bool { return signed(took, secretSecond) > 0 })
	s.configure(strings.Replace(corefile(), "header X-Inline", "header "+secretFault+": ", 1))
	s.signal(syscall.SIGUSR1)
	s.awaitLine("[ERROR]", "NAME is not a header's name")

	seen := outputs{}
	seen.everything(t, socket, page, metricsAt, gone.name)
	s.configure(corefile())
	for _, line := range []string{"try", "render", "check-zones"} {
		seen["edgemanage "+line], _ = command(t, socket, line, s.corefile)
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	seen["command line"] = string(cmdline)
	s.stop()
	seen["log"] = s.log()
	seen.files(t, st.path("state"))
	seen.files(t, st.path("zonefiles"))
	seen["what a command is given"] = readFile(t, st.path("hooked"))
	if len(seen[st.path("zonefiles/example.org.zone")]) == 0 || len(seen[st.path("state/main/state.json")]) == 0 {
		t.Error("no zone file or state was looked at")
	}
	seen.check(t)

	// What a receiver is told has nothing but its own address in it.
	told := took.asked()
	for _, own := range []string{secretPath, secretQuery} {
		told = strings.ReplaceAll(told, own, "")
	}
	outputs{"what a webhook is told": told}.check(t)
}

// signed counts the messages that a secret has signed.
func signed(s *sockets, secret string) (n int) {
	for request := range strings.SplitSeq(s.asked(), "POST ") {
		head, body, ok := strings.Cut(request, "\r\n\r\n")
		if !ok {
			continue
		}
		header := http.Header{}
		for line := range strings.SplitSeq(head, "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				header.Set(name, value)
			}
		}
		if header.Get(hooks.SignatureHeader) == hooks.Sign([]byte(secret), header.Get(hooks.TimestampHeader), []byte(body)) {
			n++
		}
	}
	return n
}
