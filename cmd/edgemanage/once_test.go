package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// pythonSite is a site with nothing but an edgemanage.yaml, in the current directory. Its networks are mynet, whose edges are
// those of the farm, and others.
func pythonSite(t *testing.T, f *farm, edges int, keys ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Chdir(dir)
	var list strings.Builder
	for i := range edges {
		fmt.Fprintf(&list, "e%d %s\n", i, address(i))
	}
	write(t, dir, "etc/edges/mynet", list.String())
	write(t, dir, "etc/object", "fine")
	write(t, dir, "etc/zones/mynet/example.org.zone", "@ MX 10 mail.example.net.\n")
	write(t, dir, "etc/edgemanage.yaml", fmt.Sprintf(`testobject: {host: www.example.org, proto: http, port: %d, uri: /, local: etc/object}
dns: {ns_records: [ns1.example.net]}
edgelist_dir: etc/edges
zonetemplate_dir: etc/zones
statefile: var/{dnet}.state
healthdata_store: var/health
named_dir: out
live_list: out/{dnet}.live
edge_count: 2
retry: 1
%s
`, f.port, strings.Join(keys, "\n")))
	if err := os.MkdirAll("out", 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A site with nothing but an edgemanage.yaml is served from it, and says something only when something changed.
func TestOnce(t *testing.T) {
	f := newFarm(t, good, good, good)
	dir := pythonSite(t, f, 3, "commands: {run_after_changes: touch "+filepath.Join(t.TempDir(), "x")+"}")
	once := []string{"once", "-A", "mynet", "-c", "etc/edgemanage.yaml", "--force"}
	code, stdout, stderr := execute(t, once...)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "mynet: ipv4: e") || !strings.Contains(stdout, " entered (live: filled") {
		t.Fatalf("got exit code %d, %q and %q", code, stdout, stderr)
	}
	zone, list := read(t, "out/example.org.zone"), read(t, "out/mynet.live")
	if !strings.Contains(zone, "\tMX\t10 mail.example.net.") || strings.Count(zone, "\tA\t127.0.0.6") != 2 || strings.Count(list, "\n") != 2 {
		t.Errorf("got %s and live list %q", zone, list)
	}
	code, stdout, stderr = execute(t, once...)
	if code != 0 || stdout+stderr != "" {
		t.Errorf("got exit code %d, %q and %q, want silence when nothing changes", code, stdout, stderr)
	}
	code, stdout, stderr = execute(t, append(once, "-v")...)
	for _, part := range []string{"ipv4: rung full, 2 live, 2 wanted", "EDGE", "pass_threshold", "kept", "state: var/edgemanage/mynet"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("got %q, want %q in it", stdout, part)
		}
	}
	if code != 0 || stderr != "" {
		t.Errorf("got exit code %d and %q", code, stderr)
	}
	for _, name := range []string{"var/health", "var/mynet.state"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was written, which is the Python tool's", name)
		}
	}
	code, _, stderr = execute(t, append(once, "--legacy", "back", "--state", "elsewhere")...)
	if code != 0 || !strings.Contains(read(t, filepath.Join(dir, "back/e0.edgestore")), `"fetch_times"`) || !strings.Contains(read(t, "elsewhere/mynet/state.json"), `"once"`) {
		t.Errorf("got exit code %d and %q", code, stderr)
	}
}

// -n says what would change, and leaves everything as it is, times included: before the first run and after it.
func TestOnceDryRun(t *testing.T) {
	var broken atomic.Bool
	f := newFarm(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			failing(w, r)
			return
		}
		good(w, r)
	}, good)
	ran := filepath.Join(t.TempDir(), "ran")
	dir := pythonSite(t, f, 2, "commands: {run_before: touch "+ran+", run_after: touch "+ran+", run_after_changes: touch "+ran+"}")
	once := []string{"once", "-A", "mynet", "-c", "etc/edgemanage.yaml", "--force"}
	for _, step := range []struct {
		name, want string
		prepare    func()
	}{
		{"at first", "mynet: would change: ipv4: e", func() {}},
		{"after a run", "mynet: nothing would change\n", func() { execute(t, append(once, "--legacy", "back")...) }},
		{"with a broken edge", "mynet: would change: ipv4: e0 left", func() { broken.Store(true) }},
	} {
		step.prepare()
		if err := os.RemoveAll(ran); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		code, stdout, stderr := execute(t, append(once, "-n", "--legacy", "back")...)
		if code != 0 || stderr != "" || !strings.HasPrefix(stdout, step.want) {
			t.Errorf("%s: got exit code %d, %q and %q", step.name, code, stdout, stderr)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("%s: the directory changed (-before +after):\n%s", step.name, diff)
		}
		if _, err := os.Stat(ran); err == nil {
			t.Errorf("%s: a command was run", step.name)
		}
	}
}

func TestOnceExitCodes(t *testing.T) {
	f := newFarm(t, good, good)
	tests := []struct {
		name           string
		keys           []string
		args           []string
		prepare        func(t *testing.T, once func())
		code           int
		stdout, stderr string // part of it
	}{
		{name: "no configuration", args: []string{"-A", "mynet"}, code: 2, stderr: "no configuration: expected -c"},
		{name: "no network", args: []string{"-c", "etc/edgemanage.yaml"}, code: 2, stderr: "no network: expected -A"},
		{name: "an argument", args: []string{"-c", "etc/edgemanage.yaml", "mynet"}, code: 2, stderr: "unknown command"},
		{name: "another network", args: []string{"-A", "far", "-c", "etc/edgemanage.yaml"}, code: 2, stderr: "etc/edges/far"},
		{name: "no such file", args: []string{"-A", "mynet", "-c", "etc/none"}, code: 2, stderr: `reading "etc/none": no such file`},
		{name: "a fault", keys: []string{"workers: many"}, code: 2, stderr: "etc/edgemanage.yaml:11: workers: expected a number"},
		{name: "too soon", prepare: func(t *testing.T, once func()) { once() }, code: 2, stderr: "too soon: expected at least 30s"},
		{name: "too soon by force", args: []string{"--force"}, prepare: func(t *testing.T, once func()) { once() }},
		{name: "locked", args: []string{"--force"}, prepare: func(t *testing.T, _ func()) {
			store, _, err := state.Open("var/edgemanage/mynet", state.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close() })
		}, code: 2, stderr: `locking "var/edgemanage/mynet/lock": held by another process`},
		{name: "a command fails", keys: []string{"commands: {run_after_changes: sh -c 'echo no such zone >&2; exit 3'}"}, code: 1, stdout: "entered", stderr: `running "sh": exit status 3; it wrote: no such zone`},
		{name: "a file cannot be written", prepare: func(t *testing.T, _ func()) {
			if err := os.Mkdir("out/mynet.live", 0o755); err != nil {
				t.Fatal(err)
			}
		}, code: 1, stdout: "entered", stderr: `writing live list "out/mynet.live"`},
		{name: "a bad list", args: []string{"--force"}, prepare: func(t *testing.T, once func()) {
			once()
			write(t, ".", "etc/edges/mynet", "not an edge!\n")
		}, code: 0, stderr: "mynet: etc/edges/mynet:1: "},
		{name: "no edge can be answered", args: []string{"--force"}, prepare: func(t *testing.T, once func()) {
			once()
			write(t, ".", "etc/edges/mynet", "nowhere.invalid\n")
		}, code: 1, stderr: "no edge of network mynet can be answered: ipv4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pythonSite(t, f, 2, tt.keys...)
			once := []string{"once", "-A", "mynet", "-c", "etc/edgemanage.yaml"}
			if len(tt.args) > 0 && tt.args[0] != "--force" {
				once = []string{"once"}
			}
			if tt.prepare != nil {
				tt.prepare(t, func() { execute(t, once...) })
			}
			code, stdout, stderr := execute(t, append(once, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) || (stderr == "") != (tt.stderr == "") {
				t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
			}
		})
	}
}

// A Corefile says where the state is, and which networks there are.
func TestOnceCorefile(t *testing.T) {
	f := newFarm(t, good, good)
	okay := site(t, f, 2, "state ./state", "zonefiles ./out")
	stateless := site(t, f, 2)
	dry := site(t, f, 2, "state ./state", "dry_run")
	both := write(t, t.TempDir(), "Corefile", read(t, okay)+strings.ReplaceAll(strings.ReplaceAll(read(t, okay), "example.org {", "example.net {"), " web ", " far "))
	tests := []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"the one network", []string{"-c", okay}, 0, "web: ipv4: ", ""},
		{"several networks", []string{"-c", both}, 2, "", "there are several networks: expected -A and one of far, web"},
		{"no such network", []string{"-c", both, "-A", "mars"}, 2, "", `there is no network "mars": expected one of far, web`},
		{"no state", []string{"-c", stateless}, 2, "", "expected the property state DIR"},
		{"another state", []string{"-c", okay, "--state", "x"}, 2, "", "a Corefile has the properties"},
		{"dry_run", []string{"-c", dry}, 0, "web: would change: ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"once"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
			}
		})
	}
	if zone := read(t, filepath.Join(filepath.Dir(okay), "out/example.org.zone")); !strings.Contains(zone, address(0)) {
		t.Errorf("got zone %s", zone)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dry), "state")); err == nil {
		t.Error("dry_run made a state")
	}
}

// Networks of one edgemanage.yaml write to one directory; a zone that goes from one to the other keeps its file.
func TestOnceSharedDirectory(t *testing.T) {
	f := newFarm(t, good)
	dir := pythonSite(t, f, 1)
	write(t, dir, "etc/edges/far", "e0 "+address(0)+"\n")
	write(t, dir, "etc/zones/far/example.com.zone", "")
	for _, name := range []string{"moves.example", "leaves.example"} {
		write(t, dir, "etc/zones/mynet/"+name+".zone", "")
	}
	run := func(network string) {
		t.Helper()
		if code, _, stderr := execute(t, "once", "-A", network, "-c", "etc/edgemanage.yaml", "--force"); code != 0 {
			t.Fatalf("got exit code %d and %q", code, stderr)
		}
	}
	run("mynet")
	run("far")
	if err := os.Rename("etc/zones/mynet/moves.example.zone", "etc/zones/far/moves.example.zone"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("etc/zones/mynet/leaves.example.zone"); err != nil {
		t.Fatal(err)
	}
	run("mynet")
	// An interval passes.
	store, loaded, err := state.Open("var/edgemanage/mynet", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc := loaded.Document
	loaded.Close()
	if _, gone := doc.Once.Gone["leaves.example."]; !gone || len(doc.Once.Gone) != 1 {
		t.Errorf("got %v gone, want leaves.example. alone", doc.Once.Gone)
	}
	doc.Once.Gone["leaves.example."] = time.Now().Add(-2 * time.Minute)
	doc.Once.Gone["moves.example."] = time.Now().Add(-2 * time.Minute)
	store.Save(doc)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	run("mynet")
	for name, want := range map[string]bool{"example.org": true, "example.com": true, "moves.example": true, "leaves.example": false} {
		if _, err := os.Stat("out/" + name + ".zone"); (err == nil) != want {
			t.Errorf("the file of %s: got error %v, want it there: %t", name, err, want)
		}
	}
}

// A signal ends a run soon, with the exit code of a program that it ended, and the next run is none too soon.
func TestOnceSignals(t *testing.T) {
	if os.Getenv("EDGEMANAGE_TEST_ONCE") != "" {
		os.Exit(run(newRoot(), []string{"once", "-A", "mynet", "-c", "etc/edgemanage.yaml"}))
	}
	asked := make(chan struct{}, 10)
	f := newFarm(t, good, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	started := filepath.Join(t.TempDir(), "started")
	dir := pythonSite(t, f, 2, "timeout: 50", "commands: {run_after: \"sh -c 'touch "+started+"; exec sleep 50'\"}")
	tests := []struct {
		name   string
		signal syscall.Signal
		code   int
		hangs  bool // an edge; else it is a command
	}{
		{"SIGTERM while probing", syscall.SIGTERM, 143, true},
		{"SIGINT while probing", syscall.SIGINT, 130, true},
		{"SIGTERM while a command runs", syscall.SIGTERM, 143, false},
		{"SIGINT while a command runs", syscall.SIGINT, 130, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := "e0 " + address(0) + "\n"
			if tt.hangs {
				list += "e1 " + address(1) + "\n"
			}
			write(t, dir, "etc/edges/mynet", list)
			os.Remove(started)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "-test.run=^TestOnceSignals$")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "EDGEMANAGE_TEST_ONCE=1")
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			deadline := time.After(30 * time.Second)
			if tt.hangs {
				select {
				case <-asked:
				case <-deadline:
					t.Error("the edge is not probed")
				}
			}
			for tick := time.NewTicker(10 * time.Millisecond); !tt.hangs; {
				if _, err := os.Stat(started); err == nil {
					break
				}
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("the command is not run: %s", out.String())
				}
			}
			began := time.Now()
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Error(err)
			}
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(out.String(), "ended by "+tt.signal.String()) {
				t.Errorf("got exit code %d and %q, want %d", code, out.String(), tt.code)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s to end", took)
			}
		})
	}
}
