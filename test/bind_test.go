//go:build e2e

package test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// The corpora of includes that are served whole and compared with BIND. A first line "; labels: www" names the labels.
var wholeCorpora = []string{"../zonefile/testdata/good", "testdata/whole"}

// TestWholeZonesAsBIND serves a corpus of zones, has BIND serve the files that are written of them, and puts the same
// queries to both: every name of every zone, names between and below those and names that do not exist, for every type
// that is there and for some that are not.
//
// The answers agree in code, flags and records but for what differences lists.
func TestWholeZonesAsBIND(t *testing.T) {
	t.Parallel()
	ours, zones := wholeCorpus(t)
	theirs := startReference(t, zones)
	asked, seen := 0, map[string]int{}
	for _, z := range zones {
		t.Run(z.origin, func(t *testing.T) {
			for _, q := range z.questions() {
				asked++
				got, want := ask(t, ours.addr, q), ask(t, theirs, q)
				same, why := agree(q, got, want)
				if !same {
					t.Errorf("%s %s (-BIND +edgemanage):\n%s", q.name, dns.TypeToString[q.qtype], cmp.Diff(want.lines(), got.lines()))
				}
				for _, name := range why {
					seen[name]++
				}
			}
		})
	}
	t.Logf("%d zones, %d queries; of the answers differ:", len(zones), asked)
	for _, d := range differences {
		t.Logf("%d × %s: %s", seen[d.name], d.name, d.why)
		if seen[d.name] == 0 && !t.Failed() {
			t.Errorf("nothing differs by %q any more: take it out of the table", d.name)
		}
	}
}

// writtenZone is a zone as it was written to zonefiles.
type writtenZone struct {
	origin, path string
	records      []dns.RR
}

// wholeCorpus serves both corpora, a network for each set of labels, and returns the zones as written, once all are.
func wholeCorpus(t *testing.T) (*server, []writtenZone) {
	t.Helper()
	st := newSite(t, 2).with("families both")
	st.edges = append(st.edges, newEdge(t, "six.example.net", "::1", st.port))
	st.list(st.edges...)
	labels := map[string]string{} // by network
	origins := map[string]string{}
	for _, dir := range wholeCorpora {
		files, err := filepath.Glob(filepath.Join(dir, "*.zone"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no zones in %s: %v", dir, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			of, found := strings.CutPrefix(first, "; labels:")
			if !found {
				of = ""
			}
			network := "net-" + strings.Join(strings.Fields(of), "-")
			labels[network] = of
			if err := os.MkdirAll(st.path(network), 0o755); err != nil {
				t.Fatal(err)
			}
			st.write(filepath.Join(network, filepath.Base(file)), string(text))
			origin := dns.CanonicalName(strings.TrimSuffix(filepath.Base(file), ".zone"))
			origins[origin] = filepath.Join(network+"-written", strings.TrimSuffix(origin, ".")+".zone")
		}
	}
	var directives []string
	for network, of := range labels {
		st.with("labels -", "includes "+st.path(network), "zonefiles "+st.path(network+"-written"), "state "+st.path("state"))
		if of != "" {
			st.with("labels " + of)
		}
		directives = append(directives, st.directive(network))
	}
	slices.Sort(directives)
	s := startServer(t, st.dir, block(".", directives...))
	var zones []writtenZone
	for origin, path := range origins {
		z := writtenZone{origin: origin, path: st.path(path)}
		eventually(t, patience, "the zone file of "+origin, func() bool { return z.read(t) })
		zones = append(zones, z)
	}
	slices.SortFunc(zones, func(a, b writtenZone) int { return strings.Compare(a.origin, b.origin) })
	return s, zones
}

// read reads the written file, if it is there.
func (z *writtenZone) read(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile(z.path)
	if os.IsNotExist(err) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	parser := dns.NewZoneParser(bytes.NewReader(text), z.origin, z.path)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		z.records = append(z.records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return true
}

// asking is one query.
type asking struct {
	name  string
	qtype uint16
}

// someTypes are asked for at every name, besides all types that the zone has.
var someTypes = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeSOA, dns.TypeCNAME, dns.TypeDNAME, dns.TypeDS, dns.TypeMX, dns.TypeTXT, dns.TypeSRV,
	dns.TypeHTTPS, dns.TypePTR, dns.TypeANY, 65399,
}

// questions are all that is asked of a zone.
func (z *writtenZone) questions() []asking {
	names, types := map[string]bool{z.origin: true}, map[uint16]bool{}
	for _, qtype := range someTypes {
		types[qtype] = true
	}
	for _, rr := range z.records {
		types[rr.Header().Rrtype] = true
		owner := dns.CanonicalName(rr.Header().Name)
		for name := owner; dns.IsSubDomain(z.origin, name); {
			names[name], names["nothing."+name], names["no.thing."+name] = true, true, true
			off, end := dns.NextLabel(name, 0)
			if end {
				break
			}
			if rest, wild := strings.CutPrefix(name, "*."); wild {
				names["x."+rest], names["x.y."+rest], names["*.x."+rest] = true, true, true
			}
			name = name[off:]
		}
		for _, target := range targetsOf(rr) {
			if dns.IsSubDomain(z.origin, target) {
				names[target] = true
			}
		}
	}
	var all []asking
	for name := range names {
		for qtype := range types {
			all = append(all, asking{name, qtype})
		}
	}
	slices.SortFunc(all, func(a, b asking) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return int(a.qtype) - int(b.qtype)
	})
	return all
}

// targetsOf are the names that a record leads to.
func targetsOf(rr dns.RR) []string {
	switch rr := rr.(type) {
	case *dns.CNAME:
		return []string{dns.CanonicalName(rr.Target)}
	case *dns.MX:
		return []string{dns.CanonicalName(rr.Mx)}
	case *dns.SRV:
		return []string{dns.CanonicalName(rr.Target)}
	case *dns.DNAME:
		return []string{dns.CanonicalName(rr.Target), "x." + dns.CanonicalName(rr.Target)}
	}
	return nil
}

// reply is an answer as it is compared: names in lower case where their case does not matter, sections sorted.
type reply struct {
	rcode                    string
	aa                       bool
	flags                    string // the others
	answer, authority, extra []string
}

func (r *reply) lines() []string {
	lines := []string{fmt.Sprintf("%s aa=%t %s", r.rcode, r.aa, r.flags)}
	for _, s := range []struct {
		name    string
		records []string
	}{{"answer", r.answer}, {"authority", r.authority}, {"additional", r.extra}} {
		lines = append(lines, s.name)
		lines = append(lines, s.records...)
	}
	return lines
}

// ask puts a query to a server, with room for the longest answer, until one comes.
func ask(t *testing.T, addr string, q asking) *reply {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.qtype)
	m.RecursionDesired = false
	m.SetEdns0(4096, false)
	c := &dns.Client{Timeout: 5 * time.Second}
	var r *dns.Msg
	eventually(t, patience, "an answer to "+q.name, func() bool {
		var err error
		r, _, err = c.Exchange(m, addr)
		return err == nil
	})
	if r.Truncated {
		t.Errorf("%s %s is truncated", q.name, dns.TypeToString[q.qtype])
	}
	flags := fmt.Sprintf("tc=%t ra=%t ad=%t", r.Truncated, r.RecursionAvailable, r.AuthenticatedData)
	return &reply{dns.RcodeToString[r.Rcode], r.Authoritative, flags, section(r.Answer), section(r.Ns), section(r.Extra)}
}

func section(rrs []dns.RR) []string {
	lines := []string{}
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		rr.Header().Name = dns.CanonicalName(rr.Header().Name)
		switch rr := rr.(type) {
		case *dns.OPT:
			continue
		case *dns.CNAME:
			rr.Target = dns.CanonicalName(rr.Target)
		case *dns.MX:
			rr.Mx = dns.CanonicalName(rr.Mx)
		case *dns.NS:
			rr.Ns = dns.CanonicalName(rr.Ns)
		case *dns.SRV:
			rr.Target = dns.CanonicalName(rr.Target)
		case *dns.HTTPS:
			rr.Target = dns.CanonicalName(rr.Target)
		}
		lines = append(lines, strings.Join(strings.Fields(rr.String()), " "))
	}
	slices.Sort(lines)
	return lines
}

// startReference starts BIND as the primary of the written zones and returns where it answers.
func startReference(t *testing.T, zones []writtenZone) string {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, `options {
	directory %q; pid-file none; session-keyfile none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; notify no; dnssec-validation no; edns-udp-size 4096; max-udp-size 4096;
	minimal-responses no; zero-no-soa-ttl no; check-names primary ignore;
};
controls { };
`, dir, port)
	for _, z := range zones {
		fmt.Fprintf(&conf, "zone %q { type primary; file %q; };\n", z.origin, z.path)
	}
	path := filepath.Join(dir, "named.conf")
	if err := os.WriteFile(path, []byte(conf.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(need(t, "named"), "-g", "-c", path, "-n", "1", "-U", "1")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting named: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("named said:\n%s", log.String())
		}
	})
	addr := net.JoinHostPort("127.0.0.1", port)
	c := &dns.Client{Timeout: time.Second}
	for _, z := range zones {
		m := new(dns.Msg)
		m.SetQuestion(z.origin, dns.TypeSOA)
		eventually(t, patience, "BIND to serve "+z.origin, func() bool {
			r, _, err := c.Exchange(m, addr)
			return err == nil && r.Rcode == dns.RcodeSuccess && r.Authoritative && len(r.Answer) == 1
		})
	}
	return addr
}
