//go:build e2e && bench

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const queryPart = "a query, in processor time"

const (
	overFixed = "edgemanage over fixed message"
	overFile  = "edgemanage over file, one zone"
	behind    = "file behind minimal, 1 zone"
)

// zonesAsked are the numbers of zones that ours is asked for.
func zonesAsked() []int { return inEarnest([]int{1, manyZones, apexZones}, []int{1, manyZones}) }

func flatOf(name string, zones int) string { return fmt.Sprintf("%s, %d zones over one", name, zones) }

func queryGoals() []goal {
	all := []goal{{queryPart, overFixed, "×", atMost(1.15)}, {queryPart, overFile, "×", atMost(1)}, {queryPart, "edgemanage over " + behind, "×", nil}}
	for _, n := range zonesAsked()[1:] {
		all = append(all, goal{queryPart, flatOf("edgemanage", n), "×", atMost(wantFlat)})
	}
	for _, other := range nameServers {
		all = append(all, goal{queryPart, flatOf(other.name, manyZones), "×", nil})
	}
	return all
}

// measureQueries compares what a query for the apex costs the process that answers: the plugin beside others in one
// program, and beside other programs with the same records. All of them stand idle but for the one that is asked, and they
// are asked in turn, so that whatever else the machine does meets all alike.
func measureQueries(t *testing.T, r *results) {
	few, many := []int{1, manyZones}, zonesAsked()
	lineup := queryLineup(t, few, many)
	rounds, during := inEarnest(7, 1), inEarnest(2*time.Second, time.Second)
	names := lineup.order
	for i := range rounds {
		// Each round begins with another, lest one always follow the same.
		for j := range names {
			lineup.of[names[(i+j)%len(names)]].round(t, during)
		}
	}
	cost := func(name string) *contender { return lineup.of[name] }
	ours := cost(zoned("edgemanage", 1))
	for _, name := range names {
		c := cost(name)
		r.add(t, queryPart, name, median(c.costs)/1000, "µs", fmt.Sprintf("%.2f × edgemanage with one zone", ratio(c, ours)))
	}
	r.bound(t, queryPart, overFixed, ratio(ours, cost("fixed")), "×", 1.15, "the same answer")
	r.bound(t, queryPart, overFile, ratio(ours, cost(zoned("file", 1))), "×", 1, "which adds the name servers")
	r.add(t, queryPart, "edgemanage over "+behind, ratio(ours, cost(behind)), "×", "the same answer, at the price of minimal, which takes the name servers off again")
	r.add(t, queryPart, "edgemanage over whoami", ratio(ours, cost("whoami")), "×", "whoami writes two other records")
	for _, n := range many[1:] {
		r.bound(t, queryPart, flatOf("edgemanage", n), ratio(cost(zoned("edgemanage", n)), ours), "×", wantFlat, "each zone asked for as often as any")
	}
	for _, n := range few[1:] {
		for _, other := range nameServers {
			r.add(t, queryPart, flatOf(other.name, n), ratio(cost(zoned(other.name, n)), cost(zoned(other.name, 1))), "×", "")
		}
	}
}

func zoned(name string, zones int) string {
	if zones == 1 {
		return name + ", 1 zone"
	}
	return fmt.Sprintf("%s, %d zones", name, zones)
}

// lineup is all that is measured, by name and in the order in which they were added.
type lineup struct {
	order []string
	of    map[string]*contender
}

func (l *lineup) add(t testing.TB, c *contender) {
	t.Helper()
	m, err := lookup(c.addr, zone, dns.TypeA)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	if n := len(m.Answer); n != 4 && c.name != "whoami" || len(m.Ns) > 0 && !strings.HasPrefix(c.name, "file,") {
		t.Fatalf("%s: want an answer of four addresses and nothing else:\n%v", c.name, m)
	}
	l.order = append(l.order, c.name)
	l.of[c.name] = c
}

// queryLineup starts every server: others with as many zones as few says, ours as many as many says.
func queryLineup(t *testing.T, few, many []int) *lineup {
	t.Helper()
	path, err := benchServer()
	if err != nil {
		t.Fatal(err)
	}
	st := newSite(t, 4)
	st.with("edge_count 4", "interval 60s", "allow_short_interval -", "state -")
	// The last is example.org, so that a first query finds a server that has loaded all.
	zones := func(n int) (names []string) {
		for i := range n - 1 {
			names = append(names, fmt.Sprintf("zone%d.example.net", i))
		}
		return append(names, "example.org")
	}
	asking := func(n int) string {
		path := st.path(fmt.Sprintf("queries%d", n))
		if _, err := os.Stat(path); err != nil {
			st.write(filepath.Base(path), repeat(zones(n), "%s A\n"))
		}
		return path
	}
	content, records := "$TTL 60\n@ IN SOA ns1.example.net. hostmaster.example.org. 7 300 300 1209600 60\n@ IN NS ns1.example.net.\n", ""
	for _, e := range st.edges {
		content += "@ IN A " + e.addr.String() + "\n"
		records += fmt.Sprintf(" %q", "example.org. 60 IN A "+e.addr.String())
	}
	db := st.write("db", content)
	l := &lineup{of: map[string]*contender{}}
	start := func(name string, zones int, plugin string) {
		s := newServer(t, t.TempDir(), block(".", plugin))
		s.path = path
		s.start()
		s.awaitAnswers()
		if strings.HasPrefix(name, "edgemanage") {
			s.full(4)
		}
		l.add(t, &contender{name: name, addr: s.addr, pid: s.cmd.Process.Pid, queries: asking(zones)})
	}
	start("whoami", 1, "whoami")
	start("fixed", 1, "fixed"+records)
	start(behind, 1, "minimal\n    file "+db+" example.org")
	for _, n := range few {
		start(zoned("file", n), n, "file "+db+" "+strings.Join(zones(n), " "))
	}
	for _, n := range many {
		start(zoned("edgemanage", n), n, st.directive("main", zones(n)...))
	}
	for _, n := range few {
		for _, other := range nameServers {
			d := other.run(t, content, zones(n))
			l.add(t, &contender{name: zoned(other.name, n), addr: d.addr, pid: d.pid, queries: asking(n)})
		}
	}
	return l
}
