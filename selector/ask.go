package selector

import (
	"slices"
	"time"
)

// question is about an edge that is not in the pool of an Outlook: the outcome
// depends on nothing else of it.
type question struct {
	mode  Mode
	grade uint8
	rank  int // how many of the pool go before it by average and name
	more  int // usable candidates more than there are
}

// answer is what becomes of an edge.
type answer struct {
	live      bool
	displaces string
	held      bool      // it waits for the budget of changes
	at        time.Time // when that has room; zero if no time is long enough
}

// enters says whether the edge comes in, at once or when the budget allows it.
func (a answer) enters() bool { return a.live || a.held }

// ask decides with a candidate as it is given. more is 1 if it is not counted
// among the usable ones yet.
func (o *Outlook) ask(c Candidate, more int) answer {
	if i, ok := o.pool[c.Name]; ok {
		candidates := slices.Clone(o.in.Candidates)
		candidates[i] = c
		return o.decide(candidates, c.Name, more)
	}
	v := c.verdict()
	rank, _ := slices.BinarySearchFunc(o.sorted, v, func(a, b Verdict) int { return byAverage(&a, &b) })
	q := question{c.Mode, uint8(c.Grade), rank, more}
	a, known := o.answers[q]
	if !known {
		a = o.decide(append(slices.Clip(o.in.Candidates), c), c.Name, more)
		o.answers[q] = a
	}
	return a
}

// decide decides over candidates, and says what becomes of the named one.
func (o *Outlook) decide(candidates []Candidate, name string, more int) answer {
	in, s := o.in, o.settings
	in.Candidates = candidates
	if s.MinLive < 1 {
		s.MinLive = max(1, (min(s.EdgeCount, o.usable+more)+1)/2)
	}
	v := verdictOn(name, in, s)
	a := answer{live: v.Live, displaces: v.Other, held: v.Rule == RuleBudgetWaits}
	if a.held {
		a.at = o.room(name, in, s)
	}
	return a
}

// room is when the budget would have room for the named edge if nothing else
// happened until then.
func (o *Outlook) room(name string, in Input, s Settings) time.Time {
	times := slices.SortedFunc(slices.Values(in.Substitutions), time.Time.Compare)
	for _, at := range slices.Compact(times) {
		if free := at.Add(s.MaxChangesPer); free.After(in.Now) {
			in.Now = free
			if verdictOn(name, in, s).Live {
				return free
			}
		}
	}
	return time.Time{}
}

func verdictOn(name string, in Input, s Settings) Verdict {
	d := ordinary(in, s)
	for i := range d.Verdicts {
		if d.Verdicts[i].Name == name {
			return d.Verdicts[i]
		}
	}
	return Verdict{}
}
