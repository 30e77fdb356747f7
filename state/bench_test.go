package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

// manySamples returns n samples of edges as a network brings them: round by round, spread over a minute, a few failing.
func manySamples(n, edges int) []Sample {
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([]Sample, n)
	for i := range samples {
		s := Sample{
			Edge:    fmt.Sprintf("edge%d.example.net", i%edges),
			At:      start.Add(time.Duration(i) * time.Minute / time.Duration(edges)).Truncate(time.Millisecond),
			Took:    time.Duration(20_000+random.IntN(500_000)) * time.Microsecond,
			Outcome: "ok",
		}
		if random.IntN(50) == 0 {
			s.Outcome = "timeout"
		}
		samples[i] = s
	}
	return samples
}

func BenchmarkReadSamples(b *testing.B) {
	samples := manySamples(2_000_000, 10_000)
	journal, _ := encodeAll(samples, 167) // what a second brings
	for b.Loop() {
		n := 0
		if err := readSamples(bytes.NewReader(journal), func(Sample) { n++ }); err != nil || n != len(samples) {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(samples)), "ns/sample")
	b.ReportMetric(float64(len(journal))/float64(len(samples)), "bytes/sample")
}

func BenchmarkMeasure(b *testing.B) {
	samples := manySamples(2_000_000, 10_000)
	journal, _ := encodeAll(samples, 167)
	b.SetBytes(int64(len(journal)))
	for b.Loop() {
		if _, err := measure(bytes.NewReader(journal)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteSamples(b *testing.B) {
	samples := manySamples(100_000, 10_000)
	for b.Loop() {
		encodeAll(samples, 167)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(samples)), "ns/sample")
}

// BenchmarkSave is of a network of ten thousand edges, to the disk.
func BenchmarkSave(b *testing.B) {
	d := sampleDocument()
	for i := range 10_000 {
		name := fmt.Sprintf("edge%d.example.net", i)
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		d.Addresses[name] = Addresses{IPv4: a}
		d.Edges["/etc/edges"] = append(d.Edges["/etc/edges"], EdgeEntry{Name: name, Addresses: []netip.Addr{a}})
	}
	b.Run("call", func(b *testing.B) {
		s, _ := mustOpen(b, filepath.Join(b.TempDir(), "main"), Options{})
		for b.Loop() {
			s.Save(d)
		}
	})
	b.Run("durable", func(b *testing.B) {
		s, _ := mustOpen(b, filepath.Join(b.TempDir(), "main"), Options{})
		for b.Loop() {
			<-s.Save(d).Done()
		}
	})
}
