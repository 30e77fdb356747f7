//go:build e2e

package test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// busy has a server write every kind of file that it writes, and waits until they are there.
func (st *site) busy(s *server) {
	st.t.Helper()
	s.awaitAnswers()
	s.full(2)
	for _, name := range []string{
		"state/main/state.json", "state/main/rounds.log", "state/main/changes.jsonl", "state/main/includes/example.org.",
		"zones/example.org.zone", "live", "legacy/main.state", "legacy/edge1.example.net.edgestore",
	} {
		st.awaitFile(name)
	}
}

// awaitFile waits until there is a file that holds something.
func (st *site) awaitFile(name string) {
	st.t.Helper()
	eventually(st.t, patience, name, func() bool {
		info, err := os.Stat(st.path(name))
		return err == nil && info.Size() > 0
	})
}

// written has properties for all that the server writes.
func (st *site) written() *site {
	st.include(zone, "@ MX 10 mail\nmail A 198.51.100.7\n")
	return st.with("includes "+st.path("includes"), "zonefiles "+st.path("zones"), "live_list "+st.path("live"), "legacy "+st.path("legacy"))
}

// modes are the types and permissions of all that is below a directory.
func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			name, _ := filepath.Rel(dir, path)
			found[name] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fill makes the server's file of changes so long that the next change has it rotated, without making it anew.
func (st *site) fill() {
	st.t.Helper()
	f, err := os.OpenFile(st.path("state/main/changes.jsonl"), os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		st.t.Fatal(err)
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err == nil {
		_, err = f.WriteString(strings.Repeat(line, 1000))
	}
	if err != nil {
		st.t.Fatal(err)
	}
}

// Whatever the umask, nothing is for everybody to write, nothing of the state for everybody to read, and the socket and
// the files for others have the modes that those rely on.
func TestModesOfFiles(t *testing.T) {
	for _, umask := range []fs.FileMode{0, 0o002, 0o022, 0o027, 0o077} {
		t.Run(fmt.Sprintf("umask %03o", umask), func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 3).written().with("history 2")
			s := newServer(t, st.dir, block(".", st.directive("main")))
			s.path = filepath.Join(t.TempDir(), "coredns")
			script := fmt.Sprintf("#!/bin/sh\numask %03o\nexec %s \"$@\"\n", umask, corednsPath)
			// Written by another process: a program that this one had open for writing is busy for as long as a process that
			// was started meanwhile, for a test beside this one, has not yet closed its copy of the descriptor.
			write := exec.Command("sh", "-c", `cat >"$0" && chmod 755 "$0"`, s.path)
			write.Stdin = strings.NewReader(script)
			if out, err := write.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			s.start()
			st.busy(s)
			st.awaitFile("state/main/rounds.log.1")
			s.stop()
			st.fill()
			s.start()
			st.busy(s)
			socket := st.path("state/control.sock")
			does(t, 0, socket, "mode", st.edges[2].name, "unavailable", "--comment", "test")
			for _, name := range []string{"changes.jsonl.1", "changes.jsonl", "state.json.1"} {
				st.awaitFile("state/main/" + name)
			}
			file, dir := 0o640&^umask, fs.ModeDir|0o750&^umask
			want := map[string]fs.FileMode{
				".": dir, "control.sock": fs.ModeSocket | 0o660, "main": dir, "main/lock": file, "main/state.json": file, "main/rounds.log": file,
				"main/changes.jsonl": file, "main/includes": dir, "main/includes/example.org.": file,
				"main/state.json.1": file, "main/rounds.log.1": file, "main/changes.jsonl.1": file,
			}
			open := fs.ModeDir | 0o755&^umask
			command := fmt.Sprintf("umask %03o; exec %s \"$@\"", umask, edgemanagePath)
			for _, args := range [][]string{
				{"history", "--trace", st.path("trace"), "--control", socket},
				{"render", "-o", st.path("rendered"), s.corefile},
			} {
				if out, err := exec.Command("sh", append([]string{"-c", command, "sh"}, args...)...).CombinedOutput(); err != nil {
					t.Errorf("edgemanage %v: %v\n%s", args, err, out)
				}
			}
			for at, want := range map[string]map[string]fs.FileMode{
				"state": want,
				"zones": {".": open, "example.org.zone": 0o644},
				"live":  {".": 0o644},
				"legacy": {
					".": open, "main.state": 0o644, "edge1.example.net.edgestore": 0o644, "edge2.example.net.edgestore": 0o644,
					"edge3.example.net.edgestore": 0o644,
				},
				"trace":    {".": 0o644 &^ umask},
				"rendered": {".": open, "example.org.zone": 0o644},
			} {
				// A file that is being replaced has another beside it for a moment.
				sees(t, patience, at, func() map[string]fs.FileMode { return modes(t, st.path(at)) }, func(got map[string]fs.FileMode) bool {
					return cmp.Equal(want, got)
				})
			}
		})
	}
}

// Links that somebody has put where the server writes lead nothing out of its directories: what they lead to is not
// written, nor emptied, nor given another mode, and the server answers or says by its name what is in the way.
func TestPlantedLinks(t *testing.T) {
	for _, tt := range []struct {
		name string
		dir  bool // it leads to a directory
	}{
		{"live", false}, {"legacy/main.state", false}, {"legacy/main.state.tmp", false},
		{"legacy/edge1.example.net.edgestore", false}, {"legacy/edge1.example.net.edgestore.tmp", false},
		{"state/main/state.json", false}, {"state/main/state.json.1", false}, {"state/main/state.json.tmp", false},
		{"state/main/rounds.log", false}, {"state/main/rounds.log.1", false}, {"state/main/changes.jsonl", false}, {"state/main/changes.jsonl.1", false},
		{"state/main/lock", false}, {"state/main/includes.tmp", false}, {"state/main/includes/example.org.", false},
		{"state/main/includes", true},
		{"state/control.sock", false}, {"state/.edgemanage-control-1", true},
		{"zones/example.org.zone", false}, {"zones/.edgemanage-1.tmp", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 3).written()
			victim := filepath.Join(t.TempDir(), "victim")
			if tt.dir {
				if err := os.Mkdir(victim, 0o700); err != nil {
					t.Fatal(err)
				}
				victim = filepath.Join(victim, "file")
			}
			if err := os.WriteFile(victim, []byte("of somebody else\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			link, leads := st.path(tt.name), victim
			if tt.dir {
				leads = filepath.Dir(victim)
			}
			if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(leads, link); err != nil {
				t.Fatal(err)
			}
			before := modes(t, filepath.Dir(victim))
			s := newServer(t, st.dir, block(".", st.directive("main")))
			s.start()
			// It answers, or ends with an error; in both cases it has tried to write by then.
			eventually(t, patience, "the server to answer or to end", func() bool { return !s.running() || s.answersWith(2) })
			if s.running() {
				st.all(refusing)
				st.edges[2].set(t, healthy)
				s.becomes(10*swapBound, addresses(st.edges[2]))
				s.stop()
			}
			if b, err := os.ReadFile(victim); err != nil || string(b) != "of somebody else\n" {
				t.Errorf("what the link leads to is %q, error %v", b, err)
			}
			if diff := cmp.Diff(before, modes(t, filepath.Dir(victim))); diff != "" {
				t.Errorf("where the link leads to (-before +after):\n%s", diff)
			}
		})
	}
}

// What others put under the names of files outside the state holds nothing up: neither at the start, nor a change, a reload or
// the end. A hard link is not written through, and what is read has an end. A pipe in a zone file's place stays, and is told of.
func TestPlantedOutside(t *testing.T) {
	plants := map[string]func(victim, path string) error{
		"hard link": os.Link,
		"pipe":      func(_, path string) error { return syscall.Mkfifo(path, 0o666) },
		"device":    func(_, path string) error { return os.Symlink("/dev/zero", path) },
	}
	for _, name := range []string{
		"live", "legacy/main.state", "legacy/main.state.tmp", "legacy/edge1.example.net.edgestore", "legacy/edge1.example.net.edgestore.tmp",
		"zones/example.org.zone", "zones/.edgemanage-1.tmp",
	} {
		for kind, plant := range plants {
			t.Run(name+" is a "+kind, func(t *testing.T) {
				t.Parallel()
				st := newSite(t, 3).written()
				victim, path := st.path("victim"), st.path(name)
				put := func() {
					t.Helper()
					os.Remove(path)
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := plant(victim, path); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.WriteFile(victim, []byte("of somebody else\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				put()
				s := newServer(t, st.dir, block(".", st.directive("main")))
				s.start()
				s.awaitAnswers()
				s.full(2)
				put()
				s.signal(syscall.SIGUSR1)
				s.awaitLine("[INFO] Reloading complete")
				st.all(refusing)
				st.edges[2].set(t, healthy)
				s.becomes(10*swapBound, addresses(st.edges[2]))
				want := st.edges[2].name + "\n"
				sees(t, patience, "the live list", func() string { b, _ := os.ReadFile(st.path("live")); return string(b) }, func(got string) bool { return got == want })
				st.awaitFile("legacy/main.state")
				s.stop()
				if b, err := os.ReadFile(victim); err != nil || string(b) != "of somebody else\n" {
					t.Errorf("the victim is %q, error %v", b, err)
				}
				if info, err := os.Stat(victim); err != nil || info.Mode() != 0o600 {
					t.Errorf("the victim has mode %v, error %v", info.Mode(), err)
				}
			})
		}
	}
}

// answersWith says whether the apex has n addresses. There may be no server.
func (s *server) answersWith(n int) bool {
	m, err := s.exchange(zone, dns.TypeA, time.Second)
	return err == nil && m.Rcode == dns.RcodeSuccess && len(m.Answer) == n
}

// logLine is how lines of the server's log begin.
var logLine = regexp.MustCompile(`^(\[(INFO|WARNING|ERROR|DEBUG|NOTICE)\] |maxprocs: |\.:\d+ on |CoreDNS-|linux/)`)

// Names are text of somebody else, also those of files: in no place do they lead anywhere, end a line of the log, or reach
// a terminal.
func TestNames(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3).written()
	long := strings.Repeat(strings.Repeat("x", 60)+".", 4) // with .zone 249 bytes
	for _, name := range []string{
		"..zone", "...zone", ".hidden.zone", "a b.zone", "a\nb.zone", "a\n[ERROR] forged.zone", "\x1b[31m.zone", "\xff.zone", "\u202e.zone",
		"..%2f..%2fevil.zone", "a..b.zone", "-.zone", "*.zone", "$(id).zone", strings.Repeat("y", 250) + ".zone", long + "zone", "UPPER.zone", "evil.zone.tmp",
	} {
		if err := os.WriteFile(filepath.Join(st.path("includes"), name), []byte("@ MX 10 mail\n"), 0o644); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	}
	for name, leads := range map[string]string{"link.zone": "example.org.zone", "nowhere.zone": "nowhere", "self.zone": "self.zone", "device.zone": "/dev/zero", "up.zone": ".."} {
		if err := os.Symlink(leads, filepath.Join(st.path("includes"), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(st.path("includes"), "pipe.zone"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, st.dir, block(".", st.directive("main")))
	s.start()
	st.busy(s)
	socket := st.path("state/control.sock")
	before := s.setChanges()

	forged := "x\n[ERROR] plugin/edgemanage: forged\r\n\x1b[31m\u202e"
	for _, tt := range []struct {
		edge, comment string
		status        int
	}{
		{"..", "c", 1}, {"../../etc/passwd", "c", 1}, {"a/b", "c", 1}, {"a\nb", "c", 1}, {forged, "c", 1}, {"[", "c", 1}, {"", "c", 1}, {"\xff", "c", 1},
		{strings.Repeat("x", 255), "c", 1}, {strings.Repeat("x", 256), "c", 1}, {strings.Repeat("x", 1<<16), "c", 1}, {strings.Repeat("*", 255) + "x", "c", 1},
		{st.edges[2].name, strings.Repeat("c", 1001), 1}, {st.edges[2].name, "", 1}, {st.edges[2].name, " \n ", 1},
		{st.edges[2].name, "<script>alert(1)</script>", 0}, {st.edges[2].name, strings.Repeat("c", 1000), 0}, {st.edges[2].name, forged, 1},
		{st.edges[2].name, "x\xffy", 0}, {st.edges[2].name, "abc \u202e cba", 0},
	} {
		out, status := command(t, socket, "mode", tt.edge, "unavailable", "--comment", tt.comment)
		if status != tt.status {
			t.Errorf("mode of %.40q with comment %.40q: got exit status %d, want %d: %.300s", tt.edge, tt.comment, status, tt.status, out)
		}
		if strings.ContainsAny(out, "\x1b\r\u202e") {
			t.Errorf("mode of %.40q writes %q", tt.edge, out)
		}
	}
	// No argument of a command can hold a NUL.
	for _, body := range []string{
		`{"edge":"a\u0000b","mode":"unavailable","comment":"c"}`, `{"edge":"EDGE\u0000","mode":"unavailable","comment":"c"}`,
		`{"edge":"EDGE","mode":"unavailable\u0000","comment":"c"}`, "{\"edge\":\"EDGE\x00\",\"mode\":\"unavailable\",\"comment\":\"c\"}",
		`{"network":"main\u0000","edge":"EDGE","mode":"unavailable","comment":"c"}`,
	} {
		body = strings.ReplaceAll(body, "EDGE", st.edges[2].name)
		answer := exchangeRaw(t, socket, "POST /v1/mode HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "+
			strconv.Itoa(len(body))+"\r\nConnection: close\r\n\r\n"+body)
		if !regexp.MustCompile(`^HTTP/1\.1 40[04] `).MatchString(answer) || strings.Contains(answer, "\x00") {
			t.Errorf("%q: got %q", body, answer)
		}
	}
	if s.setChanges() != before {
		t.Error("a name that is none changed the set")
	}
	// The comment of one that leaves is the reason why.
	does(t, 0, socket, "mode", st.edges[2].name, "available")
	does(t, 0, socket, "mode", st.edges[0].name, "unavailable", "--comment", "abc \u202e cba")
	for _, line := range []string{"status", "edges", "changes", "explain", "canaries"} {
		if out := does(t, 0, socket, line); strings.ContainsAny(out, "\x1b\r\u202e") {
			t.Errorf("edgemanage %s writes %q", line, out)
		}
	}
	for _, at := range []string{"state", "zones"} {
		for name := range modes(t, st.path(at)) {
			if !regexp.MustCompile(`^[a-z0-9./-]+$`).MatchString(name) {
				t.Errorf("%s holds %q", at, name)
			}
		}
	}
	s.stop()
	for i, line := range strings.Split(strings.TrimSpace(s.log()), "\n") {
		if !logLine.MatchString(line) || strings.ContainsAny(line, "\x1b\r\u202e") {
			t.Errorf("line %d of the log is %q", i+1, line)
		}
	}
}
