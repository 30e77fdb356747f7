package edgemanage

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
