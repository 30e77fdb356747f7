package selector

import (
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Verdict is what was decided about one edge, and why.
type Verdict struct {
	Name    string
	Live    bool // in the set decided
	WasLive bool // in the set before
	Rule    Rule // the rule that decided; never RuleNone
	Mode    Mode
	Grade   history.Grade
	Average time.Duration
	// Due says of an edge in a frozen set that it would leave, and of one that the
	// freeze keeps out that it would enter, if the set were thawed now.
	Due bool
	// Other is the edge this one is paired with: whom it displaces, who takes
	// its place, or with whom it would change places but for the budget. Empty
	// when there is none.
	Other   string
	Numbers *Numbers `json:"-"` // of the decision, shared by all its verdicts
}

// Numbers are those of a decision that the verdicts quote.
type Numbers struct {
	EdgeCount     int
	MinLive       int
	Found         int           // edges that passed or were forced, up to EdgeCount
	MaxChanges    int           // 0 is no limit
	MaxChangesPer time.Duration // reach of the budget
	Recent        int           // substitutions within it, before this decision
}

// String explains the verdict to an operator in one line, such as
// "live: kept, pass_threshold, average 0.153s".
func (v Verdict) String() string {
	var n Numbers
	if v.Numbers != nil {
		n = *v.Numbers
	}
	var b strings.Builder
	if v.Live {
		b.WriteString("live: ")
	} else {
		b.WriteString("out: ")
	}
	switch v.Rule {
	case RuleUnavailable:
		b.WriteString("unavailable")
	case RuleRemoved:
		b.WriteString("no longer configured")
	case RuleForced:
		fmt.Fprintf(&b, "forced by mode %s, %s", v.Mode, v.measure())
	case RuleKept:
		fmt.Fprintf(&b, "kept, %s", v.measure())
	case RuleFilled:
		fmt.Fprintf(&b, "filled, %s", v.measure())
	case RuleHeld:
		fmt.Fprintf(&b, "held, %s, only %d found of the %d needed", v.measure(), n.Found, n.MinLive)
	case RuleLastResort:
		fmt.Fprintf(&b, "last resort, %s, only %d found of the %d needed", v.measure(), n.Found, n.MinLive)
	case RuleBudgetStays:
		fmt.Fprintf(&b, "stays, %s, %s", v.measure(), n.usedUp())
	case RuleBudgetWaits:
		fmt.Fprintf(&b, "waits, %s, %s", v.measure(), n.usedUp())
	case RuleRotatedIn:
		fmt.Fprintf(&b, "rotated in, %s", v.measure())
	case RuleRotatedOut:
		fmt.Fprintf(&b, "rotated out, %s", v.measure())
	case RuleDisplaced:
		fmt.Fprintf(&b, "displaced, %s", v.measure())
	case RuleCrowded:
		fmt.Fprintf(&b, "not needed, %s, edge_count %d is reached", v.measure(), n.EdgeCount)
	case RuleSaved:
		fmt.Fprintf(&b, "of the saved set, %s, until its edges have been probed", v.measure())
	case RuleUndecided:
		fmt.Fprintf(&b, "nothing is decided yet, %s", v.measure())
	case RuleNotPassing:
		fmt.Fprintf(&b, "not passing, %s", v.measure())
	case RuleFrozen, RuleFrozenOut:
		fmt.Fprintf(&b, "frozen, %s", v.measure())
		if v.Due && v.Live {
			b.WriteString(", would leave")
		} else if v.Due {
			b.WriteString(", would enter")
		}
	default:
		fmt.Fprintf(&b, "undecided, %s", v.measure())
	}
	if v.Mode == Force && !v.Grade.Passing() {
		b.WriteString(", mode force waits until it passes")
	}
	b.WriteString(v.pairing())
	return b.String()
}

// measure is the grade, with the average once there is a sample to average.
func (v Verdict) measure() string {
	if v.Grade == history.Unknown && v.Average == 0 {
		return v.Grade.String()
	}
	return fmt.Sprintf("%s, average %.3fs", v.Grade, v.Average.Seconds())
}

// pairing names the edge on the other side of a substitution.
func (v Verdict) pairing() string {
	switch {
	case v.Other == "":
		return ""
	case v.Rule == RuleBudgetStays:
		return ", " + v.Other + " waits"
	case v.Rule == RuleBudgetWaits:
		return ", " + v.Other + " stays"
	case v.Live:
		return ", in place of " + v.Other
	default:
		return ", " + v.Other + " takes its place"
	}
}

func (n Numbers) usedUp() string {
	return fmt.Sprintf("budget of %d changes in %s is used up", n.MaxChanges, n.MaxChangesPer)
}

func tooManyForced(forced, wanted int) string {
	return fmt.Sprintf("%d edges are forced though edge_count is %d: all of them are live", forced, wanted)
}
