package edgemanage

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// popular is how many zones are asked for over and over, however many there are.
const popular = 100

// zoned is a running plugin with n zones, and queries for the addresses of some of them.
func zoned(t testing.TB, n, queried int) (*Edgemanage, []*dns.Msg) {
	t.Helper()
	var names strings.Builder
	for i := range n {
		fmt.Fprintf(&names, " zone%d.example.org", i)
	}
	e := running(t, edges{}, nil, covered(network.Live, network.Live), "edgemanage mynet"+names.String()+" {"+body+"}", ".")
	queries := make([]*dns.Msg, 0, queried)
	for i := range queried {
		queries = append(queries, question(fmt.Sprintf("zone%d.example.org.", i*7919%n), dns.TypeA))
	}
	for _, q := range queries {
		asked(t, e, q) // builds the records
	}
	return e, queries
}

// fixed answers every query with the same two addresses: the least that a plugin can do.
var fixed = func() plugin.Handler {
	answer := append(rr("zone0.example.org. 60 IN A 192.0.2.1"), rr("zone0.example.org. 60 IN A 192.0.2.2")...)
	return plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg)
		m.SetReply(r)
		m.Authoritative = true
		m.Answer = answer
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
}()

// sink is a client that looks at nothing.
type sink struct{ test.ResponseWriter }

func (*sink) WriteMsg(*dns.Msg) error { return nil }

func serveAll(b *testing.B, h plugin.Handler, queries []*dns.Msg) {
	w, ctx := &sink{}, context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if rcode, err := h.ServeDNS(ctx, w, queries[i%len(queries)]); rcode != dns.RcodeSuccess || err != nil {
			b.Fatal(rcode, err)
		}
	}
}

// BenchmarkServeDNS and BenchmarkFixed are to be compared at the same number of zones: what the garbage collector takes
// for each message grows with the memory in use, whoever answers.
func BenchmarkServeDNS(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		b.Run(fmt.Sprintf("zones=%d", n), func(b *testing.B) {
			e, queries := zoned(b, n, popular)
			serveAll(b, e, queries)
		})
	}
}

func BenchmarkFixed(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		b.Run(fmt.Sprintf("zones=%d", n), func(b *testing.B) {
			e, queries := zoned(b, n, popular)
			serveAll(b, fixed, queries)
			runtime.KeepAlive(e)
		})
	}
}

// BenchmarkServeDNSCold asks for 100,000 zones in turn, so that neither queries nor records are in the processor's cache;
// the fixed answer to the same queries shows what of that is the queries' share.
func BenchmarkServeDNSCold(b *testing.B) {
	e, queries := zoned(b, 100_000, 100_000)
	for name, h := range map[string]plugin.Handler{"ours": e, "fixed": fixed} {
		b.Run(name, func(b *testing.B) { serveAll(b, h, queries) })
	}
}

// TestServeDNSAllocations: an answer costs little more than the message that holds it.
func TestServeDNSAllocations(t *testing.T) {
	e, queries := zoned(t, 1000, popular)
	w, ctx := &sink{}, t.Context()
	count := func(h plugin.Handler) float64 {
		i := 0
		return testing.AllocsPerRun(5000, func() {
			h.ServeDNS(ctx, w, queries[i%len(queries)])
			i++
		})
	}
	if ours, least := count(e), count(fixed); ours > 1.3*least {
		t.Errorf("%v allocations a query, a fixed answer takes %v", ours, least)
	}
}

// TestServeDNSFlat: the number of zones does not matter. The bound is ten times what is promised, since machines are noisy;
// a scan of all zones would be a thousand times over it.
func TestServeDNSFlat(t *testing.T) {
	const promised, slack = 1.25, 10
	w, ctx := &sink{}, t.Context()
	// cost is the fastest of several runs over the queries.
	cost := func(n int) time.Duration {
		e, queries := zoned(t, n, popular)
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
	one, many := cost(1), cost(10_000)
	if ratio := float64(many) / float64(one); ratio > promised*slack {
		t.Errorf("10,000 zones cost %.1f times one: %s, %s for %d queries", ratio, many, one, popular)
	}
}

// BenchmarkCollect is a scrape of 10,000 edges.
func BenchmarkCollect(b *testing.B) {
	const n = 10_000
	var list strings.Builder
	addr := netip.MustParseAddr("10.0.0.0")
	for range n {
		addr = addr.Next()
		list.WriteString(" " + addr.String())
	}
	e := running(b, edges{}, nil, covered(network.Live, network.Empty), "edgemanage mynet example.org {\nedges"+list.String()+
		"\nobject http://www.example.org/\nns ns1.example.org\nfamilies ipv4\n}", ".")
	active.Store(e.engine)
	b.Cleanup(func() { active.Store(nil) })
	b.ReportAllocs()
	metrics := 0
	for b.Loop() {
		ch := make(chan prometheus.Metric, 1000)
		go func() { collector{}.Collect(ch); close(ch) }()
		metrics = 0
		for range ch {
			metrics++
		}
	}
	b.ReportMetric(float64(metrics), "metrics/op")
}
