package network

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// BenchmarkLegacy1000 is what a round costs to keep up the files of the Python edgemanage for 1,000 edges with full
// histories, of which each has one more sample. It is done once an interval, beside everything else; MB is what is
// written, to a directory that the kernel need not sync.
func BenchmarkLegacy1000(b *testing.B) {
	const edges = 1_000
	n := benchNetwork(b, edges)
	n.config.Legacy, n.config.History = b.TempDir(), mostLegacy
	now := time.Now()
	n.now = func() time.Time { return now }
	for _, e := range n.mem.order {
		for i := range 10 {
			n.probedAt(e, now.Add(time.Duration(i-10)*time.Minute), 150*time.Millisecond)
		}
	}
	n.decide()
	w := newLegacyWriter(n, nil, newWatchdog(n, lane{}, fileHangs))
	for i := range edges {
		store := w.store(fmt.Sprintf("edge%d", i))
		for j := range mostLegacy {
			at := legacy.TimeOf(now.Add(time.Duration(j-mostLegacy)*time.Minute + time.Duration(i)*1234567))
			store.FetchTimes = append(store.FetchTimes, legacy.Sample{At: at, Seconds: 0.123456})
			if i%10 == 0 { // was live for long
				store.RotationHistory = append(store.RotationHistory, at)
			}
		}
		for j := range 33 {
			store.HistoricalAverage = append(store.HistoricalAverage, legacy.Sample{At: legacy.TimeOf(now.Add(time.Duration(j-33) * time.Hour)), Seconds: 0.1234567890123})
		}
	}
	w.known = true
	bytes := 0
	for _, s := range w.stores {
		bytes += len(s.Encode())
	}
	cpu := func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			b.Fatal(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		now = now.Add(time.Minute)
		for _, e := range n.mem.order {
			n.keepSample(e, IPv4, now, 150*time.Millisecond, true)
		}
		if errs := w.write(n.Status(), true); errs != nil {
			b.Fatal(errs)
		}
	}
	b.ReportMetric(float64(bytes)/1e6, "MB/op")
	b.ReportMetric((cpu()-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
}
