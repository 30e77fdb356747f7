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
// BENCH_DOC names. BENCH=smoke runs all of it in short, which shows that it works and measures nothing. A figure that falls
// short of its goal is marked in the table and fails nothing, since machines differ; an answer lost or wrong fails. A part
// that fails has a row all the same for each figure with a goal, so that the table never looks better than the run.
func TestPerformance(t *testing.T) {
	onDisk(t)
	r := &results{}
	defer r.publish(t)
	for _, part := range []struct {
		name    string
		measure func(*testing.T, *results)
		goals   func() []goal
	}{
		{"in process", measureInProcess, inProcessGoals},
		{"query", measureQueries, queryGoals},
		{"rotating", measureRotating, rotatingGoals},
		{"rounds", measureRounds, roundGoals},
		{"hanging", measureHanging, hangingGoals},
		{"leaving", measureLeaving, leavingGoals},
		{"starting", measureStarting, startingGoals},
	} {
		before := len(r.Figures)
		var began time.Time // zero where -run leaves the part out
		passed := t.Run(part.name, func(t *testing.T) {
			began = time.Now()
			part.measure(t, r)
		})
		if began.IsZero() {
			continue
		}
		r.Took = append(r.Took, span{part.name, time.Since(began).Seconds()})
		r.complete(t, before, passed, part.goals())
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
