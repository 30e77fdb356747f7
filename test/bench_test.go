//go:build e2e && bench

package test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestPerformance measures, one part after the other, and ends with a table of every figure beside its goal, which it also
// writes to the file that BENCH_OUT names, as JSON when that ends in .json, else in Markdown, and into the document that
// BENCH_DOC names. BENCH=smoke runs all of it in short, which shows that it works and measures nothing. A figure that falls short of its goal is marked in the table and
// fails nothing, since machines differ; an answer lost or wrong fails.
func TestPerformance(t *testing.T) {
	r := &results{}
	defer r.publish(t)
	for _, part := range []struct {
		name    string
		measure func(*testing.T, *results)
	}{
		{"in process", measureInProcess},
		{"query", measureQueries},
		{"rotating", measureRotating},
		{"rounds", measureRounds},
		{"hanging", measureHanging},
		{"leaving", measureLeaving},
		{"starting", measureStarting},
	} {
		t.Run(part.name, func(t *testing.T) {
			began := time.Now()
			part.measure(t, r)
			t.Logf("took %s", time.Since(began).Round(time.Second))
		})
	}
}

// smoke says that figures do not matter.
var smoke = os.Getenv("BENCH") == "smoke"

// inEarnest is what to do in earnest, or short in a smoke run.
func inEarnest[T any](full, short T) T {
	if smoke {
		return short
	}
	return full
}

// benchServer builds the server that the query path is measured in. It is built once.
var benchServer = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "benchserver")
	return path, goTool("build", "-o", path, "./benchserver")
})

// quantile is the smallest of the figures that at least a share q of them do not exceed.
func quantile[T float64 | time.Duration](all []T, q float64) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// ratios are those of two series of figures, taken in the same rounds.
func ratios[T float64 | time.Duration](a, b []T) (all []float64) {
	for i := range a {
		all = append(all, float64(a[i])/float64(b[i]))
	}
	return all
}
