package control

import (
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// The mode of a canary was to be seen nowhere, and its name was said to be that of no edge.
func TestCanaryIsNoEdge(t *testing.T) {
	n := varied(t)
	_, socket := serve(t, n)
	client := NewClient(socket)
	tests := []struct {
		name, edge string
		set        bool // its mode, before
		want       []string
	}{
		{"without a mode", "192.0.2.9", false, []string{`"192.0.2.9" finds canaries of network net and no edge: 192.0.2.9 is the canary of zone example.org`, ", mode available"}},
		{"with a mode", "192.0.2.9", true, []string{"is the canary of zone example.org", ", mode unavailable until ", ", set by alice (claims bob) at ", ": disk dies"}},
		{"by a pattern", "192.0.*", true, []string{`"192.0.*" finds canaries`, ", mode unavailable until "}},
		{"neither", "192.0.2.10", true, []string{`"192.0.2.10"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set {
				c := network.ModeChange{Edge: "192.0.2.9", Mode: selector.Unavailable, Comment: "disk dies", Author: "alice", Claimed: "bob", For: time.Hour}
				if _, err := n.SetMode(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			_, asked := client.Edges(t.Context(), EdgesQuery{Edge: tt.edge})
			_, explained := client.Explain(t.Context(), "", tt.edge, "")
			for _, err := range []error{asked, explained} {
				refusal, ok := err.(*APIError)
				if !ok || refusal.Code != CodeUnknownEdge {
					t.Fatalf("got error %v", err)
				}
				for _, want := range tt.want {
					if !strings.Contains(refusal.Message, want) {
						t.Errorf("%q does not say %q", refusal.Message, want)
					}
				}
			}
		})
	}
}

// A family that is served and has no edges has no part in what a change came to, nor in what forbids it.
func TestAppliedWithoutFamily(t *testing.T) {
	c := configure(t, "net", three...)
	c.Families = 0
	_, socket := serve(t, start(t, c))
	client := NewClient(socket)
	applied := set(t, socket, "a.example.net")
	if len(applied.Families) != 1 || applied.Families[0].Family != "ipv4" {
		t.Errorf("got %+v", applied.Families)
	}
	everything := ModeRequest{Edge: "*", Mode: "unavailable", Comment: "c"}
	if _, err := client.SetMode(t.Context(), everything); !strings.Contains(errorText(err), " in ipv4:") {
		t.Errorf("got error %v", err)
	}
	everything.Preview = true
	previewed, err := client.SetMode(t.Context(), everything)
	if err != nil || len(previewed.Families) != 1 || len(previewed.Families[0].Warnings) == 0 {
		t.Errorf("got %+v, error %v", previewed.Families, err)
	}
}
