//go:build e2e

package test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The bounds on what a query costs, as ratios of processor time.
const (
	wantVersusWhoami = 1.15 // one zone, against the plugin that does the least
	wantFlat         = 1.25 // 10,000 zones against one
	manyZones        = 10000
)

// plainServer builds the server without the race detector, for measuring. It is built once, and only if asked for.
var plainServer = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "coredns-plain")
	return path, goTool("build", "-o", path, "../cmd/coredns")
})

// contender is a server that is measured, with the names it is asked for.
type contender struct {
	name    string
	addr    string
	pid     int
	queries string        // file for dnsperf
	costs   []float64     // nanoseconds of processor time a query, one a round
	spent   time.Duration // processor time in all
	asked   int
}

// contenders starts one server for each way of answering A, all of the same program.
func contenders(t testing.TB) []*contender {
	t.Helper()
	path, err := plainServer()
	if err != nil {
		t.Fatal(err)
	}
	st := newSite(t, 4)
	st.with("edge_count 4", "interval 60s", "allow_short_interval -", "state -")
	one, many := "example.org A\n", ""
	zones := make([]string, manyZones)
	for i := range zones {
		zones[i] = fmt.Sprintf("zone%d.example.org", i)
		many += zones[i] + " A\n"
	}
	// As many addresses as the live set has, so that both write the same answer.
	zoneFile := "$TTL 60\n@ IN SOA ns1.example.net. hostmaster.example.org. 7 300 300 1209600 60\n@ IN NS ns1.example.net.\n"
	for _, e := range st.edges {
		zoneFile += "@ IN A " + e.addr.String() + "\n"
	}
	db := st.write("db.example.org", zoneFile)
	var all []*contender
	for _, c := range []struct{ name, block, queries string }{
		{"whoami", block(".", "whoami"), one},
		{"file", block(".", "file "+db+" example.org"), one},
		{"edgemanage", block(".", st.directive("main", "example.org")), one},
		{fmt.Sprintf("edgemanage with %d zones", manyZones), block(".", st.directive("main", append(zones, "example.org")...)), many},
	} {
		dir := t.TempDir()
		queries := filepath.Join(dir, "queries")
		if err := os.WriteFile(queries, []byte(c.queries), 0o600); err != nil {
			t.Fatal(err)
		}
		s := newServer(t, dir, c.block)
		s.path = path
		s.start()
		s.awaitAnswers()
		if strings.HasPrefix(c.name, "edgemanage") {
			s.full(4)
		}
		all = append(all, &contender{name: c.name, addr: s.addr, pid: s.cmd.Process.Pid, queries: queries})
	}
	return all
}

var queriesCompleted = regexp.MustCompile(`Queries completed:\s+(\d+) \(([\d.]+)%\)`)

// round asks for a while, as fast as answers come, and adds what a query cost.
func (c *contender) round(t testing.TB, during time.Duration) {
	t.Helper()
	before := processorTime(t, c.pid)
	_, port, _ := strings.Cut(c.addr, ":")
	out, status := runProgram(t, "", "dnsperf", "-s", "127.0.0.1", "-p", port, "-d", c.queries, "-l", strconv.Itoa(int(during.Seconds())), "-c", "4", "-q", "50")
	m := queriesCompleted.FindStringSubmatch(out)
	if status != 0 || m == nil {
		t.Fatalf("dnsperf ended with %d:\n%s", status, out)
	}
	n, _ := strconv.Atoi(m[1])
	// A server that limits the rate of its answers would look as if it had nothing to do.
	if share, _ := strconv.ParseFloat(m[2], 64); share < 99 {
		t.Fatalf("%s: queries were lost:\n%s", c.name, out)
	}
	if n == 0 || !strings.Contains(out, "NOERROR "+m[1]+" (100.00%)") {
		t.Fatalf("%s: not every query was answered:\n%s", c.name, out)
	}
	spent := processorTime(t, c.pid) - before
	c.costs = append(c.costs, float64(spent.Nanoseconds())/float64(n))
	c.spent, c.asked = c.spent+spent, c.asked+n
}

// ratio is the median over the rounds of what a query costs a in units of what it costs b in the same round: whatever
// else the machine does meets both.
func ratio(a, b *contender) float64 {
	ratios := make([]float64, len(a.costs))
	for i := range ratios {
		ratios[i] = a.costs[i] / b.costs[i]
	}
	return median(ratios)
}

// median is that of figures, of which there is at least one.
func median[T float64 | time.Duration](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// measure runs rounds in turn and returns the ratios that are bounded.
func measure(t testing.TB, rounds int, during time.Duration) (all []*contender, versusWhoami, versusFile, flat float64) {
	t.Helper()
	all = contenders(t)
	for range rounds {
		for _, c := range all {
			c.round(t, during)
		}
	}
	return all, ratio(all[2], all[0]), ratio(all[2], all[1]), ratio(all[3], all[2])
}

// TestQueryCost fails only for what no noise of the machine explains, at ten times the bounds; make bench measures with
// care.
func TestQueryCost(t *testing.T) {
	all, whoami, file, flat := measure(t, 3, time.Second)
	for _, c := range all {
		t.Logf("%s: %.1f µs of processor time a query", c.name, float64(c.spent.Microseconds())/float64(c.asked))
	}
	t.Logf("edgemanage costs %.2f × whoami (bound %.2f), %.2f × file; with %d zones %.2f × with one (bound %.2f)", whoami, wantVersusWhoami, file, manyZones, flat, wantFlat)
	if math.IsNaN(whoami) || whoami > 10*wantVersusWhoami || math.IsNaN(flat) || flat > 10*wantFlat {
		t.Error("a query costs more than ten times the bound")
	}
}
