//go:build e2e && bench

package test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ranBench holds the figures of benchmarks, by benchmark and unit, one a run.
type ranBench map[string]map[string][]float64

// runBench builds the benchmarks of a package and runs them several times in turn: what the machine does otherwise then
// meets all of them.
func runBench(t *testing.T, pkg, pattern, benchtime string, times int) ranBench {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bench.test")
	if err := goTool("test", "-c", "-o", program, pkg); err != nil {
		t.Fatal(err)
	}
	all := ranBench{}
	for range times {
		cmd := exec.Command(program, "-test.run", "^$", "-test.bench", pattern, "-test.benchmem", "-test.benchtime", benchtime)
		cmd.Dir = pkg
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("running the benchmarks %s of %s: %v\n%s", pattern, pkg, err, out)
		}
		for line := range strings.Lines(string(out)) {
			all.take(line)
		}
	}
	return all
}

// take reads a line such as "BenchmarkName/sub-2   100   1234 ns/op   5 B/op".
func (r ranBench) take(line string) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if at := strings.LastIndexByte(name, '-'); at > 0 {
		name = name[:at]
	}
	if r[name] == nil {
		r[name] = map[string][]float64{}
	}
	for i := 2; i+1 < len(fields); i += 2 {
		if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
			r[name][fields[i+1]] = append(r[name][fields[i+1]], v)
		}
	}
}

// of are the figures of one benchmark, which must have run.
func (r ranBench) of(t *testing.T, name, unit string) []float64 {
	t.Helper()
	got := r[name][unit]
	if len(got) == 0 {
		t.Fatalf("benchmark %s has no %s: there is %v", name, unit, r)
	}
	return got
}

const (
	handlerPart  = "a query, in process"
	decisionPart = "a decision, in process"
	// decisionBound is in milliseconds, at the greatest number of edges.
	decisionBound = 10
)

// decisionSizes are the numbers of edges that decisions are timed with.
var decisionSizes = []int{100, 1000, 10000}

func decisionOf(edges int) string { return fmt.Sprintf("%d edges of 2,000 samples", edges) }

// decidingWith are the circumstances that the largest decision is timed in as well, and the benchmarks of each.
var decidingWith = []struct{ what, benchmark, note string }{
	{", saved, with 10,000 zones", "DecideKept/same", "beside a state on a disk that has it all"},
	{", saved, with 10,000 zones, changing the set", "DecideKept/change", "with the document and the decision of which set to take, before it waits for the disk"},
}

func inProcessGoals() (all []goal) {
	for _, n := range []int{1, manyZones, apexZones} {
		all = append(all, goal{handlerPart, zoned("allocations over fixed message", n), "×", atMost(1.3)})
	}
	largest := decisionOf(decisionSizes[len(decisionSizes)-1])
	all = append(all, goal{decisionPart, largest, "ms", atMost(decisionBound)})
	for _, with := range decidingWith {
		all = append(all, goal{decisionPart, largest + with.what, "ms", atMost(decisionBound)})
	}
	return all
}

// measureInProcess compares the handler without a server around it, and times decisions.
func measureInProcess(t *testing.T, r *results) {
	b := runBench(t, "..", "^(BenchmarkServeDNS|BenchmarkFixed)$", inEarnest("300ms", "10x"), inEarnest(7, 1))
	for _, n := range []int{1, manyZones, apexZones} {
		at := func(name string) string { return fmt.Sprintf("%s/zones=%d", name, n) }
		ours := b.of(t, at("ServeDNS"), "ns/op")
		over := ratios(ours, b.of(t, at("Fixed"), "ns/op"))
		r.add(t, handlerPart, zoned("edgemanage", n), median(ours), "ns", fmt.Sprintf("%.2f × fixed message", median(over)))
		allocs := median(ratios(b.of(t, at("ServeDNS"), "allocs/op"), b.of(t, at("Fixed"), "allocs/op")))
		r.bound(t, handlerPart, zoned("allocations over fixed message", n), allocs, "×", 1.3, "")
	}
	one := b.of(t, "ServeDNS/zones=1", "ns/op")
	for _, n := range []int{manyZones, apexZones} {
		r.add(t, handlerPart, fmt.Sprintf("%d zones over one", n), median(ratios(b.of(t, fmt.Sprintf("ServeDNS/zones=%d", n), "ns/op"), one)), "×", "a hundred names over one; with the garbage collector's share, which grows with the memory in use")
	}
	b = runBench(t, "../network", "^BenchmarkDecide(Kept)?$", inEarnest("20x", "1x"), inEarnest(3, 1))
	for _, n := range decisionSizes {
		took := median(b.of(t, fmt.Sprintf("Decide/edges=%d", n), "ns/op")) / 1e6
		if n < decisionSizes[len(decisionSizes)-1] {
			r.add(t, decisionPart, decisionOf(n), took, "ms", "")
			continue
		}
		r.bound(t, decisionPart, decisionOf(n), took, "ms", decisionBound, "grading, choosing, describing and publishing")
		for _, with := range decidingWith {
			r.bound(t, decisionPart, decisionOf(n)+with.what, median(b.of(t, with.benchmark, "ns/op"))/1e6, "ms", decisionBound, with.note)
		}
	}
}
