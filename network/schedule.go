package network

import "container/heap"

// schedule is the edges whose turn is to come, the next one first. It implements heap.Interface; an edge whose turn runs
// is not in it, which is why a turn is never started twice.
type schedule []*edge

func (s schedule) Len() int { return len(s) }

// Less has those first whose turn is brought forward, even where workers are too few and many are overdue. It goes by name
// where edges are due at once, as at the start, so that what happens does not depend on chance.
func (s schedule) Less(i, j int) bool {
	if s[i].hurried != s[j].hurried {
		return s[i].hurried
	}
	if s[i].due.Equal(s[j].due) {
		return s[i].name < s[j].name
	}
	return s[i].due.Before(s[j].due)
}

func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push implements heap.Interface; use add.
func (s *schedule) Push(x any) {
	e := x.(*edge)
	e.index = len(*s)
	*s = append(*s, e)
}

// Pop implements heap.Interface; use take.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	e.index = -1
	return e
}

func (s *schedule) add(e *edge)  { heap.Push(s, e) }
func (s *schedule) take() *edge  { return heap.Pop(s).(*edge) }
func (s *schedule) drop(e *edge) { heap.Remove(s, e.index) }
func (s *schedule) move(e *edge) { heap.Fix(s, e.index) }
