//go:build e2e

package test

import (
	"fmt"
	"net"
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

// A bad include is kept out, said once with file and line, and counted; nothing else notices.
func TestBadIncludes(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	good := "host IN TXT good\n"
	st.include("example.org.", good)
	st.include("example.com.", good)
	st.with("includes " + st.path("includes"))
	metricsAt := "127.0.0.1:" + freePort(t)
	s := startServer(t, st.dir, block(".", "prometheus "+metricsAt, st.directive("main")))
	s.full(2)
	file := filepath.Join(st.path("includes"), "example.org.zone")
	refused := func() float64 {
		v, _ := metric(t, metricsAt, "reload_errors_total", label("file", file))
		return v
	}
	for i, tt := range []struct{ name, text, line string }{
		{"syntax", "host IN TXT bad\n\nmail IN A 192.0.2.999\n", "line 3"},
		{"a name outside the zone", "host IN TXT bad\nhost.example.net. IN A 192.0.2.1\n", "line 2"},
		{"CNAME beside other data", "host IN TXT bad\nhost IN CNAME elsewhere.example.net.\n", "line 2"},
		{"an address at the apex", "\n\n\n@ IN A 192.0.2.1\n", "line 4"},
		{"SOA", "host IN TXT bad\n@ IN SOA ns1 hostmaster 1 1 1 1 1\n", "line 2"},
		{"$INCLUDE", "host IN TXT bad\n$INCLUDE /etc/passwd\n", "line 2"},
		{"binary", "\x00\xff\x00", "line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serial, changes, said := s.serialOf(zone), s.setChanges(), len(s.lines("its last good version stays"))
			st.include("example.org.", tt.text)
			sees(t, patience, "the fault to be counted", refused, func(v float64) bool { return v >= float64(i+1) })
			// Another zone goes on, and by the time its edit is served the fault would have been said again.
			text := fmt.Sprint("again", i)
			st.include("example.com.", "host IN TXT "+text+"\n")
			s.says("host.example.com.", text)
			if got := s.texts("host.example.org."); got != "good" {
				t.Errorf("the zone says %s, want its last good version", got)
			}
			if got := s.serialOf(zone); got != serial && s.setChanges() == changes {
				t.Errorf("the serial is %d, want %d as before", got, serial)
			}
			if got := refused(); got != float64(i+1) {
				t.Errorf("the fault was counted %v times, want once", got-float64(i))
			}
			lines := s.lines("its last good version stays")
			if len(lines) != said+1 || !strings.Contains(lines[said], file) || !strings.Contains(lines[said], tt.line) {
				t.Errorf("it was logged as %q, want one line with %s and %s", lines[said:], file, tt.line)
			}
		})
	}
	t.Run("healed", func(t *testing.T) {
		st.include("example.org.", "host IN TXT healed\n")
		s.says("host.example.org.", "healed")
	})
}

// A file that is still being written is not served: what is there already would look like a zone that lost records.
func TestHalfWrittenInclude(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	st.include("example.org.", "host0 IN TXT whole\n")
	st.with("includes " + st.path("includes"))
	s := startServer(t, st.dir, block(".", st.directive("main")))
	s.full(2)
	f, err := os.Create(filepath.Join(st.path("includes"), "example.org.zone"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	const records = 40
	for i := range records {
		if _, err := fmt.Fprintf(f, "host%d IN TXT written\n", i); err != nil {
			t.Fatal(err)
		}
		<-tick.C
		if got := s.texts("host0.example.org."); got != "whole" {
			t.Fatalf("after %d of %d records the zone says %s, want what it said before", i+1, records, got)
		}
	}
	t.Logf("the whole file is served %s after it was written, bound %s", s.says(fmt.Sprintf("host%d.example.org.", records-1), "written"), editBound)
}

// A restart with a bad include serves its last good version from the state. With none, names that are not known are not
// denied either, and the zone is not given away.
func TestRestartWithBadInclude(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	bad := "host IN TXT bad\nmail IN A 192.0.2.999\n"
	st.include("example.org.", bad)
	st.include("example.com.", "host IN TXT good\n")
	st.with("includes "+st.path("includes"), "zonefiles "+st.path("zonefiles"))
	s := startServer(t, st.dir, block(".", "transfer {\n        to *\n    }", st.directive("main")))
	s.full(2)
	st.writtenAs(s, "example.com.")
	check := func(t *testing.T) {
		t.Helper()
		for name, want := range map[string]string{
			"host.example.com.":    "good",
			"missing.example.com.": "NXDOMAIN",
			"host.example.org.":    "SERVFAIL",
			"missing.example.org.": "SERVFAIL",
		} {
			if got := s.texts(name); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		if got := s.apex(); net.ParseIP(got[0]) == nil {
			t.Errorf("A of the zone without an include that ever was good: %v, want addresses", got)
		}
		s.sameSet("example.com.")
		if got := axfr(t, s); got != "SERVFAIL" {
			t.Errorf("AXFR of the zone without an include that ever was good: %s, want SERVFAIL", got)
		}
		if _, err := os.Stat(st.zoneFile("example.org.")); !os.IsNotExist(err) {
			t.Errorf("the zone without an include that ever was good is written: %v", err)
		}
	}
	t.Run("none was ever good", check)
	t.Run("one was, and is bad at a restart", func(t *testing.T) {
		serial, changes := s.serialOf("example.com."), s.setChanges()
		s.kill()
		st.include("example.com.", bad)
		s.start()
		s.awaitAnswers()
		check(t)
		if got := s.serialOf("example.com."); got != serial && s.setChanges() == changes {
			t.Errorf("the serial is %d, want %d: nothing changed", got, serial)
		}
		s.awaitLine(filepath.Join(st.path("includes"), "example.com.zone"), "line 2")
	})
	t.Run("one was, and a crash came before it was saved", func(t *testing.T) {
		s.kill()
		saved := filepath.Join(st.path("state/main/includes"), "example.com.")
		if err := os.Remove(saved); err != nil {
			t.Fatal(err)
		}
		st.include("example.com.", "host IN TXT good\n")
		s.start()
		s.awaitAnswers()
		eventually(t, patience, "the include to be saved after all", func() bool {
			_, err := os.Stat(saved)
			return err == nil
		})
	})
	t.Run("the directory is away at a restart", func(t *testing.T) {
		s.kill()
		if err := os.Rename(st.path("includes"), st.path("away")); err != nil {
			t.Fatal(err)
		}
		s.start()
		s.awaitAnswers()
		if got := s.texts("host.example.com."); got != "good" {
			t.Errorf("without the directory the zone says %s, want good", got)
		}
		if err := os.Rename(st.path("away"), st.path("includes")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("healed", func(t *testing.T) {
		st.include("example.org.", "host IN TXT healed\n")
		s.says("host.example.org.", "healed")
		st.writtenAs(s, "example.org.")
		if got := axfr(t, s); got != "transferred" {
			t.Errorf("AXFR of the healed zone: %s", got)
		}
	})
}
