package edgemanage

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// site is a Corefile of networks a and b whose doors a test chooses.
type site struct {
	corefile
	a, b string // lines in the bodies
}

// newSite has edges that answer, and nothing that changes while a test looks.
func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "edgemanage") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &site{corefile: corefile{farm: newFarm(t, 2), generation: 1, networks: "ab", state: filepath.Join(dir, "state"), interval: time.Minute}}
}

func (s *site) String() string {
	text := s.corefile.String()
	for name, lines := range map[string]string{"a": s.a, "b": s.b} {
		text = strings.Replace(text, "edgemanage "+name+" "+name+".example.org {\n", "edgemanage "+name+" "+name+".example.org {\n"+lines+"\n", 1)
	}
	return text
}

// path is that of a file beside the state.
func (s *site) path(name string) string { return filepath.Join(filepath.Dir(s.state), name) }

// line is the number of the line in the Corefile that begins so, from 1.
func (s *site) line(beginning string) int {
	for i, line := range strings.Split(s.String(), "\n") {
		if strings.HasPrefix(line, beginning) {
			return i + 1
		}
	}
	return 0
}

// dial connects to a door: a path, or an address.
func dial(t testing.TB, at string) net.Conn {
	t.Helper()
	c, err := tryDial(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func tryDial(at string) (net.Conn, error) {
	kind := "tcp"
	if strings.HasPrefix(at, "/") {
		kind = "unix"
	}
	return net.DialTimeout(kind, at, patience)
}

// send sends a request on a connection and reads the answer whole.
func send(t testing.TB, c net.Conn, method, url, body string) (status int, text []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	c.SetDeadline(time.Now().Add(patience))
	if err := r.Write(c); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer.StatusCode, text
}

// shown are the names of the networks that a connection is shown.
func shown(t testing.TB, c net.Conn) string {
	t.Helper()
	status, text := send(t, c, http.MethodGet, "/v1/networks", "")
	var got control.Networks
	if err := json.Unmarshal(text, &got); err != nil || status != http.StatusOK {
		t.Fatalf("got status %d, %s, error %v", status, text, err)
	}
	var names []string
	for _, n := range got.Networks {
		names = append(names, n.Network)
	}
	return strings.Join(names, " ")
}

// seen is what a new visitor of each place is shown, "closed" when nobody answers there.
func seen(t testing.TB, places ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, at := range places {
		c, err := tryDial(at)
		if err != nil {
			all[at] = "closed"
			continue
		}
		all[at] = shown(t, c)
		c.Close()
	}
	return all
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// retryEvery has sockets that could not be made tried again soon.
func retryEvery(t testing.TB, d time.Duration) {
	t.Helper()
	before := ourDoors.again
	ourDoors.again = d
	t.Cleanup(func() { ourDoors.again = before })
}

// TestDoors: the networks of a socket or address share it, each is shown there and at no other.
func TestDoors(t *testing.T) {
	s := newSite(t)
	own, page := s.path("b.sock"), freeAddress(t)
	s.a, s.b = "status "+page, "control "+own+"\nstatus "+page
	server := serve(t, s.String())
	shared := filepath.Join(s.state, "control.sock")
	want := map[string]string{shared: "a", own: "b", page: "a b"}
	if diff := cmp.Diff(want, seen(t, shared, own, page)); diff != "" {
		t.Errorf("what is seen differs (-want +got):\n%s", diff)
	}
	for _, path := range []string{shared, own} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != fs.ModeSocket|0o660 {
			t.Errorf("got mode %v, error %v of %s", info.Mode(), err, path)
		}
	}
	if status, _ := send(t, dial(t, page), http.MethodPost, "/v1/mode", `{"network":"a","edge":"127.0.0.31","mode":"unavailable","comment":"x"}`); status != http.StatusMethodNotAllowed {
		t.Errorf("got status %d for a change on TCP", status)
	}
	if err := stopInstance(server.inst); err != nil {
		t.Error(err)
	}
	want = map[string]string{shared: "closed", own: "closed", page: "closed"}
	if diff := cmp.Diff(want, seen(t, shared, own, page)); diff != "" {
		t.Errorf("what is seen after the end differs (-want +got):\n%s", diff)
	}
	for _, path := range []string{shared, own} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left behind: %v", path, err)
		}
	}
}

// TestDoorsOverReload: a door that stays keeps its connections, whose next request sees the new networks; one that is new
// is there when the reload has succeeded, one that is gone is removed then, and a failed reload leaves all as they were.
func TestDoorsOverReload(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*site)
		fails  string
	}{
		{"good", func(*site) {}, ""},
		{"another plugin fails before", func(s *site) { s.trip = "trip_before now" }, "tripping"},
		{"another plugin fails after", func(s *site) { s.trip = "trip_after now" }, "tripping"},
		{"faulty property", func(s *site) { s.extra = "ttl soon" }, `"soon" is not a duration`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			stays, leaves, enters := filepath.Join(s.state, "control.sock"), s.path("leaves.sock"), s.path("enters.sock")
			pageStays, pageLeaves, pageEnters := freeAddress(t), freeAddress(t), freeAddress(t)
			s.a, s.b = "status "+pageStays, "control "+leaves+"\nstatus "+pageLeaves
			server := serve(t, s.String())
			first, web := dial(t, stays), dial(t, pageStays)
			if got := shown(t, first) + shown(t, web); got != "aa" {
				t.Fatalf("got %q before", got)
			}
			s.generation, s.b = 2, "control "+enters+"\nstatus "+pageEnters
			s.a += "\nttl 7s"
			test.change(s)
			err := server.reload(s.String())
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("reloading: got %v, want %q", err, test.fails)
			}
			want := map[string]string{stays: "a", pageStays: "a", leaves: "closed", pageLeaves: "closed", enters: "b", pageEnters: "b"}
			if test.fails != "" {
				want[leaves], want[pageLeaves], want[enters], want[pageEnters] = "b", "b", "closed", "closed"
			}
			if diff := cmp.Diff(want, seen(t, stays, pageStays, leaves, pageLeaves, enters, pageEnters)); diff != "" {
				t.Errorf("what is seen differs (-want +got):\n%s", diff)
			}
			if got := shown(t, first) + shown(t, web); got != "aa" {
				t.Errorf("got %q on the connections that were there", got)
			}
			for _, path := range []string{leaves, enters} {
				if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) != (want[path] == "closed") {
					t.Errorf("file %s: %v", path, err)
				}
			}
		})
	}
}

// TestDoorsRefused: what keeps a server from starting, or from taking up another Corefile, names the property's line, and
// is no half of a success: nothing is open afterwards that was not before.
func TestDoorsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, s *site) (fault string, at int)
	}{
		{"status address taken", func(t *testing.T, s *site) (string, int) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { taken.Close() })
			s.b = "status " + taken.Addr().String()
			return "address already in use", s.line(s.b)
		}},
		{"socket of another process", func(t *testing.T, s *site) (string, int) {
			path := s.path("held.sock")
			l, err := control.Listen(path, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			s.b = "control " + path
			return control.ErrLive.Error(), s.line(s.b)
		}},
		{"a file in the socket's place", func(t *testing.T, s *site) (string, int) {
			path := s.path("file")
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.b = "control " + path
			return "left alone", s.line(s.b)
		}},
		{"no directory for the socket", func(t *testing.T, s *site) (string, int) {
			s.b = "control " + s.path("none/control.sock")
			return "no such file or directory", s.line(s.b)
		}},
		{"unknown group", func(t *testing.T, s *site) (string, int) {
			s.b = "control " + s.path("b.sock") + " no-such-group"
			return `finding group "no-such-group"`, s.line(s.b)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.a = "control " + s.path("a.sock")
			good := s.String()
			fault, at := test.spoil(t, s)
			want := fmt.Sprintf("Corefile:%d: ", at)

			t.Run("start", func(t *testing.T) {
				_, err := caddy.Start(input("Corefile", s.String()))
				if err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q at %s", err, fault, want)
				}
				if got := seen(t, s.path("a.sock")); got[s.path("a.sock")] != "closed" {
					t.Errorf("got %v after a start that failed", got)
				}
			})
			t.Run("reload", func(t *testing.T) {
				server := serve(t, good)
				first := dial(t, s.path("a.sock"))
				if got := shown(t, first); got != "a" {
					t.Fatalf("got %q before", got)
				}
				s.generation = 2
				err := server.reload(s.String())
				if err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q at %s", err, fault, want)
				}
				if got := shown(t, first); got != "a" {
					t.Errorf("got %q on the connection that was there", got)
				}
				if got := active.Load().networks["a"].Config().Headers[0].Value; got != "a1" {
					t.Errorf("the engine of %s runs, want that of a1", got)
				}
				s.farm.awaitProbes(t, 0, "a1")
			})
		})
	}
}

// TestDoorInItsOwnWay: the page cannot move to another name of its own address without an interruption. That it is this
// server that has the address must be said: nobody would look for it here.
func TestDoorInItsOwnWay(t *testing.T) {
	s := newSite(t)
	page := freeAddress(t)
	_, port, _ := net.SplitHostPort(page)
	s.a = "status " + page
	server := serve(t, s.String())
	s.a = "status localhost:" + port
	err := server.reload(s.String())
	if err == nil || !strings.Contains(err.Error(), "maybe by this server's page at "+page+": expected another port, or a restart") {
		t.Errorf("got %v", err)
	}
	if got := seen(t, page); got[page] != "a" {
		t.Errorf("got %v after the reload", got)
	}
}

// TestDoorsOfNobody: when a reload leaves no network there is nobody to be shown.
func TestDoorsOfNobody(t *testing.T) {
	s := newSite(t)
	page, path := freeAddress(t), filepath.Join(s.state, "control.sock")
	s.a = "status " + page
	server := serve(t, s.String())
	s.networks = ""
	for _, step := range []struct{ trip, want string }{{"trip_after now", "open"}, {"", "closed"}} {
		s.trip = step.trip
		if err := server.reload(s.String()); (err != nil) != (step.trip != "") {
			t.Errorf("reloading: %v", err)
		}
		for at, got := range seen(t, path, page) {
			if (got == "closed") != (step.want == "closed") {
				t.Errorf("%s: got %q, want it %s", at, got, step.want)
			}
		}
	}
}

// TestDefaultSocketInTrouble: answers are worth more than the socket in the state directory, which comes when it can.
func TestDefaultSocketInTrouble(t *testing.T) {
	retryEvery(t, 10*time.Millisecond)
	s := newSite(t)
	path := filepath.Join(s.state, "control.sock")
	if err := os.MkdirAll(path, 0o700); err != nil { // a directory where it should be
		t.Fatal(err)
	}
	server := serve(t, s.String())
	if got := seen(t, path); got[path] != "closed" {
		t.Fatalf("got %v", got)
	}
	if err := server.reload(s.String()); err != nil {
		t.Errorf("reloading: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, "the socket", func() bool { return seen(t, path)[path] == "a b" })

	// Said expressly it must work, at a reload as at a start.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, "the socket again", func() bool { return seen(t, path)[path] == "a b" })
}

// TestStaleSocket: a process that was killed left its socket, and nobody answers there.
func TestStaleSocket(t *testing.T) {
	s := newSite(t)
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.state, "control.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	serve(t, s.String())
	if got := seen(t, path); got[path] != "a b" {
		t.Errorf("got %v", got)
	}
}

// TestDryRunSocket: in dry run nothing is written to the state, but a socket that is asked for is made.
func TestDryRunSocket(t *testing.T) {
	s := newSite(t)
	asked := s.path("asked.sock")
	s.extra, s.b = "dry_run", "control "+asked
	serve(t, s.String())
	if got := seen(t, asked); got[asked] != "b" {
		t.Errorf("got %v", got)
	}
	if _, err := os.Lstat(s.state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the state directory: got %v, want none", err)
	}
}

// TestGroupOverReload: another group is given the socket that is there, and has it no more when the reload fails.
func TestGroupOverReload(t *testing.T) {
	own, other := os.Getegid(), os.Getegid()
	if os.Geteuid() == 0 {
		other = own + 4711 // root may give it to any
	}
	s := newSite(t)
	path := s.path("x.sock")
	s.a = "control " + path
	s.b = "control " + path
	server := serve(t, s.String())
	first := dial(t, path)
	for i, step := range []struct {
		group, trip string
		want        int
	}{
		{strconv.Itoa(other), "trip_after now", own},
		{strconv.Itoa(other), "", other},
		{"", "trip_after now", other},
		{"", "", own},
	} {
		s.generation, s.trip = i+2, step.trip
		s.a = "control " + path + " " + step.group
		s.b = s.a
		if err := server.reload(s.String()); (err != nil) != (step.trip != "") {
			t.Fatalf("reload %d: %v", i, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(info.Sys().(*syscall.Stat_t).Gid); got != step.want {
			t.Errorf("reload %d: got group %d, want %d", i, got, step.want)
		}
		if got := shown(t, first); got != "a b" {
			t.Errorf("reload %d: got %q on the connection that was there", i, got)
		}
	}
}

// TestStuckClients: clients that send half a request, or never read an answer, hold up neither a change of another nor a
// reload, and an end only for a moment.
func TestStuckClients(t *testing.T) {
	s := newSite(t)
	page, path := freeAddress(t), s.path("x.sock")
	s.a = "control " + path + "\nstatus " + page
	s.b = s.a
	server := serve(t, s.String())
	for range 8 {
		for _, at := range []string{path, page} {
			half := dial(t, at)
			if _, err := io.WriteString(half, "GET /v1/networks HTTP/1.1\r\nHost: local"); err != nil {
				t.Fatal(err)
			}
			deaf := dial(t, at)
			if _, err := deaf.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 20)); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	change := fmt.Sprintf(`{"network":"a","edge":%q,"mode":"unavailable","comment":"reboot"}`, s.farm.addrs[0])
	if status, text := send(t, dial(t, path), http.MethodPost, "/v1/mode", change); status != http.StatusOK {
		t.Errorf("got status %d: %s", status, text)
	}
	s.generation, s.a, s.b = 2, "control "+path, "control "+path // the page goes, with those who are stuck there
	if err := server.reload(s.String()); err != nil {
		t.Errorf("reloading: %v", err)
	}
	if got := seen(t, path, page); got[path] != "a b" || got[page] != "closed" {
		t.Errorf("got %v after the reload", got)
	}
	if err := stopInstance(server.inst); err != nil {
		t.Error(err)
	}
	if ctx.Err() != nil {
		t.Errorf("it took more than %s", patience)
	}
}
