package demo

import (
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

func TestDescribe(t *testing.T) {
	tests := []struct {
		name   string
		change state.Change
		want   string
	}{
		{"first set", state.Change{Kind: "set", After: []string{"edge1", "edge2"}, Reason: "edge1 entered (a, b), edge2 entered (c)"},
			"edge1 edge2 entered, now edge1 edge2\n            edge1 entered (a, b)\n            edge2 entered (c)"},
		{"swap", state.Change{Kind: "set", Before: []string{"edge1", "edge2"}, After: []string{"edge2", "edge3"}, Reason: "edge1 left (x), edge3 entered (y)"},
			"edge1 left, edge3 entered, now edge2 edge3\n            edge1 left (x)\n            edge3 entered (y)"},
		{"addresses", state.Change{Kind: "set", Before: []string{"edge1"}, After: []string{"edge1"}, Reason: "addresses changed"},
			"now edge1\n            addresses changed"},
		{"rung", state.Change{Kind: "rung", Before: []string{"full"}, After: []string{"hold"}, Reason: "too few edges pass"},
			"rung hold, was full: too few edges pass"},
		{"mode", state.Change{Kind: "mode", Edge: "edge2", Before: []string{"available"}, After: []string{"unavailable"}, Reason: "set by ada", Comment: "new disk"},
			`edge2 is unavailable, was available: set by ada; comment "new disk"`},
		{"freeze", state.Change{Kind: "freeze", Before: []string{"unfrozen"}, After: []string{"frozen"}, Reason: "frozen by ada", Comment: "works\x1b"},
			`frozen by ada; comment "works\x1b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(tt.change); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
