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

// measureInProcess compares the handler without a server around it, and times decisions.
func measureInProcess(t *testing.T, r *results) {
	const query, decision = "a query, in process", "a decision, in process"
	times, benchtime := inEarnest(7, 1), inEarnest("300ms", "10x")
	b := runBench(t, "..", "^(BenchmarkServeDNS|BenchmarkFixed)$", benchtime, times)
	for _, n := range []int{1, manyZones, apexZones} {
		at := func(name string) string { return fmt.Sprintf("%s/zones=%d", name, n) }
		ours, least := b.of(t, at("ServeDNS"), "ns/op"), b.of(t, at("Fixed"), "ns/op")
		r.add(t, query, zoned("edgemanage", n), median(ours), "ns", fmt.Sprintf("%.2f × fixed message", median(ratios(ours, least))))
		allocs := median(ratios(b.of(t, at("ServeDNS"), "allocs/op"), b.of(t, at("Fixed"), "allocs/op")))
		r.bound(t, query, zoned("allocations over fixed message", n), allocs, "×", 1.3, "")
	}
	one := b.of(t, "ServeDNS/zones=1", "ns/op")
	for _, n := range []int{manyZones, apexZones} {
		r.add(t, query, fmt.Sprintf("%d zones over one", n), median(ratios(b.of(t, fmt.Sprintf("ServeDNS/zones=%d", n), "ns/op"), one)), "×", "a hundred popular zones; with the garbage collector's share, which grows with the memory in use")
	}
	b = runBench(t, "../network", "^BenchmarkDecide$", inEarnest("20x", "1x"), inEarnest(3, 1))
	for _, n := range []int{100, 1000, 10000} {
		what, took := fmt.Sprintf("%d edges of 2,000 samples", n), median(b.of(t, fmt.Sprintf("Decide/edges=%d", n), "ns/op"))/1e6
		if n < 10000 {
			r.add(t, decision, what, took, "ms", "")
			continue
		}
		r.bound(t, decision, what, took, "ms", 10, "grading, choosing, describing and publishing")
	}
}
