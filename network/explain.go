package network

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Explanation says why an edge is in or out: EdgeStatus.Verdict is the rule that decided, with its numbers. One that is out
// also has what would have to happen for it to enter.
type Explanation struct {
	Family Family
	EdgeStatus
	// Needs is a phrase for people; empty for a live edge that nothing threatens.
	Needs string
	// Displaces is the edge whose place it would take, empty when there is a place free.
	Displaces string
}

// Explain explains edges: all when pattern is empty, else those of a name, or of a pattern as path.Match has it; by family,
// then by name. It goes by the last decision and by what stands now. A name in no list that has a mode, and one that never
// resolved, is explained in the first family when it is asked for. The error wraps ErrNoMatch, or ErrInvalid for a bad
// pattern.
//
// Ten thousand edges are worked out from the status, outside of the network's goroutine, which only adds what is not in it.
func (n *Network) Explain(ctx context.Context, pattern string) ([]Explanation, error) {
	fits, err := fitting(pattern)
	if err != nil {
		return nil, fmt.Errorf("explaining edges: %w", err)
	}
	var s *Status
	var scenes []scene
	var removed []string // names that have a mode and are in no list
	err = n.do(ctx, func() {
		s = n.status.Load()
		for _, f := range s.Families {
			scenes = append(scenes, n.scene(s, f))
		}
		for name := range s.Modes {
			if e := n.mem.edges[name]; e == nil || !e.configured {
				removed = append(removed, name)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("explaining edges: %w", err)
	}
	var nameless []EdgeStatus // that have no family
	for _, name := range s.Unresolved {
		nameless = append(nameless, s.nameless(name, selector.RuleNotPassing))
	}
	for _, name := range removed {
		nameless = append(nameless, s.nameless(name, selector.RuleRemoved))
	}
	var canaryOf string
	for _, c := range s.Canaries {
		if fits(c.Edge.Name) {
			canaryOf = c.Zone
		}
	}
	var out []Explanation
	for i := range scenes {
		for _, e := range scenes[i].family.Edges {
			if fits(e.Name) {
				out = append(out, scenes[i].explain(e))
			}
		}
		if i > 0 {
			continue
		}
		for _, e := range nameless {
			// Of names that are in no list only those asked for: they are no part of the network.
			if fits(e.Name) && (pattern != "" || e.Verdict.Rule != selector.RuleRemoved) {
				out = append(out, scenes[i].explain(e))
			}
		}
		slices.SortFunc(out, func(a, b Explanation) int { return strings.Compare(a.Name, b.Name) })
	}
	switch {
	case len(out) > 0 || pattern == "":
		return out, nil
	case canaryOf != "":
		return nil, fmt.Errorf("explaining edges: %q is the canary of %s, which is no candidate: %w", pattern, canaryOf, ErrNoMatch)
	}
	return nil, fmt.Errorf("explaining edges: %q: %w", pattern, ErrNoMatch)
}

// fitting returns what tells the edges of a name or pattern, all when it is empty. No name has a character that a pattern
// is told by, so a name is a pattern that fits itself.
func fitting(pattern string) (func(name string) bool, error) {
	if pattern == "" {
		return func(string) bool { return true }, nil
	}
	pattern, err := edgePattern(pattern)
	return func(name string) bool {
		fits, _ := path.Match(pattern, name)
		return fits
	}, err
}

// nameless is the status of a name without a member in any family.
func (s *Status) nameless(name string, why selector.Rule) EdgeStatus {
	mode := s.Modes[name].Mode
	if why == selector.RuleNotPassing && mode == selector.Unavailable {
		why = selector.RuleUnavailable
	}
	return EdgeStatus{
		Name: name, Mode: mode, Grade: history.Unknown,
		Verdict: selector.Verdict{Name: name, Rule: why, Mode: mode, Grade: history.Unknown},
	}
}

// scene is what one family's edges are explained from.
type scene struct {
	family   FamilyStatus
	decided  bool    // else the verdicts are shown, not obeyed
	freeze   *Freeze // nil unless the set stands still for it
	modes    map[string]Mode
	rules    history.Rules
	settings selector.Settings
	input    selector.Input

	// Made by look, outside of the network's goroutine.
	outlook *selector.Outlook
	edges   map[string]int // where in family.Edges
	forced  int            // how many of them are pinned by their mode
	live    int            // and how many are live
	turn    selector.Turn  // the next timed exchange
	queue   []*EdgeStatus  // that are out, pass and may enter, in the order in which they would
}

func (n *Network) scene(s *Status, f FamilyStatus) scene {
	r := n.mem.rotations[f.Family]
	sc := scene{
		family: f, decided: r.decided, modes: s.Modes, rules: n.rules, settings: n.settings[f.Family],
		// The network goes on changing these in place. The candidates come with look.
		input: selector.Input{LastLive: slices.Clone(n.lastLive(f.Family)), Substitutions: slices.Clone(r.substitutions), Now: n.now(), Rotation: r.turns},
	}
	if r.decision.Frozen {
		sc.freeze = s.Freeze
	}
	return sc
}

// candidates are those that the last decision was about, as it saw them.
func (f *FamilyStatus) candidates() []selector.Candidate {
	all := make([]selector.Candidate, 0, len(f.Edges))
	for _, e := range f.Edges {
		if e.Addr.IsValid() {
			all = append(all, selector.Candidate{Name: e.Name, Addr: e.Addr, Mode: e.Mode, Grade: e.Verdict.Grade, Average: e.Average})
		}
	}
	return all
}
