package edgemanage

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/file"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// twenty is an include of twenty records as real zones have them.
var twenty = "@ MX 10 mail\n@ TXT \"v=spf1 mx -all\"\n@ CAA 0 issue \"letsencrypt.org\"\nmail A 198.51.100.1\nshop CNAME @\n*.apps CNAME @\n" +
	"_acme-challenge NS acme.example.net.\n_sip._tcp SRV 10 5 5060 mail\n" + func() string {
	var b strings.Builder
	for i := range 12 {
		fmt.Fprintf(&b, "host%d A 198.51.100.%d\n", i, i)
	}
	return b.String()
}()

// entire is a running plugin with n whole zones of twenty records each.
func entire(t testing.TB, n int) *Edgemanage {
	t.Helper()
	files := make(map[string]string, n)
	for i := range n {
		files[fmt.Sprintf("zone%d.example.org", i)] = twenty
	}
	dir := includesOf(t, files)
	return running(t, edges{}, nil, covered(network.Live, network.Live), "edgemanage mynet {"+body+"max_changes 0\nincludes "+dir+"\n}", ".")
}

// kinds are the queries of an answer each, below a zone.
var kinds = []struct {
	name  string
	owner string
	qtype uint16
}{
	{"apex", "", dns.TypeA},
	{"host", "host3.", dns.TypeA},
	{"MX", "", dns.TypeMX},
	{"CNAME to the apex", "shop.", dns.TypeA},
	{"wildcard", "x.apps.", dns.TypeA},
	{"NODATA", "mail.", dns.TypeTXT},
	{"NXDOMAIN", "nothing.", dns.TypeA},
	{"delegation", "_acme-challenge.", dns.TypeTXT},
}

func questions(n int, owner string, qtype uint16) []*dns.Msg {
	var queries []*dns.Msg
	for i := range popular {
		queries = append(queries, question(fmt.Sprintf("%szone%d.example.org.", owner, i*7919%n), qtype))
	}
	return queries
}

// filed is the plugin *file* with the first zone.
func filed(t testing.TB, e *Edgemanage) file.File {
	t.Helper()
	z := e.table()["zone0.example.org."]
	tree, _, err := z.tree(z.now())
	if err != nil {
		t.Fatal(err)
	}
	return file.File{Zones: file.Zones{Names: []string{z.origin}, Z: map[string]*file.Zone{z.origin: tree.Zone}}}
}

// TestWholeAllocations: what is corrected costs little beside CoreDNS's own lookup, by whatever answer.
func TestWholeAllocations(t *testing.T) {
	e := entire(t, 1)
	f := filed(t, e)
	w, ctx := &sink{}, t.Context()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			q := question(k.owner+"zone0.example.org.", k.qtype)
			count := func(h plugin.Handler) float64 {
				return testing.AllocsPerRun(1000, func() { h.ServeDNS(ctx, w, q) })
			}
			if ours, theirs := count(e), count(f); ours > theirs+4 {
				t.Errorf("%v allocations a query, file takes %v", ours, theirs)
			}
		})
	}
}

// BenchmarkWhole is to be compared with BenchmarkFile, the plugin *file* with one of these zones: it scans them all.
func BenchmarkWhole(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		e := entire(b, n)
		for _, k := range kinds {
			b.Run(fmt.Sprintf("zones=%d/%s", n, k.name), func(b *testing.B) { serveAll(b, e, questions(n, k.owner, k.qtype)) })
		}
	}
}

func BenchmarkFile(b *testing.B) {
	f := filed(b, entire(b, 1))
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) { serveAll(b, f, questions(1, k.owner, k.qtype)) })
	}
}

// TestWholeFlat: the number of whole zones does not matter either; see TestServeDNSFlat.
func TestWholeFlat(t *testing.T) {
	const promised, slack, many = 1.25, 10, 2_000
	w, ctx := &sink{}, t.Context()
	cost := func(n int) time.Duration {
		e := entire(t, n)
		var queries []*dns.Msg
		for _, k := range kinds {
			queries = append(queries, questions(n, k.owner, k.qtype)...)
		}
		var runs []time.Duration
		for range 20 {
			began := time.Now()
			for _, q := range queries {
				e.ServeDNS(ctx, w, q)
			}
			runs = append(runs, time.Since(began))
		}
		return slices.Min(runs)
	}
	one, all := cost(1), cost(many)
	if ratio := float64(all) / float64(one); ratio > promised*slack {
		t.Errorf("%d zones cost %.1f times one: %s, %s for %d queries", many, ratio, all, one, popular*len(kinds))
	}
}

// BenchmarkAnswerAfterChange is the first answer of a whole zone after a change of the live set, of ten thousand zones:
// its records are made for that query.
func BenchmarkAnswerAfterChange(b *testing.B) {
	const n = 10_000
	e := entire(b, n)
	w, ctx := &sink{}, b.Context()
	for _, k := range kinds[:2] {
		b.Run(k.name, func(b *testing.B) {
			zones := e.table()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				origin := fmt.Sprintf("zone%d.example.org.", i%n)
				zones[origin].built.Store(nil) // as a change leaves it
				e.ServeDNS(ctx, w, question(k.owner+origin, k.qtype))
			}
		})
	}
}

// BenchmarkWholeMemory has the memory of one whole zone of twenty records: when it is loaded, and what is added once it was
// asked for its apex, and for another name too.
func BenchmarkWholeMemory(b *testing.B) {
	const n = 10_000
	used := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	w, ctx := &sink{}, b.Context()
	before := used()
	e := entire(b, n)
	loaded := used()
	askEach := func(owner string) float64 {
		for i := range n {
			e.ServeDNS(ctx, w, question(fmt.Sprintf("%szone%d.example.org.", owner, i), dns.TypeA))
		}
		return used()
	}
	apex := askEach("")
	other := askEach("host3.")
	for b.Loop() {
	}
	b.ReportMetric((loaded-before)/n, "B/loaded")
	b.ReportMetric((apex-loaded)/n, "B/apex")
	b.ReportMetric((other-apex)/n, "B/other")
}
