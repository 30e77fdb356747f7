package demo

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// startTest starts edges that end with the test.
func startTest(t *testing.T) edges {
	t.Helper()
	es, err := startEdges(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(es.close)
	return es
}

// Each behaviour is what the prober takes it for.
func TestBehaviours(t *testing.T) {
	es := startTest(t)
	e := es[2]
	p := prober.New(prober.Options{
		URL: &url.URL{Scheme: "http", Host: "www.example.org:" + port(e), Path: path}, Timeout: 5 * time.Second, Retry: 1,
	})
	expect, err := prober.ReadObject(writeObject(t))
	if err != nil {
		t.Fatal(err)
	}
	p.Expect(prober.NewObject(expect))
	tests := []struct {
		behaviour Behaviour
		want      prober.Outcome
		took      time.Duration // at least
	}{
		{Healthy, prober.OK, e.latency},
		{Slow, prober.OK, e.latency + slowness},
		{Broken, prober.Size, 0},
		{Stopped, prober.Refused, 0},
		{Stopped, prober.Refused, 0},
		{Hanging, prober.Timeout, 0},
		{Healthy, prober.OK, e.latency},
	}
	for _, tt := range tests {
		t.Run(tt.behaviour.String(), func(t *testing.T) {
			if err := e.become(tt.behaviour); err != nil {
				t.Fatal(err)
			}
			p := p
			if tt.behaviour == Hanging {
				p = prober.New(prober.Options{URL: &url.URL{Scheme: "http", Host: "www.example.org:" + port(e)}, Timeout: 50 * time.Millisecond})
			}
			r := p.Probe(t.Context(), e.addr.Addr())
			if r.Outcome != tt.want || r.Took < tt.took {
				t.Errorf("got %s in %v (%v), want %s in %v at least", r.Outcome, r.Took, r.Err, tt.want, tt.took)
			}
		})
	}
}

func TestStartEdges(t *testing.T) {
	first := startTest(t)
	second := startTest(t)
	if first.port() == second.port() {
		t.Errorf("got port %d twice", first.port())
	}
	_, err := startEdges(int(first.port()))
	if err == nil || !strings.HasPrefix(err.Error(), "starting edge1: ") || !strings.HasSuffix(err.Error(), "; choose another port with --edge-port") {
		t.Errorf("got error %v, want one about the port", err)
	}
}
