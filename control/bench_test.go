package control

import (
	"net/http"
	"testing"
	"time"
)

// BenchmarkEdges is a list of as many edges as a network may sensibly have; nothing of it is the engine's work.
func BenchmarkEdges(b *testing.B) {
	c := configure(b, "net", many(10000)...)
	c.Interval = time.Hour
	h := whole(start(b, c))
	for _, target := range []string{"/v1/edges", "/v1/edges?live=true", "/v1/explain", "/v1/recent", "/v1/networks"} {
		b.Run(target, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				res, code := ask(h, http.MethodGet, target, "")
				if code != "ok" {
					b.Fatal(code)
				}
				b.ReportMetric(float64(res.ContentLength), "bytes")
			}
		})
	}
}
