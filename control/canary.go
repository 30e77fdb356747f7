package control

import (
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// mostCanaries is how many an error names.
const mostCanaries = 5

// noEdge is the failure of a name or pattern that finds no edge. It may be that of a canary, which is none and may have a
// mode all the same: who asks at night must not read that there is no such thing.
func noEdge(n *network.Network, asked wanted) error {
	name := n.Config().Name
	var found []string
	for _, c := range CanariesOf(n).Canaries {
		if asked.named(c.Edge.Edge) {
			found = append(found, fmt.Sprintf("%s is the canary of zone %s, %s", c.Edge.Edge, c.Zone, modeText(c.Edge.Mode)))
		}
	}
	if len(found) == 0 {
		return failf(CodeUnknownEdge, "%q is no edge of network %s, nor a pattern of any", asked.edge, name)
	}
	if more := len(found) - mostCanaries; more > 0 {
		found = append(found[:mostCanaries], fmt.Sprintf("and %d more", more))
	}
	return failf(CodeUnknownEdge, "%q finds canaries of network %s and no edge: %s", asked.edge, name, strings.Join(found, "; "))
}

// modeText is a mode with all that was said of it, in a sentence.
func modeText(m Mode) string {
	text := "mode " + m.Mode
	if !m.Expires.IsZero() {
		text += " until " + m.Expires.Format(time.RFC3339)
	}
	if m.Author != "" {
		text += ", set by " + m.Author
		if m.Claimed != "" && m.Claimed != m.Author {
			text += " (claims " + m.Claimed + ")"
		}
		text += " at " + m.At.Format(time.RFC3339)
	}
	if m.Comment != "" {
		text += ": " + m.Comment
	}
	return text
}
