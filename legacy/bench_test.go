package legacy

import "testing"

// BenchmarkEncode writes a full store, as each edge has one a round.
func BenchmarkEncode(b *testing.B) {
	e := Edgestore{Mode: "available", State: "in", Health: "pass_threshold"}
	for i := range mostSamples {
		at := Time(1795000000.1234567 + 60.01*float64(i))
		e.FetchTimes = append(e.FetchTimes, Sample{at, 0.123456})
		e.RotationHistory = append(e.RotationHistory, at)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(e.Encode())))
	}
}
