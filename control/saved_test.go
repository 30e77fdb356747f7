package control

import (
	"strings"
	"testing"
)

// A change that nothing can keep over a restart is made, and says so.
func TestNotSaved(t *testing.T) {
	dry := configure(t, "dry", three...)
	dry.DryRun = true
	tests := []struct {
		name, network, want string
	}{
		{"no state directory", "memory", "there is no state directory"},
		{"dry run", "dry", "dry run"},
	}
	_, socket := serve(t, start(t, configure(t, "memory", three...)), start(t, dry))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewClient(socket)
			applied, err := c.SetMode(t.Context(), ModeRequest{Network: tt.network, Edge: "a.example.net", Mode: "unavailable", Comment: "c"})
			if err != nil || applied.Saved || !strings.Contains(applied.Why, tt.want) {
				t.Errorf("got saved %t, %q, error %v, want %q", applied.Saved, applied.Why, err, tt.want)
			}
			edges, err := c.Edges(t.Context(), EdgesQuery{Network: tt.network, Edge: "a.example.net"})
			if err != nil || edges.Edges[0].Mode.Mode != "unavailable" || edges.Edges[0].Live {
				t.Errorf("got %+v, error %v", edges.Edges, err)
			}
		})
	}
}
