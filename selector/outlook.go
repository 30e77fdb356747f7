package selector

import (
	"cmp"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Need is what an edge that is out lacks for entering, all else being as it is.
//
// The zero Need belongs to an edge that is live.
type Need struct {
	// Enters says that there is something the edge itself could come to. If not, the others would have to get worse, be
	// withdrawn, or more edges be wanted: no grade and no average brings it in, only mode force.
	Enters bool
	// Grade is the lowest grade, at least its own, with which it enters; with a better one it does too. (While other edges
	// are on the move as well, a better one may have it wait for the budget of changes.)
	Grade history.Grade
	// Under is what its average has to be less than besides; 0 when it is good as it is.
	Under time.Duration
	// OrUnder is, where Grade is better than its own, what its average would have to be less than to enter with its own
	// grade; 0 when that would not do.
	OrUnder time.Duration
	// Displaces is the edge whose place it would take, empty when there is a place free.
	Displaces string
	// Budget says that it would wait for the budget of changes then, and At when that has room for it: zero when others
	// wait before it.
	Budget bool
	At     time.Time
}

// Outlook answers what edges lack for entering. It asks Select of each edge as it would be, but with those edges alone
// that could come between: the last live ones, the forced ones, and the best of the rest. So it answers exactly as asking
// it of all edges would, and ten thousand edges cost no more than a few decisions. It belongs to one goroutine.
type Outlook struct {
	in       Input // of the pool alone
	settings Settings
	pool     map[string]int // where in in.Candidates
	sorted   []Verdict      // the pool by average, for the rank of others in it
	all      map[string]*Candidate
	usable   int // candidates that are not unavailable
	answers  map[question]answer
}

// NewOutlook prepares the answers for the input of a decision. It keeps in.Candidates.
func NewOutlook(in Input, s Settings) *Outlook {
	s.EdgeCount = max(s.EdgeCount, 1)
	o := &Outlook{
		settings: s,
		pool:     map[string]int{}, all: make(map[string]*Candidate, len(in.Candidates)), answers: map[question]answer{},
	}
	last := make(map[string]bool, len(in.LastLive))
	for _, name := range in.LastLive {
		last[name] = true
	}
	var members, rest []*Candidate
	for i := range in.Candidates {
		c := &in.Candidates[i]
		o.all[c.Name] = c
		if c.Mode != Unavailable {
			o.usable++
		}
		switch {
		case last[c.Name], c.Mode == Force || c.Mode == BlindForce:
			members = append(members, c)
		case c.Mode == Available:
			rest = append(rest, c)
		}
	}
	// One more than there are places, so that each of them can be asked about with as many others.
	members = append(members, best(rest, s.EdgeCount+1)...)
	slices.SortFunc(members, func(a, b *Candidate) int { return cmp.Compare(a.Name, b.Name) })
	o.in = Input{LastLive: in.LastLive, Substitutions: in.Substitutions, Now: in.Now}
	for i, c := range members {
		o.pool[c.Name] = i
		o.in.Candidates = append(o.in.Candidates, *c)
		o.sorted = append(o.sorted, c.verdict())
	}
	slices.SortFunc(o.sorted, func(a, b Verdict) int { return byAverage(&a, &b) })
	return o
}

// verdict is the candidate as the orders of edges want it.
func (c *Candidate) verdict() Verdict {
	return Verdict{Name: c.Name, Mode: c.Mode, Grade: c.Grade, Average: c.Average}
}

// best returns the n best candidates, the best grade first, then the fastest.
func best(from []*Candidate, n int) []*Candidate {
	order := func(a, b *Candidate) int {
		x, y := a.verdict(), b.verdict()
		return byGrade(&x, &y)
	}
	var top []*Candidate
	for _, c := range from {
		if len(top) == n {
			if order(c, top[n-1]) > 0 {
				continue
			}
			top = top[:n-1]
		}
		at, _ := slices.BinarySearchFunc(top, c, order)
		top = slices.Insert(top, at, c)
	}
	return top
}

// Need returns what a candidate lacks. An unavailable one is looked at as if it were available again, one that the
// operator's freeze keeps out as if there were none. For a name that is no candidate it is the zero Need.
func (o *Outlook) Need(name string) Need {
	c := o.all[name]
	if c == nil {
		return Need{}
	}
	would := *c
	more := 0
	if c.Mode == Unavailable {
		would.Mode, more = Available, 1
	}
	if a := o.ask(would, more); a.live {
		if slices.Contains(o.in.LastLive, name) && c.Mode != Unavailable {
			return Need{} // it is in
		}
		return need(would.Grade, 0, a)
	}
	for g := would.Grade; g <= history.PassThreshold; g++ {
		if g > c.Grade && !g.Passing() {
			continue // no edge goes from fail to unknown
		}
		would.Grade = g
		if a := o.ask(would, more); a.enters() {
			n := need(g, 0, a)
			if g > c.Grade && c.Grade.Passing() {
				would.Grade = c.Grade
				n.OrUnder, _ = o.fastEnough(would, more)
			}
			return n
		}
	}
	for g := max(c.Grade, history.Pass); g <= history.PassThreshold; g++ {
		would.Grade = g
		if under, a := o.fastEnough(would, more); under > 0 {
			return need(g, under, a)
		}
	}
	return Need{}
}

func need(g history.Grade, under time.Duration, a answer) Need {
	return Need{Enters: true, Grade: g, Under: under, Displaces: a.displaces, Budget: a.held, At: a.at}
}

// fastEnough returns what the average of a candidate has to be less than to enter, and what comes of it then; 0 when no
// average would do.
func (o *Outlook) fastEnough(c Candidate, more int) (time.Duration, answer) {
	var under time.Duration
	var found answer
	// A lower average is never worse, so the first that is too slow ends it.
	for _, other := range o.sorted {
		if other.Name == c.Name || other.Average <= under {
			continue
		}
		c.Average = other.Average - 1
		a := o.ask(c, more)
		if !a.enters() {
			break
		}
		under, found = other.Average, a
	}
	return under, found
}
