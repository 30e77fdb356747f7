//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// editBound is within what an edit of an include is served.
const editBound = 5 * time.Second

// texts are the strings of a name, or the rcode.
func (s *server) texts(name string) string {
	s.t.Helper()
	m := s.query(name, dns.TypeTXT)
	if m.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[m.Rcode]
	}
	var found []string
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok {
			found = append(found, txt.Txt...)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

// says waits until a name has a text.
func (s *server) says(name, want string) time.Duration {
	s.t.Helper()
	_, took := sees(s.t, 10*editBound, name+" to be "+want, func() string { return s.texts(name) }, func(got string) bool { return got == want })
	return took
}

func (s *server) serialOf(zone string) uint32 {
	s.t.Helper()
	m := s.query(zone, dns.TypeSOA)
	if len(m.Answer) != 1 {
		s.t.Fatalf("no SOA of %s:\n%v", zone, m)
	}
	return m.Answer[0].(*dns.SOA).Serial
}

// setChanges counts the changes of the set, each of which raises every serial. On a busy machine there may be one that no
// test has caused.
func (s *server) setChanges() int { return len(s.lines("live set")) }

// Edits of a zone, new zones and removed ones are served soon, also while every edge is down.
func TestIncludesTakenUp(t *testing.T) {
	for _, b := range []behaviour{healthy, refusing} {
		t.Run("with every edge "+string(b), func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 2)
			st.include("example.org.", "host IN TXT first\n")
			st.include("example.com.", "host IN TXT first\n")
			// Both at least, lest one leave before the other is known to be dead.
			st.with("includes "+st.path("includes"), "min_live 2")
			s := startServer(t, st.dir, block(".", st.directive("main")))
			live := s.full(2)
			if b != healthy {
				st.all(b)
				s.awaitLine("rung hold")
			}
			report := func(what string, took time.Duration) {
				t.Logf("%s is served after %s, bound %s", what, took.Round(time.Millisecond), editBound)
			}
			other, edited, changes := s.serialOf("example.com."), s.serialOf(zone), s.setChanges()

			st.include("example.org.", "host IN TXT second\nmore IN TXT more\n")
			report("an edit", s.says("host.example.org.", "second"))
			if got := s.texts("more.example.org."); got != "more" {
				t.Errorf("the other record of the edit is %s", got)
			}
			if got := s.serialOf(zone); got <= edited {
				t.Errorf("the serial after the edit is %d, want more than %d", got, edited)
			}
			if got := s.serialOf("example.com."); got != other && s.setChanges() == changes {
				t.Errorf("the serial of another zone is %d, want %d as before", got, other)
			}

			st.include("new.example.net.", "host IN TXT new\n")
			report("a new zone", s.says("host.new.example.net.", "new"))
			s.sameSet("new.example.net.")

			if err := os.Remove(filepath.Join(st.path("includes"), "new.example.net.zone")); err != nil {
				t.Fatal(err)
			}
			report("a removal", s.says("host.new.example.net.", "SERVFAIL")) // no plugin is next
			if got := s.texts("host.example.com."); got != "first" {
				t.Errorf("another zone says %s, want first", got)
			}
			if got := s.apex(); b != healthy && !slices.Equal(got, live) {
				t.Errorf("the set is %v, want %v held", got, live)
			}
		})
	}
}

// sameSet waits until another zone has the addresses that example.org has; on a busy machine these may change of
// themselves.
func (s *server) sameSet(other string) {
	s.t.Helper()
	sees(s.t, patience, other+" to have the set", func() []string { return s.set(other, dns.TypeA) }, func(got []string) bool {
		return len(got) > 0 && slices.Equal(got, s.apex())
	})
}

// A thousand zones edited at once are all served soon, while every edge is down.
func TestManyIncludesTakenUp(t *testing.T) {
	t.Parallel()
	const n = 1000
	st := newSite(t, 2)
	name := func(i int) string { return fmt.Sprintf("zone%d.example.org.", i) }
	st.include(zone, "")
	for i := range n {
		st.include(name(i), "host IN TXT first\n")
	}
	st.with("includes "+st.path("includes"), "min_live 2")
	s := startServer(t, st.dir, block(".", st.directive("main")))
	s.full(2)
	st.all(refusing)
	s.awaitLine("rung hold")
	start := time.Now()
	for i := range n {
		st.include(name(i), "host IN TXT second\n")
	}
	written := time.Since(start)
	for i := range n {
		s.says("host."+name(i), "second")
	}
	t.Logf("%d edits, made within %s, are served %s after the last, bound %s", n, written, time.Since(start)-written, editBound)
	if got := len(s.apex()); got != 2 {
		t.Errorf("the set has %d addresses, want 2", got)
	}
}
