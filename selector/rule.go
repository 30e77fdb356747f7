package selector

import "fmt"

// Rule is the rule that put an edge in or out.
type Rule uint8

const (
	RuleNone        Rule = iota // not decided; never in a Decision
	RuleUnavailable             // out: the operator said so
	RuleRemoved                 // out: was live, no longer configured
	RuleForced                  // live: pinned by its mode
	RuleKept                    // live: was, and is still good enough to stay
	RuleFilled                  // live: the best of the rest
	RuleHeld                    // live: was; too few pass to let it go (rung hold)
	RuleLastResort              // live: too few pass and there is no live set to hold (rung all)
	RuleBudgetStays             // live: its replacement is held back by the budget of changes
	RuleBudgetWaits             // out: its entry is held back by the budget of changes
	RuleDisplaced               // out: was live and passes, but another goes before it
	RuleCrowded                 // out: passes, but the places are taken
	RuleNotPassing              // out: fail, or unknown
	RuleFrozen                  // live: was when the set was frozen
	RuleFrozenOut               // out: would enter, but the set is frozen
	RuleSaved                   // live: of a saved set that stands until its edges have been probed; Select never says it
	RuleUndecided               // out: nothing has been decided yet; Select never says it
	RuleRotatedIn               // live: its turn has come by timed rotation
	RuleRotatedOut              // out: its time is up by timed rotation
)

var ruleNames = [...]string{
	"none", "unavailable", "removed", "forced", "kept", "filled", "held", "last_resort",
	"budget_stays", "budget_waits", "displaced", "crowded", "not_passing",
	"frozen", "frozen_out", "saved", "undecided", "rotated_in", "rotated_out",
}

// String returns the rule's name, such as "budget_waits".
func (r Rule) String() string {
	if int(r) < len(ruleNames) {
		return ruleNames[r]
	}
	return fmt.Sprintf("rule(%d)", uint8(r))
}

// MarshalText encodes the rule as its name.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
