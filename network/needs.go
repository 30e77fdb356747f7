package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// look prepares the scene for explaining. It takes milliseconds for ten thousand edges.
func (s *scene) look() {
	if s.outlook != nil {
		return
	}
	s.input.Candidates = s.family.candidates()
	s.outlook = selector.NewOutlook(s.input, s.settings)
	if s.decided && !s.family.Standing && s.freeze == nil {
		s.turn = selector.NextTurn(s.input, s.settings)
	}
	s.edges = make(map[string]int, len(s.family.Edges))
	for i := range s.family.Edges {
		e := &s.family.Edges[i]
		s.edges[e.Name] = i
		if e.Verdict.Rule == selector.RuleForced {
			s.forced++
		}
		switch {
		case e.Live:
			s.live++
		case e.Mode == selector.Available && e.Verdict.Grade.Passing() && e.Addr.IsValid():
			s.queue = append(s.queue, e)
		}
	}
	slices.SortFunc(s.queue, sooner)
}

// sooner puts the edge first that enters first where a place gets free: the better grade, then the lower average.
func sooner(a, b *EdgeStatus) int {
	return cmp.Or(cmp.Compare(b.Verdict.Grade, a.Verdict.Grade), cmp.Compare(a.Verdict.Average, b.Verdict.Average), strings.Compare(a.Name, b.Name))
}

// explain says what an edge lacks.
func (s *scene) explain(e EdgeStatus) Explanation {
	s.look()
	x := Explanation{Family: s.family.Family, EdgeStatus: e}
	if e.Live {
		x.Needs = s.stays(e)
		return x
	}
	need := s.outlook.Need(e.Name)
	lead, when := s.lead(e), s.conditions(e, need)
	switch {
	case e.Verdict.Rule == selector.RuleRemoved || !e.Addr.IsValid():
		x.Needs = s.stranger(e)
		return x
	case !need.Enters && e.Mode == selector.Unavailable:
		x.Needs = lead + "it would not enter if it were available again: " + s.crowded(e)
	case !need.Enters && s.freeze != nil:
		x.Needs = lead + "it would not enter if the network were unfrozen: " + s.crowded(e)
	case !need.Enters && e.Name == s.turn.Enters:
		x.Needs, x.Displaces = lead+"enters by timed rotation at "+clock(s.turn.At, s.input.Now)+"; it would take the place of "+s.name(s.turn.Leaves)+"; else "+s.crowded(e), s.turn.Leaves
		return x
	case !need.Enters && s.turn.Enters != "" && e.Verdict.Grade.Passing() && e.Mode == selector.Available:
		x.Needs = lead + s.crowded(e) + "; timed rotation takes " + s.turn.Enters + " before it, at " + clock(s.turn.At, s.input.Now)
	case !need.Enters:
		x.Needs = lead + s.crowded(e)
	case len(when) == 0:
		x.Needs = lead + "enters with the next decision"
	default:
		x.Needs = lead + "enters when " + join(when)
	}
	if x.Displaces = need.Displaces; x.Displaces != "" {
		x.Needs += "; it would take the place of " + s.name(x.Displaces)
	}
	if need.Enters && e.Verdict.Grade.Passing() && e.Mode == selector.Available && (s.freeze != nil || need.Budget) {
		x.Needs += "; mode force does not wait for that"
	}
	return x
}

// stays says what threatens the place of a live edge, if anything does.
func (s *scene) stays(e EdgeStatus) string {
	switch e.Verdict.Rule {
	case selector.RuleBudgetStays:
		when := "with the next decision" // the budget may have got room since the last one
		if need := s.outlook.Need(e.Verdict.Other); need.Budget {
			when = "when " + s.budget(need)
		}
		return "gives way to " + s.name(e.Verdict.Other) + " " + when
	case selector.RuleFrozen:
		if e.Verdict.Due {
			return "leaves when the network is unfrozen"
		}
	}
	if e.Name == s.turn.Leaves {
		return "gives way to " + s.name(s.turn.Enters) + " by timed rotation at " + clock(s.turn.At, s.input.Now)
	}
	return ""
}

// stranger explains an edge that is no candidate.
func (s *scene) stranger(e EdgeStatus) string {
	lead := s.lead(e)
	if e.Verdict.Rule == selector.RuleRemoved {
		return lead + "in no edge list: enters when it is listed, passes and a place is free or it does better than a live edge"
	}
	return lead + "no address: enters when its name resolves to one that passes, and a place is free or it does better than a live edge"
}

// lead is what there is to say first: what nothing about the edge itself would change.
func (s *scene) lead(e EdgeStatus) string {
	var parts []string
	if e.Mode == selector.Unavailable {
		m := s.modes[e.Name]
		parts = append(parts, word("unavailable", m.Author, m.Comment, m.Expires, s.input.Now))
	}
	if s.freeze != nil {
		parts = append(parts, word("frozen", s.freeze.Author, s.freeze.Comment, s.freeze.Expires, s.input.Now))
	}
	switch {
	case e.Verdict.Rule == selector.RuleRemoved, !e.Addr.IsValid():
	case e.Samples == 0:
		parts = append(parts, "no probe yet")
	case e.Grade == history.Fail && e.LastFailed:
		parts = append(parts, "failing ("+e.Outcome.String()+")")
	case e.Grade == history.Fail:
		parts = append(parts, "failed, and not yet "+successes(s.rules.Rise))
	case e.Grade == history.Unknown:
		parts = append(parts, "unknown, its first probes failed")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + ": "
}

// conditions are what has to be fulfilled for an edge to enter.
func (s *scene) conditions(e EdgeStatus, need selector.Need) (when []string) {
	if e.Mode == selector.Unavailable {
		when = append(when, "it is available again")
	}
	if s.freeze != nil {
		when = append(when, "the network is unfrozen")
	}
	switch {
	case !s.decided:
		when = append(when, "the first decision is taken")
	case s.family.Standing:
		when = append(when, "each edge of the saved set has been probed")
	}
	switch {
	case e.Verdict.Grade == history.Unknown && e.Grade.Passing():
		when = append(when, "a probe of its new address succeeds")
	case need.Grade != e.Grade:
		grade := s.grading(e, need.Grade)
		if need.OrUnder > 0 {
			grade += ", or its average is under " + seconds(need.OrUnder)
		}
		when = append(when, grade)
	}
	if need.Under > 0 {
		when = append(when, "its average is under "+seconds(need.Under))
	}
	if need.Budget {
		when = append(when, s.budget(need))
	}
	return when
}

// grading says what it takes to earn a grade.
func (s *scene) grading(e EdgeStatus, g history.Grade) string {
	text := "it grades " + g.String()
	if g != history.PassThreshold {
		text += " or better"
	}
	after := ""
	if e.Grade == history.Fail && s.rules.Rise > 1 {
		after = " after " + successes(s.rules.Rise)
	}
	good := short(s.rules.GoodEnough)
	switch g {
	case history.PassThreshold:
		return text + " (a probe under " + good + after + ")"
	case history.PassWindow:
		return text + " (mean of the last " + short(s.rules.Window) + " under " + good + after + ")"
	case history.PassAverage:
		return text + fmt.Sprintf(" (mean of the last %d samples under %s%s)", s.rules.Size, good, after)
	case history.Pass:
		if after != "" {
			return text + " (" + successes(s.rules.Rise) + ")"
		}
		return text + " (a probe that succeeds)"
	}
	return text
}

// budget says when the budget of changes has room.
func (s *scene) budget(need selector.Need) string {
	text := fmt.Sprintf("the budget of %d changes in %s has room", s.settings.MaxChanges, short(s.settings.MaxChangesPer))
	if need.At.IsZero() {
		return text + " (others wait before it)"
	}
	return text + " (at " + clock(need.At, s.input.Now) + ")"
}

// crowded says why nothing about an edge itself would bring it in.
func (s *scene) crowded(e EdgeStatus) string {
	why := "all live edges grade as well as it could"
	if s.settings.Keep != selector.Better {
		why = "all live edges are good enough to stay (keep " + s.settings.Keep.String() + ")"
	}
	if s.forced >= s.settings.EdgeCount {
		why = "all places are taken by forced edges"
	}
	return why + "; " + s.afterOthers(e) + s.spent()
}

// afterOthers says how many live edges have to make room for an edge, which does not only depend on itself: those that are
// out and do better enter before it.
func (s *scene) afterOthers(e EdgeStatus) string {
	byForce := "or by mode force"
	if !e.Verdict.Grade.Passing() {
		byForce += " once it passes"
	}
	before, _ := slices.BinarySearchFunc(s.queue, &e, sooner)
	if before == 0 {
		return "enters when one of them gets worse or is withdrawn, " + byForce
	}
	ahead := s.name(s.queue[0].Name)
	if before > 1 {
		ahead += fmt.Sprintf(" and %d more", before-1)
	}
	if before >= s.live {
		return ahead + " would enter before it: enters when it does better than they do and a live edge gets worse or is withdrawn, " + byForce
	}
	return fmt.Sprintf("%s would enter before it: enters when %d of the live ones get worse or are withdrawn, %s", ahead, before+1, byForce)
}

// spent says that the budget has no room now, which keeps an edge that still passes from giving way.
func (s *scene) spent() string {
	used, free := 0, time.Time{}
	since := s.input.Now.Add(-s.settings.MaxChangesPer)
	for _, at := range s.input.Substitutions {
		if !at.After(since) {
			continue
		}
		used++
		if end := at.Add(s.settings.MaxChangesPer); free.IsZero() || end.Before(free) {
			free = end
		}
	}
	if s.settings.MaxChanges == 0 || used < s.settings.MaxChanges {
		return ""
	}
	which := "one that still passes does not give way"
	if s.settings.Strict {
		which = "one that only gets worse does not give way"
	}
	return fmt.Sprintf(" (the budget of %d changes in %s is used up: %s before %s)", s.settings.MaxChanges, short(s.settings.MaxChangesPer), which, clock(free, s.input.Now))
}

// name is an edge with how it does.
func (s *scene) name(name string) string {
	i, ok := s.edges[name]
	if !ok {
		return name
	}
	e := &s.family.Edges[i]
	return fmt.Sprintf("%s (%s, %s)", name, e.Grade, seconds(e.Average))
}
