//go:build e2e

package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
